# SPDX-License-Identifier: GPL-2.0
"""The kernels, boots and numbers of make latency.

Stock and split are built twice: with the trace points of interrupts and preemption, and
with those of locks. QEMU counts instructions, as for make count ARCH=x86_64, and a nanosecond
is one. A boot with the same seed gives the same figures each time, on any host. The seed is
what the kernel gets of chance; each round has its own, and the longest of all rounds counts.

The trace points see all that the kernel does. A section belongs to the page allocator
if the function that turned interrupts or preemption off, or took the lock, is in one of
OBJECTS.
"""

import glob
import os
import re
import shutil
from collections import namedtuple
from statistics import median_low

from splitfree.base.failures import Failure
from splitfree.base.paths import TESTING, show
from splitfree.base.processes import run as run_program
from splitfree.bench import arches, build, stats
from splitfree.bench.run import complaints
from splitfree.judge import verdict as verdicts
from splitfree.kernel import guest, x86

HERE = os.path.join(TESTING, "latency")
ARCH = "x86_64"
KIT = build.Kit("latency", HERE, "pcp_latency", [])
KERNELS = {variant[1]: variant for variant in build.VARIANTS if not variant[3]}
# Name, and what it times.
BUILDS = {"off": ("irq", "preempt"), "locks": ("pcp", "zone")}
KINDS = {"irq": "interrupts off", "preempt": "preemption off", "pcp": "pcp->lock",
         "zone": "zone->lock"}
WAKES = "wakes"
# Below mm/. Stock has no pcp/.
OBJECTS = ("page_alloc.o", "vmstat.o", "pcp/*.o")
NCPUS, MEMORY = 4, "512M"
# The counters of CPUs that start one after the other are one clock, and are not compared.
APPEND = ("panic=-1", "tsc=reliable")
# A row that is a test fails when it is so much above its goal: compilers differ.
ENOUGH = 0.95
# Seconds; the emulation is slow, and others may use the host.
LIMIT = 1800

Goal = namedtuple("Goal", "phases kinds text what")
# longest: ns; nr: of sections; disturbed: of those that were not timed.
Record = namedtuple("Record", "longest nr disturbed")
Row = namedtuple("Row", "phases what kind stock split ratio goal verdict callers")

LINE = re.compile(r"^latency: (\w+) (\w+) (\S+) (\d+) (\d+) (\d+)\s*$", re.M)
WAKE_LINE = re.compile(r"^latency: (\w+) wakes (\d+) (\d+) (\d+) (\d+)\s*$", re.M)
FAILED_LINE = re.compile(r"^latency: failed (.+?)\s*$", re.M)


# Goals --------------------------------------------------------------------

def goal_of(phases, kinds, goal, what):
    """The Goal of a line."""
    for kind in kinds.split():
        if kind not in (*KINDS, WAKES):
            raise ValueError(f"{kind} is none of {', '.join((*KINDS, WAKES))}")
    return Goal(phases.split(), kinds.split(), stats.checked(goal), what)


def goals_of(text):
    """The Goals, in their order. Each has a row for each kind."""
    return stats.parse_goals(text, "phases | kinds | goal | what", goal_of)


def read_goals():
    with open(os.path.join(HERE, "goals.list"), encoding="utf-8") as handle:
        return goals_of(handle.read())


# The kernels -----------------------------------------------------------------------

def make(job, name, which):
    """Build the kernel of stock or split that times one of BUILDS."""
    tree = build.source(job, KERNELS[name], KIT)
    fragments = [*arches.fragments(ARCH), os.path.join(HERE, "latency.config"),
                 os.path.join(HERE, f"{which}.config")]
    kernel = x86.kernel(job.out, os.path.join(KIT.name, f"{name}-{which}"), fragments, tree.path,
                        job.path(f"{name}-{which}", "build.log"), job.options,
                        label=f"x86-64 for the latency, {name}, {which}")
    kernel.build(tree)
    return kernel


