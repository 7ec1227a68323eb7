# SPDX-License-Identifier: GPL-2.0
"""Children: what they get, and that none is left behind."""

import os
import subprocess
import sys
import textwrap
import unittest
from unittest import mock

from splitfree.base import processes
from splitfree.base.failures import Failure
from splitfree.base.paths import SCRIPTS


class Children(unittest.TestCase):
    def test_a_child_that_left_its_session_is_killed_too(self):
        # In a process of its own: it becomes the parent of orphans for good.
        script = textwrap.dedent("""
            import subprocess, sys, time
            sys.path.insert(0, sys.argv[1])
            from splitfree.base import processes
            processes.adopt_orphans()
            subprocess.Popen(["sh", "-c", "setsid setsid sleep 1234.5 & exec sleep 1234.5"])
            deadline = time.time() + 20
            while len(processes.descendants()) < 2 and time.time() < deadline:
                time.sleep(0.05)
            before = len(processes.descendants())
            processes.kill_descendants()
            print(before >= 2, len(processes.descendants()))
        """)
        result = subprocess.run([sys.executable, "-c", script, SCRIPTS],
                                stdout=subprocess.PIPE, check=True, text=True)
        self.assertEqual(result.stdout, "True 0\n")


class Environment(unittest.TestCase):
    def test_a_child_hears_nothing_of_the_outer_make(self):
        with mock.patch.dict(os.environ, {"MAKEFLAGS": "O=out", "O": "out", "PATH": "/bin"}):
            found = processes.clean_env(A="b")
        self.assertEqual({"PATH": "/bin", "A": "b", "LC_ALL": "C"},
                         {k: found.get(k) for k in ("PATH", "A", "LC_ALL")})
        self.assertFalse({"MAKEFLAGS", "O"} & set(found))

    def test_git_of_a_hook_does_not_reach_a_child(self):
        """All that git itself calls local to a repository."""
        names = processes.run(["git", "rev-parse", "--local-env-vars"]).stdout.decode().split()
        self.assertIn("GIT_OBJECT_DIRECTORY", names)
        with mock.patch.dict(os.environ, dict.fromkeys(names, "/elsewhere")):
            self.assertEqual([n for n in names if n in processes.clean_env()], [])

    def test_what_would_reach_half_of_kbuild_reaches_none(self):
        with mock.patch.dict(os.environ, {"KCONFIG_CONFIG": "x", "KCONFIG_ALLCONFIG": "y",
                                          "KCFLAGS": "-O0", "CROSS_COMPILE": "arm-"}):
            self.assertFalse({"KCONFIG_CONFIG", "KCONFIG_ALLCONFIG", "KCFLAGS", "CROSS_COMPILE"}
                             & set(processes.clean_env()))

    def test_another_compiler_is_refused(self):
        for name, value in (("LLVM", "1"), ("LLVM", "-18"), ("CC", "clang"), ("CC", "ccache clang"),
                            ("HOSTCC", "clang-18")):
            with mock.patch.dict(os.environ, {name: value}), \
                    self.assertRaisesRegex(Failure, f"^{name}={value} is set, but this target uses gcc"):
                processes.refuse_compilers()
        for name, value in (("LLVM", "0"), ("LLVM", ""), ("CC", "gcc"), ("CC", "ccache gcc"),
                            ("CC", "/usr/bin/cc")):
            with mock.patch.dict(os.environ, {name: value}):
                processes.refuse_compilers()
                self.assertNotIn(name, processes.clean_env())

    def test_a_compiler_that_the_target_takes_is_not_refused(self):
        for name, value in (("LLVM", "1"), ("CC", "clang")):
            with mock.patch.dict(os.environ, {name: value}):
                processes.refuse_compilers(["CC", "LLVM"])
        with self.assertRaisesRegex(Failure, "or clang with LLVM=1; unset HOSTCC"):
            processes.refuse_compilers(["LLVM"], {"HOSTCC": "clang"})
        with self.assertRaisesRegex(Failure, "CC=clang is set, but this target .*; unset CC"):
            processes.refuse_compilers(["LLVM"], {"CC": "clang"})

    def test_a_program_that_is_missing(self):
        with self.assertRaisesRegex(Failure, "^the program no-such-program is missing; run "
                                    "scripts/packages.sh$"):
            processes.run(["no-such-program"])


if __name__ == "__main__":
    unittest.main()
