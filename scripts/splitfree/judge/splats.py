# SPDX-License-Identifier: GPL-2.0
"""Finds what a kernel must not say, and only in what the kernel said.

A report has one entry, at its first line; the rest of it is no second splat. An
excuse is for the report that it fits and for no line of another one.
"""

import collections
import os
import re

from splitfree.judge import excuses as excuses_of
from splitfree.judge.excuses import BadList

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(HERE, "splats.list")
EXCUSES = os.path.normpath(os.path.join(HERE, *[os.pardir] * 3, "tools/testing/excuses/splats.list"))
SECTIONS = ("exact", "report", "detail", "always", "trace", "quiet", "not")

# Lines just before "cut here", which belong to it if that is a BUG.
PRELUDE = re.compile(r"list_(?:add|del) corruption|list_add double add|usercopy: ")
CUT_HERE = "------------["
CUT = (CUT_HERE, "8<--- cut here")
# The first line of what follows "cut here", and what is said with it: before it, or, where a
# warning is no trap (UML), behind it.
HEADLINE = re.compile(r"WARNING: |[Kk]ernel BUG at ")
REASONS = re.compile(r"refcount_t: |ODEBUG: |list_(?:add|del) corruption|list_add double add"
                     r"|kobject: .* is not initialized|DEBUG_LOCKS_WARN_ON\(")
END = re.compile(r"---\[ end (?:trace|Kernel panic)")
# Lines of a report, at most, without those of its stacks; from "cut here" to the line that says
# where; from there to a reason behind it.
REPORT, REASON, BEHIND = 60, 12, 3
# How far below the beginning of a report its stacks can be. Lists of locks are long.
TRACE = 600
# So much is kept of a log that is one long complaint.
KEPT, KEPT_LINES = 200, 120

Splat = collections.namedtuple("Splat", "line text report where")


# For words_of(): parts of a regular expression that are no characters of their own.
TOKEN = re.compile(r"\\[bBdDwWsSAZ]|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d*,?\d*\}[?]?|[*+?][?]?"
                   r"|\(\?[:=!]|\(\?<[=!]|[()|^$.]|.", re.S)


def words_of(pattern):
    """Each text that the pattern fits has one of these words; None: there are none.

    A regular expression of many alternatives is slow, and looking for words is not.
    """
    tokens = TOKEN.findall(pattern)

    def alternatives(at):
        """([runs of characters] of each alternative, where the group ends)."""
        found, runs, run = [], [], ""
        while at < len(tokens):
            token = tokens[at]
            if token in ")|":
                found.append(runs + [run])
                runs, run = [], ""
                if token == ")":
                    return found, at
            elif token.startswith("("):
                inner, at = alternatives(at + 1)
                runs, run = runs + [run], ""
                optional = tokens[at + 1:at + 2] and tokens[at + 1][0] in "*?{"
                if token == "(?:" and not optional:
                    best = [longest(one) for one in inner]
                    if all(best):
                        runs.append(best)
            elif re.match(r"[*?{]", token):
                # The character before need not be there.
                runs, run = runs + [run[:-1]], ""
            elif token == "+" or token == "+?":
                runs, run = runs + [run], ""
            elif len(token) == 1 and token not in ".^$":
                run += token
            elif len(token) == 2 and token[0] == "\\" and token[1] not in "bBdDwWsSAZ":
                run += token[1]
            elif token not in ("\\b", "^", "$"):
                runs, run = runs + [run], ""
            at += 1
        found.append(runs + [run])
        return found, at

    def longest(runs):
        """The best of the runs that an alternative must have: a list of words."""
        choices = [run if isinstance(run, list) else [[run]] for run in runs if run]
        choices = [sum(choice, []) for choice in choices]
        choices = [c for c in choices if all(len(word) >= 3 for word in c)]
        return max(choices, key=lambda c: (min(map(len, c)), -len(c)), default=None)

    best = [longest(runs) for runs in alternatives(0)[0]]
    return sum(best, []) if all(best) else None


def union(patterns):
    return re.compile("|".join(f"(?:{p})" for p in patterns) or r"(?!)")


def shortest(words):
    """Without those that hold another one."""
    return sorted({w for w in words if not any(o in w for o in words if o != w)})


