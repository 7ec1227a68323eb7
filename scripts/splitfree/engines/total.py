# SPDX-License-Identifier: GPL-2.0
"""scripts/ci sum: the results of all shards as one.

Two things show only in the whole: the share of mutants that were
noticed, and symbols that one configuration defines and another one lacks.
"""

import collections
import os

from splitfree.base import results
from splitfree.base.failures import COULD_NOT_RUN, FAILED, PASSED, Failure
from splitfree.base.shards import read as read_shard

NOT_WORK = ("SHARD", "O", "JOBS", "V", "LINUX", "RESULT")

# name: the command and its variables. status, sums and sentence: as in result.json.
Total = collections.namedtuple("Total", "name shards status sums sentence")


def found_below(paths):
    """[what result.json says] of files, and of all such files below directories."""
    files = []
    for path in paths:
        if os.path.isdir(path):
            files += [os.path.join(top, results.NAME) for top, _, names in os.walk(path)
                      if results.NAME in names]
        else:
            files.append(path)
    found = [(path, results.read(path)) for path in sorted(files)]
    for path, record in found:
        if record is None:
            raise Failure(f"{path} is no result of a command; give directories with a "
                          f"{results.NAME}")
    if not found:
        raise Failure(f"there is no {results.NAME} in {', '.join(paths)}")
    return [record for _, record in found]


def name_of(record):
    given = [f"{name}={value}" for name, value in sorted(record["options"].items())
             if name not in NOT_WORK]
    return " ".join([record["command"], *given])


# why: what is wrong with all shards together. failed: so many checks. skipped: so many of
# them the shards have counted as skipped.
Whole = collections.namedtuple("Whole", "why failed skipped", defaults=(1, 0))


def mutants(records):
    """A Whole, or None."""
    data = [record["data"] for record in records]
    if not all("total" in one for one in data):
        return None
    total = sum((collections.Counter(one["total"]) for one in data), collections.Counter())
    counted = total["killed"] + total["survived"]
    score, floor = 100 * total["killed"] / max(1, counted), data[0]["floor"]
    if score >= floor:
        return None
    # Each survivor has failed now. A shard that noticed nothing has said so itself.
    moved = sum(one["total"].get("survived", 0) for one in data if one["total"].get("killed"))
    return Whole(f"the tests notice {score:.1f} % of the mutants, {floor} are wanted", moved, moved)


def configs(records):
    rows = [row for record in records for row in record["data"].get("configs", [])]
    names = {name for row in rows for name in row.get("ours", ())}
    lacking = [f"{row['name']} would not link, undefined: {', '.join(sorted(lost))}"
               for row in rows if (lost := names & set(row.get("undefined", ())))]
    return Whole("; ".join(lacking)) if lacking else None


WHOLE = {"mutants": mutants, "configs": configs}


def worst(statuses):
    """A failure is known to be one, whatever did not run beside it."""
    return FAILED if FAILED in statuses else max(statuses, default=COULD_NOT_RUN)


def add(records):
    """The Total of results of one command with the same variables."""
    shards = [read_shard("SHARD", record["options"].get("SHARD", "")) for record in records]
    wanted = {shard.count for shard in shards}
    status = worst([record["status"] for record in records])
    sums = [sum(record[key] for record in records) for key in ("passed", "failed", "skipped")]
    sentences = [record["sentence"] for record in records if record["sentence"]]
    missing = len(wanted) == 1 and set(range(1, max(wanted) + 1)) - {s.index for s in shards}
    if len(wanted) > 1 or len(shards) > len(set(shards)):
        raise Failure(f"{name_of(records[0])}: the results are of different runs; give those of "
                      "one")
    # A run without shards has looked at the whole itself.
    whole = any(shards) and WHOLE.get(records[0]["command"], lambda _: None)(records)
    if missing:
        lost = ", ".join(f"{index}/{max(wanted)}" for index in sorted(missing))
        sentences.append(f"there is no result of SHARD={lost}")
        status = worst([status, COULD_NOT_RUN])
    elif whole and (status == PASSED or whole.skipped):
        sentences.append(whole.why)
        sums[1] += whole.failed
        sums[2] -= whole.skipped
        status = worst([status, FAILED])
    return Total(name_of(records[0]), len(records), status, tuple(sums), "; ".join(sentences))


def totals(paths):
    groups = collections.defaultdict(list)
    for record in found_below(paths):
        groups[name_of(record)].append(record)
    return [add(records) for records in groups.values()]


def lines(found):
    for total in found:
        good = "ok    " if total.status == PASSED else "FAILED"
        yield (f"{good}  {total.name}, {total.shards} shards: {results.counts_line(*total.sums)}"
               + (f": {total.sentence}" if total.sentence else ""))


def run(arguments):
    if not arguments:
        raise Failure("say where the results are: scripts/ci sum DIRECTORY...")
    found = totals(arguments)
    for line in lines(found):
        print(line)
    return worst([total.status for total in found])
