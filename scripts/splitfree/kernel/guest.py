# SPDX-License-Identifier: GPL-2.0
"""The one way to run a guest, be it UML, QEMU, or a program that starts one."""

import collections
import contextlib
import os
import shlex
import subprocess
import threading
import time

from splitfree.base.failures import Failure
from splitfree.base.processes import kill_descendants
from splitfree.base.progress import Progress

# How often the limit is looked at, in seconds; while somebody waits for threads, more often.
TICK, SOON = 0.1, 0.02

# late: it was killed when its time was over; seconds: how long it ran.
Ended = collections.namedtuple("Ended", "late seconds status")


def as_batch(pid):
    """Have the host not push one CPU of a guest aside for another one that is woken up.

    Where they share a core, that is often the one that woke it. It has a lock, and the other
    spins for it until its own time is over.
    """
    with contextlib.suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))


def run(args, console, limit, what, *, env=None, on_line=None, done=None, expected=0,
        started=None, verbose=False, batch=False):
    """Run a guest to its end or to the limit; kill it then, and what it started.

    console: the file that its console goes to.
    limit: seconds, or a function that says when the time is over.
    what: for the progress. done: a function that says how much of what is expected is done.
    on_line: gets each line of the console as it comes, as text.
    started: gets the pid, again and again until it returns true.
    batch: see as_batch(). Not where a time is measured.
    """
    if verbose:
        print("$ " + " ".join(args), flush=True)
    with open(console, "wb") as log:
        # A pipe that nobody writes to: at the end of its input a guest gives up its console.
        child = subprocess.Popen(args, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE if on_line else log,
                                 stderr=subprocess.STDOUT, env=env, start_new_session=True)
        if batch:
            as_batch(child.pid)

        def copy():
            for line in child.stdout:
                log.write(line)
                log.flush()
                on_line(line.decode("utf-8", "replace").rstrip("\r\n"))

        reader = threading.Thread(target=copy, daemon=True)
        if on_line:
            reader.start()
        start = time.monotonic()
        over = limit if callable(limit) else lambda: time.monotonic() - start >= limit
        progress = Progress(what, expected, counted=bool(done))
        while child.poll() is None and not over():
            progress.update(done() if done else 0)
            if started and started(child.pid):
                started = None
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(SOON if started else TICK)
        progress.close()
        late = child.poll() is None
        if late:
            child.kill()
        child.wait()
        seconds = time.monotonic() - start
        # Its own children hold the other end of its console.
        kill_descendants()
        if on_line:
            reader.join(5)
            if not reader.is_alive():
                child.stdout.close()
        child.stdin.close()
    return Ended(late, seconds, child.returncode)


def not_started(said, args, env=None):
    """A kernel that its host did not let begin: its own last line says why."""
    last = next((line.strip() for line in reversed(said) if line.strip()), "it wrote nothing")
    words = [f"TMPDIR={env['TMPDIR']}"] if env and "TMPDIR" in env else []
    return Failure(f"the kernel did not start: {last[:300]}; the same again: "
                   f"{shlex.join(words + list(args))}")


def text(console):
    """The whole console of a guest."""
    with open(console, encoding="utf-8", errors="replace") as handle:
        return handle.read()
