# SPDX-License-Identifier: GPL-2.0
"""The verdict on a run of make stress."""

import json
import os
import re
import shutil
import tempfile
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.base.processes import run
from splitfree.commands import stress
from splitfree.judge import verdict
from splitfree.kernel import initramfs
from splitfree.runs import stress as load
from splitfree.runs import stress_run
from tests.fakes import Commands


def run_of(**values):
    return stress_run.Load(**{"seed": 7, "ncpus": 4, "accel": "tcg", "debug": "", "minutes": 1.0,
                              "fuzz": "1", "verbose": False, **values})


class Reasons(unittest.TestCase):
    GOOD = ["stress: result iterations=60000", "stress: result cpu_cycles=5",
            "stress: result memory_cycles=3", "stress: result defrag_cycles=9",
            "stress: result huge_pages=20",
            "stress: result injected=3000", "stress: result calls=9000",
            "stress: result fuzz_tried_mmap=20", "stress: result fuzz_done_mmap=11",
            "stress: result fuzz_tried_fork=5", "stress: result fuzz_done_fork=5", "stress: result pages_lost=-3",
            "stress: result cpus=4", "stress: result cpus_started=4", "stress: end"]

    def reasons(self, lines, late=False, **values):
        watcher = stress_run.Watcher()
        for line in lines:
            watcher.line(line)
        with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
            log.write("\n".join(lines) + "\n")
            log.flush()
            return stress_run.reasons_of(watcher, late, log.name, run_of(**values))[0]

    def test_good(self):
        self.assertEqual(self.reasons(self.GOOD), [])

    def test_lost_pages(self):
        lines = [l.replace("pages_lost=-3", "pages_lost=4000") for l in self.GOOD]
        self.assertEqual(self.reasons(lines), ["4000 pages were lost"])

    def test_pages_not_counted_are_lost(self):
        lines = [l for l in self.GOOD if "pages_lost" not in l]
        self.assertEqual(len(self.reasons(lines)), 1)

    def test_message_at_warning_level(self):
        self.assertEqual(self.reasons(["before the start", "stress: start",
                                      "[    9.123456] something is odd"] + self.GOOD),
                         ["1 kernel messages at warning level, the first: something is odd"])

    def test_message_that_stock_gives_too(self):
        for text in ("migrating pfn 3f failed ret:-2", "Call Trace:",
                     "Out of memory: Killed process 847 (init) total-vm:1299792kB",
                     "select_fallback_rq: 6 callbacks suppressed"):
            self.assertEqual(self.reasons(["stress: start", "[  161.554938] " + text]
                                         + self.GOOD), [])

    def test_warn_on_the_console(self):
        self.assertIn("the kernel complained: WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1",
                      self.reasons(["[    1.000000] WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1"]
                                  + self.GOOD))

    def test_too_little_done(self):
        lines = [l.replace("=60000", "=600") for l in self.GOOD]
        self.assertEqual(len(self.reasons(lines)), 1)
        self.assertEqual(self.reasons(lines, debug="kasan"), [])
        lines = [l.replace("=3000", "=0") for l in self.GOOD]
        self.assertEqual(self.reasons(lines, debug="kasan"), ["only 0 injected, 1 were to be reached"])

    def test_a_load_is_measured_by_what_it_has(self):
        idle = [l for l in self.GOOD if "iterations" not in l]
        self.assertEqual(self.reasons(idle), ["only 0 iterations, 10000 were to be reached"])
        self.assertEqual(self.reasons(idle, fuzz="only"), [])
        calm = [l for l in self.GOOD if "calls" not in l and "fuzz_" not in l]
        self.assertEqual(self.reasons(calm), ["only 0 calls, 1000 were to be reached"])
        self.assertEqual(self.reasons(calm, fuzz="0"), [])

    def test_a_call_that_never_succeeds(self):
        lines = [l.replace("done_fork=5", "done_fork=0") for l in self.GOOD]
        for debug in ("", "kasan"):
            self.assertEqual(self.reasons(lines, debug=debug),
                             ["of the random calls these never succeeded: fork"])

    def test_bad_memory_is_no_message(self):
        for text in ("Memory failure: 0x1234: Sending SIGBUS to init:88 due to hardware memory "
                     "corruption", "Memory failure: 0x1234: recovery action for dirty LRU page: "
                     "Recovered"):
            self.assertEqual(self.reasons(["stress: start", "[    9.123456] " + text] + self.GOOD), [])

    def test_a_cpu_that_stayed_away(self):
        lines = [l.replace("cpus=4", "cpus=3") for l in self.GOOD]
        self.assertEqual(self.reasons(lines), ["a CPU did not come back"])

    def test_no_end(self):
        self.assertEqual(self.reasons(self.GOOD[:-1]), ["the guest did not come to its end"])
        self.assertEqual(self.reasons(self.GOOD[:-1], late=True),
                         ["the guest hung and was killed"])


class Parsers(unittest.TestCase):
    def test_the_excuses_are_regular_expressions(self):
        self.assertTrue(stress_run.Watcher().excuses)
        self.assertTrue(verdict.read_splats())


