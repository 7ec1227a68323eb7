# SPDX-License-Identifier: GPL-2.0
"""Each line of data/headlines.txt, at each place where a kernel may write it."""

import datetime
import os
import re
import unittest

from splitfree.judge import excuses, verdict

HERE = os.path.dirname(os.path.abspath(__file__))
PATTERNS = verdict.read_splats()
LATER = datetime.date(2027, 1, 1)
TODAY = datetime.date(2026, 6, 1)

BEFORE = ["Linux version 7.3.4 (a@b) #1 SMP", "Command line: console=ttyS0"]
TESTS = ["KTAP version 1", "1..1", "    KTAP version 1", "    # Subtest: pcp_a", "    1..2",
         "    # push_test: 512 pages", "    ok 1 push_test", "    ok 2 drain_test",
         "# pcp_a: pass:2 fail:0 skip:0 total:2", "ok 1 pcp_a"]
STAMPS = {"none": "{1}", "time": "[{0:12.6f}] {1}", "caller": "[{0:12.6f}][    T1] {1}",
          "level": "<4>[{0:12.6f}][    C1] {1}", "crlf": "[{0:12.6f}] {1}\r",
          "colours": "\x1b[32m[{0:12.6f}] \x1b[0m\x1b[31m{1}\x1b[0m"}
# A line of its own: in front of the tests, among them, behind them.
PLACES = [("none", 0), ("level", 0), ("none", 7), ("time", 7), ("caller", 7), ("colours", 7),
          ("none", 10), ("crlf", 10)]

WARNING = "WARNING: lib/refcount.c:28 at refcount_warn_saturate+0xba/0x110, CPU#1: kunit/71"
OTHER = "WARNING: mm/pcp/drain.c:88 at drain_remote+0x41/0x5a, CPU#2: kunit_try_catch/71"
REFCOUNT = "refcount_t: underflow; use-after-free."
CUT, END = "------------[ cut here ]------------", "---[ end trace 0000000000000000 ]---"
STACK = ["Modules linked in:", "CPU: 1 UID: 0 PID: 71 Comm: kunit_try_catch Not tainted 7.3.4 #1",
         "Call Trace:", " drain_remote+0x41/0x5a"]
KASAN = "BUG: KASAN: slab-use-after-free in drain_remote+0x41/0x5a"


def headlines():
    """{section: lines}"""
    found, section = {}, None
    with open(os.path.join(HERE, "data", "headlines.txt"), encoding="utf-8") as handle:
        for line in handle.read().split("\n"):
            if re.fullmatch(r"\[(alone|inside|harmless)\]", line):
                section = found[line[1:-1]] = []
            elif line and not line.startswith("# ") and line != "#":
                section.append(line)
    return found


def log(stamps, lines):
    return "".join(STAMPS[stamps].format(0.5 + number / 100, line) + "\n"
                   for number, line in enumerate(BEFORE + lines))


def judge(text, entries=()):
    return verdict.judge(text, PATTERNS, entries, TODAY)


class Headlines(unittest.TestCase):
    def own_line(self, line, status):
        for stamps, at in PLACES:
            with self.subTest(line=line, stamps=stamps, at=at):
                found = judge(log(stamps, TESTS[:at] + [line] + TESTS[at:]))
                self.assertEqual(found.status, status, found)

    def glued(self, line, status):
        """Without a stamp, behind the last character of something else."""
        for at, before in ((6, TESTS[6]), (5, TESTS[5]), (7, "stress: 50 % done "), (10, "/ # ")):
            lines = TESTS[:at] + [before + line] + TESTS[at + (before == TESTS[at % 10]):]
            with self.subTest(line=line, before=before):
                found = judge(log("none", lines))
                self.assertEqual(found.status, status, found)

    def test_the_log_is_good_without(self):
        for stamps in STAMPS:
            self.assertEqual(judge(log(stamps, TESTS)).status, 0)

    def test_alone(self):
        for line in headlines()["alone"]:
            self.own_line(line, 1)
            self.glued(line, 1)

    def test_inside(self):
        for line in headlines()["inside"]:
            self.own_line(line, 1)

    def test_harmless(self):
        for line in headlines()["harmless"]:
            self.own_line(line, 0)

    def test_a_program_may_say_what_it_wants(self):
        """All lines of the kernel have stamps."""
        lines = headlines()
        for line in lines["alone"] + lines["inside"]:
            if "printk messages" in line or "early exception" in line:
                continue
            text = log("time", TESTS).split("\n")
            with self.subTest(line=line):
                self.assertEqual(judge("\n".join(text[:8] + [line] + text[8:])).status, 0)


