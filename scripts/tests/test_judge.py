# SPDX-License-Identifier: GPL-2.0
"""Excuses, the files with results, and failures that are not the code's."""

import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest
import xml.etree.ElementTree as ET

from splitfree.base.failures import FAILED, Failure
from splitfree.judge import excuses, files, ktap, splats, verdict

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data")
TODAY = datetime.date(2026, 6, 1)
OK = """Linux version 7.3.4
KTAP version 1
1..1
    KTAP version 1
    # Subtest: pcp_a
    1..2
    # push_test: 512 pages
    ok 1 push_test
    ok 2 drain_test
ok 1 pcp_a
reboot: System halted
"""
WARN = """------------[ cut here ]------------
WARNING: mm/pcp/drain.c:88 at drain_remote+0x41/0x5a, CPU#2: kunit_try_catch/71
Call Trace:
 drain_remote+0x41/0x5a
---[ end trace 0000000000000000 ]---
"""


def behind_push(lines, text=OK):
    return text.replace("    ok 2 drain_test\n", lines + "    ok 2 drain_test\n")


class Top(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)

    def file(self, name, text):
        path = os.path.join(self.top, name)
        with open(path, "w", encoding="utf-8", newline="") as handle:
            handle.write(text)
        return path


class Words(unittest.TestCase):
    """The words by which lines are chosen before a pattern is tried."""

    def test_of_patterns(self):
        for pattern, words in ((r"\bBUG: ", ["BUG: "]), (r"a{3}[bc]def?g", None),
                               (r"(?:soft|hard) lockup", [" lockup"]), (r"(?:ab|cd)+", None),
                               (r"(?:abc|def)", ["abc", "def"]), (r"abc|d\[e\]f", ["abc", "d[e]f"]),
                               (r"x?abcd*", ["abc"]), (r"(abc)?\d{4}", None)):
            with self.subTest(pattern=pattern):
                self.assertEqual(splats.words_of(pattern), words)

    def test_each_pattern_of_the_list_has_some(self):
        self.assertNotIn("", splats.read_list().words)

    def test_a_pattern_without_words_is_still_found(self):
        found = verdict.judge(OK + "x77y\n", re.compile(r"\d\d[xy]"), [], None)
        self.assertEqual(found.nr_splats, 1)


