# SPDX-License-Identifier: GPL-2.0
"""Where things are, how a path is shown, and one run at a time in one directory."""

import contextlib
import fcntl
import os

from splitfree.base.failures import Failure

SCRIPTS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOT = os.path.dirname(SCRIPTS)
TESTING = os.path.join(ROOT, "tools", "testing")


def cache_dir():
    """Where downloads and compiled objects are kept, for all checkouts."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(base, "splitfree")
    os.makedirs(path, exist_ok=True)
    return path


def show(path):
    """A path as the user would type it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


@contextlib.contextmanager
def lock(directory, what):
    """One run at a time in one directory."""
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, ".lock"), "w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(f"another run is using {show(directory)}; wait for it, or use "
                          f"another directory: make {what} O=DIR") from None
        yield
