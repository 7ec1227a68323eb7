# SPDX-License-Identifier: GPL-2.0
"""Which line keeps a branch that gcov lists at several."""

import gzip
import json
import os
import subprocess
import sys
import unittest

from splitfree.base.paths import SCRIPTS
from splitfree.judge import gcov
from tests import fakes


def branch(count, source=None, destination=0):
    names = {} if source is None else {"source_block_id": source,
                                       "destination_block_id": destination}
    return {"count": count, "throw": False, "fallthrough": False, **names}


def pair(source, taken, not_taken=0):
    """The two branches that end a piece of the code."""
    return [branch(taken, source, source + 1), branch(not_taken, source, source + 2)]


def data(**lines):
    """The output of gcov. lines: {text of the file, c or h: [(number, branches)]}"""
    return {"files": [{"file": "f." + name, "lines": [
        {"line_number": number, "branches": branches} for number, branches in rows]}
        for name, rows in lines.items()]}


def left(found):
    """{(file, line): counts of its branches}, of lines that have any."""
    return {(file["file"], line["line_number"]): [one["count"] for one in line["branches"]]
            for file in found["files"] for line in file["lines"] if line["branches"]}


class Decide(unittest.TestCase):
    TEXTS = {("f.c", 1): "\tx = y;", ("f.c", 2): "\tif (x)", ("f.c", 3): "\tMACRO(x);",
             ("f.c", 4): "\tlist_for_each_entry(a, b, c) {", ("f.c", 5): "\t    && z)",
             ("f.h", 9): "\treturn page;"}

    def decide(self, **lines):
        found = data(**lines)
        gcov.decide(found, lambda *place: self.TEXTS[place])
        return left(found)

    def test_the_condition_keeps_it_and_what_comes_before_does_not(self):
        self.assertEqual(self.decide(c=[(1, pair(7, 12)), (2, pair(7, 12))], h=[(9, pair(7, 12))]),
                         {("f.c", 2): [12, 0]})

    def test_loops_and_lines_in_between_decide(self):
        for number in (4, 5):
            self.assertEqual(self.decide(c=[(1, pair(7, 3)), (number, pair(7, 3))]),
                             {("f.c", number): [3, 0]})

    def test_one_that_is_listed_once_stays(self):
        self.assertEqual(self.decide(c=[(1, pair(7, 12)), (3, pair(8, 12))]),
                         {("f.c", 1): [12, 0], ("f.c", 3): [12, 0]})

    def test_without_a_condition_the_last_line_of_the_file_itself_keeps_it(self):
        self.assertEqual(self.decide(c=[(1, pair(7, 5)), (3, pair(7, 5))], h=[(9, pair(7, 5))]),
                         {("f.c", 3): [5, 0]})

    def test_the_same_number_in_another_function_is_another_piece(self):
        self.assertEqual(self.decide(c=[(2, pair(7, 12))], h=[(9, pair(7, 800))]),
                         {("f.c", 2): [12, 0], ("f.h", 9): [800, 0]})

    def test_a_line_keeps_its_other_branches(self):
        self.assertEqual(self.decide(c=[(1, pair(7, 12) + pair(20, 4)), (2, pair(7, 12))]),
                         {("f.c", 1): [4, 0], ("f.c", 2): [12, 0]})

    def test_an_earlier_gcov_is_believed(self):
        rows = [(1, [branch(12), branch(0)]), (2, [branch(12), branch(0)])]
        self.assertEqual(self.decide(c=rows), {("f.c", 1): [12, 0], ("f.c", 2): [12, 0]})


class Command(fakes.Directory):
    """scripts/gcov.py with a gcov that only writes what it was told to."""

    def run_it(self, status=0):
        with open(os.path.join(self.top, "f.c"), "w", encoding="utf-8") as handle:
            handle.write("\tx = y;\n\tif (x)\n")
        said = data(c=[(1, pair(7, 12)), (2, pair(7, 12)), (3, pair(7, 12))])
        said["current_working_directory"] = self.top
        with gzip.open(os.path.join(self.top, "f.gcov.json.gz"), "wt", encoding="utf-8") as handle:
            json.dump(said, handle)
        self.program("gcov", f'echo "gcov $*"; exit {status}')
        result = subprocess.run(
            [sys.executable, os.path.join(SCRIPTS, "gcov.py"), "-b", "x"], cwd=self.top,
            env={**os.environ, "PATH": self.top + ":" + os.environ["PATH"],
                 "PYTHONDONTWRITEBYTECODE": "1"}, stdout=subprocess.PIPE, check=False)
        with gzip.open(os.path.join(self.top, "f.gcov.json.gz"), "rt", encoding="utf-8") as handle:
            return result, left(json.load(handle))

    def test_it_is_gcov_but_for_the_branches(self):
        result, found = self.run_it()
        self.assertEqual((result.returncode, result.stdout), (0, b"gcov -b x\n"))
        # The third line cannot be read.
        self.assertEqual(found, {("f.c", 2): [12, 0], ("f.c", 3): [12, 0]})

    def test_its_status(self):
        self.assertEqual(self.run_it(3)[0].returncode, 3)


if __name__ == "__main__":
    unittest.main()
