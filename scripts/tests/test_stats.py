# SPDX-License-Identifier: GPL-2.0
"""The numbers of make bench: consoles, medians, intervals, goals, the table."""

import os
import random
import re
import tempfile
import unittest

from splitfree.base.failures import Failure
from splitfree.bench import build, stats
from splitfree.bench.run import INIT, STALL, check

CONSOLE = """random: crng init done\r
bench: start on 4 CPUs\r
bench local_o0_b1 ns 121.250 130.000 119.500\r
bench all_vcpus skipped needs 5 CPUs\r
bench remote_o0 free_ns 200.000\r
bench remote_o0 total_pages 4096.000\r
bench: end\r
reboot: System halted\r
"""


def goals():
    with open(os.path.join(build.HERE, "goals.list"), encoding="utf-8") as handle:
        return stats.rows_of(handle.read())


def row(goal, case="x", metric="ns"):
    return stats.Row(case, metric, "few", goal, "a case")


def letters(**values):
    return {letter: values.get(letter, {}) for letter in "ABCD"}


class Console(unittest.TestCase):
    def test_values_and_skips_are_found(self):
        values, lacking, ended = stats.parse_console(CONSOLE)
        self.assertEqual(values["local_o0_b1.ns"], [121.25, 130.0, 119.5])
        self.assertEqual(values["remote_o0.total_pages"], [4096.0])
        self.assertEqual(lacking, {"all_vcpus": "skipped: needs 5 CPUs"})
        self.assertTrue(ended)

    def test_a_kernel_that_stopped_early_has_not_ended(self):
        self.assertFalse(stats.parse_console(CONSOLE.replace("bench: end", ""))[2])

    def test_a_line_that_another_message_cut_is_a_failure(self):
        text = CONSOLE.replace("130.000", "13[    1.2] Oops")
        values, lacking, _ = stats.parse_console(text)
        self.assertNotIn("local_o0_b1.ns", values)
        self.assertTrue(lacking["local_o0_b1"].startswith("failed"))


    def test_a_cpu_that_waited_long_is_a_result_and_other_complaints_are_none(self):
        stall = "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:\n"
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "console.log")
            for more, fails in (("", False), ("BUG: Bad page state in process init\n", True)):
                text = CONSOLE.replace("bench: end", stall + more + "bench: end")
                with open(path, "w", encoding="utf-8") as handle:
                    handle.write(text)
                if fails:
                    with self.assertRaisesRegex(Failure, "complained"):
                        check(text, path, False, True)
                else:
                    check(text, path, False, True)
                    self.assertRegex(text, STALL)


class Numbers(unittest.TestCase):
    def test_one_outlier_changes_neither_value_nor_spread_much(self):
        self.assertEqual(stats.medians([[(10, None), (11, None), (1000, None)]], lambda _: True),
                         [11])
        self.assertLess(stats.spread([10, 10, 10, 10, 10, 10, 11, 1000]), 0.1)

    def test_ratio_of_equal_kernels_is_one_and_in_its_interval(self):
        generator = random.Random(7)
        stock = [100 + generator.random() * 10 for _ in range(20)]
        again = [100 + generator.random() * 10 for _ in range(20)]
        found = stats.ratio(again, stock)
        self.assertLess(found.low, 1)
        self.assertGreater(found.high, 1)
        self.assertLess(found.high - found.low, 0.1)

    def test_ratio_of_a_kernel_twice_as_fast(self):
        found = stats.ratio([50, 51, 49], [100, 102, 98])
        self.assertAlmostEqual(found.value, 0.5)
        self.assertLessEqual(found.low, found.value)
        self.assertGreaterEqual(found.high, found.value)

    def test_interval_is_the_same_each_time(self):
        values = [1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 5.0, 3.0]
        self.assertEqual(stats.ratio(*values), stats.ratio(*values))

    def test_interval_gets_wider_with_the_noise(self):
        quiet = stats.ratio([10, 10.1, 9.9, 10, 10.1], [20, 20.1, 19.9, 20, 20])
        loud = stats.ratio([10, 15, 5, 10, 14], [20, 30, 12, 20, 17])
        self.assertGreater(loud.high - loud.low, quiet.high - quiet.low)

    def test_nothing_measured_gives_no_ratio(self):
        self.assertIsNone(stats.ratio([], [1, 2]))
        self.assertIsNone(stats.ratio([1, 2], [0, 0]))


