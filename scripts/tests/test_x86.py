# SPDX-License-Identifier: GPL-2.0
"""The QEMU command line."""

import os
import re
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.kernel import x86


class Command(unittest.TestCase):
    def command(self, **values):
        kernel = types.SimpleNamespace(binary="bzImage", ARCH=values.pop("arch", "x86_64"))
        with mock.patch("shutil.which", return_value="/usr/bin/qemu-system-x86_64"):
            return x86.command(kernel, values.pop("ncpus", 4), "tcg", ["kunit.enable=1"], **values)

    def test_tcg_unless_asked(self):
        self.assertIn("tcg,thread=multi", self.command())

    def test_the_nodes_have_all_memory(self):
        args = self.command()
        memory = args[args.index("-m") + 1].split(",")[0]
        sizes = [a.split("size=")[1] for a in args if a.startswith("memory-backend-ram,id=m")]
        self.assertEqual(memory, f"{sum(int(s.rstrip('M')) for s in sizes)}M")

    def test_odd_number_of_cpus_has_no_nodes(self):
        self.assertNotIn("-numa", self.command(ncpus=3))
        self.assertIn("3", self.command(ncpus=3))

    def test_a_debug_kernel_has_more_memory(self):
        def memory(**values):
            args = self.command(**values)
            return int(re.match(r"\d+", args[args.index("-m") + 1]).group())

        self.assertEqual(memory(debug="kasan-lockdep"), memory() + 768)

    def test_what_the_options_need_is_turned_on(self):
        args = " ".join(self.command(debug="options"))
        self.assertIn("nohz_full=3 page_alloc.shuffle=1 kunit.enable=1", args)
        self.assertIn("-device virtio-balloon-pci,free-page-reporting=on", args)
        self.assertNotIn("nohz_full", " ".join(self.command(debug="lockdep")))

    def test_a_32_bit_machine_has_no_nodes_and_no_dimm(self):
        args = " ".join(self.command(arch="i386"))
        self.assertNotIn("-numa", args)
        self.assertNotIn("dimm", args)
        self.assertNotIn("memhp", args)

    def test_a_plain_machine_on_request(self):
        args = " ".join(self.command(nodes=False, dimm=0, initrd="image"))
        self.assertNotIn("-object", args)
        self.assertIn("-m 1024M -display", args)
        self.assertIn("-initrd image", args)

    def test_kvm_that_cannot_be_opened(self):
        with mock.patch("os.access", return_value=False), \
                self.assertRaisesRegex(Failure, "/dev/kvm cannot be opened; use ACCEL=tcg"):
            x86.accelerator("kvm")

    def test_missing_qemu(self):
        kernel = types.SimpleNamespace(ARCH="x86_64", binary="bzImage")
        with mock.patch("shutil.which", return_value=None), \
                self.assertRaises(Failure) as caught:
            x86.command(kernel, 4, "tcg", [])
        self.assertIn("packages.sh qemu", str(caught.exception))


class Configuration(unittest.TestCase):
    def test_an_option_that_took_no_effect_is_named(self):
        with tempfile.TemporaryDirectory() as top:
            fragment = os.path.join(top, "a.config")
            with open(fragment, "w", encoding="ascii") as handle:
                handle.write("CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\n")
            kernel = x86.X86(os.path.join(top, "build"), [fragment], top,
                             os.path.join(top, "build.log"), 1)
            with open(os.path.join(kernel.dir, ".config"), "w", encoding="ascii") as handle:
                handle.write("CONFIG_A=y\n")
            with mock.patch.object(kernel, "configured") as configured, \
                    self.assertRaisesRegex(Failure, "not in the configuration: CONFIG_B=y;"):
                kernel.make_config()
        self.assertIn("allnoconfig", configured.call_args.args[0])


if __name__ == "__main__":
    unittest.main()
