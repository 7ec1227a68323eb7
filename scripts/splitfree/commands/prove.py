# SPDX-License-Identifier: GPL-2.0
"""Has cbmc prove what the helpers do, for every start within a bound.

The unchanged sources of mm/pcp/ are compiled with the userland headers, with pageblocks of 8
pages. tools/testing/prove/prove.list says what is proved, and which helpers that are
broken on purpose must fail. A loop that could go round more often than the proof followed it
fails too. The route is compared with the table in Documentation/mm/pcp.rst. cbmc is fetched
from the Debian archive if need be. Logs: $(O)/prove. The data of the result: proofs, a list
of name, good, seconds and text.
"""

import collections
import concurrent.futures
import itertools
import os
import re
import shutil
import subprocess
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import ONLY, Option, is_one
from splitfree.base.paths import TESTING, show
from splitfree.base.processes import kill_descendants
from splitfree.base.processes import run as run_program
from splitfree.base.progress import verdict_word
from splitfree.base.results import Result
from splitfree.runs import userland
from splitfree.runs.frame import Command
from splitfree.source import programs

PROVE = os.path.join(TESTING, "prove")
# Seconds for one proof; the longest takes half a minute on an idle machine.
LIMIT = 900

COMMAND = Command(
    "prove with cbmc what the helpers do, for every start within a bound",
    (ONLY, Option("QUICK", "", is_one, "1: only what takes a few seconds")), tree=False,
    own_lock="prove")

# change: (file, old, new), or None.
Row = collections.namedtuple("Row", "expected name macros change text")

# First words of the rows of the table, in order, and what prove_route.c calls them.
ROUTE_ROWS = (("of an order that no PCP may have", "ORDER"), ("of an isolated block", "ISOLATED"),
              ("of another CPU's block", "OTHER"), ("of another CPU's block, of use here", "OF_USE"),
              ("of this CPU's block", "OWN"), ("of nobody's block", "NOBODY"),
              ("any local one, and the trylock fails", "BUSY"))
ROUTES = {"local": 0, "remote": 1, "zone": 2, "deferred": 3, "--": -1}


# The list --------------------------------------------------------------------

def expanded(words):
    """["A=1,2", "B=3"] -> [("A=1", "B=3"), ("A=2", "B=3")]"""
    choices = []
    for word in words:
        name, _, values = word.partition("=")
        choices.append([f"{name}={value}" for value in values.split(",")])
    return list(itertools.product(*choices))


def read_list(path=os.path.join(PROVE, "prove.list")):
    rows = []
    with open(path, encoding="utf-8") as handle:
        for count, line in enumerate(handle, 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = [field.strip() for field in re.split(r"\s:\s", line)]
            words, change = fields[0].split(), None
            if words and words[0] == "broken" and len(fields) == 4 and " => " in fields[2]:
                change = (fields[1], *fields[2].split(" => "))
            elif len(fields) != 2 or words[0] not in ("quick", "holds") or len(words) < 2:
                raise Failure(f"{show(path)}, line {count}: write quick, holds or broken, the "
                              "proof, its macros, a colon, and what it says")
            rows += [Row(words[0], words[1], macros, change, fields[-1])
                     for macros in expanded(words[2:])]
    return rows


def wanted(rows, only, quick):
    """Those that are asked for. A twin of a quick proof is quick."""
    fast = {(row.name, row.macros) for row in rows if row.expected == "quick"}
    return [row for row in rows
            if (not quick or (row.name, row.macros) in fast)
            and (not only or any(word in row.name for word in only))]


# Sources ---------------------------------------------------------------------

def route_table(text):
    """table.h from the text of pcp.rst."""
    rows = dict(re.findall(r"^(\S.*?)  +((?:zone|remote|local|deferred|--)\b.*|--.*)$", text, re.M))
    lines = []
    for number, (title, name) in enumerate(ROUTE_ROWS):
        routes = rows.get(title, "").split()
        if len(routes) != 3 or not set(routes) <= set(ROUTES):
            raise Failure(f"the table of routes in Documentation/mm/pcp.rst has no row "
                          f"'{title}' of three routes; bring commands/prove.py up to date", FAILED)
        lines.append((f"#define ROW_{name} {number}", "{ " + ", ".join(
            str(ROUTES[route]) for route in routes) + " },"))
    return ("/* Made by make prove from Documentation/mm/pcp.rst */\n"
            + "".join(line + "\n" for line, _ in lines)
            + f"static const int table[{len(lines)}][3] = {{\n"
            + "".join(f"\t{line}\n" for _, line in lines) + "};\n")


def notes(path):
    """{word: text} of the lines "// word: text" of a proof."""
    with open(path, encoding="utf-8") as handle:
        return dict(re.findall(r"^// (\w+): (.*)$", handle.read(), re.M))


def changed(where, top, change):
    """A copy of mm/pcp with one change; returns its place."""
    name, old, new = change
    shutil.rmtree(where, ignore_errors=True)
    shutil.copytree(os.path.join(top, "mm/pcp"), os.path.join(where, "mm/pcp"),
                    ignore=shutil.ignore_patterns("tests"))
    path = os.path.join(where, "mm/pcp", name)
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    if old not in text:
        raise Failure(f"mm/pcp/{name} has no '{old}' to break; mend prove.list", FAILED)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text.replace(old, new))
    return where


