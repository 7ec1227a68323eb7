# SPDX-License-Identifier: GPL-2.0
"""The boots, numbers and table of make frag.

Two kernels of one source and one configuration (build.py) are booted in turn, round by
round, once for each case of tools/testing/frag/cases.list. The table is made of the consoles,
with the goals of goals.list. With QEMU=1 the cases are those of qemu.list there, and
fragqemu.py has the kernels and the guest.

The result of compaction depends on which page of eight stays.
So the rounds of such a case go through all eight, and the figures are means over them.

A case that looks at the memory each second for a long time has one round. Its pairs are
windows of half a minute: the same window of both kernels is a pair.
"""

import fnmatch
import glob
import os
import re
import time
from collections import namedtuple
from statistics import mean, median, pstdev

from splitfree.base import results as files
from splitfree.base.failures import Failure
from splitfree.base.paths import TESTING, show
from splitfree.bench import build as builds
from splitfree.bench import fragqemu, plot, stats
from splitfree.bench.run import complaints, pin
from splitfree.judge import verdict as verdicts
from splitfree.kernel import guest, uml
from splitfree.runs import frame

HERE = os.path.join(TESTING, "frag")
KIT = builds.Kit("frag", HERE, "pcp_frag", [os.path.join(HERE, "frag.config")])
KERNELS = {variant[1]: variant for variant in builds.VARIANTS if not variant[3]}
Case = namedtuple("Case", "name memory ncpus args what")
Goal = namedtuple("Goal", "cases figure text what")
Row = namedtuple("Row", "case figure stock split ratio goal verdict short")
# The cases of QUICK=1, which say most.
QUICK = ("movable_512", "half_512", "kernel_512", "compact_same", "compact_other",
         "remote_fresh", "remote_half", "reclaim_half",
         # Of QEMU=1.
         "thp_thin", "khugepaged_thin")
# A row of QUICK=1 fails when it is so much below its goal.
ENOUGH = 0.95
# Names of the looks at the memory after a phase; with * only if all is asked for.
LOOKS = {"after_whole": "whole", "after_possible": "possible", "before_whole": "undrained whole",
         "after_owned": "owned", "after_mixed": "mixed *", "after_stray": "stray *",
         "before_pcp": "on PCPs *", "before_waiting": "waiting *"}
# Of the boots with compaction: sums that are divided by the pages that all got together.
PER_PAGE = {"migrated/page": "migrated *", "scanned/page": "scanned *"}
# Which of so many pages stays.
ALIGNMENTS = 8
# The phases that make huge pages; of pcp_frag.c, those where that depends on it come first.
ALIGNED = ("compact", "kcompactd", "proactive", "compact_all")
HUGE = (*ALIGNED, "contig", *fragqemu.HUGE)
# Phases that want more memory than there is.
RECLAIM = ("reclaim", "anon")
# Each line with one of these keys adds to a list.
REPEATED = ("kill_pcp", "kill_waiting")
# Seconds of a window of a curve, and what is said of it.
WINDOW = 30
OVER_TIME, WORST, WORST_NOISE = "whole over time", "worst 30 s", "worst 30 s with noise"
LINE = re.compile(r"^frag: (\w+) ([\w.]+) (.+?)\s*$", re.M)
# Seconds; a GB of memory takes some more.
LIMIT = 300
# About what a boot takes.
BOOT_SECONDS = 10
# Of a guest's memory file, beside the memory.
SPARE = 200 << 20


def parse_cases(text, name="cases.list"):
    cases = []
    for number, fields in stats.fields_of(text):
        if len(fields) != 5 or not (fields[1] + fields[2]).isdigit():
            raise Failure(f"{name} line {number} is no case: name | MB | CPUs | parameters | what")
        cases.append(Case(fields[0], int(fields[1]), int(fields[2]), fields[3], fields[4]))
    return cases


def goals_of(text, name="goals.list"):
    return stats.parse_goals(
        text, "case globs | figure | goal | what", lambda cases, figure, goal, what:
        Goal(cases.split(), figure, stats.checked(goal, "stock", "value"), what), name)


def read_list(name, parse):
    with open(os.path.join(HERE, name), encoding="utf-8") as handle:
        return parse(handle.read(), name)


