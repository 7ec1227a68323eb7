# SPDX-License-Identifier: GPL-2.0
"""The suites of make peers: what is read from them, and what is said of those that are missing."""

import os
import subprocess
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.commands import peers
from splitfree.runs import compare, pair
from tests.fakes import Commands

NG = "class 'vm' stressors: brk mmap vm-addr\n"
LTP = """#DESCRIPTION:Memory Mgmt tests
mmap21_01 mmap21 -m 10000
page01\tpage01
  # not now
oom01
"""


def status_of(tail, status):
    return subprocess.run(["sh", "-c", f"(exit {status}); {tail}"], check=False).returncode


class Reading(unittest.TestCase):
    def test_stressors(self):
        self.assertEqual(peers.ng_names("stress-ng: x\n" + NG), ["brk", "mmap", "vm-addr"])
        self.assertEqual(peers.ng_names("unknown class"), [])

    def test_a_list_of_ltp(self):
        tests = peers.ltp_tests(LTP)
        self.assertEqual([test.name for test in tests], ["ltp/mmap21_01", "ltp/page01", "ltp/oom01"])
        for test, command in zip(tests, ("mmap21 -m 10000", "page01", "oom01")):
            self.assertIn(f":$PATH; {command}; ", test.command)

    def test_a_status_says_what_a_kselftest_would(self):
        for tail, found in ((peers.LTP_TAIL, {0: 0, 1: 1, 2: 2, 4: 5, 32: 4}),
                            (peers.NG_TAIL, {0: 0, 2: 2, 3: 4, 4: 4, 5: 5})):
            for status, wanted in found.items():
                self.assertEqual(status_of(tail, status), wanted, (tail, status))

    def test_a_directory_that_is_no_checkout(self):
        with self.assertRaisesRegex(Failure, "LTP=/ is no such checkout: it has no runtest/mm"):
            peers.checkout_of("runtest/mm")("LTP", "/")
        self.assertEqual(peers.checkout_of("runtest/mm")("LTP", ""), "")

    def test_cases_of_will_it_scale(self):
        for name, taken in (("page_fault1_processes", True), ("malloc2_threads", True),
                            ("mmap1_threads", False), ("malloc1", False)):
            self.assertEqual(bool(peers.WIS_CASES.fullmatch(name)), taken)


class Run(Commands):
    target = "peers"

    def setUp(self):
        super().setUp()
        self.patch(peers, "stress_ng", lambda job: (
            [pair.Test("stress-ng/brk", 5, "a"), pair.Test("stress-ng/mmap", 5, "b")], {"/p": "bin/p"}))
        self.patch(peers, "image", lambda tests, programs: [])
        self.outcomes = {"stock": "passed", "patched": "passed"}

        def userland(lab, tests):
            return {test.name: {compare.EXIT: self.outcomes[lab.kind]} for test in tests}
        self.patch(pair.Lab, "userland", userland)

    def peers(self, **texts):
        job = self.job(**texts)
        job.kernels = {kind: types.SimpleNamespace(linux="/") for kind in pair.KERNELS}
        return self.quiet(peers.run, job)

    def test_alike(self):
        result = self.peers()
        self.assertEqual((result.sums(), result.failure), ((2, 0, 0), None))

    def test_what_was_not_given_is_missing_and_no_failure(self):
        self.assertEqual(set(self.peers().data["missing"]), {"ltp", "wis"})
        self.assertRegex(self.said, "ltp is missing: LTP=DIRECTORY of a checkout")
        self.assertRegex(self.said, "wis is missing: WIS=DIRECTORY of a checkout")

    def test_a_difference(self):
        self.outcomes["patched"] = "failed (2)"
        result = self.peers(SUITE="*/mmap")
        self.assertEqual(result.sums(), (0, 1, 0))
        self.assertRegex(str(result.failure), "^stress-ng/mmap differs first .*SUITE=stress-ng/mmap")
        self.assertIn("stock passed; patched failed (2)", self.said)

    def test_a_glob_that_fits_nothing(self):
        with self.assertRaisesRegex(Failure, "SUITE=net/x fits no test"):
            self.peers(SUITE="net/x")


class Checkouts(Commands):
    target = "peers"

    def checkout(self, **files):
        top = os.path.join(self.out, "given")
        for name, text in files.items():
            path = os.path.join(top, name.replace("__", "/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as handle:
                handle.write(text)
        return top

    def test_it_is_built_in_a_copy(self):
        top = self.checkout(**{"tests/page_fault1.c": "", "tests/malloc2.c": "", "tests/mmap1.c": "",
                               "Makefile": "%_processes:\n\ttouch $@\n%_threads:\n\ttouch $@\n"})
        tests, programs = self.quiet(peers.wis, self.job(WIS=top, NCPUS="2"))
        self.assertEqual([test.name for test in tests],
                         [f"will-it-scale/{case}_{kind}" for case in ("malloc2", "page_fault1")
                          for kind in ("processes", "threads")])
        self.assertIn(" -t 2 ", tests[0].command)
        self.assertTrue(all(os.path.exists(path) for path in programs))
        self.assertEqual(sorted(os.listdir(top)), ["Makefile", "tests"])

    def test_a_build_that_fails_names_its_log(self):
        top = self.checkout(**{"tests/page_fault1.c": "", "Makefile": "%:\n\tfalse\n"})
        with self.assertRaisesRegex(Failure, "wis did not build: make .* .log: .*wis.build.log.$"):
            self.quiet(peers.wis, self.job(WIS=top))

    def test_lists_of_ltp_that_nothing_was_built_for(self):
        top = self.checkout(**{"runtest/mm": LTP, "include/mk/config.mk": "",
                               "testcases/kernel/mem/Makefile": "all:\n\ttouch oom01\n\tchmod +x oom01\n"})
        tests, programs = self.quiet(peers.ltp, self.job(LTP=top))
        self.assertEqual([test.name for test in tests], ["ltp/oom01"])
        self.assertEqual(set(programs.values()), {"selftests/ltp/bin/oom01"})

    def test_a_script_of_ltp_that_is_not_executable_is_a_program(self):
        top = self.checkout(**{"runtest/mm": LTP, "include/mk/config.mk": "",
                               "testcases/kernel/mem/Makefile": "all:\n",
                               "testcases/kernel/mem/spin_loop": "#!/bin/sh\n",
                               "testcases/kernel/mem/notes": "no program\n",
                               "testcases/kernel/mem/more.sh": ". library\n"})
        _, programs = self.quiet(peers.ltp, self.job(LTP=top))
        self.assertEqual(set(programs.values()),
                         {"selftests/ltp/bin/more.sh", "selftests/ltp/bin/spin_loop"})

    def test_a_copy_that_cannot_be_made(self):
        with self.assertRaisesRegex(Failure, "/nowhere could not be copied to .*/x: .*[Nn]o such file"):
            peers.copied(self.job(), "x", "/nowhere")

    def test_without_stress_ng(self):
        self.patch(peers.shutil, "which", lambda name: None)
        with self.assertRaisesRegex(Failure, "^stress-ng is missing; run scripts/packages.sh selftests$"):
            peers.stress_ng(self.job())

    def test_a_stress_ng_without_the_class(self):
        self.patch(peers, "run_program", lambda command: mock.Mock(stdout=b"", stderr=b"class?\n"))
        with self.assertRaisesRegex(Failure, "does not say which stressors are of its class vm"):
            peers.ng_tests()


if __name__ == "__main__":
    unittest.main()
