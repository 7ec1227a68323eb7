# SPDX-License-Identifier: GPL-2.0
"""A run of the suites: its progress, its files, what it came to."""

import contextlib
import io
import json
import os
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.judge import ktap
from splitfree.judge.excuses import BadList
from splitfree.kernel import guest
from splitfree.runs import kunit


class Tally(unittest.TestCase):
    LINES = ["[    7.561739]         ok 3 reclaimable", "[    7.5]     not ok 29 refill_wants",
             "    ok 2 push_one", "[    7.6] ok 1 pcp_push", "[    7.6] it is ok 5 times"]

    def test_cases_count_and_suites_do_not(self):
        tally = kunit.Tally()
        for line in self.LINES:
            tally.see(line)
        self.assertEqual(tally.done(), 3)

    def test_as_many_are_expected_as_the_last_run_had(self):
        tally = kunit.Tally()
        with tempfile.NamedTemporaryFile("w") as ktap:
            ktap.write("\n".join(self.LINES))
            ktap.flush()
            self.assertEqual(tally.expected(ktap.name), 3)
        self.assertGreater(tally.expected("/nowhere"), 100)


GOOD = "KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: s\n    1..1\n    ok 1 first\nok 1 s\n"


class ResultOf(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.top = holder.name
        self.job = types.SimpleNamespace(path=lambda name: os.path.join(self.top, name),
                                         results=self.top, options=types.SimpleNamespace())

    def result(self, console, late=False, parsed=0):
        with open(self.job.path("console.log"), "w", encoding="utf-8") as handle:
            handle.write(console)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            result = kunit.result_of(self.job, guest.Ended(late, 1, 0), 7, "um", parsed=parsed,
                                 args=["linux", "mem=1G"], env={"TMPDIR": "/x y"})
        self.said = said.getvalue()
        return result

    def test_good(self):
        result = self.result(GOOD)
        self.assertEqual((result.sums(), result.failure), ((1, 0, 0), None))
        self.assertEqual(result.data, {"suites": {"s": [1, 0, 0]}, "failures": [], "skips": [],
                                       "splats": []})
        for name in ("ktap.log", "junit.xml"):
            self.assertTrue(os.path.exists(self.job.path(name)), name)
        with open(self.job.path("results.json"), encoding="utf-8") as handle:
            self.assertEqual(json.load(handle)["arch"], "um")

    def test_the_end_of_a_console_that_hung_is_shown(self):
        result = self.result(GOOD.replace("1..1\n    ok 1 first\nok 1 s\n", "1..2\n    ok 1 first\n")
                            + "[    3.0] the last words\n", late=True)
        self.assertIn("the last words", self.said)
        self.assertIn("hung and was killed after 7 s", str(result.failure))
        self.assertEqual(result.failure.status, 1)

    def test_a_warning_that_kunit_passed_over_fails_the_run(self):
        result = self.result(GOOD.replace("    ok 1", "[    3.0] WARNING: CPU: 0 PID: 1 at "
                                         "mm/page_alloc.c:1 f+0x1/0x2\n    ok 1"))
        self.assertIn("the kernel complained", str(result.failure))
        self.assertEqual(result.failure.status, 1)
        self.assertEqual((result.sums(), len(result.data["splats"])), ((1, 1, 0), 1))

    def test_a_case_that_failed(self):
        result = self.result(GOOD.replace("    ok 1 first\nok", "    not ok 1 first\nnot ok"))
        self.assertIn("run one suite alone with SUITE=", str(result.failure))
        self.assertEqual((result.sums(), result.failure.status), ((0, 1, 0), 1))

    def test_nothing_selected(self):
        result = self.result("KTAP version 1\n1..0\n")
        self.assertIn("look at SUITE= and at .kunitconfig", str(result.failure))
        self.assertEqual(result.failure.status, 2)

    def test_a_kernel_that_does_not_start(self):
        for said, shown in (("", "it wrote nothing"),
                            ("Core dump limits :\n\tsoft - 0\nChecking PROT_EXEC mmap in "
                             "/dev/shm...Operation not permitted\n/dev/shm must be not mounted "
                             "noexec\n", "/dev/shm must be not mounted noexec")):
            result = self.result(said)
            self.assertIn(f"did not start: {shown}", str(result.failure))
            self.assertIn("the same again: 'TMPDIR=/x y' linux mem=1G", str(result.failure))
            self.assertEqual(result.failure.status, 2)
            self.assertFalse(os.path.exists(self.job.path("results.json")))

    def test_a_list_of_splats_that_cannot_be_read(self):
        with mock.patch.object(kunit.verdicts, "judge_file", side_effect=BadList("x:1: no day")), \
                self.assertRaisesRegex(Failure, "^x:1: no day$"):
            self.result(GOOD)

    def test_kunit_py_does_not_like_what_looks_good(self):
        result = self.result(GOOD, parsed=3)
        self.assertRegex(str(result.failure), "kunit.py ended with status 3, .*; read its report above$")


class Guard(unittest.TestCase):
    def test_a_run_that_could_not_be_done_leaves_no_files_of_another(self):
        with tempfile.TemporaryDirectory() as top:
            job = types.SimpleNamespace(path=lambda name: os.path.join(top, name), results=top,
                                        options=types.SimpleNamespace(suite=""))
            for status, left in ((2, []), (1, ["failed", "junit.xml", "ktap.log",
                                               "results.json"])):
                with open(job.path("ktap.log"), "w", encoding="utf-8") as handle:
                    handle.write(GOOD)
                with self.assertRaises(Failure), kunit.guard(job, "um"):
                    raise Failure("no", status)
                self.assertEqual(job.expected, 1)
                self.assertEqual(sorted(os.listdir(top)), left)


class Data(unittest.TestCase):
    def test_suites_failures_and_skips(self):
        outcomes = (ktap.PASSED, ktap.FAILED, ktap.SKIPPED, ktap.MISSING)
        suite = ktap.Test("pcp_push", ktap.FAILED, tests=[
            ktap.Test(f"case{i}", outcome) for i, outcome in enumerate(outcomes)])
        self.assertEqual(kunit.data_of([suite]), {
            "suites": {"pcp_push": [1, 2, 1]}, "failures": ["pcp_push.case1", "pcp_push.case3"],
            "skips": ["pcp_push.case2"], "splats": []})

    def test_nothing_gives_empty_data(self):
        self.assertEqual(kunit.data_of([]), {"suites": {}, "failures": [], "skips": [],
                                             "splats": []})


if __name__ == "__main__":
    unittest.main()
