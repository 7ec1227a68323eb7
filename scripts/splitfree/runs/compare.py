# SPDX-License-Identifier: GPL-2.0
"""Reads what the kernel's own tests printed on two kernels, and compares it.

A test is one program, KUnit suite or worker; it has cases, each with an outcome:
passed, failed, skipped, ... The outcome is compared by this rule: a
difference is an outcome on the patched kernel that stock never gave. Tests with
a difference are run again on both kernels some times; a case that stock gave in
both ways is unsteady, not different. A case that a program did not come to before
it was killed has no outcome, as the kill is one itself; nor is a skip one, if
another run came to a result. An outcome that a program gave once in MANY runs is unsteady, too:
a stock kernel that does so as often would show it as seldom. For KUnit, kernel
messages and guests that die, once is enough. All functions here are pure.
"""

import collections
import re

from splitfree.judge import ktap, verdict as verdicts

BEGIN = re.compile(r"^@begin (\S+)$")
END = re.compile(r"^@end (\S+) (\d+) (\S*)$")
MARK = re.compile(r"selftest: (begin|end) (\S+)")
# How much a console loses is by chance.
LOST = re.compile(r"messages (?:dropped|lost)|kernel messages")
# A program below another one: its results are comments of the other's.
BELOW = re.compile(r"^(?:# )*")
VMALLOC = re.compile(r"\bSummary: (\w+) passed: (\d+) failed: (\d+) xfailed: (\d+) ")

MANY = 5
ABSENT, CLEAN, NOT_REACHED = "absent", "silent", "not reached"
EXIT, LOG = "exit status", "kernel log"
# The meaning of a status, by the conventions of make and of the kselftests.
KILLED, DIED = "killed, out of time", "the guest died or hung"
STATUS = {0: "passed", 4: "skipped", 137: KILLED}

Count = collections.namedtuple("Count", "cases passed failed expected skipped unsteady differ")


def normal(text):
    """A name without what changes from run to run: addresses, ids, what was counted."""
    text = re.sub(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8,}\b", "N", text, flags=re.I)
    # pagemap_ioctl has its races in the name of the case that counts them.
    text = re.sub(r"Extra pages \d+ \([\d.]+%\), extra thread faults \d+",
                  "Extra pages N (N%), extra thread faults N", text)
    # mrelease_test has there what it needed, which is more on a slow machine.
    text = re.sub(r"reaping a child with \d+MB", "reaping a child with N MB", text)
    return " ".join(text.split())


def add(cases, name, outcome):
    """A name may come more than once."""
    unique, number = name, 1
    while unique in cases:
        number += 1
        unique = f"{name} ({number})"
    cases[unique] = outcome


def output_cases(text):
    """{case: outcome} of a program's TAP, of either dialect."""
    cases = {}
    for line in text.splitlines():
        one = ktap.parse_result(BELOW.sub("", line.rstrip("\r")))
        if not one or one.indent:
            continue
        outcome = "failed as expected" if one.expected else one.outcome
        # "name # SKIP why", "# SKIP name", or "# SKIP name (why)".
        name = one.name or re.sub(r" \([^()\d]*\)$", "", one.reason)
        add(cases, normal(name) or "unnamed", outcome)
    return cases


def sections(text):
    """[(test, status, seconds, output)] of a guest's second serial line.

    A status of None: the guest did not come to the end of this test.
    """
    found, name, lines = [], None, []
    for line in text.splitlines():
        line = line.rstrip("\r")
        begin, end = BEGIN.match(line), END.match(line)
        if begin:
            if name:
                found.append((name, None, 0.0, "\n".join(lines)))
            name, lines = begin.group(1), []
        elif end and end.group(1) == name:
            seconds = end.group(3)
            found.append((name, int(end.group(2)),
                          float(seconds) if re.fullmatch(r"\d*\.?\d+", seconds) else 0.0,
                          "\n".join(lines)))
            name, lines = None, []
        elif name:
            lines.append(line)
    if name:
        found.append((name, None, 0.0, "\n".join(lines)))
    return found


def said_in(lines, pattern):
    """Lines that look like a splat, but for those on what the console itself lost."""
    splats, _, _ = verdicts.find_splats("\n".join(lines), pattern)
    return [splat for splat in splats if not LOST.search(splat.text)]


def messages(text, pattern):
    """{test: [message]} of a console log: what is like a splat, without numbers."""
    found, name = collections.defaultdict(list), "boot"
    parts = collections.defaultdict(list)
    for line in text.splitlines():
        mark = MARK.search(line)
        if mark:
            name = mark.group(2) if mark.group(1) == "begin" else "boot"
        else:
            parts[name].append(line)
    for name, lines in parts.items():
        for splat in said_in(lines, pattern):
            message = re.sub(r"\d+", "N", normal(splat.text))
            if message not in found[name]:
                found[name].append(message)
    return dict(found)


def guest_tests(port, console, pattern):
    """{test: {case: outcome}} of one boot of the userland guest, and the seconds."""
    tests, seconds = {}, {}
    said = messages(console, pattern)
    for name, status, spent, output in sections(port):
        cases = output_cases(output)
        cases[EXIT] = DIED if status is None \
            else STATUS.get(status, f"failed ({status})")
        for message in said.get(name, []):
            cases[f"{LOG}: {message}"] = "said"
        tests[name], seconds[name] = cases, spent
    return tests, seconds