def choose(cases, wanted, quick=False):
    """The cases that match a glob; of those of QUICK=1, if it is quick."""
    globs = wanted.replace(",", " ").split() or ["*"]
    chosen = [case for case in cases if any(fnmatch.fnmatchcase(case.name, g) for g in globs)
              and (not quick or case.name in QUICK)]
    if not chosen:
        raise Failure(f"no case matches CASES={wanted}; there are "
                      + ", ".join(case.name for case in cases
                                  if not quick or case.name in QUICK))
    return chosen


def is_counting(case):
    return case.name.startswith("locks_")


def phases_of(case):
    return [phase for word in case.args.split() if word.startswith("run=")
            for phase in word[4:].split(",")]


def parameter(case, name, default):
    """A number that the case has for a parameter of the program."""
    return next((int(word.split("=")[1]) for word in case.args.split()
                 if word.startswith(name + "=")), default)


def has_alignments(case):
    return not (parameter(case, "scatter", 0) or parameter(case, "chunk", 0)) and any(
        phase in ALIGNED for phase in phases_of(case))


def has_curve(case):
    return "age" in phases_of(case)


def rounds_of(case, rounds, quick=False):
    """Each alignment is measured equally often: once, or in every second round."""
    if has_curve(case):
        return 1
    if has_alignments(case):
        return ALIGNMENTS * (1 if quick else -(-rounds // 2))
    return rounds


# Figures ---------------------------------------------------------------

def parse_console(text):
    """({phase.key: [number]}, why it failed or None, whether it came to its end).

    A sample comes again and again: it is a list of lists.
    """
    text, values, why = text.replace("\r", ""), fragqemu.reports(text), None
    for phase, key, rest in LINE.findall(text):
        if key == "failed":
            why = why or f"{phase}: {rest}"
        elif all(re.fullmatch(r"-?\d+", word) for word in rest.split()):
            numbers = [int(word) for word in rest.split()]
            if key == "sample":
                values.setdefault(f"{phase}.{key}", []).append(numbers)
            elif key in REPEATED:
                values.setdefault(f"{phase}.{key}", []).extend(numbers)
            else:
                values[f"{phase}.{key}"] = numbers
    return values, why, bool(re.search(r"^frag: end$", text, re.M))


def figures(values):
    """{figure: number} of one boot, in the order of the table."""
    def get(key):
        return values.get(key, [0])[0]

    found = {}
    for phase in ("load", "thin", "age"):
        if f"{phase}.after_whole" in values:
            for key, name in LOOKS.items():
                found[f"{phase}: {name}"] = get(f"{phase}.{key}")
            found[f"{phase}: ms"] = round(get(f"{phase}.us") / 1000)
    for phase in HUGE:
        if f"{phase}.got" in values:
            found.update(huge_figures(values, phase))
    for phase in RECLAIM:
        found.update(reclaim_figures(values, phase))
    found.update(fragqemu.figures(values))
    for kind in ("user", "kernel"):
        phase = f"remote_{kind}"
        if pages := get(f"{phase}.pages"):
            found[f"{kind} pushed %"] = round(get(f"{phase}.event_pcp_push") * 100 / pages, 1)
            if f"{phase}.locks" in values:
                found[f"{kind} locks/1000"] = round(get(f"{phase}.locks") * 1000 / pages, 3)
            else:
                found[f"{kind} ns/page"] = round(get(f"{phase}.us") * 1000 / pages, 1)
    return found


def reclaim_figures(values, phase):
    """Those of a boot that wanted more memory than there is."""
    def get(key):
        return values.get(f"{phase}.{key}", [0])[0]

    def all_of(event):
        return sum(number[0] for key, number in values.items()
                   if key.startswith(f"{phase}.event_{event}"))

    if not (allocated := all_of("pgalloc")):
        return {}
    found = {}
    for name, event in (("stolen", "pgsteal"), ("scanned", "pgscan")):
        number = sum(get(f"event_{event}_{who}")
                     for who in ("kswapd", "direct", "khugepaged", "proactive"))
        found[f"{name}/1000"] = round(number * 1000 / allocated, 1)
    return {**found, "ms": round(get("us") / 1000), "stalls": all_of("allocstall"),
            "oom kills": get("event_oom_kill"), "lacking": get("lacking")}


def huge_figures(values, phase):
    """Those of a boot that made huge pages."""
    def get(key):
        return values.get(f"{phase}.{key}", [0])[0]

    got, migrated = get("got"), get("event_pgmigrate_success")
    scanned = get("event_compact_migrate_scanned") + get("event_compact_free_scanned")
    possible = get("tried") or get("after_possible")
    found = {"got": got, "possible": possible}
    # Where kcompactd compacted as well, some tries come to nothing, in both kernels. Such a boot
    # does not say what compaction can find; it counts with all others in "got".
    if phase != "compact" or not get("event_compact_daemon_migrate_scanned"):
        found["got %"] = round(100 * got / max(possible, 1), 1)
    found.update({"migrated/page": round(migrated / max(got, 1), 1),
                  "scanned/page": round(scanned / max(got, 1), 1),
                  "ms": round(get("us") / 1000, 1), "migrated *": migrated, "scanned *": scanned,
                  "keep_index *": get("keep_index")})
    if f"{phase}.longest_us" in values:
        found["longest ms"] = round(get("longest_us") / 1000, 1)
    return found


def windows(samples):
    """Whole blocks of each half minute of a curve, as if each were a boot."""
    found = {}
    for second, whole, *_ in samples:
        found.setdefault((second - 1) // WINDOW, []).append(whole)
    return [{OVER_TIME: mean(values), "round": number}
            for number, values in sorted(found.items()) if len(values) > WINDOW // 2]


def noise(found, period):
    """By how much a window differs from those at the same point of other breaths, or None.

    It is two standard deviations, as a part of the mean. The first breath fills the memory.
    """
    each = max(1, period // WINDOW)
    groups = [[window[OVER_TIME] for window in found[each:][phase::each]]
              for phase in range(each)]
    if min(map(len, groups)) < 3:
        return None
    return max(2 * pstdev(group) / max(1, mean(group)) for group in groups)


def curve_rows(case, curves, goals):
    """The Rows of a case with a curve. curves: {kernel: samples}."""
    found = {kernel: windows(curves.get(kernel, [])) for kernel in KERNELS}
    texts = [f"{mean(w[OVER_TIME] for w in found[kernel]):.5g}" if found[kernel] else "-"
             for kernel in KERNELS]
    ratio = compare(OVER_TIME, found["stock"], found["split"], paired=True)
    rows = [Row(case.name, OVER_TIME, *texts, ratio, *with_goal(case, OVER_TIME, goals,
                                                             found["split"], ratio))]
    if not ratio:
        return rows
    worst = min(b[OVER_TIME] / max(1, a[OVER_TIME]) for a, b in zip(found["stock"], found["split"]))
    rows.append(Row(case.name, WORST, "1", f"{worst:.3f}", None, None, "", False))
    moves = noise(found["stock"], parameter(case, "period", 60))
    if moves is not None:
        value = [{WORST_NOISE: worst + moves}]
        rows.append(Row(case.name, WORST_NOISE, f"{moves:.3f}", f"{worst + moves:.3f}", None,
                        *with_goal(case, WORST_NOISE, goals, value, None)))
    return rows


def centre(name, boots):
    """One number for a figure of several boots.

    Alignments are no samples of one thing with outliers, so they are not represented by
    the median, but by all of them.
    """
    if name == OVER_TIME:
        return mean(boot[name] for boot in boots)
    if "got" not in boots[0]:
        return median(boot[name] for boot in boots)
    if name in PER_PAGE:
        return sum(boot[PER_PAGE[name]] for boot in boots) / \
            max(1, sum(boot["got"] for boot in boots))
    return mean(boot[name] for boot in boots)


def spread(name, boots):
    """The number for all boots, and the smallest and the largest if they differ."""
    if not boots:
        return "-"
    text, values = f"{centre(name, boots):.5g}", [boot[name] for boot in boots]
    return text if len(set(values)) == 1 else f"{text} ({min(values):g} .. {max(values):g})"


def compare(name, stock, split, paired=False):
    """The ratio of a figure, or None."""
    if not stock or not split:
        return None
    paired = paired or "got" in stock[0]
    if paired:
        # Only rounds that both have: with the same alignment and seed.
        rounds = {boot["round"] for boot in stock} & {boot["round"] for boot in split}
        stock, split = ([boot for boot in boots if boot["round"] in rounds]
                        for boots in (stock, split))
    if not any(boot[name] for boot in (*stock, *split)):
        return stats.Ratio(1.0, 1.0, 1.0)
    # The eight alignments are all there are: what is left to chance is the rest. But one
    # boot of each does not show how much that is.
    often = "keep_index *" in stock[0] and all(
        sum(boot["keep_index *"] == one["keep_index *"] for boot in boots) >= stats.MIN_ROUNDS
        for boots in (stock, split) for one in boots)
    return stats.ratio(split, stock, centre=lambda boots: centre(name, boots), paired=paired,
                       group=(lambda boot: boot["keep_index *"]) if often else None)


def goal_met(goal, name, split, ratio):
    """(verdict, whether it is below ENOUGH of the goal) of a figure."""
    what, sign, limit = stats.GOAL.match(goal.text).groups()
    limit, found = float(limit), ratio
    if what == "value" and split:
        values = [boot[name] for boot in split]
        found = stats.Ratio(centre(name, split), min(values), max(values))
    if not found:
        return "not measured", True
    # Each boot has to reach a value: that stock may be as bad at times is no excuse.
    worst = found.value if what == "stock" else found.high if sign == "<=" else found.low
    short = worst * ENOUGH > limit if sign == "<=" else worst < limit * ENOUGH
    return stats.verdict_of(sign, limit, found), short


def goal_of(case, name, goals):
    """The Goal of a figure, or None."""
    return next((goal for goal in goals if goal.figure == name and any(
        fnmatch.fnmatchcase(case.name, glob) for glob in goal.cases)), None)


def with_goal(case, name, goals, split, ratio):
    """(Goal or None, verdict, whether it is short) of a figure."""
    goal = goal_of(case, name, goals)
    return goal, *(goal_met(goal, name, split, ratio) if goal else ("", False))


def rows_of(cases, data, goals, full=False, curves=None):
    """The Rows of the table. data: {case: {kernel: [figures() of a boot]}}."""
    rows = []
    for case in cases:
        if curves and case.name in curves:
            rows += curve_rows(case, curves[case.name], goals)
        boots = data.get(case.name, {})
        names = dict.fromkeys(name for found in boots.values() for one in found for name in one
                              if name != "round" and (full or "*" not in name
                                                      or goal_of(case, name, goals)))
        for name in names:
            stock, split = ([one for one in boots.get(kernel, []) if name in one]
                            for kernel in KERNELS)
            ratio = compare(name, stock, split)
            rows.append(Row(case.name, name, spread(name, stock), spread(name, split), ratio,
                            *with_goal(case, name, goals, split, ratio)))
    return rows


def table(rows):
    """Text with columns that line up."""
    lines, before = [("case", "figure", *KERNELS, "ratio", "goal", "verdict")], None
    for row in rows:
        ratio = f"{row.ratio.value:.3f} [{row.ratio.low:.3f} {row.ratio.high:.3f}]" \
            if row.ratio else ""
        lines.append(("" if row.case == before else row.case, row.figure, row.stock, row.split,
                      ratio, row.goal.text if row.goal else "", row.verdict))
        before = row.case
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in lines)


def alignments(boots):
    """{kernel: {which of eight stays: {figure: number}}} of a case with compaction."""
    found = {}
    for kernel, measured in boots.items():
        for index in sorted({boot["keep_index *"] for boot in measured}):
            same = [boot for boot in measured if boot["keep_index *"] == index]
            found.setdefault(kernel, {})[index] = {
                name: round(centre(name, same), 2)
                for name in ("got", "migrated/page", "scanned/page", "ms")}
    return found


# The run -------------------------------------------------------------------------

def arguments_of(job, kernel, case, number):
    """Each round has its own seed, the same for both kernels."""
    if job.options.qemu:
        return fragqemu.command(job, kernel, case, number)
    append = ["con=fd:0,fd:1", "panic=-1", "loglevel=5", f"pcp_owners={job.options.owners}",
              f"pcp_frag.seed={number}", *(f"pcp_frag.{word}" for word in case.args.split())]
    if has_alignments(case):
        append.append(f"pcp_frag.keep_index={number % ALIGNMENTS}")
    if has_curve(case) and job.options.age_seconds:
        append.append(f"pcp_frag.seconds={job.options.age_seconds}")
    return uml.command(kernel, job.out, case.ncpus, append, f"{case.memory}M")


def seconds_of(job, case):
    """How long it takes because it is told to."""
    return (has_curve(case) and job.options.age_seconds) or parameter(case, "seconds", 0)


def cost(job, case):
    """About how long a case takes, to share the cases among machines."""
    return (rounds_of(case, job.options.rounds, job.options.quick)
            * (BOOT_SECONDS + seconds_of(job, case)))


def boot(job, kernel, case, number, console):
    """Run one kernel to its end; returns the numbers of its console.

    UML is bound if each CPU can have a core of its own. Two that share one would be in a
    convoy at times: each spins for a lock whose holder, bound to that core as well, waits.
    """
    hosts = sorted(os.sched_getaffinity(0))
    limit = fragqemu.LIMIT if job.options.qemu else \
        LIMIT * max(1, case.memory // 1024) + seconds_of(job, case)
    own = {} if job.options.qemu else {
        "env": uml.run_environment(kernel, job.out, (case.memory << 20) + SPARE)}
    if not job.options.qemu and case.ncpus <= len(hosts):
        own["started"] = lambda pid: pin(pid, case.ncpus, "few", hosts)
    ended = guest.run(arguments_of(job, kernel, case, number), console, limit, case.name,
                      verbose=job.options.verbose, **own)
    text = guest.text(console)
    values, why, complete = parse_console(text)
    if ended.late or not complete or why:
        frame.tail(console, 20)
        raise Failure(f"case {case.name}: " + (why or ("the kernel hung and was killed"
                                                       if ended.late
                                                       else "the kernel stopped early"))
                      + f" (log: {show(console)})")
    if splats := complaints(fragqemu.expected(phases_of(case), text)):
        raise Failure(f"{verdicts.complaint(splats)} (log: {show(console)}); "
                      "run make check first")
    return values


def collect(results, cases):
    """({case: {kernel: [figures()]}}, {case: {kernel: samples of a curve}}) of the consoles."""
    data, curves = {}, {}
    for case in cases:
        for kernel in KERNELS:
            paths = glob.glob(os.path.join(results, "consoles", f"{case.name}-{kernel}-*.log"))
            for path in sorted(paths, key=lambda p: int(re.search(r"(\d+)\.log$", p).group(1))):
                values, why, ended = parse_console(guest.text(path))
                if ended and not why:
                    number = int(re.search(r"(\d+)\.log$", path).group(1))
                    data.setdefault(case.name, {}).setdefault(kernel, []).append(
                        {**figures(values), "round": number})
                    if "age.sample" in values:
                        curves.setdefault(case.name, {})[kernel] = values["age.sample"]
    return data, curves


def build(job, cases):
    """{(kernel, counting): its kernel}"""
    if job.options.qemu:
        job.image = fragqemu.image(job)
        return {(name, False): fragqemu.build(job, name) for name in job.options.kernels}
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
    last = {case.name: rounds_of(case, job.options.rounds, job.options.quick) for case in cases}
    for number in range(1, max(last.values()) + 1):
        for case in (case for case in cases if number <= last[case.name]):
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


def row_data(row):
    """A row as data."""
    ratio = row.ratio._asdict() if row.ratio else {}
    return {"case": row.case, "figure": row.figure, "stock": row.stock, "split": row.split,
            "ratio": ratio.get("value"), "low": ratio.get("low"), "high": ratio.get("high"),
            "goal": row.goal.text if row.goal else "", "verdict": row.verdict,
            "what": row.goal.what if row.goal else "", "short": row.short}


def draw(job, curves):
    """A plot for each case with a curve."""
    for name, kernels in curves.items():
        path = job.path(f"{name}.svg")
        plot.age(path, {kernel: kernels[kernel] for kernel in KERNELS if kernel in kernels},
                 WINDOW)
        job.say(f"wrote {show(path)}")


def report(job, cases):
    """The table, from the consoles; returns (the data of the result, the rows with a goal)."""
    found, curves = collect(job.results, cases)
    rows = rows_of(cases, found, job.goals, job.options.figures, curves)
    with_goal = [row for row in rows if row.goal]
    data = {"kernel": job.tree.state["version"],
            "series": job.tree.lines("rev-parse", "--short", "splitfree")[0],
            "rows": [row_data(row) for row in rows],
            "alignments": {case.name: alignments(found[case.name]) for case in cases
                           if has_alignments(case) and case.name in found}}
    text = (f"Linux {data['kernel']}, series {data['series']}\n\n" + table(rows)
            + "\n\n" + stats.count([row.verdict for row in with_goal]))
    print(text)
    with open(job.path("table.txt"), "w", encoding="utf-8") as handle:
        handle.write(text + "\n")
    files.write_json(job.path("results.json"), {**data, "cases": found, "curves": curves})
    draw(job, curves)
    return data, with_goal
