# SPDX-License-Identifier: GPL-2.0
"""make boot: what init says, and what makes it bad."""

import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.commands import boot
from splitfree.judge.excuses import BadList
from tests.fakes import SPLAT, Commands

END = "init: 40 forks, 50 faults, 60 exits on 4 CPUs, ok\r\nreboot: System halted\n"


class Boot(Commands):
    target = "boot"

    def run_with(self, console, **texts):
        self.consoles = {"BOOT_SECONDS": console}
        with mock.patch.object(boot.initramfs, "small", return_value="image"):
            return self.quiet(boot.run, self.job(**texts))

    def test_good(self):
        result = self.run_with(END)
        self.assertEqual((result.sums(), result.failure), ((1, 0, 0), None))
        self.assertEqual(result.data, {"splats": [], "forks": 40, "faults": 50, "exits": 60})
        self.assertIn("initrd=image", self.boots[0])
        self.assertIn("kunit.autorun=0", self.boots[0])

    def test_what_makes_it_bad(self):
        self.late = False
        for console, words in ((SPLAT + END, "the kernel complained"),
                               ("Linux version 7.3\n", "init did not come to its end"),
                               (END.replace("on 4 CPUs", "on 1 CPUs"), "had 1 CPUs, not 4")):
            result = self.run_with(console)
            self.assertIn(words, str(result.failure))
            self.assertEqual((result.sums(), result.failure.status), ((0, 1, 0), 1))
        self.late = True
        self.assertIn("hung and was killed", str(self.run_with(END).failure))
        self.assertIn("the last lines of", self.said)

    def test_per_cpu_lists_that_must_not_be_used(self):
        console = ("Linux version 7.3\ninit: NOT ok: the kernel has no SMP, and 9 pages on per-CPU lists\r\n"
                   + END.replace(", ok", ", NOT ok"))
        result = self.run_with(console, DEBUG="up")
        self.assertRegex(str(result.failure), r"^the kernel has no SMP, and 9 pages on per-CPU lists "
                                              r"\(log: .*console.log\)$")
        self.assertEqual(result.failure.status, 1)

    def test_a_kernel_that_its_host_did_not_let_begin(self):
        with self.assertRaisesRegex(Failure, "did not start: mmap failed; the same again: .*linux "):
            self.run_with("Checking that ptrace works\nmmap failed\n")

    def test_a_list_of_splats_that_cannot_be_read(self):
        with mock.patch.object(boot.verdicts, "judge_file", side_effect=BadList("x:1: no day")), \
                self.assertRaisesRegex(Failure, "^x:1: no day$"):
            self.run_with(END)

    def test_the_kernel_without_smp_has_one_cpu(self):
        result = self.run_with(END.replace("on 4 CPUs", "on 1 CPUs"), DEBUG="up")
        self.assertIsNone(result.failure)
        self.assertIn("ncpus=1 ", self.boots[0])


if __name__ == "__main__":
    unittest.main()
