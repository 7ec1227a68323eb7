# SPDX-License-Identifier: GPL-2.0
"""scripts/packages.sh where only a few programs are there."""

import os
import re
import shutil
import subprocess
import unittest

from splitfree.base.paths import SCRIPTS
from tests.fakes import Directory


class Packages(Directory):
    """scripts/packages.sh where only a few programs are there."""

    def run_without(self, which="", **programs):
        for name in ("cat", "cut", "sort", "paste", "mktemp", "rm", "env", "tail", "grep",
                     "sed"):
            os.symlink(shutil.which(name), os.path.join(self.top, name))
        for name, text in programs.items():
            # ld_lld_19 is ld.lld-19.
            self.program(re.sub("^ld[_-]lld", "ld.lld", name.replace("_", "-")), text)
        return subprocess.run([shutil.which("bash"), os.path.join(SCRIPTS, "packages.sh"), which],
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

    def test_fedora_gets_its_command(self):
        result = self.run_without("selftests", id="echo 0", dnf="exit 1")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, r"missing: gcc .*: sudo dnf install -y .*\bflex\b")
        for name in ("elfutils-libelf-devel", "glibc-devel", "glibc-static", "libcap-devel",
                     "numactl-devel", "qemu-system-x86-core"):
            self.assertIn(f" {name}", result.stderr)
        self.assertNotIn("libelf-dev ", result.stderr)

    def test_arch_linux_gets_its_command(self):
        result = self.run_without("series", id="echo 0", pacman="exit 1")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, r"sudo pacman -S --needed .*\bglibc\b.* python .*; "
                         "in the AUR: coccinelle sparse\n$")
        self.assertNotRegex(result.stderr, "needed .*aur:")

    def test_each_set_has_a_package_for_each_manager(self):
        with open(os.path.join(SCRIPTS, "packages.sh"), encoding="utf-8") as handle:
            text = handle.read()
        rows = [line.split() for line in text.split("needed() {")[1].split("have() {")[0]
                .splitlines() if line.startswith("\t\t") and "\t" in line.strip()
                and not re.match(r"\t\t(suffix|for|if|fi|done|break)", line)]
        self.assertGreater(len(rows), 30)
        self.assertEqual([row for row in rows if len(row) != 4], [])

    def clang(self, suffix, version):
        return {f"clang{suffix}": f"[ $1 = -dumpversion ] && echo {version} || echo $0",
                f"ld_lld{suffix}": "", f"llvm_ar{suffix}": ""}

    def llvm(self, which, **programs):
        # gcc has all headers and libraries here.
        return self.run_without(which, id="echo 1000", sudo="exit 1", apt_get="exit 1",
                                gcc="case $1 in -print*) echo /x ;; *) cat >/dev/null ;; esac", **dict.fromkeys(
                                    ("make", "flex", "bison", "bc", "git", "python3", "perl",
                                     "xz", "tar", "ccache"), ""), **programs)

    def test_an_old_clang_is_none(self):
        result = self.llvm("llvm1", **self.clang("", "14.0.6"))
        self.assertRegex(result.stderr, "apt-get install -y clang-19 libclang-rt-19-dev lld-19 "
                         "llvm-19\n$")

    def test_a_clang_that_is_there_is_enough(self):
        for suffix, version in (("", "19.1.7"), ("-22", "22.1.8")):
            result = self.llvm("llvm1", **self.clang(suffix, version))
            self.assertEqual((result.returncode, result.stderr), (0, ""), suffix)
            shutil.rmtree(self.top)
            os.mkdir(self.top)

    def test_one_that_is_asked_for_by_number(self):
        result = self.llvm("llvm-23", **self.clang("-22", "22.1.8"))
        self.assertIn("clang-23 libclang-rt-23-dev lld-23 llvm-23", result.stderr)

    def test_no_network_says_so(self):
        result = self.run_without(id="echo 0", apt_get="echo 'E: Unable to fetch'; exit 100")
        self.assertEqual(result.returncode, 2)
        self.assertIn("Unable to fetch", result.stderr)
        self.assertIn("check the network", result.stderr)


if __name__ == "__main__":
    unittest.main()