class Few:
    """The patterns that a line can fit at all."""

    def __init__(self, sections):
        self.exact = union(sections["exact"] + sections["always"])
        self.always = union(sections["always"])
        self.head = union(sections["exact"] + sections["report"] + sections["always"])
        self.any = union(sum((sections[name] for name in SECTIONS[:4]), []))
        self.trace, self.quiet = union(sections["trace"]), union(sections["quiet"])


class Patterns:
    """The patterns of one list. Of a list without sections each is a report."""

    def __init__(self, sections):
        for one in sum(sections.values(), []):
            re.compile(one)
        self.sections = sections
        self.harmless = union(sections["not"])
        self.of_words = {}
        for name in SECTIONS[:-1]:
            for one in sections[name]:
                for word in words_of(one) or [""]:
                    self.of_words.setdefault(word, set()).add(one)
        # In a line without one of these there is nothing to find.
        self.words = shortest(self.of_words)
        self.cache = {}

    def few(self, text, words=None):
        """The patterns for this message; None: none can fit. words: only these can be in it."""
        words = tuple([word for word in words or self.words if word in text])
        if not words:
            return None
        if words not in self.cache:
            # A longer word may hold several of the short ones.
            chosen = set()
            for word, patterns in self.of_words.items():
                if any(short in word for short in words):
                    chosen |= patterns
            self.cache[words] = Few({name: [one for one in self.sections[name] if one in chosen]
                                     for name in SECTIONS})
        return self.cache[words]

    def search(self, text):
        """Is there a splat in this one message?"""
        few = self.few(text)
        return few and few.any.search(self.harmless.sub(" ", text))

    def exact(self, text):
        few = self.few(text)
        return few and few.exact.search(text)


def read_list(path=LIST):
    sections, section = {name: [] for name in SECTIONS}, "report"
    with open(path, encoding="utf-8") as handle:
        for line in handle:
            # A blank at the end of a pattern counts.
            line = line.rstrip("\n")
            if line[1:-1] in SECTIONS and line == f"[{line[1:-1]}]":
                section = line[1:-1]
            elif line.strip() and not line.startswith("#"):
                sections[section].append(line)
    if not any(sections[name] for name in SECTIONS[:-1]):
        raise BadList(f"{path} has no pattern, so nothing would be seen")
    try:
        return Patterns(sections)
    except re.error as error:
        raise BadList(f"{path}: {error}") from None


def of_regex(pattern):
    """The patterns of another kind of log, seen everywhere."""
    return Patterns({**{name: [] for name in SECTIONS}, "exact": [pattern]})


def read_excuses(path=EXCUSES):
    return excuses_of.read(path)


