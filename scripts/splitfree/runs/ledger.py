# SPDX-License-Identifier: GPL-2.0
"""The ledger of make soak: what was run so far, on all commits, by all checkouts.

It is ~/.cache/splitfree/soak.jsonl, with a JSON object a line. A line is added when a run
ends, also when it is stopped, and no line is ever changed. Its keys:

	started		seconds since 1970
	variant		plain, or the value of DEBUG=
	seed, ncpus, fuzz, accel
			as make stress has them
	minutes		how long the guest worked
	outcome		passed, failed or stopped
	failed		reasons, none if it passed
	iterations, calls, cpu_cycles, memory_cycles
			what the guest did; for a run that was stopped, up to its last report
	messages	kernel messages at warning level that stock would not give
	said		the first of them
	pages_lost	null: it was not counted, as the run did not come to its end
	commit		of this repository
	changed		whether files differed from it
	kernel		the commit of the kernel tree, which depends on its content alone
	load		the mean load of the host at the end: what went on beside the run
"""

import collections
import fcntl
import json
import os

from splitfree.base.failures import no_interrupts
from splitfree.base.paths import cache_dir

NAME = "soak.jsonl"
PLAIN = "plain"
SUMS = ("minutes", "iterations", "calls", "cpu_cycles", "memory_cycles", "messages")
KEYS = ("started", "variant", "seed", "outcome", *SUMS, "pages_lost", "commit", "kernel")

# lost: the most pages that a run lost; failed, stopped: numbers of runs.
Total = collections.namedtuple("Total", "runs failed stopped lost " + " ".join(SUMS))


def path():
    return os.path.join(cache_dir(), NAME)


def add(where, entry):
    """Add one run; it is on the disk when this returns."""
    lacking = [key for key in KEYS if key not in entry]
    if lacking:
        raise ValueError(f"a run without {', '.join(lacking)}")
    line = json.dumps(entry).encode() + b"\n"
    with no_interrupts(), open(where, "a+b") as handle:
        # Two checkouts may soak at a time.
        fcntl.flock(handle, fcntl.LOCK_EX)
        end = handle.seek(0, os.SEEK_END)
        if end:
            handle.seek(end - 1)
            if handle.read(1) != b"\n":
                # The machine went down while a line was written. The next one is whole.
                line = b"\n" + line
        handle.write(line)
        handle.flush()
        os.fsync(handle.fileno())


def read(where):
    """(runs, number of lines that cannot be read)."""
    runs, bad = [], 0
    try:
        with open(where, "rb") as handle:
            lines = handle.read().splitlines()
    except FileNotFoundError:
        return [], 0
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if isinstance(entry, dict) and all(key in entry for key in KEYS):
            runs.append(entry)
        else:
            bad += 1
    return runs, bad


def total(runs):
    """The Total of these runs."""
    count = collections.Counter(run["outcome"] for run in runs)
    lost = [run["pages_lost"] for run in runs if run["pages_lost"] is not None]
    return Total(len(runs), count["failed"], count["stopped"], max(lost, default=None),
                 *(sum(run[key] for run in runs) for key in SUMS))


def totals(runs, key="variant"):
    """{variant: Total}, or of another key, in the order in which they were first run."""
    groups = {}
    for run in runs:
        groups.setdefault(run[key], []).append(run)
    return {name: total(group) for name, group in groups.items()}


def due(runs, variants):
    """The variant that was run least; of equals the first. So a stop costs none its turn."""
    spent = {name: one.minutes for name, one in totals(runs).items()}
    return min(variants, key=lambda name: spent.get(name, 0))


def rows(found):
    """The lines of a table, with a head, of {name: Total}."""
    yield ("", "hours", "runs", "failed", "stopped", "iterations", "calls", "CPU cycles",
           "memory cycles", "messages", "pages lost")
    for name, one in found.items():
        yield (name, f"{one.minutes / 60:.2f}", one.runs, one.failed, one.stopped, one.iterations,
               one.calls, one.cpu_cycles, one.memory_cycles, one.messages,
               "-" if one.lost is None else one.lost)
