# SPDX-License-Identifier: GPL-2.0
"""The kernel source of the Debian archive."""

import contextlib
import io
import os
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.source import apt
from splitfree.source import archive as sources
from tests.test_tree import write


class Package(unittest.TestCase):
    def test_versions_sort(self):
        versions = ["7.3.4-1~bpo13+1", "7.3.10-1", "7.3.4-1", "7.3.9-2~bpo13+1"]
        self.assertEqual(max(versions, key=sources._version_key),  # pylint: disable=protected-access
                         "7.3.10-1")

    def test_damaged_package_is_removed(self):
        with tempfile.TemporaryDirectory() as top:
            path = write(top, "x.deb", "data")
            write(top, "x.deb.sha256", "0000  x.deb\n")
            with self.assertRaises(Failure):
                sources._verify_package(path)  # pylint: disable=protected-access
            self.assertEqual(os.listdir(top), [])


class Tarball(unittest.TestCase):
    def extract(self, commands):
        with contextlib.redirect_stderr(io.StringIO()):
            sources._pipe(commands,  # pylint: disable=protected-access
                          sources.Source("package", "/cache/x.deb", "linux-source", "id"))

    def test_what_went_wrong_is_said(self):
        for script, words in (("echo 'tar: No space left on device' >&2; exit 1", "the disk is full"),
                              ("echo 'xz: broken' >&2; exit 1",
                               "could not be unpacked .xz: broken.*after removing /cache/x.deb")):
            with self.assertRaisesRegex(Failure, words):
                self.extract([["sh", "-c", "cat >/dev/null; " + script]])

    def test_a_part_that_fails_fails_the_whole(self):
        with self.assertRaises(Failure):
            self.extract([["sh", "-c", "exit 3"], ["cat"]])

    def test_a_program_that_is_missing(self):
        with self.assertRaisesRegex(Failure, "program no-such-program is missing, which unpacks"):
            self.extract([["no-such-program"]])


class Download(unittest.TestCase):
    def refused(self, words, which="x", mirrors=(), run=b""):
        with tempfile.TemporaryDirectory() as cache, \
                mock.patch.dict(os.environ, {"XDG_CACHE_HOME": cache}), \
                mock.patch("shutil.which", return_value=which), \
                mock.patch.object(apt, "mirrors", return_value=list(mirrors)), \
                mock.patch.object(apt, "run", return_value=types.SimpleNamespace(stdout=run)), \
                contextlib.redirect_stdout(io.StringIO()), \
                self.assertRaisesRegex(Failure, words + ".*LINUX="):
            sources._download()  # pylint: disable=protected-access

    def test_each_reason_names_the_other_way(self):
        self.refused("this is no Debian system", which=None)
        self.refused("name no Debian archive")
        self.refused("no linux-source-7.3 was found in .* check the network", mirrors=["http://x"])


if __name__ == "__main__":
    unittest.main()
