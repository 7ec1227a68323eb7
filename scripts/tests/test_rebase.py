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


if __name__ == "__main__":
    unittest.main()
