# SPDX-License-Identifier: GPL-2.0
"""make hibernate: the disk, what is started, and what comes of it."""

import os
import struct
from unittest import mock

from splitfree.commands import hibernate
from splitfree.kernel import initramfs
from tests.fakes import Commands, bad_cases, ktap

BACK = "hibernate: ok, 16 pages are as they were\n"


class Runs(Commands):
    target = "hibernate"

    def setUp(self):
        super().setUp()
        self.patch(initramfs, "small", lambda source, results, *more: "image")
        self.patch(hibernate.x86, "program", lambda: "/usr/bin/qemu")

    def run_it(self, **texts):
        job = self.job(**texts)
        with hibernate.guard(job):
            return job, self.quiet(hibernate.run, job)

    def test_suites_pass_after_it_came_back(self):
        self.consoles = {"": BACK + ktap(("a", True), ("b", True))}
        job, result = self.run_it(SUITE="pcp_*")
        self.assertEqual((result.sums(), result.failure), ((2, 0, 0), None))
        for word in ("kunit.autorun=0", "resume=/dev/vda", "kunit.filter_glob=pcp_*",
                     "-device virtio-blk-pci,drive=disk", "nohz_full=3", "-initrd image"):
            self.assertIn(word, self.boots[0])
        self.assertFalse(os.path.exists(job.path("disk")))

    def test_each_suite_has_a_list_of_its_own(self):
        self.consoles = {"": BACK + ktap(("a", True), suite="x") + ktap(("a", True), suite="y")}
        _, result = self.run_it()
        self.assertEqual((result.sums(), result.failure), ((2, 0, 0), None))
        self.assertEqual(result.data["suites"], {"x": [1, 0, 0], "y": [1, 0, 0]})

    def test_it_did_not_come_back(self):
        self.consoles = {"": ktap(("a", True))}
        job, result = self.run_it()
        self.assertEqual(result.sums(), (1, 1, 0))
        self.assertEqual(bad_cases(job.results), ["kernel.end"])
        self.assertIn("did not come back from its image", str(result.failure))

    def test_a_suite_fails_afterwards(self):
        self.consoles = {"": BACK + ktap(("a", False))}
        _, result = self.run_it()
        self.assertEqual(result.failed, 1)

    def test_the_disk_is_one_to_swap_to(self):
        with mock.patch.object(hibernate, "PAGES", 16):
            path = hibernate.swap_disk(os.path.join(self.out, "disk"))
        with open(path, "rb") as handle:
            data = handle.read()
        self.assertEqual(len(data), 16 * 4096)
        self.assertEqual(data[4086:4096], b"SWAPSPACE2")
        self.assertEqual(struct.unpack_from("<III", data, 1024), (1, 15, 0))
