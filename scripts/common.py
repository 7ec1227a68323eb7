# SPDX-License-Identifier: GPL-2.0
"""What all the scripts share: failures, children, progress, paths."""

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

PASSED, FAILED, COULD_NOT_RUN = 0, 1, 2

# A variable of our make that kbuild would take for its own.
MAKE_NOISE = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "GNUMAKEFLAGS",
              "O", "V", "ARCH", "CROSS_COMPILE", "DEBUG", "LINUX", "JOBS", "NCPUS",
              "SUITE", "KBUILD_OUTPUT", "KBUILD_VERBOSE", "KCFLAGS", "C", "W", "M")


class Failure(Exception):
    """Ends a script with one sentence; status 1: it failed, 2: it could not run."""

    def __init__(self, sentence, status=COULD_NOT_RUN):
        super().__init__(sentence)
        self.status = status


def main(function):
    """Run a script's main function; turn what goes wrong into one sentence."""
    # Where scripts/ci wants the status, which make hides. Not for our children.
    wanted = os.environ.pop("SPLITFREE_STATUS", None)

    def stop(signum, _frame):
        raise Failure(f"stopped by {signal.Signals(signum).name}; nothing half-made was "
                      "left behind, run the same command again", 128 + signum)

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, stop)
    try:
        status = function() or 0
        sys.stdout.flush()
    except Failure as failure:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
        print(f"splitfree: {failure}", file=sys.stderr)
        status = failure.status
    except BrokenPipeError:
        # The reader went away (make kunit | head); nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = COULD_NOT_RUN
    except OSError as error:
        # No rights, a full disk, a path that is no directory.
        hint = "free some space" if error.errno == errno.ENOSPC else "look at its permissions"
        where = f": {error.filename}" if error.filename else ""
        print(f"splitfree: {error.strerror or error}{where}; {hint}, or use another directory "
              "with O= or XDG_CACHE_HOME=", file=sys.stderr)
        status = COULD_NOT_RUN
    if wanted:
        with contextlib.suppress(OSError), open(wanted, "w", encoding="ascii") as handle:
            handle.write(f"{status}\n")
    sys.exit(status)


@contextlib.contextmanager
def no_interrupts():
    """Hold Ctrl-C back over a step that is short and must not be cut."""
    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    old = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(base, "splitfree")
    os.makedirs(path, exist_ok=True)
    return path


def clean_env(**more):
    """The environment for a child: no locale, no variables of the outer make."""
    env = {k: v for k, v in os.environ.items() if k not in MAKE_NOISE}
    env.update(LC_ALL="C", PYTHONDONTWRITEBYTECODE="1")
    env.update(more)
    return env


@contextlib.contextmanager
def lock(out, what):
    """One run at a time in one output directory."""
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, ".lock"), "w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(f"another run is using {show(out)}; wait for it, or use "
                          f"another directory: make {what} O=DIR") from None
        yield


def show(path):
    """A path as the user would type it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def jobs_default():
    return len(os.sched_getaffinity(0))


# Children --------------------------------------------------------------------

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Become the parent of grandchildren whose parent dies.

    A UML kernel calls setsid(), so neither Ctrl-C nor a signal to a process
    group reaches it: it has to be found by its ancestry.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants():
    """Pids of all processes below this one."""
    children = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(name))
    found, todo = [], [os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def kill_descendants():
    """Kill what was started and wait until none is left."""
    for _ in range(100):
        pids = descendants()
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not pids:
            return
        time.sleep(0.05)


def run(args, **kwargs):
    """subprocess.run that takes bytes, captures, and kills the child when interrupted."""
    kwargs.setdefault("env", clean_env())
    kwargs.setdefault("stdout", subprocess.PIPE)
    kwargs.setdefault("stderr", subprocess.PIPE)
    if "input" not in kwargs:
        kwargs.setdefault("stdin", subprocess.DEVNULL)
    try:
        return subprocess.run(args, check=False, **kwargs)
    except FileNotFoundError:
        raise Failure(f"the program {args[0]} is missing; run scripts/packages.sh") from None


@contextlib.contextmanager
def ticking(what, quiet=False):
    """Show the seconds while something runs that cannot be counted."""
    progress, done = Progress(what, counted=False), threading.Event()

    def tick():
        while not done.wait(0.3):
            progress.update(0)

    thread = threading.Thread(target=tick, daemon=True)
    if not quiet:
        thread.start()
    try:
        yield
    finally:
        done.set()
        if not quiet:
            thread.join()
        progress.close()


# Progress --------------------------------------------------------------------

def colour(code, text, stream=None):
    stream = stream or sys.stdout
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return f"\033[{code}m{text}\033[0m"


class Progress:
    """One line that is rewritten on a terminal; else a plain line every ten seconds."""

    def __init__(self, what, expected=0, stream=None, counted=True):
        self.what, self.expected, self.counted = what, expected, counted
        self.stream = stream or sys.stderr
        self.start = time.monotonic()
        self.tty = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.last = self.start if not self.tty else 0
        self.shown = False

    def text(self, done):
        seconds = time.monotonic() - self.start
        if not self.counted:
            return f"{self.what}: {seconds:.0f} s"
        if not self.expected:
            return f"{self.what}: {done} done, {seconds:.0f} s"
        # The estimate may be short: never promise more than was counted.
        expected = max(self.expected, done)
        left = seconds * (expected - done) / done if done else 0
        return (f"{self.what}: {done} of about {expected}, {seconds:.0f} s"
                + (f", about {left:.0f} s left" if done >= 20 else ""))

    def update(self, done):
        now = time.monotonic()
        if now - self.last < (0.2 if self.tty else 10):
            return
        self.last, self.shown = now, True
        end = "\033[K\r" if self.tty else "\n"
        self.stream.write(self.text(done) + end)
        self.stream.flush()

    def close(self, line=None):
        if self.tty and self.shown:
            self.stream.write("\033[K")
        if line:
            self.stream.write(line + "\n")
        self.stream.flush()
