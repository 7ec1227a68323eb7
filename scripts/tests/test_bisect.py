# SPDX-License-Identifier: GPL-2.0
"""make bisect: each step is checked out, built and booted."""

import os
import tempfile
import unittest
from unittest import mock

from splitfree.base.failures import FAILED, Failure
from splitfree.commands import bisect
from splitfree.kernel import build
from splitfree.runs import steps
from tests.fakes import SPLAT, Commands, Tree, ktap


class Bisect(Commands):
    target = "bisect"

    def setUp(self):
        super().setUp()
        self.suites = True
        self.patch(steps, "fragment", lambda *_: self.suites)
        self.consoles = {"": ktap(("a", True))}
        self.log = ""

    def run_steps(self, *names, **texts):
        job = self.job(**texts)
        job.names, job.commits = [f"{n}-a.patch" for n in names], list(names)
        job.worktree = Tree(os.path.join(self.out, "bisect/linux"))
        for name in names:
            with open(job.path(f"{name}.build.log"), "w", encoding="utf-8") as handle:
                handle.write(self.log)
        return self.quiet(bisect.run, job)

    def test_good(self):
        result = self.run_steps("0001", "0002")
        self.assertEqual((result.sums(), result.failure), ((2, 0, 0), None))
        self.assertRegex(self.said, r"(?m)^ok +0002-a.patch .* 1 passed, 0 failed, 0 skipped$")

    def test_what_makes_a_step_bad(self):
        for text, log, words in ((ktap(("a", False)), "", "failed: s.a"),
                                 (SPLAT + ktap(("a", True)), "", "splat: "),
                                 (ktap(("a", True)), "x.c:1: warning: unused\n",
                                  "1 warnings of the compiler")):
            self.consoles, self.log = {"": text}, log
            result = self.run_steps("0001")
            self.assertEqual(result.sums(), (0, 1, 0))
            self.assertIn("step 0001-a.patch is the first that fails", str(result.failure))
            self.assertIn(words, self.said)
        self.late = True
        self.run_steps("0001")
        self.assertIn("hung and was killed after", self.said)

    def test_a_step_that_does_not_build(self):
        with mock.patch.object(build.Kernel, "build", side_effect=Failure("no such field", FAILED)):
            self.assertEqual(self.run_steps("0001").sums(), (0, 1, 0))
        self.assertIn("no such field", self.said)
        with mock.patch.object(build.Kernel, "build", side_effect=Failure("the disk is full")), \
                self.assertRaisesRegex(Failure, "the disk is full"):
            self.run_steps("0001")

    def test_a_step_without_a_suite_must_boot_and_stay_silent(self):
        self.suites = False
        for text, good, words in (("KTAP version 1\n1..0\n", True, "boots; no suite yet"),
                                  ("", False, "does not boot"),
                                  (SPLAT + "KTAP version 1\n1..0\n", False, "boots")):
            self.consoles = {"": text}
            self.assertEqual(self.run_steps("0001").passed, good)
            self.assertIn(words, self.said)

    def test_steps_may_be_left_out(self):
        self.assertEqual(self.run_steps("0001", "0002", FIRST="2").passed, 1)
        with self.assertRaisesRegex(Failure, "there was no step to test"):
            self.run_steps("0001", FIRST="2")

    def test_a_source_that_has_the_series(self):
        job = self.job(Tree(os.path.join(self.out, "linux"), rev_list=[]))
        with self.assertRaisesRegex(Failure, "has no steps to test"):
            bisect.prepare(job)


class Fragment(unittest.TestCase):
    def test_symbols_that_do_not_exist_yet_are_left_out(self):
        with tempfile.TemporaryDirectory() as top:
            path = os.path.join(top, "config")
            tree = Tree(top, grep=["config KUNIT", "config PCP_KUNIT_TEST"])
            self.assertTrue(steps.fragment(tree, "commit", path))
            with open(path, encoding="utf-8") as handle:
                self.assertNotIn("PCP_LIVE", handle.read())
            before = os.stat(path).st_ino, os.stat(path).st_mtime_ns
            steps.fragment(tree, "commit", path)
            self.assertEqual((os.stat(path).st_ino, os.stat(path).st_mtime_ns), before)
            self.assertFalse(steps.fragment(Tree(top, grep=["config KUNIT"]), "commit", path))


if __name__ == "__main__":
    unittest.main()
