# SPDX-License-Identifier: GPL-2.0
"""gcov for lcov, with each branch at the line that decides.

From gcc 14 on, gcov lists a branch of the object code at each line whose code ends in that
piece: at the condition, and at assignments before it, in each function that was inlined
there. So one branch that is not taken counts as several, at lines that decide nothing.
Here it is left at the lines with a condition. Where none has one, as with a macro, it is
left at the last. gcov of earlier versions is not changed: it says no more than one line.
"""

import collections
import glob
import gzip
import json
import os
import re
import subprocess

# A line with a branch of its own has one of these.
DECIDES = re.compile(r"\b(if|while|for|switch|case)\b|for_\w+\(|&&|\|\||\?")
FILES = "*.gcov.json.gz"

# Where gcov lists branches: a line, its place among the lines, and what it has of one piece.
Listed = collections.namedtuple("Listed", "line decides order arcs")


def pieces(branches):
    """[(name of the piece that they end, its branches)]; without names: of an earlier gcov."""
    found = []
    for one in branches:
        if "source_block_id" not in one:
            continue
        if not found or found[-1][0]["source_block_id"] != one["source_block_id"]:
            found.append([])
        found[-1].append(one)
    return [((arcs[0]["source_block_id"],
              *((one["destination_block_id"], one["count"]) for one in arcs)), arcs)
            for arcs in found]


def decide(data, text):
    """Take branches out of data, what gcov says of an object. text(file, line): that line."""
    listed = collections.defaultdict(list)
    for file in data["files"]:
        for line in file["lines"]:
            number = line["line_number"]
            for name, arcs in pieces(line["branches"]):
                order = (not file["file"].endswith(".h"), number)
                decides = bool(DECIDES.search(text(file["file"], number)))
                listed[name].append(Listed(line, decides, order, arcs))
    for places in listed.values():
        last = max(places, key=lambda one: one.order)
        none = not any(one.decides for one in places)
        for one in places:
            if not (one.decides or none and one is last):
                gone = set(map(id, one.arcs))
                one.line["branches"] = [arc for arc in one.line["branches"] if id(arc) not in gone]


class Sources:
    """The lines of the source files."""

    def __init__(self, where):
        self.where, self.files = where, {}

    def __call__(self, name, number):
        if name not in self.files:
            try:
                with open(os.path.join(self.where, name), encoding="utf-8",
                          errors="replace") as handle:
                    self.files[name] = handle.read().splitlines()
            except OSError:
                self.files[name] = []
        lines = self.files[name]
        # A line that cannot be read may decide.
        return lines[number - 1] if 0 < number <= len(lines) else "?"


def main(words):
    """gcov with these words, then its files; returns its status."""
    status = subprocess.run(["gcov", *words], check=False).returncode
    for path in glob.glob(FILES):
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            data = json.load(handle)
        decide(data, Sources(data.get("current_working_directory", "")))
        with gzip.open(path, "wt", encoding="utf-8") as handle:
            json.dump(data, handle)
    return status