def symbols(text):
    """The functions that the output of nm names."""
    return {words[-1] for words in (line.split() for line in text.splitlines())
            if len(words) == 3 and words[1] in "tTwW"}


def own_functions(kernel):
    """The functions of the page allocator in that kernel."""
    objects = [path for name in OBJECTS
               for path in sorted(glob.glob(os.path.join(kernel.dir, "mm", name)))]
    result = run_program(["nm", *objects])
    found = symbols(result.stdout.decode("utf-8", "replace"))
    if result.returncode or not found:
        raise Failure(f"nm found no functions in {show(kernel.dir)}/mm")
    return found


def command(kernel, seed):
    """The command line of QEMU. With the same seed a kernel does the same each time."""
    program, _, cpu = arches.ARCHES[ARCH].qemu
    if not shutil.which(program):
        raise Failure(f"{program} is missing; run scripts/packages.sh count-{ARCH}")
    # A CPU that is taken down would wait in MWAIT, too, in spite of idle=halt.
    append = [*arches.ARCHES[ARCH].append, *APPEND]
    return [program, "-cpu", f"{cpu},-monitor", *arches.machine(NCPUS, MEMORY),
            "-rtc", "base=2026-01-01,clock=vm", "-seed", str(seed), "-kernel", kernel.binary,
            "-append", " ".join(append)]


def boot(job, kernel, seed):
    """Boot a kernel to its end; returns its console."""
    name = f"{os.path.basename(kernel.dir)}-{seed}"
    console = job.path("consoles", f"{name}.log")
    ended = guest.run(command(kernel, seed), console, LIMIT, f"timing under QEMU, {name}",
                      verbose=job.options.verbose)
    text = guest.text(console).replace("\r", "")
    failed = FAILED_LINE.search(text)
    if ended.late:
        raise Failure(f"the kernel did not end in {LIMIT} s (log: {show(console)})")
    if failed or not re.search(r"^latency: end$", text, re.M):
        raise Failure(f"the kernel {name} could not time anything: "
                      f"{failed.group(1) if failed else 'it stopped early'} "
                      f"(log: {show(console)})")
    # Before it starts, the kernel warns of what this small configuration lacks.
    if found := complaints(text[text.index("latency: start"):]):
        raise Failure(f"{verdicts.complaint(found)} (log: {show(console)})")
    return text


# Figures -------------------------------------------------------------------

def add(callers, caller, record):
    """Count the sections of a record to those that its caller has."""
    before = callers.get(caller, Record(0, 0, 0))
    callers[caller] = Record(max(before.longest, record.longest), before.nr + record.nr,
                             before.disturbed + record.disturbed)


def parse(text, own):
    """{(phase, kind): {caller: Record}} of the callers that are own functions."""
    found = {}
    for phase, kind, caller, *numbers in LINE.findall(text):
        # A module's name would follow in brackets; there are none.
        if kind not in KINDS or caller not in own:
            continue
        add(found.setdefault((phase, kind), {}), caller, Record(*map(int, numbers)))
    return found


def parse_wakes(text, seed):
    """{(phase, "wakes"): {minute: Record}}: how often all CPUs together woke up in each."""
    found = {}
    for phase, minute, _, wakes, interrupts in WAKE_LINE.findall(text):
        minutes, name = found.setdefault((phase, WAKES), {}), f"boot {seed}, minute {minute}"
        before = minutes.get(name, Record(0, 0, 0))
        minutes[name] = Record(before.longest + int(wakes), before.nr + int(interrupts), 0)
    return found


def figure(kind, callers):
    """The number of a row: the longest section, or the wake-ups of a minute; None: none."""
    numbers = [record.longest for record in callers.values() if record.nr]
    if not numbers:
        return None
    return median_low(numbers) if kind == WAKES else max(numbers)


def longest(callers):
    """[(caller, Record)], the longest first."""
    return sorted(callers.items(), key=lambda item: (-item[1].longest, item[0]))


