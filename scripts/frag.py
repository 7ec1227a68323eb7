#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures what stock and the split path leave in whole blocks, side by side.

Two kernels of one source and one configuration (bench_build.py) are booted in turn,
round by round, once for each case of tools/testing/frag/cases.list. Results in
$(O)/frag: table.txt, results.json, and a console for each boot.

The table is made of the consoles. With --kernels split only those of the split path
are measured anew, and stock's stay as they were.

    scripts/frag.py --kernels split --cases 'compact_same movable_512' --rounds 5

The whole blocks of a load are those after a drain; --all prints all figures.
"""

import contextlib
import fnmatch
import glob
import json
import os
import re
import signal
import subprocess
import time
from collections import namedtuple
from statistics import median

from common import FAILED, PASSED, ROOT, Failure, adopt_orphans, kill_descendants, lock, main, show
import cli
import bench
import bench_build
import bench_stats as stats
import tree as trees

HERE = os.path.join(ROOT, "tools/testing/frag")
KIT = bench_build.Kit("frag", HERE, "pcp_frag.c", [os.path.join(HERE, "frag.config")])
KERNELS = {variant[1]: variant for variant in bench_build.VARIANTS if not variant[3]}
Case = namedtuple("Case", "name memory ncpus args what")
# What is said of the memory after a phase; with * only if all is asked for.
LOOKS = {"after_whole": "whole", "after_possible": "possible", "before_whole": "undrained whole",
         "after_owned": "owned", "after_mixed": "mixed *", "after_stray": "stray *",
         "before_pcp": "on PCPs *", "before_waiting": "waiting *"}
LINE = re.compile(r"^frag: (\w+) ([\w.]+) (.+?)\s*$", re.M)
# Seconds; a GB of memory takes some more.
TIMEOUT = 300
# Of a guest's memory file, beside the memory.
SPARE = 200 << 20


def parse_cases(text, name="cases.list"):
    cases = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 5 or not (fields[1] + fields[2]).isdigit():
            raise Failure(f"{name} line {number} is no case: name | MB | CPUs | parameters | what")
        cases.append(Case(fields[0], int(fields[1]), int(fields[2]), fields[3], fields[4]))
    return cases


def choose(cases, wanted):
    globs = wanted.replace(",", " ").split() or ["*"]
    chosen = [case for case in cases if any(fnmatch.fnmatchcase(case.name, g) for g in globs)]
    if not chosen:
        raise Failure(f"no case matches CASES={wanted}; there are "
                      + ", ".join(case.name for case in cases))
    return chosen


# What was measured ---------------------------------------------------------------

def parse_console(text):
    """({phase.key: [number]}, why it failed or None, whether it came to its end)."""
    text, values, why = text.replace("\r", ""), {}, None
    for phase, key, rest in LINE.findall(text):
        if key == "failed":
            why = why or f"{phase}: {rest}"
        elif all(re.fullmatch(r"-?\d+", word) for word in rest.split()):
            values[f"{phase}.{key}"] = [int(word) for word in rest.split()]
    return values, why, bool(re.search(r"^frag: end$", text, re.M))


def figures(values):
    """{figure: number} of one boot, in the order of the table."""
    def get(key):
        return values.get(key, [0])[0]

    found = {}
    for phase in ("load", "thin"):
        if f"{phase}.after_whole" in values:
            for key, name in LOOKS.items():
                found[f"{phase}: {name}"] = get(f"{phase}.{key}")
            found[f"{phase}: ms"] = round(get(f"{phase}.us") / 1000)
    if "compact.got" in values:
        got = get("compact.got")
        scanned = get("compact.event_compact_migrate_scanned") + \
            get("compact.event_compact_free_scanned")
        found.update({"got": got, "possible": get("compact.after_possible"),
                      "migrated/page": round(get("compact.event_pgmigrate_success") / max(got, 1), 1),
                      "scanned/page": round(scanned / max(got, 1), 1),
                      "ms": round(get("compact.us") / 1000, 1)})
    for kind in ("user", "kernel"):
        phase = f"remote_{kind}"
        if pages := get(f"{phase}.pages"):
            found[f"{kind} pushed %"] = round(get(f"{phase}.event_pcp_push") * 100 / pages, 1)
            if f"{phase}.locks" in values:
                found[f"{kind} locks/1000"] = round(get(f"{phase}.locks") * 1000 / pages, 3)
            else:
                found[f"{kind} ns/page"] = round(get(f"{phase}.us") * 1000 / pages, 1)
    return found


def spread(values):
    """The median, and the smallest and the largest if they differ."""
    if not values:
        return "-"
    text = f"{median(values):g}"
    return text if len(set(values)) == 1 else f"{text} ({min(values):g} .. {max(values):g})"


def table(cases, data, full=False):
    """Rows of text. data: {case: {kernel: [figures()]}}."""
    rows = [("case", "figure", *KERNELS, "ratio")]
    for case in cases:
        boots = data.get(case.name, {})
        names = list(dict.fromkeys(name for found in boots.values() for one in found
                                   for name in one if full or "*" not in name))
        for number, name in enumerate(names):
            values = {kernel: [one[name] for one in boots.get(kernel, []) if name in one]
                      for kernel in KERNELS}
            ratio = None
            if all(values.values()) and all(values["stock"]):
                ratio = stats.ratio(values["split"], values["stock"])
            rows.append(("" if number else case.name, name,
                         *(spread(values[kernel]) for kernel in KERNELS),
                         f"{ratio.value:.3f} [{ratio.low:.3f} {ratio.high:.3f}]" if ratio else ""))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in rows)


# The run -------------------------------------------------------------------------

def arguments_of(kernel, case, number):
    """Each round has its own seed, the same for both kernels."""
    return [kernel.binary, *kernel.kernel_args(case.ncpus), f"mem={case.memory}M",
            "con=fd:0,fd:1", "console=tty", "panic=-1", "loglevel=5", f"pcp_frag.seed={number}",
            *(f"pcp_frag.{word}" for word in case.args.split())]


def boot(kernel, case, number, console, verbose):
    """Run one kernel to its end; returns the numbers of its console."""
    args, hosts = arguments_of(kernel, case, number), sorted(os.sched_getaffinity(0))
    # UML keeps its memory in a file there.
    if kernel.shm_free() < (case.memory << 20) + SPARE:
        os.environ["TMPDIR"] = os.path.join(kernel.out, "uml")
    if verbose:
        print("$ " + " ".join(args), flush=True)
    with open(console, "wb") as log:
        child = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=log,
                                 stderr=subprocess.STDOUT, env=kernel.environment(),
                                 start_new_session=True)
        pinned, hung = False, False
        end = time.monotonic() + TIMEOUT * max(1, case.memory // 1024)
        while child.poll() is None and not hung:
            pinned = pinned or bench.pin(child.pid, case.ncpus, "few", hosts)
            hung = time.monotonic() > end
            if hung:
                os.kill(child.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(0.5 if pinned else 0.02)
        child.wait()
        kill_descendants()
    with open(console, encoding="utf-8", errors="replace") as handle:
        text = handle.read()
    values, why, ended = parse_console(text)
    if hung or not ended or why:
        print(f"the last lines of {show(console)}:")
        for line in text.splitlines()[-20:]:
            print("  | " + line)
        raise Failure(f"case {case.name}: " + (why or ("the kernel hung and was killed" if hung
                                                       else "the kernel stopped early"))
                      + f" (log: {show(console)})")
    if splats := bench.complaints(text):
        raise Failure(f"the kernel complained: {splats[0].text[:80]} (log: {show(console)}); "
                      "run make check first")
    return values


def collect(results, cases):
    """{case: {kernel: [figures()]}} of the consoles."""
    data = {}
    for case in cases:
        for kernel in KERNELS:
            paths = glob.glob(os.path.join(results, "consoles", f"{case.name}-{kernel}-*.log"))
            for path in sorted(paths, key=lambda p: int(re.search(r"(\d+)\.log$", p).group(1))):
                with open(path, encoding="utf-8", errors="replace") as handle:
                    values, why, ended = parse_console(handle.read())
                if ended and not why:
                    data.setdefault(case.name, {}).setdefault(kernel, []).append(figures(values))
    return data


def is_counting(case):
    return case.name.startswith("locks_")


def build(options, out, cases):
    """{(kernel, counting): its uml.Kernel}, and the series' commit."""
    with lock(out, "frag"):
        tree = trees.prepare(out, options.linux)
        print(trees.describe(tree), flush=True)
    kernels = {}
    for name in options.kernels:
        for counting in sorted({is_counting(case) for case in cases}):
            kernels[name, counting] = bench_build.build(
                out, tree, KERNELS[name], options.jobs, options.verbose, counting=counting, kit=KIT)
    return kernels, tree.state["version"], tree.lines("rev-parse", "--short", "splitfree")[0]


