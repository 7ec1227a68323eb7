# SPDX-License-Identifier: GPL-2.0
"""Makes $(O)/linux: the stock source as one commit, then one commit a step."""

from splitfree.base.options import Option, between
from splitfree.runs.frame import Command
from splitfree.source import tree as trees

COMMAND = Command(
    "only prepare the kernel tree, $(O)/linux",
    (Option("UPTO", "", between(0, 10000),
            "as step N leaves it; 0 is the stock source, without it all of the series"),),
    directory="", tree=False)


def run(job):
    upto = job.options.upto
    tree = trees.prepare(job.out, job.options.linux, None if upto == "" else upto)
    print(trees.describe(tree))
