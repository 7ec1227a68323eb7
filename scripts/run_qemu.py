#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Builds the x86-64 kernel, runs its KUnit suites under QEMU.

Results as of make kunit, in $(O)/qemu or $(O)/qemu-DEBUG: ktap.log, junit.xml,
results.json, console.log. The exit status is that of verdict.py: 0, 1 or 2.
"""

import contextlib
import glob
import os
import re
import shlex
import subprocess
import sys

from common import ROOT, Failure, adopt_orphans, clean_env, kill_descendants, lock, main
import cli
import qemu
import run_kunit
import tree as trees
from splitfree.judge import console as consoles, ktap, result as results

# Seconds for the tests: TCG is slow, and a debug kernel slower.
TIMEOUT = {"": 400, "lockdep": 900, "kasan": 1200, "kcsan": 1500, "rt": 900}


def timeout(debug):
    return max(TIMEOUT[word] for word in debug.split("-")) * (1 + debug.count("-"))


def arguments():
    parser = qemu.parser(__doc__)
    parser.add_argument("--suite", default="", help="glob: suite, or suite.case")
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--timeout", default="", help="seconds for the tests")
    parser.add_argument("--append", default="", help="more kernel arguments")
    options = qemu.parse(parser, 1)
    if options.arch not in qemu.ARCHES:
        raise Failure(f"ARCH={options.arch} is not supported; use one of "
                      + ", ".join(qemu.ARCHES))
    options.timeout = cli.number("TIMEOUT", options.timeout or timeout(options.debug),
                                       1, 86400)
    if any(c.isspace() or c in "\"'" for c in options.suite):
        raise Failure("SUITE= is one glob without blanks or quotes, such as SUITE='pcp_*'")
    return options


class Tally:
    """Counts the cases that have ended, for the progress."""

    def __init__(self):
        self.nr = 0

    @staticmethod
    def case(line):
        result = ktap.parse_result(consoles.text_of(line.rstrip()))
        return bool(result and result.indent >= 4)

    def see(self, line):
        self.nr += self.case(line)

    def done(self):
        return self.nr

    def expected(self, log):
        """As many as the last run had, or else as there are in our suites."""
        suites = glob.glob(os.path.join(ROOT, "mm/pcp/tests/*.c"))
        count = 0
        for path, is_case in [(log, self.case)] + [(p, re.compile(r"\tKUNIT_CASE").match)
                                                   for p in suites]:
            with contextlib.suppress(FileNotFoundError):
                with open(path, encoding="utf-8", errors="replace") as handle:
                    count += sum(bool(is_case(line)) for line in handle)
            if path == log and count:
                break
        return count


def report(kernel, console):
    """kunit.py's own report of the log."""
    with open(console, "rb") as handle:
        subprocess.run([sys.executable, os.path.join(kernel.linux, "tools/testing/kunit/kunit.py"),
                        "parse"],
                       stdin=handle, check=False, env=clean_env(), cwd=kernel.linux)


def test(kernel, options):
    """Build and run it; returns the status."""
    tree = trees.prepare(kernel.out, options.linux)
    print(trees.describe(tree), flush=True)
    kernel.build(tree)
    console = os.path.join(kernel.results, "console.log")
    tally = Tally()
    append = ["kunit.enable=1", "kunit_shutdown=poweroff",
              f"pcp_kunit.want_cpus={options.ncpus}"]
    if options.suite:
        suite, _, case = options.suite.partition(".")
        append.append("kunit.filter_glob=" + suite + (f".{case}" if case else ""))
    args = qemu.command(kernel, options, append + options.append.split())
    options.command = shlex.join(args)
    late = qemu.boot(args, console, options.timeout, "tests under QEMU", tally.see,
                     verbose=options.verbose, done=tally.done, expected=options.expected)
    report(kernel, console)
    return run_kunit.judge(kernel, options, 0, late, log=console)


def run_main():
    options = arguments()
    adopt_orphans()
    out = os.path.abspath(options.out)
    try:
        with lock(out, "qemu"):
            kernel = qemu.QemuKernel(out, options.debug, options.jobs, options.verbose,
                                     arch=options.arch)
            # Counted before the results of the last run go.
            options.expected = 0 if options.suite else Tally().expected(
                os.path.join(kernel.results, "ktap.log"))
            with results.guarded(kernel.results, kernel.ARCH,
                                 lambda: run_kunit.newest_log(kernel)):
                return test(kernel, options)
    finally:
        kill_descendants()


if __name__ == "__main__":
    main(run_main)