class States(unittest.TestCase):
    """The speed of cores depends on their place in the host, and on their neighbours."""

    @staticmethod
    def raw(kind="hop_ns", **letters_of):
        return {letter: {"x.ns": [[(value, (kind, state) if state else None)
                                   for value, state in samples]
                                  for samples in letters_of.get(letter, [])]}
                for letter in "ABCD"}

    def test_each_sample_has_the_state_that_was_measured_with_it(self):
        values = {"x.ns": [1.0, 2.0], "x.hop_ns": [45.0, 0.0], "y.ns": [3.0],
                  "y.pace_ns": [150.0], "z.ns": [4.0], "z.hop_ns": [45.0, 45.0]}
        self.assertEqual(stats.with_state(values),
                         {"x.ns": [(1.0, ("hop_ns", 45.0)), (2.0, ("hop_ns", float("inf")))],
                          "y.ns": [(3.0, ("pace_ns", 150.0))], "z.ns": [(4.0, None)]})

    def test_a_state_that_could_not_be_measured_is_not_good(self):
        samples = [(1, 45)] * 8 + [(9, float("inf"))]
        raw = self.raw(A=[samples], C=[samples])
        self.assertAlmostEqual(stats.limits(raw)["hop_ns"], 45 * stats.ALIKE["hop_ns"])
        good, bad, _ = stats.by_state(raw, stats.limits(raw))
        self.assertEqual((good["C"]["x.ns"], bad["C"]["x.ns"]), ([1], [9]))

    def test_what_is_compared_with_mixed_samples_is_mixed_too(self):
        raw = {letter: {"x.ns": [[(1, ("hop_ns", 45))], [(2, ("hop_ns", 220))]] * 2,
                        "y.ns": [[(3, ("hop_ns", 220))]] * 4, "z.ns": [[(4, None)]] * 4}
               for letter in "ABCD"}
        raw["A"]["x.ns"] = raw["C"]["x.ns"] = [[(1, ("hop_ns", 45)), (5, ("hop_ns", 220))]] * 4
        rows = [row("y.ns<=1.30"), row("stock<=1.00", case="z")]
        self.assertEqual(stats.compared(rows), [("x.ns", "y.ns")])
        self.assertEqual(stats.by_state(raw, {"hop_ns": 60})[2], {"y.ns"})
        good, _, mixed = stats.by_state(raw, {"hop_ns": 60}, stats.compared(rows))
        self.assertEqual(mixed, {"x.ns", "y.ns"})
        self.assertEqual(good["C"]["x.ns"], [3, 3, 3, 3])

    def test_good_is_the_lowest_level_with_many_samples(self):
        samples = [(1, 70)] * 9 + [(1, 100 + i % 4) for i in range(40)] + [(1, 220)] * 41
        self.assertEqual(stats.limits(self.raw(A=[samples])), {"hop_ns": 130})
        samples = [(1, 100), (1, 101)] * 10 + [(1, 140)] * 20
        self.assertEqual(stats.limits(self.raw("pace_ns", A=[samples])),
                         {"pace_ns": 100 * stats.ALIKE["pace_ns"]})
        self.assertEqual(stats.limits(self.raw(A=[[(1, None)]])), {})

    def test_only_like_is_compared_with_like(self):
        close, away = [(50, 45)] * 2 + [(150, 220)], [(160, 230)] * 3
        raw = self.raw(A=[[(100, 44)] * 3] * 3 + [[(180, 210)] * 3], C=[close] * 3 + [away])
        good, bad, mixed = stats.by_state(raw, {"hop_ns": 67.5})
        self.assertEqual(good["C"]["x.ns"], [50, 50, 50])
        self.assertEqual(good["A"]["x.ns"], [100, 100, 100])
        self.assertEqual(bad["C"]["x.ns"], [150, 150, 150, 160])
        self.assertEqual(mixed, set())

    def test_a_kernel_without_good_samples_is_compared_by_all_and_that_is_said(self):
        raw = self.raw(A=[[(100, 44)]] * 4, C=[[(50, 44)]] * 2 + [[(150, 220)]] * 2)
        good, _, mixed = stats.by_state(raw, {"hop_ns": 67.5})
        self.assertEqual(mixed, {"x.ns"})
        self.assertEqual(good["C"]["x.ns"], [50, 50, 150, 150])

    def test_what_has_no_state_is_always_compared(self):
        raw = self.raw(A=[[(100, None)]] * 3, C=[[(50, None)]] * 3)
        good, bad, mixed = stats.by_state(raw, {})
        self.assertEqual((good["C"]["x.ns"], bad["C"], mixed), ([50, 50, 50], {}, set()))

    def test_rows_of_the_other_samples_are_compared_too(self):
        bad = letters(A={"x.ns": [200, 200]}, C={"x.ns": [150, 150]})
        rows = stats.other_rows([row("stock<=0.50"), row("-", case="y")], bad)
        self.assertEqual(len(rows), 1)
        self.assertEqual(len(rows[0]), len(stats.OTHER_HEAD))
        self.assertEqual(rows[0][-1], "missed")


