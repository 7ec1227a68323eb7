# SPDX-License-Identifier: GPL-2.0
"""Numbers of make bench: what a console says, medians, ratios, goals, the table."""

import bisect
import random
import re
from collections import namedtuple
from statistics import median

from splitfree.base.failures import Failure

Row = namedtuple("Row", "case metric boot goal what")
Ratio = namedtuple("Ratio", "value low high")

LINE = re.compile(r"^bench (\w+) (\w+) (.+?)\s*$")
NUMBER = re.compile(r"\d+(?:\.\d+)?$")
GOAL = re.compile(r"(stock|value|\w+\.\w+)(<=|>=)(\d+(?:\.\d+)?)$")
BOOTS = ("few", "many", "most", "locks")
RESAMPLES = 2000
# Measured with each sample, with the factor by which samples that are alike may
# differ: how far apart the cores were, and how fast the core was.
ALIKE = {"hop_ns": 1.3, "pace_ns": 1.25}
# So many of all samples are a class.
ENOUGH = 0.25
# Rounds that each kernel needs within a class.
MIN_ROUNDS = 3


# Goals ----------------------------------------------------------------

def fields_of(text):
    """(number of the line, [field]) of the lines of a list that are no comments."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield number, [field.strip() for field in line.split("|")]


def parse_goals(text, form, make, name="goals.list"):
    """A goals.list. form: its fields; make: makes a goal of them, or raises a ValueError."""
    goals, names = [], form.split(" | ")
    for number, fields in fields_of(text):
        if len(fields) != len(names):
            raise Failure(f"{name} line {number} is no goal: {form}")
        try:
            goals.append(make(*fields))
        except ValueError as error:
            raise Failure(f"{name} line {number}: {error}") from None
    return goals


def checked(goal, *kinds):
    """The text of a goal; a ValueError if it is none, or compares with something else than kinds."""
    match = GOAL.match(goal)
    if not match or kinds and match.group(1) not in kinds:
        raise ValueError(f"{goal} is no goal")
    return goal


def row_of(case, metric, boot, goal, what):
    """The Row of a line of the bench's list; "-" has no goal."""
    if boot not in BOOTS:
        raise ValueError(f"the boot {boot} is none of {', '.join(BOOTS)}")
    return Row(case, metric, boot, goal if goal == "-" else checked(goal), what)


def rows_of(text):
    return parse_goals(text, "case | metric | boot | goal | what", row_of)


# Samples -------------------------------------------------------------

def parse_console(text):
    """One boot: ({case.metric: [values]}, {case: why it was skipped or failed}, ended)."""
    values, lacking = {}, {}
    text = text.replace("\r", "")
    for line in text.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        case, metric, rest = match.groups()
        if metric in ("skipped", "failed"):
            lacking[case] = f"{metric}: {rest}"
            continue
        words = rest.split()
        if all(NUMBER.match(word) for word in words):
            values[f"{case}.{metric}"] = [float(word) for word in words]
        else:
            lacking[case] = f"failed: the console has '{line.strip()}'"
    return values, lacking, bool(re.search(r"^bench: end$", text, re.M))


def with_state(values):
    """{case.metric: [(value, (kind, state) or None)]} of the samples of one boot.

    A state that could not be measured is endless: the host had stopped a CPU.
    """
    out = {}
    for key, found in values.items():
        case, metric = key.split(".")
        if metric in ALIKE:
            continue
        states = [None] * len(found)
        for kind in ALIKE:
            measured = values.get(f"{case}.{kind}", [])
            if len(measured) == len(found) and any(measured):
                states = [(kind, state or float("inf")) for state in measured]
        out[key] = list(zip(found, states))
    return out


def limits(raw):
    """{kind: the most that counts as good}, for what was measured.

    raw: {letter: {case.metric: [[(value, (kind, state))] a round]}}. How far apart
    the cores of a virtual machine are, and who else uses them, is the host's business:
    some levels, which it changes between as it likes. Good is up to the lowest with
    many samples.
    """
    return {kind: limit for kind, alike in ALIKE.items()
            if (limit := lowest_level(sorted(
                state[1] for metrics in raw.values() for rounds in metrics.values()
                for samples in rounds for _, state in samples
                if state and state[0] == kind and state[1] < float("inf")), alike))}


def lowest_level(states, alike):
    """The upper end of the lowest level that has many of the sorted states, or None."""
    for i, start in enumerate(states):
        # Half as wide, or it could begin below the level, and end in its middle.
        if bisect.bisect_right(states, start * alike ** 0.5) - i >= ENOUGH * len(states):
            return start * alike
    return None


