# SPDX-License-Identifier: GPL-2.0
"""result.json: the result of a command. make check and make report read it.

It lies in the directory of the command below $(O), such as $(O)/kunit or
$(O)/stress-kasan, and is written when the command ends, however it ends. While the
command runs there is none. Its keys:

	command		the target, such as kunit
	options		{NAME: value} of the variables that were given
	status		0 passed, 1 failed, 2 could not run; 128 and more: a signal
	passed, failed, skipped
			numbers of checks: cases, steps, configurations, ...
	sentence	what failed, where its log is, what to try; empty: nothing failed
	started		seconds since 1970
	seconds		how long it took
	kernel		the commit that was tested, or ""
	source		what that kernel was made from, or {}: version, kind (package, tarball,
			directory), name, steps of the series that were added, and for a
			directory that is a git repository its commit, and whether it was changed
	data		what this command alone has: see the command's module
"""

import contextlib
import json
import os

NAME = "result.json"
KEYS = ("command", "options", "status", "passed", "failed", "skipped", "sentence", "started",
        "seconds", "kernel", "source", "data")


class Result:
    """Counts, what is special to a command, and the failure if there was one."""

    def __init__(self, passed=0, failed=0, skipped=0, data=None, failure=None):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.data, self.failure = data or {}, failure

    def sums(self):
        return self.passed, self.failed, self.skipped

    def line(self):
        """The last line of a command's output."""
        return counts_line(*self.sums())


def counts_line(passed, failed, skipped):
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def write_json(path, data):
    """The whole file or the old one: a reader never sees half of it."""
    with open(path + ".new", "w", encoding="utf-8") as handle:
        json.dump(data, handle, indent=1)
        handle.write("\n")
    os.replace(path + ".new", path)


def read(path):
    """The dictionary of a result.json; None if there is none that can be read."""
    try:
        with open(path, encoding="utf-8") as handle:
            found = json.load(handle)
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or set(KEYS) - {"source"} - set(found):
        return None
    # Results of earlier versions do not have it.
    found.setdefault("source", {})
    return found


def remove(*paths):
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
