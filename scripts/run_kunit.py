#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prepares the tree, builds it for UML, runs KUnit with the tree's kunit.py.

Results: ktap.log, junit.xml, results.json and console.log in $(O)/kunit, or
$(O)/kunit-DEBUG. The exit status is that of verdict.py: 0, 1 or 2.
"""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

from common import (FAILED, PASSED, Failure, adopt_orphans, colour, kill_descendants, lock, main,
                    show)
import cli
import tree as trees
import uml
from splitfree.judge import console as consoles, result as results, verdict as verdicts

# A run takes seconds. Debug kernels, on a machine that does other things too, more.
TIMEOUT, TIMEOUT_DEBUG = 300, 400
# kunit.py has that long to end a kernel that it found hung, before it is killed here.
GRACE = 15


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--suite", default="", help="glob: suite, or suite.case")
    parser.add_argument("--ncpus", default="4")
    parser.add_argument("--debug", default="")
    parser.add_argument("--timeout", default="", help="seconds for the tests")
    parser.add_argument("--into", default="", help="where results go, below --out")
    options = cli.parse(parser)
    check_values(options)
    return options


def check_values(options):
    """Say what is wrong with a variable before any work is done."""
    options.debug = uml.debug_kinds(options.debug, uml.DEBUG_KINDS)
    options.ncpus = cli.number("NCPUS", options.ncpus, 1, uml.MAX_CPUS)
    if getattr(options, "timeout", ""):
        options.timeout = cli.number("TIMEOUT", options.timeout, 1, 86400)
    if any(c.isspace() or c in "\"'" for c in getattr(options, "suite", "")):
        raise Failure("SUITE= is one glob without blanks or quotes, such as SUITE='pcp_*'")


def execute(kernel, options):
    """kunit.py exec; returns (its status, whether the time ran out)."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(kernel.dir, "test.log"))
    timeout = options.timeout or (TIMEOUT_DEBUG if options.debug else TIMEOUT)
    command = kernel.kunit_py("exec", "--arch", "um", "--timeout", str(timeout))
    for arg in kernel.kernel_args(options.ncpus) + [f"pcp_kunit.want_cpus={options.ncpus}"]:
        command += ["--kernel_args", arg]
    if options.suite:
        command.append(options.suite)
    if options.verbose:
        print("$ " + " ".join(command), flush=True)
    # kunit.py colours when it sees a terminal, whatever NO_COLOR says.
    plain = bool(os.environ.get("NO_COLOR")) and sys.stdout.isatty()
    child = subprocess.Popen(command, env=kernel.environment(), cwd=kernel.linux,
                             stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                             stdout=subprocess.PIPE if plain else None, start_new_session=True)
    start = time.monotonic()
    relay = subprocess.Popen(["cat"], stdin=child.stdout) if plain else None
    try:
        child.wait(timeout + GRACE)
    except subprocess.TimeoutExpired:
        # Kill the kernel alone first: kunit.py then still reports what it saw.
        for pid in kernel.kernels():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            child.wait(GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    late = time.monotonic() - start >= timeout
    if relay:
        relay.wait()
    kill_descendants()
    return child.returncode, late


def run_main():
    options = arguments()
    adopt_orphans()
    out = os.path.abspath(options.out)
    os.environ["SPLITFREE_O"] = out
    try:
        with lock(out, "kunit"):
            kernel = uml.Kernel(out, options.debug, options.jobs, options.verbose)
            if options.into:
                kernel.move_results(options.into)
            with results.guarded(kernel.results, kernel.ARCH, lambda: newest_log(kernel)):
                tree = trees.prepare(out, options.linux)
                print(trees.describe(tree), flush=True)
                kernel.build(tree)
                status, late = execute(kernel, options)
                return judge(kernel, options, status, late)
    finally:
        kill_descendants()


def newest_log(kernel):
    """The log that was written last: of the kernel if it was started, else of its build."""
    logs = [os.path.join(kernel.dir, "test.log"), kernel.log,
            os.path.join(kernel.results, "config.log")]
    logs = [path for path in logs if os.path.exists(path)]
    return max(logs, key=os.path.getmtime) if logs else None


def repeat_command(kernel, options):
    """What starts the same kernel again by hand."""
    if getattr(options, "command", None):
        return options.command
    args = ["kunit.enable=1", "kunit_shutdown=halt", "console=tty", "mem=1G",
            f"pcp_kunit.want_cpus={options.ncpus}", *kernel.kernel_args(options.ncpus)]
    tmpdir = [f"TMPDIR={os.environ['TMPDIR']}"] if os.environ.get("TMPDIR") else []
    return shlex.join(tmpdir + [kernel.binary] + args)


def judge(kernel, options, status, late, log=None):
    """Read the console once more, for what kunit.py does not look at."""
    console = os.path.join(kernel.results, "console.log")
    log = log or os.path.join(kernel.dir, "test.log")
    if not os.path.exists(log):
        raise uml.not_started([], repeat_command(kernel, options))
    if log != console:
        shutil.copyfile(log, console)
    try:
        verdict = verdicts.judge_file(console, keep=True)
    except verdicts.BadList as error:
        raise Failure(str(error)) from None
    seconds = options.timeout or (TIMEOUT_DEBUG if options.debug else TIMEOUT)
    end = ""
    if late:
        end = f"the kernel hung and was killed after {seconds} s"
    elif status and not verdict.status:
        end = f"kunit.py ended with status {status}, though its log looks good"
    results.write_run(kernel.results, verdict, getattr(kernel, "ARCH", "um"), console, end,
                      kernel.dir)
    if late or verdict.missing or (verdict.status and not verdict.passed + verdict.failed):
        print(f"the last lines of {show(console)}:")
        for line in consoles.tail(console):
            print("  | " + line)
    for line in verdicts.report(verdict, show(console)):
        print(colour("31", line))
    print(verdicts.summary(verdict), flush=True)
    if late:
        raise Failure(f"{end} (log: {show(console)}); "
                      "run the last suite it names alone with SUITE=", FAILED)
    if not verdict.booted and verdict.status == verdicts.NOT_TESTED:
        raise uml.not_started(consoles.tail(console), repeat_command(kernel, options))
    if verdict.status:
        hint = {verdicts.FAILED: "run one suite alone with SUITE= to look closer",
                verdicts.NOT_TESTED: "look at SUITE= and at .kunitconfig"}[verdict.status]
        raise Failure(f"{verdict.reason} (log: {show(console)}); {hint}", verdict.status)
    if end:
        raise Failure(f"{end} (log: {show(console)}); read its report above", FAILED)
    return PASSED


if __name__ == "__main__":
    main(run_main)
