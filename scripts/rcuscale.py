#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures kvfree_rcu() with and without pages from the per-CPU lists.

The kernel's own rcuscale (kfree_rcu_test) runs in a stock kernel and in that of
the series, with the hook and without, in three situations; each run has a boot of
its own, and they take turns. tools/testing/bench/nolock_bench.c compares
__rcu_alloc_page_lockless() with alloc_pages_nolock(). Results: results.json,
table.rst and the consoles, in $(O)/rcuscale or $(O)/rcuscale-qemu.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess

from common import (FAILED, PASSED, ROOT, Failure, adopt_orphans, colour, kill_descendants, lock,
                    main, run, show)
import cli
import initramfs
from steps_bisect import worktree
import qemu
import tree as trees
import uml
from splitfree.judge import verdict as verdicts

BENCH = os.path.join(ROOT, "tools/testing/bench")
CONFIG = os.path.join(BENCH, "rcuscale.config")
QEMU_CONFIG = os.path.join(BENCH, "rcuscale-qemu.config")
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
    """What the table shows, of one run. A counter that the kernel lacks is -1 or 0."""
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
    tree.git("checkout", "-q", "-f", "--detach", commit)
    result = run(["git", "-C", path, "apply", patch])
    if result.returncode:
        raise Failure(f"{show(patch)} does not fit ({result.stderr.decode().splitlines()[0]}); "
                      "bring it up to date", FAILED)
    for place, data in sources.items():
        with open(os.path.join(path, place), "wb") as handle:
            handle.write(data)
        # So that git diff, and with it the key of a build, has it.
        tree.git("add", "-f", "-N", place)
    with open(stamp, "w", encoding="utf-8") as handle:
        handle.write(key)
    return tree


class UmlKernel(uml.Kernel):
    TARGET = "all"


class X86Kernel(qemu.QemuKernel):
    TARGET = "all"


def make_kernels(options, out, results, main_tree):
    trees_dir = os.path.join(out, "rcuscale")
    stock = make_tree(main_tree, os.path.join(trees_dir, "stock"),
                      main_tree.lines("rev-parse", "stock^{commit}")[0],
                      os.path.join(BENCH, "rcuscale-stock.patch"), [])
    series = make_tree(main_tree, os.path.join(trees_dir, "series"),
                       main_tree.lines("rev-parse", "splitfree")[0],
                       os.path.join(BENCH, "rcuscale-series.patch"),
                       [(os.path.join(BENCH, "nolock_bench.c"), "mm/pcp/nolock_bench.c")])
    kernels = {}
    for name, tree in (("stock", stock), ("series", series)):
        fragments = [os.path.join(ROOT, "kunit/qemu.config" if options.qemu else ".kunitconfig"),
                     CONFIG, *([QEMU_CONFIG] if options.qemu else [])]
        kind = X86Kernel if options.qemu else UmlKernel
        more = {"what": "rcuscale-qemu"} if options.qemu else {}
        kernel = kind(out, "", options.jobs, options.verbose, linux=tree.path,
                      name=f"rcuscale-{name}" + ("-x86" if options.qemu else ""),
                      fragments=fragments, **more)
        with contextlib.suppress(OSError):
            # uml.Kernel made it, and nothing goes there.
            os.rmdir(kernel.results)
        kernel.results = results
        kernel.log = os.path.join(results, f"build-{name}.log")
        os.makedirs(results, exist_ok=True)
        print(f"{name}: {show(tree.path)}", flush=True)
        kernel.build(tree)
        kernels[name] = kernel
    return kernels


# The runs ----------------------------------------------------------------------

def make_initramfs(kernel, name, program, results):
    entries = [*initramfs.directories("dev"), initramfs.CONSOLE,
               ("dev/kmsg", 0o020600, (1, 11), b""), initramfs.file_entry(program, "init")]
    for module in MODULES:
        entries.append(initramfs.file_entry(os.path.join(kernel.dir, module),
                                            os.path.basename(module), 0o100644))
    return initramfs.write(os.path.join(results, f"initramfs-{name}.cpio"), entries)


def command(kernel, image, options, memory, append):
    append = append + ["panic=-1", f"THREADS={options.ncpus}", f"LOOPS={options.loops}"]
    if not options.qemu:
        return [kernel.binary, *kernel.kernel_args(options.ncpus), f"mem={memory}M",
                f"initrd={image}", "con=fd:0,fd:1", "console=tty", *append]
    program = shutil.which("qemu-system-x86_64")
    if not program:
        raise Failure("qemu-system-x86_64 is missing; run scripts/packages.sh qemu")
    return [program, "-accel", qemu.accelerator(options.accel), "-cpu", "max",
            "-smp", str(options.ncpus), "-m", f"{memory}M", "-display", "none",
            "-monitor", "none", "-serial", "stdio", "-no-reboot", "-nodefaults",
            "-kernel", kernel.binary, "-initrd", image,
            "-append", " ".join(["console=ttyS0", *append])]


