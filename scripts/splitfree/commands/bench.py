# SPDX-License-Identifier: GPL-2.0
"""Measures stock, the coarse form and the split path side by side.

Results in $(O)/bench: table.txt, results.json and plots. tools/testing/bench/goals.list says what
is measured, and what was promised. Verdicts are compared with those of
the run before. Earlier runs are kept in before/1 and so on. With OWNERS=off the
results are in $(O)/bench-off, with KUNIT=y in $(O)/bench-kunit-y: all kernels have KUnit
built in then, as distributions ship it, and no suite. The data of the result: what
results.json has, without each value.

FROM= makes the table anew from the consoles of a run that was measured, as when
the rules of bench/stats.py have changed.

A goal that is missed is a result: the exit status is 0 then. It is 2 when a
kernel could not be built or did not come to its end.
"""

import os

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import NCPUS, OWNERS, ROUNDS, Option, as_it_is, one_of, required
from splitfree.base.results import Result
from splitfree.bench import build
from splitfree.bench.run import Bench
from splitfree.runs.frame import Command

COMMAND = Command(
    "measure stock, the coarse form and the split path side by side",
    (ROUNDS._replace(default="10"), OWNERS,
     Option("KUNIT", "off", one_of("off", "m", "y"), "KUnit in all kernels, as it is shipped"),
     Option("FROM", "", as_it_is, "make the table anew from a run's consoles"),
     Option("CASES", "", as_it_is, "globs: only these cases"),
     NCPUS._replace(default="", read=as_it_is,
                    text="the same, or several; default: twice those of this machine"),
     Option("SAMPLES", "5", required(1, 16), "samples of a case in a boot", False),
     Option("MS", "80", required(1, 10000), "milliseconds of a sample", False)),
    packages=("bench",), tree=False, own_lock=build.BENCH.name,
    directory=lambda values: "bench" + ("-off" if values.owners == "off" else "")
    + ("" if values.kunit == "off" else f"-kunit-{values.kunit}"))


def check(job):
    if not job.options.measured:
        return
    if not os.path.isdir(job.options.measured):
        raise Failure(f"FROM={job.options.measured} is no directory")
    if job.options.cases:
        raise Failure("FROM= makes the whole table of a run; leave CASES= out")


def again(job):
    """The table of a run that was measured."""
    made = Bench(job, os.path.abspath(job.options.measured))
    made.remake()
    made.report()
    made.write()
    return Result(data=made.summary())


def measure(job):
    made = Bench(job, job.results)
    job.prepare_tree()
    made.build()
    try:
        made.run()
    finally:
        # Keep the rounds before a kernel failed twice, or somebody stopped this.
        if made.done:
            made.report()
            made.write()
            job.partial = Result(data=made.summary())
    return job.partial


def run(job):
    try:
        return again(job) if job.options.measured else measure(job)
    except Failure as failure:
        # A kernel that does not build or boot was not measured; nothing was tested.
        if failure.status == FAILED:
            raise Failure(str(failure)) from None
        raise
