#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Builds every step of the series for UML, boots it and runs its suites.

It works in a work tree of its own, so that out/linux stays as it is. A step has
the suites whose symbols exist there; one without a suite must boot and stay
silent. Logs: $(O)/bisect/NNNN.log, the console, and NNNN.build.log.
"""

import os
import re
import shutil
import subprocess
import time

from common import (FAILED, PASSED, ROOT, Failure, adopt_orphans, clean_env, colour,
                    kill_descendants, lock, main, show)
import cli
import steps as series
import tree as trees
import uml
from splitfree.judge import verdict as verdicts

TIMEOUT = 300


def worktree(tree, path):
    """A second work tree of the same repository."""
    if os.path.exists(path):
        if not trees.run(["git", "-C", path, "rev-parse", "HEAD"], env=clean_env()).returncode:
            return trees.Tree(path)
        shutil.rmtree(path)
    tree.git("worktree", "prune")
    tree.git("worktree", "add", "-q", "--detach", path, "stock")
    return trees.Tree(path)


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


def kernel_of(out, tree, commit, results, log, options):
    """Check a commit out and configure for it; returns (kernel, whether it has suites)."""
    config = os.path.join(results, "kunitconfig")
    tree.git("checkout", "-q", "-f", "--detach", commit)
    has_suites = fragment(tree, commit, config)
    kernel = uml.Kernel(out, "", options.jobs, options.verbose, name="bisect", linux=tree.path,
                        fragments=[config])
    kernel.log = os.path.join(results, log + ".build.log")
    return kernel, has_suites


def arguments(doc, low):
    """The options that this and busted.py share."""
    parser = cli.parser(doc)
    parser.add_argument("--ncpus", default="4")
    if low == 1:
        parser.add_argument("--from", dest="first", type=int, default=1, metavar="N",
                            help="leave out the steps before this one")
    else:
        parser.add_argument("only", nargs="*", help="parts of the names of patches to use")
    options = cli.parse(parser)
    options.ncpus = cli.number("NCPUS", options.ncpus, low, uml.MAX_CPUS)
    return options


def run_step(kernel, ncpus, log, more=()):
    """Boot it; returns whether it ended by itself."""
    command = [kernel.binary, *kernel.kernel_args(ncpus), f"pcp_kunit.want_cpus={ncpus}",
               "kunit.enable=1", "mem=1G", "console=tty", "kunit_shutdown=halt", *more]
    with open(log, "wb") as handle:
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=handle,
                           stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False,
                           env=clean_env())
        except subprocess.TimeoutExpired:
            return False
        finally:
            kill_descendants()
    return True


def step(kernel, tree, ncpus, has_suites, log):
    """Build and run what is checked out; returns (good, what to say)."""
    try:
        kernel.build(tree)
    except Failure as failure:
        if failure.status != FAILED:
            raise
        return False, str(failure)
    with open(kernel.log, encoding="utf-8") as handle:
        warnings = len(re.findall(r"\bwarning:", handle.read()))
    ended = run_step(kernel, ncpus, log)
    verdict = verdicts.judge_file(log)
    for line in verdicts.report(verdict, show(log)):
        print("  " + line)
    text = f"{verdict.passed} passed, {verdict.failed} failed, {verdict.skipped} skipped"
    if not ended:
        return False, f"hung and was killed after {TIMEOUT} s; {text}"
    if warnings:
        return False, f"{warnings} warnings of the compiler; {text}"
    if has_suites:
        return verdict.status == PASSED, text
    with open(log, encoding="utf-8", errors="replace") as handle:
        booted = "KTAP version" in handle.read()
    return booted and not verdict.splats, "boots; no suite yet" if booted else "does not boot"


def run_main():
    options = arguments(__doc__, 1)
    adopt_orphans()
    out = os.path.abspath(options.out)
    bad = []
    results = os.path.join(out, "bisect")
    # Its own lock for the long part: make kunit may run beside it.
    with lock(results, "bisect"):
        with lock(out, "bisect"):
            main_tree = trees.prepare(out, options.linux)
            names = [s.name for s in series.read_series(ROOT)]
            commits = main_tree.lines("rev-list", "--reverse", "stock..splitfree")
            if not commits:
                raise Failure(f"{show(main_tree.path)} has no steps to test, as its source has the "
                              "series already; use another with LINUX=")
            tree = worktree(main_tree, os.path.join(results, "linux"))
        for count, (name, commit) in enumerate(zip(names, commits), 1):
            if count < options.first:
                continue
            start = time.monotonic()
            kernel, has_suites = kernel_of(out, tree, commit, results, name[:4], options)
            log = os.path.join(results, f"{name[:4]}.log")
            good, text = step(kernel, tree, options.ncpus, has_suites, log)
            word = colour("32", "ok    ") if good else colour("31", "FAILED")
            print(f"{word}  {name:<40} {time.monotonic() - start:5.0f} s   {text}", flush=True)
            if not good:
                bad.append((name, log))
    ran = max(0, len(names) - options.first + 1)
    print(f"{ran - len(bad)} passed, {len(bad)} failed")
    if bad:
        raise Failure(f"step {bad[0][0]} is the first that fails (log: {show(bad[0][1])})", FAILED)
    if not ran:
        raise Failure("there was no step to test")
    return PASSED


if __name__ == "__main__":
    main(run_main)
