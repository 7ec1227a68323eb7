# SPDX-License-Identifier: GPL-2.0
"""Measures what stock and the split path leave in whole blocks, side by side.

Results in $(O)/frag: table.txt, results.json, and a console for each boot, of which the
table is made. With KERNELS=split only those of the split path are measured anew, and
stock's stay as they were. The whole blocks of a load are those after a drain; FIGURES=1
prints all figures. The data of the result: what results.json has.
"""

import os

from splitfree.base.failures import COULD_NOT_RUN, Failure
from splitfree.base.options import ROUNDS, Option, as_it_is, is_one, words
from splitfree.base.results import Result
from splitfree.bench import frag
from splitfree.runs.frame import Command


def kernels(name, text):
    found = words(name, text) or list(frag.KERNELS)
    for word in found:
        if word not in frag.KERNELS:
            raise Failure(f"{name}={word} is none of {', '.join(frag.KERNELS)}")
    return found


COMMAND = Command(
    "measure whole blocks and compaction, stock and split side by side",
    (ROUNDS._replace(default="3"), Option("CASES", "", as_it_is, "globs: only these cases"),
     Option("KERNELS", "", kernels, "stock or split: the other stays as it was measured before"),
     Option("FIGURES", "", is_one, "1: print all figures")),
    own_lock=frag.KIT.name)


def check(job):
    with open(os.path.join(frag.HERE, "cases.list"), encoding="utf-8") as handle:
        job.cases = frag.choose(frag.parse_cases(handle.read()), job.options.cases)


def run(job):
    try:
        built = frag.build(job, job.cases)
    except Failure as failure:
        # A kernel that does not build was not measured; nothing was tested.
        raise Failure(str(failure), COULD_NOT_RUN) from None
    try:
        frag.measure(job, built, job.cases)
    finally:
        # Keep the boots before it failed, or somebody stopped it.
        job.partial = Result(data=frag.report(job, job.cases))
    return job.partial
