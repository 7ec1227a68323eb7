# SPDX-License-Identifier: GPL-2.0
"""How a UML kernel is started, and where it keeps its memory."""

import os
import tempfile
import types
import unittest
from unittest import mock

from splitfree.kernel import uml


class Command(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.out = holder.name
        self.kernel = types.SimpleNamespace(binary="linux", environment=lambda: {"A": "b"})

    def test_smp_needs_seccomp_and_nothing_goes_to_the_home_directory(self):
        args = uml.command(self.kernel, self.out, 4, ["x=1"])
        self.assertEqual(args, ["linux", "ncpus=4", "seccomp=on", f"uml_dir={self.out}/uml/",
                                "mem=1G", "console=tty", "x=1"])
        self.assertTrue(os.path.isdir(os.path.join(self.out, "uml")))

    def test_a_program_of_our_own_has_the_console(self):
        args = uml.command(self.kernel, self.out, 1, [], "64M", "image")
        self.assertEqual(args[-3:], ["initrd=image", "con=fd:0,fd:1", "panic=-1"])

    def environment(self, free, flags=0):
        found = types.SimpleNamespace(f_bavail=free, f_frsize=1, f_flag=flags)
        with mock.patch("os.statvfs", return_value=found):
            return uml.run_environment(self.kernel, self.out)

    def test_memory_is_kept_elsewhere_where_the_usual_place_will_not_do(self):
        elsewhere = os.path.join(self.out, "uml")
        self.assertEqual(self.environment(2 << 30), {"A": "b"})
        self.assertEqual(self.environment(64 << 20)["TMPDIR"], elsewhere)
        self.assertEqual(self.environment(2 << 30, os.ST_NOEXEC)["TMPDIR"], elsewhere)
        with mock.patch("os.statvfs", side_effect=FileNotFoundError):
            self.assertEqual(uml.run_environment(self.kernel, self.out)["TMPDIR"], elsewhere)

    def test_what_a_debug_kernel_is_told(self):
        self.assertEqual(uml.debug_arguments("lockdep-pagealloc"), ["page_owner=on"])
        self.assertEqual(uml.debug_arguments(""), [])

    def test_the_fragments_exist(self):
        for debug in ("", *uml.DEBUG_KINDS):
            for path in uml.fragments(debug):
                self.assertTrue(os.path.exists(path), path)


if __name__ == "__main__":
    unittest.main()
