# SPDX-License-Identifier: GPL-2.0
"""Boots the x86-64 kernel under QEMU and works its memory with everything at once.

The guest runs tools/testing/guest/stress.c, with busybox and stress-ng from the
archive beside it. Results: console.log and summary.json in $(O)/stress, or
$(O)/stress-DEBUG. summary.json has what the data of result.json has: seed, minutes,
debug, ncpus, seconds, kernel, results (what the guest counted), messages, splats,
failed (reasons, none if it passed). With SEEDS= there is a console-SEED.log for each, and
runs is a list of the same for each seed; the rest is that of the first that failed.
"""

import os
import re

from splitfree.base import results as files
from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import ACCEL, DEBUG, NCPUS, SEED, Option, debug_kinds, required
from splitfree.base.paths import TESTING, show
from splitfree.base.progress import colour
from splitfree.base.results import Result
from splitfree.base.shards import SHARD
from splitfree.judge import console as consoles
from splitfree.judge import excuses as excuse_lists
from splitfree.judge import verdict as verdicts
from splitfree.kernel import guest, x86
from splitfree.runs import frame
from splitfree.runs import stress as load

# What a run has to reach, for each minute; debug kernels are slower. It shows a load
# that stands still, not a slow host: one that others used gave 30,000 iterations
# and 47,000 where it gives 100,000 alone.
FLOORS = {"iterations": 20000, "cpu_cycles": 4, "memory_cycles": 2, "huge_pages": 12,
          "injected": 2000}
EXCUSES = os.path.join(TESTING, "excuses/stress.list")


class Watcher:
    """Reads the console as it comes. It shows warnings and worse, and what the guest says."""

    def __init__(self):
        self.results, self.messages, self.errors = {}, [], []
        self.excused, self.started, self.ended = 0, False, False
        self.excuses = excuse_lists.read(EXCUSES, dated=False)

    def excuse(self, text):
        return any(one.pattern.search(text) for one in self.excuses)

    def line(self, text):
        text = consoles.text_of(text)
        match = re.match(r"stress: (\w+) ?(.*)", text)
        if match:
            self.said(*match.groups())
        elif self.started and not self.ended and text.strip():
            if self.excuse(text):
                self.excused += 1
            else:
                self.messages.append(text)

    def said(self, kind, rest):
        if kind == "start":
            self.started = True
        elif kind == "progress":
            print("  " + rest, flush=True)
        elif kind == "result":
            key, _, value = rest.partition("=")
            if re.fullmatch(r"-?\d+", value):
                self.results[key] = int(value)
        elif kind == "error":
            self.errors.append(rest)
        elif kind == "end":
            self.ended = True


TABLE = (("iterations", "iterations of our workers"), ("cpu_cycles", "CPUs unplugged and back"),
         ("memory_cycles", "memory blocks unplugged and back"),
         ("memory_busy", "memory blocks that could not go"),
         ("huge_pages", "huge pages taken and released"), ("thp", "transparent huge pages"),
         ("compactions", "compactions asked for"), ("oom_kills", "children that the OOM killer hit"),
         ("injected", "trylocks that were made to fail"),
         ("pushed", "pages pushed to another CPU"),
         ("rescued", "pages rescued from closed lists"), ("overflows", "lists over their bound"),
         ("pages_lost", f"pages lost ({load.NOISE} are noise)"),
         ("stack_traces", "pages of stack traces, kept for good"),
         ("compaction_took", "pages that compaction took uncounted"),
         ("errors", "errors of workers"), ("messages", "kernel messages, warning or worse"),
         ("excused", "more of them, which stock gives too"))