def is_good(state, limit):
    """Is this sample to be compared? limit: what limits() returns."""
    return not state or state[1] <= limit.get(state[0], state[1])


def medians(rounds, keep):
    """A value for each round that has samples to keep."""
    kept = ([value for value, state in samples if keep(state)] for samples in rounds)
    return [median(values) for values in kept if values]


def compared(rows):
    """[(key, key)]: what the goals compare with each other."""
    found = ((f"{row.case}.{row.metric}", GOAL.match(row.goal)) for row in rows)
    return [(key, goal.group(1)) for key, goal in found if goal and "." in goal.group(1)]


def by_state(raw, limit, together=()):
    """(good, bad, mixed): the data to compare, that of the other samples, keys that mix both.

    A value without a state does not depend on it, and is in the first. A key that
    lacks good samples of stock or of split is compared by all that it has, and so is
    what is compared with it.
    """
    good, bad = {letter: {} for letter in raw}, {letter: {} for letter in raw}
    keys = {key for metrics in raw.values() for key in metrics}

    def kept(letter, key, keep):
        return medians(raw[letter].get(key, []), keep)

    def lacks(key):
        return any(len(kept(letter, key, lambda state: is_good(state, limit)))
                   < min(MIN_ROUNDS, len(raw[letter].get(key, []))) for letter in "AC")

    mixed = {key for key in keys if lacks(key)}
    before = None
    while before != len(mixed):
        before = len(mixed)
        for pair in together:
            if not mixed.isdisjoint(pair):
                mixed.update(keys.intersection(pair))
    for letter in raw:
        for key in raw[letter]:
            if found := kept(letter, key, lambda state, key=key: key in mixed or
                             is_good(state, limit)):
                good[letter][key] = found
            if found := kept(letter, key, lambda state: not is_good(state, limit)):
                bad[letter][key] = found
    return good, bad, mixed


