# SPDX-License-Identifier: GPL-2.0
"""What user.py takes from the kernel tree, and what it makes of a run."""

import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import common  # noqa: E402  pylint: disable=wrong-import-position
import user  # noqa: E402  pylint: disable=wrong-import-position
from splitfree.judge import verdict  # noqa: E402  pylint: disable=wrong-import-position

HEADER = """#ifndef _X_H
#define _X_H
#define X_ONE 1	/* one,
		 * and more */
#ifdef CONFIG_A
#define X_TWO(a) \\
	((a) + 2)
#else
#define Y_TWO 3
#endif
struct x {
	int a;
	struct { int b; } c;
} __aligned(8);
enum y {
	Y,
};
static inline int
f(int a)
{
	if (a) {
		return 1;
	}
	return 2;
}
#endif
"""

OK_RUN = """KTAP version 1
1..1
    KTAP version 1
    # Subtest: pcp_push
    1..2
    ok 1 a
    ok 2 b # SKIP no CPU
ok 1 pcp_push
"""


class Definitions(unittest.TestCase):
    def test_struct_and_enum(self):
        self.assertEqual(user.definition(HEADER, "x"), "struct x {\n\tint a;\n"
                         "\tstruct { int b; } c;\n} __aligned(8);")
        self.assertEqual(user.definition(HEADER, "y"), "enum y {\n\tY,\n};")

    def test_function(self):
        found = user.definition(HEADER, "f")
        self.assertTrue(found.startswith("static inline int\nf(int a)"))
        self.assertTrue(found.endswith("return 2;\n}"))

    def test_macros_keep_their_conditions(self):
        found = user.definition(HEADER, "X_*")
        self.assertEqual([line.split("\t")[0].strip() for line in found.splitlines()],
                         ["#define X_ONE 1", "#ifdef CONFIG_A", "#define X_TWO(a) \\", "",
                          "#else", "#endif"])
        self.assertEqual(found.count("#if"), found.count("#endif"))

    def test_missing(self):
        for name in ("z", "Z_*"):
            self.assertIsNone(user.definition(HEADER, name))

    def test_missing_ends_with_its_name(self):
        with tempfile.TemporaryDirectory() as where:
            path = os.path.join(where, "x.h")
            with open(path, "w", encoding="utf-8") as handle:
                handle.write(HEADER)
            with self.assertRaisesRegex(common.Failure, "z was not found in .*x.h"):
                user.take(path, ["x", "z"])


class HeadersList(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".list") as handle:
            handle.write(text)
            handle.flush()
            return user.read_headers(handle.name)

    def test_rows(self):
        self.assertEqual(self.read("# c\n\ntree a.h\nshim b.h\ntake c.h d.h e f\n"),
                         [("tree", "a.h", []), ("shim", "b.h", []),
                          ("take", "c.h", ["d.h", "e", "f"])])

    def test_bad_rows(self):
        for row in ("copy a.h", "tree", "take c.h d.h", "shim a.h b.h"):
            with self.assertRaisesRegex(common.Failure, ":2: want"):
                self.read("# c\n" + row + "\n")

    def test_each_header_once(self):
        names = [header for _, header, _ in user.read_headers()]
        self.assertEqual(len(names), len(set(names)))

    def test_no_header_hides_one_of_ours(self):
        for _, header, _ in user.read_headers():
            path = os.path.join(user.HARNESS, "include", header)
            self.assertFalse(os.path.exists(path), f"{header} is there twice")


class Judgement(unittest.TestCase):
    def test_passed(self):
        judged = user.judge(OK_RUN, 0)
        self.assertEqual((judged.status, judged.verdict.passed, judged.verdict.skipped), (0, 1, 1))

    def test_failed_case(self):
        judged = user.judge(OK_RUN.replace("ok 1 a", "not ok 1 a"), 1)
        self.assertEqual((judged.status, judged.verdict.failed), (1, 1))

    def test_reports_of_sanitizers(self):
        for line in ("mm/pcp/push.c:7:3: runtime error: shift exponent 40 is too large",
                     "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1",
                     "==7==ERROR: LeakSanitizer: detected memory leaks",
                     "WARNING: ThreadSanitizer: data race (pid=7)"):
            judged = user.judge(OK_RUN + line + "\n", 1)
            self.assertEqual(judged.status, 1)
            self.assertIn(line[:30], judged.reason)

    def test_sanitizer_that_cannot_start(self):
        with self.assertRaisesRegex(common.Failure, "mmap_rnd_bits"):
            user.judge("FATAL: ThreadSanitizer: unexpected memory mapping 0x5b-0x5c\n", 66)

    def test_hung(self):
        self.assertEqual(user.judge(OK_RUN, None).status, 1)

    def test_bad_status_and_good_log(self):
        judged = user.judge(OK_RUN, -11)
        self.assertEqual(judged.status, 1)
        self.assertIn("-11", judged.reason)

    def test_cut_short(self):
        judged = user.judge("\n".join(OK_RUN.splitlines()[:6]) + "\n", 1)
        self.assertEqual((judged.status, judged.verdict.failed), (1, 2))

    def test_nothing_selected(self):
        self.assertEqual(user.judge("KTAP version 1\n1..0\n", 2).status, 2)

    def test_everything_skipped(self):
        text = OK_RUN.replace("ok 1 a", "ok 1 a # SKIP no CPU")
        self.assertEqual(user.judge(text, 0).status, 2)


class Results(unittest.TestCase):
    def written(self, *builds):
        """What is in ktap.log of these (kind, text, status of the program)."""
        with tempfile.TemporaryDirectory() as out:
            user.reports(out, [(kind, user.judge(text, status), None)
                               for kind, text, status in builds])
            return verdict.judge_file(os.path.join(out, "user", "ktap.log"), [])

    def test_counts_add_up(self):
        bad = OK_RUN.replace("ok 1 a", "not ok 1 a").replace("\nok 1 pcp", "\nnot ok 1 pcp")
        judged = self.written(("plain", OK_RUN, 0), ("asan", bad, 1))
        # Each build has a case that says whether its sanitizer complained.
        self.assertEqual((judged.passed, judged.failed, judged.skipped), (1 + 2, 1, 2))
        self.assertEqual(judged.failures, ["asan.pcp_push.a"])

    def test_what_no_case_says_is_one(self):
        report = OK_RUN + "WARNING: ThreadSanitizer: data race (pid=7)\n"
        for text, status, name in ((report, 66, "splats"), (OK_RUN, None, "end"),
                                   (OK_RUN, -11, "end")):
            self.assertEqual(self.written(("tsan", text, status)).failures,
                             [f"tsan.program.{name}"])


class Excerpt(unittest.TestCase):
    def test_what_failed_and_why(self):
        text = OK_RUN.replace("ok 1 a", "# a: EXPECTATION FAILED at x.c:1\n    # why\n    not ok 1 a")
        self.assertEqual(user.excerpt(text), ["# a: EXPECTATION FAILED at x.c:1", "# why",
                                              "not ok 1 a"])

    def test_a_run_that_died_shows_its_end(self):
        self.assertTrue(user.excerpt(OK_RUN))


class PatchesId(unittest.TestCase):
    def test_depends_on_the_source(self):
        self.assertNotEqual(user.patches_id(""), user.patches_id("/x"))
        self.assertEqual(user.patches_id(""), user.patches_id(""))


if __name__ == "__main__":
    unittest.main()
