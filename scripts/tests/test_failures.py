# SPDX-License-Identifier: GPL-2.0
"""How a command ends: sentences, statuses, signals."""

import contextlib
import errno
import io
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

from splitfree.base import failures
from splitfree.base.paths import SCRIPTS, lock
from tests.fakes import Directory


class Disk(Directory):
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


class Interrupt(Directory):
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

    def interrupted(self, number, times=1):
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(self.SCRIPT).format(
            scripts=SCRIPTS, top=self.top)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True)
        self.assertEqual(child.stdout.readline(), "ready\n")
        for _ in range(times):
            child.send_signal(number)
        _, said = child.communicate(timeout=30)
        left = subprocess.run(["pgrep", "-f", "^sleep 1234$"], stdout=subprocess.PIPE, check=False)
        return child.returncode, said, left.stdout

    def test_ctrl_c_leaves_no_process_and_no_lock(self):
        # make passes a signal on that its children got, too.
        for number, times in ((signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGTERM, 20)):
            status, said, left = self.interrupted(number, times)
            self.assertEqual((status, left), (128 + number, b""))
            self.assertIn("run the same command again", said)
        with lock(self.top, "again"):
            pass


class Streams(unittest.TestCase):
    """cron closes what nobody reads; a reader may go away."""

    SCRIPT = """
        import os, subprocess, sys
        sys.path.insert(0, {scripts!r})
        from splitfree.base.failures import main
        from splitfree.base.progress import Progress, colour

        def work():
            print(colour("31", "one"), flush=True)
            Progress("x").update(1)
            for _ in range(5000):
                print("a line that fills the pipe")
            sys.stdout.flush()
            subprocess.run(["echo", "of a child"], check=True)
            with open({done!r}, "w") as handle:
                handle.write("done")
            return 0

        main(work)
    """

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.done = os.path.join(holder.name, "done")
        self.script = os.path.join(holder.name, "script.py")
        with open(self.script, "w", encoding="utf-8") as handle:
            handle.write(textwrap.dedent(self.SCRIPT).format(scripts=SCRIPTS, done=self.done))

    def status(self, shell):
        result = subprocess.run(["bash", "-c", f"set -o pipefail; {shell}", "x", sys.executable,
                                 self.script], check=False, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.stderr, "")
        with open(self.done, encoding="ascii") as handle:
            self.assertEqual(handle.read(), "done")
        os.remove(self.done)
        return result.returncode

    def test_closed_ones(self):
        for shell in ('"$1" "$2" <&-', '"$1" "$2" >&-', '"$1" "$2" 2>&-', '"$1" "$2" <&- >&- 2>&-'):
            self.assertEqual(self.status(shell), 0, shell)

    def test_a_reader_that_goes_away(self):
        for shell in ('"$1" "$2" | head -1', '"$1" "$2" | true', '"$1" "$2" 2>&1 | true'):
            self.assertEqual(self.status(shell), 0, shell)

    def test_no_terminal_and_no_settings(self):
        self.assertEqual(self.status('env -i "$1" "$2" </dev/null'), 0)


class Sentences(unittest.TestCase):
    def test_a_file_of_somebody_else_is_said_to_be(self):
        error = PermissionError(errno.EACCES, "Permission denied", "/some/x/y")
        with mock.patch.object(failures, "owner", side_effect=lambda path: {
                "/proc/self": "me"}.get(path, "them")):
            self.assertIn("/some/x/y, which belongs to them; look at its permissions",
                          failures.sentence_of(error))
        with mock.patch.object(failures, "owner", return_value="me"):
            self.assertNotIn("belongs", failures.sentence_of(error))

    def test_each_error_has_its_hint(self):
        for number, hint in ((errno.ENOSPC, "free some space"), (errno.EACCES, "its permissions"),
                             (errno.ENOENT, "see why it is gone")):
            self.assertIn(hint, failures.sentence_of(OSError(number, "x", "/nowhere")))

    def test_the_owner(self):
        self.assertEqual(failures.owner("/"), "root")
        self.assertIsNone(failures.owner("/nowhere"))

    def test_a_child_has_said_it_already(self):
        def function():
            raise failures.AlreadySaid("packages.sh failed", 2)

        with contextlib.redirect_stderr(io.StringIO()) as said, \
                self.assertRaises(SystemExit) as caught:
            failures.main(function)
        self.assertEqual((caught.exception.code, said.getvalue()), (2, ""))


if __name__ == "__main__":
    unittest.main()
