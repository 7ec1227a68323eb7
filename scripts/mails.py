#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes the series as git format-patch does, and has checkpatch read it.

patches/cover-letter.txt, if there: its first line is the subject of the cover
letter, the rest is the text.
"""

import argparse
import glob
import os
import re
import shutil

from common import (FAILED, PASSED, ROOT, Failure, adopt_orphans, clean_env, lock, main, run, show)
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


def checkpatch(tree, mails, report):
    """Run the tree's checkpatch.pl on each mail; returns the number of errors."""
    errors = 0
    with open(report, "w", encoding="utf-8") as handle:
        for mail in mails:
            if os.path.basename(mail).startswith("0000-"):
                continue
            result = run(["perl", "scripts/checkpatch.pl", "--strict", "--show-types",
                          "--color=never", mail], cwd=tree.path, env=clean_env())
            text = result.stdout.decode("utf-8", "replace")
            handle.write(f"{os.path.basename(mail)}\n{text}{result.stderr.decode()}\n")
            found = re.search(r"^total: (\d+) errors?, (\d+) warnings?(?:, (\d+) checks?)?",
                              text, re.M)
            if not found:
                errors += 1
                print(f"{os.path.basename(mail)}: checkpatch did not finish")
                continue
            errors += int(found.group(1))
            if result.returncode:
                types = sorted(set(re.findall(r"^(?:ERROR|WARNING|CHECK):(\w+)", text, re.M)))
                print(f"{os.path.basename(mail)}: {found.group(0)[7:]} ({', '.join(types)})")
    return errors


def run_main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=os.path.join(ROOT, "out"))
    parser.add_argument("--linux", default="")
    options = parser.parse_args()
    adopt_orphans()
    out = os.path.abspath(options.out)
    with lock(out, "series"):
        tree = trees.prepare(out, options.linux)
        target = os.path.join(out, "series")
        if not tree.lines("rev-list", "-1", "stock..splitfree"):
            raise Failure("patches/series has no step, so there is no mail to write")
        mails = write_mails(tree, target)
        report = os.path.join(target, "checkpatch.txt")
        errors = checkpatch(tree, mails, report)
        print(f"{len(mails)} mails in {show(target)}")
        if errors:
            raise Failure(f"checkpatch found {errors} errors (log: {show(report)}); mend the "
                          "patches that the lines above name", FAILED)
    return PASSED


if __name__ == "__main__":
    main(run_main)
