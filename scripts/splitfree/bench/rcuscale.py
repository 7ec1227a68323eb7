# SPDX-License-Identifier: GPL-2.0
"""The boots, numbers and tables of make rcuscale."""

import contextlib
import hashlib
import os
import re
import statistics

from splitfree.base import results as files
from splitfree.base.failures import Failure
from splitfree.base.paths import TESTING
from splitfree.base.progress import verdict_word
from splitfree.judge import verdict as verdicts
from splitfree.kernel import guest, initramfs, uml, x86
from splitfree.source.worktree import apply, checkout, worktree

HERE = os.path.join(TESTING, "rcuscale")
INIT = os.path.join(TESTING, "guest/rcuscale.c")
CONFIG = os.path.join(HERE, "uml.config")
QEMU_CONFIG = os.path.join(HERE, "qemu.config")
MODULES = ("kernel/torture.ko", "kernel/rcu/rcuscale.ko")

# name: (MB of memory, kernel arguments)
SITUATIONS = {
    "plenty": (512, []),
    "pressure": (128, []),
    # The longest that it takes, and longer than a run.
    "held": (512, ["slab_common.rcu_delay_page_cache_fill_msec=100000"]),
}
# The sheaves of a cache take its objects before the blocks of kvfree_rcu() do. They
# do not with PREEMPT_RT, nor what is of vmalloc, of another node or too large.
PATHS = {"sheaf": [], "block": ["slab_common.rcu_sheaves=0"]}
# name: (kernel, arguments)
VARIANTS = {"stock": ("stock", []), "off": ("series", ["slab_common.lockless_block=0"]),
            "on": ("series", [])}
PLACES = {"plenty": ("lists-kernel", "lists-kernel-locked", "lists-user", "lists-user-locked",
                     "waiting-kernel", "waiting-kernel-locked", "waiting-user",
                     "waiting-user-locked", "empty", "empty-locked"),
          "pressure": ("as-it-is",)}
TRIALS = 100
FUNCTIONS = ("lockless", "nolock")
# Where virtual CPUs wait for one that the host does not run, a guest may take for
# ever. Such a boot is shown, and made again.
TRIES = 3

RUN = re.compile(r"^rcuscale: run (.*?)\r?$", re.M)
PLACE = re.compile(r"nolock_bench: (place=.*?)\r?$", re.M)
DONE = re.compile(r"^rcuscale: done\r?$", re.M)
COMPLAINT = re.compile(r"^rcuscale: .*NOT ok.*$", re.M)


# Reading a console ------------------------------------------------------------

def fields(text):
    """{key: number or word} of key=value pairs."""
    pairs = (word.split("=", 1) for word in text.split())
    return {key: int(value) if re.fullmatch(r"-?\d+", value) else value for key, value in pairs}


def parse(text):
    """(runs, places) of a console, or None if the guest did not come to its end."""
    if not DONE.search(text):
        return None
    return ([fields(m.group(1)) for m in RUN.finditer(text)],
            [fields(m.group(1)) for m in PLACE.finditer(text)])


def figures(one):
    """The figures of one run in the table. A counter that the kernel lacks is -1 or 0."""
    calls = one["calls"]
    return {"head": 100 * one["head"] / calls, "sync": 100 * one["sync"] / calls,
            "sheaf": 100 * one["sheaf"] / calls, "page": one["page"],
            "ns": one["ns"] / calls, "peak": one["peak"] / 1024,
            "footprint": one["footprint"]}


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summarise(runs):
    """One row for each situation, path, mode and variant, in the order of the tables."""
    rows = []
    for situation in SITUATIONS:
        for path in PATHS:
            for mode in ("double", "single"):
                for variant in VARIANTS:
                    found = [figures(r) for r in runs if (situation, path, mode, variant) ==
                             (r["situation"], r["path"], r["mode"], r["variant"])]
                    if found:
                        rows.append({"situation": situation, "path": path, "mode": mode,
                                     "variant": variant, "runs": len(found),
                                     **{key: spread([f[key] for f in found])
                                        for key in found[0]}})
    return rows


def summarise_places(places):
    rows = []
    for name in [p for names in PLACES.values() for p in names]:
        row = {"place": name}
        for fn in FUNCTIONS:
            found = [p for p in places if (p["place"], p["fn"]) == (name, fn)]
            if not found:
                break
            row[fn] = spread([100 * p["got"] / p["tries"] for p in found])
            row[fn + "_ns"] = spread([p["ns"] / p["tries"] for p in found])
        else:
            rows.append(row)
    return rows


def factor(rows, situation, path, mode, key):
    """How many times fewer fallbacks than stock; None if stock has none."""
    share = {r["variant"]: r[key]["median"] for r in rows
             if (r["situation"], r["path"], r["mode"]) == (situation, path, mode)}
    if not share.get("stock") or "on" not in share:
        return None
    return share["stock"] / share["on"] if share["on"] else float("inf")


# The tables --------------------------------------------------------------------

