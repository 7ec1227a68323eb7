# SPDX-License-Identifier: GPL-2.0
"""Instructions of the fast paths: what the stepper prints, and the baseline.

A kernel of make bench is single-stepped between marks by tools/testing/bench/count.c,
so that neither the machine nor its load changes the numbers; the compiler does.
"""

import bisect
import os
import re

from splitfree.base.failures import Failure
from splitfree.base.paths import show
from splitfree.base.processes import run
from splitfree.bench import build
from splitfree.kernel import guest, uml

BASELINE = os.path.join(build.HERE, "instructions.list")
PATHS = {2: "local allocation", 3: "local free", 4: "free of another CPU's page",
         5: "64 local pairs, order 3"}
EMPTY = 1
# These functions make the marks and are no part of a path.
MARKS = ("bench_mark", "counting_worker")
# Alignment and the like: what may change when nothing here did.
TOLERANCE = 0.02
TIMEOUT = 120


def compiler():
    text = run(["gcc", "-dumpfullversion"]).stdout.decode().strip()
    return "gcc " + text.split(".")[0]


def parse_counts(text):
    """{id: instructions} of what count.c printed, less those of the marks."""
    counts = {int(i): int(n) for i, n in re.findall(r"^count (\d+) (\d+)\r?$", text, re.M)}
    lacking = [i for i in (EMPTY, *PATHS) if i not in counts]
    if lacking:
        raise Failure(f"count {lacking[0]} is missing in what the kernel did")
    return {i: counts[i] - counts[EMPTY] for i in PATHS}


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
    """[(path, count, what to say, good)]"""
    rows = []
    for i, path in PATHS.items():
        before = baseline.get(path)
        if before is None:
            rows.append((path, counts[i], "no baseline", False))
            continue
        change = counts[i] / before - 1
        text = f"{before} in the baseline, {change * 100:+.1f} %"
        rows.append((path, counts[i], text, change <= TOLERANCE))
    return rows


def count(job, kernel, image, functions):
    """Step one kernel through its marks; returns ({id: instructions}, by_function() or {})."""
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
               *build.command(kernel, job.out, image, 2, ["BENCH_CASES=count"])]
    if guest.run(command, console, TIMEOUT, "counting", env=uml.run_environment(kernel, job.out),
                 verbose=job.options.verbose).late:
        raise Failure(f"the kernel did not end in {TIMEOUT} s (log: {show(console)}); "
                      "is ptrace allowed here?")
    text = guest.text(console)
    try:
        return (parse_counts(text),
                by_function(text, parse_symbols(symbols)) if functions else {})
    except Failure as failure:
        raise Failure(f"{failure} (log: {show(console)}); is ptrace allowed here?") from None


def update(counts):
    """Replace the lines of this compiler."""
    with open(BASELINE, encoding="utf-8") as handle:
        lines = [line for line in handle.read().splitlines()
                 if not line.startswith(compiler() + " ")]
    lines += [f"{compiler()} | {path} | {counts[i]}" for i, path in PATHS.items()]
    with open(BASELINE, "w", encoding="utf-8") as handle:
        handle.write("\n".join(lines) + "\n")
    print(f"wrote {show(BASELINE)}")
