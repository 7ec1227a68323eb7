# SPDX-License-Identifier: GPL-2.0
"""make report: what is there is shown, what is not is said."""

import html.parser
import json
import os
import shutil
import sys
import tempfile
import unittest
from unittest import mock

from splitfree.base import results
from splitfree.base.failures import Failure
from splitfree.base.paths import SCRIPTS
from splitfree.base.processes import run
from splitfree.commands import report
from splitfree.runs import ledger
from tests.fakes import Commands
from tests.test_ledger import entry

VOID = {"meta", "br", "img"}


class Balance(html.parser.HTMLParser):
    """Complains of tags that are not closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.links += [v for k, v in attrs if k in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


class Page(unittest.TestCase):
    def setUp(self):
        self.out = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.out)
        # The ledger of this machine is none of the test's.
        patch = mock.patch.dict(os.environ, XDG_CACHE_HOME=os.path.join(self.out, "cache"))
        self.addCleanup(patch.stop)
        patch.start()

    def put(self, path, data):
        path = os.path.join(self.out, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(data if isinstance(data, str) else json.dumps(data))

    def result(self, directory, data, counts=(0, 0, 0), status=None, sentence=""):
        status = bool(counts[1]) if status is None else status
        self.put(f"{directory}/result.json", {
            **dict.fromkeys(results.KEYS, ""), "command": directory, "status": int(status),
            "sentence": sentence, "started": 0, "seconds": 1, "data": data,
            **dict(zip(("passed", "failed", "skipped"), counts))})

    def page(self):
        text, sections = report.page(self.out, "now")
        parser = Balance()
        parser.feed(text)
        self.assertEqual(parser.wrong, [])
        self.assertFalse([l for l in parser.links if l.startswith(("http", "//"))])
        return text, {s.title: s for s in sections}

    def test_nothing_run_is_said_for_each(self):
        text, sections = self.page()
        self.assertTrue(all(s.good is None for s in sections.values()))
        self.assertEqual(text.count("Not run."), len(sections))

    def test_a_failed_case_is_named_and_makes_its_section_bad(self):
        self.result("kunit", {"suites": {"pcp_push": [1, 1, 1]}, "failures": ["pcp_push.case1<"],
                              "skips": ["pcp_push.case2"], "splats": []}, (1, 1, 1))
        text, sections = self.page()
        self.assertIs(sections["Tests"].good, False)
        self.assertIn("failed: pcp_push.case1&lt;", text)
        self.assertIn("1 passed, 1 failed, 1 skipped", text)

    def test_a_run_that_tested_nothing_is_not_good(self):
        self.result("kunit", {}, (0, 0, 1), 2, "every test was skipped")
        text, sections = self.page()
        self.assertIsNone(sections["Tests"].good)
        self.assertIn("every test was skipped", text)

    def test_a_complaint_of_the_kernel_is_no_pass(self):
        self.result("qemu", {"splats": []}, (1, 0, 0))
        self.assertIs(self.page()[1]["Tests"].good, True)
        self.result("qemu", {"splats": ["WARNING: mm/page_alloc.c:1"]}, (1, 0, 0), 1)
        text, sections = self.page()
        self.assertIs(sections["Tests"].good, False)
        self.assertIn("the kernel complained: ", text)

    def test_stress(self):
        self.result("stress", {"debug": "", "minutes": 5.0, "seed": 7, "failed": ["a page was lost"],
                               "results": {"iterations": 250001}}, (0, 1, 0))
        text, sections = self.page()
        self.assertIs(sections["Stress"].good, False)
        self.assertIn("250001", text)
        self.assertIn("a page was lost", text)

    def test_random_calls_have_their_own_table(self):
        self.result("stress", {"debug": "", "minutes": 5.0, "seed": 7, "failed": [],
                               "results": {"iterations": 250001, "fuzz_tried_mmap": 31,
                                           "fuzz_done_mmap": 29}}, (1, 0, 0))
        text, _ = self.page()
        self.assertIn("<td class=n>29 of 31</td>", text)
        self.assertNotIn("fuzz_", text)

    def test_soak_has_the_sums_of_the_ledger(self):
        for values in ({}, {"variant": "kasan", "commit": "c" * 40},
                       {"outcome": "failed", "failed": ["a page was lost"], "seed": 99}):
            ledger.add(ledger.path(), entry(**values))
        text, sections = self.page()
        self.assertIs(sections["Soak"].good, False)
        self.assertIn("1.0 hours, 3 runs, 1 failed", sections["Soak"].summary)
        self.assertIn("plain, seed 99, commit aaaaaaaaaaaa: a page was lost", text)
        self.assertIn("<td>cccccccccccc</td>", text)

    def test_a_command_that_could_not_run_says_why(self):
        for directory, title in (("stress", "Stress"), ("coverage", "Coverage"),
                                 ("mutants", "Mutants"), ("check", "make check"),
                                 ("model", "Models and proofs"), ("fuzz", "Fuzz"),
                                 ("bench", "Speed: stock, coarse, split"),
                                 ("frag", "Whole blocks: stock, split"),
                                 ("latency", "Longest sections: stock, split"),
                                 ("rcuscale-qemu", "kvfree_rcu() with and without the page")):
            self.result(directory, {}, (0, 0, 0), 2, f"no {directory} today")
            text, sections = self.page()
            self.assertIsNone(sections[title].good)
            self.assertEqual(sections[title].summary, "could not run")
            self.assertIn(f"no {directory} today", text)

    def test_a_file_cut_in_two_is_as_if_it_were_not_there(self):
        self.put("stress/result.json", '{"debug": ')
        self.assertIsNone(self.page()[1]["Stress"].good)

    def test_every_section_of_a_good_run(self):
        self.result("check", {"stages": [{"name": "user", "seconds": 60.0, "passed": 2, "failed": 0,
                                          "skipped": 0, "sentence": ""}]}, (2, 0, 0))
        self.result("coverage", {"files": [{"file": "mm/pcp/f.c", "html": "f.html", "lines_hit": 1,
                                            "lines": 2, "branches_hit": 1, "branches": 1}],
                                 "excuses": [{"place": "f.c: x", "reason": "why"}]}, (1, 0, 0))
        self.result("mutants", {"files": {"push.c": {"killed": 3, "score": 100.0}}, "survivors": [],
                                "score": 100.0, "floor": 90}, (3, 0, 0))
        self.result("selftests", {"counts": {"mm": {"cases": 1}}, "differ": [], "unsteady": []},
                    (1, 0, 0))
        one = [{"name": "a merge", "good": True, "seconds": 1.0, "text": "holds", "states": 0}]
        self.result("model", {"checks": one}, (1, 0, 0))
        self.result("prove", {"proofs": one}, (1, 0, 0))
        self.result("fuzz", {"executions": 77, "corpus": 3, "seed": 1, "reached": {
            "files": {"push.c": [99.0, 66.0]}, "lines": 99.0, "branches": 66.0}, "faults": [
                {"name": "a fault", "found": True, "seconds": 2.0, "text": "a page is lost"}]},
                    (2, 0, 0))
        self.result("rcuscale", {"ncpus": 4, "rounds": 5}, (5, 0, 0))
        sections = self.page()[1]
        self.assertEqual([t for t, s in sections.items() if s.good is None],
                         ["Tests", "Stress", "Soak", "Speed: stock, coarse, split",
                          "Whole blocks: stock, split", "Longest sections: stock, split"])
        self.assertIn("2 passed, 0 failed, 1 min", sections["make check"].summary)
        self.assertIn("99.0 % of the lines", sections["Fuzz"].summary)
        self.assertIn("prove: 1 passed", sections["Models and proofs"].summary)

    def test_a_bench_is_good_when_all_goals_are_met_for_sure(self):
        for verdicts, good, words in ((("met", "stated", "not measured"), True,
                                       "1 goals met, 0 missed, 0 unsure"),
                                      (("met", "unsure"), None, "1 goals met, 0 missed, 1 unsure"),
                                      (("met", "missed (unsure)"), None, "0 missed, 1 unsure"),
                                      (("met", "missed"), None, "1 goals met, 1 missed")):
            with self.subTest(verdicts=verdicts):
                self.result("bench", {
                    "rounds": 10, "cores": 2, "kernel": "k", "series": "s", "load": [],
                    "rows": [{"ncpus": 4, "what": "a case", "verdict": verdict}
                             for verdict in verdicts]})
                text, sections = self.page()
                self.assertIs(sections["Speed: stock, coarse, split"].good, good)
                self.assertIn(words, text)

    def test_whole_blocks_have_their_table_and_plot(self):
        for verdict, good in (("met", True), ("unsure", None)):
            self.result("frag", {"kernel": "k", "series": "s", "rows": [
                {"case": "half", "figure": "whole", "stock": "90 (89 .. 91)", "split": "91",
                 "ratio": 1.01, "low": 1.0, "high": 1.02, "goal": "stock>=1.00",
                 "verdict": verdict},
                {"case": "half", "figure": "ms", "stock": "-", "split": "7", "ratio": None,
                 "low": None, "high": None, "goal": "", "verdict": ""}]})
            self.put("frag/age.svg", '<?xml?><svg><path id="x"></path></svg>')
            text, sections = self.page()
            self.assertIs(sections["Whole blocks: stock, split"].good, good)
            self.assertIn("90 (89 .. 91)", text)
            self.assertIn("1.01 (1.00 to 1.02)", text)
            self.assertIn('id="agesvg-x"', text)

    def test_longest_sections_have_their_table(self):
        for verdict, good in (("met", True), ("missed", None)):
            self.result("latency", {"rows": [
                {"what": "frees", "kind": "irq", "stock": 4711, "split": 4700, "ratio": 0.998,
                 "goal": "stock<=1.00", "verdict": verdict},
                {"what": "a drain", "kind": "irq", "stock": None, "split": 7, "ratio": None,
                 "goal": "stock<=1.00", "verdict": "stock has none"}]})
            text, sections = self.page()
            self.assertIs(sections["Longest sections: stock, split"].good, good)
            self.assertIn("<td class=n>4711</td>", text)

    def test_a_program_that_is_not_installed_is_no_failure(self):
        self.assertEqual(report.first_line("no-such-program", "--version"), "not there")

    def test_plots_do_not_share_ids(self):
        self.result("bench", {"rounds": 10, "cores": 2, "kernel": "k", "series": "s",
                              "load": [], "rows": []})
        for name in ("a", "b"):
            self.put(f"bench/{name}.svg", '<?xml?><svg><path id="x"></path>'
                     '<use xlink:href="#x"></use></svg>')
        text, _ = self.page()
        self.assertIn('id="asvg-x"', text)
        self.assertIn('xlink:href="#bsvg-x"', text)

    def test_no_results_at_all_is_an_error(self):
        result = run([sys.executable, os.path.join(SCRIPTS, "splitfree"), "report", "O=" + self.out])
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"make check", result.stderr)


class Command(Commands):
    target = "report"

    def test_a_page_is_written(self):
        job = self.job()
        os.makedirs(os.path.join(self.out, "kunit"))
        results.write_json(os.path.join(self.out, "kunit/result.json"), {
            **dict.fromkeys(results.KEYS, 0), "sentence": "", "data": {}, "passed": 1})
        self.quiet(report.run, job)
        self.assertIn("1 passed, 0 failed, 0 skipped", self.said)
        self.assertTrue(os.path.exists(job.path("index.html")))

    def test_no_directory_and_no_results(self):
        job = self.job()
        with self.assertRaisesRegex(Failure, "has no results yet; run make check first"):
            report.run(job)
        shutil.rmtree(self.out)
        with self.assertRaisesRegex(Failure, "is not there; run make check first"):
            report.check(job)
        os.makedirs(self.out)


if __name__ == "__main__":
    unittest.main()
