# SPDX-License-Identifier: GPL-2.0
"""Brings the series to another kernel tree, as far as git can, and names what is left.

Nothing is changed there: the files that the patches touch are copied to
$(O)/rebase/tree, a repository that gets one commit for each step. A step that does not fit
is merged, with the stock source in $(O)/linux as the third version. Where git cannot
decide, the command stops and names file and line. Decide there, and run it again: it goes
on with the next step. Which hunks of the later steps do not fit as they are is said, too;
these lie as *.rej below $(O)/rebase/trial.

When all steps are done $(O)/rebase/patches has them, with patches/series and all else of
patches/. Copy that over patches/ in a branch.

The data of the result: version, headers that files of the series include and that are not
there, and patches, a list of name, how (fits, merged, by hand,
stopped, later), refused, moved, places and there (files that the other tree has already).
"""

import collections
import os
import re
import shutil

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import ROOT, show
from splitfree.base.progress import verdict_word
from splitfree.base.results import Result
from splitfree.runs.frame import Command
from splitfree.source import archive as sources
from splitfree.source import branch, git, series

COMMAND = Command("bring the series to the tree LINUX=, and name the hooks that do not fit",
                  tree=False, own_lock="rebase")

STOPPED, LATER = "stopped", "later"


def hunk_heads(diff):
    return re.findall(r"^@@ .*$", diff.decode("utf-8", "replace"), re.M)


def refused(part, text):
    """Hunks of one file that git apply --reject could not place: ["path, hunk N of M (@@ ...)"]."""
    found, path = [], None
    for row in text.splitlines():
        match = re.match(r"Applying patch (\S+) with \d+ reject", row)
        if match:
            path = match[1]
        match = re.match(r"Rejected hunk #(\d+)", row)
        if match and path:
            heads = hunk_heads(part)
            number = int(match[1])
            head = heads[number - 1] if number <= len(heads) else "?"
            found.append(f"{path}, hunk {number} of {len(heads)} ({head})")
        match = re.match(r"error: (\S+): (No such file or directory|already exists.*|"
                         r"does not exist.*)", row)
        if match:
            found.append(f"{match[1]}: {match[2].lower()}")
    return found


def try_patch(work, diff):
    """Apply one patch as far as it goes; returns (hooks refused, hunks that moved)."""
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


def read_steps():
    """(steps, {name: mail}, {name: diff})"""
    steps, mails = series.read_series(ROOT), {}
    for step in steps:
        with open(os.path.join(ROOT, "patches", step.name), "rb") as handle:
            mails[step.name] = handle.read()
    return steps, mails, {name: series.parse_patch(mail, name).diff
                          for name, mail in mails.items()}


def open_branch(job, top, diffs, left_out):
    """The branch as it was left, or a new one if the kernel's files or the steps changed."""
    old, new = (branch.Branch(job.path(name), diffs) for name in ("tree", "tree.new"))
    shutil.rmtree(new.path, ignore_errors=True)
    os.makedirs(new.path)
    new.begin(top, left_out)
    was = old.start() if os.path.exists(os.path.join(old.path, ".git")) else None
    if was:
        if was == new.start():
            shutil.rmtree(new.path)
            if old.modified() and not old.waits():
                raise Failure(f"{show(old.path)} has changes of yours in "
                              f"{', '.join(old.modified()[:5])}, but no step waits for them; make "
                              "them in a patch later, and drop them here with git -C "
                              f"{show(old.path)} checkout -f HEAD")
            return old
        if old.decided():
            raise Failure(f"{show(old.path)} has what you decided for another kernel or for other "
                          "patches; keep what you need of it and remove that directory")
    shutil.rmtree(old.path, ignore_errors=True)
    os.rename(new.path, old.path)
    return old


def trial_of(job, tree):
    """A work tree beside the branch, to see which hunks fit as they are."""
    path = job.path("trial")
    shutil.rmtree(path, ignore_errors=True)
    tree.git("worktree", "prune")
    tree.git("worktree", "add", "-q", "--detach", path, "HEAD")
    return path


def bring(job, tree):
    """Do the steps up to the first one that needs a person; returns the rows of the data."""
    done, rows, stopped = tree.done(), [], False
    name = next((name for name in tree.steps if name not in done), None)
    if name and tree.waits():
        how = tree.resume(name)
        if how:
            done[name] = how
    trial = trial_of(job, tree)
    for name, diff in tree.steps.items():
        row = {"name": name, "how": done.get(name), "refused": [], "moved": 0, "places": []}
        rows.append(row)
        if row["how"]:
            continue
        if not stopped and not tree.waits():
            git.git(trial, "checkout", "-q", "-f", "--detach", tree.lines("rev-parse", "HEAD")[0])
            git.git(trial, "clean", "-q", "-fdx")
        row["refused"], row["moved"] = try_patch(trial, diff)
        if stopped:
            row["how"] = LATER
            continue
        row["how"] = None if tree.waits() else tree.place(name, job.out)
        if not row["how"]:
            row["how"], row["places"], stopped = STOPPED, tree.places(), True
    return rows


