#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes the series as git format-patch does, and has checkers read it, see lint.py.

patches/cover-letter.txt, if there: its first line is the subject of the cover
letter, the rest is the text.
"""

import glob
import os
import re
import shutil
import time

from common import FAILED, PASSED, ROOT, Failure, adopt_orphans, colour, lock, main, show
import cli
import lint as lints
import tree as trees


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


def lint(tree, mails, out, jobs, only):
    """One line a check; returns how many passed, failed and were skipped."""
    target = os.path.join(out, "series")
    mails = [m for m in mails if not os.path.basename(m).startswith("0000-")]
    excuses, used, counts = lints.read_excuses(), set(), [0, 0, 0]
    for name, check in lints.checks(tree, mails, out, jobs):
        if only and not any(word in name for word in only):
            continue
        path = os.path.join(target, re.sub(r"\W+", "-", name.lower()) + ".txt")
        start = time.monotonic()
        try:
            with open(path, "w", encoding="utf-8") as log:
                found = check(log)
        except lints.Skip as skip:
            print(f"{colour('33', 'skipped')} {name:<16} {skip}", flush=True)
            counts[2] += 1
            continue
        used.update(filter(None, (lints.excused(c, excuses) for c in found)))
        bad = [c for c in found if not lints.excused(c, excuses)]
        word = colour("31", "FAILED ") if bad else colour("32", "ok     ")
        print(f"{word} {name:<16} {time.monotonic() - start:4.0f} s   {len(bad)} complaints, "
              f"{len(found) - len(bad)} excused   {show(path)}", flush=True)
        for c in bad[:20]:
            print(f"    {c.path}:{c.line}: {c.kind}: {c.text}")
        counts[bool(bad)] += 1
    if not only and not counts[2]:
        for excuse in excuses:
            if excuse not in used:
                print(f"    scripts/lint.excuses: {excuse.kind} {excuse.path.pattern} is not "
                      "needed any more")
                counts[1] += 1
    return counts


def run_main():
    parser = cli.parser(__doc__)
    parser.add_argument("only", nargs="*", help="parts of the names of checks to run")
    options = cli.parse(parser)
    adopt_orphans()
    out = os.path.abspath(options.out)
    with lock(out, "series"):
        tree = trees.prepare(out, options.linux)
        target = os.path.join(out, "series")
        if not tree.lines("rev-list", "-1", "stock..splitfree"):
            raise Failure("patches/series has no step, so there is no mail to write")
        mails = write_mails(tree, target)
        print(f"{len(mails)} mails in {show(target)}", flush=True)
        passed, failed, skipped = lint(tree, mails, out, options.jobs, options.only)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    if failed:
        raise Failure(f"a checker complains of the series (logs: {show(target)}); mend the lines "
                      "that are named above", FAILED)
    if not passed:
        raise Failure("no checker was run; install what the lines above name")
    return PASSED


if __name__ == "__main__":
    main(run_main)
