# SPDX-License-Identifier: GPL-2.0
"""The reader of KTAP (Documentation/dev-tools/ktap.rst) and of the TAP it comes from.

Leaves are counted: a suite, or a case with parameters, counts only when it
failed and nothing below it did. A planned result that never came is failed; so is one
that came twice, or that no plan has.
"""

import collections
import re

# Something else may have been written behind these. TORN is a plan whose number was lost.
VERSION = re.compile(r"(\s*)K?TAP version \d+(?:\s*|[^\s\d].*)$")
PLAN = re.compile(r"(\s*)1\.\.(\d+)(?:\s*#\s*(.*)|\D.*)?$")
TORN = re.compile(r"(\s*)1\.\.(?:$|[^\d.])")
# KUnit's own sums, where there is more than one result.
SUMS = re.compile(r"(\s*)# (.+): pass:(\d+) fail:(\d+) skip:(\d+) total:(\d+)$")
SUBTEST = re.compile(r"(\s*)# Subtest: (.*)")
RESULT = re.compile(r"(\s*)(ok|not ok) (\d+)(?:\s+(.*))?$")
DIAGNOSTIC = re.compile(r"\s*# ")
BAIL_OUT = re.compile(r"\s*Bail out!\s*(.*)")

# "skiplist" and "skip=3" are data, no directive.
SKIP = r"(?:SKIP(?:PED)?(?![\w=])|(?i:skip(?:ped)?)(?=[\s:,.;(]|$))"
DIRECTIVE = re.compile(rf"\s*#\s*(?:(?P<skip>{SKIP})|(?P<expected>(?i:XFAIL|TODO)(?![\w=-]))"
                       r"|(?P<bad>(?:TIMEOUT|ERROR)(?![\w=-])))[:,]?\s*(?P<reason>.*)$")
DATA = re.compile(r"(?:^|\s)#(?:\s|$).*$")
# A directive comes first. Behind other data it is a part of them.
TAIL = re.compile(rf"{DIRECTIVE.pattern}|{DATA.pattern}")

# First characters of lines that have a meaning here.
FIRST = frozenset(" \tonKT1#B")

PASSED, FAILED, SKIPPED, MISSING = "passed", "failed", "skipped", "missing"
# Names of failures, and lines of a console for each case, that are kept.
NAMES, LINES = 1000, 200

# number: as it says. outcome: one of the above. expected: failing is what it should do.
Result = collections.namedtuple("Result", "indent number name outcome reason expected")


def parse_result(text):
    """A line with a result, or None."""
    match = RESULT.match(text)
    if not match:
        return None
    indent, word, number, rest = match.groups()
    rest, outcome, reason, expected = rest or "", PASSED if word == "ok" else FAILED, "", False
    if "#" in rest:
        found = TAIL.search(rest)
        if found and found.group("reason") is not None:
            name, reason = rest[:found.start()], found.group("reason").strip()
            if found.group("skip"):
                outcome = SKIPPED
            elif found.group("expected"):
                outcome, expected = PASSED, True
            else:
                outcome = FAILED
        else:
            name = rest[:found.start()] if found else rest
    else:
        name = rest
    if name.startswith("- "):
        name = name[2:]
    return Result(len(indent), int(number), name.strip(), outcome, reason, expected)


class Test:
    """A test as it came out. A suite has tests below it."""

    def __init__(self, name, outcome, reason="", log=(), tests=()):
        self.name, self.outcome, self.reason = name, outcome, reason
        self.log, self.tests = list(log), list(tests)

    def leaves(self):
        if not self.tests:
            yield self
        for test in self.tests:
            yield from test.leaves()

    def good(self):
        return self.outcome in (PASSED, SKIPPED)


class Level:
    """One list of results in nested KTAP."""

    def __init__(self, indent, name="", implied=False):
        self.indent, self.name, self.implied = indent, name, implied
        self.plan, self.skip, self.next = None, None, 1
        # seen: results. bad: those that failed, or what else is wrong with the list.
        # leaves: as seen, but parameters count instead of their case.
        self.seen, self.bad, self.extra, self.leaves, self.last = 0, 0, 0, 0, ""
        self.failures, self.tests = [], []

    def fresh(self):
        return not self.seen and self.plan is None and not self.name

    def complete(self):
        return self.plan is not None and self.next > self.plan


