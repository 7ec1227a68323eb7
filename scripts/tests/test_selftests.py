# SPDX-License-Identifier: GPL-2.0
"""The list of make selftests, its guests, reruns and report."""

import contextlib
import io
import json
import os
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.commands import selftests
from splitfree.runs import compare, pair
from tests.fakes import Commands


class List(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            return selftests.read_list(handle.name)

    def test_the_list_itself(self):
        tests, left_out = selftests.read_list()
        self.assertIn("mm/cow", [test.name for test in tests])
        self.assertTrue(all(reason for reason in left_out.values()))

    def test_bad_lines(self):
        want = ":1: want NAME SECONDS COMMAND, or - PROGRAM REASON"
        twice = "a is there twice, or in no directory of mm, "
        for text, why in (("mm/a soon ./a\n", want), ("mm/a 5\n", want), ("- mm/b\n", want),
                          ("mm/a 5 ./a\nmm/a 5 ./a\n", twice), ("net/a 5 ./a\n", twice)):
            with self.assertRaisesRegex(Failure, why):
                self.read(text)

    def test_a_program_that_nobody_named(self):
        tests, left_out = self.read("mm/a 5 ./a -x\n- mm/b needs more\n")
        self.assertEqual(selftests.unaccounted(["a", "b", "c"], tests, left_out), ["c"])

    def test_select(self):
        tests, _ = self.read("mm/a 5 ./a\nmm/b 5 ./b\n")
        self.assertEqual(selftests.select(tests, "")[1:], (True, None))
        self.assertEqual([t.name for t in selftests.select(tests, "mm/b")[0]], ["mm/b"])
        self.assertFalse(selftests.select(tests, "mm/*")[1])
        self.assertEqual(selftests.select(tests, "kunit/list*")[1:], (True, "list*"))


class Settle(unittest.TestCase):
    def lab(self, outcomes):
        """Gives its outcomes one after another."""
        left = list(outcomes)
        lab = types.SimpleNamespace(runs=[{"mm/a": {"x": left.pop(0)}}])
        lab.userland = lambda tests: {"mm/a": {"x": left.pop(0)}}
        return lab

    def settle(self, stock, patched):
        labs = {"stock": self.lab(stock), "patched": self.lab(patched)}
        with contextlib.redirect_stdout(io.StringIO()):
            reruns = selftests.settle(labs, [selftests.Test("mm/a", 5, "./a")])
        return reruns, compare.differences(labs["stock"].runs, labs["patched"].runs)

    def test_ends_when_stock_gave_it_too(self):
        reruns, found = self.settle(["passed", "passed", "failed"], ["failed", "passed", "passed"])
        self.assertEqual((reruns, found), (2, []))

    def test_is_bounded(self):
        reruns, found = self.settle(["passed"] * 9, ["failed"] * 9)
        self.assertEqual(reruns, pair.RERUNS)
        self.assertEqual(len(found), 1)


class Report(unittest.TestCase):
    def report(self, stock, patched):
        labs = {kind: types.SimpleNamespace(runs=runs, seconds={}, boots=1, kernel=types.
                                            SimpleNamespace(linux="/"))
                for kind, runs in (("stock", stock), ("patched", patched))}
        with contextlib.redirect_stdout(io.StringIO()) as text:
            total, data = selftests.report(labs, {"mm/z": "why"}, 1)
        return total, data["differ"], text.getvalue(), json.loads(json.dumps(data))

    def test_differences_only_then_the_table(self):
        total, different, text, summary = self.report(
            [{"mm/a": {"x": "passed", "y": "failed", compare.EXIT: "failed (1)"}}],
            [{"mm/a": {"x": "failed", "y": "failed", compare.EXIT: "failed (1)"}}])
        self.assertEqual((total.differ, total.failed, len(different)), (1, 1, 1))
        self.assertIn("differs: mm/a: x: stock passed; patched failed", text)
        self.assertNotIn("mm/a: y", text)
        self.assertEqual(summary["differ"][0][:2], ["mm/a", "x"])
        self.assertEqual(summary["not passed on stock"],
                         {"mm/a: y": "failed", "mm/a: exit status": "failed (1)"})
        self.assertEqual(summary["left out"], {"mm/z": "why"})

    def test_unsteady_is_named_and_no_difference(self):
        total, different, text, summary = self.report(
            [{"mm/a": {"x": "passed"}}, {"mm/a": {"x": "failed"}}],
            [{"mm/a": {"x": "failed"}}, {"mm/a": {"x": "passed"}}])
        self.assertEqual((total.unsteady, different, summary["differ"]), (1, [], []))
        self.assertIn("unsteady: mm/a: x: stock passed 1, failed 1", text)


class Guests(unittest.TestCase):
    """A guest that dies takes one test with it."""

    def userland(self, ports):
        boots = []
        with tempfile.TemporaryDirectory() as results:
            job = types.SimpleNamespace(path=lambda name: os.path.join(results, name),
                                        options=types.SimpleNamespace(verbose=False))
            lab = pair.Lab(job, None, "stock", [])

            def boot(_append, what, *_):
                boots.append(what)
                return "", ports[len(boots) - 1], False
            lab.boot = boot
            found = lab.userland([selftests.Test(f"mm/{c}", 5, "./x") for c in "abc"])
        return boots, {name: cases[compare.EXIT] for name, cases in found.items()}

    def test_the_rest_runs_in_a_new_guest(self):
        boots, found = self.userland(["@begin mm/a\n@end mm/a 0 1\n@begin mm/b\nlast words\n",
                                      "@begin mm/c\n@end mm/c 1 1\n@done\n"])
        self.assertEqual(boots, ["3 programs", "1 programs"])
        self.assertEqual(found, {"mm/a": "passed", "mm/b": "the guest died or hung",
                                 "mm/c": "failed (1)"})

    def test_a_guest_that_never_starts_a_test(self):
        with self.assertRaises(Failure):
            self.userland(["Kernel panic\n"])

    def test_the_deadline_moves_with_the_marks(self):
        deadline = pair.Deadline([selftests.Test("mm/a", 100, "./a")], False)
        before = deadline.due
        deadline.line("[    3.0] selftest: begin mm/a")
        self.assertGreater(deadline.due, before - pair.BOOT_SECONDS + 100)
        deadline.due = 0
        self.assertTrue(deadline.passed())


class Userland(Commands):
    target = "selftests"

    def test_a_program_that_the_list_does_not_have(self):
        os.makedirs(os.path.join(self.out, "mm"))
        path = os.path.join(self.out, "mm/new_test")
        with open(path, "w", encoding="ascii"):
            pass
        os.chmod(path, 0o755)
        with self.assertRaisesRegex(Failure, "does not say what to do with new_test; add a line"):
            selftests.check_list(self.out, [], {})
        selftests.check_list(self.out, [], {"mm/new_test": "why"})

    def test_a_build_that_fails(self):
        job = self.job()
        with mock.patch.object(selftests, "run_program", return_value=types.SimpleNamespace(
                stdout=b"", returncode=2)), \
                self.assertRaisesRegex(Failure, "selftests/mm did not build .*installs the libraries"):
            self.quiet(selftests.build_userland, job.tree.path, self.out, 1)

    def test_a_glob_that_fits_nothing(self):
        with self.assertRaisesRegex(Failure, "SUITE=net/x fits no test of"):
            selftests.check(self.job(SUITE="net/x"))

    def result(self, **rows):
        """The Result that run() makes of the sums."""
        job = self.job()
        selftests.check(job)
        job.kernels = {kind: None for kind in selftests.KERNELS}
        job.stock = job.tree
        total = compare.Count(**{**dict.fromkeys(compare.Count._fields, 0), **rows})
        differ = [["mm/a", "x", [], []]] * total.differ
        with mock.patch.multiple(selftests, build_userland=mock.DEFAULT, check_list=mock.DEFAULT,
                                 base_image=mock.DEFAULT, Lab=mock.DEFAULT, first_runs=mock.DEFAULT,
                                 settle=mock.Mock(return_value=0),
                                 report=lambda *_: (total, {"differ": differ})):
            return self.quiet(selftests.run, job)

    def test_sums(self):
        result = self.result(passed=3, failed=1, skipped=2)
        self.assertEqual((result.sums(), result.failure), ((4, 0, 2), None))

    def test_a_difference(self):
        result = self.result(passed=3, differ=1)
        self.assertEqual(result.sums(), (3, 1, 0))
        self.assertIn("mm/a differs first", str(result.failure))

    def test_no_result_at_all(self):
        self.assertIn("no test came to a result", str(self.result(skipped=2).failure))


if __name__ == "__main__":
    unittest.main()
