# SPDX-License-Identifier: GPL-2.0
"""The table of models, and what spin and herd7 say."""

import glob
import os
import re
import tempfile
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT
from splitfree.commands import model
from tests.fakes import Commands

GOOD = """
(Spin Version 6.5.2 -- 6 December 2019)
State-vector 76 byte, depth reached 129, errors: 0
  1763110 states, stored
  2004233 states, matched
"""


WRONG = """pan:1: assertion violated (where[me]==1) (at depth 63)
pan: wrote pcp.pml.trail

(Spin Version 6.5.2 -- 6 December 2019)
Warning: Search not completed
State-vector 68 byte, depth reached 66, errors: 1
      170 states, stored
"""


HUNG = WRONG.replace("assertion violated (where[me]==1)", "invalid end state")


HERD = """Test pcp-dead-look Allowed
States 3
0:added=0; 0:saw=0; 1:got=1;
No
Condition exists (0:saw=0 /\\ 1:got=0)
Observation pcp-dead-look Never 0 3
"""


class Runs(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".runs", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            self.name = os.path.splitext(os.path.basename(handle.name))[0]
            return model.read_runs(handle.name)

    def test_a_row(self):
        self.assertEqual(self.read("# why\n\nbroken\tA=1 B_C\t: it stops # not this\n"),
                         [model.Run(self.name, "broken", ("A=1", "B_C"), "it stops")])

    def test_rows_that_say_too_little(self):
        for text in ("maybe A=1 : x\n", "holds : x\n", "holds A=1\n", "holds A=1 :\n", "# none\n"):
            with self.assertRaises(Failure, msg=text):
                self.read(text)

    def test_ours_has_each_define_of_the_model_and_each_twin_once(self):
        runs = model.all_runs()
        self.assertEqual(len(runs), len({(one.model, one.defines) for one in runs}))
        self.assertEqual({one.model for one in runs}, {"pcp", "owner"})
        for name in ("pcp", "owner"):
            with open(os.path.join(model.MODELS, name + ".pml"), encoding="utf-8") as handle:
                text = handle.read()
            told = {word.split("=")[0] for one in runs if one.model == name
                    for word in one.defines}
            for word in told:
                self.assertIn(word, text)
            twins = set(re.findall(r"^ \*\t([A-Z_]+)\t", text, re.M))
            self.assertEqual(twins - told, set())
            broken = {word for one in runs if one.model == name and one.expected == "broken"
                      for word in one.defines}
            self.assertLessEqual(twins - {"PROMISE", "SHEPHERD", "NO_OWNER", "NO_RCU"}, broken)


class Pan(unittest.TestCase):
    def expected(self, expected, text):
        return model.as_expected(expected, model.read_pan(text))[0]

    def test_what_holds(self):
        self.assertEqual(model.read_pan(GOOD), model.Pan(1763110, "", True, 0))
        self.assertTrue(self.expected("holds", GOOD))
        self.assertTrue(self.expected("long", GOOD))
        self.assertFalse(self.expected("holds", WRONG))
        self.assertFalse(self.expected("holds", HUNG))

    def test_what_is_broken_has_to_break_an_assertion(self):
        self.assertTrue(self.expected("broken", WRONG))
        self.assertFalse(self.expected("broken", GOOD))
        self.assertFalse(self.expected("broken", HUNG))
        self.assertFalse(self.expected("broken", ""))

    def test_a_search_that_was_cut_proves_nothing(self):
        for cut in ("error: max search depth too small\n", "Warning: Search not completed\n",
                    "pan: reached -DMEMLIM bound\n"):
            self.assertFalse(self.expected("holds", cut + GOOD), cut)
        self.assertFalse(self.expected("holds", ""))


class Litmus(unittest.TestCase):
    def test_observation(self):
        self.assertEqual(model.read_herd(HERD), ("Never", 3))
        self.assertEqual(model.read_herd(HERD + "Flag data-race\n"), (None, 0))
        self.assertEqual(model.read_herd("Fatal error\n"), (None, 0))

    def test_each_has_a_result_and_a_twin(self):
        where = os.path.join(model.MODELS, "litmus")
        names = [name[:-7] for name in os.listdir(where) if name.endswith(".litmus")]
        results = {n: model.expected_result(os.path.join(where, n + ".litmus")) for n in names}
        for name, result in results.items():
            with open(os.path.join(where, name + ".litmus"), encoding="utf-8") as handle:
                self.assertTrue(handle.read().startswith(f"C {name}\n"), name)
            self.assertEqual(result, "Sometimes" if "-broken-" in name else "Never", name)
            if "-broken-" not in name:
                self.assertTrue([n for n in names if n.startswith(name + "-broken-")], name)

    def test_a_test_without_a_result(self):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as handle:
            with self.assertRaises(Failure):
                model.expected_result(handle.name)

    def test_herd7_disagrees(self):
        with tempfile.TemporaryDirectory() as out:
            bin_dir = os.path.join(out, "bin")
            os.mkdir(bin_dir)
            herd = os.path.join(bin_dir, "herd7")
            with open(herd, "w", encoding="utf-8") as handle:
                handle.write("#!/bin/sh\necho 'States 4'\necho 'Observation x Sometimes 1 3'\n")
            os.chmod(herd, 0o755)
            path = os.environ["PATH"]
            os.environ["PATH"] = bin_dir + ":" + path
            try:
                where = os.path.join(model.MODELS, "litmus")
                good = model.litmus(os.path.join(where, "pcp-dead-look-broken-drain.litmus"),
                                    ["herd7"], out, out)
                bad = model.litmus(os.path.join(where, "pcp-dead-look.litmus"), ["herd7"], out, out)
            finally:
                os.environ["PATH"] = path
        self.assertEqual((good.good, bad.good), (True, False))
        self.assertEqual(bad.text, "Sometimes, not Never")


BARRIER = re.compile(r"\b(smp_(?:mb|rmb|wmb|store|load)\w*|\w+_(?:acquire|release)|synchronize_rcu|xchg|cmpxchg)\(")
PAIRING = re.compile(r"Pairs with|[Ff]ull(?:y ordered| barrier)|\b(?:smp_mb|llist_add_batch)\(\)")
NAMES = re.compile(r"pcp-[a-z]+(?:-[a-z]+)*")
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def named(text):
    """The litmus tests that comments name."""
    words = re.sub(r"\s*\n\s*\*?\s*", " ", " ".join(COMMENT.findall(text)))
    return set(NAMES.findall(words))


class Barriers(unittest.TestCase):
    """Each barrier of mm/pcp/ has its litmus test, and says which."""

    def setUp(self):
        self.texts = {}
        for path in sorted(glob.glob(os.path.join(ROOT, "mm/pcp/*.[ch]"))):
            with open(path, encoding="utf-8") as handle:
                self.texts[os.path.basename(path)] = handle.read()
        where = os.path.join(model.MODELS, "litmus")
        self.tests = {name[:-7] for name in os.listdir(where) if name.endswith(".litmus")}

    def test_each_pairing_comment_names_its_tests(self):
        for name, text in self.texts.items():
            for comment in COMMENT.findall(text):
                if PAIRING.search(comment):
                    self.assertTrue(named(comment), f"{name}: {comment}")

    def test_each_barrier_has_a_comment_that_names_its_tests(self):
        for name, text in self.texts.items():
            # Comments are kept, for what they name, but a word in them is no call.
            code = COMMENT.sub(lambda m: " @" + "@".join(sorted(named(m.group()))) + "@ ", text)
            for function in re.split(r"^}$", code, flags=re.M):
                for found in BARRIER.finditer(function):
                    self.assertIn("@pcp-", function, f"{name}: {found.group(1)}()")

    def test_what_is_named_is_there_and_what_is_there_is_named(self):
        told = set().union(*(named(text) for text in self.texts.values()))
        self.assertEqual(told - self.tests, set())
        self.assertEqual({n for n in self.tests if "-broken-" not in n} - told, set())


class Run(Commands):
    target = "model"

    def run_with(self, *outcomes, herd=(None, "this is no Debian system"), **texts):
        job = self.job(**texts)
        job.prepare_tree = lambda: None
        with mock.patch.object(model, "check_all", return_value=[
                (f"m{i}", outcome, 1.0) for i, outcome in enumerate(outcomes)]), \
                mock.patch.object(model, "find_herd", return_value=herd):
            return self.quiet(model.run, job)

    def test_without_herd7_litmus_tests_are_skipped_and_say_why(self):
        result = self.run_with(model.Outcome(True, 9, "holds", "log"))
        self.assertEqual((result.passed, result.failed, result.failure), (1, 0, None))
        self.assertGreater(result.skipped, 3)
        self.assertRegex(self.said, "skip .*this is no Debian system; expected: Never")

    def test_a_model_that_fails(self):
        result = self.run_with(model.Outcome(True, 9, "holds", "a"),
                               model.Outcome(False, 9, "assertion violated", "b"),
                               herd=(["herd7"], ""))
        self.assertEqual(result.sums(), (1, 1, 0))
        self.assertRegex(str(result.failure), "did not do what it should: assertion violated .log: b")

    def test_lines_come_in_order(self):
        outcomes = self.quiet(model.check_all, [
            ("first", (lambda: model.Outcome(True, 1, "x", "l"),)),
            ("second", (lambda: model.Outcome(False, 0, "y", "l"),))], 2)
        self.assertEqual([name for name, _, _ in outcomes], ["first", "second"])
        self.assertRegex(self.said, r"(?s)ok .*first.*FAILED.*second .* y   l")


if __name__ == "__main__":
    unittest.main()
