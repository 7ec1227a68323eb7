# SPDX-License-Identifier: GPL-2.0
"""Make fuzz reads its files and the output of libFuzzer."""

import json
import os
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.commands import fuzz
from splitfree.runs import userland
from tests.fakes import Commands

DONE = """#131421\tDONE   cov: 927 ft: 4695 corp: 881/28Kb
stat::number_of_executed_units: 131421
stat::average_exec_per_sec:     3959
"""
FOUND = """fuzz: page 3 is lost
==7== ERROR: libFuzzer: deadly signal
stat::number_of_executed_units: 12
"""


class Files(unittest.TestCase):
    def write(self, text):
        with tempfile.NamedTemporaryFile("w", delete=False, encoding="utf-8") as handle:
            handle.write(text)
        self.addCleanup(os.remove, handle.name)
        return handle.name

    def test_a_case_is_read_as_it_was_written(self):
        data = bytes(range(60))
        text = fuzz.write_case(data, ["cpu 0 frees", "  page 3, order 0"])
        self.assertTrue(text.startswith("# cpu 0 frees\n#   page 3, order 0\n00 01"))
        self.assertEqual(fuzz.read_case(self.write(text)), data)

    def test_what_is_no_case(self):
        with self.assertRaisesRegex(Failure, "something else than hexadecimal bytes; get it back"):
            fuzz.read_case(self.write("00 xx\n"))

    def test_there_are_five_faults_at_least_and_each_is_a_patch(self):
        self.assertGreaterEqual(len(fuzz.read_faults()), 5)
        with self.assertRaisesRegex(Failure, "no-such is no patch"):
            fuzz.read_faults(self.write("# why\nno-such\n"))

    def test_the_cases_can_be_read(self):
        where = os.path.join(fuzz.FUZZ, "cases")
        for name in os.listdir(where) if os.path.exists(where) else ():
            self.assertTrue(fuzz.read_case(os.path.join(where, name)), name)


class Said(unittest.TestCase):
    def test_complaints(self):
        for text, words in ((DONE, ""), (FOUND, "page 3 is lost"),
                            ("x.c:1:2: runtime error: shift\n", "runtime error: shift"),
                            ("==1==ERROR: AddressSanitizer: heap-use-after-free on 0x1\n",
                             "AddressSanitizer: heap-use-after-free on 0x1"),
                            ("ALARM\n==3== ERROR: libFuzzer: timeout after 5 seconds\n",
                             "timeout after 5 seconds"),
                            ("    # x: FAILED at y.c:3\n", "x: FAILED at y.c:3")):
            self.assertEqual(fuzz.complaint(text), words)

    def test_executions(self):
        self.assertEqual((fuzz.executions(DONE), fuzz.executions("")), (131421, 0))

    def test_reach_counts_mm_pcp_alone(self):
        def one(name, lines, branches):
            return {"filename": name, "summary": {
                key: {"covered": covered, "count": count}
                for key, (covered, count) in (("lines", lines), ("branches", branches))}}

        text = json.dumps({"data": [{"files": [
            one("/x/mm/pcp/push.c", (9, 10), (1, 2)), one("/x/mm/pcp/lock.h", (0, 10), (0, 0)),
            one("/x/tools/testing/user/sim_zone.c", (1, 100), (1, 100))]}]})
        self.assertEqual(fuzz.read_reach(text), {
            "files": {"push.c": [90.0, 50.0], "lock.h": [0.0, 100.0]},
            "lines": 45.0, "branches": 50.0})


class Run(Commands):
    target = "fuzz"

    def run_with(self, cases=(), said="", faults=(), **texts):
        job = self.job(**texts)
        job.linux = "x"
        self.patch(userland, "Build", lambda *_args, **_more: types.SimpleNamespace(
            build=lambda: None))
        self.patch(fuzz, "replay", lambda job, build: list(cases))
        self.patch(fuzz, "fuzz", lambda *_: (said, 7))
        self.patch(fuzz, "minimise", lambda *_: 3)
        self.patch(fuzz, "reach", lambda *_: {"files": {"push.c": [90.0, 50.0]}, "lines": 90.0,
                                              "branches": 50.0})
        self.patch(fuzz, "read_faults", lambda: [name for name, _ in faults])
        found = dict(faults)
        self.patch(fuzz, "find_fault", lambda job, name: {"name": name, "found": found[name],
                                                          "seconds": 1.0, "text": ""})
        return self.quiet(fuzz.run, job)

    def test_all_is_well(self):
        result = self.run_with([("old", "")], "", [("f", True)], SEED="5")
        self.assertEqual((result.sums(), result.failure), ((3, 0, 0), None))
        self.assertEqual((result.data["seed"], result.data["executions"]), (5, 7))
        self.assertRegex(self.said, r"reach 90.0 % of the lines and 50.0 %")

    def test_each_thing_that_goes_wrong(self):
        for given, words in ((dict(cases=[("old", "page lost")]), "case old: page lost"),
                             (dict(said="page 3 is lost"), "page 3 is lost .log: .*found.case"),
                             (dict(faults=[("f", False)]), "the planted fault f was not found")):
            result = self.run_with(**given)
            self.assertEqual(result.failed, 1)
            self.assertRegex(str(result.failure), words)

    def test_quick_plants_nothing(self):
        self.assertEqual(self.run_with(faults=[("f", False)], QUICK="1").data["faults"], [])

    def test_a_hang_is_found(self):
        job = self.job()
        with mock.patch.object(fuzz, "start", lambda *args: open(args[2], "w",
                                                                 encoding="utf-8").close()):
            said, _ = fuzz.fuzz(None, job.path("c"), job.path("f"), 1, 1, job.path("log"))
        self.assertEqual(said, "it hung and was killed")


if __name__ == "__main__":
    unittest.main()
