# SPDX-License-Identifier: GPL-2.0
"""scripts/ci keep NAME DIRECTORY: what a job left behind, for an engine to store.

It has result.json, ktap.log, junit.xml and the files that ci/jobs.list names. After a failure
it has each log as well. The directory is named after the job, so that the parts of several
can lie in one.
"""

import glob
import os
import shutil

from splitfree.base import results
from splitfree.base.failures import PASSED, Failure
from splitfree.base.paths import ROOT, show
from splitfree.engines import joblist
from splitfree.runs import frame

LOGS = ("*.log", "log", "*.txt")


def keep(job, source, target):
    """Copy what is there; returns the names."""
    record = results.read(os.path.join(source, results.NAME))
    wanted = [results.NAME, *frame.CASES, *job.files]
    if not record or record["status"] != PASSED:
        wanted += [os.path.relpath(path, source) for pattern in LOGS
                   for path in sorted(glob.glob(os.path.join(source, pattern)))]
    kept = []
    for name in dict.fromkeys(wanted):
        path = os.path.join(source, name)
        if os.path.isdir(path):
            shutil.copytree(path, os.path.join(target, name), dirs_exist_ok=True)
        elif os.path.exists(path):
            os.makedirs(target, exist_ok=True)
            shutil.copy2(path, os.path.join(target, name))
        else:
            continue
        kept.append(name)
    return kept


def run(arguments, out=os.path.join(ROOT, "out")):
    if len(arguments) != 2:
        raise Failure("say which job, and where to: scripts/ci keep NAME DIRECTORY")
    name, target = arguments
    job = joblist.named(name, joblist.read()).job
    kept = keep(job, os.path.join(out, job.results), os.path.join(target, name))
    print(f"{show(os.path.join(target, name))}: {', '.join(kept) or 'nothing was left'}")
