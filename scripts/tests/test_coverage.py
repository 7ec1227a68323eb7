# SPDX-License-Identifier: GPL-2.0
"""Counters, floors and excuses of make coverage."""

import os
import tempfile
import types
import unittest

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT
from splitfree.commands import coverage
from splitfree.runs import kunit
from tests.fakes import Commands, ktap

SOURCE = """int f(int a)
{
\tif (a)
\t\treturn rare(a);
\tBUG_ON(a > 1);
\treturn 0;
}
"""


INFO = """TN:
SF:{0}/mm/pcp/f.c
DA:1,2
DA:3,2
DA:4,0
DA:5,2
DA:6,2
BRDA:3,0,0,0
BRDA:3,0,1,2
BRDA:4,0,0,-
BRDA:5,0,0,0
BRDA:5,0,1,2
end_of_record
SF:{0}/mm/pcp/tests/f_kunit.c
DA:1,0
end_of_record
SF:{0}/mm/page_alloc.c
DA:1,0
end_of_record
"""


class Coverage(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)
        os.makedirs(os.path.join(self.tmp.name, "mm/pcp"))
        with open(os.path.join(self.tmp.name, "mm/pcp/f.c"), "w", encoding="utf-8") as handle:
            handle.write(SOURCE)

    def files(self, text=INFO):
        return coverage.read_info(text.format(self.tmp.name), self.tmp.name)

    def excuses(self, *rows):
        path = os.path.join(self.tmp.name, "excuses.list")
        with open(path, "w", encoding="utf-8") as handle:
            handle.write("# why\n\n" + "\n".join(rows) + "\n")
        return coverage.read_excuses(path)

    def test_only_the_helpers_count(self):
        files = self.files()
        self.assertEqual(list(files), ["f.c"])
        self.assertEqual([s[:2] for s in files["f.c"].sums()], [(4, 5), (2, 5)])
        self.assertTrue(files["f.c"].below())

    def test_two_objects_with_the_same_header_add_up(self):
        more = INFO.replace("\nDA:4,0", "\nDA:4,3").replace("BRDA:4,0,0,-", "BRDA:4,0,0,3")
        item = self.files(INFO + more)["f.c"]
        self.assertEqual(item.lines[4], 3)
        self.assertEqual(item.branches[(4, "0", "0")], 3)
        self.assertEqual(item.branches[(3, "0", "1")], 4)

    def test_excuses_take_out_what_was_missed_only(self):
        files = self.files()
        taken, idle = coverage.excuse(files, self.excuses(
            "f.c | line | return rare(a); | nobody has one", "* | macro | BUG_ON\\( | asserts",
            "f.c | branch | if (a) | goes with it"))
        self.assertEqual(idle, [])
        self.assertEqual([dict(found) for _, found in taken],
                         [{"lines": 1, "branches": 1}, {"branches": 1}, {"branches": 1}])
        self.assertEqual([s[:2] for s in files["f.c"].sums()], [(4, 4), (2, 2)])
        self.assertFalse(files["f.c"].below())

    def test_an_excuse_for_what_was_reached_is_an_error(self):
        rows = self.excuses("f.c | line | return 0; | no", "f.c | line? | return 0; | at times")
        self.assertEqual([one.text for one in coverage.excuse(self.files(), rows)[1]],
                         ["return 0;"])

    def test_an_excuse_needs_a_reason(self):
        for row, why in (("f.c | line | return 0;", "want 3 .*text of the line . why it cannot be"),
                         ("f.c | lines | return 0; | x", "write line, branch or macro, not lines"),
                         ("f.c | line | | x", "want 3 ")):
            with self.assertRaisesRegex(Failure, why):
                self.excuses(row)

    def test_ours_can_be_read_and_names_files_that_exist(self):
        for one in coverage.read_excuses(coverage.EXCUSES):
            self.assertTrue(one.name == "*" or
                            os.path.exists(os.path.join(ROOT, "mm/pcp", one.name)), one)

    def test_the_table_says_what_is_below_the_floor(self):
        files = self.files()
        self.assertRegex(list(coverage.table(files, True))[1], r"f\.c +80.0 % +4/5 +40.0 % .*BELOW")
        self.assertNotIn("BELOW", "".join(coverage.table(files, False)))
        self.assertEqual(list(coverage.misses(files))[1],
                         "mm/pcp/f.c:4: not run: return rare(a);")

    def test_the_summary_is_what_the_report_reads(self):
        files = self.files()
        taken, _ = coverage.excuse(files, self.excuses("* | macro | BUG_ON\\( | asserts"))
        data = coverage.summary(files, taken, True)
        self.assertEqual(data["files"], [{
            "file": "mm/pcp/f.c", "html": "mm/pcp/f.c.gcov.html", "lines_hit": 4, "lines": 5,
            "branches_hit": 2, "branches": 4, "excluded": 1, "good": False}])
        self.assertEqual(data["excuses"], [{"place": "*: BUG_ON\\( (1 branch)",
                                            "reason": "asserts"}])
        self.assertTrue(coverage.summary(files, taken, False)["files"][0]["good"])

    def test_info_is_read_as_it_was_written(self):
        item = self.files()["f.c"]
        path = os.path.join(self.tmp.name, "mm/pcp/f.c")
        again = coverage.read_info("\n".join(item.info(path)), self.tmp.name)["f.c"]
        self.assertEqual((again.lines, again.branches), (item.lines, item.branches))


