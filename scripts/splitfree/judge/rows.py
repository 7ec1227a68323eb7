# SPDX-License-Identifier: GPL-2.0
"""The tests in a result.json: a stage, a step, a proof, and the like are one each.

A command that writes no KTAP of its own has lists of such rows among the data of its
result. Each row has a name, and a key that says what it came to.
"""

import collections
import contextlib

from splitfree.judge.ktap import FAILED, MISSING, PASSED, SKIPPED, Test

# outcome: one of the above. seconds: None, if that is not known.
Row = collections.namedtuple("Row", "name outcome text seconds")


def of_sign(good):
    """None means that it was skipped."""
    return SKIPPED if good is None else PASSED if good else FAILED


def of_stage(row):
    return FAILED if row["failed"] else PASSED if row["passed"] else SKIPPED


def of_check(row):
    if "good" in row:
        return of_sign(row["good"])
    return {"ok": PASSED, "skipped": SKIPPED}.get(row["outcome"], FAILED)


def of_run(row):
    return of_sign(not (row.get("failed") or row.get("status")))


def name_of_run(row):
    if "target" in row:
        return f"{row['distro']} {row['target']}"
    return " ".join(filter(None, [f"seed {row['seed']}", row.get("variant", "")]))


# {key of the data: (function that returns the name of a row, function that returns its outcome)}
LISTS = {
    "stages": (lambda row: row["name"], of_stage),
    "steps": (lambda row: row["name"], lambda row: of_sign(row["good"])),
    "configs": (lambda row: row["name"],
                lambda row: of_sign(not row["reasons"] and not row["lost"])),
    "checks": (lambda row: row["name"], of_check),
    "proofs": (lambda row: row["name"], lambda row: of_sign(row["good"])),
    "patches": (lambda row: row["name"], lambda row: of_sign(row["caught"])),
    "faults": (lambda row: row["name"], lambda row: of_sign(row["found"])),
    "paths": (lambda row: f"{row['kernel']} {row['path']}", lambda row: of_sign(row["good"])),
    "runs": (name_of_run, of_run),
    "cases": (lambda row: f"{row['suite']}.{row['name']}",
              lambda row: of_sign(row["result"] == "pass")),
}


def text_of(row):
    """The words of a row."""
    lines = [row.get("text") or row.get("sentence") or ""]
    for key in ("reasons", "lost", "complaints", "failed"):
        if isinstance(row.get(key), list):
            lines += row[key]
    return "\n".join(filter(None, lines))


def of(data):
    """[Row] of the data of a result."""
    found = []
    for key, (name, outcome) in LISTS.items():
        rows = data.get(key, ())
        for row in rows if isinstance(rows, list) else ():
            # A command may have other things under the same key.
            with contextlib.suppress(KeyError, TypeError, AttributeError):
                found.append(Row(name(row), outcome(row), text_of(row), row.get("seconds")))
    return found


def tests(record):
    """The tests of a whole result; the last one is named as the command, and says how it ended."""
    data = record["data"]
    found = [Test(row.name, row.outcome, *said(row)) for row in of(data)]
    found += [Test(name, outcome) for key, outcome in (("failures", FAILED), ("skips", SKIPPED))
              for name in data.get(key, ())]
    if data.get("splats"):
        found.append(Test("splats", FAILED, data["splats"][0], data["splats"]))
    status = record["status"]
    outcome = MISSING if status > 2 else of_sign(not status)
    return found + [Test(record["command"], outcome, record["sentence"])]


def said(row):
    """The reason and the log of a row that did not pass."""
    if row.outcome == PASSED or not row.text:
        return "", ()
    lines = row.text.split("\n")
    return lines[0], lines
