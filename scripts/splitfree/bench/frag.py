# SPDX-License-Identifier: GPL-2.0
"""The boots, numbers and table of make frag.

Two kernels of one source and one configuration (build.py) are booted in turn, round by
round, once for each case of tools/testing/frag/cases.list. The table is made of the
consoles.
"""

import fnmatch
import glob
import os
import re
import time
from collections import namedtuple
from statistics import median

from splitfree.base import results as files
from splitfree.base.failures import Failure
from splitfree.base.paths import TESTING, show
from splitfree.bench import build as builds
from splitfree.bench import stats
from splitfree.bench.run import complaints, pin
from splitfree.kernel import guest, uml
from splitfree.runs import frame

HERE = os.path.join(TESTING, "frag")
KIT = builds.Kit("frag", HERE, "pcp_frag.c", [os.path.join(HERE, "frag.config")])
KERNELS = {variant[1]: variant for variant in builds.VARIANTS if not variant[3]}
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

def arguments_of(job, kernel, case, number):
    """Each round has its own seed, the same for both kernels."""
    append = ["con=fd:0,fd:1", "panic=-1", "loglevel=5", f"pcp_frag.seed={number}",
              *(f"pcp_frag.{word}" for word in case.args.split())]
    return uml.command(kernel, job.out, case.ncpus, append, f"{case.memory}M")


def boot(job, kernel, case, number, console):
    """Run one kernel to its end, each CPU on its core; returns the numbers of its console."""
    hosts = sorted(os.sched_getaffinity(0))
    ended = guest.run(arguments_of(job, kernel, case, number), console,
                      TIMEOUT * max(1, case.memory // 1024), case.name,
                      env=uml.run_environment(kernel, job.out, (case.memory << 20) + SPARE),
                      started=lambda pid: pin(pid, case.ncpus, "few", hosts),
                      verbose=job.options.verbose)
    text = guest.text(console)
    values, why, complete = parse_console(text)
    if ended.late or not complete or why:
        frame.tail(console, 20)
        raise Failure(f"case {case.name}: " + (why or ("the kernel hung and was killed"
                                                       if ended.late
                                                       else "the kernel stopped early"))
                      + f" (log: {show(console)})")
    if splats := complaints(text):
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
                values, why, ended = parse_console(guest.text(path))
                if ended and not why:
                    data.setdefault(case.name, {}).setdefault(kernel, []).append(figures(values))
    return data


def is_counting(case):
    return case.name.startswith("locks_")


def build(job, cases):
    """{(kernel, counting): its kernel}"""
    return {(name, counting): builds.build(job, KERNELS[name], counting=counting, kit=KIT)
            for name in job.options.kernels
            for counting in sorted({is_counting(case) for case in cases})}


def measure(job, kernels, cases):
    """All rounds; what is measured anew leaves no consoles of another run."""
    names = job.options.kernels
    os.makedirs(job.path("consoles"), exist_ok=True)
    for case in cases:
        for name in names:
            files.remove(*glob.glob(job.path("consoles", f"{case.name}-{name}-*.log")))
    for number in range(1, job.options.rounds + 1):
        for case in cases:
            # The order of the kernels makes a difference.
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                start = time.monotonic()
                values = boot(job, kernels[name, is_counting(case)], case, number,
                              job.path("consoles", f"{case.name}-{name}-{number}.log"))
                main_figures = list(figures(values).items())[:2]
                job.say(f"round {number} {case.name:<24} {name:<6}"
                        f"{time.monotonic() - start:5.0f} s   "
                        + ", ".join(f"{key} {value:g}" for key, value in main_figures))


def report(job, cases):
    """The table, from the consoles; returns the data of the result."""
    data = {"kernel": job.tree.state["version"],
            "series": job.tree.lines("rev-parse", "--short", "splitfree")[0],
            "cases": collect(job.results, cases)}
    text = (f"Linux {data['kernel']}, series {data['series']}\n\n"
            + table(cases, data["cases"], job.options.figures))
    print(text)
    with open(job.path("table.txt"), "w", encoding="utf-8") as handle:
        handle.write(text + "\n")
    files.write_json(job.path("results.json"), data)
    return data