def preprocess(job, row, top, target):
    """The proof as cbmc reads it: gcc's preprocessor knows the headers."""
    source = os.path.join(PROVE, f"prove_{row.name}.c")
    headers = os.path.join(job.out, "user", "include")
    own = os.path.join(userland.HARNESS, "include")
    quoted = (PROVE, os.path.join(top, "mm/pcp"), os.path.join(headers, "mm/pcp"),
              os.path.join(headers, "mm/pcp/tests"), os.path.join(job.linux, "lib"), job.results)
    places = (os.path.join(PROVE, "include"), os.path.join(own, "own"),
              os.path.join(own, "stubs"), own, headers)
    command = ["gcc", "-E", "-std=gnu11", "-D_GNU_SOURCE", "-DPCP_PROVE",
               "-DCONFIG_PAGE_BLOCK_MAX_ORDER=3", "-DCONFIG_ARCH_FORCE_MAX_ORDER=3",
               "-DPCP_USER_NR_PAGES=" + notes(source).get("pages", "8"),
               *(f"-D{macro}" for macro in row.macros),
               *itertools.chain.from_iterable(("-iquote", place) for place in quoted),
               *(f"-I{place}" for place in places),
               "-include", os.path.join(own, "own/user/shim.h"), source, "-o", target]
    result = run_program(command)
    if result.returncode:
        raise Failure(f"prove_{row.name}.c cannot be read: "
                      f"{(result.stderr.decode().splitlines() or ['?'])[0]}", FAILED)


# Proofs ----------------------------------------------------------------------

def as_expected(expected, text, status):
    """(as it should be, what to say) of what cbmc wrote."""
    failed = re.findall(r"^\[\S+\] line \d+ (.*): FAILURE$", text, re.M)
    # An unwinding assertion says that the proof is broken, not the code.
    failed.sort(key=lambda what: "unwinding" in what)
    if "VERIFICATION SUCCESSFUL" in text and status == 0:
        return ((False, "broken on purpose, and no proof notices") if expected == "broken"
                else (True, "holds"))
    if "VERIFICATION FAILED" in text and failed:
        what = failed[0]
        if expected == "broken":
            return "unwinding" not in what, f"broken on purpose: not so that {what}"
        return False, f"not so that {what}"
    error = re.search(r"^(?:file .*|.*(?:ERROR|error).*)$", text, re.M)
    return False, ("it took too long" if status is None else
                   f"cbmc ended with status {status}" + (f": {error.group()}" if error else ""))


def prove(job, cbmc, row, index):
    """Returns (good, text, log, seconds)."""
    started = time.monotonic()
    where = job.path(f"{index:03d}-{row.name}")
    os.makedirs(where, exist_ok=True)
    log, source = os.path.join(where, "log"), os.path.join(where, "proof.i")
    top = userland.overlay(job.linux)
    if row.change:
        top = changed(os.path.join(where, "changed"), top, row.change)
    preprocess(job, row, top, source)
    unwind = notes(os.path.join(PROVE, f"prove_{row.name}.c")).get("unwind", "").split()
    command = [*cbmc, source, "--unwinding-assertions", "--unwind", "23",
               *(["--unwindset", ",".join(unwind)] if unwind else []), "--drop-unused-functions",
               "--slice-formula", "--no-standard-checks"]
    try:
        result = run_program(command, stderr=subprocess.STDOUT, timeout=LIMIT)
        status, text = result.returncode, result.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as error:
        status, text = None, (error.stdout or b"").decode("utf-8", "replace")
    with open(log, "w", encoding="utf-8") as handle:
        handle.write("$ " + " ".join(command) + "\n" + text)
    good, said = as_expected(row.expected, text, status)
    return good, said, log, time.monotonic() - started


def prepare(job):
    job.linux = userland.prepare(job.out, job.options.linux)


def run(job):
    rows = wanted(read_list(), job.options.only, job.options.quick)
    if not rows:
        raise Failure("ONLY= names no proof of prove.list")
    try:
        cbmc = programs.find("cbmc")
    except Failure as failure:
        job.say(f"skip    {len(rows)} proofs: {failure}")
        return Result(0, 0, len(rows), {"proofs": []})
    with open(os.path.join(userland.overlay(job.linux), "Documentation/mm/pcp.rst"),
              encoding="utf-8") as handle:
        table = route_table(handle.read())
    with open(job.path("table.h"), "w", encoding="utf-8") as handle:
        handle.write(table)
    found = []
    with concurrent.futures.ThreadPoolExecutor(job.options.jobs) as pool:
        waiting = [(row, pool.submit(prove, job, cbmc, row, index))
                   for index, row in enumerate(rows, 1)]
        try:
            for row, future in waiting:
                good, said, log, seconds = future.result()
                name = " ".join((row.name, *row.macros))
                job.say(f"{verdict_word(good)}  {name:<24} {seconds:6.1f} s   {row.text}: {said}"
                        + ("" if good else f"   {show(log)}"))
                found.append({"name": name, "good": good, "seconds": round(seconds, 1),
                              "text": said, "log": log})
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_descendants()
            raise
    bad = [one for one in found if not one["good"]]
    data = {"proofs": [{key: one[key] for key in ("name", "good", "seconds", "text")}
                       for one in found]}
    return Result(len(found) - len(bad), len(bad), 0, data, Failure(
        f"{bad[0]['name']}: {bad[0]['text']} (log: {show(bad[0]['log'])}); run it alone with "
        f"ONLY={bad[0]['name'].split()[0]}", FAILED) if bad else None)
