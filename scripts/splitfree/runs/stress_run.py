# SPDX-License-Identifier: GPL-2.0
"""One run of the guest of make stress: boot it, follow what it says, say what failed."""

import collections
import os
import re

from splitfree.base.options import FUZZ
from splitfree.base.paths import TESTING, show
from splitfree.base.progress import colour
from splitfree.judge import console as consoles
from splitfree.judge import excuses as excuse_lists
from splitfree.judge import verdict as verdicts
from splitfree.kernel import guest, x86
from splitfree.runs import frame
from splitfree.runs import stress as load

# The least that a run has to reach, for each minute; debug kernels are slower. It shows a load
# that stands still, not a slow host: one that others used gave 30,000 iterations
# and 47,000 where it gives 100,000 alone, and one beside a compiler 19,500.
FLOORS = {"iterations": 10000, "cpu_cycles": 4, "memory_cycles": 2, "defrag_cycles": 4,
          "huge_pages": 12, "injected": 2000}
# The same of the random calls: without the other workers a busy host gave 13,000. Each kind
# has to succeed at least once in a run.
FUZZ_FLOOR = {"calls": 1000}
EXCUSES = os.path.join(TESTING, "excuses/stress.list")
TRIED, DONE = "fuzz_tried_", "fuzz_done_"

# A run: a seed, for so many minutes, on which kernel and machine.
Load = collections.namedtuple("Load", "seed minutes debug ncpus accel fuzz verbose")


def of(options, seed, **other):
    """The Load of the variables of a command."""
    return Load(seed, options.minutes, options.debug, options.ncpus, options.accel, options.fuzz,
                options.verbose)._replace(**other)


class Watcher:
    """Reads the console as it comes. It shows warnings and worse, and what the guest says."""

    def __init__(self):
        self.results, self.messages, self.errors = {}, [], []
        # The work of the guest so far, for a run that does not come to its end.
        self.progress = {}
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
            self.progress = {key: int(value)
                             for key, value in re.findall(r"(\w+)=(-?\d+)", rest)}
            print("  " + rest, flush=True)
        elif kind == "result":
            key, _, value = rest.partition("=")
            if re.fullmatch(r"-?\d+", value):
                self.results[key] = int(value)
        elif kind == "error":
            self.errors.append(rest)
        elif kind == "end":
            self.ended = True


TABLE = (("iterations", "iterations of our workers"), ("calls", "random calls that succeeded"),
         ("cpu_cycles", "CPUs unplugged and back"),
         ("memory_cycles", "memory blocks unplugged and back"),
         ("memory_busy", "memory blocks that could not go"),
         ("defrag_cycles", "times that types of pages were kept apart"),
         ("huge_pages", "huge pages taken and released"), ("thp", "transparent huge pages"),
         ("compactions", "compactions asked for"), ("oom_kills", "children that the OOM killer hit"),
         ("injected", "trylocks that were made to fail"),
         ("pushed", "pages pushed to another CPU"),
         ("rescued", "pages rescued from closed lists"), ("overflows", "lists over their bound"),
         ("pages_lost", f"pages lost ({load.NOISE} are noise)"),
         ("stack_traces", "pages of stack traces, kept for good"),
         ("compaction_took", "pages that compaction took uncounted"),
         ("given_up", "bad pages that the kernel gave up"),
         ("poisoned", "bad pages that did not become good again"),
         ("errors", "errors of workers"), ("messages", "kernel messages, warning or worse"),
         ("excused", "more of them, which stock gives too"))


def calls(results):
    """[(kind, tried, succeeded)] of the random calls, in the order of the guest."""
    return [(key[len(TRIED):], value, results.get(DONE + key[len(TRIED):], 0))
            for key, value in results.items() if key.startswith(TRIED)]


