# SPDX-License-Identifier: GPL-2.0
"""The sums of make tools."""

import contextlib
import io
import os
import tempfile
import types
import unittest
from unittest import mock

from splitfree.commands import tools


class Sums(unittest.TestCase):
    checks = ()
    env = None

    def stage(self, output, status=0, shellcheck=None):
        """The sums of what unittest and ShellCheck said."""
        def run(command, env=None, **_):
            self.env = env or self.env
            return types.SimpleNamespace(
                stdout="complaint\n" if command[0] == "shellcheck" else output,
                returncode=shellcheck if command[0] == "shellcheck" else status)

        with tempfile.TemporaryDirectory() as out, \
                mock.patch.object(tools.subprocess, "run", run), \
                mock.patch.object(tools.validators, "CHECKS", self.checks), \
                mock.patch.object(tools.validators, "modules",
                                  return_value=({"LAVA": "/x"}, ["KCIDB: no pip"])), \
                mock.patch("shutil.which", return_value=None if shellcheck is None else "x"), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            job = types.SimpleNamespace(path=lambda *names: os.path.join(out, *names), say=print)
            self.result = tools.run(job)
            self.said = said.getvalue()
            with open(os.path.join(out, "log"), encoding="utf-8") as handle:
                self.log = handle.read()
        return self.result.sums()

    def test_counts(self):
        said = "Ran 10 tests in 1.0s\n\nFAILED (failures=1, errors=2, skipped=3)\n"
        self.assertEqual(self.stage(said, 1), (4, 3, 6))
        self.assertIn("skipped: shellcheck is not there to read", self.log)
        self.assertEqual(self.stage("Ran 10 tests in 1.0s\n\nOK\n", 0, 0), (13, 0, 0))
        self.assertEqual(self.stage("Ran 10 tests in 1.0s\n\nOK\n", 0, 1), (10, 3, 0))

    def test_checkers_of_engines(self):
        def skips(_where):
            raise tools.validators.Skip("no npm here")

        self.checks = (("good", lambda where: []), ("bad", lambda where: ["x.yml:1: wrong"]),
                       ("away", skips))
        self.assertEqual(self.stage("Ran 1 test in 1.0s\n\nOK\n", 0, 0), (5, 1, 1))
        self.assertEqual((self.result.data["failures"], self.result.data["skips"]),
                         (["bad"], ["away"]))
        self.assertIn("x.yml:1: wrong\nskipped: away: no npm here\n", self.log)

    def test_the_failure_names_the_first(self):
        self.stage("Ran 1 test in 1.0s\n\nOK\n", 0, 1)
        self.assertIn(".ci/run, scripts/ci, scripts/packages.sh failed", str(self.result.failure))

    def test_the_failure_names_unit_tests(self):
        bad = [f"FAIL: test_{name} (test_x.Y.test_{name})\nIts words.\n---" for name in "abcd"]
        self.stage("\n".join([*bad, bad[0], "Ran 9 tests in 1.0s\n\nFAILED (failures=5)\n"]), 1, 0)
        self.assertIn("test_x.Y.test_a, test_x.Y.test_b, test_x.Y.test_c failed",
                      str(self.result.failure))
        self.assertEqual(len(self.result.data["failures"]), 4)

    def test_a_skip_has_its_reason(self):
        said = ("test_a (tests.x.Y) ... skipped 'no yaml'\ntest_b (tests.x.Y)\nIts words. ... "
                "skipped \"it's away\"\ntest_c (tests.x.Y.test_c) ... skipped 'no yaml'\n"
                "Ran 3 tests in 1.0s\n\nOK (skipped=3)\n")
        self.assertEqual(self.stage(said, 0, 0), (3, 0, 3))
        self.assertEqual(self.said, "not fetched: KCIDB: no pip\n"
                         "skipped: no yaml (2 tests)\nskipped: it's away\n")
        # As many as the sum says.
        self.assertEqual(self.result.data["skips"],
                         [f"tests.x.Y.test_{name}" for name in "abc"])

    def test_the_tests_get_the_modules_that_were_fetched(self):
        self.stage("Ran 1 test in 1.0s\n\nOK\n")
        self.assertEqual(self.env["LAVA"], "/x")

    def test_a_skip_without_a_name_counts(self):
        self.stage("noise ... skipped 'why'\nRan 2 tests in 1.0s\n\nOK (skipped=1)\n", 0, 0)
        self.assertEqual(self.result.data["skips"], ["a test without a name"])

    def test_tests_that_cannot_be_loaded(self):
        self.assertEqual(self.stage("Traceback\n", 1, 0), (3, 1, 0))


if __name__ == "__main__":
    unittest.main()