def show_spread(value, digits):
    low, high = f"{value['min']:.{digits}f}", f"{value['max']:.{digits}f}"
    return f"{value['median']:.{digits}f}" + (f" ({low}..{high})" if low != high else "")


def simple_table(head, rows):
    """A simple table of reStructuredText."""
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]
    rule = "  ".join("=" * w for w in widths)
    lines = [rule] + ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip()
                      for row in [head]] + [rule]
    lines += ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in rows]
    return "\n".join(lines + [rule]) + "\n"


def by_kernel(rows, value):
    """One line for each situation, path and form, with a column for each kernel."""
    lines = {}
    for row in rows:
        key = (row["situation"], row["path"], row["mode"])
        lines.setdefault(key, {})[row["variant"]] = value(row)
    return simple_table(["situation", "path", "form", *VARIANTS],
                        [[*key, *(line.get(v, "\\-") for v in VARIANTS)]
                         for key, line in lines.items()])


def tables(rows, places):
    def fallbacks(row):
        return show_spread(row["head" if row["mode"] == "double" else "sync"], 2)

    parts = [("Calls that fall back, in percent", by_kernel(rows, fallbacks)),
             ("Time, in ns a call", by_kernel(rows, lambda r: show_spread(r["ns"], 0))),
             ("Peak of the kernel's memory, in MB", by_kernel(
                 rows, lambda r: show_spread(r["peak"], 1))),
             ("Calls that a sheaf took, in percent", by_kernel(
                 rows, lambda r: show_spread(r["sheaf"], 1))),
             ("Blocks from the per-CPU lists", by_kernel(
                 rows, lambda r: show_spread(r["page"], 0) if r["variant"] == "on" else "\\-"))]
    if places:
        parts.append(("Tries that got a page, in percent, and ns a try", simple_table(
            ["place", *FUNCTIONS, *(f"{fn} ns" for fn in FUNCTIONS)],
            [[p["place"], *(show_spread(p[fn], 1) for fn in FUNCTIONS),
              *(show_spread(p[fn + "_ns"], 0) for fn in FUNCTIONS)] for p in places])))
    return "\n".join(f"{title}:\n\n{text}" for title, text in parts)


# The kernels -------------------------------------------------------------------

def make_tree(main_tree, path, commit, patch, extra):
    """A work tree of one commit with a patch, left alone when nothing of it changed."""
    tree = worktree(main_tree, path)
    with open(patch, "rb") as handle:
        key = commit + hashlib.sha256(handle.read()).hexdigest()
    sources = {}
    for source, place in extra:
        with open(source, "rb") as handle:
            sources[place] = handle.read()
        key += hashlib.sha256(sources[place]).hexdigest()
    stamp = path + ".key"
    with contextlib.suppress(OSError), open(stamp, encoding="utf-8") as handle:
        if handle.read() == key:
            return tree
    with contextlib.suppress(FileNotFoundError):
        os.remove(stamp)
    checkout(tree, commit)
    apply(tree, patch)
    for place, data in sources.items():
        with open(os.path.join(path, place), "wb") as handle:
            handle.write(data)
        # So that git diff, and with it the key of a build, has it.
        tree.git("add", "-f", "-N", place)
    with open(stamp, "w", encoding="utf-8") as handle:
        handle.write(key)
    return tree


class UmlWithModules(uml.Uml):
    TARGET = "all"


class X86WithModules(x86.X86):
    TARGET = "all"


def make_kernels(job):
    """{name: kernel} of stock and of the series, from one configuration."""
    options, main_tree, trees = job.options, job.tree, os.path.join(job.out, "rcuscale")
    stock = make_tree(main_tree, os.path.join(trees, "stock"),
                      main_tree.lines("rev-parse", "stock^{commit}")[0],
                      os.path.join(HERE, "stock.patch"), [])
    series = make_tree(main_tree, os.path.join(trees, "series"),
                       main_tree.lines("rev-parse", "splitfree")[0],
                       os.path.join(HERE, "series.patch"),
                       [(os.path.join(HERE, "nolock_bench.c"), "mm/pcp/nolock_bench.c")])
    kernels = {}
    for name, tree in (("stock", stock), ("series", series)):
        fragments = [*(x86.fragments() if options.qemu else uml.fragments()), CONFIG,
                     *([QEMU_CONFIG] if options.qemu else [])]
        kind = X86WithModules if options.qemu else UmlWithModules
        directory = f"rcuscale-{name}" + ("-x86" if options.qemu else "")
        kernels[name] = kind(os.path.join(job.out, "kunit-build", directory), fragments, tree.path,
                             job.path(f"build-{name}.log"), options.jobs, options.verbose,
                             label=f"{kind.LABEL}, {name}")
        kernels[name].build(tree)
    return kernels


# The runs ----------------------------------------------------------------------

