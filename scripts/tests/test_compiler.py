# SPDX-License-Identifier: GPL-2.0
"""Did a build fail by its source, or by the machine?"""

import unittest

from splitfree.kernel import compiler


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


if __name__ == "__main__":
    unittest.main()
