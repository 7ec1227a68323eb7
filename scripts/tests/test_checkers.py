# SPDX-License-Identifier: GPL-2.0
"""Complaints of checkers about the lines of the series, and which lines are ours."""

import io
import os
import shutil
import tempfile
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.judge import excuses
from splitfree.runs import checkers


class FakeTree:
    def __init__(self, diff):
        self.diff = diff

    def lines(self, *_args):
        return self.diff.splitlines()


class Lint(unittest.TestCase):
    def test_our_lines_are_those_that_the_series_added(self):
        lines = checkers.added_lines(FakeTree("--- a/x\n+++ b/x\n@@ -3,0 +4,2 @@ f\n+a\n+b\n"
                                          "@@ -9 +12 @@\n-c\n+d\n"
                                          "--- a/gone\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-e\n"))
        self.assertEqual(dict(lines), {"x": {4, 5, 12}})

    def test_lines_of_others_are_left_out(self):
        text = "mm/x.c:4:7: warning: ours\nmm/x.c:5: warning: not ours\n./mm/x.c:4:1: error: so\n"
        found = checkers.own(text, {"mm/x.c": {4}}, "compiler")
        self.assertEqual([(c.line, c.text) for c in found], [(4, "warning: ours"), (4, "error: so")])

    def test_an_object_that_the_configuration_lacks_is_left_out(self):
        makefile = "obj-$(CONFIG_A) += a.o more.o\nobj-y += always.o\n"
        self.assertTrue(checkers.is_configured(makefile, "CONFIG_A=y\n", "more.o"))
        self.assertFalse(checkers.is_configured(makefile, "# CONFIG_A is not set\n", "more.o"))
        self.assertFalse(checkers.is_configured(makefile, "CONFIG_AB=y\n", "a.o"))
        self.assertTrue(checkers.is_configured(makefile, "", "always.o"))

    def excuses(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".excuses") as handle:
            handle.write(text)
            handle.flush()
            return checkers.read_excuses(handle.name)

    def test_an_excuse_is_for_one_kind_in_one_place(self):
        known = self.excuses("# why\n\nLONG_LINE | mm/pcp/.* | a table\n")
        self.assertTrue(checkers.excused(checkers.Complaint("mm/pcp/a.c", 1, "LONG_LINE", ""), known))
        self.assertFalse(checkers.excused(checkers.Complaint("mm/pcp/a.c", 1, "OTHER", ""), known))
        self.assertFalse(checkers.excused(checkers.Complaint("mm/x.c", 1, "LONG_LINE", ""), known))

    def test_our_lists_can_be_read(self):
        self.assertTrue(checkers.read_excuses())
        self.assertIn("damon", [one.fields[0]
                                for one in excuses.entries(checkers.WORDS, 1)])

    def test_an_excuse_without_a_reason_is_refused(self):
        with self.assertRaises(Failure):
            self.excuses("LONG_LINE | mm/pcp/.*\n")

    @unittest.skipUnless(shutil.which("cppcheck"), "cppcheck is not there")
    def test_cppcheck_sees_through_the_loops(self):
        good = "void f(void)\n{\n\tint *p;\n\n\tlist_for_each(p, head)\n\t\tg(p);\n}\n"
        bad = good + "int h(void)\n{\n\tint x;\n\treturn x;\n}\n"
        with tempfile.TemporaryDirectory() as top:
            for text, wanted in ((good, []), (bad, ["uninitvar"])):
                with open(os.path.join(top, "a.c"), "w", encoding="utf-8") as handle:
                    handle.write(text)
                found = checkers.cppcheck_files(top, ["a.c"], io.StringIO())
                self.assertEqual([c.kind for c in found], wanted)

    def test_each_checker_is_understood(self):
        lines = {"mm/pcp/a.c": {5}}
        for text in ("mm/pcp/a.c:5:2-7: WARNING: NULL check before some freeing functions\n",
                     "mm/pcp/a.c:5:9: warning: symbol 'f' was not declared\n",
                     checkers.kernel_doc_rows("Warning: mm/pcp/a.c:5 function parameter 'b' not "
                                          "described in 'f'\n" * 2)):
            self.assertEqual(len(checkers.own(text, lines)), 1, text)

    def test_warnings_of_sphinx(self):
        rows = checkers.sphinx_rows(
            "Running Sphinx v5.3.0\nWARNING: logo file 'images/logo.svg' does not exist\n"
            "\x1b[31m/tmp/x/Documentation/mm/pcp.rst:7: WARNING: Title underline too short.\x1b[0m\n"
            "WARNING: unknown document: '/translations/zh_CN/index'\nbuild succeeded.\n")
        self.assertEqual(rows, ["Documentation/mm/pcp.rst:7: WARNING: Title underline too short."])

    def test_a_page_that_sphinx_does_not_build(self):
        with tempfile.TemporaryDirectory() as top:
            os.makedirs(os.path.join(top, "bin"))
            program = os.path.join(top, "bin/sphinx-build")
            with open(program, "w", encoding="ascii") as handle:
                handle.write("#!/bin/sh\nls index.rst conf.py mm/pcp.rst\n"
                             "echo mm/pcp.rst:3: WARNING: bad\nexit 2\n")
            os.chmod(program, 0o755)
            os.makedirs(os.path.join(top, "Documentation/mm"))
            for name in ("conf.py", "mm/pcp.rst"):
                with open(os.path.join(top, "Documentation", name), "w", encoding="ascii"):
                    pass
            log = io.StringIO()
            with mock.patch.dict(os.environ, PATH=f"{top}/bin:{os.environ['PATH']}"):
                rows = checkers.sphinx_page(top, checkers.PAGE, log)
        self.assertEqual(rows, ["mm/pcp.rst:3: WARNING: bad",
                                "the page was not built: see the log"])
        self.assertIn("index.rst", log.getvalue())

    def test_without_sphinx_it_is_skipped(self):
        with mock.patch.dict(os.environ, PATH="/nowhere"):
            with self.assertRaisesRegex(checkers.Skip, "sphinx-build is not there"):
                checkers.sphinx(FakeTree(""), {}, io.StringIO())

    def test_the_list_can_be_read(self):
        self.assertTrue(checkers.read_excuses())


if __name__ == "__main__":
    unittest.main()
