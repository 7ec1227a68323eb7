# SPDX-License-Identifier: GPL-2.0
"""Breaks the kernel on purpose, one way at a time, and expects a test to notice.

Each patch in tools/testing/busted names the case that catches it. It is built
for UML in the work tree of make bisect, and that case is run: it has to fail, or
the kernel has to complain. A broken kernel that passes is a failure. The data of the
result: patches, a list of name, caught, seconds and text.
"""

import os
import re
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import NCPUS, ONLY, required
from splitfree.base.paths import TESTING, show
from splitfree.base.progress import verdict_word
from splitfree.base.results import Result
from splitfree.judge import verdict as verdicts
from splitfree.runs import steps
from splitfree.runs.frame import Command
from splitfree.source.worktree import checkout, refusal

PATCHES = os.path.join(TESTING, "busted")
# No run of make check would find out that these do not fit any more.
OTHERS = [os.path.join(TESTING, name)
          for name in ("bench/coarse.patch", "rcuscale/series.patch")]

COMMAND = Command("break the kernel on purpose, and see that a test notices each time",
                  (NCPUS._replace(read=required(2, 64)), ONLY), own_lock=steps.PLACE)


def patches(wanted):
    names = sorted(n for n in os.listdir(PATCHES) if n.endswith(".patch"))
    chosen = [n for n in names if not wanted or any(w in n for w in wanted)]
    if not chosen:
        raise Failure(f"no patch in {show(PATCHES)} is called {' or '.join(wanted)}")
    return chosen


def catcher(name):
    with open(os.path.join(PATCHES, name), encoding="utf-8") as handle:
        match = re.search(r"^Caught-by: (\S+)\.(\S+)$", handle.read(), re.M)
    if not match:
        raise Failure(f"{show(PATCHES)}/{name} has no Caught-by: suite.case")
    return match.groups()


def stale(tree):
    """[(path, git's words)] of all patches, chosen or not, that no longer apply."""
    paths = [os.path.join(PATCHES, name) for name in patches([])] + OTHERS
    found = [(path, refusal(tree, path, check=True)) for path in paths]
    return [(path, reason) for path, reason in found if reason]


def bust(job, kernel, name, log):
    """Build and run one of them; returns (caught, what to say)."""
    suite, case = catcher(name)
    reason = refusal(job.worktree, os.path.join(PATCHES, name))
    if reason:
        return False, f"does not apply: {reason}"
    kernel.build(job.worktree)
    ended = steps.boot(job, kernel, log, f"{suite}.{case}")
    verdict = verdicts.judge_file(log)
    if verdict.splats:
        return True, f"caught by a complaint of the kernel: {verdict.splats[0].text[:60]}"
    if not ended:
        return True, f"caught: {suite}.{case} hangs"
    if any(case in failure for failure in verdict.failures):
        return True, f"caught by {suite}.{case}"
    if verdict.failed:
        return True, f"caught: {verdict.failures[0] if verdict.failures else 'a test failed'}"
    if verdict.status == FAILED:
        return True, f"caught: {verdict.reason}"
    return False, f"not noticed by {suite}.{case} ({verdicts.summary(verdict)})"


def check(job):
    job.patches = patches(job.options.only)


def prepare(job):
    job.tip = job.tree.lines("rev-parse", "splitfree")[0]
    job.worktree = steps.prepare(job)


def run(job):
    for path, text in stale(job.tree):
        raise Failure(f"{show(path)} does not apply: {text}; mend the patch", FAILED)
    rows, escaped = [], []
    for name in job.patches:
        start, log = time.monotonic(), job.path(name[:-6] + ".log")
        kernel, _ = steps.kernel_of(job, job.worktree, job.tip, name[:-6])
        try:
            caught, text = bust(job, kernel, name, log)
        finally:
            checkout(job.worktree, job.tip)
        seconds = time.monotonic() - start
        job.say(f"{verdict_word(caught)}  {name[:-6]:<32} {seconds:5.0f} s   {text}")
        rows.append({"name": name[:-6], "caught": caught, "seconds": round(seconds, 1),
                     "text": text})
        if not caught:
            escaped.append((name, log))
    return Result(len(rows) - len(escaped), len(escaped), 0, {"patches": rows}, Failure(
        f"{escaped[0][0]} was not caught (log: {show(escaped[0][1])})", FAILED)
        if escaped else None)
