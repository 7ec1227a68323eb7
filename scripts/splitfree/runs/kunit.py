# SPDX-License-Identifier: GPL-2.0
"""One run of the KUnit suites in a guest: its files, its report, its result.

The files are console.log, ktap.log, junit.xml and results.json. The data of the result:

	suites		{suite: [passed, failed, skipped]}; the suite kernel is ours
	failures	names of what failed; skips: of what was skipped
	splats		what the kernel complained of
"""

import contextlib
import glob
import os
import re
import subprocess
import sys

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import ROOT, show
from splitfree.base.processes import clean_env
from splitfree.base.progress import colour
from splitfree.base.results import Result
from splitfree.judge import console as consoles
from splitfree.judge import ktap
from splitfree.judge import files
from splitfree.judge import verdict as verdicts
from splitfree.kernel import guest
from splitfree.runs import frame


def arguments(ncpus, suite="", end="halt"):
    """The kernel arguments that run the suites and then end."""
    args = ["kunit.enable=1", f"kunit_shutdown={end}", f"pcp_kunit.want_cpus={ncpus}"]
    return args + ([f"kunit.filter_glob={suite}"] if suite else [])


class Tally:
    """Counts the cases that have ended, for the progress."""

    def __init__(self, verbose=False):
        self.nr, self.verbose = 0, verbose

    @staticmethod
    def case(line):
        result = ktap.parse_result(consoles.text_of(line.rstrip()))
        return bool(result and result.indent >= 4)

    def see(self, line):
        self.nr += self.case(line)
        if self.verbose:
            print(line, flush=True)

    def done(self):
        return self.nr

    def expected(self, last):
        """As many as the last run had, or else as there are in our suites."""
        suites = glob.glob(os.path.join(ROOT, "mm/pcp/tests/*.c"))
        count = 0
        for path, is_case in [(last, self.case)] + [(p, re.compile(r"\tKUNIT_CASE").match)
                                                    for p in suites]:
            with contextlib.suppress(FileNotFoundError):
                with open(path, encoding="utf-8", errors="replace") as handle:
                    count += sum(bool(is_case(line)) for line in handle)
            if path == last and count:
                break
        return count


# The files -----------------------------------------------------------------------

def newest_log(job):
    """The log that was written last: of the kernel if it was started, else of its build."""
    logs = [job.path(name) for name in ("console.log", "build.log", "config.log")]
    logs = [path for path in logs if os.path.exists(path)]
    return max(logs, key=os.path.getmtime) if logs else None


def guard(job, arch):
    """A context around a whole run: its files tell how it ended, and none is of another run."""
    # Counted before the results of the last run go.
    chosen = getattr(job.options, "suite", "")
    job.expected = 0 if chosen else Tally().expected(job.path("ktap.log"))
    return files.guarded(job.results, arch, lambda: newest_log(job))


def report(job):
    """kunit.py's own report of the log; returns its status."""
    command = [sys.executable, os.path.join(job.tree.path, "tools/testing/kunit/kunit.py"), "parse"]
    # It colours when it sees a terminal, whatever NO_COLOR says, and ends when its reader does.
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    with open(job.path("console.log"), "rb") as handle:
        child = subprocess.run(command, stdin=handle, stdout=None if coloured else subprocess.PIPE,
                               stderr=subprocess.STDOUT, check=False, env=clean_env(),
                               cwd=job.tree.path)
    if not coloured:
        sys.stdout.write(child.stdout.decode("utf-8", "replace"))
        sys.stdout.flush()
    return child.returncode


# The result ------------------------------------------------------------------------

def data_of(tests, splats=()):
    """The data of the result. tests: as the reader of KTAP has them."""
    data = {"suites": {}, "failures": [], "skips": [], "splats": [splat.text for splat in splats]}
    for test in tests:
        found = files.counts(test)
        data["suites"][test.name] = [found["PASS"], found["FAIL"] + found["ERROR"], found["SKIP"]]
        for name, leaf in files.named_leaves(test, test.name):
            if not leaf.good():
                data["failures"].append(name)
            elif leaf.outcome == ktap.SKIPPED:
                data["skips"].append(name)
    return data


def result_of(job, ended, timeout, arch, *, parsed=0, args=(), env=None):
    """Read the console once more, for what kunit.py does not look at; returns the Result."""
    console = job.path("console.log")
    verdict = verdicts.judge_file(console, keep=True)
    end = ""
    if ended.late:
        end = f"the kernel hung and was killed after {timeout} s"
    elif parsed and not verdict.status:
        end = f"kunit.py ended with status {parsed}, though its log looks good"
    files.write_run(job.results, verdict, arch, console, end)
    if ended.late or verdict.missing or (verdict.status and not verdict.passed + verdict.failed):
        frame.tail(console)
    for line in verdicts.report(verdict, show(console)):
        print(colour("31", line))
    result = Result(verdict.passed, verdict.failed + bool(verdict.nr_splats), verdict.skipped,
                    data_of(verdict.tests, verdict.splats))
    if ended.late:
        result.failure = Failure(f"{end} (log: {show(console)}); run the last suite it names "
                                 "alone with SUITE=", FAILED)
    elif not verdict.booted and verdict.status == verdicts.NOT_TESTED:
        result.failure = guest.not_started(consoles.tail(console), args, env)
    elif verdict.status:
        hint = {verdicts.FAILED: "run one suite alone with SUITE= to look closer",
                verdicts.NOT_TESTED: "look at SUITE= and at .kunitconfig"}[verdict.status]
        result.failure = Failure(f"{verdict.reason} (log: {show(console)}); {hint}",
                                 verdict.status)
    elif end:
        result.failure = Failure(f"{end} (log: {show(console)}); read its report above", FAILED)
    return result


def test(job, args, timeout, what, arch, env=None):
    """Run a guest that runs the suites, report; returns the Result."""
    tally = Tally(job.options.verbose)
    ended = guest.run(args, job.path("console.log"), timeout, what, env=env, on_line=tally.see,
                      done=tally.done, expected=job.expected, verbose=job.options.verbose,
                      batch=arch == "um")
    return result_of(job, ended, timeout, arch, parsed=report(job), args=args, env=env)
