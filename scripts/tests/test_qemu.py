# SPDX-License-Identifier: GPL-2.0
"""make kunit and make qemu: what is started, with which limit, and what comes of it."""

import json
import os
import types
import unittest
from unittest import mock

from splitfree.commands import kunit as kunit_command
from splitfree.commands import qemu
from splitfree.kernel import x86
from splitfree.runs import kunit
from tests.fakes import Commands, ktap


class Runs(Commands):
    def setUp(self):
        super().setUp()
        self.patch(kunit, "report", lambda job: 0)
        self.consoles = {"": ktap(("a", True), ("b", True))}

    def run_it(self, module, **texts):
        job = self.job(**texts)
        with module.guard(job):
            return job, self.quiet(module.run, job)

    def test_uml(self):
        self.target = "kunit"
        job, result = self.run_it(kunit_command, SUITE="pcp_*", DEBUG="pagealloc")
        self.assertEqual((result.sums(), result.failure), ((2, 0, 0), None))
        self.assertIn("kunit.filter_glob=pcp_*", self.boots[0])
        self.assertIn("page_owner=on", self.boots[0])
        self.assertIn("/kunit-build/pagealloc/linux ", self.boots[0])
        self.assertEqual(os.path.basename(job.results), "kunit-pagealloc")

    def test_qemu(self):
        self.target = "qemu"
        with mock.patch("shutil.which", return_value="/usr/bin/qemu"):
            job, result = self.run_it(qemu, ARCH="i386", APPEND="a=1 b=2")
        self.assertEqual(result.sums(), (2, 0, 0))
        self.assertTrue(self.boots[0].endswith("kunit_shutdown=poweroff pcp_kunit.want_cpus=4 "
                                               "a=1 b=2"))
        self.assertEqual(os.path.basename(job.results), "qemu-i386")
        with open(job.path("results.json"), encoding="utf-8") as handle:
            self.assertEqual(json.load(handle)["arch"], "i386")

    def test_a_boot_for_a_few_cases(self):
        self.target = "qemu"
        with mock.patch("shutil.which", return_value="/usr/bin/qemu"):
            for boot, word in (("maxcpus", "maxcpus=1"), ("guard", "debug_pagealloc=on")):
                self.run_it(qemu, BOOT=boot)
                self.assertIn(f"kunit.filter_glob={qemu.BOOTS[boot][0]}", self.boots[-1])
                self.assertIn(word, self.boots[-1])
            self.run_it(qemu, BOOT="maxcpus", SUITE="pcp_push")
        self.assertIn("kunit.filter_glob=pcp_push", self.boots[-1])
        self.assertIn("/kunit-build/x86/", self.boots[-1])

    def test_directories(self):
        for target, texts, directory in (
                ("kunit", {}, "kunit"), ("kunit", {"INTO": "kunit-ncpus1"}, "kunit-ncpus1"),
                ("kunit", {"LLVM": "-19"}, "kunit-clang"),
                ("kunit", {"UPSTREAM": "quick"}, "kunit-upstream"),
                ("qemu", {}, "qemu"), ("qemu", {"DEBUG": "kasan,lockdep"}, "qemu-kasan-lockdep"),
                ("qemu", {"DEBUG": "options", "BOOT": "guard"}, "qemu-options-guard"),
                ("qemu", {"LLVM": "1"}, "qemu-clang"),
                ("qemu", {"ARCH": "i386", "DEBUG": "kasan"}, "qemu-i386-kasan")):
            self.target = target
            self.assertEqual(os.path.basename(self.job(**texts).results), directory)

    def test_limits(self):
        self.assertEqual(qemu.limit(""), 400)
        self.assertEqual(qemu.limit("kasan-lockdep"), 2400)

    def test_names_of_builds(self):
        for arch, debug, name in (("x86_64", "", "x86"), ("x86_64", "kasan", "x86-kasan"),
                                  ("i386", "", "i386"), ("i386", "rt", "i386-rt")):
            options = types.SimpleNamespace(arch=arch, debug=debug, boot="guard", llvm="")
            self.assertEqual(qemu.named(options, "", "x86"), name)

    def test_a_kernel_of_clang_has_a_directory_of_its_own(self):
        self.target = "qemu"
        self.patch(x86.compiler, "llvm_suffix", lambda text: "-19" if text == "1" else text)
        with mock.patch("shutil.which", return_value="/usr/bin/qemu"):
            for texts, build in (({}, "x86/"), ({"LLVM": "1"}, "x86-clang-19/"),
                                 ({"DEBUG": "rt", "LLVM": "-21"}, "x86-rt-clang-21/")):
                self.run_it(qemu, **texts)
                self.assertIn("/kunit-build/" + build, self.boots[-1])
        self.assertEqual(qemu.packages(self.job(LLVM="-19").options), ["qemu", "llvm-19"])
        self.assertEqual(qemu.packages(self.job(DEBUG="kasan").options), ["qemu"])


if __name__ == "__main__":
    unittest.main()
