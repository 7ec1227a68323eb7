# SPDX-License-Identifier: GPL-2.0
"""Compiles the helpers for the host and runs their suites, and threads, there.

Four builds: plain, order3 (pageblocks of 8 pages), asan (with UBSan too) and
tsan. Results: ktap.log, junit.xml and results.json in $(O)/user, and what each
build wrote in $(O)/user/plain, order3, asan and tsan. The data of the result is what
make kunit has.
"""

import collections
import datetime
import platform
import re
import time

from splitfree.base.failures import FAILED, PASSED, Failure
from splitfree.base.options import DEBUG, SUITE, TIMEOUT, Option, between
from splitfree.base.paths import show
from splitfree.base.progress import verdict_word
from splitfree.base.results import Result
from splitfree.judge import files
from splitfree.judge import verdict as verdicts
from splitfree.kernel import compiler
from splitfree.runs import kunit, userland
from splitfree.runs.frame import Command
from splitfree.runs.userland import KINDS, Build

# Reports of the sanitizers, in place of the kernel's splats.
SANITIZERS = re.compile(r"runtime error: |ERROR: (Address|Leak)Sanitizer|"
                        r"WARNING: ThreadSanitizer|ThreadSanitizer:DEADLYSIGNAL")


def kind(name, text):
    if text not in ("", *KINDS):
        raise Failure(f"{name}={text} is no userland build; use one of "
                      f"{', '.join(KINDS)}, or leave it out for all of them")
    return text


def directory(options):
    """Objects of two compilers do not go together."""
    llvm = options.llvm and "clang" + ("" if options.llvm == "1" else options.llvm)
    return "user" + userland.suffix(options.cc or llvm or "gcc")


COMMAND = Command(
    "compile the helpers for this machine, run their suites and real threads",
    (SUITE, DEBUG._replace(read=kind, text=f"only this build: {', '.join(KINDS)}"),
     TIMEOUT._replace(default=str(userland.LIMIT)),
     Option("OPS", "", between(1, 10 ** 12), "operations of the threads in each build"),
     Option("CC", "", compiler.cc, "the compiler: gcc or clang, of any version"),
     compiler.LLVM),
    directory=directory,
    packages=lambda options: ["user"] + ([f"llvm{options.llvm}"] if options.llvm else []),
    tree=False)

Outcome = collections.namedtuple("Outcome", "verdict reason status")


def outcome_of(text, status):
    """The verdict on one run: its KTAP, and how the program ended."""
    if "ThreadSanitizer: unexpected memory mapping" in text:
        raise Failure("ThreadSanitizer cannot live with this system's address randomisation; run "
                      "sysctl vm.mmap_rnd_bits=28, or setarch -R make user")
    verdict = verdicts.judge(text, SANITIZERS, [], datetime.date.today(), keep=True)
    reason, result = verdict.reason, verdict.status
    if status is None:
        reason, result = "it hung and was killed", FAILED
    elif verdict.splats:
        reason, result = verdict.splats[0].text, FAILED
    elif status and not verdict.status:
        reason, result = f"it ended with status {status}, though its log looks good", FAILED
    return Outcome(verdict, reason, result)


def tests_of(kind_, outcome, console):
    """The results of one build, as a test with suites."""
    end = outcome.reason if outcome.status == FAILED and not outcome.verdict.status else ""
    found = files.suite(kind_, files.tests_of(outcome.verdict, console, end))
    for below in found.tests:
        if below.name == "kernel":
            # A program is no kernel.
            below.name = "program"
    return found


def test(build, options):
    """Build and run one kind; prints a line, returns (text, Outcome)."""
    start = time.monotonic()
    build.build()
    built = time.monotonic()
    status = build.run(options.suite, options.ops, options.timeout)
    text = build.text()
    outcome = outcome_of(text, status)
    good = outcome.status == PASSED
    print(f"{verdict_word(good)}  {build.kind:<6} built in {built - start:.1f} s, ran "
          f"{time.monotonic() - built:.1f} s   {verdicts.summary(outcome.verdict)}"
          + ("" if good else f"   {show(build.console)}"), flush=True)
    if not good:
        for line in excerpt(outcome.verdict, text)[:30]:
            print("  | " + line)
    return text, outcome


def excerpt(verdict, text):
    """The lines of a failed run that say what failed and why, or how it ended."""
    lines = [line for splat in verdict.splats for line in splat.report]
    for test_ in verdict.tests:
        for name, leaf in files.named_leaves(test_, test_.name):
            if not leaf.good():
                lines += [*leaf.log, " ".join([f"{name} {leaf.outcome}", leaf.reason])]
    return [line.strip() for line in lines if line.strip()] or text.splitlines()[-10:]


def guard(job):
    return files.guarded(job.results, platform.machine())


def prepare(job):
    job.linux = userland.prepare(job.out, job.options.linux)


def run(job):
    options, found = job.options, []
    cc = options.cc or ("clang" + compiler.llvm_suffix(options.llvm) if options.llvm else "gcc")
    for kind_ in [options.debug] if options.debug else KINDS:
        build = Build(job.out, kind_, options.jobs, options.verbose, job.linux, cc)
        found.append((kind_, test(build, options)[1], build.console))
    return sum_up(job, found)


def sum_up(job, found):
    """Write the files of [(kind, Outcome, console)]; returns the Result."""
    tests = [tests_of(*one) for one in found]
    result = Result(*(sum(getattr(outcome.verdict, what) for _, outcome, _ in found)
                      for what in ("passed", "failed", "skipped")), kunit.data_of(tests))
    bad = [(kind_, outcome) for kind_, outcome, _ in found if outcome.status != PASSED]
    if bad:
        # A build that failed says more than one that tested nothing.
        kind_, outcome = min(bad, key=lambda one: one[1].status)
        if not result.failed and outcome.status == FAILED:
            result.failed = 1
        hint = ("run one suite alone with SUITE= and DEBUG= to look closer"
                if outcome.status == FAILED else "look at SUITE=")
        result.failure = Failure(f"{kind_}: {outcome.reason} (log: {show(job.path(kind_))}"
                                 f"/console.log); {hint}", outcome.status)
    if not result.failure or result.failure.status != verdicts.NOT_TESTED:
        files.write(job.results, tests, platform.machine())
    return result
