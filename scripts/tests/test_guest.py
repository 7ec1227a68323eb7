# SPDX-License-Identifier: GPL-2.0
"""A guest is run to its end, or to its limit."""

import contextlib
import io
import os
import subprocess
import sys
import textwrap
import time
import unittest

from splitfree.base.paths import SCRIPTS
from splitfree.kernel import guest
from tests.fakes import Directory


class Guest(Directory):
    def setUp(self):
        super().setUp()
        self.console = os.path.join(self.top, "console.log")

    def run_guest(self, text, limit=20, **more):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            ended = guest.run([self.program("guest", text)], self.console, limit, "guest", **more)
        self.said = said.getvalue()
        return ended

    def test_one_that_hangs_is_killed(self):
        for on_line in (None, lambda _: None):
            def over():
                return os.path.exists(self.console) and guest.text(self.console) == "booting\n"

            self.assertTrue(self.run_guest("echo booting; exec sleep 100\n", over,
                                           on_line=on_line).late)
            os.remove(self.console)

    def test_one_that_ends_is_not_late(self):
        ended = self.run_guest("echo done; exit 3\n")
        self.assertEqual((ended.late, ended.status), (False, 3))

    def test_a_limit_may_move(self):
        start = time.monotonic()
        self.assertTrue(self.run_guest("exec sleep 100\n",
                                       lambda: time.monotonic() - start > 0.3).late)

    def test_lines_come_as_they_are_written(self):
        seen = []
        self.run_guest("printf 'a\\r\\nb\\n'\n", on_line=seen.append)
        self.assertEqual(seen, ["a", "b"])

    def test_what_a_guest_started_does_not_hold_its_console_open(self):
        # In a process of its own: it becomes the parent of orphans for good.
        script = textwrap.dedent("""
            import sys, time
            sys.path.insert(0, sys.argv[1])
            from splitfree.base import processes
            from splitfree.kernel import guest
            processes.adopt_orphans()
            start = time.monotonic()
            guest.run(["sh", "-c", "setsid sleep 1233 & echo gone"], sys.argv[2], 20, "guest",
                      on_line=lambda _: None)
            print(time.monotonic() - start < 1000, len(processes.descendants()))
        """)
        result = subprocess.run([sys.executable, "-c", script, SCRIPTS, self.console],
                                stdout=subprocess.PIPE, check=True, text=True)
        self.assertEqual(result.stdout, "True 0\n")
        self.assertEqual(guest.text(self.console), "gone\n")

    def test_started_is_asked_until_it_is_content(self):
        pids = []

        def started(pid):
            pids.append(pid)
            return len(pids) == 3

        self.run_guest("exec sleep 100\n", lambda: len(pids) == 3, started=started)
        self.assertEqual((len(pids), len(set(pids))), (3, 1))

    def test_a_batch_is_not_pushed_aside(self):
        waits = ("exec python3 -c 'import os\n"
                 "while os.sched_getscheduler(0) != os.SCHED_BATCH: pass'\n")
        self.assertFalse(self.run_guest(waits, batch=True).late)

    def test_its_input_does_not_end_before_it_does(self):
        ended = self.run_guest("read -r line && exit 1; exit 2\n", 0.5)
        self.assertTrue(ended.late)

    def test_the_command_is_shown_on_request(self):
        self.run_guest("true\n", verbose=True)
        self.assertRegex(self.said, r"^\$ .*/guest")


if __name__ == "__main__":
    unittest.main()
