# SPDX-License-Identifier: GPL-2.0
"""Runs targets in other distributions, in chroots that debootstrap makes below $(O)/distros.

runs/chroots.py says what a name means. Each begins with git and make alone, so that what
our scripts install is tested, too. A line for each target; its log and its result are in
$(O)/distros/NAME. Needs root.
The data of the result: runs, a list of distro, target, status, passed, failed, skipped,
seconds and sentence.
"""

import glob
import os
import shutil
import time

from splitfree.base import results as files
from splitfree.base.failures import COULD_NOT_RUN, FAILED, PASSED, Failure
from splitfree.base.options import Option, words
from splitfree.base.paths import show
from splitfree.base.progress import verdict_word
from splitfree.runs import chroots
from splitfree.runs.frame import Command

COMMAND = Command(
    "run targets in other distributions, in chroots; needs root",
    (Option("DISTROS", "debian12 debian13", chroots.read,
            "debian12, debian13, a suite of the Debian archive, or suite@mirror"),
     Option("TARGETS", "kunit user coverage", words, "what runs in each"),
     Option("LLVM", "", lambda _, text: text, "passed on: 1 or a suffix, for clang"),
     Option("CC", "", lambda _, text: text, "passed on to make user")),
    packages=("distros",), tree=False, own_lock="distros")


def check(job):
    if os.geteuid():
        raise Failure("make distros sets up chroots, which only root can; run it as root, or "
                      "with sudo")
    if job.options.linux:
        raise Failure("make distros uses the source of the Debian archive; leave LINUX= out")


def newest(chroot, target, begun):
    """The result that the target left after begun, wherever below its out; with its path."""
    for path in glob.glob(os.path.join(chroot.home, "out", "*", files.NAME)):
        found = files.read(path)
        if found and found["command"] == target and os.path.getmtime(path) >= begun:
            return path, found
    return None, None


def one(job, chroot, target):
    """Run a target there; returns its row."""
    log = job.path(chroot.name, f"{target}.log")
    files.remove(log, job.path(chroot.name, f"{target}.json"))
    given = " ".join(f"{name}={value}" for name, value in (
        ("JOBS", job.options.jobs), ("LLVM", job.options.llvm), ("CC", job.options.cc)) if value)
    start, begun = time.monotonic(), time.time()
    status = chroot.run(f"scripts/ci {target} {given}".strip(), log)
    row = {"distro": chroot.name, "target": target, "status": status, "passed": 0, "failed": 0,
           "skipped": 0, "sentence": "", "seconds": round(time.monotonic() - start, 1)}
    path, result = newest(chroot, target, begun)
    if result:
        row.update({key: result[key] for key in ("passed", "failed", "skipped", "sentence")})
        shutil.copy(path, job.path(chroot.name, f"{target}.json"))
    elif status in (PASSED, FAILED):
        row.update(status=COULD_NOT_RUN, sentence="it left no result")
    return row


def line(row, log):
    counts = f"{row['passed']} passed" + (f", {row['failed']} failed" if row["failed"] else "") \
        + (f", {row['skipped']} skipped" if row["skipped"] else "")
    good = not row["status"]
    return (f"{verdict_word(good)}  {row['distro']:<10} {row['target']:<10} {row['seconds']:5.0f} s"
            f"   {counts}" + ("" if good else f"   {row['sentence'] or show(log)}"))


def run(job):
    rows, result = [], job.partial
    result.data = {"runs": rows}
    for word in job.options.distros:
        chroot = chroots.Chroot(word, job.out)
        os.makedirs(job.path(chroot.name), exist_ok=True)
        note = chroot.make(job.path(chroot.name, "debootstrap.log"))
        if note:
            job.say(f"{chroot.name}: {note}")
        chroot.bring()
        job.say(f"{chroot.name}: {chroot.describe()}")
        for target in job.options.targets:
            row = one(job, chroot, target)
            rows.append(row)
            job.say(line(row, job.path(chroot.name, f"{target}.log")))
            good = not row["status"]
            result.passed, result.failed = result.passed + good, result.failed + (not good)
    bad = [row for row in rows if row["status"]]
    if bad:
        first = bad[0]
        log = job.path(first["distro"], f"{first['target']}.log")
        result.failure = Failure(
            f"{first['target']} failed first, on {first['distro']} (log: {show(log)}); read it",
            FAILED if any(row["status"] == FAILED for row in bad) else COULD_NOT_RUN)
    return result
