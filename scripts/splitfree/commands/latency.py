# SPDX-License-Identifier: GPL-2.0
"""Times the longest sections of the page allocator, stock and split side by side.

With interrupts off, with preemption off, under pcp->lock and under zone->lock, for each
phase of tools/testing/latency/goals.list; and how often idle CPUs wake up. The kernel's own
trace points time them, under QEMU, whose clock goes on by a nanosecond with each
instruction. So the figures are the same on any host. Each of the ROUNDS= boots has its own
seed, and the longest section of all counts.

Results in $(O)/latency: table.txt, results.json, and a console for each boot. FIGURES=1
prints all callers. A goal that is missed is a result, and the exit status is 0 then. The
data of the result: rows, with the callers of each.
"""

from splitfree.base import results as files
from splitfree.base.failures import COULD_NOT_RUN, Failure
from splitfree.base.options import ROUNDS, Option, is_one
from splitfree.base.results import Result
from splitfree.bench import latency, stats
from splitfree.runs.frame import Command

COMMAND = Command(
    "time the longest sections with interrupts off and under locks, stock and split",
    (ROUNDS._replace(default="3"), Option("FIGURES", "", is_one, "1: print all callers")),
    packages=("count-" + latency.ARCH,), own_lock=latency.KIT.name)


def report(job, data):
    """The table; returns the data of the result."""
    rows = latency.rows_of(job.goals, data)
    text = (f"Linux {job.tree.state['version']}, series "
            f"{job.tree.lines('rev-parse', '--short', 'splitfree')[0]}; instructions\n\n"
            + latency.table(rows, job.options.figures) + "\n\n"
            + stats.count([row.verdict for row in rows]))
    print(text)
    with open(job.path("table.txt"), "w", encoding="utf-8") as handle:
        handle.write(text + "\n")
    found = {"kernel": job.tree.state["version"],
             "series": job.tree.lines("rev-parse", "--short", "splitfree")[0],
             "rows": [latency.row_data(row) for row in rows]}
    files.write_json(job.path("results.json"), found)
    return found


def check(job):
    job.goals = latency.read_goals()


def run(job):
    try:
        data = latency.measure(job)
    except Failure as failure:
        raise Failure(str(failure), COULD_NOT_RUN) from None
    return Result(data=report(job, data))
