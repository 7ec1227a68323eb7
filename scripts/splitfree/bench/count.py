# SPDX-License-Identifier: GPL-2.0
"""Instructions of the fast paths: what the stepper prints, and the baselines.

Under UML, a kernel of make bench is single-stepped between marks by
tools/testing/bench/count.c. arches.py counts those of other architectures. Neither the
machine nor its load changes the numbers; the compiler does.
"""

import bisect
import os
import re
import statistics

from splitfree.base.failures import Failure
from splitfree.base.paths import show
from splitfree.base.processes import run
from splitfree.bench import arches, build
from splitfree.kernel import guest, uml

UML = "um"
ARCHES = (UML, *arches.ARCHES)
# By their ids in pcp_bench_count.c.
PATHS = {2: "local allocation", 3: "local free", 4: "free of another CPU's page",
         6: "local pair, order 1", 7: "local pair, order 3", 8: "local pair, order 9",
         9: "64 local pairs, order 0", 5: "64 local pairs, order 3",
         10: "31 local folios, free", 11: "31 folios of another CPU, free",
         12: "64 pages in bulk, allocation", 13: "alloc_pages_nolock()",
         14: "__rcu_alloc_page_lockless()"}
# Stock does not have these.
OURS = (14,)
EMPTY = 1
# These functions make the marks and are no part of a path.
MARKS = ("bench_mark", "counting_worker")
# Alignment and the like: what may change when nothing here did.
TOLERANCE = 0.02
LIMIT = 120


def compiler(arch=UML):
    program = "gcc" if arch == UML else arches.ARCHES[arch].compiler
    text = run([program, "-dumpfullversion"]).stdout.decode().strip()
    return "gcc " + text.split(".")[0]


def baseline_file(arch=UML):
    """Where the numbers of an architecture are."""
    return os.path.join(build.HERE, "instructions.list" if arch == UML else
                        f"instructions-{arch}.list")


def parse_counts(text):
    """{id: instructions} of what count.c printed; the median, of a path that went by often."""
    found = {}
    for i, n in re.findall(r"^count (\d+) (\d+)\r?$", text, re.M):
        found.setdefault(int(i), []).append(int(n))
    return {i: statistics.median_low(numbers) for i, numbers in found.items()}


def without_marks(counts):
    """The same less the instructions of the marks, in the order of PATHS."""
    lacking = [i for i in (EMPTY, *PATHS) if i not in counts and i not in OURS]
    if lacking:
        raise Failure(f"count {lacking[0]} is missing in what the kernel did")
    return {i: counts[i] - counts[EMPTY] for i in PATHS if i in counts}


def parse_symbols(text):
    """([address], [name]) of the functions in what nm -n printed."""
    found = re.findall(r"^(\w+) [tTwW] (\S+)$", text, re.M)
    return [int(address, 16) for address, _ in found], [name for _, name in found]


def by_function(text, symbols):
    """{id: [(function, instructions)]} in the order of the first of each."""
    addresses, names = symbols
    found = {i: {} for i in PATHS}
    for i, address in re.findall(r"^at (\d+) (\w+)\r?$", text, re.M):
        at = bisect.bisect_right(addresses, int(address, 16)) - 1
        if int(i) in found and at >= 0 and names[at] not in MARKS:
            counts = found[int(i)]
            counts[names[at]] = counts.get(names[at], 0) + 1
    return {i: list(counts.items()) for i, counts in found.items()}


def parse_baseline(text):
    """{compiler: {path: instructions}}"""
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, path, count = (field.strip() for field in line.split("|"))
            found.setdefault(name, {})[path] = int(count)
    return found


def compare(counts, baseline):
    """[(path, count, what to say, good)]; good is None where nothing is there to compare with."""
    rows = []
    for i, path in PATHS.items():
        before = baseline.get(path)
        if i not in counts:
            rows.append((path, 0, "the kernel did not do it", False))
        elif before is None:
            rows.append((path, counts[i], "no baseline; UPDATE=1 writes one", None))
        else:
            rows.append((path, counts[i], *change(counts[i], before, "in the baseline")))
    return rows


def change(now, before, words):
    """(what to say, good) of a number and the one that it must not exceed by much."""
    share = now / before - 1
    return f"{before} {words}, {share * 100:+.1f} %", share <= TOLERANCE


def beside(found, before, words):
    """[(path, count, what to say, good)] of two kernels of one run."""
    return [(PATHS[i], now, *change(now, before[i], words)) for i, now in found.items()]


def table(counts):
    """Lines of a table in Markdown: a column a kernel, and each one's ratio to the first."""
    first, *others = counts
    lines = ["| path | " + " | ".join(counts) + "".join(f" | {name} / {first}" for name in others)
             + " |", "| --- |" + " --- |" * (2 * len(counts) - 1)]
    for i, path in PATHS.items():
        numbers = [found.get(i) for found in counts.values()]
        cells = ["-" if nr is None else str(nr) for nr in numbers]
        cells += [f"{nr / numbers[0]:.3f}" if nr and numbers[0] else "-" for nr in numbers[1:]]
        lines.append(" | ".join([f"| {path}", *cells]) + " |")
    return lines


def step(job, kernel, image, functions):
    """Step one UML kernel through its marks; returns ({id: instructions}, by_function() or {})."""
    stepper = job.path("count")
    source = os.path.join(build.HERE, "count.c")
    made = run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", stepper, source])
    if made.returncode:
        raise Failure(f"{show(source)} did not compile")
    symbols = run(["nm", "-n", kernel.binary]).stdout.decode()
    mark = re.search(r"^(\w+) [tT] bench_mark$", symbols, re.M)
    if not mark:
        raise Failure(f"{show(kernel.binary)} has no bench_mark")
    console = job.path(f"{os.path.basename(kernel.dir)}.log")
    command = [stepper, *(["-a"] if functions else []), mark.group(1),
               *build.command(kernel, job.out, image, 2, ["BENCH_CASES=count", "kunit.autorun=0"])]
    if guest.run(command, console, LIMIT, "counting", env=uml.run_environment(kernel, job.out),
                 verbose=job.options.verbose).late:
        raise Failure(f"the kernel did not end in {LIMIT} s (log: {show(console)}); "
                      "is ptrace allowed here?")
    text = guest.text(console)
    try:
        return (without_marks(parse_counts(text)),
                by_function(text, parse_symbols(symbols)) if functions else {})
    except Failure as failure:
        raise Failure(f"{failure} (log: {show(console)}); is ptrace allowed here?") from None


def count(job, arch, kernel, image, functions):
    """Count in one kernel; returns ({id: instructions}, by_function() or {})."""
    if arch == UML:
        return step(job, kernel, image, functions)
    found, console = arches.run(job, arch, kernel)
    try:
        return without_marks(found), {}
    except Failure as failure:
        raise Failure(f"{failure} (log: {show(console)})") from None


def make_kernel(job, arch, variant, more=(), suffix=""):
    """Build the kernel to count in."""
    if arch == UML:
        return build.build(job, variant, more=more, suffix=suffix)
    return arches.make(job, arch, variant, more, suffix)


def update(counts, arch=UML):
    """Replace the lines of this compiler."""
    path, name = baseline_file(arch), compiler(arch)
    with open(path, encoding="utf-8") as handle:
        lines = [line for line in handle.read().splitlines() if not line.startswith(name + " ")]
    lines += [f"{name} | {PATHS[i]} | {nr}" for i, nr in counts.items()]
    with open(path, "w", encoding="utf-8") as handle:
        handle.write("\n".join(lines) + "\n")
    print(f"wrote {show(path)}")
