#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""All the tests, one line a stage; what a CI bot should gate on.

A stage that fails does not stop the next one. The last line adds up KUnit test
cases and the other checks: N passed, N failed (, N skipped).
"""

import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

from common import (FAILED, PASSED, ROOT, adopt_orphans, clean_env, colour, kill_descendants, main,
                    show)
import cli

SCRIPTS = os.path.join(ROOT, "scripts")
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)

Result = collections.namedtuple("Result", "passed failed skipped")
# The exit status of what tested nothing: a build that stopped, no network.
NOTHING = 2


def python(script, *args):
    return [sys.executable, os.path.join(SCRIPTS, script), *args]


# Logs of the stages that say nothing about the code.
untested = []


def run_logged(command, log):
    """Its output goes to the log, its progress and complaints to our stderr."""
    with open(log, "w", encoding="utf-8") as handle:
        handle.write("$ " + " ".join(command) + "\n")
        handle.flush()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=handle, cwd=ROOT,
                                 env=clean_env(), start_new_session=True)
        try:
            status = child.wait()
        except BaseException:
            # It cleans up behind itself; give it the time.
            child.terminate()
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
            raise
    with open(log, encoding="utf-8", errors="replace") as handle:
        return status, handle.read()


def kunit_stage(command, log):
    status, text = run_logged(command, log)
    found = COUNTS.findall(text)
    passed, failed, skipped = (int(n or 0) for n in found[-1]) if found else (0, 0, 0)
    if status and not failed:
        # It did not build, did not run, or the kernel complained: one thing that failed.
        failed = 1
        if status == NOTHING and not passed:
            untested.append(log)
    return Result(passed, failed, skipped)


def count_stage(command, log):
    """Instruction counts; another compiler than those of the baseline is a skip."""
    result = kunit_stage(command, log)
    return result._replace(failed=0) if result.skipped and not result.passed else result


def boot_stage(command, log):
    status, _ = run_logged(command, log)
    if status == NOTHING:
        untested.append(log)
    return Result(int(not status), int(bool(status)), 0)


def tools_stage(_, log):
    """The unit tests of the scripts, and ShellCheck, one check a file."""
    result = subprocess.run([sys.executable, "-m", "unittest", "discover", "-s",
                             os.path.join(SCRIPTS, "tests")], cwd=SCRIPTS, check=False,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env=clean_env())
    text = result.stdout
    total = int((re.search(r"^Ran (\d+) test", text, re.M) or [0, 0])[1])
    bad = sum(int(n) for n in re.findall(r"(?:failures|errors|unexpected successes)=(\d+)", text))
    skipped = sum(int(n) for n in re.findall(r"skipped=(\d+)", text))
    if result.returncode and not bad:
        bad = 1
    passed = max(0, total - bad - skipped)
    scripts = glob.glob(os.path.join(SCRIPTS, "*.sh")) + [os.path.join(ROOT, ".ci/run"),
                                                           os.path.join(SCRIPTS, "ci")]
    for path in sorted(scripts):
        if not shutil.which("shellcheck"):
            skipped += 1
            text += f"skipped: shellcheck is not there to read {show(path)}\n"
            continue
        check = subprocess.run(["shellcheck", path], check=False, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        text += check.stdout
        passed += not check.returncode
        bad += bool(check.returncode)
    with open(log, "w", encoding="utf-8") as handle:
        handle.write(text)
    return Result(passed, bad, skipped)


def stages(options):
    where = ["--out", options.out, f"--linux={options.linux}", f"--jobs={options.jobs}"]
    yield "tools", tools_stage, None
    yield "user", kunit_stage, python("user.py", *where)
    yield "model", kunit_stage, python("models.py", *where, "--quick")
    yield "kunit NCPUS=4", kunit_stage, python("run_kunit.py", *where, "--ncpus=4")
    yield "kunit NCPUS=1", kunit_stage, python("run_kunit.py", *where, "--ncpus=1", "--into=kunit-ncpus1")
    yield "boot", boot_stage, python("boot.py", *where)
    # Lockdep and gcov in one build.
    yield ("coverage (lockdep)", kunit_stage, python("coverage.py", *where, "--ncpus=4"))
    # Do the tests notice? Two of them; make busted does all.
    yield "busted", kunit_stage, python("busted.py", *where, "push-without", "pgfree-counted")
    yield "count", count_stage, python("bench_count.py", *where)
    yield "qemu", kunit_stage, python("run_qemu.py", *where)
    yield "stress", kunit_stage, python("stress.py", *where)
    yield ("qemu DEBUG=lockdep,kasan", kunit_stage,
           python("run_qemu.py", *where, "--debug=lockdep,kasan"))


def long_stages(options):
    """What make check-all does beyond make check: hours."""
    where = ["--out", options.out, f"--linux={options.linux}", f"--jobs={options.jobs}"]
    for ncpus in ("2", "8"):
        yield (f"kunit NCPUS={ncpus}", kunit_stage,
               python("run_kunit.py", *where, f"--ncpus={ncpus}",
                      f"--into=kunit-ncpus{ncpus}"))
    for kind in ("lockdep", "kasan", "order1", "order3", "pagealloc"):
        yield (f"kunit DEBUG={kind}", kunit_stage,
               python("run_kunit.py", *where, f"--debug={kind}"))
    yield ("boot DEBUG=up", boot_stage,
           python("boot.py", *where, "--debug=up", "--seconds=20"))
    for kind in ("kcsan", "rt"):
        yield f"qemu DEBUG={kind}", kunit_stage, python("run_qemu.py", *where, f"--debug={kind}")
    yield "qemu ARCH=i386", kunit_stage, python("run_qemu.py", *where, "--arch=i386")
    yield "stress DEBUG=kasan", kunit_stage, python("stress.py", *where, "--debug=kasan")
    yield "model, long", kunit_stage, python("models.py", *where)
    yield "busted, all", kunit_stage, python("busted.py", *where)
    yield "mutants", kunit_stage, python("mutants.py", *where)
    yield "series", kunit_stage, python("mails.py", *where)
    yield "configs", kunit_stage, python("configs.py", *where)
    yield "selftests", kunit_stage, python("selftests.py", *where)
    yield "bisect", kunit_stage, python("steps_bisect.py", *where)


def is_good(name, result):
    """Nothing tested is not good, but counts of another compiler cannot be compared."""
    return not result.failed and bool(result.passed or (name == "count" and result.skipped))


def line(name, seconds, result, log):
    text = f"{result.passed} passed"
    if result.failed:
        text += f", {result.failed} failed"
    if result.skipped:
        text += f", {result.skipped} skipped"
    good = is_good(name, result)
    word = colour("32", "ok    ") if good else colour("31", "FAILED")
    return f"{word}  {name:<24} {seconds:5.0f} s   {text}" + ("" if good else f"   {show(log)}")


def run_main():
    parser = cli.parser(__doc__)
    parser.add_argument("--all", action="store_true", help="the long form")
    options = cli.parse(parser)
    options.out = os.path.abspath(options.out)
    adopt_orphans()
    logs = os.path.join(options.out, "check")
    os.makedirs(logs, exist_ok=True)
    total, broken, rows = Result(0, 0, 0), [], []
    try:
        todo = list(stages(options)) + (list(long_stages(options)) if options.all else [])
        for name, stage, command in todo:
            log = os.path.join(logs, re.sub(r"\W+", "-", name.lower()) + ".log")
            start = time.monotonic()
            result = stage(command, log)
            if not sum(result):
                result = Result(0, 1, 0)
            seconds = time.monotonic() - start
            print(line(name, seconds, result, log), flush=True)
            rows.append({"name": name, "seconds": round(seconds, 1), **result._asdict()})
            with open(os.path.join(logs, "summary.json"), "w", encoding="utf-8") as handle:
                json.dump({"stages": rows}, handle, indent=1)
            total = Result(*map(sum, zip(total, result)))
            if not is_good(name, result):
                broken.append((name, log))
    finally:
        kill_descendants()
    if broken:
        print(f"splitfree: {broken[0][0]} failed first (log: {show(broken[0][1])}); "
              "read that log, then run the stage alone", file=sys.stderr, flush=True)
    print(f"{total.passed} passed, {total.failed} failed"
          + (f", {total.skipped} skipped" if total.skipped else ""))
    if broken and all(log in untested for _, log in broken):
        return NOTHING
    return FAILED if broken else PASSED


if __name__ == "__main__":
    main(run_main)
