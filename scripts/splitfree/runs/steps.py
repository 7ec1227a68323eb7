# SPDX-License-Identifier: GPL-2.0
"""Builds and boots what is checked out in the work tree of make bisect and make busted."""

import os
import re

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import ROOT
from splitfree.kernel import guest, uml
from splitfree.runs import kunit
from splitfree.source.worktree import checkout, worktree

LIMIT = 300
# Below $(O): the work tree, its build directory, and the lock of both.
PLACE = "bisect"


def prepare(job):
    """The work tree, which both commands share."""
    return worktree(job.tree, os.path.join(job.out, PLACE, "linux"))


def fragment(tree, commit, path):
    """.kunitconfig without the symbols that this step does not have yet."""
    with open(os.path.join(ROOT, ".kunitconfig"), encoding="utf-8") as handle:
        lines = handle.read().splitlines()
    wanted = {m.group(1) for m in (re.match(r"CONFIG_(\w+)=", line) for line in lines) if m}
    known = set()
    for row in tree.lines("grep", "-hE", r"^\s*(menu)?config [A-Z0-9_]+$", commit, "--",
                          "*Kconfig*"):
        known.add(row.split()[-1])
    lost = wanted - known
    text = "\n".join(line for line in lines
                     if not re.match(r"CONFIG_(%s)=" % ("|".join(lost) or "$"), line)) + "\n"
    # Unchanged, it must not make kunit.py configure anew.
    old = None
    if os.path.exists(path):
        with open(path, encoding="utf-8") as handle:
            old = handle.read()
    if old != text:
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
    return any(symbol.endswith("KUNIT_TEST") for symbol in wanted - lost)


def kernel_of(job, tree, commit, name):
    """Check a commit out and configure for it; returns (kernel, whether it has suites)."""
    config = job.path("kunitconfig")
    checkout(tree, commit)
    has_suites = fragment(tree, commit, config)
    return uml.kernel(job.out, PLACE, [config], tree.path, job.path(name + ".build.log"),
                      job.options), has_suites


def built(kernel, tree):
    """Build it; returns why that failed, or None."""
    try:
        kernel.build(tree)
    except Failure as failure:
        if failure.status != FAILED:
            raise
        return str(failure)
    return None


def boot(job, kernel, log, suite=""):
    """Boot it with its suites; returns whether it ended by itself."""
    append = kunit.arguments(job.options.ncpus, suite)
    args = uml.command(kernel, job.out, job.options.ncpus, append)
    return not guest.run(args, log, LIMIT, os.path.basename(log),
                         env=uml.run_environment(kernel, job.out),
                         verbose=job.options.verbose, batch=True).late
