#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judges a kernel log: KTAP results and splats together.

Exit status: 0 passed, 1 failed, 2 nothing was tested; splitfree/judge/verdict.py says when.
"""

import argparse
import sys

from splitfree.judge import verdict as verdicts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", help="a console log; - reads standard input")
    parser.add_argument("--no-tests", action="store_true",
                        help="the log has no KTAP: look for splats only")
    options = parser.parse_args()
    try:
        if options.log == "-":
            verdict = verdicts.judge_text(sys.stdin.buffer)
        else:
            verdict = verdicts.judge_file(options.log)
    except (OSError, verdicts.BadList) as error:
        print(f"splitfree: {error}", file=sys.stderr)
        return verdicts.NOT_TESTED
    if options.no_tests:
        verdict = verdicts.without_tests(verdict)
    for line in verdicts.report(verdict, options.log):
        print(line)
    if verdict.reason:
        print(verdict.reason)
    if not options.no_tests:
        print(verdicts.summary(verdict))
    return verdict.status


if __name__ == "__main__":
    sys.exit(main())