class Command(Commands):
    target = "coverage"

    def setUp(self):
        super().setUp()
        self.patch(kunit, "report", lambda job: 0)
        self.patch(coverage, "collect", lambda *_: self.files())
        self.patch(coverage, "write")
        self.excuses = []
        self.patch(coverage, "read_excuses", lambda _: self.excuses)
        self.consoles = {"": ktap(("a", True))}

    def files(self):
        item = coverage.File("f.c", ["int f(void)"])
        item.lines = {1: self.hits}
        return {"f.c": item}

    def run_with(self, hits, **texts):
        self.hits = hits
        job = self.job(**texts)
        with coverage.guard(job):
            return self.quiet(coverage.run, job)

    def test_one_check_a_file_on_top_of_the_tests(self):
        result = self.run_with(1)
        self.assertEqual((result.sums(), result.failure), ((2, 0, 0), None))
        self.assertEqual(result.data["suites"], {"s": [1, 0, 0]})
        self.assertEqual(result.data["files"][0]["lines_hit"], 1)

    def test_below_the_floor(self):
        result = self.run_with(0)
        self.assertEqual(result.sums(), (1, 1, 0))
        self.assertRegex(str(result.failure), "^f.c: below 95 % of lines or 90 % of branches")
        self.assertIn("mm/pcp/f.c:1: not run", self.said)
        with open(os.path.join(self.out, "coverage/ktap.log"), encoding="utf-8") as handle:
            self.assertRegex(handle.read(), "not ok .* floors")

    def test_an_excuse_that_is_idle(self):
        self.excuses = [coverage.Excuse("f.c", "line", "no such line", "why", "x.list:7")]
        result = self.run_with(1)
        self.assertRegex(str(result.failure), "^x.list:7 excuses what is not there")
        self.assertEqual(result.sums(), (2, 1, 0))

    def test_fewer_cpus_have_no_floor(self):
        result = self.run_with(0, NCPUS="2")
        self.assertEqual((result.sums(), result.failure), ((1, 0, 0), None))
        self.assertIn("no floor with 2 CPUs", self.said)

    def test_tests_that_fail_come_first(self):
        self.consoles = {"": ktap(("a", False))}
        result = self.run_with(1)
        self.assertIn("tests failed", str(result.failure))
        self.assertNotIn("files", result.data)


class Counters(unittest.TestCase):
    def test_a_kernel_that_wrote_none(self):
        kernel = types.SimpleNamespace(counters=lambda: [], dir="/x")
        with self.assertRaisesRegex(Failure, "wrote no counters below /x/mm; see that the series"):
            coverage.collect(None, kernel, None)

    def test_lcov_2_takes_less_for_fatal(self):
        self.assertEqual(coverage.tolerant("lcov: LCOV version 1.16\n"), [])
        self.assertEqual(coverage.tolerant(""), [])
        for said in ("lcov: LCOV version 2.0-1\n", "lcov: LCOV version 2.3.1\n"):
            self.assertEqual(coverage.tolerant(said)[1::2], ["mismatch", "inconsistent"])

    def test_lcov_2_has_another_name_for_branches(self):
        self.assertEqual(coverage.with_branches("lcov: LCOV version 1.16\n"),
                         ["--rc", "lcov_branch_coverage=1"])
        self.assertEqual(coverage.with_branches("lcov: LCOV version 2.3.1-1\n"),
                         ["--rc", "branch_coverage=1"])

    def test_a_tool_that_fails(self):
        with tempfile.NamedTemporaryFile() as log:
            with self.assertRaisesRegex(Failure, "^false failed"):
                coverage.tool(["false"], log.name)
            self.assertEqual(log.read(), b"$ false\n")


if __name__ == "__main__":
    unittest.main()