class Run(Commands):
    target = "stress"

    def setUp(self):
        super().setUp()
        self.patch(stress.load, "make_initramfs", return_value="image")
        self.patch(stress.x86, "program", return_value="qemu")
        self.good = "stress: start\n" + "\n".join(Reasons.GOOD) + "\n"

    def run_with(self, text, **texts):
        self.consoles = {"STRESS_SECONDS": text}
        job = self.job(**{"MINUTES": "1", "SEED": "7", **texts})
        stress.check(job)
        result = self.quiet(stress.run, job)
        with open(job.path("summary.json"), encoding="utf-8") as handle:
            self.assertEqual(json.load(handle), json.loads(json.dumps(result.data)))
        return result

    def test_good(self):
        result = self.run_with(self.good)
        self.assertEqual((result.sums(), result.failure), ((1, 0, 0), None))
        self.assertEqual((result.data["seed"], result.data["minutes"], result.data["failed"]),
                         (7, 1.0, []))
        self.assertIn("the same again: make stress SEED=7 MINUTES=1", self.said)
        self.assertIn("STRESS_SEED=7", self.boots[0])
        self.assertRegex(self.said, r"60000  iterations of our workers")
        self.assertRegex(self.said, r" 20 +11  mmap\n")
        self.assertNotIn("STRESS_FUZZ", self.boots[0])

    def test_other_loads_than_the_usual_one_are_said(self):
        self.run_with(self.good, FUZZ="only", DEBUG="kasan,lockdep")
        self.assertIn("make stress SEED=7 MINUTES=1 DEBUG=kasan,lockdep FUZZ=only", self.said)
        self.assertIn("STRESS_FUZZ=only", self.boots[0])

    def test_bad(self):
        result = self.run_with(self.good.replace("pages_lost=-3", "pages_lost=4000"))
        self.assertEqual(result.sums(), (0, 1, 0))
        self.assertRegex(str(result.failure), "^4000 pages were lost .*SEED=7 gives the same")
        self.assertEqual(result.data["failed"], ["4000 pages were lost"])

    def test_a_guest_that_stops_shows_its_end(self):
        result = self.run_with("stress: start\nlast words\n")
        self.assertIn("  | last words", self.said)
        self.assertIn("did not come to its end", str(result.failure))

    def test_a_guest_that_its_host_did_not_let_begin(self):
        self.consoles = {"": "qemu: could not open /dev/kvm\n"}
        with self.assertRaisesRegex(Failure, "did not start: qemu: could not .*again: qemu -accel"):
            job = self.job(MINUTES="1")
            stress.check(job)
            self.quiet(stress.run, job)

    def test_a_debug_kernel_has_more_time(self):
        self.run_with(self.good, DEBUG="kasan")
        self.assertIn("rcu_cpu_stall_timeout=60", self.boots[0])
        self.assertIn("-m 1536M", self.boots[0])


class Calls(unittest.TestCase):
    """The random calls, as the guest's own program prints them."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp()
        cls.program = initramfs.compile_init(load.SOURCE, cls.top)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    def drawn(self, *numbers):
        result = run([self.program, "calls", *map(str, numbers)])
        self.assertEqual(result.returncode, 0)
        return result.stdout.decode().splitlines()

    def test_a_seed_and_a_worker_have_their_calls(self):
        calls = self.drawn(7, 3, 0, 500)
        self.assertEqual(len(calls), 500)
        self.assertEqual(self.drawn(7, 3, 0, 500), calls)
        for other in ((8, 3, 0, 500), (7, 4, 0, 500)):
            self.assertFalse(set(self.drawn(*other)) & set(calls))

    def test_a_step_is_no_function_of_those_before(self):
        self.assertEqual(self.drawn(7, 3, 400, 100), self.drawn(7, 3, 0, 500)[400:])

    def test_each_kind_is_drawn_and_stays_in_the_arena(self):
        calls = self.drawn(7, 3, 0, 5000)
        kinds = {line.split()[1] for line in calls}
        for kind in ("mmap", "munmap", "mremap", "madvise", "mlock", "munlock", "mprotect",
                     "move_pages", "migrate_pages", "mbind", "memfd", "userfaultfd",
                     "process_madvise", "fork", "exit", "hwpoison", "soft_offline"):
            self.assertIn(kind, kinds)
        self.assertNotIn("unpoison", kinds)
        for line in calls:
            page, pages = (int(n) for n in re.search(r"page (\d+) pages (\d+)", line).groups())
            self.assertTrue(0 < pages and page + pages <= 2048, line)

    def test_what_is_wrong_is_said(self):
        self.assertEqual(run([self.program, "calls", "7"]).returncode, 2)


class Image(unittest.TestCase):
    def test_a_program_that_is_missing(self):
        with mock.patch.object(load.initramfs, "compile_init", return_value=os.devnull), \
                mock.patch("shutil.which", return_value=None), \
                self.assertRaisesRegex(Failure, "busybox is missing; run scripts/packages.sh qemu"):
            load.make_initramfs("/nowhere")


if __name__ == "__main__":
    unittest.main()
