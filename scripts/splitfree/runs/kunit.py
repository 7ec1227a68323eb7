# SPDX-License-Identifier: GPL-2.0
"""One run of the KUnit suites in a guest: its files, its report, and what it came to.

The files are console.log, ktap.log, junit.xml and results.json. The data of the result:

	suites		{suite: [passed, failed, skipped]}
	failures	names of what failed; skips: of what was skipped
	splats		what the kernel complained of
"""

import glob
import json
import os
import re
import subprocess
import sys

import verdict as verdicts

from splitfree.base import results
from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import ROOT, show
from splitfree.base.processes import clean_env
from splitfree.base.progress import colour
from splitfree.kernel import guest
from splitfree.runs import frame

FILES = ("console.log", "ktap.log", "junit.xml", "results.json")


def arguments(ncpus, suite="", end="halt"):
    """What the kernel is told, to run the suites and then end."""
    args = ["kunit.enable=1", f"kunit_shutdown={end}", f"pcp_kunit.want_cpus={ncpus}"]
    return args + ([f"kunit.filter_glob={suite}"] if suite else [])


class Tally:
    """Counts the cases that have ended, for the progress."""

    CASE = re.compile(r"^(?:\[ *[\d.]+\] )? {4,}(?:not )?ok \d+ ")

    def __init__(self, verbose=False):
        self.nr, self.verbose = 0, verbose

    def see(self, line):
        self.nr += bool(self.CASE.match(line))
        if self.verbose:
            print(line, flush=True)

    def done(self):
        return self.nr

    def expected(self, ktap):
        """As many as the last run had, or else as there are in our suites."""
        suites = glob.glob(os.path.join(ROOT, "mm/pcp/tests/*.c"))
        count = 0
        for path, case in [(ktap, self.CASE)] + [(p, re.compile(r"\tKUNIT_CASE")) for p in suites]:
            try:
                with open(path, encoding="utf-8", errors="replace") as handle:
                    count += sum(bool(case.match(line)) for line in handle)
            except FileNotFoundError:
                pass
            if path == ktap and count:
                break
        return count


def run(job, args, timeout, what, env=None):
    """Run a guest that runs the suites; returns what guest.run() does."""
    tally = Tally(job.options.verbose)
    expected = 0 if getattr(job.options, "suite", "") else tally.expected(job.path("ktap.log"))
    results.remove(*(job.path(name) for name in FILES))
    return guest.run(args, job.path("console.log"), timeout, what, env=env, on_line=tally.see,
                     done=tally.done, expected=expected, verbose=job.options.verbose)


def parse(job, linux, source, arch, quiet=False):
    """The report of the tree's kunit.py on a log, and its files; returns its status."""
    command = [sys.executable, os.path.join(linux, "tools/testing/kunit/kunit.py"), "parse",
               "--json=" + job.path("results.json"), "--junit=" + job.path("junit.xml")]
    # Its reader may have gone away, which is no reason to have no files. And it colours
    # when it sees a terminal, whatever NO_COLOR says.
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and not quiet
    shown = None if coloured else subprocess.PIPE
    with open(source, "rb") as handle:
        child = subprocess.run(command, stdin=handle, stdout=shown, stderr=subprocess.STDOUT,
                               check=False, env=clean_env(), cwd=linux)
    if shown and not quiet:
        sys.stdout.write(child.stdout.decode("utf-8", "replace"))
        sys.stdout.flush()
    add_arch(job.path("results.json"), arch)
    return child.returncode


def add_arch(path, arch):
    """kunit.py parse does not know which architecture the log is of."""
    try:
        with open(path, encoding="utf-8") as handle:
            data = json.load(handle)
    except (OSError, ValueError):
        return
    data["arch"] = arch
    results.write_json(path, data)


# What the run came to ---------------------------------------------------------

def flatten(group, name=""):
    """(suite, case, status) of kunit.py's JSON."""
    for case in group.get("test_cases", ()):
        yield name, case["name"], case["status"]
    for sub in group.get("sub_groups", ()):
        yield from flatten(sub, f"{name}.{sub['name']}" if name else sub["name"])


def suites(data):
    """{suite: [passed, failed, skipped]}, and what failed or was skipped."""
    found, bad, skipped = {}, [], []
    for suite, case, status in flatten(data):
        row = found.setdefault(suite.split(".")[0], [0, 0, 0])
        row[{"PASS": 0, "SKIP": 2}.get(status, 1)] += 1
        if status == "SKIP":
            skipped.append(f"{suite}.{case}")
        elif status != "PASS":
            bad.append(f"{suite}.{case}")
    return found, bad, skipped


def data_of(path, splats=()):
    """The data of the result, from kunit.py's JSON and the verdict."""
    try:
        with open(path, encoding="utf-8") as handle:
            found, bad, skipped = suites(json.load(handle))
    except (OSError, ValueError):
        found, bad, skipped = {}, [], []
    return {"suites": found, "failures": bad, "skips": skipped,
            "splats": [splat.text for splat in splats]}


def judge(job, ended, timeout, parsed=0):
    """Read the console once more, for what kunit.py does not look at; returns the Result."""
    console = job.path("console.log")
    text = guest.text(console)
    if not text.strip():
        raise Failure(f"the kernel did not start: it wrote nothing (log: {show(console)}); "
                      "V=1 shows its command")
    with open(job.path("ktap.log"), "w", encoding="utf-8") as handle:
        handle.writelines(line + "\n" for line in verdicts.ktap_lines(text))
    try:
        verdict = verdicts.judge_file(console)
    except verdicts.BadList as error:
        raise Failure(str(error)) from None
    if ended.late or verdict.missing or (verdict.status and not verdict.passed + verdict.failed):
        frame.tail(console)
    for line in verdicts.report(verdict, show(console)):
        print(colour("31", line))
    result = results.Result(verdict.passed, verdict.failed, verdict.skipped,
                            data_of(job.path("results.json"), verdict.splats))
    if ended.late:
        result.failure = Failure(
            f"the kernel hung and was killed after {timeout} s (log: {show(console)}); "
            "run the last suite it names alone with SUITE=", FAILED)
    elif verdict.status:
        hint = {verdicts.FAILED: "run one suite alone with SUITE= to look closer",
                verdicts.NOT_TESTED: "look at SUITE= and at .kunitconfig"}[verdict.status]
        result.failure = Failure(f"{verdict.reason} (log: {show(console)}); {hint}",
                                 verdict.status)
    elif parsed:
        result.failure = Failure(
            f"kunit.py ended with status {parsed} (log: {show(console)}), though its log looks "
            "good; read its report above", FAILED)
    return result


def test(job, args, timeout, what, arch, env=None):
    """Run, report and judge; returns the Result."""
    ended = run(job, args, timeout, what, env)
    parsed = parse(job, job.tree.path, job.path("console.log"), arch)
    return judge(job, ended, timeout, parsed)
