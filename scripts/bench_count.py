#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Counts the instructions of the fast paths and compares them with the baseline.

The kernel of make bench is single-stepped between marks by
tools/testing/bench/count.c, so that neither the machine nor its load changes the
numbers; the compiler does. The baseline is instructions.list beside it. A path
that grew by more than the tolerance fails; --update writes a new baseline.
"""

import bisect
import os
import re
import subprocess

from common import (FAILED, PASSED, Failure, adopt_orphans, clean_env, colour, kill_descendants,
                    lock, main, run, show)
import cli
import initramfs
import bench
import bench_build
import tree as trees

BASELINE = os.path.join(bench_build.HERE, "instructions.list")
PATHS = {2: "local allocation", 3: "local free", 4: "free of another CPU's page",
         5: "64 local pairs, order 3"}
EMPTY = 1
# What makes the marks is none of the path.
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


def count(kernel, image, results, functions):
    """Step one kernel through its marks; returns ({id: instructions}, by_function() or {})."""
    stepper = os.path.join(results, "count")
    source = os.path.join(bench_build.HERE, "count.c")
    made = run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", stepper, source])
    if made.returncode:
        raise Failure(f"{show(source)} did not compile")
    symbols = run(["nm", "-n", kernel.binary]).stdout.decode()
    mark = re.search(r"^(\w+) [tT] bench_mark$", symbols, re.M)
    if not mark:
        raise Failure(f"{show(kernel.binary)} has no bench_mark")
    console = os.path.join(results, f"count-{os.path.basename(kernel.dir)}.log")
    command = [stepper, *(["-a"] if functions else []), mark.group(1), kernel.binary,
               *kernel.kernel_args(2), "mem=1G",
               f"initrd={image}", "con=fd:0,fd:1", "console=tty", "panic=-1", "loglevel=5",
               "BENCH_CASES=count"]
    try:
        with open(console, "wb") as log:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log,
                           stderr=subprocess.STDOUT, env=clean_env(), timeout=TIMEOUT,
                           check=False)
    except subprocess.TimeoutExpired:
        raise Failure(f"the kernel did not end in {TIMEOUT} s (log: {show(console)}); "
                      "is ptrace allowed here?") from None
    finally:
        kill_descendants()
    with open(console, encoding="utf-8", errors="replace") as handle:
        text = handle.read()
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


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--stock", action="store_true", help="count in a stock kernel as well")
    parser.add_argument("--functions", action="store_true",
                        help="say how many of them each function has")
    parser.add_argument("--update", action="store_true", help="make this the baseline")
    options = cli.parse(parser)
    return options


def report(rows):
    """Print them; the status."""
    for path, now, text, good in rows:
        word = colour("32", "ok    ") if good else colour("31", "FAILED")
        print(f"{word}  {path:<28} {now:6} instructions, {text}")
    bad = [row for row in rows if not row[3]]
    print(f"{len(rows) - len(bad)} passed, {len(bad)} failed")
    if bad:
        raise Failure(f"the path '{bad[0][0]}' grew; make it shorter, or accept it with "
                      "scripts/bench_count.py --update", FAILED)
    return PASSED


def run_main():
    options = arguments()
    adopt_orphans()
    out = os.path.abspath(options.out)
    results = os.path.join(out, "bench")
    with lock(results, "bench"):
        with lock(out, "bench"):
            tree = trees.prepare(out, options.linux)
        image = initramfs.small(bench.INIT, results)
        counts, parts = {}, {}
        for variant in bench_build.VARIANTS:
            if variant[1] == "split" or options.stock and variant[1] == "stock":
                kernel = bench_build.build(out, tree, variant, options.jobs, options.verbose)
                counts[variant[1]], parts[variant[1]] = count(kernel, image, results,
                                                              options.functions)
    for i, path in PATHS.items():
        if options.stock:
            print(f"stock   {path:<28} {counts['stock'][i]:6} instructions")
        for name, found in parts.items():
            for function, nr in found.get(i, []):
                print(f"  {name:<6}{path:<30}{nr:6}  {function}")
    if options.update:
        update(counts["split"])
    with open(BASELINE, encoding="utf-8") as handle:
        baseline = parse_baseline(handle.read())
    if compiler() not in baseline:
        print(f"0 passed, 0 failed, {len(PATHS)} skipped")
        raise Failure(f"{show(BASELINE)} has no numbers for {compiler()}; measure the code "
                      "before the change and run scripts/bench_count.py --update")
    return report(compare(counts["split"], baseline[compiler()]))


if __name__ == "__main__":
    main(run_main)
