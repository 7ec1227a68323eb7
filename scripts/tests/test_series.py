# SPDX-License-Identifier: GPL-2.0
"""The series file, the mails and the index files."""

import os
import re
import tempfile
import unittest

from splitfree.base.failures import Failure
from splitfree.source import series

MAIL = b"""\
From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: =?UTF-8?q?J=C3=BCrgen?= Example <j@example.org>
Date: Mon, 1 Jun 2026 10:00:00 +0200
Subject: [PATCH v2 3/9] mm: pcp: a subject that
 is folded

First line.

--- not the end
Signed-off-by: A <a@example.org>
---
 mm/x.c | 1 +

diff --git a/mm/x.c b/mm/x.c
--- a/mm/x.c
+++ b/mm/x.c
@@ -1 +1,2 @@
 a
+b
-- \n2.39.5

"""


MAKEFILE = """\
# SPDX-License-Identifier: GPL-2.0
KCSAN_SANITIZE := y
obj-y += core.o
obj-y += drain.o zone.o
obj-$(CONFIG_PCP_STATS) += stats.o \\
\tsummary.o
obj-$(CONFIG_PCP_KUNIT_TESTS) += tests/a_kunit.o
obj-$(CONFIG_PCP_KUNIT_TESTS) += tests/b_kunit.o
"""


KCONFIG = """\
# SPDX-License-Identifier: GPL-2.0
menu "PCP"

config PCP_PLAIN
\tbool "used in C only"

config PCP_STATS
\tbool "stats"
\thelp
\t  Two paragraphs

\t  of help.

config PCP_KUNIT_TESTS
\tbool "tests"
\tdepends on KUNIT

endmenu
"""


