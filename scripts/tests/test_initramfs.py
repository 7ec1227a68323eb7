# SPDX-License-Identifier: GPL-2.0
"""The images that guests boot from."""

import os
import tempfile
import unittest

from splitfree.base.failures import Failure
from splitfree.base.processes import run
from splitfree.kernel import initramfs


class Initramfs(unittest.TestCase):
    def test_newc(self):
        image = initramfs.newc([("init", 0o100755, (0, 0), b"abc")])
        self.assertEqual(image[:6], b"070701")
        self.assertEqual(int(image[54:62], 16), 3)
        self.assertEqual(image[110:115], b"init\0")
        self.assertEqual(image[116:119], b"abc")
        self.assertEqual(len(image) % 4, 0)
        self.assertIn(b"TRAILER!!!", image)


class Program(unittest.TestCase):
    def test_a_source_that_does_not_compile(self):
        with tempfile.TemporaryDirectory() as top:
            source = os.path.join(top, "a.c")
            with open(source, "w", encoding="ascii") as handle:
                handle.write("int main(void) { return x; }\n")
            with self.assertRaisesRegex(Failure, "a.c did not compile: ") as caught:
                initramfs.compile_init(source, top)
        self.assertEqual(caught.exception.status, 1)

    def test_all_files_of_a_directory_are_one_program(self):
        with tempfile.TemporaryDirectory() as top:
            for name, text in (("a.c", "int f(void);\nint main(void) { return f(); }\n"),
                               ("b.c", "int f(void);\nint f(void) { return 3; }\n")):
                with open(os.path.join(top, name), "w", encoding="ascii") as handle:
                    handle.write(text)
            self.assertEqual(run([initramfs.compile_init(top, top)]).returncode, 3)

    def test_a_program_of_two_files(self):
        with tempfile.TemporaryDirectory() as top:
            sources = [os.path.join(top, name) for name in ("a.c", "b.c")]
            for path, text in zip(sources, ("int f(void);\nint main(void) { return f(); }\n",
                                            "int f(void);\nint f(void) { return 0; }\n")):
                with open(path, "w", encoding="ascii") as handle:
                    handle.write(text)
            self.assertTrue(os.path.exists(initramfs.compile_init(sources, top)))
            with self.assertRaisesRegex(Failure, "a.c did not compile: "):
                initramfs.compile_init(sources[:1], top)

    def test_files_bring_their_directories_once(self):
        entries, known = [], set()
        for name in ("a/b/x", "a/b/y", "a/b/x"):
            initramfs.add_file(entries, known, os.devnull, name)
        self.assertEqual([entry[0] for entry in entries], ["a", "a/b", "a/b/x", "a/b/y"])


if __name__ == "__main__":
    unittest.main()
