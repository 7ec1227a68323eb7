# SPDX-License-Identifier: GPL-2.0
"""scripts/packages.sh where only a few programs are there."""

import os
import shutil
import stat
import subprocess
import tempfile
import unittest

from splitfree.base.paths import SCRIPTS


class Base(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)

    def program(self, name, text):
        path = os.path.join(self.top, name)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write("#!/bin/sh\n" + text)
        os.chmod(path, stat.S_IRWXU)
        return path


class Packages(Base):
    """scripts/packages.sh where only a few programs are there."""

    def run_without(self, **programs):
        for name in ("cat", "cut", "sort", "paste", "mktemp", "rm", "env", "tail"):
            os.symlink(shutil.which(name), os.path.join(self.top, name))
        for name, text in programs.items():
            self.program(name.replace("_", "-"), text)
        return subprocess.run([shutil.which("bash"), os.path.join(SCRIPTS, "packages.sh")],
                              env={"PATH": self.top, "TMPDIR": self.top}, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_no_rights_to_install_gives_the_command(self):
        result = self.run_without(id="echo 1000", sudo="exit 1", apt_get="exit 1")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, r"sudo apt-get install -y .*\bflex\b")

    def test_no_apt_names_the_programs(self):
        result = self.run_without(id="echo 0")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, r"missing: .*\bbison\b")

    def test_no_network_says_so(self):
        result = self.run_without(id="echo 0", apt_get="echo 'E: Unable to fetch'; exit 100")
        self.assertEqual(result.returncode, 2)
        self.assertIn("Unable to fetch", result.stderr)
        self.assertIn("check the network", result.stderr)


if __name__ == "__main__":
    unittest.main()