class Goals(unittest.TestCase):
    def test_stock(self):
        data = letters(A={"x.ns": [100, 101, 99]}, C={"x.ns": [50, 51, 49]})
        self.assertEqual(stats.goal_met(row("stock<=0.60"), data)[0], "met")
        self.assertEqual(stats.goal_met(row("stock<=0.40"), data)[0], "missed")
        self.assertEqual(stats.goal_met(row("stock>=1.00"), data)[0], "missed")

    def test_both_stock_kernels_count(self):
        data = letters(A={"x.ns": [100, 100]}, C={"x.ns": [60, 60]}, D={"x.ns": [140, 140]})
        self.assertEqual(stats.goal_met(row("stock<=0.55"), data)[1].value, 0.5)
        cells = stats.table_rows([row("stock<=0.55")], data)[0]
        self.assertEqual([text.split()[0] for text in (cells[1], cells[4], cells[6])],
                         ["120", "1.40", "0.50"])

    def test_goal_within_the_interval_is_unsure(self):
        data = letters(A={"x.ns": [100, 120, 80, 100, 95]}, C={"x.ns": [100, 85, 110, 99, 90]})
        self.assertEqual(stats.goal_met(row("stock<=1.00"), data)[0], "unsure")
        self.assertEqual(stats.goal_met(row("stock<=2.00"), data)[0], "met")
        self.assertEqual(stats.goal_met(row("stock<=0.50"), data)[0], "missed")

    def test_verdicts_are_counted(self):
        self.assertEqual(stats.count(["met", "unsure", "met", "stated", "not measured"]),
                         "goals: 2 met, 0 missed, 1 unsure, 1 not measured")

    def test_another_case_of_the_split_kernel(self):
        data = letters(A={"x.ns": [1]}, C={"x.ns": [26], "y.ns": [20]})
        self.assertEqual(stats.goal_met(row("y.ns<=1.30"), data), ("met", (1.3, 1.3, 1.3)))
        self.assertEqual(stats.goal_met(row("y.ns<=1.20"), data)[0], "missed")
        self.assertEqual(stats.goal_met(row("z.ns<=1.20"), data)[0], "not measured")

    def test_value(self):
        data = letters(A={"x.ns": [500]}, C={"x.ns": [0, 0, 0]})
        self.assertEqual(stats.goal_met(row("value<=1"), data)[0], "met")
        data["C"]["x.ns"] = [1.5, 2, 2]
        self.assertEqual(stats.goal_met(row("value<=1"), data)[0], "missed")
        data["C"]["x.ns"] = [0.5, 1, 1]
        self.assertEqual(stats.goal_met(row("value<=1"), data)[0], "met")
        data["C"]["x.ns"] = [0.5, 1, 2]
        self.assertEqual(stats.goal_met(row("value<=1"), data)[0], "unsure")
        self.assertEqual(stats.goal_met(row("value>=0.6"), data)[0], "unsure")
        self.assertEqual(stats.goal_met(row("value>=0.5"), data)[0], "met")
        self.assertEqual(stats.goal_met(row("value>=2.5"), data)[0], "missed")

    def test_what_was_not_measured_is_not_met(self):
        self.assertEqual(stats.goal_met(row("stock<=1.00"), letters(A={"x.ns": [1]}))[0],
                         "not measured")

    def test_mistakes_in_the_list_are_named(self):
        for line, text in (
                ("a | b | few | stock<=1",
                 r"^goals.list line 2 is no goal: case \| metric \| boot \| goal \| what$"),
                ("a|b|often|-|c", "^goals.list line 2: the boot often is none of few, many, most, locks$"),
                ("a|b|few|fast|c", "^goals.list line 2: fast is no goal$")):
            with self.assertRaisesRegex(Failure, text):
                stats.rows_of("# first\n" + line)

    def test_our_list_can_be_read_and_each_case_exists(self):
        source = "".join(build.read(os.path.join(build.HERE, name)).decode()
                         for name in build.program_files(build.BENCH))
        with open(INIT, encoding="utf-8") as handle:
            source += handle.read()
        known = set(re.findall(r'"(\w+)"', source))
        known |= {f"many_to_one_{n}" for n in re.findall(r"MANY_TO_ONE\((\d+)\)", source)}
        known |= {f"folios_{n}" for n in re.findall(r"FOLIOS\((\d+)\)", source)}
        known |= {f"one_to_many_{n}" for n in re.findall(r"ONE_TO_MANY\((\d+)\)", source)}
        for each in goals():
            self.assertIn(each.case.removeprefix("locks_"), known)
            if each.metric != "per_1000":
                self.assertIn(each.metric, set(re.findall(r'"(\w+)"', source)) | {"ns"})


