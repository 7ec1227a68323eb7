# SPDX-License-Identifier: GPL-2.0
"""Instruction counts: what the stepper prints, and the baseline."""

import unittest

from splitfree.base.failures import Failure
from splitfree.bench import count

PRINTED = ("bench: start on 2 CPUs\r\ncount 1 9\ncount 2 209\ncount 3 109\ncount 4 159\n"
           "count 5 9009\n")


class Counts(unittest.TestCase):
    def test_the_marks_themselves_do_not_count(self):
        self.assertEqual(count.parse_counts(PRINTED), {2: 200, 3: 100, 4: 150, 5: 9000})

    def test_a_count_that_is_missing_is_an_error(self):
        with self.assertRaisesRegex(Failure, "count 3"):
            count.parse_counts(PRINTED.replace("count 3", "bench 3"))

    def test_instructions_belong_to_the_function_they_are_in(self):
        symbols = count.parse_symbols("0000000000001000 T bench_mark\n"
                                            "0000000000001010 t counting_worker\n"
                                            "0000000000001100 T free\n"
                                            "0000000000001180 d data\n"
                                            "0000000000001200 W push\n")
        found = count.by_function("at 3 1005\nat 3 1020\nat 3 1100\nat 3 1200\r\n"
                                        "at 3 11ff\nat 3 fff\nat 9 1100\n", symbols)
        self.assertEqual(found, {2: [], 3: [("free", 2), ("push", 1)], 4: [], 5: []})

    def test_a_path_that_grew_fails_and_a_shorter_one_does_not(self):
        names = count.PATHS
        baseline = {names[2]: 190, names[3]: 110, names[4]: 150, names[5]: 9000}
        rows = count.compare({2: 200, 3: 100, 4: 150, 5: 9000}, baseline)
        self.assertEqual([row[3] for row in rows], [False, True, True, True])

    def test_a_path_without_a_baseline_fails(self):
        rows = count.compare({2: 200, 3: 100, 4: 150, 5: 9000}, {})
        self.assertEqual([row[3] for row in rows], [False] * 4)

    def test_our_baseline_has_every_path_of_each_compiler(self):
        with open(count.BASELINE, encoding="utf-8") as handle:
            found = count.parse_baseline(handle.read())
        self.assertTrue(found)
        for paths in found.values():
            self.assertEqual(set(paths), set(count.PATHS.values()))


if __name__ == "__main__":
    unittest.main()
