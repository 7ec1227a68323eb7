# SPDX-License-Identifier: GPL-2.0
"""The consoles, the cases and the table of make frag."""

import os
import types
import unittest

from splitfree.base.failures import Failure
from splitfree.bench import frag
from splitfree.bench import run as bench
from splitfree.commands import frag as command
from tests.fakes import SPLAT, Commands

LOAD = """\
frag: load us 147777\r
frag: load after_whole 91\r
frag: load after_possible 92\r
frag: load after_pieces 4 5 7\r
frag: end\r
"""
COMPACT = """\
frag: compact us 5300
frag: compact event_pgmigrate_success 1040
frag: compact event_compact_migrate_scanned 1500
frag: compact event_compact_free_scanned 500
frag: compact got 20
frag: compact after_possible 220
frag: end
"""


class Console(unittest.TestCase):
    def test_values(self):
        values, why, ended = frag.parse_console(LOAD)
        self.assertEqual(values["load.after_whole"], [91])
        self.assertEqual(values["load.after_pieces"], [4, 5, 7])
        self.assertIsNone(why)
        self.assertTrue(ended)

    def test_failed(self):
        values, why, ended = frag.parse_console("frag: load failed no memory for the table\n")
        self.assertEqual((values, why, ended), ({}, "load: no memory for the table", False))

    def test_load(self):
        found = frag.figures(frag.parse_console(LOAD)[0])
        self.assertEqual(found["load: whole"], 91)
        self.assertEqual(found["load: possible"], 92)
        self.assertEqual(found["load: ms"], 148)
        self.assertNotIn("thin: whole", found)

    def test_compaction(self):
        found = frag.figures(frag.parse_console(COMPACT)[0])
        self.assertEqual(found, {"got": 20, "possible": 220, "migrated/page": 52.0,
                                 "scanned/page": 100.0, "ms": 5.3})

    def test_nothing_got(self):
        found = frag.figures({"compact.got": [0], "compact.event_pgmigrate_success": [7]})
        self.assertEqual(found["migrated/page"], 7)

    def test_remote(self):
        values = {"remote_user.pages": [1000], "remote_user.event_pcp_push": [934],
                  "remote_user.us": [100]}
        self.assertEqual(frag.figures(values), {"user pushed %": 93.4, "user ns/page": 100.0})
        values["remote_user.locks"] = [2]
        self.assertEqual(frag.figures(values), {"user pushed %": 93.4, "user locks/1000": 2.0})


class Cases(unittest.TestCase):
    def test_list(self):
        with open(os.path.join(frag.HERE, "cases.list"), encoding="utf-8") as handle:
            cases = frag.parse_cases(handle.read())
        names = [case.name for case in cases]
        self.assertEqual(len(names), len(set(names)))
        with open(os.path.join(frag.HERE, frag.KIT.program), encoding="utf-8") as handle:
            program = handle.read()
        for case in cases:
            for word in case.args.split():
                self.assertIn(f"module_param({word.split('=')[0]},", program)
                if word.startswith("run="):
                    for phase in word[4:].split(","):
                        self.assertIn(f'strcmp(phase, "{phase}")', program)

    def test_bad_line(self):
        with self.assertRaisesRegex(Failure, "line 2 is no case"):
            frag.parse_cases("# x\nname | many | 4 | run=load | what\n")

    def test_choose(self):
        cases = frag.parse_cases("a | 1 | 2 | run=load | x\nb | 1 | 2 | run=load | y\n")
        self.assertEqual([case.name for case in frag.choose(cases, "b c")], ["b"])
        self.assertEqual(len(frag.choose(cases, "")), 2)
        with self.assertRaisesRegex(Failure, "there are a, b"):
            frag.choose(cases, "c")


class Table(unittest.TestCase):
    def test_rows(self):
        cases = frag.parse_cases("a | 1 | 2 | run=load | x\n")
        data = {"a": {"stock": [{"whole": 90, "mixed *": 0}, {"whole": 92, "mixed *": 0}],
                      "split": [{"whole": 91, "mixed *": 0}]}}
        text = frag.table(cases, data)
        self.assertRegex(text, r"a +whole +91 \(90 .. 92\) +91 +1.000 \[0.989 1.011\]")
        self.assertNotIn("mixed", text)
        self.assertIn("mixed", frag.table(cases, data, full=True))

    def test_one_kernel(self):
        cases = frag.parse_cases("a | 1 | 2 | run=load | x\n")
        text = frag.table(cases, {"a": {"split": [{"whole": 91}]}})
        self.assertRegex(text, r"a +whole +- +91$")


class Run(Commands):
    target = "frag"

    def setUp(self):
        super().setUp()
        kernel = types.SimpleNamespace(binary="/x/linux", environment=dict)
        self.patch(frag, "build", lambda job, cases: {
            (name, counting): kernel for name in frag.KERNELS for counting in (False, True)})
        self.patch(bench, "pin", return_value=True)

    def run_with(self, text, **texts):
        self.consoles = {"": text}
        job = self.job(**{"ROUNDS": "2", **texts})
        job.cases = frag.parse_cases("a | 512 | 2 | run=load mb=3 | x\n")
        self.last = job
        return self.quiet(command.run, job)

    def test_each_kernel_in_each_round_with_its_seed(self):
        result = self.run_with(LOAD)
        self.assertEqual(len(self.boots), 4)
        self.assertIn("mem=512M", self.boots[0])
        self.assertIn("pcp_frag.seed=1 pcp_frag.run=load pcp_frag.mb=3", self.boots[0])
        self.assertEqual(len(result.data["cases"]["a"]["stock"]), 2)
        self.assertRegex(self.said, r"a +load: whole +91 +91 +1.000")

    def test_one_kernel_leaves_the_other_as_it_was(self):
        self.run_with(LOAD)
        result = self.run_with(LOAD.replace("whole 91", "whole 92"), KERNELS="split")
        self.assertEqual([result.data["cases"]["a"][k][0]["load: whole"] for k in frag.KERNELS
                          if k in result.data["cases"]["a"]], [91, 92])

    def test_what_is_no_measurement(self):
        for text, words in ((LOAD.replace("frag: end", ""), "the kernel stopped early"),
                            ("frag: load failed no memory\n" + LOAD, "load: no memory"),
                            (SPLAT + LOAD, "the kernel complained")):
            with self.assertRaisesRegex(Failure, words) as caught:
                self.run_with(text)
            self.assertEqual(caught.exception.status, 2)
        self.late = True
        with self.assertRaisesRegex(Failure, "hung and was killed"):
            self.run_with(LOAD.replace("frag: end", ""))

    def test_a_kernel_that_does_not_build_is_no_failed_test(self):
        def build(*_):
            raise Failure("did not build", 1)

        self.patch(frag, "build", build)
        with self.assertRaisesRegex(Failure, "did not build") as caught:
            self.run_with(LOAD)
        self.assertEqual(caught.exception.status, 2)

    def test_bad_values(self):
        with self.assertRaisesRegex(Failure, "KERNELS=coarse is none of stock, split"):
            self.job(KERNELS="coarse")
        with self.assertRaisesRegex(Failure, "no case matches CASES=nonsense"):
            command.check(self.job(CASES="nonsense"))


if __name__ == "__main__":
    unittest.main()
