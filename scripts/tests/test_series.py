# SPDX-License-Identifier: GPL-2.0
"""The checkers of make series, and make rebase."""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

# pylint: disable=wrong-import-position
import common  # noqa: E402
import lint  # noqa: E402
import rebase  # noqa: E402

DIFF = b"""diff --git a/mm/x.c b/mm/x.c
--- a/mm/x.c
+++ b/mm/x.c
@@ -2,4 +2,5 @@
 zero
 one
+new
 two
 three
@@ -12,3 +13,4 @@ int f(void)
 ten
+more
 eleven
 twelve
"""


class FakeTree:
    def __init__(self, diff):
        self.diff = diff

    def lines(self, *_args):
        return self.diff.splitlines()


class Lint(unittest.TestCase):
    def test_our_lines_are_those_that_the_series_added(self):
        lines = lint.added_lines(FakeTree("--- a/x\n+++ b/x\n@@ -3,0 +4,2 @@ f\n+a\n+b\n"
                                          "@@ -9 +12 @@\n-c\n+d\n"
                                          "--- a/gone\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-e\n"))
        self.assertEqual(dict(lines), {"x": {4, 5, 12}})

    def test_lines_of_others_are_left_out(self):
        text = "mm/x.c:4:7: warning: ours\nmm/x.c:5: warning: not ours\n./mm/x.c:4:1: error: so\n"
        found = lint.own(text, {"mm/x.c": {4}}, "compiler")
        self.assertEqual([(c.line, c.text) for c in found], [(4, "warning: ours"), (4, "error: so")])

    def excuses(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".excuses") as handle:
            handle.write(text)
            handle.flush()
            return lint.read_excuses(handle.name)

    def test_an_excuse_is_for_one_kind_in_one_place(self):
        excuses = self.excuses("# why\n\nLONG_LINE | mm/pcp/.* | a table\n")
        self.assertTrue(lint.excused(lint.Complaint("mm/pcp/a.c", 1, "LONG_LINE", ""), excuses))
        self.assertFalse(lint.excused(lint.Complaint("mm/pcp/a.c", 1, "OTHER", ""), excuses))
        self.assertFalse(lint.excused(lint.Complaint("mm/x.c", 1, "LONG_LINE", ""), excuses))

    def test_an_excuse_without_a_reason_is_refused(self):
        with self.assertRaises(common.Failure):
            self.excuses("LONG_LINE mm/pcp/.*\n")

    @unittest.skipUnless(shutil.which("cppcheck"), "cppcheck is not there")
    def test_cppcheck_sees_through_the_loops(self):
        good = "void f(void)\n{\n\tint *p;\n\n\tlist_for_each(p, head)\n\t\tg(p);\n}\n"
        bad = good + "int h(void)\n{\n\tint x;\n\treturn x;\n}\n"
        with tempfile.TemporaryDirectory() as top:
            for text, wanted in ((good, []), (bad, ["uninitvar"])):
                with open(os.path.join(top, "a.c"), "w", encoding="utf-8") as handle:
                    handle.write(text)
                found = lint.cppcheck_files(top, ["a.c"], io.StringIO())
                self.assertEqual([c.kind for c in found], wanted)

    def test_each_checker_is_understood(self):
        lines = {"mm/pcp/a.c": {5}}
        for text in ("mm/pcp/a.c:5:2-7: WARNING: NULL check before some freeing functions\n",
                     "mm/pcp/a.c:5:9: warning: symbol 'f' was not declared\n",
                     lint.kernel_doc_rows("Warning: mm/pcp/a.c:5 function parameter 'b' not "
                                          "described in 'f'\n" * 2)):
            self.assertEqual(len(lint.own(text, lines)), 1, text)

    def test_the_list_can_be_read(self):
        self.assertTrue(lint.read_excuses())


class Rebase(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.work)
        subprocess.run(["git", "init", "-q", self.work], check=True)
        os.makedirs(os.path.join(self.work, "mm"))

    def apply(self, text):
        with open(os.path.join(self.work, "mm/x.c"), "w", encoding="utf-8") as handle:
            handle.write(text)
        result = common.run(["git", "-C", self.work, "apply", "--reject", "-v"], input=DIFF,
                            env=common.clean_env(LC_ALL="C"))
        return rebase.refused(DIFF, result.stderr.decode())

    WORDS = "start zero one two three four five six seven eight nine ten eleven twelve".split()

    def test_a_hook_that_does_not_fit_is_named(self):
        words = [w for w in self.WORDS if w != "eleven"]
        self.assertEqual(self.apply("\n".join(words) + "\n"),
                         ["mm/x.c, hunk 2 of 2 (@@ -12,3 +13,4 @@ int f(void))"])
        with open(os.path.join(self.work, "mm/x.c"), encoding="utf-8") as handle:
            self.assertIn("one\nnew\ntwo", handle.read())

    def test_a_hook_that_moved_fits(self):
        self.assertEqual(self.apply("\n".join(["before"] * 30 + self.WORDS) + "\n"), [])

    def test_a_file_that_is_not_there_is_named(self):
        result = common.run(["git", "-C", self.work, "apply", "--reject", "-v"], input=DIFF,
                            env=common.clean_env(LC_ALL="C"))
        self.assertEqual(rebase.refused(DIFF, result.stderr.decode()),
                         ["mm/x.c: no such file or directory"])

    def test_it_asks_for_a_tree(self):
        result = common.run([sys.executable, os.path.join(os.path.dirname(HERE), "rebase.py")])
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"LINUX=", result.stderr)


if __name__ == "__main__":
    unittest.main()