class Series(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = holder.name
        for name in ("mm/pcp/a.c", "mm/pcp/b.c", "include/linux/c.h", "patches/1.patch",
                     "patches/2.patch"):
            path = os.path.join(self.root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii"):
                pass

    def read(self, text):
        with open(os.path.join(self.root, "patches/series"), "w", encoding="ascii") as handle:
            handle.write(text)
        return series.read_series(self.root)

    def refused(self, text, words):
        with self.assertRaises(Failure) as caught:
            self.read(text)
        self.assertIn("patches/series is not right: ", str(caught.exception))
        self.assertIn(words, str(caught.exception))

    def test_good(self):
        found = self.read("# text\n1.patch\n\tmm/pcp/a.c # why\n\n2.patch\n"
                          "    mm/pcp/b.c\n  include/linux/c.h\n")
        self.assertEqual([tuple(s) for s in found],
                         [("1.patch", ["mm/pcp/a.c"]),
                          ("2.patch", ["mm/pcp/b.c", "include/linux/c.h"])])

    def test_file_in_no_step(self):
        self.refused("1.patch\n mm/pcp/a.c\n include/linux/c.h\n", "mm/pcp/b.c belongs to no step")

    def test_file_in_two_steps(self):
        self.refused("1.patch\n mm/pcp/a.c\n mm/pcp/b.c\n include/linux/c.h\n2.patch\n mm/pcp/a.c\n",
                     "already arrives with 1.patch")

    def test_file_that_does_not_exist(self):
        self.refused("1.patch\n mm/pcp/a.c\n mm/pcp/b.c\n include/linux/c.h\n mm/pcp/z.c\n",
                     "mm/pcp/z.c is listed, but does not exist")

    def test_patch_that_does_not_exist(self):
        self.refused("9.patch\n mm/pcp/a.c\n", "there is no patches/9.patch")

    def test_file_elsewhere(self):
        self.refused("1.patch\n scripts/x.py\n", "scripts/x.py is not below")

    def test_editor_files_do_not_count(self):
        for name in ("mm/pcp/a.c~", "mm/pcp/.a.c.swp", "mm/pcp/a.c.orig"):
            with open(os.path.join(self.root, name), "w", encoding="ascii"):
                pass
        self.assertEqual(len(series.overlay_files(self.root)), 3)

    def test_a_configuration_for_kunit_counts(self):
        for name in ("mm/pcp/.kunitconfig", "mm/pcp/.kunitconfig~", "mm/pcp/.kunitconfig.swp"):
            with open(os.path.join(self.root, name), "w", encoding="ascii"):
                pass
        self.assertEqual(len(series.overlay_files(self.root)), 4)
        self.assertIn("mm/pcp/.kunitconfig", series.overlay_files(self.root))


class Mail(unittest.TestCase):
    def test_parts(self):
        patch = series.parse_patch(MAIL, "x")
        self.assertEqual(patch.author, "Jürgen Example <j@example.org>")
        self.assertEqual(patch.date, "1780300800 +0200")
        self.assertTrue(patch.message.startswith(
            "mm: pcp: a subject that is folded\n\nFirst line.\n\n--- not the end\nSigned-off"))
        self.assertTrue(patch.message.endswith("<a@example.org>\n"))
        self.assertTrue(patch.diff.startswith(b"diff --git"))
        self.assertTrue(patch.diff.endswith(b"+b\n"))

    def test_empty_diff(self):
        head = MAIL.split(b"diff --git")[0]
        patch = series.parse_patch(head.replace(b" mm/x.c | 1 +\n", b"") + b"-- \n2.39.5\n\n", "x")
        self.assertEqual(patch.diff, b"")
        self.assertNotIn("2.39", patch.message)

    def test_no_date(self):
        with self.assertRaisesRegex(Failure, "patches/x has no Date: line; write it as git format-patch"):
            series.parse_patch(MAIL.replace(b"Date:", b"When:"), "x")

    def test_a_date_that_is_none(self):
        with self.assertRaisesRegex(Failure, "patches/x: the From: or Date: line cannot be read"):
            series.parse_patch(re.sub(rb"(?m)^Date: .*", b"Date: soon", MAIL), "x")


class Index(unittest.TestCase):
    def filtered(self, *sources):
        arrived = {series.MAKEFILE, series.KCONFIG} | {f"mm/pcp/{s}" for s in sources}
        result = series.filter_index({series.MAKEFILE: MAKEFILE.encode(),
                                     series.KCONFIG: KCONFIG.encode()}, arrived)
        return result[series.MAKEFILE].decode(), result[series.KCONFIG].decode()

    def test_all_there(self):
        self.assertEqual(self.filtered("core.c", "drain.c", "zone.c", "stats.c", "summary.c",
                                       "tests/a_kunit.c", "tests/b_kunit.c"), (MAKEFILE, KCONFIG))

    def test_nothing_there(self):
        makefile, kconfig = self.filtered()
        self.assertNotIn("obj-", makefile)
        self.assertIn("KCSAN_SANITIZE := y", makefile)
        self.assertIn("config PCP_PLAIN", kconfig)
        self.assertNotIn("PCP_STATS", kconfig)
        self.assertNotIn("of help", kconfig)
        self.assertNotIn("PCP_KUNIT_TESTS", kconfig)
        self.assertTrue(kconfig.endswith("endmenu\n"))

    def test_part_of_a_line(self):
        makefile, _ = self.filtered("core.c", "zone.c")
        self.assertIn("obj-y += zone.o\n", makefile)
        self.assertNotIn("drain.o", makefile)

    def test_symbol_stays_with_one_of_its_lines(self):
        makefile, kconfig = self.filtered("tests/b_kunit.c")
        self.assertNotIn("a_kunit", makefile)
        self.assertIn("b_kunit", makefile)
        self.assertIn("config PCP_KUNIT_TESTS", kconfig)

    def test_not_before_it_arrives(self):
        self.assertEqual(series.filter_index({series.KCONFIG: b"", series.MAKEFILE: b""}, set()), {})


if __name__ == "__main__":
    unittest.main()
