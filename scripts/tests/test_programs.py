# SPDX-License-Identifier: GPL-2.0
"""Programs that this Debian lacks, and the archive that has them."""

import contextlib
import io
import os
import shutil
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.source import apt, programs
from tests.test_tree import write


def unpacked(top, name):
    """As the packages of a program are below the cache."""
    write(top, "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "")
    write(top, f"usr/bin/{name}", "")


class Archive:
    """In place of apt.Apt. downloads: whether each try works, and the files that come."""

    def __init__(self, versions=("1",), downloads=((True, ("a.deb",)),)):
        self.found, self.downloads, self.updates = set(versions), list(downloads), 0
        self.log = os.devnull

    def versions(self, _package):
        return self.found

    def update(self):
        self.updates += 1

    @contextlib.contextmanager
    def download(self, where, *_packages):
        good, files = self.downloads.pop(0)
        for name in files:
            write(where, name, "")
        yield types.SimpleNamespace(communicate=lambda: (b"said", None), returncode=int(not good))


class Programs(unittest.TestCase):
    def setUp(self):
        self.cache = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.cache)
        self.patch(mock.patch.dict(os.environ, {"XDG_CACHE_HOME": self.cache}))
        self.which = self.patch(mock.patch("shutil.which",
                                           lambda name: None if name in programs.PROGRAMS else name))
        self.patch(mock.patch.object(apt, "mirrors", return_value=["http://x"]))

    def patch(self, patch):
        self.addCleanup(patch.stop)
        return patch.start()

    def find(self, archive, unpack=unpacked):
        def run(command, **_):
            unpack(command[3], "herd7")
            return types.SimpleNamespace(returncode=0)

        with mock.patch.object(apt, "Apt", return_value=archive), \
                mock.patch.object(programs, "run", run), \
                contextlib.redirect_stdout(io.StringIO()):
            return programs.find("herd7")

    def test_what_the_machine_has_is_taken(self):
        with mock.patch("shutil.which", return_value="/usr/bin/herd7"):
            self.assertEqual(programs.find("herd7"), ["herd7"])

    def test_it_is_fetched_once_and_started_by_its_own_loader(self):
        archive = Archive()
        words = self.find(archive)
        self.assertTrue(words[0].endswith("/ld-linux-x86-64.so.2"))
        self.assertEqual(words[1], "--library-path")
        self.assertTrue(words[3].endswith("/programs/herd7/usr/bin/herd7"))
        self.assertEqual(words[4:], ["-set-libdir",
                                     programs.place("herd7") + "/usr/share/herdtools7/herd"])
        self.assertEqual(self.find(Archive(downloads=())), words)
        self.assertEqual(archive.updates, 0)
        self.assertEqual(os.listdir(os.path.join(self.cache, "splitfree/programs")), ["herd7"])

    def test_lists_that_are_missing_or_old(self):
        archive = Archive(versions=())
        self.find(archive)
        self.assertEqual(archive.updates, 1)
        shutil.rmtree(programs.place("herd7"))
        archive = Archive(downloads=((False, ()), (True, ("a.deb",))))
        self.find(archive)
        self.assertEqual(archive.updates, 1)

    def test_what_was_left_half_removed(self):
        write(programs.place("herd7"), "usr/x", "")
        self.assertTrue(self.find(Archive()))

    def refused(self, words, archive=None, unpack=unpacked):
        with self.assertRaisesRegex(Failure, words):
            self.find(archive, unpack)
        where = os.path.join(self.cache, "splitfree/programs")
        self.assertEqual(os.listdir(where) if os.path.exists(where) else [], [])

    def test_each_reason(self):
        self.refused("could not be fetched from .*check the network",
                     Archive(downloads=((False, ()), (False, ()))))
        self.refused("has no usr/bin/herd7, or libc6 no loader; install herd7 yourself",
                     Archive(), lambda top, name: None)
        apt.mirrors.return_value = []
        self.refused("no Debian archive that has herd7")
        with mock.patch("shutil.which", return_value=None):
            self.refused("this is no Debian system")


class Mirrors(unittest.TestCase):
    def test_mirrors_of_this_machine(self):
        rows = (b"http://deb/debian bookworm Debian\nhttp://deb/debian bookworm Debian\n"
                b"http://sec/debian-security bookworm Debian-Security\nhttp://ppa x PPA\n")
        with mock.patch.object(apt, "run", return_value=types.SimpleNamespace(stdout=rows)):
            self.assertEqual(apt.mirrors(), ["http://deb/debian"])

    def test_the_systems_apt_is_left_alone(self):
        with tempfile.TemporaryDirectory() as cache, \
                mock.patch.dict(os.environ, {"XDG_CACHE_HOME": cache}):
            archive = apt.Apt("http://deb/debian")
            with open(os.path.join(archive.private, "sources.list"), encoding="ascii") as handle:
                rows = handle.read().splitlines()
        self.assertEqual(len(rows), len(apt.SUITES))
        self.assertRegex(rows[0], r"^deb (\[signed-by=\S+\] )?http://deb/debian trixie-backports main$")
        self.assertIn(f"Dir::State::Lists={archive.private}/lists", archive.options)
        self.assertIn("Dir::Etc::SourceParts=/nonexistent", archive.options)


if __name__ == "__main__":
    unittest.main()
