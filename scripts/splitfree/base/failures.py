# SPDX-License-Identifier: GPL-2.0
"""How a command ends: with a status, and with one sentence when it failed."""

import contextlib
import errno
import os
import pwd
import signal
import sys

PASSED, FAILED, COULD_NOT_RUN = 0, 1, 2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failure(Exception):
    """Ends a command with one sentence; status 1: it failed, 2: it could not run."""

    def __init__(self, sentence, status=COULD_NOT_RUN):
        super().__init__(sentence)
        self.status = status


class AlreadySaid(Failure):
    """Ends a command whose child has printed the sentence."""


class Deaf:
    """A stream whose reader may go away: text after that is dropped.

    make kunit | head -1 has to give the same results as make kunit.
    """

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def guarded(self, function, *args):
        try:
            return function(*args)
        except BrokenPipeError:
            # Children that share the descriptor write there, too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
            return None

    def write(self, text):
        self.guarded(self.stream.write, text)
        return len(text)

    def flush(self):
        self.guarded(self.stream.flush)


def open_standard_streams():
    """Open on /dev/null those of the three that the caller closed, as cron may."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free descriptor is this one. Children get it, too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            # The stream lives as long as the process does.
            # pylint: disable-next=consider-using-with
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8",
                                    closefd=False))


def owner(path):
    """Whose it is: a name, or a number that has none. None: it is not there."""
    try:
        uid = os.stat(path).st_uid
    except OSError:
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def sentence_of(error):
    """One sentence on an OSError: no rights, a full disk, a path that is no directory."""
    hint = {errno.ENOSPC: "free some space", errno.EDQUOT: "free some space",
            errno.ENOENT: "see why it is gone", errno.ENOTDIR: "see what lies there"}.get(
                error.errno, "look at its permissions")
    where = f": {error.filename}" if error.filename else ""
    whose = ""
    if error.errno in (errno.EACCES, errno.EPERM) and isinstance(error.filename, str):
        path = error.filename
        while not os.path.exists(path) and os.path.dirname(path) != path:
            path = os.path.dirname(path)
        if owner(path) not in (None, owner("/proc/self")):
            whose = f", which belongs to {owner(path)}"
    return (f"{error.strerror or error}{where}{whose}; {hint}, or use another directory "
            "with O= or XDG_CACHE_HOME=")


def main(function):
    """Run a command; turn what goes wrong into one sentence and a status."""
    # The file in which scripts/ci wants the status, as make hides it. Children must not write it.
    wanted = os.environ.pop("SPLITFREE_STATUS", None)
    open_standard_streams()
    sys.stdout, sys.stderr = Deaf(sys.stdout), Deaf(sys.stderr)

    def stop(signum, _frame):
        # make passes on what its group got already: a second signal must not cut the
        # cleaning up that the first one brought about.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Failure(f"stopped by {signal.Signals(signum).name}; nothing half-made was "
                      "left behind, run the same command again", 128 + signum)

    for signum in SIGNALS:
        signal.signal(signum, stop)
    try:
        status = function() or 0
    except AlreadySaid as failure:
        status = failure.status
    except Failure as failure:
        sys.stdout.flush()
        print(f"splitfree: {failure}", file=sys.stderr)
        status = failure.status
    except OSError as error:
        print(f"splitfree: {sentence_of(error)}", file=sys.stderr)
        status = COULD_NOT_RUN
    sys.stdout.flush()
    sys.stderr.flush()
    if wanted:
        with contextlib.suppress(OSError), open(wanted, "w", encoding="ascii") as handle:
            handle.write(f"{status}\n")
    sys.exit(status)


@contextlib.contextmanager
def no_interrupts():
    """Hold Ctrl-C back over a step that is short and must not be cut."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
