# SPDX-License-Identifier: GPL-2.0
"""SHARD=i/n: work that outgrows one machine, shared by n of them.

Each part of the work is done by one of them, and which one depends on the work alone. So
the results of all add up to those of one run without SHARD=; scripts/ci sum does that.
"""

import collections
import re

from splitfree.base.failures import Failure
from splitfree.base.options import Option


class Shard(collections.namedtuple("Shard", "index count")):
    """Which of how many; 1/1 is all of the work."""

    def __bool__(self):
        return self.count > 1

    def __str__(self):
        return f"{self.index}/{self.count}" if self else ""

    def mine(self, found):
        if self and not found:
            raise Failure(f"SHARD={self} has nothing to do, as the work has fewer parts; use "
                          "fewer shards")
        return found

    def run_of(self, items):
        """A run of neighbours, for work that is faster after what is beside it."""
        length = len(items)
        return self.mine(items[length * (self.index - 1) // self.count:
                               length * self.index // self.count])

    def weighed(self, items, weight):
        """Items of about the same weight for each, in their order."""
        loads, chosen = [0] * self.count, []
        for nr in sorted(range(len(items)), key=lambda nr: -weight(items[nr])):
            lightest = loads.index(min(loads))
            loads[lightest] += weight(items[nr])
            if lightest == self.index - 1:
                chosen.append(nr)
        return self.mine([items[nr] for nr in sorted(chosen)])


WHOLE = Shard(1, 1)


def read(name, text):
    if not text:
        return WHOLE
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise Failure(f"{name}={text} is no i/n, such as {name}=2/3")
    return Shard(int(match[1]), int(match[2]))


SHARD = Option("SHARD", "", read, "i/n: only that part of the work, as n machines share it")
