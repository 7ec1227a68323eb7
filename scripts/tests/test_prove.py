# SPDX-License-Identifier: GPL-2.0
"""The list of make prove, and the output of cbmc."""

import os
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT
from splitfree.commands import prove
from splitfree.source import programs
from tests.fakes import Commands

GOOD = """** Results:
prove_take.c function main
[main.assertion.1] line 28 there is a page if one is large enough: SUCCESS

** 0 of 14 failed (1 iterations)
VERIFICATION SUCCESSFUL
"""
BAD = """[main.assertion.1] line 28 there is a page if one is large enough: FAILURE

** 1 of 14 failed (2 iterations)
VERIFICATION FAILED
"""
UNWOUND = BAD.replace("there is a page if one is large enough",
                      "unwinding assertion loop 1")


class List(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            return prove.read_list(handle.name)

    def test_rows(self):
        self.assertEqual(self.read("# why\nholds\ttake A=1,2 B=3\t: it holds\n"), [
            prove.Row("holds", "take", ("A=1", "B=3"), None, "it holds"),
            prove.Row("holds", "take", ("A=2", "B=3"), None, "it holds")])
        self.assertEqual(self.read("broken take : x.c : a(b) => a(c) : it is not noticed\n"), [
            prove.Row("broken", "take", (), ("x.c", "a(b)", "a(c)"), "it is not noticed")])

    def test_rows_that_say_too_little(self):
        for text in ("holds\n", "holds take\n", "maybe take : x\n", "broken take : x\n",
                     "broken take : x.c : a : x\n"):
            with self.assertRaises(Failure, msg=text):
                self.read(text)

    def test_each_proof_is_there_and_has_a_twin_that_is_broken(self):
        rows = prove.read_list()
        names = {row.name for row in rows}
        self.assertEqual(names, {name[6:-2] for name in os.listdir(prove.PROVE)
                                 if name.startswith("prove_")})
        self.assertEqual(names, {row.name for row in rows if row.expected == "broken"})
        self.assertEqual(len(rows), len({(row.name, row.macros, row.change) for row in rows}))

    def test_what_is_broken_is_there_to_break(self):
        for row in prove.read_list():
            if row.change:
                with tempfile.TemporaryDirectory() as where:
                    prove.changed(os.path.join(where, "x"), ROOT, row.change)
        with tempfile.TemporaryDirectory() as where, self.assertRaisesRegex(Failure, "to break"):
            prove.changed(os.path.join(where, "x"), ROOT, ("push.c", "no such words", ""))

    def test_every_list_of_up_to_five_pages(self):
        for name in ("absorb", "flush"):
            found = {row.macros for row in prove.read_list() if row.name == name}
            self.assertEqual(found, {(f"ALL={n}", f"TAKEN={taken}") for n in range(6)
                                     for taken in range(n + 1)})

    def test_choice(self):
        rows = self.read("quick a : x\nholds b : x\nbroken a : f : o => n : x\n"
                         "broken b : f : o => n : x\n")
        self.assertEqual([row.name for row in prove.wanted(rows, [], True)], ["a", "a"])
        self.assertEqual([row.name for row in prove.wanted(rows, ["b"], False)], ["b", "b"])


class Table(unittest.TestCase):
    def text(self):
        with open(os.path.join(ROOT, "Documentation/mm/pcp.rst"), encoding="utf-8") as handle:
            return handle.read()

    def test_ours_has_each_row(self):
        table = prove.route_table(self.text())
        self.assertIn("#define ROW_BUSY 6\n", table)
        self.assertIn("table[7][3]", table)
        self.assertIn("\t{ 2, 2, 3 },\n\t{ 2, 2, 3 },\n\t{ 1, 1, 1 },\n\t{ 0, 0, 1 },\n", table)

    def test_a_row_that_is_missing_or_says_something_else(self):
        for old, new in (("of nobody's block ", "of no one's block "),
                         ("local     local     remote", "local     loca      remote")):
            with self.assertRaisesRegex(Failure, "has no row"):
                prove.route_table(self.text().replace(old, new))


class Judgement(unittest.TestCase):
    def test_what_holds(self):
        self.assertEqual(prove.as_expected("holds", GOOD, 0), (True, "holds"))
        good, said = prove.as_expected("holds", BAD, 10)
        self.assertEqual((good, said), (False, "not so that there is a page if one is large enough"))
        self.assertFalse(prove.as_expected("holds", UNWOUND, 10)[0])

    def test_what_is_broken_breaks_what_is_proved(self):
        self.assertTrue(prove.as_expected("broken", BAD, 10)[0])
        self.assertFalse(prove.as_expected("broken", GOOD, 0)[0])
        self.assertFalse(prove.as_expected("broken", UNWOUND, 10)[0])
        self.assertTrue(prove.as_expected("broken", UNWOUND + BAD, 10)[0])

    def test_a_proof_that_did_not_end(self):
        self.assertEqual(prove.as_expected("holds", "", None), (False, "it took too long"))
        self.assertEqual(prove.as_expected("holds", "x\nCONVERSION ERROR\n", 6),
                         (False, "cbmc ended with status 6: CONVERSION ERROR"))
        self.assertFalse(prove.as_expected("broken", "", None)[0])


class Run(Commands):
    target = "prove"

    def run_with(self, outcome=(True, "holds"), cbmc=("cbmc",), **texts):
        job = self.job(**texts)
        job.linux = ROOT
        self.patch(prove.userland, "overlay", lambda tree: ROOT)
        self.patch(prove, "prove", lambda *_: (*outcome, "log", 1.0))
        found = mock.patch.object(programs, "find", return_value=list(cbmc)) if cbmc else \
            mock.patch.object(programs, "find", side_effect=Failure("this is no Debian system"))
        with found:
            return self.quiet(prove.run, job)

    def test_all_is_well(self):
        result = self.run_with(ONLY="route")
        self.assertEqual((result.sums(), result.failure), ((2, 0, 0), None))
        self.assertEqual(result.data["proofs"][0], {"name": "route", "good": True,
                                                    "seconds": 1.0, "text": "holds"})

    def test_a_proof_that_fails(self):
        result = self.run_with((False, "not so that x"), ONLY="route")
        self.assertEqual(result.sums(), (0, 2, 0))
        self.assertRegex(str(result.failure), "route: not so that x .*ONLY=route")

    def test_without_cbmc_all_is_skipped_and_says_why(self):
        result = self.run_with(cbmc=None)
        self.assertEqual((result.passed, result.failed), (0, 0))
        self.assertGreater(result.skipped, 10)
        self.assertIn("this is no Debian system", self.said)

    def test_nothing_is_chosen(self):
        with self.assertRaisesRegex(Failure, "names no proof"):
            self.run_with(ONLY="nothing")

    def test_a_proof_that_gcc_cannot_read(self):
        job = self.job()
        job.linux = ROOT
        row = next(row for row in prove.read_list() if row.name == "route")
        said = types.SimpleNamespace(returncode=1, stderr=b"a.h: No such file\nmore\n")
        with mock.patch.object(prove, "run_program", return_value=said), \
                self.assertRaisesRegex(Failure, "^prove_route.c cannot be read: a.h: No such file$"):
            prove.preprocess(job, row, ROOT, os.path.join(self.out, "x.i"))


if __name__ == "__main__":
    unittest.main()
