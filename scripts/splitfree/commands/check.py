# SPDX-License-Identifier: GPL-2.0
"""All the tests, one line a stage; what a CI bot should gate on.

Each stage is a command of its own, whose result.json says what it came to; one that
fails does not stop the next. Logs and results of the stages: $(O)/check. The data of
the result: stages, a list of name, seconds, passed, failed, skipped and sentence.
"""

import os
import re
import subprocess
import sys
import time

from splitfree.base import results as files
from splitfree.base.failures import COULD_NOT_RUN, FAILED, Failure
from splitfree.base.paths import ROOT, SCRIPTS, show
from splitfree.base.processes import clean_env
from splitfree.base.progress import verdict_word
from splitfree.base.results import Result
from splitfree.runs.frame import Command

PACKAGES = ("qemu", "model", "fuzz", "coverage")

COMMAND = Command(
    "the tests: the tools' own, KUnit in variants, coverage, frag, QEMU, stress, boots, some of busted",
    packages=PACKAGES, tree=False, no_lock=True)
EVERYTHING = Command(
    "all that, and every other test there is: each DEBUG=, mutants, selftests, bisect",
    packages=(*PACKAGES, "series", "configs", "selftests", "count-x86_64", "count-arm64"),
    tree=False, no_lock=True)

# A stage: its name, its target, and the variables that it is given.
STAGES = (
    ("tools", "tools"),
    ("user", "user"),
    ("model", "model", "QUICK=1"),
    ("prove", "prove", "QUICK=1"),
    ("fuzz", "fuzz", "MINUTES=1", "QUICK=1", "SEED=1"),
    ("kunit NCPUS=4", "kunit", "NCPUS=4"),
    ("kunit NCPUS=1", "kunit", "NCPUS=1", "INTO=kunit-ncpus1"),
    # As others will run the suites, in the build that is there.
    ("kunit.py", "kunit", "UPSTREAM=quick"),
    ("boot", "boot"),
    # Lockdep and gcov in one build.
    ("coverage (lockdep)", "coverage", "NCPUS=4"),
    # Do the tests notice? Two of them; make busted does all.
    ("busted", "busted", "ONLY=push-without pgfree-counted"),
    ("count", "count"),
    # Whole blocks and huge pages, against stock.
    ("frag", "frag", "QUICK=1"),
    ("qemu", "qemu"),
    ("stress", "stress"),
    ("qemu DEBUG=lockdep,kasan", "qemu", "DEBUG=lockdep,kasan"),
)
# make check-all adds these, which take hours.
LONG_STAGES = (
    *((f"kunit NCPUS={n}", "kunit", f"NCPUS={n}", f"INTO=kunit-ncpus{n}") for n in (2, 8)),
    *((f"kunit DEBUG={kind}", "kunit", f"DEBUG={kind}")
      for kind in ("lockdep", "kasan", "order1", "order3", "pagealloc")),
    ("kunit LLVM=1", "kunit", "LLVM=1"),
    ("kunit.py alone", "kunit", "UPSTREAM=1", "INTO=kunit-upstream-alone"),
    ("boot DEBUG=up", "boot", "DEBUG=up", "BOOT_SECONDS=20"),
    *((f"qemu DEBUG={kind}", "qemu", f"DEBUG={kind}") for kind in ("kcsan", "rt")),
    ("qemu ARCH=i386", "qemu", "ARCH=i386"),
    ("qemu DEBUG=options", "qemu", "DEBUG=options"),
    ("qemu DEBUG=options BOOT=guard", "qemu", "DEBUG=options", "BOOT=guard"),
    ("qemu BOOT=maxcpus", "qemu", "BOOT=maxcpus"),
    ("qemu BOOT=owners", "qemu", "BOOT=owners"),
    ("hibernate", "hibernate"),
    ("stress DEBUG=kasan", "stress", "DEBUG=kasan"),
    *((f"count ARCH={arch}", "count", f"ARCH={arch}") for arch in ("x86_64", "arm64")),
    ("count KUNIT=m,y", "count", "KUNIT=m,y"),
    ("count ARCH=x86_64 KUNIT=m,y", "count", "ARCH=x86_64", "KUNIT=m,y"),
    ("latency", "latency"),
    ("frag QEMU=1", "frag", "QEMU=1", "QUICK=1"),
    ("soak", "soak", "HOURS=0.1", "MINUTES=3", "VARIANTS=plain"),
    ("lava", "lava"),
    ("model, long", "model"),
    ("prove, all", "prove"),
    ("fuzz, planted faults", "fuzz"),
    ("busted, all", "busted"),
    ("mutants", "mutants"),
    # All of them take a night.
    ("mutants LIVE=1", "mutants", "LIVE=1", "SAMPLE=16"),
    ("series", "series"),
    ("configs", "configs"),
    ("selftests", "selftests"),
    ("peers", "peers"),
    ("bisect", "bisect"),
)


