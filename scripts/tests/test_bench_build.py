# SPDX-License-Identifier: GPL-2.0
"""A program of several files, as a part of mm/ of a kernel."""

import os
import tempfile
import unittest

from splitfree.bench import build, frag


class Program(unittest.TestCase):
    def setUp(self):
        there = tempfile.TemporaryDirectory()
        self.addCleanup(there.cleanup)
        self.here = there.name
        for name in ("work.c", "work_more.c", "work.h", "work.config", "other.c"):
            self.write(name, name)
        self.kit = build.Kit("x", self.here, "work", [])

    def write(self, name, text):
        path = os.path.join(self.here, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as handle:
            handle.write(text)

    def test_its_files(self):
        self.assertEqual(build.program_files(self.kit), ["work.c", "work.h", "work_more.c"])

    def test_it_is_added_to_mm(self):
        self.write("tree/mm/Makefile", "obj-y += vmscan.o")
        added = build.add_program(os.path.join(self.here, "tree"), self.kit)
        self.assertEqual(added, ["mm/work.c", "mm/work.h", "mm/work_more.c"])
        for name in added:
            self.assertEqual(build.read(os.path.join(self.here, "tree", name)).decode(),
                             os.path.basename(name))
        self.assertEqual(build.read(os.path.join(self.here, "tree/mm/Makefile")),
                         b"obj-y += vmscan.o\nobj-y += work.o\nobj-y += work_more.o\n")

    def test_the_key_changes_with_each_file(self):
        keys = {build.wanted_key("c0ffee", (), self.kit)}
        for name in ("work.c", "work_more.c", "work.h"):
            self.write(name, "changed")
            keys.add(build.wanted_key("c0ffee", (), self.kit))
        self.write("work_new.c", "")
        keys.add(build.wanted_key("c0ffee", (), self.kit))
        keys.add(build.wanted_key("decade", (), self.kit))
        keys.add(build.wanted_key("decade", ("work.config",), self.kit))
        self.assertEqual(len(keys), 7)
        self.write("other.c", "changed")
        self.assertIn(build.wanted_key("decade", ("work.config",), self.kit), keys)

    def test_ours_have_files(self):
        for kit in (build.BENCH, frag.KIT):
            self.assertIn(kit.program + ".c", build.program_files(kit))
            self.assertIn(kit.program + ".h", build.program_files(kit))


if __name__ == "__main__":
    unittest.main()
