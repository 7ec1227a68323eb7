# SPDX-License-Identifier: GPL-2.0
"""make soak: turns, seeds, and what an interrupt leaves."""

import os
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.commands import soak
from splitfree.kernel import guest
from splitfree.runs import ledger
from tests.fakes import Commands
from tests.test_stress import Reasons

GOOD = "stress: start\nstress: progress seconds=30 iterations=40 calls=9\n" \
    + "\n".join(Reasons.GOOD) + "\n"


class Soak(Commands):
    target = "soak"

    def setUp(self):
        super().setUp()
        self.patch(soak.load, "make_initramfs", return_value="image")
        self.patch(soak.x86, "program", return_value="qemu")
        self.patch(soak.shutil, "copyfile")
        patch = mock.patch.dict(os.environ, XDG_CACHE_HOME=os.path.join(self.out, "cache"))
        self.addCleanup(patch.stop)
        patch.start()
        self.consoles = {"STRESS_SECONDS": GOOD}

    def soak(self, **texts):
        job = self.job(**{"MINUTES": "1", "SEED": "7", "VARIANTS": "plain kasan", **texts})
        soak.prepare(job)
        return job, self.quiet(soak.run, job)

    def runs(self):
        found, bad = ledger.read(ledger.path())
        self.assertEqual(bad, 0)
        return found

    def test_variants_take_turns_and_seeds_change(self):
        _, result = self.soak(HOURS="0.05")
        self.assertEqual(result.sums(), (3, 0, 0))
        self.assertEqual([(run["variant"], run["seed"], run["minutes"]) for run in self.runs()],
                         [("plain", 7, 1), ("kasan", 8, 1), ("plain", 9, 1)])
        self.assertIn("bzImage-kasan", self.boots[1])
        self.assertEqual(self.runs()[0]["iterations"], 60000)
        self.assertEqual(result.data["totals"]["plain"]["minutes"], 2)

    def test_a_later_call_adds_and_begins_with_what_ran_least(self):
        self.soak(HOURS="0.0167")
        self.soak(HOURS="0.0167")
        self.assertEqual([run["variant"] for run in self.runs()], ["plain", "kasan"])
        self.assertRegex(self.said, r"(?m)^  all +0\.03 +2 +0 +0 ")

    def test_the_last_run_is_no_longer_than_what_is_left(self):
        self.soak(HOURS="0.025")
        self.assertEqual([run["minutes"] for run in self.runs()], [1, 0.5])

    def test_a_failure_is_kept_and_the_others_run(self):
        self.consoles = {"STRESS_SEED=7 ": GOOD.replace("lost=-3", "lost=4000"), **self.consoles}
        job, result = self.soak(HOURS="0.05")
        self.assertEqual(result.sums(), (2, 1, 0))
        self.assertRegex(str(result.failure), "^seed 7 on plain: 4000 pages were lost .log: ")
        self.assertEqual([run["outcome"] for run in self.runs()], ["failed", "passed", "passed"])
        self.assertTrue(os.path.exists(job.path("console-7.log")))
        self.assertFalse(os.path.exists(job.path("console-8.log")))

    def test_an_interrupt_loses_nothing(self):
        boots = []

        def stopped(args, console, limit, what, **more):
            boots.append(args)
            if len(boots) < 2:
                return self.boot(args, console, limit, what, **more)
            for line in GOOD.splitlines()[:2] + ["[ 31.0] something is odd"]:
                more["on_line"](line)
            raise Failure("stopped by SIGINT", 130)

        self.patch(guest, "run", stopped)
        with self.assertRaisesRegex(Failure, "stopped by SIGINT"):
            self.soak(HOURS="1")
        first, second = self.runs()
        self.assertEqual((first["outcome"], second["outcome"]), ("passed", "stopped"))
        self.assertEqual((second["minutes"], second["iterations"], second["calls"],
                          second["pages_lost"], second["messages"]), (0.5, 40, 9, None, 1))

    def test_a_guest_that_did_not_begin_is_no_run(self):
        self.consoles = {"": "qemu: could not open /dev/kvm\n"}
        with self.assertRaisesRegex(Failure, "did not start: qemu: could not"):
            self.soak(HOURS="1")
        self.assertEqual(self.runs(), [])

    def test_words(self):
        self.assertEqual(soak.variants("VARIANTS", "plain lockdep,kasan plain"),
                         ["plain", "kasan-lockdep"])
        for text, why in (("plane", "plane is unknown; use one of"),
                          (" ", "^VARIANTS= has no word; use VARIANTS=plain")):
            with self.assertRaisesRegex(Failure, why):
                soak.variants("VARIANTS", text)
        for text in ("0", "x", "-1"):
            with self.assertRaisesRegex(Failure, "is no number of hours"):
                soak.hours("HOURS", text)


if __name__ == "__main__":
    unittest.main()
