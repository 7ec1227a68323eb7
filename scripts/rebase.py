#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tries the series on another kernel tree and names each hook that does not fit.

Nothing is changed there: the files that the patches touch are copied to
$(O)/rebase. A hunk that does not fit is left out and the rest goes on, so that one
run shows them all; the rejected hunks lie beside the copies, as *.rej.
"""

import os
import re
import shutil

from common import FAILED, PASSED, ROOT, Failure, adopt_orphans, clean_env, colour, main, run, show
import cli
import source as sources
import steps as series
import tree as trees


def touched(diff):
    return sorted(set(re.findall(rb"^diff --git a/\S+ b/(\S+)$", diff, re.M)))


def copy_files(source, target, paths):
    """The files of the other tree that the series changes."""
    for path in paths:
        here = os.path.join(source, path)
        if os.path.isfile(here):
            there = os.path.join(target, path)
            os.makedirs(os.path.dirname(there), exist_ok=True)
            shutil.copyfile(here, there)


def hunk_heads(diff, path):
    part = re.search(rf"^diff --git a/\S+ b/{re.escape(path)}$.*?(?=^diff --git |\Z)",
                     diff.decode("utf-8", "replace"), re.M | re.S)
    return re.findall(r"^@@ .*$", part.group(0), re.M) if part else []


def refused(diff, text):
    """What git apply --reject could not place: ["path, hunk N of M (@@ ...)"]."""
    found, path = [], None
    for row in text.splitlines():
        match = re.match(r"Applying patch (\S+) with \d+ reject", row)
        if match:
            path = match[1]
        match = re.match(r"Rejected hunk #(\d+)", row)
        if match and path:
            heads = hunk_heads(diff, path)
            number = int(match[1])
            head = heads[number - 1] if number <= len(heads) else "?"
            found.append(f"{path}, hunk {number} of {len(heads)} ({head})")
        match = re.match(r"error: (\S+): (No such file or directory|already exists.*|"
                         r"does not exist.*)", row)
        if match:
            found.append(f"{match[1]}: {match[2].lower()}")
    return found


def try_patch(work, name):
    """Apply one patch as far as it goes; returns (hooks refused, hunks that moved)."""
    with open(os.path.join(ROOT, "patches", name), "rb") as handle:
        diff = series.parse_patch(handle.read(), name).diff
    refusals, moved = [], 0
    for part in re.split(rb"^(?=diff --git )", diff, flags=re.M):
        if not part:
            continue
        result = run(["git", "-C", work, "apply", "--reject", "-v", "--whitespace=nowarn"],
                     input=part, env=clean_env(**trees.GIT_ENV, LC_ALL="C"))
        text = result.stderr.decode("utf-8", "replace")
        moved += len(re.findall(r"succeeded at .*offset", text))
        if result.returncode:
            refusals += refused(part, text) or [text.strip().splitlines()[-1]]
    return refusals, moved


def run_main():
    parser = cli.parser(__doc__)
    options = cli.parse(parser)
    if not options.linux:
        raise Failure("make rebase needs a tree to try: LINUX=directory or tarball")
    adopt_orphans()
    work = os.path.join(os.path.abspath(options.out), "rebase")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    steps = series.read_series(ROOT)
    diffs = {}
    for step in steps:
        with open(os.path.join(ROOT, "patches", step.name), "rb") as handle:
            diffs[step.name] = series.parse_patch(handle.read(), step.name).diff
    paths = {p.decode() for diff in diffs.values() for p in touched(diff)}
    overlay = {path for step in steps for path in step.files}
    source = sources.identify(options.linux)
    if source.kind == "directory":
        top = source.path
    else:
        top = os.path.join(work, "source")
        os.makedirs(top)
        sources.extract(source, top)
    version = sources.check_tree(top, source.name)
    run(["git", "init", "-q", work], env=clean_env(**trees.GIT_ENV))
    copy_files(top, work, paths - overlay)
    bad = 0
    print(f"Linux {version} ({source.name}), {len(steps)} steps")
    for step in steps:
        refusals, moved = try_patch(work, step.name)
        refusals += [f"{path}: is in that tree already" for path in step.files
                     if os.path.exists(os.path.join(top, path))]
        word = colour("31", "FAILED") if refusals else colour("32", "ok    ")
        print(f"{word}  {step.name}" + (f"   {moved} hunks moved" if moved else ""), flush=True)
        for text in refusals:
            print("    " + text)
        bad += bool(refusals)
    if source.kind != "directory":
        shutil.rmtree(top)
    print(f"{len(steps) - bad} passed, {bad} failed")
    if bad:
        raise Failure(f"{bad} of the {len(steps)} patches do not fit Linux {version}; bring the "
                      f"hooks that are named above up to date (rejected hunks: {show(work)})",
                      FAILED)
    return PASSED


if __name__ == "__main__":
    main(run_main)
