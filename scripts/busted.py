#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Breaks the kernel on purpose, one way at a time, and expects a test to notice.

Each patch in tools/testing/busted names the case that catches it. It is built
for UML in the work tree of steps_bisect.py, and that case is run: it has to fail, or
the kernel has to complain. A broken kernel that passes is a failure.
"""

import os
import re
import time

from common import FAILED, PASSED, ROOT, Failure, adopt_orphans, colour, lock, main, run, show
from steps_bisect import arguments, kernel_of, run_step, worktree
import tree as trees
from splitfree.judge import verdict as verdicts

PATCHES = os.path.join(ROOT, "tools/testing/busted")
# No run of make check would find out that these do not fit any more.
OTHERS = [os.path.join(ROOT, "tools/testing/bench", name)
          for name in ("coarse.patch", "rcuscale-series.patch")]


def patches(wanted):
    names = sorted(n for n in os.listdir(PATCHES) if n.endswith(".patch"))
    chosen = [n for n in names if not wanted or any(w in n for w in wanted)]
    if not chosen:
        raise Failure(f"no patch in {show(PATCHES)} is called {' or '.join(wanted)}")
    return chosen


def catcher(name):
    with open(os.path.join(PATCHES, name), encoding="utf-8") as handle:
        match = re.search(r"^Caught-by: (\S+)\.(\S+)$", handle.read(), re.M)
    if not match:
        raise Failure(f"{show(PATCHES)}/{name} has no Caught-by: suite.case")
    return match.groups()


def stale(tree):
    """[(path, git's words)] of all patches, chosen or not, that no longer apply."""
    found = []
    for path in [os.path.join(PATCHES, name) for name in patches([])] + OTHERS:
        result = run(["git", "-C", tree.path, "apply", "--check", path])
        if result.returncode:
            found.append((path, result.stderr.decode("utf-8", "replace").strip().splitlines()[0]))
    return found


def bust(tree, kernel, name, ncpus, log):
    """Build and run one of them; returns (caught, what to say)."""
    suite, case = catcher(name)
    result = run(["git", "-C", tree.path, "apply", os.path.join(PATCHES, name)])
    if result.returncode:
        return False, "does not apply: " + result.stderr.decode().strip().splitlines()[0]
    kernel.build(tree)
    ended = run_step(kernel, ncpus, log, [f"kunit.filter_glob={suite}.{case}"])
    verdict = verdicts.judge_file(log)
    if verdict.splats:
        return True, f"caught by a complaint of the kernel: {verdict.splats[0].text[:60]}"
    if not ended:
        return True, f"caught: {suite}.{case} hangs"
    if any(case in failure for failure in verdict.failures):
        return True, f"caught by {suite}.{case}"
    if verdict.failed:
        return True, f"caught: {verdict.failures[0] if verdict.failures else 'a test failed'}"
    if verdict.status == FAILED:
        return True, f"caught: {verdict.reason}"
    return False, f"not noticed by {suite}.{case} ({verdicts.summary(verdict)})"


def run_main():
    options = arguments(__doc__, 2)
    adopt_orphans()
    out = os.path.abspath(options.out)
    results = os.path.join(out, "busted")
    os.makedirs(results, exist_ok=True)
    escaped = []
    with lock(os.path.join(out, "bisect"), "busted"):
        with lock(out, "busted"):
            main_tree = trees.prepare(out, options.linux)
            tip = main_tree.lines("rev-parse", "splitfree")[0]
            tree = worktree(main_tree, os.path.join(out, "bisect", "linux"))
        for path, text in stale(main_tree):
            raise Failure(f"{show(path)} does not apply: {text}; mend the patch", FAILED)
        names = patches(options.only)
        for name in names:
            start = time.monotonic()
            kernel, _ = kernel_of(out, tree, tip, results, name[:-6], options)
            log = os.path.join(results, name[:-6] + ".log")
            try:
                caught, text = bust(tree, kernel, name, options.ncpus, log)
            finally:
                tree.git("checkout", "-q", "-f", "--detach", tip)
            word = colour("32", "ok    ") if caught else colour("31", "FAILED")
            print(f"{word}  {name[:-6]:<32} {time.monotonic() - start:5.0f} s   {text}",
                  flush=True)
            if not caught:
                escaped.append((name, log))
    print(f"{len(names) - len(escaped)} passed, {len(escaped)} failed")
    if escaped:
        raise Failure(f"{escaped[0][0]} was not caught (log: {show(escaped[0][1])})", FAILED)
    return PASSED


if __name__ == "__main__":
    main(run_main)
