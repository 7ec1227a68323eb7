# SPDX-License-Identifier: GPL-2.0
"""Times the longest sections of the page allocator, stock and split side by side.

With interrupts off, with preemption off, under pcp->lock and under zone->lock, for each
phase of tools/testing/latency/goals.list; and how often idle CPUs wake up. The kernel's own
trace points time them, under QEMU, whose clock goes on by a nanosecond with each
instruction. So the figures are the same on any host. Each of the ROUNDS= boots has its own
seed, and the longest section of all counts.

Results in $(O)/latency: table.txt, results.json, and a console for each boot. FIGURES=1
prints all callers. Each row of several phases is a test, and that of an idle minute: it fails
when it is more than 5 % above stock. The row of a single phase is a result, whatever it
says. The data of the result: rows, with the callers of each.
"""

from splitfree.base import results as files
from splitfree.base.failures import COULD_NOT_RUN, FAILED, Failure
from splitfree.base.paths import show
from splitfree.base.options import ROUNDS, Option, is_one
from splitfree.base.results import Result
from splitfree.bench import latency, stats
from splitfree.runs.frame import Command

COMMAND = Command(
    "time the longest sections with interrupts off and under locks, stock and split",
    (ROUNDS._replace(default="3"), Option("FIGURES", "", is_one, "1: print all callers")),
    packages=("count-" + latency.ARCH,), own_lock=latency.KIT.name)


def report(job, data):
    """The table; returns the Result."""
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
    tests = [row for row in rows if latency.is_test(row)]
    short = [row for row in tests if latency.is_short(row)]
    failure = Failure(f"{short[0].what}, {latency.KINDS.get(short[0].kind, 'wake-ups')}: "
                      f"{short[0].goal} was missed by more than 5 % (table: "
                      f"{show(job.path('table.txt'))}); the table names the function",
                      FAILED) if short else None
    return Result(len(tests) - len(short), len(short), data=found, failure=failure)


def check(job):
    job.goals = latency.read_goals()


def run(job):
    try:
        data = latency.measure(job)
    except Failure as failure:
        raise Failure(str(failure), COULD_NOT_RUN) from None
    return report(job, data)
