# SPDX-License-Identifier: GPL-2.0
"""Writes the series as git format-patch does, and has checkers read it, see runs/checkers.py.

patches/cover-letter.txt, if there: its first line is the subject of the cover
letter, the rest is the text. The data of the result: checks, a list of name, outcome
(ok, failed, skipped), complaints and excused.
"""

import glob
import os
import re
import shutil
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import ONLY
from splitfree.base.paths import ROOT, show
from splitfree.base.progress import colour
from splitfree.base.results import Result
from splitfree.runs import checkers
from splitfree.runs.frame import Command

COMMAND = Command("write the patches as mails to $(O)/series, and have checkers read them",
                  (ONLY,), packages=("series",))


def write_mails(tree, target):
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    name, address, date = tree.lines("log", "-1", "--format=%an%n%ae%n%ad", "--date=raw",
                                     "splitfree")
    cover = os.path.join(ROOT, "patches", "cover-letter.txt")
    tree.git("format-patch", "-q", "--zero-commit", "--no-signature", "-o", target,
             *(["--cover-letter"] if os.path.exists(cover) else ["--numbered"]),
             "stock..splitfree",
             env={"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": address,
                  "GIT_COMMITTER_DATE": date})
    if os.path.exists(cover):
        with open(cover, encoding="utf-8") as handle:
            subject, _, text = handle.read().partition("\n")
        path = glob.glob(os.path.join(target, "0000-*"))[0]
        with open(path, encoding="utf-8") as handle:
            mail = handle.read()
        mail = mail.replace("*** SUBJECT HERE ***", subject.strip())
        mail = mail.replace("*** BLURB HERE ***", text.strip())
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(mail)
    return sorted(glob.glob(os.path.join(target, "*.patch")))


def run_check(job, name, function, excuses, used):
    """One line; returns the row of the data."""
    path = job.path(re.sub(r"\W+", "-", name.lower()) + ".txt")
    start = time.monotonic()
    try:
        with open(path, "w", encoding="utf-8") as log:
            found = function(log)
    except checkers.Skip as skip:
        job.say(f"{colour('33', 'skipped')} {name:<16} {skip}")
        return {"name": name, "outcome": "skipped", "complaints": [], "excused": 0}
    used.update(filter(None, (checkers.excused(c, excuses) for c in found)))
    bad = [c for c in found if not checkers.excused(c, excuses)]
    word = colour("31", "FAILED ") if bad else colour("32", "ok     ")
    job.say(f"{word} {name:<16} {time.monotonic() - start:4.0f} s   {len(bad)} complaints, "
            f"{len(found) - len(bad)} excused   {show(path)}")
    lines = [f"{c.path}:{c.line}: {c.kind}: {c.text}" for c in bad]
    for line in lines[:20]:
        print("    " + line)
    return {"name": name, "outcome": "failed" if bad else "ok", "complaints": lines[:200],
            "excused": len(found) - len(bad)}


def lint(job, mails):
    """All checks; returns the rows, and how many excuses are not needed."""
    mails = [m for m in mails if not os.path.basename(m).startswith("0000-")]
    excuses, used, rows, idle = checkers.read_excuses(), set(), [], 0
    for name, function in checkers.checks(job, mails):
        if not job.options.only or any(word in name for word in job.options.only):
            rows.append(run_check(job, name, function, excuses, used))
    if not job.options.only and all(row["outcome"] != "skipped" for row in rows):
        for excuse in excuses:
            if excuse not in used:
                print(f"    {show(checkers.EXCUSES)}: {excuse.kind} {excuse.path.pattern} is not "
                      "needed any more")
                idle += 1
    return rows, idle


def run(job):
    if not job.tree.lines("rev-list", "-1", "stock..splitfree"):
        raise Failure("patches/series has no step, so there is no mail to write")
    mails = write_mails(job.tree, job.results)
    job.say(f"{len(mails)} mails in {show(job.results)}")
    rows, idle = lint(job, mails)
    passed, failed, skipped = ([row["outcome"] for row in rows].count(word)
                               for word in ("ok", "failed", "skipped"))
    failure = None
    if failed + idle:
        failure = Failure(f"a checker complains of the series (logs: {show(job.results)}); mend "
                          "the lines that are named above", FAILED)
    elif not passed:
        failure = Failure("no checker was run; install what the lines above name")
    return Result(passed, failed + idle, skipped, {"checks": rows}, failure)
