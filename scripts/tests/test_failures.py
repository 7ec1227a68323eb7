# SPDX-License-Identifier: GPL-2.0
"""How a command ends: sentences, statuses, signals."""

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
import unittest

from splitfree.base import failures
from splitfree.base.paths import SCRIPTS, lock


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


class Disk(Base):
    def status(self, function):
        with contextlib.redirect_stderr(io.StringIO()) as said, \
                self.assertRaises(SystemExit) as caught:
            failures.main(function)
        return caught.exception.code, said.getvalue()

    def test_full_disk_says_so(self):
        def full():
            raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")

        code, said = self.status(full)
        self.assertEqual(code, 2)
        self.assertIn("/somewhere; free some space", said)


class Interrupt(Base):
    SCRIPT = """
        import os, subprocess, sys, time
        sys.path.insert(0, {scripts!r})
        from splitfree.base.failures import main
        from splitfree.base.paths import lock
        from splitfree.base.processes import adopt_orphans, kill_descendants

        def build():
            adopt_orphans()
            try:
                with lock({top!r}, "test"):
                    subprocess.Popen(["sleep", "1234"], start_new_session=True)
                    print("ready", flush=True)
                    time.sleep(100)
            finally:
                kill_descendants()

        main(build)
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
        with lock(self.top, "again"):
            pass


if __name__ == "__main__":
    unittest.main()
