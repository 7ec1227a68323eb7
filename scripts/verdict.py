#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judges a kernel log: KTAP results and splats together.

Exit status:
  0  tests passed, and nothing else went wrong (some may have been skipped)
  1  a test failed, a planned test is missing (crash, hang), or the log has a splat
  2  nothing was tested: no KTAP, no test selected, or every test skipped

The verdict is a pure function of the log, the two lists and the day.
"""

import argparse
import collections
import datetime
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PASSED, FAILED, NOT_TESTED = 0, 1, 2

STAMP = re.compile(r"^(?:<\d+>)?(?:\[\s*\d+\.\d+\](?:\[\s*[TC]\d+\])? ?)?")
REPLAY = "** replaying previous printk message **"
KTAP = re.compile(r"^(\s*)(KTAP version \d+|TAP version \d+|1\.\.\d+|# |(?:not )?ok \d)")
RESULT = re.compile(r"^(\s*)(ok|not ok) (\d+)(?: (?:- )?([^#]*))?(?:#\s*(.*))?$")
PLAN = re.compile(r"^(\s*)1\.\.(\d+)")
SUBTEST = re.compile(r"^(\s*)# Subtest: (.*)")
VERSION = re.compile(r"^(\s*)K?TAP version")
END_OF_SPLAT = re.compile(r"---\[ end (trace|Kernel panic)")

Excuse = collections.namedtuple("Excuse", "until pattern reason")
Splat = collections.namedtuple("Splat", "line text")
Verdict = collections.namedtuple(
    "Verdict", "status passed failed skipped missing failures splats excused expired reason")


class BadList(Exception):
    """A list of patterns cannot be used."""


def read_splats(path=os.path.join(HERE, "splats.list")):
    patterns = []
    with open(path, encoding="utf-8") as handle:
        for line in handle:
            # A blank at the end of a pattern counts.
            line = line.rstrip("\n")
            if line.strip() and not line.startswith("#"):
                patterns.append(line)
    if not patterns:
        raise BadList(f"{path} has no pattern, so nothing would be seen")
    for pattern in patterns:
        re.compile(pattern)
    return re.compile("|".join(f"(?:{p})" for p in patterns))


def read_excuses(path=os.path.join(HERE, "splats.excuses")):
    excuses = []
    with open(path, encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            if not line.strip() or line.startswith("#"):
                continue
            # The pattern itself may hold a bar.
            first, _, rest = line.partition(" | ")
            pattern, _, reason = rest.rpartition(" | ")
            try:
                until = datetime.date.fromisoformat(first.strip())
            except ValueError:
                raise BadList(f"{path}:{number}: no day at the start (YYYY-MM-DD)") from None
            if not pattern.strip() or not reason.strip():
                raise BadList(f"{path}:{number}: want: day | pattern | reason")
            excuses.append(Excuse(until, re.compile(pattern.strip()), reason.strip()))
    return excuses


def clean_lines(text):
    """The lines without printk's time stamp and colours.

    printk says a line again if it lost the console in the middle of it, or at its
    end; it counts once. What is left out stays as an empty line.
    """
    before, replayed = None, False
    for line in text.splitlines():
        line = re.sub(r"\x1b\[[0-9;]*m", "", line.rstrip("\r"))
        if REPLAY in line:
            replayed = True
            yield ""
            continue
        yield "" if replayed and line == before else STAMP.sub("", line)
        before, replayed = line, False


def find_splats(text, pattern, excuses, today):
    """Splats, excused ones, and excuses that are past their day but were needed."""
    splats, excused, expired, inside = [], [], [], False
    for number, line in enumerate(clean_lines(text), 1):
        if inside:
            # The rest of a report is no second splat, but never longer than 60 lines.
            if END_OF_SPLAT.search(line) or number > inside + 60 or KTAP.match(line):
                inside = False
            if inside or END_OF_SPLAT.search(line):
                continue
        if KTAP.match(line) or not pattern.search(line):
            continue
        if line.startswith("------------[ cut here"):
            # The next line says what it is; it is looked at by itself.
            continue
        excuse = next((e for e in excuses if e.pattern.search(line)), None)
        if excuse and excuse.until >= today:
            excused.append(Splat(number, line.strip()))
        else:
            splats.append(Splat(number, line.strip()))
            if excuse:
                expired.append(excuse)
        inside = number
    return splats, excused, expired


class Level:
    """One list of results in nested KTAP."""

    def __init__(self, indent, name):
        self.indent, self.name = indent, name
        self.plan, self.seen, self.bad = None, 0, 0


def parse_ktap(text):
    """(passed, failed, skipped, missing, failures, started) of a log.

    Leaves are counted: a suite, or a case with parameters, counts only when it
    failed and nothing below it did. A planned result that never came is failed.
    """
    counts = collections.Counter()
    failures, levels, started = [], [], False

    def close(level):
        """A list of results has ended: is it complete?"""
        gone = max(0, (level.plan or 0) - level.seen)
        if level.plan is None and not level.seen:
            gone = 1
        if gone:
            counts["missing"] += gone
            failures.append(f"{path(level)}: {gone} planned result(s) never came")
            level.bad += 1

    def path(level):
        return ".".join(filter(None, [x.name for x in levels if x.indent < level.indent]
                               + [level.name])) or "the run"

    pending_name = ""
    for line in clean_lines(text):
        match = VERSION.match(line)
        if match:
            indent = len(match.group(1))
            started = True
            if not levels or indent > levels[-1].indent:
                levels.append(Level(indent, ""))
            continue
        if not started:
            continue
        match = SUBTEST.match(line)
        if match:
            indent, pending_name = len(match.group(1)), match.group(2).strip()
            if levels and levels[-1].indent == indent and not levels[-1].seen:
                levels[-1].name = pending_name
            elif levels and indent > levels[-1].indent:
                levels.append(Level(indent, pending_name))
            continue
        match = PLAN.match(line)
        if match:
            indent = len(match.group(1))
            for level in levels:
                if level.indent == indent:
                    level.plan = int(match.group(2))
            continue
        match = RESULT.match(line)
        if not match:
            continue
        indent, name = len(match.group(1)), (match.group(4) or "").strip()
        below = None
        while levels and levels[-1].indent > indent:
            below = levels[-1]
            close(below)
            levels.pop()
            # What lies two deep counts as something below its parent.
            if levels and levels[-1].indent > indent:
                levels[-1].bad += below.bad
                levels[-1].seen = levels[-1].seen or below.seen
        if not levels:
            levels.append(Level(indent, ""))
        level = levels[-1]
        level.seen += 1
        good = match.group(2) == "ok"
        skip = good and re.match(r"skip", match.group(5) or "", re.I)
        full = ".".join(filter(None, [x.name for x in levels] + [name]))
        if below is not None and (below.seen or below.bad):
            if not good and not below.bad:
                counts["failed"] += 1
                failures.append(full)
            level.bad += bool(below.bad) or not good
        elif skip:
            counts["skipped"] += 1
        elif good:
            counts["passed"] += 1
        else:
            counts["failed"] += 1
            failures.append(full)
            level.bad += 1
    while levels:
        if levels[-1].plan != 0 or len(levels) > 1:
            close(levels[-1])
        levels.pop()
    return counts, failures, started


def judge(text, pattern, excuses, today):
    """The verdict on a whole log."""
    counts, failures, started = parse_ktap(text)
    splats, excused, expired = find_splats(text, pattern, excuses, today)
    failed = counts["failed"] + counts["missing"]
    ran = counts["passed"] + failed
    if not started:
        status, reason = NOT_TESTED, ("the kernel died before the tests" if splats else
                                      "the log has no test results")
    elif not ran and not counts["skipped"]:
        status, reason = NOT_TESTED, "no test was selected"
    elif counts["missing"]:
        status, reason = FAILED, "planned tests never ended (crash, hang, or a set-up that failed)"
    elif failed:
        status, reason = FAILED, "tests failed"
    elif splats:
        status, reason = FAILED, "the kernel complained"
    elif not ran:
        status, reason = NOT_TESTED, "every test was skipped"
    else:
        status, reason = PASSED, ""
    return Verdict(status, counts["passed"], failed, counts["skipped"], counts["missing"],
                   failures, splats, excused, expired, reason)


def ktap_lines(text):
    """Only the test results of a log."""
    started = False
    for line in clean_lines(text):
        started = started or bool(VERSION.match(line))
        if started and KTAP.match(line):
            yield line


def summary(verdict):
    return f"{verdict.passed} passed, {verdict.failed} failed, {verdict.skipped} skipped"


def report(verdict, log):
    """What a person wants to read, in lines."""
    lines = []
    for splat in verdict.splats[:10]:
        lines.append(f"splat: {log}:{splat.line}: {splat.text}")
    if len(verdict.splats) > 10:
        lines.append(f"splat: and {len(verdict.splats) - 10} more in {log}")
    for splat in verdict.excused:
        lines.append(f"excused: {log}:{splat.line}: {splat.text}")
    for excuse in verdict.expired:
        lines.append(f"this excuse ended on {excuse.until}: {excuse.pattern.pattern}")
    for name in verdict.failures[:20]:
        lines.append(f"failed: {name}")
    if len(verdict.failures) > 20:
        lines.append(f"failed: and {len(verdict.failures) - 20} more")
    return lines


def judge_file(path, excuses=None):
    with open(path, encoding="utf-8", errors="replace") as handle:
        return judge_text(handle.read(), excuses)


def judge_text(text, excuses=None):
    return judge(text, read_splats(), read_excuses() if excuses is None else excuses,
                 datetime.date.today())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", help="a console log; - reads standard input")
    parser.add_argument("--no-tests", action="store_true",
                        help="the log has no KTAP: look for splats only")
    options = parser.parse_args()
    try:
        if options.log == "-":
            text = sys.stdin.read()
        else:
            with open(options.log, encoding="utf-8", errors="replace") as handle:
                text = handle.read()
        pattern, excuses = read_splats(), read_excuses()
    except (OSError, BadList) as error:
        print(f"splitfree: {error}", file=sys.stderr)
        return NOT_TESTED
    verdict = judge(text, pattern, excuses, datetime.date.today())
    if options.no_tests:
        verdict = verdict._replace(status=FAILED if verdict.splats else PASSED, reason="",
                                   failures=[])
    for line in report(verdict, options.log):
        print(line)
    if verdict.reason:
        print(verdict.reason)
    if not options.no_tests:
        print(summary(verdict))
    return verdict.status


if __name__ == "__main__":
    sys.exit(main())