def one_boot(kernel, image, options, memory, append, console):
    """Boot it once; returns ((runs, places), what went wrong)."""
    late = qemu.boot(command(kernel, image, options, memory, append), console, options.timeout,
                     os.path.basename(console)[:-4], verbose=options.verbose,
                     # At its end UML would give up its console, and complain.
                     stdin=subprocess.PIPE)
    with open(console, encoding="utf-8", errors="replace") as handle:
        text = handle.read()
    found = parse(text)
    complaint = COMPLAINT.search(text)
    splats = verdicts.judge_file(console).splats
    if late:
        return found, f"hung and was killed after {options.timeout} s"
    if complaint:
        return found, complaint.group(0).strip()
    if splats:
        return found, f"the kernel complained: {splats[0].text[:70]}"
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


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--ncpus", default="4")
    parser.add_argument("--timeout", default="")
    parser.add_argument("--rounds", default="")
    parser.add_argument("--loops", default="8")
    parser.add_argument("--accel", default="tcg")
    parser.add_argument("--qemu", action="store_true")
    parser.add_argument("only", nargs="*", help="parts of names of runs, such as pressure-block")
    options = cli.parse(parser)
    options.ncpus = cli.number("NCPUS", options.ncpus, 2, uml.MAX_CPUS)
    options.rounds = cli.number("ROUNDS", options.rounds or "5", 1, 1000)
    # rcuscale divides by a quarter of it.
    options.loops = cli.number("LOOPS", options.loops, 4, 100000)
    options.timeout = cli.number("TIMEOUT", options.timeout or (600 if options.qemu else 60),
                                 1, 86400)
    return options


def execute(options, kernels, images, results):
    """All boots; returns (runs, places, [(label, what went wrong)], [what hung])."""
    runs, places, bad, hung = [], [], [], []
    wanted = [p for p in plan(options) if not options.only or any(o in p[0] for o in options.only)]
    if not wanted:
        raise Failure(f"no run is called {' or '.join(options.only)}")
    for count, (label, name, memory, append, facts) in enumerate(wanted, 1):
        for attempt in range(TRIES):
            console = os.path.join(results, label + (f".{attempt}" if attempt else "") + ".log")
            found, wrong = one_boot(kernels[name], images[name], options, memory, append, console)
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
        word = colour("31", "FAILED") if wrong else colour("32", "ok    ")
        print(f"{word}  {count}/{len(wanted)} {label:<26}{text}   {wrong}".rstrip(), flush=True)
        save(options, results, runs, places, bad, hung)
    return runs, places, bad, hung


def save(options, results, runs, places, bad, hung):
    """Written after each boot, so that what was measured stays when a run is cut short."""
    rows, place_rows = summarise(runs), summarise_places(places)
    text = tables(rows, place_rows)
    with open(os.path.join(results, "table.rst"), "w", encoding="utf-8") as handle:
        handle.write(text)
    with open(os.path.join(results, "results.json"), "w", encoding="utf-8") as handle:
        json.dump({"qemu": options.qemu, "ncpus": options.ncpus, "loops": options.loops,
                   "rounds": options.rounds, "cores": os.cpu_count(), "runs": runs,
                   "places": places, "summary": rows, "place_summary": place_rows,
                   "bad": bad, "hung": hung}, handle, indent=1)
    return rows, text


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


def run_main():
    options = arguments()
    adopt_orphans()
    out = os.path.abspath(options.out)
    results = os.path.join(out, "rcuscale" + ("-qemu" if options.qemu else ""))
    os.makedirs(results, exist_ok=True)
    try:
        with lock(results, "rcuscale"):
            with lock(out, "rcuscale"):
                main_tree = trees.prepare(out, options.linux)
                print(trees.describe(main_tree), flush=True)
            kernels = make_kernels(options, out, results, main_tree)
            program = initramfs.compile_init(os.path.join(BENCH, "rcuscale_init.c"), results)
            images = {name: make_initramfs(kernel, name, program, results)
                      for name, kernel in kernels.items()}
            runs, places, bad, hung = execute(options, kernels, images, results)
            report(*save(options, results, runs, places, bad, hung), hung)
    except verdicts.BadList as error:
        raise Failure(str(error)) from None
    finally:
        kill_descendants()
    total = len(runs) + len(places)
    print(f"{total} passed, {len(bad)} failed")
    if bad:
        raise Failure(f"{bad[0][0]}: {bad[0][1]} (log: {show(results)}/{bad[0][0]}.log)", FAILED)
    return PASSED


if __name__ == "__main__":
    main(run_main)
