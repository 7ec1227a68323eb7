# SPDX-License-Identifier: GPL-2.0
"""Tries the series on another kernel tree and names each hook that does not fit.

Nothing is changed there: the files that the patches touch are copied to
$(O)/rebase/tree. A hunk that does not fit is left out and the rest goes on, so that one
run shows them all; the rejected hunks lie beside the copies, as *.rej.
The data of the result: version, and patches, a list of name, refused and moved.
"""

import os
import re
import shutil

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import ROOT, show
from splitfree.base.progress import verdict_word
from splitfree.base.results import Result
from splitfree.runs.frame import Command
from splitfree.source import archive as sources
from splitfree.source import git, series

COMMAND = Command("try the series on the tree LINUX=, and name the hooks that do not fit",
                  tree=False, own_lock="rebase")


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
    """Hunks that git apply --reject could not place: ["path, hunk N of M (@@ ...)"]."""
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
        result = git.git(work, "apply", "--reject", "-v", "--whitespace=nowarn", input=part)
        text = result.stderr.decode("utf-8", "replace")
        moved += len(re.findall(r"succeeded at .*offset", text))
        if result.returncode:
            refusals += refused(part, text) or [text.strip().splitlines()[-1]]
    return refusals, moved


def unpack(job, source):
    """The top of the other tree."""
    if source.kind == "directory":
        return source.path
    top = job.path("source")
    os.makedirs(top)
    sources.extract(source, top)
    return top


def check(job):
    if not job.options.linux:
        raise Failure("make rebase needs a tree to try: LINUX=directory or tarball")


def run(job):
    work = job.path("tree")
    for path in (work, job.path("source")):
        shutil.rmtree(path, ignore_errors=True)
    os.makedirs(work)
    steps = series.read_series(ROOT)
    diffs = []
    for step in steps:
        with open(os.path.join(ROOT, "patches", step.name), "rb") as handle:
            diffs.append(series.parse_patch(handle.read(), step.name).diff)
    paths = {p.decode() for diff in diffs for p in touched(diff)}
    source = sources.identify(job.options.linux, out=job.out)
    top = unpack(job, source)
    version = sources.check_tree(top, source.name)
    git.git(job.results, "init", "-q", work)
    copy_files(top, work, paths - {path for step in steps for path in step.files})
    rows = []
    job.say(f"Linux {version} ({source.name}), {len(steps)} steps")
    for step in steps:
        refusals, moved = try_patch(work, step.name)
        refusals += [f"{path}: is in that tree already" for path in step.files
                     if os.path.exists(os.path.join(top, path))]
        job.say(f"{verdict_word(not refusals)}  {step.name}"
                + (f"   {moved} hunks moved" if moved else "")
                + "".join(f"\n    {text}" for text in refusals))
        rows.append({"name": step.name, "refused": refusals, "moved": moved})
    shutil.rmtree(job.path("source"), ignore_errors=True)
    bad = sum(bool(row["refused"]) for row in rows)
    return Result(len(rows) - bad, bad, 0, {"version": version, "patches": rows}, Failure(
        f"{bad} of the {len(rows)} patches do not fit Linux {version}; bring the "
        f"hooks that are named above up to date (rejected hunks: {show(work)})", FAILED)
        if bad else None)
