# SPDX-License-Identifier: GPL-2.0
"""The patches of make busted."""

import glob
import os
import re
import shutil
import subprocess
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT
from splitfree.base.processes import clean_env
from splitfree.commands import busted
from splitfree.runs import steps
from tests.fakes import SPLAT, Commands, Tree, ktap


class StaleBusted(unittest.TestCase):
    """A patch of tools/testing/busted that no longer fits shows before anything is built."""

    PATCH = "Caught-by: a.b\n\n--- a/file\n+++ b/file\n@@ -1 +1 @@\n-{}\n+broken\n"

    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)

    def test_named_whether_chosen_or_not(self):
        subprocess.run(["git", "init", "-q", self.top], check=True)
        with open(os.path.join(self.top, "file"), "w", encoding="ascii") as handle:
            handle.write("works\n")
        patches = os.path.join(self.top, "patches")
        os.mkdir(patches)
        for name, line in (("01-fits.patch", "works"), ("02-stale.patch", "worked")):
            with open(os.path.join(patches, name), "w", encoding="ascii") as handle:
                handle.write(self.PATCH.format(line))
        with mock.patch.object(busted, "PATCHES", patches), \
                mock.patch.object(busted, "OTHERS", []):
            found = busted.stale(types.SimpleNamespace(path=self.top))
        self.assertEqual([os.path.basename(path) for path, _ in found], ["02-stale.patch"])
        self.assertIn("file", found[0][1])

    def test_those_of_our_own_files_fit(self):
        checked = 0
        for path in sorted(glob.glob(os.path.join(busted.PATCHES, "*.patch"))):
            with open(path, encoding="utf-8") as handle:
                files = re.findall(r"^\+\+\+ b/(\S+)", handle.read(), re.M)
            # The others change files of the kernel, which is not here.
            if all(os.path.exists(os.path.join(ROOT, name)) for name in files):
                checked += 1
                said = subprocess.run(["git", "apply", "--check", path], cwd=ROOT, check=False,
                                      capture_output=True, text=True, env=clean_env())
                self.assertEqual((said.returncode, said.stderr), (0, ""), os.path.basename(path))
        self.assertGreater(checked, 5)


class Busted(Commands):
    target = "busted"

    def setUp(self):
        super().setUp()
        self.patch(steps, "fragment", lambda *_: True)
        self.patch(busted, "stale", lambda tree: [])
        self.patch(busted, "catcher", lambda name: ("s", "a"))
        self.fits = self.patch(busted, "refusal", return_value=None)

    def run_one(self, text):
        job = self.job(ONLY="push-without")
        busted.check(job)
        job.tip, job.worktree = "tip", Tree(os.path.join(self.out, "bisect/linux"))
        self.consoles = {"kunit.filter_glob=s.a": text}
        result = self.quiet(busted.run, job)
        # The next one begins with a whole tree.
        self.assertEqual(job.worktree.asked[-1], ("checkout", "-q", "-f", "--detach", "tip"))
        return result

    def test_each_way_to_notice(self):
        for text, words in ((ktap(("a", False)), "caught by s.a"),
                            (SPLAT + ktap(("a", True)), "caught by a complaint of the kernel"),
                            (ktap(("b", False)), "caught: s.b")):
            self.assertEqual(self.run_one(text).sums(), (1, 0, 0))
            self.assertIn(words, self.said)
        self.late = True
        self.run_one(ktap(("a", True)))
        self.assertIn("caught: s.a hangs", self.said)

    def test_one_that_passes_is_a_failure(self):
        result = self.run_one(ktap(("a", True)))
        self.assertEqual(result.sums(), (0, 1, 0))
        self.assertIn("not noticed by s.a", self.said)
        self.assertIn("was not caught (log: ", str(result.failure))

    def test_one_that_does_not_apply(self):
        self.fits.return_value = "patch failed: mm/x.c:1"
        self.assertEqual(self.run_one("").failed, 1)
        self.assertIn("does not apply: patch failed", self.said)

    def test_stale_ones_stop_the_run(self):
        with mock.patch.object(busted, "stale", lambda tree: [("/x/01.patch", "failed")]), \
                self.assertRaisesRegex(Failure, "01.patch does not apply: failed; mend the patch"):
            self.run_one("")

    def test_a_word_that_no_patch_has(self):
        with self.assertRaisesRegex(Failure, "no patch in .* is called nonsense"):
            busted.check(self.job(ONLY="nonsense"))


class Catcher(unittest.TestCase):
    def test_each_patch_names_a_case(self):
        for name in busted.patches([]):
            self.assertEqual(len(busted.catcher(name)), 2)

    def test_a_patch_without_one(self):
        with tempfile.TemporaryDirectory() as top, mock.patch.object(busted, "PATCHES", top):
            with open(os.path.join(top, "a.patch"), "w", encoding="ascii"):
                pass
            with self.assertRaisesRegex(Failure, "has no Caught-by: suite.case"):
                busted.catcher("a.patch")


if __name__ == "__main__":
    unittest.main()
