# SPDX-License-Identifier: GPL-2.0
"""The variables: their values, and the sentence for a bad one."""

import os
import unittest

from splitfree.__main__ import TARGETS, commands
from splitfree.base import options
from splitfree.base.failures import Failure
from splitfree.kernel import build
from splitfree.runs import frame


def values(target, **texts):
    """The values of variables for a target."""
    return options.values(frame.all_options(commands()[target]), texts)


class Variables(unittest.TestCase):
    def refused(self, words, target="kunit", **texts):
        with self.assertRaises(Failure) as caught:
            values(target, **texts)
        self.assertIn(words, str(caught.exception))
        self.assertEqual(caught.exception.status, 2)

    def test_bad_values(self):
        for text in ("foo", "lockdep,foo", ",", "kcsan"):
            self.refused(f"DEBUG={text} is unknown; use one of kasan, lockdep, ", DEBUG=text)
        for text in ("abc", "0", "65", "-1", "4x"):
            self.refused(f"NCPUS={text}", NCPUS=text)
        self.refused("TIMEOUT=0", TIMEOUT="0")
        self.refused("SUITE= is one glob without blanks or quotes, such as SUITE='pcp_*'", SUITE="a b")
        self.refused("JOBS=many", JOBS="many")
        self.refused("ARCH=mips is unknown; use one of", "qemu", ARCH="mips")
        self.refused("ACCEL=fast", "qemu", ACCEL="fast")
        self.refused("DEBUG=kasan is no userland build", "user", DEBUG="kasan")
        self.refused("MINUTES=-1", "stress", MINUTES="-1")
        self.refused("MINUTES=0", "stress", MINUTES="0")
        self.refused("SEED=x", "stress", SEED="x")
        self.refused("NCPUS=1 ", "stress", NCPUS="1")
        self.refused("NCPUS=1 ", "busted", NCPUS="1")
        self.refused("BOOT_SECONDS=0", "boot", BOOT_SECONDS="0")
        self.refused("SAMPLE=no", "mutants", SAMPLE="no")
        self.refused("FIRST=0", "bisect", FIRST="0")
        self.refused("UPTO=x", "linux", UPTO="x")
        self.refused("ROUNDS=0", "bench", ROUNDS="0")
        self.refused("OPS=0", "user", OPS="0")

    def test_an_empty_value_is_the_default(self):
        found = values("kunit", NCPUS="", JOBS="", LINUX="there", V="")
        self.assertEqual((found.ncpus, found.jobs, found.linux, found.verbose),
                         (4, len(os.sched_getaffinity(0)), "there", False))
        self.assertTrue(os.path.isabs(found.out))
        self.assertTrue(values("kunit", V="1").verbose)

    def test_each_target_has_values_for_all_that_it_takes(self):
        for target in TARGETS:
            self.assertTrue(values(target).out, target)

    def test_debug_values_go_together_in_any_order(self):
        read = options.debug_kinds(("lockdep", "kasan"))
        for text in ("lockdep,kasan", "kasan,lockdep", "kasan-lockdep", "kasan,lockdep,kasan"):
            self.assertEqual(read("DEBUG", text), "kasan-lockdep")
        self.assertEqual(read("DEBUG", ""), "")
        self.assertEqual([os.path.basename(p) for p in build.debug_fragments("kasan-lockdep")],
                         ["kasan.config", "lockdep.config"])

    def test_arguments_are_names_and_values(self):
        self.assertEqual(options.given(["O=a=b", "LINUX= x\n'y"]), {"O": "a=b", "LINUX": " x\n'y"})
        with self.assertRaisesRegex(Failure, "--update is no NAME=value"):
            options.given(["--update"])

    def test_a_name_of_another_target_is_passed_over_and_one_of_none_is_refused(self):
        with self.assertRaisesRegex(Failure, "MINUTES= is not known"):
            values("kunit", MINUTES="5")
        found = options.values([options.O], {"MINUTES": "5"}, ignored={"MINUTES"})
        self.assertEqual(list(vars(found)), ["out"])


if __name__ == "__main__":
    unittest.main()