class Reader:
    """Takes the messages of one writer in their order; counts are final after close().

    keep: keep the tests themselves too, in tests, with what was said during each.
    """

    def __init__(self, keep=False):
        self.keep = keep
        self.counts = collections.Counter()
        self.failures, self.tests, self.skips = [], [], []
        self.levels, self.started, self.negated = [], False, False
        # Which test was going on when the log ended.
        self.ended_in = ""
        # The last result, and what its header called the suite.
        self.last_result = ("", "")
        self.log = collections.deque(maxlen=LINES)

    # Kinds of lines -------------------------------------------------------

    def open(self):
        """Is a document going on?"""
        return bool(self.levels) and not (len(self.levels) == 1 and self.levels[0].complete())

    def where(self):
        """Which test is going on? Its name comes only with its result."""
        path = ".".join(filter(None, [x.name for x in self.levels]))
        return f"{path}, after {self.levels[-1].last}" if path and self.levels[-1].last else path

    # Lines -------------------------------------------------------------------

    def line(self, text):
        """Returns whether it is a line of KTAP that says something of the tests."""
        first = text[:1]
        start = text
        if first == " " or first == "\t":
            start = text.lstrip()
            first = start[:1]
        if first == "o" or first == "n":
            if start.startswith(("ok ", "not ok ")) and self.started:
                result = parse_result(text)
                if result:
                    if self.negated and result.outcome == PASSED and not result.expected:
                        result = result._replace(outcome=FAILED, reason="torn: not, and ok")
                    self.negated = False
                    self.result(result)
                    return True
            # Another writer came between the two words.
            self.negated = self.negated or start.rstrip() == "not"
        elif first == "1":
            match = self.started and PLAN.match(text)
            if match:
                self.plan(len(match.group(1)), int(match.group(2)), match.group(3))
                return True
            match = self.started and TORN.match(text)
            if match:
                self.torn(len(match.group(1)))
        elif first == "#":
            match = self.started and SUBTEST.match(text)
            if match:
                self.subtest(len(match.group(1)), match.group(2).strip())
                return True
            match = self.levels and SUMS.match(text)
            if match:
                self.sums(len(match.group(1)), match.group(2), *map(int, match.groups()[2:]))
        elif first == "K" or first == "T":
            match = VERSION.match(text)
            if match:
                self.version(len(match.group(1)))
                return True
        elif first == "B" and self.started:
            match = BAIL_OUT.match(text)
            if match:
                self.bail_out(match.group(1))
                return True
        if self.keep and self.levels:
            self.log.append(text)
        return False

    def version(self, indent):
        self.started = True
        self.down_to(indent, "a new list of results began")
        if self.levels and self.levels[-1].indent == indent:
            if self.levels[-1].fresh():
                return
            self.leave("a new list of results began")
        self.enter(Level(indent))

    def subtest(self, indent, name):
        self.down_to(indent, "a new suite began")
        top = self.levels[-1] if self.levels else None
        if top and top.indent == indent and not top.seen:
            top.name = name
        else:
            if top and top.indent == indent:
                self.leave("a new suite began")
            self.enter(Level(indent, name))

    def plan(self, indent, count, directive):
        self.down_to(indent, "a new plan came")
        top = self.levels[-1] if self.levels else None
        if not top or top.indent < indent:
            top = self.enter(Level(indent, implied=True))
        if top.plan is not None and (top.plan != count or top.seen):
            self.wrong(top, f"a second plan, 1..{count} after 1..{top.plan}")
        else:
            top.plan = count
        if directive and re.match(SKIP, directive):
            top.skip = re.sub(rf"^{SKIP}[:,]?\s*", "", directive)

    def torn(self, indent):
        """A line that must be a plan, and does not say of how many."""
        top = self.levels[-1] if self.levels else None
        if top and top.indent == indent and not top.seen and top.plan is None:
            self.wrong(top, "its plan was torn")

    def sums(self, indent, name, passed, failed, skipped, total):
        """KUnit's line on a list of results, just before it ends."""
        top = self.levels[-1]
        seen = {top.name: top.seen, "Totals": top.leaves}.get(name, total)
        if top.indent <= indent or total != passed + failed + skipped:
            return
        if total != seen:
            self.wrong(top, f"{seen} results came, of {total} that it counted")
        elif name in (top.name, "Totals") and failed and not top.bad:
            self.wrong(top, f"it counted {failed} that failed")

    def result(self, one):
        below, header = None, ""
        if self.levels and one.indent < self.levels[0].indent:
            # How many results were planned above the first header is not known.
            self.levels.insert(0, Level(one.indent, implied=True))
            self.wrong(self.levels[0], "its header was lost")
        skipped = one.outcome == SKIPPED
        while self.levels and self.levels[-1].indent > one.indent:
            if below is not None:
                self.merge(below)
            header = self.levels[-1].name
            below = self.close(self.levels.pop(), one.name, skipped)
        if not self.levels or self.levels[-1].indent < one.indent:
            self.enter(Level(one.indent, implied=True))
        level = self.levels[-1]
        name = one.name or str(one.number)
        self.last_result = (one.name, header)
        self.number(level, one, name)
        level.seen, level.last = level.seen + 1, name
        level.leaves += 1 if below is None else below.leaves
        good, outcome = one.outcome != FAILED, one.outcome
        log = self.taken()
        if below is not None and (below.seen or below.bad):
            self.inherit(level, below)
            if not good and not below.bad:
                self.fail(level, name)
                below.tests.append(Test("itself", FAILED, "it failed, though nothing below it did",
                                        log))
            outcome = FAILED if below.bad else outcome
            level.bad += bool(below.bad)
            self.keep_test(level, name, outcome, one.reason, log, below.tests)
            return
        if below is not None and below.skip is not None and good:
            outcome = SKIPPED
        if outcome == FAILED:
            self.fail(level, name)
        elif below is None or below.plan != 0 or outcome == SKIPPED:
            # A suite without a case has tested nothing.
            self.counts[outcome] += 1
        reason = one.reason or (below.skip if below is not None else "") or ""
        self.keep_test(level, name, outcome, reason, log)

    def bail_out(self, reason):
        if not self.levels:
            self.enter(Level(0, implied=True))
        self.wrong(self.levels[0], f"Bail out! {reason}".strip())

    # Numbers and lists -------------------------------------------------------

    def number(self, level, one, name):
        """KTAP counts from 1 in steps of 1."""
        if one.number > level.next:
            gone = one.number - level.next
            if level.plan is not None:
                gone = max(0, min(one.number, level.plan + 1) - level.next)
            if gone:
                self.missing(level, gone)
        elif one.number < level.next:
            self.wrong(level, f"{name}: number {one.number} came again or too late")
        if level.plan is not None and one.number > level.plan:
            level.extra += 1
        level.next = max(level.next, one.number + 1)

    def missing(self, level, count):
        self.counts["missing"] += count
        level.bad += 1
        self.note(level, "", f"{count} planned result(s) never came")
        if self.keep:
            # The last lines may say why the first did not come.
            log = self.taken()
            for number in range(level.next, level.next + min(count, NAMES)):
                level.tests.append(Test(f"missing_{number}", MISSING, "its result never came", log))
                log = ()

    def wrong(self, level, text):
        """Something is wrong with a list, and no test of it says so."""
        self.counts["failed"] += 1
        level.bad += 1
        self.note(level, "", text)
        if self.keep:
            level.tests.append(Test("results", FAILED, text, self.log))

    def fail(self, level, name):
        self.counts["failed"] += 1
        level.bad += 1
        self.note(level, name, "")

    @staticmethod
    def note(level, name, text):
        """(path, what was wrong); the path grows while the lists above are closed."""
        if len(level.failures) < NAMES:
            level.failures.append((name, text))

    def enter(self, level):
        self.levels.append(level)
        self.log.clear()
        return level

    def down_to(self, indent, why):
        """Leave the lists that are deeper, whose own result never came."""
        while self.levels and self.levels[-1].indent > indent:
            self.leave(why)

    def leave(self, why):
        level = self.close(self.levels.pop())
        if not self.levels:
            self.failures += [self.named(*f) for f in level.failures]
            del self.failures[NAMES:]
            self.tests += level.tests
            if level.skip is not None:
                self.skips.append(level.skip)
            return
        parent = self.levels[-1]
        if parent.plan is None and not level.bad:
            self.wrong(level, f"{why} before its own result came")
        self.inherit(parent, level)
        parent.bad += bool(level.bad)
        self.keep_test(parent, level.name or "unnamed", FAILED,
                       f"{why} before its own result came", self.taken(), level.tests)

    def close(self, level, name="", skipped=False):
        """A list of results has ended: is it complete? skipped: its own result says that."""
        level.name = level.name or name
        if level.plan is not None:
            if level.next <= level.plan:
                self.missing(level, level.plan - level.next + 1)
            if level.extra:
                self.wrong(level, f"{level.plan + level.extra} results for a plan of {level.plan}")
        elif not level.seen and not level.bad and not skipped:
            self.missing(level, 1)
        return level

    def merge(self, below):
        """A list two levels deeper counts as one below its parent."""
        level = self.levels[-1]
        self.inherit(level, below)
        level.bad += below.bad
        level.seen = level.seen or below.seen
        level.leaves += below.leaves
        level.tests += below.tests

    def inherit(self, level, below):
        for path, text in below.failures:
            self.note(level, ".".join(filter(None, [below.name, path])), text)

    @staticmethod
    def named(path, text):
        if not text:
            return path
        return f"{path or 'the run'}: {text}"

    # Tests -------------------------------------------------------------------

    def taken(self):
        if not self.keep:
            return ()
        log = list(self.log)
        self.log.clear()
        return log

    def keep_test(self, level, name, outcome, reason="", log=(), tests=()):
        if self.keep:
            if outcome in (PASSED, SKIPPED):
                log = [line for line in log if DIAGNOSTIC.match(line)]
            level.tests.append(Test(name, outcome, reason, log, tests))

    def cut(self):
        """The log ended in a line: was its result whole?"""
        name, header = self.last_result
        if header.startswith(name) and header != name and not self.levels[1:]:
            self.wrong(self.levels[0] if self.levels else self.enter(Level(0)),
                       f"{header}: its result was cut")

    def close_all(self, why="the log ended"):
        self.ended_in = self.where()
        while self.levels:
            self.leave(why)
        self.log.clear()


def read(lines):
    """The tests of a text that one writer wrote, as a Reader that was closed."""
    reader = Reader(keep=True)
    for line in lines:
        reader.line(line)
    reader.close_all()
    return reader
