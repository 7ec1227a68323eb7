# SPDX-License-Identifier: GPL-2.0
"""Further work trees, and patches on top of them."""

import os
import subprocess
import tempfile
import unittest

from splitfree.base.failures import Failure
from splitfree.source import git
from splitfree.source.tree import Tree
from splitfree.source.worktree import apply, checkout, refusal, worktree

PATCH = "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-{}\n+new\n"


class Worktree(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.top = holder.name
        self.tree = Tree(os.path.join(self.top, "main"))
        subprocess.run(["git", "init", "-q", self.tree.path], check=True)
        self.file("main/file", "old\n")
        who = {f"GIT_{kind}_{what}": "x@y" for kind in ("AUTHOR", "COMMITTER")
               for what in ("NAME", "EMAIL")}
        self.tree.git("add", "file")
        self.tree.git("commit", "-q", "-m", "stock", env=who)
        self.tree.git("tag", "stock")
        self.path = os.path.join(self.top, "second")

    def file(self, name, text):
        path = os.path.join(self.top, name)
        with open(path, "w", encoding="ascii") as handle:
            handle.write(text)
        return path

    def text(self):
        with open(os.path.join(self.path, "file"), encoding="ascii") as handle:
            return handle.read()

    def test_it_is_made_once_and_again_when_it_is_broken(self):
        worktree(self.tree, self.path)
        self.file("second/mine", "x")
        worktree(self.tree, self.path)
        self.assertTrue(os.path.exists(os.path.join(self.path, "mine")))
        os.remove(os.path.join(self.path, ".git"))
        worktree(self.tree, self.path)
        self.assertFalse(os.path.exists(os.path.join(self.path, "mine")))
        self.assertEqual(self.text(), "old\n")

    def test_a_patch(self):
        second = worktree(self.tree, self.path)
        good = self.file("good.patch", PATCH.format("old"))
        bad = self.file("bad.patch", PATCH.format("other"))
        self.assertIsNone(refusal(second, good, check=True))
        self.assertEqual(self.text(), "old\n")
        apply(second, good)
        self.assertEqual(self.text(), "new\n")
        checkout(second, "stock")
        self.assertEqual(self.text(), "old\n")
        self.assertIn("patch failed: file:1", refusal(second, bad))
        with self.assertRaisesRegex(Failure, "bad.patch does not fit .*bring it up to date") as caught:
            apply(second, bad)
        self.assertEqual(caught.exception.status, 1)

    def test_no_directory_has_no_head(self):
        self.assertFalse(Tree(os.path.join(self.top, "nowhere")).has_head())

    def test_settings_of_the_user_do_not_count(self):
        found = git.git(self.tree.path, "config", "--get", "user.name")
        self.assertEqual(found.stdout, b"")


if __name__ == "__main__":
    unittest.main()
