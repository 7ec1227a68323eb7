# SPDX-License-Identifier: GPL-2.0
"""The ledger of make soak: nothing that was entered is lost or changed."""

import concurrent.futures
import os
import shutil
import tempfile
import unittest

from splitfree.runs import ledger


def entry(**values):
    return {"started": 1000, "variant": "plain", "seed": 7, "outcome": "passed", "failed": [],
            "minutes": 20, "iterations": 100, "calls": 50, "cpu_cycles": 4, "memory_cycles": 2,
            "messages": 0, "pages_lost": 3, "commit": "a" * 40, "kernel": "b" * 40, **values}


class Ledger(unittest.TestCase):
    def setUp(self):
        top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, top)
        self.path = os.path.join(top, "soak.jsonl")

    def add(self, *entries):
        for one in entries:
            ledger.add(self.path, one)

    def test_there_is_none_at_first(self):
        self.assertEqual(ledger.read(self.path), ([], 0))

    def test_later_runs_add_to_it(self):
        self.add(entry(seed=1), entry(seed=2))
        with open(self.path, "rb") as handle:
            before = handle.read()
        self.add(entry(seed=3))
        with open(self.path, "rb") as handle:
            self.assertTrue(handle.read().startswith(before))
        runs, bad = ledger.read(self.path)
        self.assertEqual(([run["seed"] for run in runs], bad), ([1, 2, 3], 0))
        self.assertEqual(runs[2], entry(seed=3))

    def test_a_line_cut_in_two_costs_no_other(self):
        self.add(entry(seed=1), entry(seed=2))
        os.truncate(self.path, os.path.getsize(self.path) - 20)
        self.add(entry(seed=3))
        runs, bad = ledger.read(self.path)
        self.assertEqual(([run["seed"] for run in runs], bad), ([1, 3], 1))

    def test_lines_of_others_are_counted_not_summed(self):
        self.add(entry())
        with open(self.path, "ab") as handle:
            handle.write(b'[1, 2]\n{"seed": 3}\n\xff\n')
        self.assertEqual((len(ledger.read(self.path)[0]), ledger.read(self.path)[1]), (1, 3))

    def test_a_run_that_lacks_something_is_refused(self):
        one = entry()
        del one["commit"]
        with self.assertRaisesRegex(ValueError, "a run without commit"):
            self.add(one)
        self.assertFalse(os.path.exists(self.path))

    def test_many_at_a_time(self):
        with concurrent.futures.ProcessPoolExecutor(4) as pool:
            list(pool.map(ledger.add, [self.path] * 40, [entry(seed=n) for n in range(40)]))
        runs, bad = ledger.read(self.path)
        self.assertEqual((sorted(run["seed"] for run in runs), bad), (list(range(40)), 0))

    def test_totals(self):
        runs = [entry(), entry(minutes=10, pages_lost=9, messages=2, outcome="failed"),
                entry(variant="rt", outcome="stopped", pages_lost=None, minutes=1.5)]
        found = ledger.totals(runs)
        self.assertEqual(list(found), ["plain", "rt"])
        self.assertEqual(found["plain"], ledger.Total(2, 1, 0, 9, 30, 200, 100, 8, 4, 2))
        self.assertEqual((found["rt"].stopped, found["rt"].lost, found["rt"].minutes),
                         (1, None, 1.5))
        self.assertEqual(ledger.total(runs).minutes, 31.5)
        self.assertEqual(ledger.total([]).runs, 0)
        self.assertEqual(list(ledger.totals(runs, "commit")), ["a" * 40])

    def test_the_variant_that_ran_least_is_due(self):
        names = ["plain", "kasan", "rt"]
        self.assertEqual(ledger.due([], names), "plain")
        runs = [entry(minutes=20)]
        self.assertEqual(ledger.due(runs, names), "kasan")
        runs += [entry(variant="kasan", minutes=3, outcome="stopped"), entry(variant="rt")]
        self.assertEqual(ledger.due(runs, names), "kasan")
        self.assertEqual(ledger.due(runs, ["plain"]), "plain")

    def test_rows_have_the_columns_of_the_head(self):
        head, row = ledger.rows({"plain": ledger.total([entry(pages_lost=None)])})
        self.assertEqual(len(head), len(row))
        self.assertEqual((row[0], row[1], row[-1]), ("plain", "0.33", "-"))


if __name__ == "__main__":
    unittest.main()
