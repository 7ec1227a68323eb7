# SPDX-License-Identifier: GPL-2.0
"""The patches of make busted."""

import os
import shutil
import subprocess
import tempfile
import types
import unittest
from unittest import mock

from splitfree.commands import busted


class StaleBusted(unittest.TestCase):
    """A patch of tools/testing/busted that no longer fits shows before anything is built."""

    PATCH = "Caught-by: a.b\n\n--- a/file\n+++ b/file\n@@ -1 +1 @@\n-{}\n+broken\n"

    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)

    def test_named_whether_chosen_or_not(self):
        subprocess.run(["git", "init", "-q", self.top], check=True)
        with open(os.path.join(self.top, "file"), "w", encoding="ascii") as handle:
            handle.write("works\n")
        patches = os.path.join(self.top, "patches")
        os.mkdir(patches)
        for name, line in (("01-fits.patch", "works"), ("02-stale.patch", "worked")):
            with open(os.path.join(patches, name), "w", encoding="ascii") as handle:
                handle.write(self.PATCH.format(line))
        with mock.patch.object(busted, "PATCHES", patches), \
                mock.patch.object(busted, "OTHERS", []):
            found = busted.stale(types.SimpleNamespace(path=self.top))
        self.assertEqual([os.path.basename(path) for path, _ in found], ["02-stale.patch"])
        self.assertIn("file", found[0][1])


if __name__ == "__main__":
    unittest.main()