def goal_met(goal, stock, split):
    """(ratio or None, verdict) of a row."""
    if stock is None and split is None:
        return None, "not measured"
    if stock is None:
        return None, "stock has none"
    if split is None:
        # A section that never came takes no time.
        return 0.0, "met"
    ratio = split / stock
    _, sign, limit = stats.GOAL.match(goal.text).groups()
    return ratio, stats.verdict_of(sign, float(limit), stats.Ratio(ratio, ratio, ratio))


def is_test(row):
    """Rows of several phases, and those of idle minutes; a single phase is a figure."""
    return len(row.phases) > 1 or row.kind == WAKES


def is_short(row):
    """Whether a test fails."""
    if row.ratio is None:
        return True
    return row.ratio * ENOUGH > float(stats.GOAL.match(row.goal).group(3))


def together(found, phases, kind):
    """{caller: Record} of some phases."""
    callers = {}
    for phase in phases:
        for caller, record in found.get((phase, kind), {}).items():
            add(callers, caller, record)
    return callers


def rows_of(goals, data):
    """The Rows of the table. data: {kernel: {(phase, kind): {caller: Record}}}."""
    rows = []
    for goal in goals:
        for kind in goal.kinds:
            callers = {name: together(data[name], goal.phases, kind) for name in KERNELS}
            stock, split = (figure(kind, callers[name]) for name in ("stock", "split"))
            ratio, verdict = goal_met(goal, stock, split)
            if split is None and callers["split"]:
                ratio, verdict = None, "not measured"
            rows.append(Row(goal.phases, goal.what, kind, stock, split, ratio, goal.text, verdict,
                            callers))
    return rows


def table(rows, full=False):
    """Text with columns that line up; a row that is worse than stock names its caller."""
    cells = []
    before = None
    for row in rows:
        numbers = ["-" if value is None else str(value) for value in (row.stock, row.split)]
        cells.append([row.what if row.what != before else "", KINDS.get(row.kind, "wake-ups"),
                      *numbers, "-" if row.ratio is None else f"{row.ratio:.2f}", row.goal,
                      row.verdict])
        before = row.what
        if full or row.kind != WAKES and row.verdict in ("missed", "stock has none"):
            cells += caller_cells(row, full)
    return stats.table(cells, ("phase", "kind", "stock", "split", "ratio", "goal", "verdict"))


def caller_cells(row, full):
    """A line for each caller, or for the first of each kernel."""
    names = dict.fromkeys(caller for name in ("split", "stock")
                          for caller, _ in longest(row.callers[name])[:None if full else 1])
    found = []
    for caller in names:
        numbers = [str(row.callers[name][caller].longest) if caller in row.callers[name] else "-"
                   for name in ("stock", "split")]
        found.append(["", f"  {caller}", *numbers, "", "", ""])
    return found


def row_data(row):
    """A row as data."""
    return {"phases": row.phases, "what": row.what, "kind": row.kind, "stock": row.stock,
            "split": row.split, "ratio": row.ratio, "goal": row.goal, "verdict": row.verdict,
            "callers": {name: [{"caller": caller, **record._asdict()}
                               for caller, record in longest(callers)]
                        for name, callers in row.callers.items()}}


# The run ---------------------------------------------------------------------------

def measure(job):
    """{kernel: {(phase, kind): {caller: Record}}} of all boots."""
    data = {name: {} for name in KERNELS}
    os.makedirs(job.path("consoles"), exist_ok=True)
    built = [(name, which, make(job, name, which)) for which in BUILDS for name in KERNELS]
    for seed in range(1, job.options.rounds + 1):
        for name, which, kernel in built:
            text = boot(job, kernel, seed)
            found = parse(text, own_functions(kernel))
            found = {key: callers for key, callers in found.items() if key[1] in BUILDS[which]}
            if which == "off":
                found.update(parse_wakes(text, seed))
            for key, callers in found.items():
                for caller, record in callers.items():
                    add(data[name].setdefault(key, {}), caller, record)
    return data
