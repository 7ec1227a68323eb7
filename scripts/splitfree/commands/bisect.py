# SPDX-License-Identifier: GPL-2.0
"""Builds every step of the series for UML, boots it and runs its suites.

It works in a work tree of its own, so that out/linux stays as it is. A step has
the suites whose symbols exist there; one without a suite must boot and stay
silent. Logs: $(O)/bisect/NNNN.log, the console, and NNNN.build.log. The data of the
result: steps, a list of name, good, seconds and text.
"""

import re
import time

from splitfree.base.failures import FAILED, PASSED, Failure
from splitfree.base.options import NCPUS, Option, required
from splitfree.base.paths import ROOT, show
from splitfree.base.progress import verdict_word
from splitfree.base.results import Result
from splitfree.base.shards import SHARD
from splitfree.judge import verdict as verdicts
from splitfree.kernel import guest
from splitfree.runs import steps
from splitfree.runs.frame import Command
from splitfree.source import series

COMMAND = Command(
    "build, boot and test every step of the series",
    (NCPUS, SHARD, Option("FIRST", "1", required(1, 10000), "leave out the steps before this one")),
    own_lock=steps.PLACE)


def prepare(job):
    job.names = [step.name for step in series.read_series(ROOT)]
    job.commits = job.tree.lines("rev-list", "--reverse", "stock..splitfree")
    if not job.commits:
        raise Failure(f"{show(job.tree.path)} has no steps to test, as its source has the "
                      "series already; use another with LINUX=")
    job.worktree = steps.prepare(job)


def test(job, kernel, has_suites, log):
    """Build and run what is checked out; returns (good, what to say)."""
    reason = steps.built(kernel, job.worktree)
    if reason:
        return False, reason
    with open(kernel.log, encoding="utf-8") as handle:
        warnings = len(re.findall(r"\bwarning:", handle.read()))
    ended = steps.boot(job, kernel, log)
    verdict = verdicts.judge_file(log)
    for line in verdicts.report(verdict, show(log)):
        print("  " + line)
    text = verdicts.summary(verdict)
    if not ended:
        return False, f"hung and was killed after {steps.LIMIT} s; {text}"
    if warnings:
        return False, f"{warnings} warnings of the compiler; {text}"
    if has_suites:
        return verdict.status == PASSED, text
    booted = "KTAP version" in guest.text(log)
    return booted and not verdict.splats, "boots; no suite yet" if booted else "does not boot"


def run(job):
    rows, bad = [], []
    steps_left = list(zip(job.names, job.commits))[job.options.first - 1:]
    for name, commit in job.options.shard.run_of(steps_left):
        start, log = time.monotonic(), job.path(f"{name[:4]}.log")
        kernel, has_suites = steps.kernel_of(job, job.worktree, commit, name[:4])
        good, text = test(job, kernel, has_suites, log)
        seconds = time.monotonic() - start
        job.say(f"{verdict_word(good)}  {name:<40} {seconds:5.0f} s   {text}")
        rows.append({"name": name, "good": good, "seconds": round(seconds, 1), "text": text})
        if not good:
            bad.append((name, log))
    if not rows:
        raise Failure("there was no step to test")
    return Result(len(rows) - len(bad), len(bad), 0, {"steps": rows}, Failure(
        f"step {bad[0][0]} is the first that fails (log: {show(bad[0][1])})", FAILED)
        if bad else None)
