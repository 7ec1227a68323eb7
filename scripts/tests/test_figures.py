# SPDX-License-Identifier: GPL-2.0
"""The figures of README.md and of the cover letter are those of docs/results.md."""

import os
import re
import unittest

from splitfree.base.paths import ROOT

NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w])")
# A word of a paragraph, and the section of results.md that has its figures.
SECTIONS = (("kvfree_rcu", "What kvfree_rcu() gains"),
            ("local allocation", "What the hot functions compile to"),
            ("time for the free", "Frees and allocations, this design"),
            ("blocks|huge pages|each of the two", "Whole blocks and huge pages"))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as handle:
        return handle.read()


def section(text, title):
    """The part of results.md below a heading."""
    return re.split(r"(?m)^## ", text.split(f"\n## {title}\n")[1])[0]


def numbers(text):
    return [number.replace(",", "") for number in NUMBER.findall(text)]


def rounded(number, known):
    """Is it one of the known numbers, or what one of them is with fewer digits behind the point?"""
    digits = len(number.partition(".")[2])
    return any(f"{float(one):.{digits}f}" == number for one in known)


def figures(name):
    """The paragraphs and rows of a page that have figures."""
    text = read(name)
    if name == "README.md":
        text = text.split("\nFour figures")[1].split("\n## ")[0]
        return [row for row in text.split("\n") if row.startswith("| ") and NUMBER.search(row)] \
            + [part for part in text.split("\n\n") if "worse than stock" in part]
    parts = text.split("\nFigures\n-------\n")[1].split("\n\n")
    # The line above a table says what is in it.
    return [part for part in parts if NUMBER.search(part) and not part.rstrip().endswith(":")]


def unknown(part, results):
    """Numbers of a paragraph that its section of results.md does not have."""
    title = next(title for word, title in SECTIONS if re.search(word, part))
    known = numbers(section(results, title))
    return [number for number in numbers(part) if not rounded(number, known)]


class Figures(unittest.TestCase):
    def test_each_is_in_the_results(self):
        results = read("docs/results.md")
        for name, least in (("README.md", 5), ("patches/cover-letter.txt", 5)):
            parts = figures(name)
            self.assertGreaterEqual(len(parts), least, name)
            for part in parts:
                self.assertEqual(unknown(part, results), [], f"{name}: {part}")

    def test_a_figure_that_changed_is_noticed(self):
        results = "\n## What kvfree_rcu() gains\n\n92.08 and 1,176,308\n## Other\n\n7\n"
        for part, left in (("kvfree_rcu(): 92 %, 1,176,308", []), ("kvfree_rcu(): 93 %", ["93"]),
                           ("kvfree_rcu(): 7", ["7"]), ("kvfree_rcu(): 92.1", [])):
            self.assertEqual(unknown(part, results), left)


if __name__ == "__main__":
    unittest.main()
