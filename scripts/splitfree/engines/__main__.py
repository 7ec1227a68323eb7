# SPDX-License-Identifier: GPL-2.0
"""The words of scripts/ci that are no target:

	jobs		list the jobs of ci/jobs.list, with their shards
	keep NAME DIR	copy what the job NAME left, as ci/jobs.list has it, to DIR
	sum DIR...	add up the results of all shards below the directories
	summary DIR...	the results in these directories as Markdown
	kcidb DIR	the result in this directory as KCIDB has it; kcidb.py has more words
	lava-job KERNEL INITRD	the job of make stress for LAVA; lava.py has more words
	engines		write the parts of the engines' files that depend on ci/jobs.list
"""

import os
import sys

if not __package__:
    # Called by the name of the directory.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from splitfree.base.failures import Failure, main  # noqa: E402
from splitfree.engines import files, joblist, kcidb, keep, lava, summary, total  # noqa: E402


def jobs(arguments):
    if arguments:
        raise Failure("jobs takes no words after it")
    for run in joblist.runs(joblist.read()):
        print(f"{run.name:<22} {run.job.when:<7} {run.job.minutes:>4} min   {run.command}")


WORDS = {"jobs": jobs, "keep": keep.run, "sum": total.run, "summary": summary.run,
         "kcidb": kcidb.run, "lava-job": lava.run, "engines": files.run}


def run_main():
    word, *arguments = sys.argv[1:] or ["help"]
    if word not in WORDS:
        raise Failure(f"there is no {word}; scripts/ci takes a target of make, or "
                      f"{', '.join(WORDS)}")
    return WORDS[word](arguments)


if __name__ == "__main__":
    main(run_main)