class Excuses(Top):
    def judge(self, text, *entries):
        path = self.file("list", "".join(line + "\n" for line in entries))
        return verdict.judge(text, verdict.read_splats(), excuses.read(path), TODAY)

    def test_an_excuse_hides_no_second_splat(self):
        first = "WARNING: possible recursive locking detected\n7.3.4 #1 Not tainted\n"
        for second in ("BUG: KASAN: slab-use-after-free in drain_remote+0x41/0x5a\n", WARN,
                       "list_del corruption. prev->next should be 1, but was 2\n",
                       "INFO: trying to register non-static key.\n",
                       "Oops: general protection fault: 0000 [#1] SMP\n",
                       "** 12 printk messages dropped **\n",
                       "------------[ cut here ]------------\n",
                       "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [kunit:71]\n"):
            with self.subTest(second=second):
                found = self.judge(behind_push(first + second),
                                   "2026-07-01 | possible recursive locking | known")
                self.assertEqual((found.status, found.nr_splats, len(found.excused)), (1, 1, 1))

    def test_nor_one_on_the_same_line(self):
        for glue in ("", "[    9.123456] "):
            line = f"WARNING: possible recursive locking detected{glue}BUG: KASAN: use in f+0x1/0x2"
            found = self.judge(behind_push(line + "\n"), "2026-07-01 | possible recursive locking | known")
            self.assertEqual((found.status, len(found.excused)), (1, 1))

    def test_nor_one_of_the_same_kind_on_the_same_line(self):
        for kind, excuse in (("BUG: Bad page state in process {}  pfn:00001", "process a"),
                             ("BUG: scheduling while atomic: {}/1/0x00000002", "atomic: a"),
                             ("INFO: task {}:1 blocked for more than 122 seconds.", "task a"),
                             ("WARNING: {}/12 still has locks held!", "WARNING: a"),
                             ("kobject: 'x' ({}): is not initialized, yet kobject_put()", "'x' .a"),
                             ("Oops: {}: 0000 [#1] SMP", "Oops: a")):
            for glue in ("", " "):
                line = kind.format("a") + glue + kind.format("b")
                with self.subTest(line=line):
                    found = self.judge(behind_push(line + "\n"), f"2026-07-01 | {excuse} | known")
                    self.assertEqual((found.status, found.nr_splats), (1, 1))

    def test_no_pattern_takes_more_than_it_must(self):
        with open(splats.LIST, encoding="utf-8") as handle:
            self.assertEqual([line for line in handle if not line.startswith("#")
                              and re.search(r"\{\d*,\d*\}(?!\?)", line)], [])

    def test_what_a_report_says_below_is_excused_with_it(self):
        report = ("BUG: KASAN: slab-use-after-free in drain_remote+0x41/0x5a\n"
                  "Read of size 8 at addr 0000000061234567 by task kunit_try_catch/71\n"
                  "page dumped because: kasan: bad access detected\n")
        found = self.judge(behind_push(report), "2026-07-01 | KASAN: .* in drain_remote | known")
        self.assertEqual((found.status, len(found.excused)), (0, 1))

    def test_the_reason_of_a_warning_may_be_what_is_excused(self):
        report = WARN.replace("WARNING: mm", "refcount_t: underflow; use-after-free.\nWARNING: mm")
        for entry in ("refcount_t: underflow", "WARNING: mm/pcp/drain.c"):
            found = self.judge(behind_push(report), f"2026-07-01 | {entry} | known")
            self.assertEqual((found.status, len(found.excused)), (0, 1))
        # Another message that comes between is none.
        report = WARN.replace("WARNING: mm", "page: refcount:1\nWARNING: mm")
        self.assertEqual(self.judge(behind_push(report), "2026-07-01 | ^page: | x").status, 1)

    def test_each_of_two_needs_its_own(self):
        found = self.judge(behind_push(WARN + WARN.replace("drain.c", "push.c")),
                           "2026-07-01 | mm/pcp/drain.c | known")
        self.assertEqual((found.status, found.nr_splats, len(found.excused)), (1, 1, 1))

    def test_one_format_for_each_list(self):
        path = self.file("list", "# why\n\na | b.* | c | because | of it\n"
                         "2026-06-01 | a | b | c | d\n")
        found = excuses.entries(path, 3)
        self.assertEqual([(e.until, e.fields, e.reason) for e in found],
                         [(None, ["a", "b.*", "c | because"], "of it"),
                          (datetime.date(2026, 6, 1), ["a", "b", "c"], "d")])
        for bad in ("a | b", "a |  | c | d", "a | b | c | "):
            with self.assertRaisesRegex(excuses.BadList, r":1: want 3 field\(s\) \| reason$"):
                excuses.entries(self.file("bad", bad + "\n"), 3)
        with self.assertRaisesRegex(excuses.BadList, ":1: no day at the start .YYYY-MM-DD.$"):
            excuses.read(self.file("bad", "soon | WARNING | why\n"))
        with self.assertRaisesRegex(excuses.BadList, ":1: .*unterminated"):
            excuses.read(self.file("bad", "2026-06-01 | [ | why\n"))


