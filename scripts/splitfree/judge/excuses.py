# SPDX-License-Identifier: GPL-2.0
"""The two formats of the lists of exceptions in tools/testing/excuses/.

Most have one entry a line, fields divided by " | ", the last of them the reason:

    [YYYY-MM-DD |] field | ... | reason

An entry with a day excuses nothing after it. A field may hold a bar itself; only the last
of them.

An exception for a change of code quotes lines, which may hold anything. So it is a block,
with an empty line between two of them:

    FILE FUNCTION
    -the line as it is
    +the line as it is changed
      the reason, indented

Lines that begin with # are comments in both.
"""

import collections
import datetime
import re

from splitfree.base.failures import Failure

# until: the last day, or None. fields: as the list has them. where: for messages.
Entry = collections.namedtuple("Entry", "until fields reason where")
Excuse = collections.namedtuple("Excuse", "until pattern reason")
Change = collections.namedtuple("Change", "file function old new reason line")


class BadList(Failure):
    """A list cannot be used."""


# One entry a line --------------------------------------------------------------

def entries(path, fields, dated=False, show=str):
    """The entries of a list. fields: how many each has; dated: each has to have a day."""
    found = []
    with open(path, encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            if not line.strip() or line.startswith("#"):
                continue
            found.append(entry(line, fields, dated, f"{show(path)}:{number}"))
    return found


def entry(line, fields, dated, where):
    first, _, rest = line.strip().partition(" | ")
    until = day(first)
    if dated and not until:
        raise BadList(f"{where}: no day at the start (YYYY-MM-DD)")
    if not until:
        rest = line.strip()
    rest, _, reason = rest.rpartition(" | ")
    parts = [part.strip() for part in rest.split(" | ", fields - 1)]
    if len(parts) != fields or not all(parts) or not reason.strip():
        raise BadList(f"{where}: want {'day | ' if dated else ''}{fields} field(s) | reason")
    return Entry(until, parts, reason.strip(), where)


def day(text):
    try:
        return datetime.date.fromisoformat(text.strip())
    except ValueError:
        return None


def read(path, dated=True):
    """A list of patterns for lines of a log."""
    found = []
    for one in entries(path, 1, dated):
        try:
            found.append(Excuse(one.until, re.compile(one.fields[0]), one.reason))
        except re.error as error:
            raise BadList(f"{one.where}: {error}") from None
    return found


def holds(excuse, today):
    return not excuse.until or not today or excuse.until >= today


# Blocks ------------------------------------------------------------------------

def changes(path, show=str):
    """The entries of a list of changes."""
    found, block = [], []
    with open(path, encoding="utf-8") as handle:
        # The empty line at the end closes the last block.
        for number, line in enumerate([*handle, ""], 1):
            if line.strip() and (block or not line.startswith("#")):
                block.append(line.rstrip("\n"))
            elif block:
                found.append(change(block, show(path), number - len(block)))
                block = []
    times = collections.Counter(one[:4] for one in found)
    for one in found:
        if times[one[:4]] > 1:
            raise BadList(f"{show(path)}:{one.line}: is there twice")
    return found


def change(block, path, line):
    words = block[0].split()
    good = (len(words) == 2 and len(block) >= 4 and block[1].startswith("-")
            and block[2].startswith("+") and all(text.startswith(" ") for text in block[3:]))
    if not good:
        raise BadList(f"{path}:{line}: want FILE FUNCTION, -OLD LINE, +NEW LINE, and an indented "
                      "reason, in lines of their own")
    return Change(*words, block[1][1:].strip(), block[2][1:].strip(),
                  " ".join(text.strip() for text in block[3:]), line)
