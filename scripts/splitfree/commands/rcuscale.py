# SPDX-License-Identifier: GPL-2.0
"""Measures kvfree_rcu() with and without pages from the per-CPU lists.

The kernel's own rcuscale (kfree_rcu_test) runs in a stock kernel and in that of
the series, with the hook and without, in three situations; each run has a boot of
its own, and they take turns. tools/testing/rcuscale/nolock_bench.c compares
__rcu_alloc_page_lockless() with alloc_pages_nolock(). Results: results.json,
table.rst and the consoles, in $(O)/rcuscale or $(O)/rcuscale-qemu. The data of the
result: what results.json has, without each run.
"""


from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import ACCEL, NCPUS, ONLY, QEMU, ROUNDS, TIMEOUT, Option, required
from splitfree.base.paths import show
from splitfree.base.results import Result
from splitfree.bench import rcuscale
from splitfree.kernel import initramfs
from splitfree.runs.frame import Command


def directory(options):
    return "rcuscale-qemu" if options.qemu else "rcuscale"


def packages(options):
    return ("qemu",) if options.qemu else ()


COMMAND = Command(
    "measure kvfree_rcu() in stock and here, under UML (QEMU=1: QEMU)",
    (NCPUS._replace(read=required(2, 64)), TIMEOUT, ROUNDS._replace(default="5"), ACCEL, ONLY,
     QEMU,
     # rcuscale divides by a quarter of it.
     Option("LOOPS", "8", required(4, 100000), "loops of a run", False)),
    packages=packages, directory=directory, own_lock="rcuscale")


def run(job):
    options = job.options
    options.timeout = options.timeout or (600 if options.qemu else 60)
    kernels = rcuscale.make_kernels(job)
    program = initramfs.compile_init(rcuscale.INIT, job.results)
    images = {name: rcuscale.make_initramfs(kernel, name, program, job.results)
              for name, kernel in kernels.items()}
    runs, places, bad, hung = rcuscale.execute(job, kernels, images)
    rows, text, data = rcuscale.save(job, runs, places, bad, hung)
    rcuscale.report(rows, text, hung)
    return Result(len(runs) + len(places), len(bad), 0, data, Failure(
        f"{bad[0][0]}: {bad[0][1]} (log: {show(job.path(bad[0][0]))}.log)", FAILED)
        if bad else None)