class Written(Top):
    """The three files of one run say the same as its status."""

    def written(self, text, end=""):
        console = self.file("console.log", text)
        found = verdict.judge_file(console, [], keep=True)
        files.write_run(self.top, found, "um", console, end)
        return found

    def read(self):
        """(bad cases, all cases) as each file has them."""
        with open(os.path.join(self.top, "results.json"), encoding="utf-8") as handle:
            data = json.load(handle)
        cases = list(self.flat(data))
        root = ET.parse(os.path.join(self.top, "junit.xml")).getroot()
        tests = [(f"{c.get('classname')}.{c.get('name')}",
                  c.find("failure") is not None or c.find("error") is not None)
                 for c in root.iter("testcase")]
        self.assertEqual(len(tests), int(root.get("tests")))
        self.assertEqual(sum(bad for _, bad in tests),
                         int(root.get("failures")) + int(root.get("errors")))
        log = verdict.judge_file(os.path.join(self.top, "ktap.log"), [])
        self.assertEqual(sorted(cases), sorted(tests))
        self.assertEqual(log.passed + log.failed + log.skipped, len(tests))
        bad = [name for name, failed in tests if failed]
        self.assertEqual(sorted(log.failures), sorted(bad))
        self.assertEqual(log.status, int(bool(bad)))
        return bad, [name for name, _ in tests]

    def flat(self, group, name=""):
        self.assertEqual(group["arch"], "um")
        for sub in group["sub_groups"]:
            yield from self.flat(sub, f"{name}.{sub['name']}" if name else sub["name"])
        for case in group["test_cases"]:
            yield f"{name}.{case['name']}", case["status"] not in ("PASS", "SKIP")

    def test_good(self):
        self.written(OK)
        self.assertEqual(self.read(), ([], ["pcp_a.push_test", "pcp_a.drain_test",
                                            "kernel.splats"]))

    def test_a_splat_is_a_failed_case(self):
        found = self.written(behind_push(WARN))
        self.assertEqual((found.status, self.read()[0]), (1, ["kernel.splats"]))
        case = ET.parse(os.path.join(self.top, "junit.xml")).getroot().find(
            ".//testcase[@name='splats']")
        self.assertIn("mm/pcp/drain.c:88", case.find("failure").get("message"))
        self.assertIn(" drain_remote+0x41/0x5a", case.find("system-out").text)
        # And it says which test was going on.
        self.assertIn("in pcp_a, after push_test", case.find("system-out").text)

    def test_each_recorded_log(self):
        """Whatever happened, the files agree with the status, or are not there."""
        logs = [os.path.join(DATA, name) for name in os.listdir(DATA)]
        logs += [os.path.join(DATA, "console", name) for name in os.listdir(DATA + "/console")]
        for path in sorted(logs):
            if not path.endswith(".log"):
                continue
            with self.subTest(path=os.path.basename(path)):
                with open(path, encoding="utf-8", errors="replace", newline="") as handle:
                    found = self.written(handle.read())
                if found.status == 2:
                    self.assertFalse([n for n in files.NAMES
                                      if os.path.exists(os.path.join(self.top, n))])
                else:
                    self.assertEqual(bool(self.read()[0]), bool(found.status))

    def test_hang(self):
        cut = OK[:OK.index("    ok 2 drain")] + "[    3.0] the last words\n"
        found = self.written(cut, "the kernel hung and was killed after 7 s")
        self.assertEqual(found.status, 1)
        bad, _ = self.read()
        self.assertIn("pcp_a.missing_2", bad)
        self.assertIn("kernel.end", bad)
        case = ET.parse(os.path.join(self.top, "junit.xml")).getroot().find(
            ".//testcase[@name='missing_2']")
        self.assertIn("the last words", case.find("system-out").text)

    def test_the_console_of_a_failed_case(self):
        text = OK.replace("    ok 2", "    # drain_test: EXPECTATION FAILED at x.c:1\n"
                          "page: refcount:1\n    not ok 2").replace("ok 1 pcp_a", "not ok 1 pcp_a")
        self.written(text)
        case = ET.parse(os.path.join(self.top, "junit.xml")).getroot().find(
            ".//testcase[@name='drain_test']")
        self.assertIn("EXPECTATION FAILED", case.find("failure").text)
        self.assertIn("page: refcount:1", case.find("system-out").text)
        # The same lies in a file of its own.
        failed = os.path.join(self.top, files.FAILED_CASES)
        self.assertEqual(os.listdir(failed), ["pcp_a.drain_test.log"])
        with open(os.path.join(failed, "pcp_a.drain_test.log"), encoding="utf-8") as handle:
            self.assertIn("page: refcount:1", handle.read())
        self.written(OK)
        self.assertFalse(os.path.exists(failed))
        self.assertNotIn("512 pages", case.find("system-out").text)

    def test_parameters_skips_and_odd_characters(self):
        text = OK.replace("    ok 2 drain_test\n", "        KTAP version 1\n"
                          "        # Subtest: drain_test\n        ok 1 order=0\n"
                          "        ok 2 <&\"'\x01\x1b\ufffe # SKIP too <large>\n"
                          "    ok 2 drain_test\n")
        self.written(text)
        _, names = self.read()
        self.assertIn("pcp_a.drain_test.order=0", names)
        case = ET.parse(os.path.join(self.top, "junit.xml")).getroot().find(".//skipped")
        self.assertEqual(case.get("message"), "too <large>")

    def test_a_suite_that_failed_at_its_end_has_a_case(self):
        self.written(OK.replace("ok 1 pcp_a", "not ok 1 pcp_a"))
        self.assertEqual(self.read()[0], ["pcp_a.itself"])


    def test_a_suite_more(self):
        self.written(OK)
        files.append(self.top, "coverage", [ktap.Test("floors", ktap.FAILED, "below")])
        self.assertEqual(self.read(), (["coverage.floors"],
                                       ["pcp_a.push_test", "pcp_a.drain_test", "kernel.splats",
                                        "coverage.floors"]))


