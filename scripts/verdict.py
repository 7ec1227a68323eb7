#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judges a kernel log: KTAP results and splats together.

Exit status: 0 passed, 1 failed, 2 nothing was tested; splitfree/judge/verdict.py says when.
"""

import argparse
import os
import sys

from splitfree.judge import verdict as verdicts


def say(lines):
    """The status counts, whether the text can be written or not."""
    try:
        for line in lines:
            # Control characters of a log are not for a terminal.
            print("".join(c if c.isprintable() else " " for c in line))
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", help="a console log; - reads standard input")
    parser.add_argument("--no-tests", action="store_true",
                        help="the log has no KTAP: look for splats only")
    options = parser.parse_args()
    try:
        if options.log == "-":
            if not sys.stdin:
                raise OSError("standard input is closed")
            verdict = verdicts.judge_text(sys.stdin.buffer)
        else:
            verdict = verdicts.judge_file(options.log)
    except (OSError, verdicts.BadList) as error:
        print(f"splitfree: {error}", file=sys.stderr)
        return verdicts.NOT_TESTED
    if options.no_tests:
        verdict = verdicts.without_tests(verdict)
    lines = verdicts.report(verdict, options.log) + [verdict.reason] * bool(verdict.reason)
    if not options.no_tests:
        lines.append(verdicts.summary(verdict))
    if sys.stdout:
        sys.stdout.reconfigure(errors="backslashreplace")
        say(lines)
    return verdict.status


if __name__ == "__main__":
    sys.exit(main())