def spread(values):
    """Half of the range between the quartiles, as a part of the median."""
    ordered = sorted(values)
    if len(ordered) < 2 or not median(ordered):
        return 0.0
    low = ordered[len(ordered) // 4]
    high = ordered[-1 - len(ordered) // 4]
    return (high - low) / 2 / median(ordered)


def ratio(above, below, seed=1, centre=median, paired=False, group=None):
    """Ratio of the medians of two lists, a value a round, with a 95 % bootstrap interval.

    The lists may differ in length, when not each round had a sample of the kind. centre:
    what is compared instead of the medians. paired: the lists have the same rounds, and
    rounds are as different as what they measured. group: a function of a value; what is
    in one group is alike, and all groups are always there.
    """
    if not above or not below or not centre(below):
        return None

    def of(a, b):
        under = centre(b)
        return centre(a) / under if under else float("inf")

    generator = random.Random(seed)

    def grouped(values):
        return [[value for value in values if group(value) == key]
                for key in sorted({group(value) for value in values})]

    def resampled():
        if group:
            return [[value for same in grouped(values) for value in
                     generator.choices(same, k=len(same))] for values in (above, below)]
        if paired:
            return zip(*generator.choices(list(zip(above, below)), k=len(above)))
        return (generator.choices(above, k=len(above)), generator.choices(below, k=len(below)))

    found = sorted(of(*resampled()) for _ in range(RESAMPLES))
    return Ratio(of(above, below), found[int(RESAMPLES * 0.025)], found[int(RESAMPLES * 0.975)])


def of_stock(data, key):
    """The values of both stock kernels: one of them alone would have the noise of its turn."""
    return (data["A"].get(key) or []) + (data["D"].get(key) or [])


# Was it met? -------------------------------------------------------------------

def goal_met(row, data):
    """(verdict, Ratio) of a row. data: {letter: {case.metric: [a value a round]}}.

    Unsure is a verdict of its own: another run may find the value on the other side
    of the limit, within the interval.
    """
    key = f"{row.case}.{row.metric}"
    split, stock = data["C"].get(key), of_stock(data, key)
    if not split:
        return "not measured", None
    against_stock = ratio(split, stock) if stock else None
    if row.goal == "-":
        return "stated", against_stock
    what, sign, limit = GOAL.match(row.goal).groups()
    limit = float(limit)
    if what == "value":
        found = Ratio(median(split), min(split), max(split))
    elif what == "stock":
        found = against_stock
    else:
        found = ratio(split, data["C"].get(what) or [])
    if not found:
        return "not measured", against_stock
    return verdict_of(sign, limit, found), found


def verdict_of(sign, limit, found):
    """met: the whole interval is on the right side of the limit; missed: none of it."""
    all_met, none_met = ((found.high <= limit, found.low > limit) if sign == "<=" else
                         (found.low >= limit, found.high < limit))
    return "met" if all_met else "missed" if none_met else "unsure"


def count(verdicts):
    """The number of each verdict, in words."""
    return "goals: " + ", ".join(f"{verdicts.count(word)} {word}"
                                 for word in ("met", "missed", "unsure", "not measured"))


def compare_runs(before, now):
    """(same, differ, contradict): goals of two runs, as rows of results.json.

    The last two are lists of texts. A goal at its limit can be unsure in one run and
    not in the other; met in one and missed in the other is a contradiction.
    """
    def verdicts(rows):
        # An older result has "missed (unsure)".
        words = ((row, row["verdict"].split()[-1].strip("()")) for row in rows)
        return {(row["ncpus"], row["case"], row["metric"], row["goal"]): word
                for row, word in words if word in ("met", "missed", "unsure")}

    then, same, differ, contradict = verdicts(before), 0, [], []
    for key, verdict in verdicts(now).items():
        if key not in then:
            continue
        if then[key] == verdict:
            same += 1
            continue
        ncpus, case, metric, goal = key
        text = f"{case} {metric} {goal}, {ncpus} CPUs: {then[key]}, now {verdict}"
        (differ if "unsure" in (then[key], verdict) else contradict).append(text)
    return same, differ, contradict


# The table ---------------------------------------------------------------------

def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cell(values):
    return f"{number(median(values))} ±{spread(values) * 100:.0f}%" if values else "-"


def ratio_text(found):
    if not found:
        return "-"
    return f"{number(found.value)} [{number(found.low)}, {number(found.high)}]"


OTHER_HEAD = ("with the cores far apart, or shared", "stock", "coarse", "split", "coarse/stock",
            "split/stock", "goal", "verdict")
HEAD = ("case", "stock", "coarse", "split", "stock again/stock", "coarse/stock", "split/stock",
        "goal", "verdict")


def other_rows(rows, bad):
    """Lists of cells for the samples that were not compared above."""
    out = []
    for row in rows:
        key = f"{row.case}.{row.metric}"
        stock, *have = of_stock(bad, key), *(bad[letter].get(key) or [] for letter in "BC")
        if stock and have[1]:
            out.append([row.what, cell(stock), *(cell(values) for values in have),
                        *(ratio_text(ratio(values, stock)) for values in have), row.goal,
                        goal_met(row, bad)[0]])
    return out


def table_rows(rows, data, mixed=()):
    """Lists of cells. Where the goal is no ratio to stock, it says what it was.

    mixed: keys that have samples of cores in any state, which is said.
    """
    out = []
    for row in rows:
        key = f"{row.case}.{row.metric}"
        have = {letter: data[letter].get(key) or [] for letter in ("A", "B", "C", "D")}
        verdict, found = goal_met(row, data)
        goal = row.goal
        if found and goal != "-" and not goal.startswith("stock"):
            goal += f", is {ratio_text(found)}"
        stock = of_stock(data, key)
        out.append([row.what, cell(stock), cell(have["B"]), cell(have["C"]),
                    ratio_text(ratio(have["D"], have["A"])),
                    ratio_text(ratio(have["B"], stock)),
                    ratio_text(ratio(have["C"], stock)), goal,
                    verdict + (", all" if key in mixed else "")])
    return out


def table(cells, head=HEAD):
    """Text with columns that line up."""
    lines = [list(head)] + cells
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip()
                     for line in lines)


RST_HEAD = ("case", "metric", "stock", "split", "again", "coarse", "split/stock", "goal",
            "verdict")


def rst(rows, data, mixed=()):
    """The same as a table for the documentation; ratios are to stock."""
    def plain(a, b):
        found = ratio(a, b)
        return number(found.value) if found else "-"

    lines = [RST_HEAD]
    for row in rows:
        key = f"{row.case}.{row.metric}"
        have = {letter: data[letter].get(key) or [] for letter in "ABCD"}
        verdict, found = goal_met(row, data)
        goal = row.goal.removeprefix("stock")
        if found and goal == row.goal and goal != "-":
            verdict += f", {number(found.value)}"
        if key in mixed:
            verdict += ", all"
        stock = of_stock(data, key)
        lines.append((row.case, row.metric, cell(stock), cell(have["C"]),
                      plain(have["D"], have["A"]), plain(have["B"], stock),
                      ratio_text(ratio(have["C"], stock)), goal, verdict))
    widths = [max(len(line[i]) for line in lines) for i in range(len(RST_HEAD))]
    rule = "  ".join("=" * width for width in widths)
    text = ["  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip()
            for line in lines]
    return "\n".join([rule, text[0], rule, *text[1:], rule])
