# SPDX-License-Identifier: GPL-2.0
"""verdict.py against recorded logs."""

import datetime
import os
import re
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from splitfree.judge import verdict  # noqa: E402  pylint: disable=wrong-import-position

TODAY = datetime.date(2026, 6, 1)


def log(name):
    with open(os.path.join(HERE, "data", name), encoding="utf-8") as handle:
        return handle.read()


def judge(text, excuses=()):
    return verdict.judge(text, verdict.read_splats(), list(excuses), TODAY)


class Recorded(unittest.TestCase):
    def check(self, name, status, passed, failed, skipped, splats=0):
        result = judge(log(name))
        self.assertEqual((result.status, result.passed, result.failed, result.skipped,
                          len(result.splats)), (status, passed, failed, skipped, splats))
        self.assertEqual(bool(result.reason), status != 0)
        return result

    def test_ok(self):
        self.check("ok.log", 0, 6, 0, 1)

    def test_time_stamps_make_no_difference(self):
        self.check("stamped.log", 0, 6, 0, 1)

    def test_failing_case_is_named_once(self):
        result = self.check("failing.log", 1, 5, 1, 1)
        self.assertEqual(result.failures, ["llist.add_test"])

    def test_warning_in_passing_log(self):
        result = self.check("warning.log", 1, 6, 0, 1, splats=1)
        self.assertIn("mm/pcp/drain.c:88", result.splats[0].text)

    def test_cut_off(self):
        result = self.check("cut-off.log", 1, 5, 2, 1)
        self.assertEqual(result.missing, 2)

    def test_empty(self):
        self.check("empty.log", 2, 0, 0, 0)

    def test_crash_before_tests(self):
        self.check("early-crash.log", 1, 0, 0, 0, splats=1)

    def test_no_test_selected(self):
        self.check("none-selected.log", 2, 0, 0, 0)

    def test_all_skipped_is_not_passed(self):
        self.check("all-skipped.log", 2, 0, 0, 3)

    def test_list_corruption(self):
        self.check("list-corruption.log", 1, 6, 0, 1, splats=1)

    def test_lockdep(self):
        result = self.check("lockdep.log", 1, 6, 0, 1, splats=1)
        self.assertIn("circular locking", result.splats[0].text)

    def test_suite_that_fails_to_start(self):
        self.check("suite-init.log", 1, 4, 2, 1)

    def test_suite_that_fails_at_its_end(self):
        result = self.check("suite-exit.log", 1, 6, 1, 1)
        self.assertEqual(result.failures, ["llist"])

    def test_every_cut_of_a_good_log_is_noticed(self):
        lines = log("ok.log").splitlines(keepends=True)
        end = max(i for i, line in enumerate(lines) if re.match(r"ok 2 llist", line))
        for length in range(end + 1):
            with self.subTest(lines=length):
                self.assertNotEqual(judge("".join(lines[:length])).status, 0)
        self.assertEqual(judge("".join(lines[:end + 1])).status, 0)


class CleanLines(unittest.TestCase):
    REPLAY = "** replaying previous printk message **\n"

    def test_a_line_that_printk_says_again_counts_once(self):
        line = "[    9.179660]     ok 7 zero\n"
        self.assertEqual([x for x in verdict.clean_lines(line + self.REPLAY + line) if x],
                         ["    ok 7 zero"])

    def test_a_line_that_was_cut_is_taken_from_its_repetition(self):
        text = "[    9.17" + self.REPLAY + "[    9.179660] ok 7 zero\n"
        self.assertEqual([x for x in verdict.clean_lines(text) if x], ["ok 7 zero"])

    def test_line_numbers_stay(self):
        text = "a\n" + self.REPLAY + "a\nb\n"
        self.assertEqual(list(verdict.clean_lines(text)), ["a", "", "", "b"])

    def test_equal_lines_without_a_replay_both_count(self):
        self.assertEqual(list(verdict.clean_lines("a\na\n")), ["a", "a"])


class Splats(unittest.TestCase):
    def seen(self, line):
        text = log("ok.log").replace("    ok 2 drain_test\n", line + "\n    ok 2 drain_test\n", 1)
        return judge(text).status == 1

    def test_each_kind(self):
        for line in (
                "WARNING: CPU: 1 PID: 7 at mm/page_alloc.c:1 free+0x1/0x2",
                "BUG: sleeping function called from invalid context at mm/x.c:1",
                "BUG: Bad page state in process kunit  pfn:00042",
                "BUG: KASAN: slab-use-after-free in drain+0x1/0x2",
                "BUG: KCSAN: data-race in push / drain",
                "BUG: scheduling while atomic: kunit/7/0x00000002",
                "BUG: spinlock bad magic on CPU#0, kunit/7",
                "list_add corruption. next->prev should be prev (1), but was 2. (next=3).",
                "list_del corruption, 1->next is LIST_POISON1 (2)",
                "WARNING: possible recursive locking detected",
                "WARNING: inconsistent lock state",
                "[ BUG: Invalid wait context ]",
                "WARNING: suspicious RCU usage",
                "rcu: INFO: rcu_sched self-detected stall on CPU",
                "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
                "INFO: task kunit:7 blocked for more than 120 seconds.",
                "bad: scheduling from the idle thread!",
                "UBSAN: array-index-out-of-bounds in mm/x.c:1:2",
                "Kernel panic - not syncing: Segfault with no mm",
                "Oops: 0000 [#1] SMP",
                "page_alloc: page allocation failure: order:0",
                "[    1.234567] WARNING: mm/x.c:1 at y+0x1/0x2",
                "[    1.234567][   T7] BUG: KASAN: x"):
            with self.subTest(line=line):
                self.assertTrue(self.seen(line))

    def test_test_names_and_messages_are_no_splats(self):
        for line in ("    # push_test: BUG: is only a word here", "    # WARNING: a diagnostic",
                     "printk: debug: skip boot console", "a warning: in small letters"):
            with self.subTest(line=line):
                self.assertFalse(self.seen(line))

    def test_an_empty_list_is_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".list") as handle:
            handle.write("# nothing\n")
            handle.flush()
            with self.assertRaises(verdict.BadList):
                verdict.read_splats(handle.name)


class Excuses(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".excuses") as handle:
            handle.write(text)
            handle.flush()
            return verdict.read_excuses(handle.name)

    def test_excused_until_its_day(self):
        excuses = self.read("2026-06-01 | WARNING: mm/pcp/(a|drain).c | known, see list\n")
        result = judge(log("warning.log"), excuses)
        self.assertEqual((result.status, len(result.excused)), (0, 1))

    def test_expired(self):
        excuses = self.read("2026-05-31 | WARNING: mm/pcp/drain.c | known, see list\n")
        result = judge(log("warning.log"), excuses)
        self.assertEqual((result.status, len(result.expired)), (1, 1))

    def test_reason_and_day_are_needed(self):
        for text in ("2026-05-31 | WARNING\n", "2026-05-31 | | why\n", "soon | WARNING | why\n"):
            with self.subTest(text=text), self.assertRaises(verdict.BadList):
                self.read(text)

    def test_the_shipped_list_can_be_read(self):
        verdict.read_excuses()


if __name__ == "__main__":
    unittest.main()