def vmalloc_tests(text):
    """{test: {case: outcome}}: a case for each function and worker."""
    cases = {}
    for name, passed, failed, xfailed in VMALLOC.findall(text):
        outcome = "failed" if int(failed) else "failed as expected" if int(xfailed) else \
            "passed" if int(passed) else "skipped"
        add(cases, name, outcome)
    return {"test_vmalloc": cases} if cases else {}


def kunit_tests(text, pattern):
    """{kunit/suite: {case: outcome}} of a console log; a parameter is a case too."""
    tests, stack, lines, planned = {}, [], [], {}
    for line in verdicts.clean_lines(text):
        match = ktap.SUBTEST.match(line)
        if match:
            indent = len(match.group(1))
            stack = [x for x in stack if x[0] < indent] + [(indent, match.group(2).strip())]
            lines = []
            if len(stack) == 1:
                tests["kunit/" + stack[0][1]] = {}
            continue
        match = ktap.PLAN.match(line)
        if match and stack and len(stack) == 1 and len(match.group(1)) == stack[0][0]:
            planned["kunit/" + stack[0][1]] = int(match.group(2))
        one = ktap.parse_result(line)
        if not one or not stack:
            if stack:
                lines.append(line)
            continue
        indent, name, outcome = one.indent, one.name, one.outcome
        suite = tests["kunit/" + stack[0][1]]
        splats, lines = said_in(lines, pattern), []
        if indent < stack[0][0]:
            # The suite's own line.
            suite["suite"] = outcome
            stack = []
            continue
        stack = [x for x in stack if x[0] <= indent]
        path = [x[1] for x in stack[1:] if x[0] <= indent] + [normal(name)]
        add(suite, ".".join(path), outcome)
        for splat in splats:
            message = re.sub(r"\d+", "N", normal(splat.text))
            suite[f"{LOG}: {'.'.join(path)}: {message}"] = "said"
    for name, suite in tests.items():
        suite.setdefault("suite", "did not come to its end")
        if name in planned:
            suite["planned cases"] = str(planned[name])
    return tests


# Comparing -------------------------------------------------------------------

def missing(run):
    """The outcome of a case that is not in this run of its test."""
    return NOT_REACHED if run.get(EXIT) in (KILLED, DIED) else ABSENT


def outcomes(runs, test):
    """{case: [outcome of each run]} of one kernel."""
    done = [run[test] for run in runs if test in run]
    names = dict.fromkeys(name for run in done for name in run)
    return {name: [run.get(name, missing(run)) for run in done] for name in names}


def cases_of(stock, patched, test):
    """{case: (stock's outcomes, patched's)}; one that a kernel never gave is missing."""
    ours, theirs = outcomes(patched, test), outcomes(stock, test)
    never = [[missing(run[test]) for run in runs if test in run] or [ABSENT]
             for runs in (stock, patched)]
    return {case: (theirs.get(case, never[0]), ours.get(case, never[1]))
            for case in dict.fromkeys(list(theirs) + list(ours))}


def differs(test, case, stock, patched):
    """An outcome on the patched kernel that stock never gave. Silence is no outcome."""
    new = set(patched) - set(stock) - {NOT_REACHED}
    if case.startswith(LOG):
        new.discard(ABSENT)
    elif set(stock) == {NOT_REACHED}:
        # Nothing to compare with.
        return False
    if set(patched) - {"skipped", NOT_REACHED}:
        new.discard("skipped")
    if "skipped" in patched and not set(stock) - {"skipped", NOT_REACHED}:
        # Both skip at times. That stock did each time is no sign of a fault.
        new.discard("passed")
    if len(patched) >= MANY and group(test) != "kunit" and not case.startswith(LOG):
        new = {outcome for outcome in new if outcome == DIED or patched.count(outcome) > 1}
    return bool(new)


def differences(stock, patched):
    """[(test, case, stock's outcomes, patched's)]; the arguments are lists of runs."""
    found = []
    for test in dict.fromkeys(name for run in stock + patched for name in run):
        for case, (theirs, ours) in cases_of(stock, patched, test).items():
            if differs(test, case, theirs, ours):
                found.append((test, case, theirs, ours))
    return found


def unsteady(stock, patched):
    """The same of the cases with more than one outcome that do not differ."""
    found = []
    for test in dict.fromkeys(name for run in stock + patched for name in run):
        for case, (theirs, ours) in cases_of(stock, patched, test).items():
            if len(set(theirs + ours)) > 1 and not differs(test, case, theirs, ours):
                found.append((test, case, theirs, ours))
    return found


def group(test):
    return test.partition("/")[0]


def count(stock, patched):
    """{group: Count}. An exit status counts where the program names no cases."""
    totals = {}
    for test in dict.fromkeys(name for run in stock + patched for name in run):
        cases = cases_of(stock, patched, test)
        named = [c for c in cases if c != EXIT and not c.startswith(LOG)
                 and c not in ("suite", "planned cases")]
        values = collections.Counter(totals.get(group(test), Count(*[0] * 7))._asdict())
        for case, (theirs, ours) in cases.items():
            bad = differs(test, case, theirs, ours)
            if case not in named and not bad and (named or case != EXIT):
                continue
            both = set(theirs + ours)
            values["cases"] += 1
            if bad:
                kind = "differ"
            elif len(both) > 1:
                kind = "unsteady"
            else:
                kind = {"passed": "passed", "skipped": "skipped",
                        "failed as expected": "expected"}.get(both.pop(), "failed")
            values[kind] += 1
        totals[group(test)] = Count(**{key: values[key] for key in Count._fields})
    return totals


def said(values):
    """Outcomes in words: "passed", or "passed 3, failed 1"."""
    counts = collections.Counter(values)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{word} {number}" for word, number in counts.most_common())