def said(row):
    """The lines that are printed for a step."""
    words = [row["how"]] + ([f"{row['moved']} hunks moved"] if row["moved"] else [])
    lines = row["there"] + (row["places"] or row["refused"])
    word = "later " if row["how"] == LATER else verdict_word(row["how"] != STOPPED
                                                             and not row["there"])
    if row["how"] == LATER:
        words = words[1:]
    return "\n    ".join([f"{word}  {row['name']}   {', '.join(words)}".rstrip(), *lines])


def same(old, new):
    """Are two diffs alike, but for the ids of the files?"""
    return [row for row in old.split(b"\n") if not row.startswith(b"index ")] == [
        row for row in new.split(b"\n") if not row.startswith(b"index ")]


def write_patches(target, mails, old, new):
    """The mails with the diffs of the branch, and all else that is in patches/."""
    shutil.copytree(os.path.join(ROOT, "patches"), target)
    for name, diff in new.items():
        if not same(old[name], diff):
            head = mails[name][:mails[name].index(b"diff --git ")]
            with open(os.path.join(target, name), "wb") as handle:
                handle.write(head + diff)


def lost_headers(tops, files):
    """{header: how many files of the series include it} of those that are in none of the trees."""
    found = collections.Counter()
    for path in sorted(files):
        with open(os.path.join(ROOT, path), encoding="utf-8") as handle:
            text = handle.read()
        names = [os.path.normpath(os.path.join(os.path.dirname(path), name))
                 for name in re.findall(r'^#include "(\.\./.*?)"', text, re.M)]
        names += ["include/" + name for name in re.findall(r"^#include <(linux/.*?)>", text, re.M)]
        found.update(name for name in set(names) - files
                     if not any(os.path.exists(os.path.join(top, name)) for top in tops))
    return dict(found)


def result_of(job, tree, version, rows):
    """The sentence that ends the command."""
    count = {how: sum(row["how"] == how for row in rows)
             for how in (branch.FITS, branch.MERGED, branch.BY_HAND, STOPPED, LATER)}
    there = sum(bool(row["there"]) for row in rows)
    job.say(", ".join(f"{number} {how}" for how, number in count.items() if number))
    failure = None
    if count[STOPPED]:
        row = next(row for row in rows if row["how"] == STOPPED)
        failure = Failure(
            f"{row['name']} has what only you can decide, see above: edit it in {show(tree.path)}, "
            "where git show CHERRY_PICK_HEAD is the step; git add or git rm a file that is not in "
            "that kernel; then run the same command again", FAILED)
    elif there:
        failure = Failure(f"{there} of the {len(rows)} steps bring files that Linux {version} has "
                          "already; give a tree without the series", FAILED)
    bad = sum(row["how"] == STOPPED or bool(row["there"]) for row in rows)
    return Result(len(rows) - bad - count[LATER], bad, count[LATER],
                  {"version": version, "patches": rows}, failure)


def run(job):
    for name in ("source", "patches"):
        shutil.rmtree(job.path(name), ignore_errors=True)
    steps, mails, diffs = read_steps()
    source = sources.identify(job.options.linux, out=job.out)
    top = unpack(job, source)
    version = sources.check_tree(top, source.name)
    files = {path for step in steps for path in step.files}
    tree = open_branch(job, top, diffs, files)
    job.say(f"Linux {version} ({source.name}), {len(steps)} steps")
    rows = bring(job, tree)
    for row, step in zip(rows, steps):
        row["there"] = [f"{path}: is in that tree already" for path in step.files
                        if os.path.exists(os.path.join(top, path))]
        if row["how"] != LATER or row["refused"] or row["there"]:
            job.say(said(row))
    result = result_of(job, tree, version, rows)
    result.data["headers"] = lost_headers([top, tree.path], files)
    for name, number in result.data["headers"].items():
        job.say(f"note: {name} is not in that kernel; files of the series that include it: {number}")
    shutil.rmtree(job.path("source"), ignore_errors=True)
    if not result.failure:
        write_patches(job.path("patches"), mails, diffs, tree.diffs())
        job.say(f"the series for Linux {version}: {show(job.path('patches'))}")
    return result
