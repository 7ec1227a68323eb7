# SPDX-License-Identifier: GPL-2.0
"""Runs the guest of make stress for hours, each time with another seed, and keeps a ledger.

Each run takes the kernel of VARIANTS= that has the fewest minutes in the ledger so far. All
of them are built first. A run that fails does not stop those that follow. The ledger is
~/.cache/splitfree/soak.jsonl: later runs add to it, from any checkout, and make
report shows its sums. scripts/splitfree/runs/ledger.py describes it. A run that is stopped
is entered with what it did until then, so an interrupt loses nothing.

Other commands can run in $(O) meanwhile: the kernels are copied to $(O)/soak first. Consoles
of runs that failed stay there, as console-SEED.log. The data of the result: ledger, its
path; runs, the entries of this call; totals, the sums of the ledger by variant.
"""

import os
import re
import shutil
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import ACCEL, FUZZ, NCPUS, SEED, Option, debug_kinds, required
from splitfree.base.paths import ROOT, show
from splitfree.base.results import Result, remove
from splitfree.kernel import x86
from splitfree.runs import frame, ledger, stress_run
from splitfree.runs import stress as load
from splitfree.source import git

PLAIN = ledger.PLAIN


def hours(name, text):
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) <= 0:
        raise Failure(f"{name}={text} is no number of hours")
    return float(text)


def variants(name, text):
    """Words of DEBUG=, each a kernel of its own, and plain."""
    read = debug_kinds(x86.DEBUG_KINDS)
    found = [word if word == PLAIN else read(name, word) for word in text.split()]
    if not found:
        raise Failure(f"{name}= has no word; use {name}={PLAIN}")
    return list(dict.fromkeys(found))


COMMAND = frame.Command(
    "make stress for hours, with many seeds, on debug kernels in turn; adds to a ledger",
    (Option("HOURS", "1", hours, "how long the guests work in all"),
     Option("MINUTES", "20", load.minutes, "how long one of them works"),
     Option("VARIANTS", f"{PLAIN} kasan lockdep rt kcsan", variants,
            "kernels to take turns; each word is plain or a value of DEBUG="),
     SEED._replace(read=load.seed,
                   text="the seed of the first run; others follow"),
     FUZZ, NCPUS._replace(read=required(2, 64)), ACCEL),
    packages=("qemu",), own_lock="soak", in_place=True)


def debug_of(variant):
    return "" if variant == PLAIN else variant


def commit_of():
    """(commit of this repository or "", whether files differ from it)"""
    head = git.git(ROOT, "rev-parse", "-q", "--verify", "HEAD")
    if head.returncode:
        return "", False
    return (head.stdout.decode().strip(),
            bool(git.git(ROOT, "diff-index", "--quiet", "HEAD").returncode))


def prepare(job):
    """Build all kernels, and copy them: other commands may build them anew meanwhile."""
    job.kernels = {}
    job.commit, job.changed = commit_of()
    for variant in job.options.variants:
        debug = debug_of(variant)
        kernel = x86.kernel(job.out, "-".join(filter(None, ["x86", debug])), x86.fragments(debug),
                            job.tree.path, job.path(f"build-{variant}.log"), job.options,
                            label=f"x86-64 {variant}")
        kernel.build(job.tree)
        image = job.path(f"bzImage-{variant}")
        shutil.copyfile(kernel.binary, image)
        kernel.binary = image
        job.kernels[variant] = kernel


def entry_of(job, run, watcher, outcome, started, failed=()):
    """The line of the ledger for a run."""
    ended = watcher.ended
    counted = watcher.results if ended else watcher.progress
    return {"started": round(started), "variant": run.debug or PLAIN, "seed": run.seed,
            "ncpus": run.ncpus, "fuzz": run.fuzz, "accel": run.accel,
            "minutes": run.minutes if ended else round(counted.get("seconds", 0) / 60, 2),
            "outcome": outcome, "failed": list(failed),
            **{key: counted.get(key, 0)
               for key in ("iterations", "calls", "cpu_cycles", "memory_cycles")},
            "messages": len(watcher.messages), "said": watcher.messages[:5],
            "pages_lost": watcher.results.get("pages_lost"),
            "commit": job.commit, "changed": job.changed, "kernel": job.tree.state["head"],
            "load": round(os.getloadavg()[2], 1)}


def one(job, run, image):
    """One run; returns its line of the ledger. It is in there also if the run is stopped."""
    console, watcher = job.path(f"console-{run.seed}.log"), stress_run.Watcher()
    started, entry = time.time(), None
    try:
        summary = stress_run.one(run, job.kernels[run.debug or PLAIN], image, console, watcher)
        failed = summary["failed"]
        entry = entry_of(job, run, watcher, "failed" if failed else "passed", started, failed)
    finally:
        if not entry and watcher.started:
            entry = entry_of(job, run, watcher, "stopped", started)
        if entry:
            ledger.add(ledger.path(), entry)
    if not entry["failed"]:
        remove(console)
    return entry


def result_of(job, entries):
    """The Result of the runs of this call."""
    failed = [entry for entry in entries if entry["outcome"] == "failed"]
    failure = None
    if failed:
        first = failed[0]
        console = show(job.path(f"console-{first['seed']}.log"))
        failure = Failure(f"seed {first['seed']} on {first['variant']}: "
                          f"{'; '.join(first['failed'])} (log: {console})", FAILED)
    found, _ = ledger.read(ledger.path())
    data = {"ledger": ledger.path(), "runs": entries,
            "totals": {name: one_._asdict() for name, one_ in ledger.totals(found).items()}}
    return Result(len(entries) - len(failed), len(failed), 0, data, failure)


def table(where):
    """The lines that say what the ledger has."""
    found, bad = ledger.read(where)
    rows = list(ledger.rows({**ledger.totals(found), "all": ledger.total(found)}))
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for name, *cells in rows:
        yield f"  {name:<{widths[0]}}" + "".join(f"  {cell:>{width}}" for cell, width
                                                in zip(cells, widths[1:]))
    if bad:
        yield f"{bad} lines of {show(where)} cannot be read and are not in the sums"


def run(job):
    options, entries = job.options, []
    left, seed = options.hours * 60, options.seed
    image = load.make_initramfs(job.results)
    # A run shorter than a second is none.
    while left * 60 >= 1:
        variant = ledger.due(ledger.read(ledger.path())[0], options.variants)
        minutes = min(options.minutes, left)
        load_ = stress_run.Load(seed, minutes, debug_of(variant), options.ncpus, options.accel,
                                options.fuzz, options.verbose)
        job.say(f"{variant}, {left:.0f} min left")
        entries.append(one(job, load_, image))
        job.partial = result_of(job, entries)
        left, seed = left - minutes, seed + 1
    for line in table(ledger.path()):
        job.say(line)
    return result_of(job, entries)
