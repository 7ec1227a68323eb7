# SPDX-License-Identifier: GPL-2.0
"""make report: what is there is shown, what is not is said."""

import html.parser
import json
import os
import shutil
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

# pylint: disable=wrong-import-position
import common  # noqa: E402
import report  # noqa: E402

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

    def put(self, path, data):
        path = os.path.join(self.out, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(data if isinstance(data, str) else json.dumps(data))

    def page(self):
        text, sections = report.page(self.out, "now")
        parser = Balance()
        parser.feed(text)
        self.assertEqual(parser.wrong, [])
        self.assertFalse([l for l in parser.links if l.startswith(("http", "//"))])
        return text, {s.title: s for s in sections}

    def kunit(self, *statuses):
        return {"name": "", "sub_groups": [{"name": "pcp_push", "sub_groups": [], "test_cases": [
            {"name": f"case{i}<", "status": s} for i, s in enumerate(statuses)]}]}

    def test_nothing_run_is_said_for_each(self):
        text, sections = self.page()
        self.assertTrue(all(s.good is None for s in sections.values()))
        self.assertEqual(text.count("Not run."), len(sections))

    def test_a_failed_case_is_named_and_makes_its_section_bad(self):
        self.put("kunit/results.json", self.kunit("PASS", "FAIL", "SKIP"))
        text, sections = self.page()
        self.assertIs(sections["Tests"].good, False)
        self.assertIn("failed: pcp_push.case1&lt;", text)
        self.assertIn("1 passed, 1 failed, 1 skipped", text)

    def test_skipped_alone_is_not_passed(self):
        self.put("kunit/results.json", self.kunit("SKIP"))
        self.assertFalse(self.page()[1]["Tests"].good)

    def test_a_test_that_crashed_counts_as_failed(self):
        self.put("kunit/results.json", self.kunit("PASS", "ERROR"))
        self.assertIs(self.page()[1]["Tests"].good, False)

    def test_a_complaint_of_the_kernel_is_no_pass(self):
        self.put("qemu/results.json", self.kunit("PASS"))
        self.put("qemu/console.log", "[    1.0] all is well\n")
        self.assertIs(self.page()[1]["Tests"].good, True)
        self.put("qemu/console.log", "[    1.0] WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1 f\n")
        text, sections = self.page()
        self.assertIs(sections["Tests"].good, False)
        self.assertIn("the kernel complained: ", text)

    def test_stress(self):
        data = {"debug": "", "minutes": 5.0, "seed": 7, "failed": ["a page was lost"],
                "results": {"iterations": 250001}}
        self.put("stress/summary.json", data)
        text, sections = self.page()
        self.assertIs(sections["Stress"].good, False)
        self.assertIn("250001", text)
        self.assertIn("a page was lost", text)

    def test_a_file_cut_in_two_is_as_if_it_were_not_there(self):
        self.put("stress/summary.json", '{"debug": ')
        self.assertIsNone(self.page()[1]["Stress"].good)

    def test_a_bench_is_good_when_all_goals_are_met_for_sure(self):
        for verdicts, good, words in ((("met", "stated", "not measured"), True,
                                       "1 goals met, 0 missed, 0 unsure"),
                                      (("met", "unsure"), None, "1 goals met, 0 missed, 1 unsure"),
                                      (("met", "missed (unsure)"), None, "0 missed, 1 unsure"),
                                      (("met", "missed"), None, "1 goals met, 1 missed")):
            with self.subTest(verdicts=verdicts):
                self.put("bench/results.json", json.dumps({
                    "rounds": 10, "cores": 2, "kernel": "k", "series": "s", "load": [],
                    "rows": [{"ncpus": 4, "what": "a case", "verdict": verdict}
                             for verdict in verdicts]}))
                text, sections = self.page()
                self.assertIs(sections["Speed: stock, coarse, split"].good, good)
                self.assertIn(words, text)

    def test_a_program_that_is_not_installed_is_no_failure(self):
        self.assertEqual(report.first_line("no-such-program", "--version"), "not there")

    def test_plots_do_not_share_ids(self):
        self.put("bench/results.json", {"rounds": 10, "cores": 2, "kernel": "k", "series": "s",
                                        "load": [], "rows": []})
        for name in ("a", "b"):
            self.put(f"bench/{name}.svg", '<?xml?><svg><path id="x"></path>'
                     '<use xlink:href="#x"></use></svg>')
        text, _ = self.page()
        self.assertIn('id="asvg-x"', text)
        self.assertIn('xlink:href="#bsvg-x"', text)

    def test_no_results_at_all_is_an_error(self):
        result = common.run([sys.executable, os.path.join(os.path.dirname(HERE), "report.py"),
                             "--out", self.out])
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"make check", result.stderr)


if __name__ == "__main__":
    unittest.main()
