# SPDX-License-Identifier: GPL-2.0
"""make latency: what a console says, which callers count, the rows."""

import contextlib
import io
import os
import re
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.bench import latency
from splitfree.bench.latency import Record
from splitfree.commands import latency as command
from tests.fakes import Commands

CONSOLE = """\
WARNING: this configuration is small\r
latency: start\r
latency: alloc irq rmqueue_bulk 900 30 1\r
latency: alloc irq rmqueue_bulk 1000 2 0\r
latency: alloc irq tick_sched 9000 2 0\r
latency: alloc preempt get_page_from_freelist 1500 30 0\r
[    1.0] latency: alloc irq rmqueue_bulk 7777 1 0\r
latency: idle wakes 0 0 61 66\r
latency: idle wakes 0 1 2 3\r
latency: idle wakes 1 0 4 4\r
latency: idle wakes 2 0 99 99\r
latency: end\r
"""
OWN = {"rmqueue_bulk", "get_page_from_freelist", "pcp_flush_waiting"}
GOALS = latency.goals_of("alloc | irq zone | stock<=1.00 | allocations\n"
                         "idle | wakes | stock<=1.00 | a minute\n")


def record(longest):
    return Record(longest, 1, 0)


def rows_of(stock, split):
    return latency.rows_of(GOALS, {"stock": stock, "split": split})


class Consoles(unittest.TestCase):
    def test_sections_of_one_caller_are_one(self):
        found = latency.parse(CONSOLE.replace("\r", ""), OWN)
        self.assertEqual(found["alloc", "irq"], {"rmqueue_bulk": Record(1000, 32, 1)})
        self.assertEqual(set(found), {("alloc", "irq"), ("alloc", "preempt")})

    def test_wakes_of_a_minute_are_those_of_all_cpus(self):
        self.assertEqual(latency.parse_wakes(CONSOLE.replace("\r", ""), 7), {
            ("idle", "wakes"): {"boot 7, minute 0": Record(63, 69, 0),
                                "boot 7, minute 1": Record(4, 4, 0),
                                "boot 7, minute 2": Record(99, 99, 0)}})

    def test_a_kernel_without_functions(self):
        kernel = types.SimpleNamespace(dir="/nowhere")
        for status, said in ((1, b"0 T alloc\n"), (0, b"")):
            with mock.patch.object(latency, "run_program",
                                   return_value=types.SimpleNamespace(returncode=status,
                                                                      stdout=said)), \
                    self.assertRaisesRegex(Failure, "^nm found no functions in /nowhere/mm$"):
                latency.own_functions(kernel)

    def test_without_qemu(self):
        with mock.patch.object(latency.shutil, "which", return_value=None), \
                self.assertRaisesRegex(Failure, "is missing; run scripts/packages.sh count-x86_64"):
            latency.command(types.SimpleNamespace(binary="x"), 1)

    def test_functions_are_those_of_the_text(self):
        text = ("\npage_alloc.o:\n0000000000000010 T alloc\n0000000000000020 t take.isra.0\n"
                "0000000000000030 d data\n                 U spin_lock\n")
        self.assertEqual(latency.symbols(text), {"alloc", "take.isra.0"})


class Goals(unittest.TestCase):
    def test_a_row_for_each_kind(self):
        rows = rows_of({}, {})
        self.assertEqual([(row.phases, row.kind) for row in rows],
                         [(["alloc"], "irq"), (["alloc"], "zone"), (["idle"], "wakes")])

    def test_what_is_wrong_is_named(self):
        for line, why in (("alloc | irq | stock<=1.00", "line 1 is no goal: phases"),
                          ("alloc | irq | less | text", "line 1: less is no goal"),
                          ("alloc | nmi | stock<=1.00 | text", "line 1: nmi is none of irq, ")):
            with self.subTest(line), self.assertRaisesRegex(Failure, why):
                latency.goals_of(line)

    def test_the_list_names_the_phases_of_the_program(self):
        with open(os.path.join(latency.HERE, "pcp_latency.c"), encoding="utf-8") as handle:
            phases = re.findall(r'\[PHASE_\w+\] = "(\w+)"', handle.read())
        goals = [goal.phases for goal in latency.read_goals()]
        self.assertEqual([names[0] for names in goals if len(names) == 1], phases[1:])
        self.assertLessEqual(set(sum(goals, [])), set(phases[1:]))


