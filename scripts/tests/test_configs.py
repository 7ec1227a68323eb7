# SPDX-License-Identifier: GPL-2.0
"""Make configs reads the output of compilers, and objects."""

import os
import tempfile
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT
from splitfree.commands import configs
from tests.fakes import Commands


class Configs(unittest.TestCase):
    LINES = ["  CC      mm/page_alloc.o",
             "../mm/page_alloc.c:10:5: warning: unused variable 'x' [-Wunused-variable]",
             "../mm/page_alloc.c:10:5: warning: unused variable 'x' [-Wunused-variable]",
             "mm/slub.c:7:1: warning: other", "mm/pcp/push.c:3:1: error: no such field",
             "In file included from mm/a.c:1:"]

    def test_complaints_once_each(self):
        self.assertEqual([(c.path, c.line, c.kind) for c in configs.complaints(self.LINES)],
                         [("mm/page_alloc.c", 10, "warning"), ("mm/slub.c", 7, "warning"),
                          ("mm/pcp/push.c", 3, "error")])

    def test_only_touched_files_are_ours(self):
        found = configs.ours(configs.complaints(self.LINES), {"mm/page_alloc.c", "mm/pcp/push.c"})
        self.assertEqual([c.path for c in found], ["mm/page_alloc.c", "mm/pcp/push.c"])
        found = configs.complaints(["/src/linux/mm/page_alloc.c:1:2: warning: w"])
        self.assertEqual(configs.ours(found, {"mm/page_alloc.c"}, "/src/linux")[0].path,
                         "mm/page_alloc.c")

    def test_the_context_analysis_counts_in_our_directory_alone(self):
        text = "warning: spinlock 'pcp->lock' is not held [-Wthread-safety-analysis]"
        found = configs.complaints([f"mm/internal.h:1:2: {text}", f"mm/pcp/lock.h:1:2: {text}"])
        kept = configs.ours(found, {"mm/internal.h", "mm/pcp/lock.h"})
        self.assertEqual([c.path for c in kept], ["mm/pcp/lock.h"])

    def test_symbols(self):
        defined, wanted = configs.symbols(
            "\nmm/a.o:\n0000000000000010 T pcp_push\n                 U pcp_take\n"
            "0000000000000000 t local\n0000000000000004 W weak\n")
        self.assertEqual((defined, wanted), ({"pcp_push", "weak"}, {"pcp_take"}))

    def test_a_symbol_that_one_configuration_lacks(self):
        whole = ({"pcp_push"}, {"pcp_push", "other"}, {"pcp_push", "memset"})
        self.assertEqual(configs.not_linked([whole, (set(), {"other"}, {"pcp_push", "memset"})]),
                         [[], ["pcp_push"]])

    def test_objects_that_this_configuration_does_not_have(self):
        makefile = "obj-y += a.o\nobj-$(CONFIG_B)\t+= b.o\nobj-$(CONFIG_C) += sub-b.o c.o\n"
        for name, config, wanted in (("a.o", [], True), ("b.o", [], False),
                                     ("b.o", ["CONFIG_B=y"], True), ("c.o", ["CONFIG_B=y"], False)):
            self.assertEqual(configs.wanted_by(makefile, name, config), wanted, name)

    def test_the_list(self):
        for config in configs.read_list():
            for name in config.fragments:
                self.assertTrue(os.path.exists(os.path.join(ROOT, "kunit", name)), name)

    def test_bad_list(self):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as handle:
            handle.write("a mips b.config\n")
            handle.flush()
            with self.assertRaisesRegex(Failure, ":1: want NAME ARCH FRAGMENT..., ARCH x86_64, "):
                configs.read_list(handle.name)


class Run(Commands):
    target = "configs"

    def run_with(self, found, missing=(), **texts):
        """found: {configuration: what one() returns, or a Failure}."""
        def one(kernel, *_):
            answer = found[kernel.label]
            if isinstance(answer, Failure):
                raise answer
            return answer

        job = self.job(**{"ONLY": " ".join(found), **texts})
        configs.check(job)
        with mock.patch.object(configs, "one", one), \
                mock.patch.object(configs, "touched_files", return_value=set()), \
                mock.patch("shutil.which", lambda name: None if name in missing else name):
            return self.quiet(configs.run, job)

    def names(self, count):
        return [config.name for config in configs.read_list()][:count]

    def test_good(self):
        name, = self.names(1)
        result = self.run_with({name: ([], [], {"f"}, {"f"}, {"f"})})
        self.assertEqual((result.passed, result.failed, result.failure), (1, 0, None))

    def test_what_is_bad(self):
        name, = self.names(1)
        warning = configs.Complaint("mm/pcp/a.c", 7, "warning", "unused")
        for answer, words in ((([], [warning], set(), set(), set()), "mm/pcp/a.c:7: unused"),
                              (([], [], {"f"}, set(), {"f"}), "would not link, undefined: f"),
                              (Failure("could not be configured", 1), "could not be configured")):
            result = self.run_with({name: answer})
            self.assertEqual(result.failed, 1)
            self.assertIn(words, self.said)
            self.assertIn("does not build as it should", str(result.failure))
        with self.assertRaisesRegex(Failure, "the disk is full"):
            self.run_with({name: Failure("the disk is full")})

    def test_a_compiler_that_is_missing_is_a_skip(self):
        arm = next(c.name for c in configs.read_list() if c.arch == "arm64")
        result = self.run_with({arm: None}, missing=["aarch64-linux-gnu-gcc"])
        self.assertEqual(result.sums(), (0, 0, 1))
        self.assertIn("nothing was compiled", str(result.failure))
        self.assertIn("aarch64-linux-gnu-gcc is missing; scripts/packages.sh configs", self.said)

    def test_clang_and_what_it_can_do(self):
        for version, analysed in ((22, False), (23, True)):
            with mock.patch.object(configs, "llvm_suffix", return_value=f"-{version}"), \
                    mock.patch.object(configs, "clang_version", return_value=version):
                kernel = configs.ConfigKernel(self.job(), configs.Config(
                    "clang", "x86_64", ["qemu.config"], True))
            self.assertIn(f"LLVM=-{version}", kernel.make_options())
            self.assertEqual("CONTEXT_ANALYSIS=y" in kernel.make_options(), analysed)
            self.assertEqual(any("context-analysis.config" in path for path in kernel.fragments),
                             analysed)
            self.assertIn(f"configs-x86_64-clang-{version}", kernel.dir)

    def test_no_clang_is_a_skip(self):
        with mock.patch.object(configs, "llvm_suffix", side_effect=Failure("there is no clang")):
            result = self.run_with({"clang": None})
        self.assertEqual(result.sums(), (0, 0, 1))
        self.assertIn("there is no clang", self.said)

    def test_a_name_that_no_configuration_has(self):
        with self.assertRaisesRegex(Failure, "no configuration of .* has that name"):
            configs.check(self.job(ONLY="nonsense"))


if __name__ == "__main__":
    unittest.main()
