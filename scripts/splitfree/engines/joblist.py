# SPDX-License-Identifier: GPL-2.0
"""ci/jobs.list: what each CI engine runs. The list explains its fields."""

import collections
import os

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT, show

PATH = os.path.join(ROOT, "ci/jobs.list")
CHANGE, NIGHT = "change", "night"
# The files that "cases" means.
CASES = ("ktap.log", "junit.xml", "results.json", "console.log", "build.log", "failed")
MOST_SHARDS = 99
# The words for "needs", with the Debian packages that each means.
NEEDS = {"-": "", "uml": "",
         "checkers": "npm python3-jsonschema python3-pip python3-yaml shellcheck"}
# The job that keeps the kernel source for the others.
KEEPS_SOURCE = "kunit"

Job = collections.namedtuple("Job", "name command minutes when shards needs cache results files")
# One machine's part of a job. first: it is the one of its compiler cache that keeps it.
Run = collections.namedtuple("Run", "name command first job")


def parse_line(line, where):
    fields = [field.strip() for field in line.split("|")]
    if len(fields) != len(Job._fields):
        raise Failure(f"{where}: want {' | '.join(Job._fields)}")
    name, command, minutes, when, shards, needs, cache, results, files = fields
    good = (minutes.isdigit() and shards.isdigit() and 1 <= int(shards) <= MOST_SHARDS
            and when in (CHANGE, NIGHT) and needs in NEEDS and command and name)
    if not good:
        raise Failure(f"{where}: minutes and shards are numbers, when is {CHANGE} or {NIGHT}, "
                      f"needs is one of {', '.join(NEEDS)}")
    kept = [word for field in files.split() if field != "-"
            for word in (CASES if field == "cases" else (field,))]
    return Job(name, command, int(minutes), when, int(shards), "" if needs == "-" else needs,
               "" if cache == "-" else cache, results, tuple(kept))


def parse(text, where="ci/jobs.list"):
    jobs = [parse_line(line, f"{where}:{number}")
            for number, line in enumerate(text.splitlines(), 1)
            if line.strip() and not line.startswith("#")]
    names = [job.name for job in jobs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Failure(f"{where}: {', '.join(twice)} is there twice")
    return jobs


def read(path=PATH):
    with open(path, encoding="utf-8") as handle:
        return parse(handle.read(), show(path))


def split_command(command):
    """(target, {NAME: value})"""
    target, *given = command.split()
    return target, dict(word.split("=", 1) for word in given)


def runs(jobs, when=None):
    """Each job, or each shard of it, with when among its jobs. The caches are of all jobs."""
    found, caches = [], set()
    for job in jobs:
        first = bool(job.cache) and job.cache not in caches
        caches.add(job.cache)
        for shard in range(1, job.shards + 1):
            if when and job.when != when:
                continue
            alone = job.shards == 1
            found.append(Run(job.name if alone else f"{job.name}-{shard}of{job.shards}",
                             job.command if alone else f"{job.command} SHARD={shard}/{job.shards}",
                             first and shard == 1, job))
    return found


def named(name, jobs):
    """The run with a name."""
    for run in runs(jobs):
        if run.name == name:
            return run
    raise Failure(f"{name} is no job of {show(PATH)}")