class Rows(unittest.TestCase):
    def test_the_longest_of_all_callers_counts(self):
        row = rows_of({("alloc", "irq"): {"a": record(10), "b": record(40)}},
                      {("alloc", "irq"): {"a": record(20)}})[0]
        self.assertEqual((row.stock, row.split, row.ratio, row.verdict), (40, 20, 0.5, "met"))

    def test_the_longest_of_several_phases_counts(self):
        goal = latency.goals_of("alloc holes | irq | stock<=1.00 | any allocation")
        found = {("alloc", "irq"): {"a": Record(5, 2, 0)}, ("holes", "irq"): {"a": Record(7, 1, 1)}}
        row = latency.rows_of(goal, {"stock": found, "split": {}})[0]
        self.assertEqual((row.stock, row.callers["stock"]), (7, {"a": Record(7, 3, 1)}))

    def test_wakes_are_the_median_of_some_minutes(self):
        row = rows_of({("idle", "wakes"): {"0": record(60), "1": record(40), "2": record(99)}},
                      {("idle", "wakes"): {"0": record(61)}})[2]
        self.assertEqual((row.stock, row.split, row.verdict), (60, 61, "missed"))

    def test_one_instruction_more_is_a_miss(self):
        row = rows_of({("alloc", "irq"): {"a": record(100000)}},
                      {("alloc", "irq"): {"a": record(100001)}})[0]
        self.assertEqual(row.verdict, "missed")

    def test_what_only_one_of_them_does(self):
        section = {("alloc", "irq"): {"a": record(10)}}
        self.assertEqual(rows_of(section, {})[0].verdict, "met")
        self.assertEqual(rows_of({}, section)[0].verdict, "stock has none")
        self.assertEqual(rows_of({}, {})[0].verdict, "not measured")

    def test_what_was_always_disturbed_was_not_measured(self):
        data = {("alloc", "irq"): {"a": record(10)}}, {("alloc", "irq"): {"a": Record(0, 0, 3)}}
        row = rows_of(*data)[0]
        self.assertEqual((row.split, row.verdict), (None, "not measured"))

    def test_a_row_above_stock_names_who_made_it(self):
        rows = rows_of({("alloc", "irq"): {"rmqueue_bulk": record(10)}},
                       {("alloc", "irq"): {"pcp_zone_lock": record(20), "quick": record(1)}})
        text = latency.table(rows)
        self.assertRegex(text, r"pcp_zone_lock +- +20\n")
        self.assertRegex(text, r"rmqueue_bulk +10 +-\n")
        self.assertNotIn("quick", text)
        self.assertIn("quick", latency.table(rows, full=True))

    def test_a_row_as_data(self):
        row = rows_of({}, {("alloc", "irq"): {"a": record(1), "b": record(2)}})[0]
        self.assertEqual([one["caller"] for one in latency.row_data(row)["callers"]["split"]],
                         ["b", "a"])


