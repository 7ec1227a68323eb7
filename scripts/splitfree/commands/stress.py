# SPDX-License-Identifier: GPL-2.0
"""Boots the x86-64 kernel under QEMU and works its memory with everything at once.

The guest runs tools/testing/guest/stress/, with busybox and stress-ng from the
archive beside it. Threads make random calls of mm there: which ones is a function of the
seed alone, and $(O)/stress/init calls SEED WORKER FIRST COUNT prints them. A worker's
number is 4 times that of its process plus that of its thread.

Results: console.log and summary.json in $(O)/stress, or
$(O)/stress-DEBUG. summary.json has what the data of result.json has: seed, minutes,
debug, ncpus, fuzz, seconds, kernel, results (what the guest counted), messages, splats,
failed (reasons, none if it passed). With SEEDS= there is a console-SEED.log for each, and
runs is a list of the same for each seed; the rest is that of the first that failed.
"""

from splitfree.base import results as files
from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import (ACCEL, DEBUG, FUZZ, NCPUS, SEED, Option, debug_kinds,
                                    required)
from splitfree.base.paths import show
from splitfree.base.results import Result
from splitfree.base.shards import SHARD
from splitfree.kernel import x86
from splitfree.runs import frame, stress_run
from splitfree.runs import stress as load

COMMAND = frame.Command(
    "boot the kernel of make qemu and work its memory with everything at once",
    (Option("MINUTES", "5", load.minutes, "how long it works"),
     SEED._replace(read=load.seed, text="repeats the schedule and the random calls of a run"),
     Option("SEEDS", "1", required(1, 10000), "so many runs, with SEED and those that follow"),
     SHARD, FUZZ,
     NCPUS._replace(read=required(2, 64)),
     DEBUG._replace(read=debug_kinds(x86.DEBUG_KINDS), text=x86.DEBUG_TEXT), ACCEL),
    packages=("qemu",),
    directory=lambda options: "-".join(filter(None, ["stress", options.debug])), in_place=True)


def one(job, kernel, number, console):
    """A run with one seed; returns its summary."""
    summary = stress_run.one(stress_run.of(job.options, number), kernel,
                             load.make_initramfs(job.results), console, stress_run.Watcher())
    return {**summary, "kernel": job.tree.state["head"]}


def check(job):
    seeds = range(job.options.seed, job.options.seed + job.options.seeds)
    job.seeds = job.options.shard.run_of(list(seeds))


def run(job):
    options = job.options
    files.remove(job.path("summary.json"))
    kernel = x86.kernel(job.out, "-".join(filter(None, ["x86", options.debug])),
                        x86.fragments(options.debug), job.tree.path, job.path("build.log"), options)
    kernel.build(job.tree)
    found = []
    for number in job.seeds:
        console = job.path("console.log" if options.seeds == 1 else f"console-{number}.log")
        found.append((one(job, kernel, number, console), console))
    summaries = [summary for summary, _ in found]
    bad = [pair for pair in found if pair[0]["failed"]]
    summary, console = (bad or found)[0]
    data = dict(summary) if options.seeds == 1 else {**summary, "runs": summaries}
    files.write_json(job.path("summary.json"), data)
    failure = Failure("; ".join(summary["failed"]) + f" (log: {show(console)}); "
                      f"SEED={summary['seed']} gives the same schedule", FAILED) if bad else None
    return Result(len(found) - len(bad), len(bad), 0, data, failure)
