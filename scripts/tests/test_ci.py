# SPDX-License-Identifier: GPL-2.0
"""The exit status of scripts/ci."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from splitfree.base.paths import SCRIPTS, lock
from splitfree.base.processes import clean_env

SCRIPT = """
import os, sys
sys.path.insert(0, {scripts!r})
from splitfree.base.failures import Failure, main
def function():
    how = sys.argv[1]
    if how == "child":
        # A script below a script: what it says is for its parent alone.
        os.system(sys.executable + " " + __file__ + " 1")
        raise Failure("the parent", 2)
    if how == "traceback":
        raise RuntimeError(how)
    if how == "signal":
        os.kill(os.getpid(), 15)
    if how != "0":
        raise Failure("no", int(how))
main(function)
"""


class Status(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        os.mkdir(os.path.join(self.root, "scripts"))
        shutil.copy(os.path.join(SCRIPTS, "ci"), os.path.join(self.root, "scripts"))
        with open(os.path.join(self.root, "script.py"), "w", encoding="utf-8") as handle:
            handle.write(SCRIPT.format(scripts=SCRIPTS))
        with open(os.path.join(self.root, "Makefile"), "w", encoding="utf-8") as handle:
            handle.write("HOW ?= 0\nrun:\n\t@%s script.py $(HOW)\n"
                         "packages:\n\t@exit 7\n"
                         "both: run\n\t@exit 1\n" % sys.executable)

    def ci(self, *args):
        return subprocess.run([os.path.join(self.root, "scripts/ci"), *args], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
                              env=clean_env()).returncode

    def test_the_script_s_status_comes_through_make(self):
        for status in (0, 1, 2):
            self.assertEqual(self.ci("run", f"HOW={status}"), status)
        self.assertEqual(self.ci("run", "HOW=signal"), 128 + 15)

    def test_no_status_is_could_not_run(self):
        self.assertEqual(self.ci(), 2)
        self.assertEqual(self.ci("nonsense"), 2)
        self.assertEqual(self.ci("packages"), 2)
        self.assertEqual(self.ci("run", "HOW=traceback"), 2)
        self.assertEqual(self.ci("both"), 2)

    def test_a_child_does_not_speak_for_its_parent(self):
        self.assertEqual(self.ci("run", "HOW=child"), 2)


class Stopped(unittest.TestCase):
    """A bot that gives up signals scripts/ci alone."""

    SCRIPT = """
import os, subprocess, sys, time
sys.path.insert(0, {scripts!r})
from splitfree.base.failures import main
from splitfree.base.paths import lock
from splitfree.base.processes import adopt_orphans, kill_descendants
def function():
    adopt_orphans()
    try:
        with lock({out!r}, "test"):
            # As UML does: a session of its own, and a parent that is gone.
            subprocess.run(["sh", "-c", "setsid setsid sleep {seconds} &"], check=True)
            print("ready", flush=True)
            time.sleep(100)
    finally:
        kill_descendants()
main(function)
"""

    # As make check does: a stage is a command of its own, in a session of its own.
    CHECK = """
import sys
sys.path.insert(0, {scripts!r})
from splitfree.base.failures import main
from splitfree.commands import check
main(lambda: check.run_logged([sys.executable, {script!r}], {log!r}))
"""

    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        os.mkdir(os.path.join(self.root, "scripts"))
        shutil.copy(os.path.join(SCRIPTS, "ci"), os.path.join(self.root, "scripts"))
        # Nobody else's.
        self.seconds = 100000 + os.getpid()
        self.write("script.py", self.SCRIPT.format(
            scripts=SCRIPTS, out=self.root, seconds=self.seconds))
        self.log = os.path.join(self.root, "log")
        self.write("check.py", self.CHECK.format(
            scripts=SCRIPTS, script=os.path.join(self.root, "script.py"), log=self.log))
        self.write("Makefile", "run:\n\t@true && %s script.py\ncheck:\n\t@%s check.py\n"
                   % (sys.executable, sys.executable))

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w", encoding="utf-8") as handle:
            handle.write(text)

    def start(self, target="run"):
        return subprocess.Popen([os.path.join(self.root, "scripts/ci"), target],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=clean_env(), start_new_session=True)

    def logged(self):
        try:
            with open(self.log, encoding="utf-8") as handle:
                return handle.read()
        except FileNotFoundError:
            return ""

    def nothing_is_left(self):
        ours = f"^sleep {self.seconds}$|{self.root}/(script|check).py"
        left = subprocess.run(["pgrep", "-f", ours], stdout=subprocess.PIPE, check=False)
        self.assertEqual(left.stdout, b"")
        with lock(self.root, "again"):
            pass

    def test_all_ends_and_the_lock_is_free(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            child = self.start()
            self.assertEqual(child.stdout.readline(), "ready\n")
            child.send_signal(number)
            _, said = child.communicate(timeout=30)
            self.assertEqual(child.returncode, 128 + number, said)
            self.assertIn(f"stopped by {signal.Signals(number).name}", said)
            self.nothing_is_left()

    def test_a_second_signal_does_not_cut_the_cleaning_up(self):
        """As an engine does that loses patience."""
        child = self.start()
        self.assertEqual(child.stdout.readline(), "ready\n")
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
        self.assertGreater(child.returncode, 128)
        self.nothing_is_left()

    def test_the_stages_of_a_check_end_too(self):
        child = self.start("check")
        while "ready" not in self.logged():
            self.assertIsNone(child.poll())
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, 128 + signal.SIGTERM)
        self.nothing_is_left()

    def test_whenever_it_comes(self):
        """Also before make runs, and while it starts the command."""
        for milliseconds in range(0, 200, 8):
            child = self.start()
            try:
                child.wait(milliseconds / 1000)
            except subprocess.TimeoutExpired:
                pass
            child.send_signal(signal.SIGTERM)
            child.communicate(timeout=30)
            # Before it can set a trap, bash ends by the signal itself.
            self.assertIn(child.returncode, (128 + signal.SIGTERM, -signal.SIGTERM), milliseconds)
            self.nothing_is_left()


if __name__ == "__main__":
    unittest.main()
