# SPDX-License-Identifier: GPL-2.0
"""Did a build fail by its source, or by the machine?"""

import os
import stat
import tempfile
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.kernel import build, compiler, uml


class Blame(unittest.TestCase):
    KILLED = ["gcc: fatal error: Killed signal terminated program cc1"]

    def test_only_a_machine_that_lacks_something(self):
        compiler.blame_machine(0, self.KILLED, "x")
        compiler.blame_machine(1, ["a.c:1: error: no x"], "x")
        for log, where in ((None, "; "), ("/x/log", r" \(log: /x/log\); ")):
            with self.assertRaisesRegex(Failure, "^x did not compile: the compiler was killed, as memory "
                                        f"ran out{where}free some, or use fewer compilers at a time "
                                        "with JOBS=$"):
                compiler.blame_machine(1, self.KILLED, "x", log)


class Compiler(unittest.TestCase):
    def test_no_memory(self):
        for line in ("gcc: fatal error: Killed signal terminated program cc1",
                     "cc1: out of memory allocating 65536 bytes after a total of 1 bytes",
                     "virtual memory exhausted: Cannot allocate memory",
                     "collect2: fatal error: ld terminated with signal 9 [Killed]",
                     "make[3]: *** [scripts/Makefile.build:287: mm/slub.o] Killed",
                     "make[3]: *** [scripts/Makefile.build:287: mm/slub.o] Error 137",
                     "clang: error: unable to execute command: Killed",
                     "ld: final link failed: memory exhausted"):
            with self.subTest(line=line):
                self.assertIn("memory", compiler.machine_failed(["  CC a.o", line, "make: *** x"]))

    def test_an_error_in_the_source_is_one(self):
        error = "mm/pcp/free.c:12:3: error: 'x' undeclared"
        self.assertIsNone(compiler.machine_failed([error, "make: *** [mm] Error 2"]))
        self.assertIsNone(compiler.machine_failed(
            [error, "gcc: fatal error: Killed signal terminated program cc1"]))
        self.assertIsNone(compiler.machine_failed(["ld: vmlinux.o: undefined reference to `x'"]))

    def test_no_space(self):
        self.assertIn("disk", compiler.machine_failed(
            ["x.c:1:1: fatal error: error writing to x.s: No space left on device"]))


class Which(unittest.TestCase):
    """Programs of names and versions that are made up."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.top = holder.name
        patch = mock.patch.dict(os.environ, {"PATH": self.top})
        patch.start()
        self.addCleanup(patch.stop)

    def clang(self, suffix, version, linker=True):
        for name in [f"clang{suffix}"] + ([f"ld.lld{suffix}"] if linker else []):
            path = os.path.join(self.top, name)
            with open(path, "w", encoding="ascii") as handle:
                handle.write(f"#!/bin/sh\necho Some clang version {version}.1.7\n")
            os.chmod(path, stat.S_IRWXU)

    def test_values_of_llvm(self):
        for text, value in (("", ""), ("0", ""), ("1", "1"), ("-19", "-19")):
            self.assertEqual(compiler.llvm("LLVM", text), value)
        for text in ("/opt/llvm/", "19", "yes"):
            with self.assertRaisesRegex(Failure, "neither 1 nor a suffix"):
                compiler.llvm("LLVM", text)

    def test_an_old_clang_gives_way_to_a_newer_one(self):
        with self.assertRaisesRegex(Failure, "no clang of version 17 or later"):
            compiler.llvm_suffix("1")
        self.clang("", 14)
        self.clang("-16", 16)
        self.clang("-23", 23, linker=False)
        with self.assertRaisesRegex(Failure, "no clang of version 17 or later"):
            compiler.llvm_suffix("1")
        self.clang("-19", 19)
        self.clang("-22", 22)
        self.assertEqual(compiler.llvm_suffix("1"), "-22")
        self.assertEqual(compiler.llvm_suffix("-19"), "-19")
        for text in ("-16", "-21"):
            with self.assertRaisesRegex(Failure, f"clang{text} is not there, or older than 17"):
                compiler.llvm_suffix(text)
        self.clang("", 19)
        self.assertEqual(compiler.llvm_suffix("1"), "")

    def test_values_of_cc(self):
        self.clang("-19", 19)
        for text in ("", "clang-19", self.top + "/clang-19"):
            self.assertEqual(compiler.cc("CC", text), text)
        with self.assertRaisesRegex(Failure, "CC=gcc-14: the program gcc-14 is missing; install it"):
            compiler.cc("CC", "gcc-14")
        with self.assertRaisesRegex(Failure, "neither gcc nor clang"):
            compiler.cc("CC", "tcc")

    def test_a_kernel_of_clang_has_a_directory_and_options_of_its_own(self):
        self.clang("-19", 19)
        options = mock.Mock(jobs=1, verbose=False, llvm="1")
        kernel = uml.kernel(self.top, "plain", [], "/linux", self.top + "/log", options)
        self.assertEqual(kernel.make_options(), ["LLVM=-19"])
        self.assertEqual(kernel.dir, self.top + "/kunit-build/plain-clang-19")
        self.assertEqual(kernel.fragments, [os.path.join(build.KUNIT, "clang.config")])
        options.llvm = ""
        kernel = uml.kernel(self.top, "plain", [], "/linux", self.top + "/log", options)
        self.assertEqual((kernel.make_options(), kernel.dir),
                         ([], self.top + "/kunit-build/plain"))


if __name__ == "__main__":
    unittest.main()