class Table(unittest.TestCase):
    def test_row_has_each_kernel_and_the_noise(self):
        data = letters(A={"x.ns": [100, 100]}, B={"x.ns": [80, 80]}, C={"x.ns": [50, 50]},
                       D={"x.ns": [101, 101]})
        cells = stats.table_rows([row("stock<=0.60")], data)[0]
        self.assertEqual(len(cells), len(stats.HEAD))
        self.assertEqual([text.split()[0] for text in cells[1:7]],
                         ["100", "80.0", "50.0", "1.01", "0.80", "0.50"])
        self.assertEqual(cells[-1], "met")

    def test_lines_line_up(self):
        text = stats.table([["a"] * len(stats.HEAD), ["long text"] * len(stats.HEAD)])
        lines = text.splitlines()
        self.assertEqual(lines[2].index(" a"), lines[3].index(" long") )

    def test_the_one_for_the_documentation(self):
        data = {"A": {"x.ns": [100.0, 100.0]}, "B": {"x.ns": [90.0, 90.0]},
                "C": {"x.ns": [50.0, 50.0], "y.ns": [45.0]}, "D": {}}
        lines = stats.rst([row("stock<=0.25"), row("y.ns<=1.50")], data).splitlines()
        self.assertEqual(lines[0], lines[2])
        self.assertEqual(lines[0], lines[-1])
        self.assertEqual(lines[3].split()[-5:], ["0.50", "[0.50,", "0.50]", "<=0.25", "missed"])
        self.assertEqual(lines[4].split()[-3:], ["y.ns<=1.50", "met,", "1.11"])


if __name__ == "__main__":
    unittest.main()
