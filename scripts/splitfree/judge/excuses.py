# SPDX-License-Identifier: GPL-2.0
"""The format of every list of exceptions.

One entry a line, fields divided by " | ", the last of them the reason:

    [YYYY-MM-DD |] field | ... | reason

An entry with a day excuses nothing after it. Lines that begin with # are comments.
A field may hold a bar itself; only the first of them, and it is the pattern.
"""

import collections
import datetime
import re

from splitfree.base.failures import Failure

# until: the last day, or None. fields: as the list has them. where: for messages.
Entry = collections.namedtuple("Entry", "until fields reason where")
Excuse = collections.namedtuple("Excuse", "until pattern reason")


class BadList(Failure):
    """A list cannot be used."""


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
