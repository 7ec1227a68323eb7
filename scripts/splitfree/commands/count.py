# SPDX-License-Identifier: GPL-2.0
"""Counts the instructions of the fast paths and compares them with the baseline.

The baseline is tools/testing/bench/instructions.list. A path that grew by more than the
tolerance fails; UPDATE=1 writes a new baseline. The data of the result: paths, a list of
path, instructions, text and good; counts, by kernel.
"""

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import UPDATE, Option, is_one
from splitfree.base.paths import show
from splitfree.base.progress import verdict_word
from splitfree.base.results import Result
from splitfree.bench import build, count
from splitfree.bench.run import INIT
from splitfree.kernel import initramfs
from splitfree.runs.frame import Command

COMMAND = Command(
    "count the instructions of the fast paths, compare with the baseline",
    (UPDATE, Option("STOCK", "", is_one, "1: count in a stock kernel as well"),
     Option("FUNCTIONS", "", is_one, "1: say how many of them each function has")),
    packages=("bench",), own_lock=build.BENCH.name)


def measure(job):
    """({kernel: {id: instructions}}, {kernel: by_function()})"""
    image = initramfs.small(INIT, job.results)
    counts, parts = {}, {}
    for variant in build.VARIANTS:
        if variant[1] == "split" or job.options.stock and variant[1] == "stock":
            kernel = build.build(job, variant)
            counts[variant[1]], parts[variant[1]] = count.count(job, kernel, image,
                                                                job.options.functions)
    return counts, parts


def run(job):
    counts, parts = measure(job)
    for i, path in count.PATHS.items():
        if job.options.stock:
            print(f"stock   {path:<28} {counts['stock'][i]:6} instructions")
        for name, found in parts.items():
            for function, nr in found.get(i, []):
                print(f"  {name:<6}{path:<30}{nr:6}  {function}")
    if job.options.update:
        count.update(counts["split"])
    with open(count.BASELINE, encoding="utf-8") as handle:
        baseline = count.parse_baseline(handle.read())
    data = {"counts": {name: {count.PATHS[i]: n for i, n in found.items()}
                       for name, found in counts.items()}}
    if count.compiler() not in baseline:
        return Result(0, 0, len(count.PATHS), data, Failure(
            f"{show(count.BASELINE)} has no numbers for {count.compiler()}; measure the code "
            "before the change and run make count UPDATE=1"))
    return report(count.compare(counts["split"], baseline[count.compiler()]), data)


def report(rows, data):
    """Print them; the Result."""
    for path, now, text, good in rows:
        print(f"{verdict_word(good)}  {path:<28} {now:6} instructions, {text}")
    bad = [row for row in rows if not row[3]]
    data["paths"] = [dict(zip(("path", "instructions", "text", "good"), row)) for row in rows]
    return Result(len(rows) - len(bad), len(bad), 0, data, Failure(
        f"the path '{bad[0][0]}' grew; make it shorter, or accept it with make count UPDATE=1",
        FAILED) if bad else None)
