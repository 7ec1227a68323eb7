# SPDX-License-Identifier: GPL-2.0
"""Measures what stock and the split path leave in whole blocks, side by side.

Results in $(O)/frag: table.txt, results.json, and a console for each boot; the table is
made of the consoles. With KERNELS=split only the split path is measured anew, and the
figures of stock stay as they were. Cases age_* have a plot of whole blocks over time. The
whole blocks of a load are those after a drain; FIGURES=1 prints all figures.
tools/testing/frag/goals.list has the goals. A goal that is missed is a result, and the
exit status is 0 then. The data of the result: what results.json has, without each boot.
With OWNERS=off the results are in $(O)/frag-off and so on.

QEMU=1 boots x86-64 kernels, and has a program in the guest: huge pages by faults, by
khugepaged and in hugetlb's pool, swap on zram, and the OOM killer. Its cases are in
tools/testing/frag/qemu.list, its results in $(O)/frag-qemu.

QUICK=1 is the stage of make check, and with QEMU=1 of make check-all: few cases, in
$(O)/frag-quick or frag-qemu-quick. Each row with a goal is
a test, which fails when the row is below 0.95 of its goal. Rows within 0.95 of it pass,
as so few rounds tell no more.
"""

import re

from splitfree.base.failures import COULD_NOT_RUN, FAILED, Failure
from splitfree.base.paths import show
from splitfree.base.options import (ACCEL, OWNERS, QEMU, ROUNDS, Option, as_it_is, between,
                                    is_one, words)
from splitfree.base.results import Result
from splitfree.base.shards import SHARD
from splitfree.bench import frag, fragqemu
from splitfree.runs.frame import Command


def kernels(name, text):
    found = words(name, text) or list(frag.KERNELS)
    for word in found:
        if word not in frag.KERNELS:
            raise Failure(f"{name}={word} is none of {', '.join(frag.KERNELS)}")
    return found


def directory(values):
    return ("frag" + ("-qemu" if values.qemu else "") + ("-quick" if values.quick else "")
            + ("-off" if values.owners == "off" else ""))


def packages(values):
    return (("qemu",) if values.qemu else ()) + (() if values.quick else ("bench",))


COMMAND = Command(
    "measure whole blocks and compaction, stock and split side by side",
    (ROUNDS._replace(default="5"), SHARD, QEMU, ACCEL, OWNERS,
     Option("CASES", "", as_it_is, "globs: only these cases"),
     Option("KERNELS", "", kernels, "stock or split: the other stays as it was measured before"),
     Option("QUICK", "", is_one, "1: few cases, as a test"),
     Option("AGE_SECONDS", "", between(10, 86400), "how long a case age_* takes; default: 1200"),
     Option("FIGURES", "", is_one, "1: print all figures")),
    packages=packages, directory=directory, own_lock=frag.KIT.name)


def check(job):
    job.goals = frag.read_list("goals.list", frag.goals_of)
    if job.options.owners == "off":
        # Nothing is pushed, so the zone has them all.
        job.goals = [goal for goal in job.goals if not re.search("pushed|locks", goal.figure)]
    job.cases = frag.choose(
        frag.read_list(fragqemu.CASES if job.options.qemu else "cases.list", frag.parse_cases),
        job.options.cases, job.options.quick)
    job.cases = job.options.shard.weighed(job.cases, lambda case: frag.cost(job, case))


def result_of(job):
    """The Result of the consoles."""
    data, tests = frag.report(job, job.cases)
    if not job.options.quick:
        return Result(data=data)
    short = [row for row in tests if row.short]
    failure = None
    if short:
        failure = Failure(f"{short[0].case}, {short[0].figure}: {short[0].goal.text} was missed "
                          f"by more than 5 % (table: {show(job.path('table.txt'))}); measure it "
                          f"alone with make frag CASES={short[0].case}", FAILED)
    return Result(len(tests) - len(short), len(short), data=data, failure=failure)


def run(job):
    try:
        built = frag.build(job, job.cases)
    except Failure as failure:
        # A kernel that does not build was not measured; nothing was tested.
        raise Failure(str(failure), COULD_NOT_RUN) from None
    try:
        frag.measure(job, built, job.cases)
    except BaseException:
        # Keep the boots before it failed, or somebody stopped it.
        job.partial = Result(data=frag.report(job, job.cases)[0])
        raise
    return result_of(job)