class Runs(Commands):
    """The whole command, with guests that are made up."""

    target = "latency"

    def setUp(self):
        super().setUp()
        self.patch(latency.build, "source", lambda job, variant, kit: job.tree)
        self.patch(latency, "own_functions", lambda kernel: OWN)
        self.patch(latency.shutil, "which", lambda name: name)
        self.patch(latency, "complaints", lambda text: [
            types.SimpleNamespace(text=line) for line in text.splitlines() if "WARNING" in line])
        self.consoles = {"stock-off/": CONSOLE, "split-off/": CONSOLE.replace("1000", "1001"),
                         "stock-locks/": CONSOLE, "split-locks/": CONSOLE}

    def run_with(self, **texts):
        job = self.job(**texts)
        command.check(job)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            result = command.run(job)
        self.said = said.getvalue()
        return job, result

    def failure(self):
        with self.assertRaises(Failure) as caught:
            self.run_with()
        self.assertEqual(caught.exception.status, 2)
        return str(caught.exception)

    def test_a_missed_goal_of_a_phase_is_a_result(self):
        self.patch(latency, "read_goals", lambda: latency.goals_of(
            "alloc | irq preempt | stock<=1.00 | x\nidle | wakes | stock<=1.00 | a minute\n"))
        job, result = self.run_with()
        self.assertEqual(result.sums()[:2], (1, 0))
        self.assertIsNone(result.failure)
        rows = {(row["phases"][0], row["kind"]): row for row in reversed(result.data["rows"])}
        self.assertEqual(rows["alloc", "irq"]["verdict"], "missed")
        self.assertEqual(rows["alloc", "preempt"]["verdict"], "met")
        self.assertEqual(rows["idle", "wakes"]["stock"], 63)
        with open(job.path("table.txt"), encoding="utf-8") as handle:
            self.assertEqual(handle.read(), self.said)
        self.assertTrue(os.path.exists(job.path("results.json")))

    def test_rows_of_several_phases_and_idle_minutes_are_tests(self):
        result = self.run_with()[1]
        # Rows that the consoles do not have fail.
        self.assertEqual(result.sums()[:2], (3, 19))
        self.assertEqual(result.failure.status, 1)
        self.assertRegex(str(result.failure), "any allocation, pcp->lock: stock<=1.00 was missed")

    def test_a_test_may_be_five_percent_above(self):
        goal = latency.goals_of("alloc holes | irq | stock<=1.00 | any allocation")
        for split, short in ((1052, False), (1053, True)):
            row = latency.rows_of(goal, {"stock": {("alloc", "irq"): {"a": record(1000)}},
                                         "split": {("alloc", "irq"): {"a": record(split)}}})[0]
            self.assertTrue(latency.is_test(row))
            self.assertIs(latency.is_short(row), short)
        self.assertFalse(latency.is_test(rows_of({}, {})[0]))

    def test_each_kernel_times_what_it_is_built_for(self):
        self.consoles["split-locks/"] += "latency: alloc irq rmqueue_bulk 5000 1 0\n"
        rows = self.run_with()[1].data["rows"]
        self.assertEqual(rows[0]["split"], 1001)

    def test_qemu_counts_and_has_four_cpus(self):
        self.run_with()
        self.assertEqual(len(self.boots), 3 * 4)
        for word in ("-icount shift=0,sleep=off", "-smp 4,sockets=4", "-cpu max,-monitor",
                     "idle=halt", "-seed 1 "):
            self.assertIn(word, self.boots[0])

    def test_all_callers_on_demand(self):
        self.assertNotIn("  get_page_from_freelist", self.run_with() and self.said)
        self.assertIn("  get_page_from_freelist", self.run_with(FIGURES="1") and self.said)

    def test_a_kernel_that_stopped_measured_nothing(self):
        self.consoles["split-locks/"] = CONSOLE.replace("latency: end", "")
        self.assertIn("split-locks-1 could not time anything: it stopped early", self.failure())

    def test_a_kernel_that_failed_says_why(self):
        self.consoles["stock-off/"] = "latency: failed out of memory\r\n" + CONSOLE
        self.assertIn("out of memory", self.failure())

    def test_a_kernel_that_hangs(self):
        self.late = True
        self.assertRegex(self.failure(), r"the kernel did not end in \d+ s .log: ")

    def test_a_kernel_that_complains(self):
        self.consoles["split-off/"] += "WARNING: a bad page\n"
        self.assertIn("complained: WARNING: a bad page", self.failure())


if __name__ == "__main__":
    unittest.main()
