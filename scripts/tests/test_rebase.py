# SPDX-License-Identifier: GPL-2.0
"""make rebase names the hooks that do not fit."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from splitfree.base.paths import SCRIPTS
from splitfree.base.processes import clean_env, run
from splitfree.commands import rebase
from tests.fakes import Commands

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


class Rebase(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.work)
        subprocess.run(["git", "init", "-q", self.work], check=True)
        os.makedirs(os.path.join(self.work, "mm"))

    def apply(self, text):
        with open(os.path.join(self.work, "mm/x.c"), "w", encoding="utf-8") as handle:
            handle.write(text)
        result = run(["git", "-C", self.work, "apply", "--reject", "-v"], input=DIFF,
                            env=clean_env(LC_ALL="C"))
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
        result = run(["git", "-C", self.work, "apply", "--reject", "-v"], input=DIFF,
                            env=clean_env(LC_ALL="C"))
        self.assertEqual(rebase.refused(DIFF, result.stderr.decode()),
                         ["mm/x.c: no such file or directory"])

    def test_it_asks_for_a_tree(self):
        result = run([sys.executable, os.path.join(SCRIPTS, "splitfree"), "rebase", "O=" + self.work])
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"LINUX=", result.stderr)


class Run(Commands):
    target = "rebase"

    def setUp(self):
        super().setUp()
        self.kernel = os.path.join(self.out, "kernel")
        for name, text in (("Makefile", "VERSION = 7\nPATCHLEVEL = 3\n"), ("Kbuild", ""),
                           ("mm/x.c", "\n".join(Rebase.WORDS) + "\n")):
            path = os.path.join(self.kernel, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as handle:
                handle.write(text)
        self.root = os.path.join(self.out, "repo")
        os.makedirs(os.path.join(self.root, "patches"))
        os.makedirs(os.path.join(self.root, "mm/pcp"))
        self.file("mm/pcp/a.c", b"")
        self.file("patches/series", b"1.patch\n mm/pcp/a.c\n")
        self.file("patches/1.patch", b"From: A <a@example.org>\nDate: Mon, 1 Jun 2026 10:00:00 +0000\n"
                  b"Subject: [PATCH] x\n\nText.\n---\n" + DIFF)
        self.patch(rebase, "ROOT", self.root)

    def file(self, name, data):
        with open(os.path.join(self.root, name), "wb") as handle:
            handle.write(data)

    def run_it(self):
        return self.quiet(rebase.run, self.job(LINUX=self.kernel))

    def test_good(self):
        result = self.run_it()
        self.assertEqual((result.sums(), result.failure), ((1, 0, 0), None))
        self.assertEqual(result.data["version"], "7.3.0")
        with open(os.path.join(self.kernel, "mm/x.c"), encoding="utf-8") as handle:
            self.assertNotIn("new", handle.read())

    def test_what_does_not_fit_is_named(self):
        with open(os.path.join(self.kernel, "mm/x.c"), "w", encoding="utf-8") as handle:
            handle.write("other\n")
        result = self.run_it()
        self.assertEqual(result.sums(), (0, 1, 0))
        self.assertIn("mm/x.c, hunk 1 of 2", self.said)
        self.assertRegex(str(result.failure), "1 of the 1 patches do not fit Linux 7.3.0")

    def test_a_file_that_is_there_already(self):
        os.makedirs(os.path.join(self.kernel, "mm/pcp"))
        with open(os.path.join(self.kernel, "mm/pcp/a.c"), "w", encoding="utf-8"):
            pass
        self.run_it()
        self.assertIn("mm/pcp/a.c: is in that tree already", self.said)


if __name__ == "__main__":
    unittest.main()