class Guarded(Top):
    """Results of a run that came to no end."""

    def bad(self):
        try:
            return [c.get("name") for c in ET.parse(os.path.join(self.top, "junit.xml")).iter(
                "testcase") if len(c)]
        except FileNotFoundError:
            return None

    def guarded(self, error):
        files.write(self.top, [ktap.Test("old", ktap.PASSED)], "um")
        with self.assertRaises(type(error)), files.guarded(self.top, "um"):
            self.assertIsNone(self.bad())
            raise error
        return self.bad()

    def test_failed_build(self):
        self.assertEqual(self.guarded(Failure("it did not build", FAILED)), ["end"])

    def test_killed(self):
        self.assertEqual(self.guarded(Failure("stopped by SIGTERM", 143)), ["end"])

    def test_could_not_run(self):
        self.assertIsNone(self.guarded(Failure("no network")))
        self.assertIsNone(self.guarded(OSError("no rights")))

    def test_its_own_results_stay(self):
        with self.assertRaises(Failure), files.guarded(self.top, "um"):
            files.write(self.top, [ktap.Test("new", ktap.FAILED)], "um")
            raise Failure("tests failed", FAILED)
        self.assertEqual(self.bad(), ["new"])

    def test_what_came_after_the_tests(self):
        """A run that fails or is stopped behind good results is no good run."""
        for status in (FAILED, 143):
            with self.assertRaises(Failure), files.guarded(self.top, "um"):
                files.write(self.top, [files.suite(name, [ktap.Test("new", ktap.PASSED)])
                                       for name in ("s", "kernel")], "um")
                raise Failure("it could not go on", status)
            self.assertEqual(self.bad(), ["end"])
            root = ET.parse(os.path.join(self.top, "junit.xml")).getroot()
            self.assertEqual([suite.get("name") for suite in root], ["s", "kernel"])
            self.assertEqual(root[1].find(".//*[@message]").get("message"), "it could not go on")

    def test_what_could_not_run_after_the_tests(self):
        with self.assertRaises(Failure), files.guarded(self.top, "um"):
            files.write(self.top, [ktap.Test("new", ktap.FAILED)], "um")
            raise Failure("no lcov", 2)
        self.assertIsNone(self.bad())

    SCRIPT = """
        import sys, time
        sys.path.insert(0, {scripts!r})
        from splitfree.base.failures import main
        from splitfree.judge import files

        def function():
            with files.guarded({top!r}, "um"):
                print("ready", flush=True)
                time.sleep(100)

        main(function)
    """

    def test_signals(self):
        for number, bad in ((signal.SIGTERM, ["end"]), (signal.SIGINT, ["end"]),
                            (signal.SIGKILL, None)):
            files.write(self.top, [ktap.Test("old", ktap.PASSED)], "um")
            with subprocess.Popen(
                    [sys.executable, "-c", textwrap.dedent(self.SCRIPT).format(
                        scripts=os.path.dirname(HERE), top=self.top)],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
                self.assertEqual(child.stdout.readline(), "ready\n")
                child.send_signal(number)
                child.wait(30)
            self.assertEqual(self.bad(), bad)


if __name__ == "__main__":
    unittest.main()
