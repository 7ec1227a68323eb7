# SPDX-License-Identifier: GPL-2.0
"""Boots the x86-64 kernel under QEMU and works its memory with everything at once.

The guest runs tools/testing/guest/stress.c, with busybox and stress-ng from the
archive beside it. Results: console.log and summary.json in $(O)/stress, or
$(O)/stress-DEBUG. summary.json has what the data of result.json has: seed, minutes,
debug, ncpus, seconds, kernel, results (what the guest counted), messages, splats,
failed (reasons, none if it passed).
"""

import os
import random
import re
import shutil

from splitfree.base import results as files
from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import ACCEL, DEBUG, NCPUS, SEED, Option, debug_kinds, number, required
from splitfree.base.paths import TESTING, show
from splitfree.base.progress import colour
from splitfree.base.results import Result
from splitfree.judge import console as consoles
from splitfree.judge import excuses as excuse_lists
from splitfree.judge import verdict as verdicts
from splitfree.kernel import guest, initramfs, x86
from splitfree.runs import frame

# What a run has to reach, for each minute; debug kernels are slower. It shows a load
# that stands still, not a slow host: one that others used gave 30,000 iterations
# and 47,000 where it gives 100,000 alone.
FLOORS = {"iterations": 20000, "cpu_cycles": 4, "memory_cycles": 2, "huge_pages": 12,
          "injected": 2000}
# The kernel takes some pages for itself without counting them anywhere, a few
# more or less at each moment: that many may be missing at the end of a run.
NOISE = 64
EXCUSES = os.path.join(TESTING, "excuses/stress.list")
# Booting, the warm-up, and coming to rest.
EXTRA_SECONDS = 180
# A debug kernel on a busy host needs a minute for what takes seconds elsewhere.
DEBUG_STALL_SECONDS = 60
SOURCE = os.path.join(TESTING, "guest/stress.c")


def make_initramfs(results):
    entries = [*initramfs.directories("dev", "proc", "sys", "tmp"), initramfs.CONSOLE]
    known = {entry[0] for entry in entries}
    initramfs.add_file(entries, known, initramfs.compile_init(SOURCE, results), "init")
    for name in ("busybox", "stress-ng"):
        path = shutil.which(name)
        if not path:
            raise Failure(f"{name} is missing; run scripts/packages.sh qemu")
        initramfs.add_file(entries, known, os.path.realpath(path), f"bin/{name}")
        for library in initramfs.libraries(path):
            initramfs.add_file(entries, known, os.path.realpath(library), library.lstrip("/"))
    return initramfs.write(os.path.join(results, "initramfs.cpio"), entries)


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
         ("pages_lost", f"pages lost ({NOISE} are noise)"),
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
        if abs(results.get("pages_lost", NOISE + 1)) > NOISE:
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


def minutes(name, text):
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) <= 0:
        raise Failure(f"{name}={text} is no number of minutes")
    return float(text)


def seed(name, text):
    return number(name, text or random.randrange(1, 1 << 32), 1, (1 << 63) - 1)


COMMAND = frame.Command(
    "boot that kernel and work its memory with everything at once",
    (Option("MINUTES", "5", minutes, "how long it works"),
     SEED._replace(read=seed, text="repeats the schedule of a run"),
     NCPUS._replace(read=required(2, 64)),
     DEBUG._replace(read=debug_kinds(x86.DEBUG_KINDS), text=x86.DEBUG_TEXT), ACCEL),
    packages=("qemu",),
    directory=lambda options: "-".join(filter(None, ["stress", options.debug])), in_place=True)


def boot(job, kernel):
    """Run the guest; returns (Watcher, what guest.run() says, its command)."""
    options, seconds = job.options, int(job.options.minutes * 60)
    job.say(f"seed {options.seed}, {seconds} s; the same again: "
            f"make stress SEED={options.seed} MINUTES={options.minutes:g}")
    append = ["kunit.autorun=0", "loglevel=5", "printk.devkmsg=on", "log_buf_len=4M",
              f"STRESS_SECONDS={seconds}", f"STRESS_SEED={options.seed}"]
    if options.debug:
        append.append(f"rcupdate.rcu_cpu_stall_timeout={DEBUG_STALL_SECONDS}")
    args = x86.command(kernel, options.ncpus, options.accel, append,
                       initrd=make_initramfs(job.results), debug=options.debug)
    watcher = Watcher()
    ended = guest.run(args, job.path("console.log"), seconds * 3 // 2 + EXTRA_SECONDS, "stress",
                      on_line=watcher.line, verbose=options.verbose)
    watcher.results["messages"] = len(watcher.messages)
    watcher.results["excused"] = watcher.excused
    return watcher, ended, args


def run(job):
    options, console = job.options, job.path("console.log")
    files.remove(job.path("summary.json"))
    kernel = x86.kernel(job.out, "-".join(filter(None, ["x86", options.debug])),
                        x86.fragments(options.debug), job.tree.path, job.path("build.log"), options)
    kernel.build(job.tree)
    watcher, ended, args = boot(job, kernel)
    reasons, verdict = judge(watcher, ended.late, console, options, args)
    for key, text in TABLE:
        if key in watcher.results:
            print(f"  {watcher.results[key]:>12}  {text}")
    summary = {"seed": options.seed, "minutes": options.minutes, "debug": options.debug,
               "ncpus": options.ncpus, "arch": kernel.ARCH, "seconds": round(ended.seconds),
               "kernel": job.tree.state["head"],
               "results": watcher.results, "messages": watcher.messages[:200],
               "splats": [s.text for s in verdict.splats], "failed": reasons}
    files.write_json(job.path("summary.json"), summary)
    for text in (watcher.errors + watcher.messages)[:20]:
        print(colour("31", "message: " + text))
    if not reasons:
        return Result(1, 0, 0, summary)
    if ended.late or not watcher.ended:
        frame.tail(console)
    return Result(0, 1, 0, summary, Failure(
        "; ".join(reasons) + f" (log: {show(console)}); "
        f"SEED={options.seed} gives the same schedule", FAILED))
