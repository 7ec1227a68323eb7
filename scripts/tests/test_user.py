# SPDX-License-Identifier: GPL-2.0
"""Make user reads a run and writes its files."""

import os
import tempfile
import types
import unittest

from splitfree.base.failures import Failure
from splitfree.commands import user
from splitfree.judge import verdict

OK_RUN = """KTAP version 1
1..1
    KTAP version 1
    # Subtest: pcp_push
    1..2
    ok 1 a
    ok 2 b # SKIP no CPU
ok 1 pcp_push
"""


class Directory(unittest.TestCase):
    def test_each_compiler_has_one(self):
        for cc, llvm, name in (("", "", "user"), ("gcc", "", "user"), ("", "1", "user-clang"),
                               ("ccache gcc-14", "", "user-gcc-14"),
                               ("", "-19", "user-clang-19"), ("/x/clang-19", "1", "user-clang-19")):
            self.assertEqual(user.directory(types.SimpleNamespace(cc=cc, llvm=llvm)), name)


class Judgement(unittest.TestCase):
    def test_passed(self):
        outcome = user.outcome_of(OK_RUN, 0)
        self.assertEqual((outcome.status, outcome.verdict.passed, outcome.verdict.skipped), (0, 1, 1))

    def test_failed_case(self):
        outcome = user.outcome_of(OK_RUN.replace("ok 1 a", "not ok 1 a"), 1)
        self.assertEqual((outcome.status, outcome.verdict.failed), (1, 1))

    def test_reports_of_sanitizers(self):
        for line in ("mm/pcp/push.c:7:3: runtime error: shift exponent 40 is too large",
                     "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1",
                     "==7==ERROR: LeakSanitizer: detected memory leaks",
                     "WARNING: ThreadSanitizer: data race (pid=7)"):
            outcome = user.outcome_of(OK_RUN + line + "\n", 1)
            self.assertEqual(outcome.status, 1)
            self.assertIn(line[:30], outcome.reason)

    def test_sanitizer_that_cannot_start(self):
        with self.assertRaisesRegex(Failure, "cannot live with this system's address randomisation; run "
                                    "sysctl vm.mmap_rnd_bits=28"):
            user.outcome_of("FATAL: ThreadSanitizer: unexpected memory mapping 0x5b-0x5c\n", 66)

    def test_hung(self):
        self.assertEqual(user.outcome_of(OK_RUN, None).status, 1)

    def test_bad_status_and_good_log(self):
        outcome = user.outcome_of(OK_RUN, -11)
        self.assertEqual(outcome.status, 1)
        self.assertIn("-11", outcome.reason)

    def test_cut_short(self):
        outcome = user.outcome_of("\n".join(OK_RUN.splitlines()[:6]) + "\n", 1)
        self.assertEqual((outcome.status, outcome.verdict.failed), (1, 2))

    def test_nothing_selected(self):
        self.assertEqual(user.outcome_of("KTAP version 1\n1..0\n", 2).status, 2)

    def test_everything_skipped(self):
        text = OK_RUN.replace("ok 1 a", "ok 1 a # SKIP no CPU")
        self.assertEqual(user.outcome_of(text, 0).status, 2)


class Results(unittest.TestCase):
    def written(self, *builds):
        """(the verdict on ktap.log, the Result) of these (kind, text, status of the program)."""
        with tempfile.TemporaryDirectory() as out:
            job = types.SimpleNamespace(path=lambda *names: os.path.join(out, *names), results=out)
            result = user.sum_up(job, [(kind, user.outcome_of(text, status), None)
                                       for kind, text, status in builds])
            return verdict.judge_file(os.path.join(out, "ktap.log"), []), result

    def test_counts_add_up(self):
        bad = OK_RUN.replace("ok 1 a", "not ok 1 a").replace("\nok 1 pcp", "\nnot ok 1 pcp")
        outcome, result = self.written(("plain", OK_RUN, 0), ("asan", bad, 1))
        # Each build has a case that says whether its sanitizer complained.
        self.assertEqual((outcome.passed, outcome.failed, outcome.skipped), (1 + 2, 1, 2))
        self.assertEqual(outcome.failures, ["asan.pcp_push.a"])
        self.assertEqual(result.sums(), (1, 1, 2))
        self.assertRegex(str(result.failure), r"^asan: tests failed \(log: .*/console.log\); "
                         "run one suite alone with SUITE= and DEBUG=")
        self.assertRegex(str(result.failure), "^asan: tests failed .*run one suite alone")

    def test_what_no_case_says_is_one(self):
        report = OK_RUN + "WARNING: ThreadSanitizer: data race (pid=7)\n"
        for text, status, name in ((report, 66, "splats"), (OK_RUN, None, "end"),
                                   (OK_RUN, -11, "end")):
            outcome, result = self.written(("tsan", text, status))
            self.assertEqual(outcome.failures, [f"tsan.program.{name}"])
            self.assertEqual(result.failed, 1)

    def test_after_status_2_there_is_no_file(self):
        none = "KTAP version 1\n1..0\n"
        with tempfile.TemporaryDirectory() as out:
            job = types.SimpleNamespace(path=lambda *names: os.path.join(out, *names), results=out)
            result = user.sum_up(job, [("plain", user.outcome_of(OK_RUN, 0), None),
                                       ("order3", user.outcome_of(none, 2), None)])
            self.assertEqual((result.failure.status, os.listdir(out)), (2, []))

    def test_a_build_that_failed_says_more_than_one_that_tested_nothing(self):
        none = "KTAP version 1\n1..0\n"
        _, result = self.written(("plain", none, 2), ("tsan", OK_RUN, None))
        self.assertRegex(str(result.failure), "^tsan: it hung and was killed")


class Excerpt(unittest.TestCase):
    def excerpt(self, text, status=1):
        return user.excerpt(user.outcome_of(text, status).verdict, text)

    def test_what_failed_and_why(self):
        text = OK_RUN.replace("ok 1 a", "# a: EXPECTATION FAILED at x.c:1\n    # why\n    not ok 1 a")
        self.assertEqual(self.excerpt(text), ["# a: EXPECTATION FAILED at x.c:1", "# why",
                                              "pcp_push.a failed"])

    def test_the_report_of_a_sanitizer(self):
        text = OK_RUN.replace("    ok 2", "WARNING: ThreadSanitizer: data race\n  at pcp_push()\n"
                              "    ok 2")
        self.assertEqual(self.excerpt(text)[0], "WARNING: ThreadSanitizer: data race")

    def test_a_run_that_died_shows_its_end(self):
        self.assertEqual(self.excerpt(OK_RUN, -11)[-1], "ok 1 pcp_push")
        text = "\n".join(OK_RUN.splitlines()[:6]) + "\n# b: ended by signal 11\nBail out!\n"
        self.assertIn("# b: ended by signal 11", self.excerpt(text))


if __name__ == "__main__":
    unittest.main()
