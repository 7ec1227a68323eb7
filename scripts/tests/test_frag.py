# SPDX-License-Identifier: GPL-2.0
"""The consoles, the cases and the table of make frag."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from common import Failure  # noqa: E402
import frag  # noqa: E402

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


if __name__ == "__main__":
    unittest.main()