# Instruction counts of another compiler than those of the baseline cannot be compared; and only
# root can run lava-run, which not each distribution has.
MAY_SKIP = ("count", "lava")


class Outcome(Result):
    """The result of a stage.

    untested: it says nothing about the code. may_skip: all may be skipped, and that is good.
    """

    def __init__(self, passed=0, failed=0, skipped=0, untested=False, sentence="",
                 may_skip=False):
        super().__init__(passed, failed, skipped)
        self.untested, self.sentence, self.may_skip = untested, sentence, may_skip


def run_logged(command, log):
    """Its output goes to the log, its progress and complaints to our stderr; returns its status."""
    with open(log, "w", encoding="utf-8") as handle:
        handle.write("$ " + " ".join(command) + "\n")
        handle.flush()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=handle, cwd=ROOT,
                                 env=clean_env(), start_new_session=True)
        try:
            return child.wait()
        except BaseException:
            # It cleans up behind itself; give it the time.
            child.terminate()
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
            raise


def outcome(status, found):
    """The result of a command, from its status and its result.json (None: it left none)."""
    if not found:
        return Outcome(0, 1, 0, status == COULD_NOT_RUN, "it left no result")
    passed, failed, skipped = (found[key] for key in ("passed", "failed", "skipped"))
    if status and not failed:
        # It did not build, did not run, or the kernel complained: one thing that failed.
        failed = 1
    untested = status == COULD_NOT_RUN and not passed and not found["failed"]
    may_skip = (found["command"] in MAY_SKIP and bool(skipped) and not passed
                and not found["failed"])
    if may_skip:
        failed = 0
    if not passed + failed + skipped:
        failed = 1
    return Outcome(passed, failed, skipped, untested, found["sentence"], may_skip)


def command_stage(job, target, given, log):
    result = log[:-4] + ".json"
    files.remove(result)
    linux = os.path.abspath(job.options.linux) if job.options.linux else ""
    command = [sys.executable, os.path.join(SCRIPTS, "splitfree"), target, f"O={job.out}",
               f"LINUX={linux}", f"JOBS={job.options.jobs}", *given,
               f"RESULT={result}"]
    return outcome(run_logged(command, log), files.read(result))


def is_good(result):
    """Nothing tested is not good, unless it was skipped for a reason."""
    return not result.failed and bool(result.passed or result.may_skip)


def line(name, seconds, result, log):
    text = f"{result.passed} passed"
    if result.failed:
        text += f", {result.failed} failed"
    if result.skipped:
        text += f", {result.skipped} skipped"
    good = is_good(result)
    word = verdict_word(good) + "  " if result.failed or result.passed else "skipped "
    return (f"{word}{name:<24} {seconds:5.0f} s   {text}"
            + ("" if good else f"   {show(log)}"))


def run(job):
    """All stages; their sums."""
    rows, broken, reasons, sums = [], [], [], [0, 0, 0]
    for name, target, *given in STAGES + (LONG_STAGES if job.name == "check-all" else ()):
        log = job.path(re.sub(r"\W+", "-", name.lower()) + ".log")
        start = time.monotonic()
        result = command_stage(job, target, given, log)
        seconds = time.monotonic() - start
        job.say(line(name, seconds, result, log))
        rows.append({"name": name, "seconds": round(seconds, 1), "passed": result.passed,
                     "failed": result.failed, "skipped": result.skipped,
                     "sentence": result.sentence})
        sums = [a + b for a, b in zip(sums, result.sums())]
        if is_good(result) and result.may_skip:
            reasons.append(f"{name}: {result.sentence}")
        elif not is_good(result):
            broken.append((name, log, result.untested))
            reasons.append(f"{name}: {result.sentence or 'its log says why'}")
    # Together at the end: the middle of a long log is what an engine cuts out.
    for reason in reasons:
        job.say(reason)
    failure = None
    if broken:
        # Nothing is known about the code where each stage that failed could not run.
        untested = all(untested for *_, untested in broken)
        failure = Failure(f"{broken[0][0]} failed first (log: {show(broken[0][1])}); read that "
                          "log, then run the stage alone", COULD_NOT_RUN if untested else FAILED)
    return Result(*sums, {"stages": rows}, failure)