def table(results):
    """The lines that say what a run did."""
    yield from (f"  {results[key]:>12}  {text}" for key, text in TABLE if key in results)
    found = calls(results)
    if found:
        yield f"  {'tried':>12}  {'succeeded':>12}"
        yield from (f"  {tried:>12}  {done:>12}  {kind}" for kind, tried, done in found)


def floors(run):
    """{key: what a run has to reach}"""
    each_minute = {**FLOORS, **FUZZ_FLOOR}
    if run.fuzz == "0":
        del each_minute["calls"]
    if run.fuzz == "only":
        del each_minute["iterations"]
    return {key: 1 if run.debug else int(floor * run.minutes)
            for key, floor in each_minute.items()}


def reasons_of(watcher, late, console, run, args=()):
    """Reasons why the run is bad, the hard ones first."""
    # Splats too are excused here for what memory that cannot go off says.
    verdict = verdicts.judge_file(console, verdicts.read_excuses() + watcher.excuses)
    if not verdict.kernel and not late:
        raise guest.not_started(consoles.tail(console), args)
    for line in verdicts.report(verdict._replace(failures=[], excused=[]), show(console)):
        print(colour("31", line))
    reasons = []
    if verdict.splats:
        reasons.append(verdicts.complaint(verdict.splats))
    if late:
        reasons.append("the guest hung and was killed")
    elif not watcher.ended:
        reasons.append("the guest did not come to its end")
    results = watcher.results
    if watcher.ended:
        if abs(results.get("pages_lost", load.NOISE + 1)) > load.NOISE:
            reasons.append(f"{results.get('pages_lost')} pages were lost")
        if watcher.messages:
            reasons.append(f"{len(watcher.messages)} kernel messages at warning level, the first: "
                           f"{watcher.messages[0][:80]}")
        if results.get("errors"):
            reasons.append(f"{results['errors']} errors of workers")
        if results.get("cpus") != results.get("cpus_started"):
            reasons.append("a CPU did not come back")
        for key, wanted in floors(run).items():
            if results.get(key, 0) < wanted:
                reasons.append(f"only {results.get(key, 0)} {key}, {wanted} were to be reached")
        never = [kind for kind, _, done in calls(results) if not done]
        if never:
            reasons.append(f"of the random calls these never succeeded: {', '.join(never)}")
    return reasons, verdict


def again(run):
    """The command for the same run."""
    words = [f"SEED={run.seed}", f"MINUTES={run.minutes:g}"]
    if run.debug:
        words.append(f"DEBUG={run.debug.replace('-', ',')}")
    if run.fuzz != FUZZ.default:
        words.append(f"FUZZ={run.fuzz}")
    return "make stress " + " ".join(words)


def one(run, kernel, image, console, watcher):
    """A run with one seed; returns its summary. watcher has the results if it is stopped."""
    seconds = int(run.minutes * 60)
    print(f"seed {run.seed}, {seconds} s; the same again: {again(run)}", flush=True)
    args = x86.command(kernel, run.ncpus, run.accel,
                       load.arguments(seconds, run.seed, run.debug, run.fuzz),
                       initrd=image, debug=run.debug)
    ended = guest.run(args, console, load.limit(seconds), "stress",
                      on_line=watcher.line, verbose=run.verbose)
    watcher.results["messages"] = len(watcher.messages)
    watcher.results["excused"] = watcher.excused
    reasons, verdict = reasons_of(watcher, ended.late, console, run, args)
    for line in table(watcher.results):
        print(line)
    for text in (watcher.errors + watcher.messages)[:20]:
        print(colour("31", "message: " + text))
    if reasons and (ended.late or not watcher.ended):
        frame.tail(console)
    return {"seed": run.seed, "minutes": run.minutes, "debug": run.debug,
            "ncpus": run.ncpus, "arch": kernel.ARCH, "fuzz": run.fuzz,
            "seconds": round(ended.seconds), "results": watcher.results,
            "messages": watcher.messages[:200],
            "splats": [s.text for s in verdict.splats], "failed": reasons}