def judge(watcher, late, console, options, args=()):
    """Reasons why the run is bad, the hard ones first."""
    # Splats too are excused here for what memory that cannot go off says.
    verdict = verdicts.judge_file(console, verdicts.read_excuses() + watcher.excuses)
    if not verdict.kernel and not late:
        raise guest.not_started(consoles.tail(console), args)
    for line in verdicts.report(verdict._replace(failures=[], excused=[]), show(console)):
        print(colour("31", line))
    reasons = []
    if verdict.splats:
        reasons.append("the kernel complained")
    if late:
        reasons.append("the guest hung and was killed")
    elif not watcher.ended:
        reasons.append("the guest did not come to its end")
    results = watcher.results
    if watcher.ended:
        if abs(results.get("pages_lost", load.NOISE + 1)) > load.NOISE:
            reasons.append(f"{results.get('pages_lost')} pages were lost")
        if watcher.messages:
            reasons.append(f"{len(watcher.messages)} kernel messages at warning level")
        if results.get("errors"):
            reasons.append(f"{results['errors']} errors of workers")
        if results.get("cpus") != results.get("cpus_started"):
            reasons.append("a CPU did not come back")
        for key, floor in FLOORS.items():
            wanted = 1 if options.debug else int(floor * options.minutes)
            if results.get(key, 0) < wanted:
                reasons.append(f"only {results.get(key, 0)} {key}, {wanted} were to be reached")
    return reasons, verdict


COMMAND = frame.Command(
    "boot that kernel and work its memory with everything at once",
    (Option("MINUTES", "5", load.minutes, "how long it works"),
     SEED._replace(read=load.seed, text="repeats the schedule of a run"),
     Option("SEEDS", "1", required(1, 10000), "so many runs, with SEED and those that follow"),
     SHARD,
     NCPUS._replace(read=required(2, 64)),
     DEBUG._replace(read=debug_kinds(x86.DEBUG_KINDS), text=x86.DEBUG_TEXT), ACCEL),
    packages=("qemu",),
    directory=lambda options: "-".join(filter(None, ["stress", options.debug])), in_place=True)


def boot(job, kernel, number_, console):
    """Run the guest; returns (Watcher, what guest.run() says, its command)."""
    options, seconds = job.options, int(job.options.minutes * 60)
    job.say(f"seed {number_}, {seconds} s; the same again: "
            f"make stress SEED={number_} MINUTES={options.minutes:g}")
    args = x86.command(kernel, options.ncpus, options.accel,
                       load.arguments(seconds, number_, options.debug),
                       initrd=load.make_initramfs(job.results), debug=options.debug)
    watcher = Watcher()
    ended = guest.run(args, console, load.limit(seconds), "stress",
                      on_line=watcher.line, verbose=options.verbose)
    watcher.results["messages"] = len(watcher.messages)
    watcher.results["excused"] = watcher.excused
    return watcher, ended, args


def one(job, kernel, number_, console):
    """A run with one seed; returns its summary."""
    options = job.options
    watcher, ended, args = boot(job, kernel, number_, console)
    reasons, verdict = judge(watcher, ended.late, console, options, args)
    for key, text in TABLE:
        if key in watcher.results:
            print(f"  {watcher.results[key]:>12}  {text}")
    for text in (watcher.errors + watcher.messages)[:20]:
        print(colour("31", "message: " + text))
    if reasons and (ended.late or not watcher.ended):
        frame.tail(console)
    return {"seed": number_, "minutes": options.minutes, "debug": options.debug,
            "ncpus": options.ncpus, "arch": kernel.ARCH, "seconds": round(ended.seconds),
            "kernel": job.tree.state["head"],
            "results": watcher.results, "messages": watcher.messages[:200],
            "splats": [s.text for s in verdict.splats], "failed": reasons}


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
    for number_ in job.seeds:
        console = job.path("console.log" if options.seeds == 1 else f"console-{number_}.log")
        found.append((one(job, kernel, number_, console), console))
    summaries = [summary for summary, _ in found]
    bad = [pair for pair in found if pair[0]["failed"]]
    summary, console = (bad or found)[0]
    data = dict(summary) if options.seeds == 1 else {**summary, "runs": summaries}
    files.write_json(job.path("summary.json"), data)
    failure = Failure("; ".join(summary["failed"]) + f" (log: {show(console)}); "
                      f"SEED={summary['seed']} gives the same schedule", FAILED) if bad else None
    return Result(len(found) - len(bad), len(bad), 0, data, failure)
