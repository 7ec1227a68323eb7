# SPDX-License-Identifier: GPL-2.0
"""scripts/ci summary DIRECTORY...: results as Markdown, as $GITHUB_STEP_SUMMARY wants it.

A directory has result.json, and junit.xml if the job had cases.
"""

import os
import xml.etree.ElementTree as ET

from splitfree.base import results
from splitfree.base.failures import COULD_NOT_RUN, PASSED, Failure
from splitfree.engines.total import name_of

JUNIT = "junit.xml"
# Engines cut a long summary anywhere, so it stays short.
MOST_FAILURES, MOST_LINES, MOST_SKIPS = 20, 40, 50
WIDEST = 300


def word(status):
    known = {PASSED: "passed", COULD_NOT_RUN: "could not run, so nothing is known about the code"}
    return known.get(status, "failed" if status < 128 else "was stopped")


def cases(path):
    """([(name, outcome, message, log)], {suite: [passed, failed, skipped]}) of a JUnit file."""
    found, suites = [], {}
    try:
        root = ET.parse(path).getroot()
    except (OSError, ET.ParseError):
        return found, suites
    for suite in root.iter("testsuite"):
        sums = suites.setdefault(suite.get("name", ""), [0, 0, 0])
        for case in suite.iter("testcase"):
            name = f"{suite.get('name')}.{case.get('name')}"
            bad = next((case.find(kind) for kind in ("failure", "error")
                        if case.find(kind) is not None), None)
            skip = case.find("skipped")
            if bad is not None:
                sums[1] += 1
                found.append((name, "failed", bad.get("message", ""), bad.text or ""))
            elif skip is not None:
                sums[2] += 1
                found.append((name, "skipped", skip.get("message", ""), ""))
            else:
                sums[0] += 1
    return found, suites


def inline(text):
    """Text that neither Markdown nor HTML reads as its own."""
    text = " ".join(text.split())[:WIDEST]
    for sign, code in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"),
                       ("`", "&#96;"), ("*", "&#42;")):
        text = text.replace(sign, code)
    return text


def folded(title, lines):
    # Four blanks are a block that no fence in the text can end.
    return [f"<details><summary>{title}</summary>", "", *(f"    {line[:WIDEST]}" for line in lines),
            "", "</details>", ""]


def table(suites, what="suite"):
    lines = [f"| {what} | passed | failed | skipped |", "| --- | ---: | ---: | ---: |"]
    return lines + [f"| {inline(name)} | {' | '.join(map(str, sums))} |"
                    for name, sums in suites.items()] + [""]


def one(directory):
    """The lines on one job."""
    record = results.read(os.path.join(directory, results.NAME))
    if not record:
        return [f"### {inline(os.path.basename(os.path.abspath(directory)))} left no result", ""]
    lines = [f"### {inline(name_of(record))} {word(record['status'])}", ""]
    sums = results.counts_line(record["passed"], record["failed"], record["skipped"])
    kernel = f", kernel {record['kernel'][:12]}" if record["kernel"] else ""
    lines += [f"{sums}, {record['seconds']:.0f} s{kernel}", ""]
    if record["sentence"]:
        lines += [inline(record["sentence"]), ""]
    found, suites = cases(os.path.join(directory, JUNIT))
    if suites:
        lines += folded_table(suites)
    if stages := record["data"].get("stages"):
        lines += table({stage["name"]: [stage[key] for key in ("passed", "failed", "skipped")]
                        for stage in stages}, "stage")
    failed = [case for case in found if case[1] == "failed"]
    for name, _, message, log in failed[:MOST_FAILURES]:
        lines += folded(f"{inline(name)}: {inline(message)}", log.splitlines()[:MOST_LINES])
    if len(failed) > MOST_FAILURES:
        lines += [f"{len(failed) - MOST_FAILURES} more failed.", ""]
    skipped = [case for case in found if case[1] == "skipped"]
    if skipped:
        lines += folded(f"{len(skipped)} skipped", [f"{name}: {message}" for name, _, message, _
                                                    in skipped[:MOST_SKIPS]])
    return lines


def folded_table(suites):
    """A suite with a failed case is shown; the others only if asked for."""
    bad = {name: sums for name, sums in suites.items() if sums[1]}
    lines = table(bad) if bad else []
    return lines + [f"<details><summary>{len(suites)} suites</summary>", "", *table(suites),
                    "</details>", ""]


def run(arguments):
    if not arguments:
        raise Failure("say where the results are: scripts/ci summary DIRECTORY...")
    for directory in arguments:
        print("\n".join(one(directory)))
