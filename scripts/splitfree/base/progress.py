# SPDX-License-Identifier: GPL-2.0
"""Shows that long work goes on, in colours where a person looks."""

import contextlib
import os
import sys
import threading
import time


def colour(code, text, stream=None):
    stream = stream or sys.stdout
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return f"\033[{code}m{text}\033[0m"


def verdict_word(good):
    """The word at the start of a line of results, which is padded for the text after it."""
    return colour("32", "ok    ") if good else colour("31", "FAILED")


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
        if done > self.expected:
            # The estimate was short, or there was none.
            return f"{self.what}: {done} done, {seconds:.0f} s"
        left = seconds * (self.expected - done) / done if done else 0
        return (f"{self.what}: {done} of about {self.expected}, {seconds:.0f} s"
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