class Reports(unittest.TestCase):
    """Reports of several lines, and what excuses do with them."""

    def check(self, report, entries, status, splats, excused):
        entries = [excuses.Excuse(LATER, re.compile(one), "known") for one in entries]
        for stamps in ("none", "time"):
            found = judge(log(stamps, TESTS[:7] + report + TESTS[7:]), entries)
            with self.subTest(report=report[:4], entries=entries, stamps=stamps):
                self.assertEqual((found.status, found.nr_splats, len(found.excused)),
                                 (status, splats, excused), found.splats)

    def test_a_warning_and_its_reason(self):
        """The reason comes first where a warning is a trap, and behind it on UML."""
        for first in ([REFCOUNT, WARNING], [WARNING, REFCOUNT]):
            report = [CUT, *first, *STACK, END]
            self.check(report, [], 1, 1, 0)
            self.check(report, ["lib/refcount.c:28"], 0, 0, 1)
            self.check(report, ["refcount_t: underflow"], 0, 0, 1)
            self.check(report + [CUT, OTHER, *STACK, END], ["refcount_t: under"], 1, 1, 1)
            self.check(report[:-1] + [CUT, OTHER], ["refcount_t: under"], 1, 1, 1)
            self.check([CUT, *first, KASAN], ["refcount.c"], 1, 1, 1)

    def test_other_reasons(self):
        for place, why in (("lib/list_debug.c:52", "list_del corruption, ffff->next is NULL"),
                           ("lib/debugobjects.c:615", "ODEBUG: free active (active state 0) "
                            "object: 00 object type: timer_list hint: f+0x0/0x10"),
                           ("kernel/locking/lockdep.c:238", "DEBUG_LOCKS_WARN_ON(1)")):
            line = f"WARNING: {place} at f+0x1/0x2, CPU#0: kunit/71"
            for first in ([line, why], [why, line]):
                report = [CUT, *first, *STACK, END]
                self.check(report, [place], 0, 0, 1)
                self.check(report, [re.escape(why[:20])], 0, 0, 1)
                self.check(report, ["nothing"], 1, 1, 0)

    def test_another_one_between(self):
        self.check([CUT, WARNING, KASAN, REFCOUNT, *STACK, END], ["refcount.c"], 1, 1, 1)
        self.check([CUT, WARNING + OTHER, *STACK, END], ["refcount.c"], 1, 1, 1)
        self.check([CUT, WARNING, *STACK, END + KASAN], ["refcount.c"], 1, 1, 1)

    def test_what_another_cpu_says_is_no_reason(self):
        """An excuse for it is none for the warning."""
        page = "page dumped because: migration failure"
        for report in ([CUT, page, OTHER], [CUT, OTHER, page], [page, CUT, OTHER]):
            self.check([*report, *STACK, END], ["migration failure"], 1, 1, 1)
            self.check([*report, *STACK, END], ["migration failure", "drain.c"], 0, 0, 2)
        corruption = "list_del corruption, ffff->next is NULL"
        self.check([corruption, CUT, OTHER, *STACK, END], ["list_del corruption"], 1, 1, 1)
        self.check([corruption, CUT, "kernel BUG at lib/list_debug.c:52!"],
                   ["list_del corruption"], 0, 0, 2)

    def test_a_stack_belongs_to_what_came_before(self):
        chain = [f"-> #{number} (lock){{+.+.}}-{{3:3}}:" for number in range(200)]
        report = ["WARNING: possible circular locking dependency detected", *chain,
                  "stack backtrace:", *STACK]
        self.check(report, ["possible circular"], 0, 0, 1)
        self.check(report + ["a line"] * 700 + STACK, ["possible circular"], 1, 1, 1)

    def test_a_report_with_long_stacks(self):
        stacks = ["Allocated by task 71:"] + [f" f{n}+0x41/0x5a" for n in range(70)]
        report = [KASAN, *stacks, *stacks, "page: refcount:1 mapcount:0",
                  "page dumped because: kasan: bad access detected"]
        self.check(report, [], 1, 1, 0)
        self.check(report, ["slab-use-after-free in drain_remote"], 0, 0, 1)
        self.check(report[:70] + [OTHER] + report[70:], ["slab-use-after"], 1, 1, 1)
        self.check(report + ["a line"] * 80 + report[-1:], ["slab-use-after"], 1, 1, 1)

    def test_a_stack_that_was_asked_for(self):
        for line in ("FAULT_INJECTION: forcing a failure.", "sysrq: Show State",
                     "task:init            state:S stack:0     pid:1     tgid:1     ppid:0",
                     "NMI backtrace for cpu 1",
                     "kunit invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0"):
            self.check([line, *STACK], [], 0, 0, 0)
            self.check([line, *STACK, CUT, OTHER, *STACK, END], [], 1, 1, 0)

    def test_a_report_without_its_first_line(self):
        self.check([*STACK, END], [], 1, 1, 0)
        self.check([END], [], 1, 1, 0)
        self.check(["---[ end Kernel panic - not syncing: Segfault with no mm ]---"], [], 1, 1, 0)


if __name__ == "__main__":
    unittest.main()
