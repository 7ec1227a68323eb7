# SPDX-License-Identifier: GPL-2.0
"""Counts the instructions of the fast paths and compares them with the baseline.

The baseline is tools/testing/bench/instructions.list, or instructions-ARCH.list beside it.
A path that grew by more than the tolerance fails; UPDATE=1 writes a new baseline. With
ARCH= the kernel of that architecture runs in QEMU, which counts, and stock is counted,
too. KUNIT=m,y,all has a kernel without KUnit, and with it as a module, built in, and built in
with our suites. No suite runs, and a path that has more instructions than without KUnit, by more than the
tolerance, fails. The data of the result: paths, a list of path, instructions, text and good;
counts, by kernel.
"""

import os

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import UPDATE, Option, is_one, one_of, words
from splitfree.base.paths import show
from splitfree.base.progress import verdict_word
from splitfree.base.results import Result
from splitfree.bench import build, count
from splitfree.bench.run import INIT
from splitfree.kernel import initramfs
from splitfree.runs.frame import Command

KUNIT = ("off", "m", "y", "all")


def kinds(name, text):
    """Reads KUNIT=; what others are compared with comes first."""
    found = words(name, text)
    for word in found:
        if word not in KUNIT:
            raise Failure(f"{name}={text} is unknown; use one of {', '.join(KUNIT)}, several "
                          "with commas between")
    return [word for word in KUNIT if word in ("off", *found)]


def packages(options):
    return ("bench",) if options.arch == count.UML else (f"count-{options.arch}",)


def directory(options):
    """A run with other kernels has a directory of its own."""
    arch = "" if options.arch == count.UML else "-" + options.arch
    return "count" + arch + ("-kunit" if options.kunit != ["off"] else "")


COMMAND = Command(
    "count the instructions of the fast paths, compare with the baseline",
    (UPDATE, Option("STOCK", "", is_one, "1: count in a stock kernel as well"),
     Option("FUNCTIONS", "", is_one, "1: say how many of them each function has"),
     Option("ARCH", count.UML, one_of(*count.ARCHES), "um, or x86_64 or arm64 under QEMU"),
     Option("KUNIT", "off", kinds, "off, m, y, all: kernels without KUnit and with it")),
    packages=packages, own_lock=build.BENCH.name,
    directory=directory)


def check(job):
    if job.options.functions and job.options.arch != count.UML:
        raise Failure("FUNCTIONS=1 is for UML alone, whose kernel is stepped; leave out ARCH=")


def wanted(options):
    """[(name, variant of build.py, fragments, suffix)] of the kernels to count in."""
    found = []
    for variant in build.VARIANTS:
        if variant[1] == "stock" and (options.stock or options.arch != count.UML):
            found.append(("stock", variant, (), ""))
        if variant[1] == "split":
            found += [("split" if kunit == "off" else f"split, KUNIT={kunit}", variant,
                       *build.with_kunit(kunit)) for kunit in options.kunit]
    return found


def measure(job):
    """({kernel: {id: instructions}}, {kernel: by_function()})"""
    arch = job.options.arch
    image = initramfs.small(INIT, job.results) if arch == count.UML else None
    counts, parts = {}, {}
    for name, variant, more, suffix in wanted(job.options):
        kernel = count.make_kernel(job, arch, variant, more, suffix)
        counts[name], parts[name] = count.count(job, arch, kernel, image, job.options.functions)
    return counts, parts


def run(job):
    arch = job.options.arch
    counts, parts = measure(job)
    for i, path in count.PATHS.items():
        for name, found in parts.items():
            for function, nr in found.get(i, []):
                print(f"  {name:<6}{path:<30}{nr:6}  {function}")
    if len(counts) > 1:
        print("\n".join(count.table(counts)))
    if job.options.update:
        count.update(counts["split"], arch)
    path = count.baseline_file(arch)
    with open(path, encoding="utf-8") as handle:
        baseline = count.parse_baseline(handle.read())
    data = {"counts": {name: {count.PATHS[i]: n for i, n in found.items()}
                       for name, found in counts.items()}}
    compiler = count.compiler(arch)
    if compiler not in baseline:
        return Result(0, 0, len(count.PATHS), data, Failure(
            f"{show(path)} has no numbers for {compiler}; measure the code before the change and "
            f"run make count{'' if arch == count.UML else ' ARCH=' + arch} UPDATE=1"))
    rows = [("", *row) for row in count.compare(counts["split"], baseline[compiler])]
    rows += [(name, *row) for name, found in counts.items() if "KUNIT" in name
             for row in count.beside(found, counts["split"], "without KUnit")]
    return report(rows, data)


def report(rows, data):
    """Print them; the Result."""
    for name, path, now, text, good in rows:
        word = "skipped" if good is None else verdict_word(good)
        print(f"{word}  {path:<31} {now:6} instructions, {text}"
              + (f" ({name})" if name else ""))
    bad = [row for row in rows if row[-1] is False]
    skipped = sum(row[-1] is None for row in rows)
    data["paths"] = [dict(zip(("kernel", "path", "instructions", "text", "good"),
                              (row[0] or "split", *row[1:]))) for row in rows]
    failure = None
    if bad:
        name, path = bad[0][:2]
        failure = Failure(
            f"the path '{path}' has more instructions with KUnit ({name})" if name else
            f"the path '{path}' grew; make it shorter, or accept it with make count UPDATE=1",
            FAILED)
    return Result(len(rows) - len(bad) - skipped, len(bad), skipped, data, failure)
