# SPDX-License-Identifier: GPL-2.0
"""The kernel source of the Debian archive."""

import os
import tempfile
import unittest

from splitfree.base.failures import Failure
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


if __name__ == "__main__":
    unittest.main()