def measure(options, out, results, cases):
    kernels, version, series = build(options, out, cases)
    consoles = os.path.join(results, "consoles")
    os.makedirs(consoles, exist_ok=True)
    for case in cases:
        for name in options.kernels:
            for path in glob.glob(os.path.join(consoles, f"{case.name}-{name}-*.log")):
                os.remove(path)
    try:
        for number in range(1, options.rounds + 1):
            for case in cases:
                # What comes after whom makes a difference.
                turn = number % len(options.kernels)
                for name in options.kernels[turn:] + options.kernels[:turn]:
                    start = time.monotonic()
                    console = os.path.join(consoles, f"{case.name}-{name}-{number}.log")
                    values = boot(kernels[name, is_counting(case)], case, number, console,
                                  options.verbose)
                    main_figures = list(figures(values).items())[:2]
                    print(f"round {number} {case.name:<24} {name:<6}"
                          f"{time.monotonic() - start:5.0f} s   "
                          + ", ".join(f"{key} {value:g}" for key, value in main_figures),
                          flush=True)
    finally:
        report(results, cases, version, series, options.all)


def report(results, cases, version, series, full):
    data = collect(results, cases)
    text = f"Linux {version}, series {series}\n\n" + table(cases, data, full)
    print(text)
    with open(os.path.join(results, "table.txt"), "w", encoding="utf-8") as handle:
        handle.write(text + "\n")
    with open(os.path.join(results, "results.json"), "w", encoding="utf-8") as handle:
        json.dump({"kernel": version, "series": series, "cases": data}, handle, indent=1)
        handle.write("\n")


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--rounds", default="")
    parser.add_argument("--cases", default="", help="globs of cases")
    parser.add_argument("--kernels", default="", help="stock, split or both")
    parser.add_argument("--all", action="store_true", help="print all figures")
    options = cli.parse(parser)
    options.rounds = cli.number("ROUNDS", options.rounds or "3", 1, 1000)
    options.kernels = options.kernels.replace(",", " ").split() or list(KERNELS)
    for name in options.kernels:
        if name not in KERNELS:
            raise Failure(f"--kernels {name} is none of {', '.join(KERNELS)}")
    return options


def run_main():
    options = arguments()
    adopt_orphans()
    out = os.path.abspath(options.out)
    results = os.path.join(out, "frag")
    with open(os.path.join(HERE, "cases.list"), encoding="utf-8") as handle:
        cases = choose(parse_cases(handle.read()), options.cases)
    try:
        with lock(results, "frag"):
            measure(options, out, results, cases)
    except Failure as failure:
        # A kernel that does not build or boot was not measured; nothing was tested.
        if failure.status == FAILED:
            raise Failure(str(failure)) from None
        raise
    finally:
        kill_descendants()
    return PASSED


if __name__ == "__main__":
    main(run_main)
