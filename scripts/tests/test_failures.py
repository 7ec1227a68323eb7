# SPDX-License-Identifier: GPL-2.0
"""What goes wrong around a run: no rights, a full disk, a hang, Ctrl-C, a WARN.

Wrong sources and patches that do not fit are in test_tree.py.
"""

import contextlib
import errno
import io
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import types
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.dirname(HERE)
sys.path.insert(0, SCRIPTS)

# pylint: disable=wrong-import-position
import busted  # noqa: E402
import common  # noqa: E402
import qemu  # noqa: E402
import run_kunit  # noqa: E402
import uml  # noqa: E402
from splitfree.judge import verdict  # noqa: E402  pylint: disable=wrong-import-position


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


class Disk(Base):
    def status(self, function):
        with contextlib.redirect_stderr(io.StringIO()) as said, \
                self.assertRaises(SystemExit) as caught:
            common.main(function)
        return caught.exception.code, said.getvalue()

    def test_full_disk_says_so(self):
        def full():
            raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")

        code, said = self.status(full)
        self.assertEqual(code, 2)
        self.assertIn("/somewhere; free some space", said)

    def test_full_disk_in_a_build_is_no_failed_test(self):
        with mock.patch.object(uml.Kernel, "configure"), \
                mock.patch.object(uml.Kernel, "build_key", return_value="x"), \
                mock.patch.object(uml.Kernel, "environment", return_value=dict(os.environ)), \
                mock.patch.object(uml.Kernel, "make_options", return_value=[]), \
                contextlib.redirect_stdout(io.StringIO()):
            self.program("make", 'echo "fatal error: a.o: No space left on device"; exit 2\n')
            kernel = uml.Kernel(self.top, "", 1, False)
            with mock.patch.dict(os.environ, {"PATH": self.top + ":" + os.environ["PATH"]}), \
                    mock.patch.object(uml.Kernel, "environment", return_value={
                        **os.environ, "PATH": self.top + ":" + os.environ["PATH"]}), \
                    self.assertRaises(common.Failure) as caught:
                kernel.build(None)
        self.assertIn("the disk is full", str(caught.exception))
        self.assertEqual(caught.exception.status, 2)


class Hang(Base):
    def test_a_guest_that_hangs_is_killed(self):
        sleeper = self.program("sleeper", "echo booting; exec sleep 100\n")
        console = os.path.join(self.top, "console.log")
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertTrue(qemu.boot([sleeper], console, 0.5, "guest"))
        with open(console, encoding="utf-8") as handle:
            self.assertEqual(handle.read(), "booting\n")

    def test_the_end_of_its_console_is_shown(self):
        log = os.path.join(self.top, "console.log")
        with open(log, "w", encoding="utf-8") as handle:
            handle.write("KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: s\n    1..2\n"
                         "    ok 1 first\n[    3.0] the last words\n")
        kernel = types.SimpleNamespace(results=self.top, dir=self.top, binary="linux")
        options = types.SimpleNamespace(timeout=7, debug="")
        said = io.StringIO()
        with contextlib.redirect_stdout(said), self.assertRaises(common.Failure) as caught:
            run_kunit.judge(kernel, options, 0, True, log=log)
        self.assertIn("the last words", said.getvalue())
        self.assertIn("hung and was killed after 7 s", str(caught.exception))
        self.assertEqual(caught.exception.status, 1)

    def test_a_warning_that_kunit_passed_over_fails_the_run(self):
        log = os.path.join(self.top, "console.log")
        with open(log, "w", encoding="utf-8") as handle:
            handle.write("KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: s\n    1..1\n"
                         "[    3.0] WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1 f+0x1/0x2\n"
                         "    ok 1 first\nok 1 s\n")
        found = verdict.judge_file(log)
        self.assertEqual((found.passed, found.failed), (1, 0))
        self.assertEqual(found.status, verdict.FAILED)


class Interrupt(Base):
    SCRIPT = """
        import os, subprocess, sys, time
        sys.path.insert(0, {scripts!r})
        import common

        def build():
            common.adopt_orphans()
            try:
                with common.lock({top!r}, "test"):
                    subprocess.Popen(["sleep", "1234"], start_new_session=True)
                    print("ready", flush=True)
                    time.sleep(100)
            finally:
                common.kill_descendants()

        common.main(build)
    """

    def interrupted(self, number):
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(self.SCRIPT).format(
            scripts=SCRIPTS, top=self.top)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True)
        self.assertEqual(child.stdout.readline(), "ready\n")
        child.send_signal(number)
        _, said = child.communicate(timeout=30)
        left = subprocess.run(["pgrep", "-f", "^sleep 1234$"], stdout=subprocess.PIPE, check=False)
        return child.returncode, said, left.stdout

    def test_ctrl_c_leaves_no_process_and_no_lock(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            status, said, left = self.interrupted(number)
            self.assertEqual((status, left), (128 + number, b""))
            self.assertIn("run the same command again", said)
        with common.lock(self.top, "again"):
            pass


class StaleBusted(Base):
    """A patch of tools/testing/busted that no longer fits shows before anything is built."""

    PATCH = "Caught-by: a.b\n\n--- a/file\n+++ b/file\n@@ -1 +1 @@\n-{}\n+broken\n"

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
