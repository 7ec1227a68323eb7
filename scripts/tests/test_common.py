# SPDX-License-Identifier: GPL-2.0
"""Children, progress, variables, the initramfs."""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

# pylint: disable=wrong-import-position
import check  # noqa: E402
import cli  # noqa: E402
import common  # noqa: E402
import initramfs  # noqa: E402
import run_kunit  # noqa: E402
import uml  # noqa: E402


class Children(unittest.TestCase):
    def test_a_child_that_left_its_session_is_killed_too(self):
        # In a process of its own: it becomes the parent of orphans for good.
        script = textwrap.dedent("""
            import subprocess, sys, time
            sys.path.insert(0, sys.argv[1])
            import common
            common.adopt_orphans()
            subprocess.Popen(["sh", "-c", "setsid setsid sleep 1234.5 & exec sleep 1234.5"])
            deadline = time.time() + 20
            while len(common.descendants()) < 2 and time.time() < deadline:
                time.sleep(0.05)
            before = len(common.descendants())
            common.kill_descendants()
            print(before >= 2, len(common.descendants()))
        """)
        result = subprocess.run([sys.executable, "-c", script, os.path.dirname(HERE)],
                                stdout=subprocess.PIPE, check=True, text=True)
        self.assertEqual(result.stdout, "True 0\n")


class Variables(unittest.TestCase):
    def refused(self, words, **values):
        options = argparse.Namespace(**{"debug": "", "ncpus": "4", "jobs": "", "timeout": "",
                                        "suite": "", **values})
        with self.assertRaises(common.Failure) as caught:
            run_kunit.check_values(options)
        self.assertIn(words, str(caught.exception))
        self.assertEqual(caught.exception.status, 2)

    def test_bad_values(self):
        for value in ("foo", "lockdep,foo", ",", "kcsan"):
            self.refused(f"DEBUG={value}", debug=value)
        for value in ("abc", "0", "65", "-1", "4x", ""):
            self.refused(f"NCPUS={value}", ncpus=value)
        self.refused("TIMEOUT=0", timeout="0")
        self.refused("SUITE=", suite="a b")

    def test_options_of_all_scripts(self):
        with mock.patch.object(sys, "argv", ["make", "--jobs=many"]), \
                self.assertRaises(common.Failure) as caught:
            cli.parse(cli.parser("One line.\nAnother."))
        self.assertIn("JOBS=many", str(caught.exception))
        with mock.patch.object(sys, "argv", ["make", "--jobs=", "--linux=there"]):
            options = cli.parse(cli.parser("One line.\nAnother."))
        self.assertEqual((options.jobs, options.linux, options.verbose),
                         (common.jobs_default(), "there", False))

    def test_debug_values_go_together_in_any_order(self):
        known = ("", "lockdep", "kasan")
        for text in ("lockdep,kasan", "kasan,lockdep", "kasan-lockdep", "kasan,lockdep,kasan"):
            self.assertEqual(uml.debug_kinds(text, known), "kasan-lockdep")
        self.assertEqual(uml.debug_kinds("", known), "")
        self.assertEqual([os.path.basename(p) for p in uml.debug_fragments("kasan-lockdep")],
                         ["kasan.config", "lockdep.config"])

    def test_kbuild_does_not_see_our_variables(self):
        os.environ["MAKEFLAGS"] = "O=out"
        self.addCleanup(os.environ.pop, "MAKEFLAGS")
        self.assertNotIn("MAKEFLAGS", common.clean_env())


class Stages(unittest.TestCase):
    def test_skipped_alone_is_good_for_counts_of_another_compiler_only(self):
        for name, counts, good in (("kunit", (1, 0, 0), True), ("kunit", (0, 0, 5), False),
                                   ("kunit", (5, 1, 0), False), ("count", (0, 0, 3), True),
                                   ("count", (0, 1, 0), False), ("count", (0, 0, 0), False)):
            self.assertEqual(check.is_good(name, check.Result(*counts)), good, (name, counts))

    def test_a_check_where_nothing_could_be_tested_says_so(self):
        def statuses(*found):
            stages = [(f"s{i}", check.kunit_stage, ["sh", "-c", script])
                      for i, script in enumerate(found)]
            with tempfile.TemporaryDirectory() as out, \
                    mock.patch.object(check, "stages", lambda _: stages), \
                    mock.patch.object(check, "adopt_orphans"), \
                    mock.patch.object(check, "kill_descendants"), \
                    mock.patch.object(sys, "argv", ["check.py", "--out", out]), \
                    contextlib.redirect_stdout(io.StringIO()), \
                    contextlib.redirect_stderr(io.StringIO()):
                return check.run_main()

        good, bad, no_network = ("echo 1 passed, 0 failed", "echo 1 passed, 1 failed; exit 1",
                                 "exit 2")
        self.assertEqual(statuses(good), common.PASSED)
        self.assertEqual(statuses(good, no_network), check.NOTHING)
        self.assertEqual(statuses(no_network, bad), common.FAILED)
        self.assertEqual(statuses("exit 1"), common.FAILED)


class Report(unittest.TestCase):
    def test_progress_promises_no_more_than_it_knows(self):
        progress = common.Progress("objects", 100, io.StringIO())
        self.assertIn("50 of about 100", progress.text(50))
        self.assertIn("120 of about 120", progress.text(120))
        self.assertNotIn("left", progress.text(1))

    def test_no_colour_without_a_terminal(self):
        self.assertEqual(common.colour("31", "x", io.StringIO()), "x")


class Initramfs(unittest.TestCase):
    def test_newc(self):
        image = initramfs.newc([("init", 0o100755, (0, 0), b"abc")])
        self.assertEqual(image[:6], b"070701")
        self.assertEqual(int(image[54:62], 16), 3)
        self.assertEqual(image[110:115], b"init\0")
        self.assertEqual(image[116:119], b"abc")
        self.assertEqual(len(image) % 4, 0)
        self.assertIn(b"TRAILER!!!", image)


if __name__ == "__main__":
    unittest.main()