class Scanner:
    """Takes the messages of a log one by one; what it found is known after close()."""

    def __init__(self, patterns, excuses=(), today=None, keep_reports=False):
        self.patterns, self.excuses, self.today = patterns, list(excuses), today
        self.keep_reports = keep_reports
        self.splats, self.excused, self.expired = [], [], []
        self.nr_splats = 0
        # The report that goes on: its first line, and whether it was excused.
        self.inside, self.inside_excused, self.report = 0, False, None
        # The last line that explains a stack below it.
        self.traced = -TRACE
        # After "cut here": its line, the messages since, those of them that say why, the
        # first line of the report, and the last complaint before.
        self.cut, self.messages, self.reasons, self.last = 0, [], [], (0, "")
        self.headline, self.prelude = None, ""

    def ended(self, number, is_ktap):
        """Has the report come to its end before this line?"""
        if self.inside and (is_ktap or number > self.inside + REPORT):
            self.inside, self.report = 0, None
        if self.cut and (is_ktap or number > self.cut + REASON
                         or self.headline and number > self.headline[0] + BEHIND):
            self.cut_off()

    def cut_off(self):
        """No more can belong to a "cut here". If nothing followed, the marker is a splat."""
        text = self.reasons[0] if self.reasons else CUT_HERE + " cut here ]"
        number, text, where = self.headline or (self.cut, text, "")
        messages, reasons = self.messages, self.reasons
        if self.prelude and "BUG at " in text:
            reasons = [self.prelude, *reasons]
        self.cut, self.messages, self.reasons, self.headline = 0, [], [], None
        self.begin(number, text, messages, reasons, where)

    def close(self):
        if self.cut:
            self.cut_off()

    def going_on(self):
        return self.inside or self.cut

    def dull(self, number, text, is_ktap=False):
        """A message that has no word of a pattern, while a report goes on."""
        self.ended(number, is_ktap)
        self.more(number, text)

    def line(self, number, text, is_ktap=False, diagnostic=False, where="", only_always=False,
             words=None):
        """One message. is_ktap: a result, plan or header; diagnostic: a "# " line of a test."""
        few = self.patterns.few(text, words)
        if few is None:
            if self.going_on():
                self.dull(number, text, is_ktap)
            return
        if self.going_on():
            self.ended(number, is_ktap)
            self.more(number, text)
        if not (is_ktap or diagnostic or only_always):
            text = self.stack(number, text, where, few)
        if is_ktap or diagnostic:
            found = few.exact.search(text)
        elif only_always:
            found = few.always.search(text)
        else:
            found = few.any.search(text)
        if not found:
            return
        harmless = self.patterns.harmless.search(text)
        if harmless:
            text = text[:harmless.start()] + " " + text[harmless.end():]
            found = (few.always if only_always else few.any).search(text)
            if not found:
                return
        # Several may have been written on one line, each with its own right to an excuse.
        end = found.end()
        if is_ktap or diagnostic:
            text, end = text[found.start():], found.end() - found.start()
        for part in self.divide(text, end, few):
            self.complaint(number, part, where, few)

    def stack(self, number, text, where, few):
        """Is it of a report whose first line is missing? Returns what else is on the line."""
        if few.quiet.search(text):
            self.traced = number
        elif few.trace.search(text):
            known = self.going_on() or number <= self.traced + TRACE
            self.traced = number
            end = END.search(text)
            if not known and not few.head.search(text[:end.start() if end else None]):
                self.begin(number, text, [], [], where)
            if end:
                if self.cut:
                    self.cut_off()
                # Whatever stands behind it is no part of the report.
                self.inside, self.report = 0, None
                return text[:end.start()] + text[end.start():].partition("]---")[2]
        return text

    def more(self, number, text):
        if self.inside and text[:1] == " " and number <= self.traced + TRACE:
            # A stack. The report has not ended, however long it is.
            self.inside = number
        if self.report is not None and len(self.report) < KEPT_LINES:
            self.report.append(text)
        if self.cut and len(self.messages) < REASON:
            self.messages.append(text)

    @staticmethod
    def divide(text, first, few):
        """The complaints of one line, each up to the next. first: where the first one ends."""
        cuts = [m.start() for m in few.exact.finditer(text, first)]
        begins = [0] + cuts
        for at, end in zip(begins, begins[1:] + [len(text)]):
            if text[at:end].strip():
                yield text[at:end]

    def complaint(self, number, text, where, few):
        if any(cut in text for cut in CUT):
            if self.cut:
                self.cut_off()
            # The next lines say what it is.
            near = self.last[0] >= number - 2 and PRELUDE.search(self.last[1])
            self.cut, self.messages, self.reasons = number, [], []
            self.prelude = self.last[1] if near else ""
            return
        head = few.head.search(text)
        self.last = (number, text)
        if self.cut:
            if REASONS.search(text):
                self.reasons.append(text)
                return
            if not head:
                # Of another report, which another CPU writes.
                self.begin(number, text, [], [], where, False)
                return
            first, self.headline = self.headline, self.headline or (number, text, where)
            if not first and HEADLINE.search(text):
                return
            self.cut_off()
            if not first:
                return
        if not self.inside or (head and self.inside_excused):
            self.begin(number, text, [], [], where, bool(head))

    def begin(self, number, text, messages, reasons, where, head=True):
        """A report begins with this line.

        messages: what belongs to it from before; reasons: the complaints among them.
        """
        if self.inside and not self.inside_excused:
            return
        texts = [text] + reasons
        self.traced = number
        fitting = [e for e in self.excuses if any(e.pattern.search(t) for t in texts)]
        excuse = next((e for e in fitting if excuses_of.holds(e, self.today)), None)
        # A detail that is excused has no lines below it.
        self.inside, self.inside_excused = number if head or not excuse else 0, bool(excuse)
        if text not in messages:
            messages = [*messages, text]
        self.report = messages if self.keep_reports else None
        splat = Splat(number, text.strip(), self.report or [], where)
        if excuse:
            if len(self.excused) < KEPT:
                self.excused.append(splat)
            return
        self.nr_splats += 1
        if len(self.splats) < KEPT:
            self.splats.append(splat)
        self.expired += [e for e in fitting if e not in self.expired]
