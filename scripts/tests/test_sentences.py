# SPDX-License-Identifier: GPL-2.0
"""Each sentence that ends a command has a test that asks for its words."""

import ast
import collections
import glob
import os
import re
import unittest

from splitfree.base.paths import SCRIPTS

ENDS = ("Failure", "AlreadySaid", "BadBoot", "BadList")
# Words that so many sentences have say nothing about one of them.
COMMON = 4


def parsed(pattern):
    """(path, tree) of the files below scripts/ that match."""
    for path in sorted(glob.glob(os.path.join(SCRIPTS, pattern), recursive=True)):
        with open(path, encoding="utf-8") as handle:
            yield os.path.relpath(path, SCRIPTS), ast.parse(handle.read())


def literals(node):
    """The parts of a sentence that are always the same."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return [text for part in node.values for text in literals(part)]
    if isinstance(node, ast.BinOp):
        return literals(node.left) + literals(node.right)
    if isinstance(node, ast.IfExp):
        return literals(node.body) + literals(node.orelse)
    return []


def pairs(texts):
    """Neighbouring words."""
    lists = [re.findall(r"[\w/]+", text) for text in texts]
    return {pair for words in lists for pair in zip(words, words[1:])}


def sentences(tree):
    """[(line, pairs)] of what a file raises. A sentence that only passes on another has none."""
    found = []
    for node in ast.walk(tree):
        name = isinstance(node, ast.Call) and getattr(node.func, "id",
                                                      getattr(node.func, "attr", ""))
        if name in ENDS and node.args and (found_pairs := pairs(literals(node.args[0]))):
            found.append((node.lineno, found_pairs))
    return found


def asked_for(tree):
    """Neighbouring words in the strings of a test, but not in what describes it."""
    descriptions = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return pairs(node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)
                 and isinstance(node.value, str) and node not in descriptions)


def untested(found, asked):
    """Places of sentences that no test has two neighbouring words of. found: {place: pairs}."""
    often = collections.Counter(pair for words in found.values() for pair in words)
    return [place for place, words in found.items()
            if not asked & ({pair for pair in words if often[pair] < COMMON} or words)]


class Sentences(unittest.TestCase):
    def test_each_is_tested(self):
        found = {f"{path}:{line}": words for path, tree in parsed("splitfree/**/*.py")
                 for line, words in sentences(tree)}
        self.assertGreater(len(found), 200)
        asked = {pair for path, tree in parsed("tests/*.py")
                 if os.path.basename(path) != os.path.basename(__file__)
                 for pair in asked_for(tree)}
        self.assertEqual("\n".join(untested(found, asked)), "")

    def test_what_is_refused(self):
        code = ('raise Failure(f"the {x} is " + ("too hot" if y else "ice cold"))\n'
                'raise x.Failure(f"{x} (log: {y})")\nraise ValueError("not ours")\n')
        found = dict(sentences(ast.parse(code)))
        self.assertEqual(found, {1: {("too", "hot"), ("ice", "cold")}})
        test = 'def f():\n    """It is too hot."""\n    g("ice", "cold", {0})\n'
        for word, left in (("'x'", [1]), ("'was it ice cold.*?'", [])):
            asked = asked_for(ast.parse(test.replace("{0}", word)))
            self.assertEqual(untested(found, asked), left)


if __name__ == "__main__":
    unittest.main()
