# SPDX-License-Identifier: GPL-2.0
"""scripts/ci summary and keep: what an engine shows and stores of a job."""

import contextlib
import io
import os
import tempfile
import unittest

from splitfree.base import results
from splitfree.base.failures import Failure
from splitfree.engines import joblist, keep, summary
from splitfree.judge import ktap
from splitfree.judge import files


def record(status=0, counts=(2, 0, 1), **more):
    return {**dict.fromkeys(results.KEYS, ""), "command": "kunit", "options": {"NCPUS": "4"},
            "status": status, "seconds": 7.2, "kernel": "abcdef0123456789", "data": {},
            **dict(zip(("passed", "failed", "skipped"), counts)), **more}


class Directory(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.top = os.path.join(top.name, "kunit")
        os.mkdir(self.top)

    def write(self, found, tests=()):
        results.write_json(os.path.join(self.top, results.NAME), found)
        if tests:
            files.write(self.top, [files.suite("s", tests)], "um")


class Summary(Directory):
    def text(self):
        return "\n".join(summary.one(self.top))

    def test_good(self):
        self.write(record(), [ktap.Test("a", ktap.PASSED), ktap.Test("b", ktap.SKIPPED, "no CPU")])
        text = self.text()
        self.assertIn("### kunit NCPUS=4 passed\n\n2 passed, 0 failed, 1 skipped, 7 s, kernel "
                      "abcdef012345\n", text)
        self.assertIn("| s | 1 | 0 | 1 |", text)
        self.assertIn("1 skipped</summary>\n\n    s.b: no CPU\n", text)

    def test_a_failed_case_with_its_log(self):
        log = ["# a: EXPECTATION FAILED at x.c:7", "```", "<b>"]
        self.write(record(1, (0, 1, 0), sentence="failed: s.a (log: out/x)"),
                   [ktap.Test("a", ktap.FAILED, "left *== 1* | <x>", log)])
        text = self.text()
        self.assertIn("### kunit NCPUS=4 failed", text)
        self.assertIn("<summary>s.a: left &#42;== 1&#42; &#124; &lt;x&gt;</summary>", text)
        self.assertIn("\n    # a: EXPECTATION FAILED at x.c:7\n    ```\n    <b>\n", text)

    def test_a_long_one_is_cut(self):
        tests = [ktap.Test(f"t{n}", ktap.FAILED, "x" * 2000, ["y" * 2000] * 60) for n in range(99)]
        self.write(record(1, (0, 99, 0)), tests)
        self.assertLess(len(self.text()), 1 << 20)
        self.assertIn("79 more failed.", self.text())

    def test_the_stages_of_a_check(self):
        self.write(record(data={"stages": [{"name": "tools", "passed": 7, "failed": 0,
                                            "skipped": 1}]}))
        self.assertIn("| stage | passed | failed | skipped |\n| --- | ---: | ---: | ---: |\n"
                      "| tools | 7 | 0 | 1 |", self.text())

    def test_other_ends(self):
        self.assertIn("### kunit left no result", self.text())
        for status, words in ((2, "could not run"), (143, "was stopped"), (1, "failed")):
            self.write(record(status))
            self.assertIn(words, self.text())

    def test_a_file_that_is_no_junit(self):
        self.write(record())
        with open(os.path.join(self.top, "junit.xml"), "w", encoding="utf-8") as handle:
            handle.write("<testsuites")
        self.assertIn("passed", self.text())


class Keep(Directory):
    LINE = "kunit | kunit | 15 | change | 1 | - | - | kunit | table.txt failed"

    def kept(self):
        with tempfile.TemporaryDirectory() as target:
            found = keep.keep(joblist.parse(self.LINE)[0], self.top, os.path.join(target, "x"))
            for name in found:
                self.assertTrue(os.path.exists(os.path.join(target, "x", name)))
        return found

    def setUp(self):
        super().setUp()
        for name in ("table.txt", "a.log", "big.o"):
            with open(os.path.join(self.top, name), "w", encoding="utf-8") as handle:
                handle.write("x")

    def test_what_the_list_names(self):
        self.write(record())
        self.assertEqual(self.kept(), ["result.json", "table.txt"])

    def test_a_failure_has_the_logs_too(self):
        self.write(record(1))
        os.mkdir(os.path.join(self.top, "failed"))
        self.assertEqual(self.kept(), ["result.json", "table.txt", "failed", "a.log"])

    def test_cases_are_kept_whatever_the_list_names(self):
        self.write(record())
        for name in ("junit.xml", "ktap.log"):
            with open(os.path.join(self.top, name), "w", encoding="utf-8") as handle:
                handle.write("x")
        self.assertEqual(self.kept(), ["result.json", "ktap.log", "junit.xml", "table.txt"])

    def test_no_result_is_a_failure(self):
        self.assertEqual(self.kept(), ["table.txt", "a.log"])

    def test_words(self):
        with self.assertRaisesRegex(Failure, "say which job"):
            keep.run([])
        with self.assertRaisesRegex(Failure, "nonsense is no job of"):
            keep.run(["nonsense", "x"])
        with tempfile.TemporaryDirectory() as target, \
                contextlib.redirect_stdout(io.StringIO()) as said:
            keep.run(["mutants-2of3", target], "/nowhere")
        self.assertIn("nothing was left", said.getvalue())


if __name__ == "__main__":
    unittest.main()
