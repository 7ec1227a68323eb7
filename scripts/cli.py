# SPDX-License-Identifier: GPL-2.0
"""The options that the scripts share: what the Makefile's O, LINUX, JOBS and V become."""

import argparse
import os

from common import ROOT, Failure, jobs_default


def number(name, text, low, high):
    """The value of a variable; says what is wrong with it before any work is done."""
    if not str(text).isdigit() or not low <= int(text) <= high:
        raise Failure(f"{name}={text} is no number from {low} to {high}")
    return int(text)


def parser(doc):
    made = argparse.ArgumentParser(description=doc.splitlines()[0])
    made.add_argument("--out", default=os.path.join(ROOT, "out"))
    made.add_argument("--linux", default="")
    made.add_argument("--jobs", default="")
    made.add_argument("--verbose", action="store_true")
    return made


def parse(made):
    options = made.parse_args()
    options.jobs = number("JOBS", options.jobs or jobs_default(), 1, 4096)
    return options