def make_initramfs(kernel, name, program, results):
    entries = [*initramfs.directories("dev"), initramfs.CONSOLE,
               ("dev/kmsg", 0o020600, (1, 11), b""), initramfs.file_entry(program, "init")]
    for module in MODULES:
        entries.append(initramfs.file_entry(os.path.join(kernel.dir, module),
                                            os.path.basename(module), 0o100644))
    return initramfs.write(os.path.join(results, f"initramfs-{name}.cpio"), entries)


def command(job, kernel, image, memory, append):
    options = job.options
    append = append + [f"THREADS={options.ncpus}", f"LOOPS={options.loops}"]
    if options.qemu:
        return x86.command(kernel, options.ncpus, options.accel, append, image, dimm=0,
                           memory=memory, nodes=False)
    return uml.command(kernel, job.out, options.ncpus, append, f"{memory}M", image)


def one_boot(job, kernel, image, memory, append, console):
    """Boot it once; returns ((runs, places), what went wrong)."""
    env = None if job.options.qemu else uml.run_environment(kernel, job.out)
    ended = guest.run(command(job, kernel, image, memory, append), console, job.options.timeout,
                      os.path.basename(console)[:-4], env=env, verbose=job.options.verbose)
    text = guest.text(console)
    found = parse(text)
    complaint = COMPLAINT.search(text)
    splats = verdicts.judge_file(console).splats
    if ended.late:
        return found, f"hung and was killed after {job.options.timeout} s"
    if complaint:
        return found, complaint.group(0).strip()
    if splats:
        return found, verdicts.complaint(splats)
    return found, "" if found else "did not come to its end"


def plan(options):
    """(label, kernel, MB, arguments, what to remember), in the order of the runs."""
    for number_ in range(options.rounds):
        for situation, (memory, args) in SITUATIONS.items():
            for path, more in PATHS.items():
                variants = list(VARIANTS.items())
                shift = number_ % len(variants)
                for variant, (kernel, last) in variants[shift:] + variants[:shift]:
                    yield (f"{situation}-{path}-{variant}-{number_}", kernel, memory,
                           [*args, *more, *last, f"SITUATION={situation}"],
                           {"situation": situation, "path": path, "variant": variant,
                            "round": number_})
        for situation, names in PLACES.items():
            places = ",".join(f"{name}:{TRIALS}" for name in names)
            yield (f"nolock-{situation}-{number_}", "series", SITUATIONS[situation][0],
                   [f"SITUATION={situation}", f"PLACES={places}"], {"round": number_})


def execute(job, kernels, images):
    """All boots; returns (runs, places, [(label, what went wrong)], [what hung])."""
    options, (runs, places, bad, hung) = job.options, ([], [], [], [])
    wanted = [p for p in plan(options) if not options.only or any(o in p[0] for o in options.only)]
    if not wanted:
        raise Failure(f"no run is called {' or '.join(options.only)}")
    for count, (label, name, memory, append, facts) in enumerate(wanted, 1):
        for attempt in range(TRIES):
            console = job.path(label + (f".{attempt}" if attempt else "") + ".log")
            found, wrong = one_boot(job, kernels[name], images[name], memory, append, console)
            if not wrong.startswith("hung") or attempt == TRIES - 1:
                break
            hung.append(label)
            print(f"again   {count}/{len(wanted)} {label:<26}   {wrong}", flush=True)
        text = ""
        for one in found[0] if found else ():
            runs.append({**facts, **one})
            shown = figures(one)
            text += (f"   {one['mode']}: head {shown['head']:.2f} %, sync {shown['sync']:.3f} %, "
                     f"{shown['ns']:.0f} ns")
        if found:
            places += [{**facts, **p} for p in found[1]]
        if wrong:
            bad.append((label, wrong))
        print(f"{verdict_word(not wrong)}  {count}/{len(wanted)} {label:<26}{text}   "
              f"{wrong}".rstrip(), flush=True)
        save(job, runs, places, bad, hung)
    return runs, places, bad, hung


def save(job, runs, places, bad, hung):
    """Written after each boot, so that what was measured stays when a run is cut short.

    Returns (rows, the tables, the data of the result).
    """
    options, rows, place_rows = job.options, summarise(runs), summarise_places(places)
    text = tables(rows, place_rows)
    with open(job.path("table.rst"), "w", encoding="utf-8") as handle:
        handle.write(text)
    data = {"qemu": options.qemu, "ncpus": options.ncpus, "loops": options.loops,
            "rounds": options.rounds, "cores": os.cpu_count(), "summary": rows,
            "place_summary": place_rows, "bad": bad, "hung": hung}
    files.write_json(job.path("results.json"), {**data, "runs": runs, "places": places})
    return rows, text, data


def report(rows, text, hung):
    print(text)
    if hung:
        print(f"{len(hung)} boots hung and were made again: {', '.join(hung)}")
    for situation in SITUATIONS:
        for path in PATHS:
            value = factor(rows, situation, path, "double", "head")
            if value is not None:
                times = "none are left" if value == float("inf") else f"{value:.1f} times fewer"
                print(f"{situation}, {path}: of the fallbacks to rcu_head that stock has, {times}")
