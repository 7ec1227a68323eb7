# SPDX-License-Identifier: GPL-2.0
"""scripts/ci engines: the parts of the CI engines' files that depend on ci/jobs.list.

The files are written by hand, but for the lines between "# begin NAME" and "# end NAME".
"""

import os
import re

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT, show
from splitfree.engines import joblist

AROUND = 15
GITHUB, GITLAB = ".github/workflows/", ".gitlab-ci.yml"


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mapping(pairs):
    """One line of YAML."""
    return "- {" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"


def github(run):
    """The limit is that of the whole job: the steps around the command take minutes, too."""
    return mapping((("name", run.name), ("command", quoted(run.command)),
                    ("minutes", run.job.minutes), ("limit", run.job.minutes + AROUND),
                    ("uml", str(run.job.needs == "uml").lower()),
                    ("programs", quoted(joblist.NEEDS[run.job.needs or "-"])),
                    ("cache", quoted(run.job.cache)), ("saves", str(run.first).lower())))


def gitlab(run):
    """GitLab knows strings alone."""
    return mapping((("NAME", run.name), ("COMMAND", quoted(run.command)),
                    ("MINUTES", quoted(str(run.job.minutes))),
                    ("CACHE", quoted(run.job.cache or "none")),
                    ("POLICY", policy(run.first)),
                    ("SOURCE", policy(run.name == joblist.KEEPS_SOURCE)),
                    ("PROGRAMS", quoted(joblist.NEEDS[run.job.needs or "-"]))))


def policy(writes):
    return "pull-push" if writes else "pull"


def entries(when, render):
    return lambda jobs: [render(run) for run in joblist.runs(jobs, when)]


# {file: {block: function of the jobs that returns its lines}}
BLOCKS = {
    GITHUB + "check.yml": {"change": entries(joblist.CHANGE, github)},
    GITHUB + "nightly.yml": {"night": entries(joblist.NIGHT, github)},
    GITLAB: {"change": entries(joblist.CHANGE, gitlab), "night": entries(joblist.NIGHT, gitlab)},
}


def replaced(text, name, lines, where):
    """The text with the lines of a block."""
    pattern = re.compile(rf"^( *)# begin {name}\b[^\n]*\n(.*?)^ *# end {name}$", re.M | re.S)
    found = pattern.findall(text)
    if len(found) != 1:
        raise Failure(f"{where} has not one block from # begin {name} to # end {name}")
    blanks = found[0][0]
    return pattern.sub(lambda match: match.group().split("\n", 1)[0] + "\n"
                       + "".join(f"{blanks}{line}\n" for line in lines)
                       + f"{blanks}# end {name}", text)


def whole(path, text, jobs):
    """A file's text as the list wants it."""
    for name, lines in BLOCKS[path].items():
        text = replaced(text, name, lines(jobs), path)
    return text


def differing(jobs, root=ROOT):
    """{path: the text that it should have} of the files that differ from the list."""
    found = {}
    for path in BLOCKS:
        with open(os.path.join(root, path), encoding="utf-8") as handle:
            text = handle.read()
        wanted = whole(path, text, jobs)
        if wanted != text:
            found[path] = wanted
    return found


def run(arguments):
    if arguments:
        raise Failure("engines takes no words after it")
    for path, text in differing(joblist.read()).items():
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as handle:
            handle.write(text)
        print(f"wrote {show(os.path.join(ROOT, path))}")
