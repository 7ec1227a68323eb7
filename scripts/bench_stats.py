# SPDX-License-Identifier: GPL-2.0
"""Numbers of make bench: what a console says, medians, ratios, goals, the table."""

import random
import re
from collections import namedtuple
from statistics import median

from common import Failure

Row = namedtuple("Row", "case metric boot goal what")
Ratio = namedtuple("Ratio", "value low high")

LINE = re.compile(r"^bench (\w+) (\w+) (.+?)\s*$")
NUMBER = re.compile(r"\d+(?:\.\d+)?$")
GOAL = re.compile(r"(stock|value|\w+\.\w+)(<=|>=)(\d+(?:\.\d+)?)$")
BOOTS = ("few", "many", "locks")
RESAMPLES = 2000


# What was asked ----------------------------------------------------------------

def parse_goals(text, name="goals.list"):
    """The rows of goals.list."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 5:
            raise Failure(f"{name} line {number} has {len(fields)} fields, not 5")
        row = Row(*fields)
        if row.boot not in BOOTS:
            raise Failure(f"{name} line {number}: the boot {row.boot} is none of "
                          f"{', '.join(BOOTS)}")
        if row.goal != "-" and not GOAL.match(row.goal):
            raise Failure(f"{name} line {number}: {row.goal} is no goal")
        rows.append(row)
    return rows


# What was measured -------------------------------------------------------------

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


def one_value(values):
    """Of the samples of one boot."""
    return median(values)


def spread(values):
    """Half of the range between the quartiles, as a part of the median."""
    ordered = sorted(values)
    if len(ordered) < 2 or not median(ordered):
        return 0.0
    low = ordered[len(ordered) // 4]
    high = ordered[-1 - len(ordered) // 4]
    return (high - low) / 2 / median(ordered)


def ratio(above, below, seed=1):
    """Ratio of the medians of two lists, round by round, with a 95 % bootstrap interval."""
    pairs = list(zip(above, below))
    if not pairs or not median(b for _, b in pairs):
        return None

    def of(chosen):
        under = median(b for _, b in chosen)
        return median(a for a, _ in chosen) / under if under else float("inf")

    generator = random.Random(seed)
    found = sorted(of([generator.choice(pairs) for _ in pairs]) for _ in range(RESAMPLES))
    return Ratio(of(pairs), found[int(RESAMPLES * 0.025)], found[int(RESAMPLES * 0.975)])


# Was it met? -------------------------------------------------------------------

def judge(row, data):
    """(verdict, Ratio) of a row. data: {letter: {case.metric: [a value a round]}}."""
    key = f"{row.case}.{row.metric}"
    split, stock = data["C"].get(key), data["A"].get(key)
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
    met = found.value <= limit if sign == "<=" else found.value >= limit
    unsure = found.low <= limit <= found.high and found.low != found.high
    word = "met" if met else "missed"
    return word + (" (unsure)" if unsure else ""), found


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


HEAD = ("case", "stock", "coarse", "split", "stock again/stock", "coarse/stock", "split/stock",
        "goal", "verdict")


def table_rows(rows, data):
    """Lists of cells. Where the goal is no ratio to stock, it says what it was."""
    out = []
    for row in rows:
        key = f"{row.case}.{row.metric}"
        have = {letter: data[letter].get(key) or [] for letter in ("A", "B", "C", "D")}
        verdict, found = judge(row, data)
        goal = row.goal
        if found and goal != "-" and not goal.startswith("stock"):
            goal += f", is {ratio_text(found)}"
        out.append([row.what, *(cell(have[letter]) for letter in "ABC"),
                    ratio_text(ratio(have["D"], have["A"])),
                    ratio_text(ratio(have["B"], have["A"])),
                    ratio_text(ratio(have["C"], have["A"])), goal, verdict])
    return out


def table(cells):
    """Text with columns that line up."""
    lines = [list(HEAD)] + cells
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip()
                     for line in lines)


RST_HEAD = ("case", "metric", "stock", "split", "again", "coarse", "split/stock", "goal",
            "verdict")


def rst(rows, data):
    """The same as a table for the documentation; ratios are to stock."""
    def plain(a, b):
        found = ratio(a, b)
        return number(found.value) if found else "-"

    lines = [RST_HEAD]
    for row in rows:
        key = f"{row.case}.{row.metric}"
        have = {letter: data[letter].get(key) or [] for letter in "ABCD"}
        verdict, found = judge(row, data)
        goal = row.goal.removeprefix("stock")
        if found and goal == row.goal and goal != "-":
            verdict += f", {number(found.value)}"
        lines.append((row.case, row.metric, cell(have["A"]), cell(have["C"]),
                      plain(have["D"], have["A"]), plain(have["B"], have["A"]),
                      ratio_text(ratio(have["C"], have["A"])), goal, verdict))
    widths = [max(len(line[i]) for line in lines) for i in range(len(RST_HEAD))]
    rule = "  ".join("=" * width for width in widths)
    text = ["  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip()
            for line in lines]
    return "\n".join([rule, text[0], rule, *text[1:], rule])
