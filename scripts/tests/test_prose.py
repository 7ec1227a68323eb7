# SPDX-License-Identifier: GPL-2.0
"""Comments and pages are plain English: subject, verb, object."""

import ast
import glob
import io
import os
import re
import tokenize
import unittest

from splitfree.base.paths import ROOT

# The places that are read.
READ = ("README.md", "CONTRIBUTING.md", "Makefile", "docs", "scripts", "ci", ".ci", "kunit", "mm",
        "lib", "include", "tools/testing", "Documentation", "patches")
# Consoles and lists that others wrote.
LEFT_OUT = ("scripts/tests/data/",)
# No sentence begins with such a word unless it is a question, and none has such a phrase.
BEGINS = re.compile(r"(?:^|[.:;] )(?:Who|Whoever|What) [^.?]*(?:\.|$)")
PHRASES = re.compile(r"\ball the same\b|\bstands? in\b|\bof which\b", re.I)


def files():
    for name in READ:
        path = os.path.join(ROOT, name)
        found = [path] if os.path.isfile(path) else glob.glob(
            os.path.join(path, "**", "*"), recursive=True)
        for one in sorted(found):
            name = os.path.relpath(one, ROOT)
            if os.path.isfile(one) and "__pycache__" not in name and not name.startswith(LEFT_OUT):
                yield name


def of_python(text):
    """[(line, text)] of comments and of what describes a module, a class or a function."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            first = node.body[0]
            for number, line in enumerate(first.value.value.split("\n"), first.lineno):
                yield number, line


def of_c(text):
    """[(line, text)] of comments."""
    for match in re.finditer(r"/\*.*?\*/|//[^\n]*", text, re.S):
        first = text.count("\n", 0, match.start()) + 1
        for number, line in enumerate(match.group().split("\n"), first):
            yield number, line


def prose(name, text):
    """[(line, text)] of what a file has for people."""
    if name.endswith(".py"):
        lines = of_python(text)
    elif name.endswith((".c", ".h")):
        lines = of_c(text)
    elif name.endswith((".md", ".rst", ".txt")):
        # A heading or a cell of a table may be a question without its sign.
        lines = enumerate(re.sub(r"(?m)^[#|].*$", "", text).split("\n"), 1)
    else:
        lines = ((number, line[line.index("#"):]) for number, line
                 in enumerate(text.split("\n"), 1) if "#" in line)
    return [(number, line.strip().strip("#*/\"").strip()) for number, line in lines]


def refused(lines):
    """Places of sentences that are not plain."""
    found = []
    for (number, line), (_, after) in zip(lines, [*lines[1:], (0, "")]):
        # A question may end in the next line.
        whole = f"{line} {after}" if "?" in after and not re.search(r"[.?]$", line) else line
        if BEGINS.search(whole) or PHRASES.search(line):
            found.append(f"{number}: {line}")
    return found


class Prose(unittest.TestCase):
    def test_sentences_are_plain(self):
        found = []
        for name in files():
            with open(os.path.join(ROOT, name), encoding="utf-8") as handle:
                found += [f"{name}:{one}" for one in refused(prose(name, handle.read()))]
        self.assertEqual("\n".join(found), "")

    def test_what_is_refused(self):
        for line, good in (("Who adds one need not run it.", False), ("Who adds one?", True),
                           ("It is so. Whoever reads this knows it.", False),
                           ("What is skipped says why.", False), ("it says what is skipped", True),
                           ("What is the seam? Which functions are there?", True),
                           ("a file, of which there is none", False)):
            self.assertEqual(refused([(1, line)]) == [], good, line)

    def test_what_is_read(self):
        self.assertEqual(prose("a.py", '"""One."""\nx = "Who"  # two\n'), [(2, "two"), (1, "One.")])
        self.assertEqual(prose("a.c", "int a; /* one\n * two */\n// three\n"),
                         [(1, "one"), (2, "two"), (3, "three")])
        self.assertEqual(prose("a.sh", "x # one\ny\n"), [(1, "one")])
        self.assertEqual(prose("a.md", "# What it is\none\n"), [(1, ""), (2, "one"), (3, "")])


if __name__ == "__main__":
    unittest.main()
