# SPDX-License-Identifier: GPL-2.0
"""Lets libFuzzer choose operations on the userland zone, with ASan and UBSan.

tools/testing/fuzz/fuzz.c has the operations, and model.c the model that each result is
compared with. First the inputs of tools/testing/fuzz/cases are run, which found something
once. The corpus is kept in $(O)/fuzz/corpus, minimised; without one it begins with
nothing. An input that fails is in $(O)/fuzz/found, and what it does is printed. Then the
lines and branches that the corpus reaches are counted. At last the faults of
tools/testing/fuzz/faults.list are planted, one at a time, and each has to be found within a
minute, with the corpus that was kept. The data of the result: executions, corpus, seed, reached (lines, branches,
files), faults, a list of name, found, seconds and text.
"""

import glob
import json
import os
import random
import re
import shutil
import subprocess
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import SEED, Option, between, is_one, number
from splitfree.base.paths import TESTING, show
from splitfree.base.processes import clean_env
from splitfree.base.processes import run as run_program
from splitfree.base.progress import ticking, verdict_word
from splitfree.base.results import Result
from splitfree.runs import userland
from splitfree.runs.frame import Command

FUZZ = os.path.join(TESTING, "fuzz")
BUSTED = os.path.join(TESTING, "busted")
LONGEST = 200
# Seconds in which a planted fault has to be found.
PATIENCE = 60


def seed(name, text):
    return number(name, text, 1, 2 ** 31) if text else random.randrange(1, 2 ** 31)


COMMAND = Command(
    "operations on the helpers that libFuzzer chooses, against a slow and obvious model",
    (Option("MINUTES", "5", between(1, 100000), "how long new inputs are tried"),
     SEED._replace(read=seed), Option("QUICK", "", is_one, "1: plant no faults")),
    packages=("fuzz",), tree=False, own_lock="fuzz")


# Files -----------------------------------------------------------------------

def read_case(path):
    """The bytes of a case: hexadecimal words; what is behind a # is for people."""
    with open(path, encoding="utf-8") as handle:
        text = " ".join(line.split("#")[0] for line in handle)
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Failure(f"{show(path)} has something else than hexadecimal bytes; get it back "
                      "with git") from None


def write_case(data, said):
    """The text of a case, with what it does."""
    rows = [data[i:i + 24].hex(" ") for i in range(0, len(data), 24)]
    return "".join(f"# {line}\n" for line in said) + "\n".join(rows) + "\n"


def read_faults(path=os.path.join(FUZZ, "faults.list")):
    """Names of patches in tools/testing/busted."""
    with open(path, encoding="utf-8") as handle:
        names = [line.split("#")[0].strip() for line in handle]
    names = [name for name in names if name]
    for name in names:
        if not os.path.exists(os.path.join(BUSTED, name + ".patch")):
            raise Failure(f"{show(path)}: {name} is no patch of {show(BUSTED)}")
    return names


# Runs ------------------------------------------------------------------------

def start(build, arguments, log, seconds, **env):
    """Run the program; returns its status, None: it was killed."""
    env = clean_env(ASAN_OPTIONS="detect_leaks=0", UBSAN_OPTIONS="print_stacktrace=1", **env)
    with open(log, "w", encoding="utf-8") as handle:
        try:
            return subprocess.run([build.program, *arguments], env=env, stdin=subprocess.DEVNULL,
                                  stdout=handle, stderr=subprocess.STDOUT, check=False,
                                  timeout=seconds).returncode
        except subprocess.TimeoutExpired:
            return None


def text_of(log):
    with open(log, encoding="utf-8", errors="replace") as handle:
        return handle.read()


def complaint(text):
    """The finding of a run, in one line; "": nothing."""
    for pattern in (r"^fuzz: (.*)$", r"(runtime error: .*)$", r"ERROR: (AddressSanitizer: .*)$",
                    r"ERROR: libFuzzer: (.*)$", r"^    # (.* FAILED at .*)$"):
        match = re.search(pattern, text, re.M)
        if match:
            return match.group(1)
    return ""


def executions(text):
    match = re.search(r"^stat::number_of_executed_units: +(\d+)", text, re.M)
    return int(match.group(1)) if match else 0


def what_it_does(build, path, log):
    """The operations of an input, up to the one that fails."""
    start(build, [path], log, LONGEST, PCP_FUZZ_SAY="1")
    return [line.rstrip() for line in text_of(log).splitlines()
            if re.match(r"(  page|cpu|drain|shepherd|PCPs|marks|block|nobody|the zone)\b", line)]


def fuzz(build, corpus, found, seconds, chosen, log):
    """Try new inputs for a time; returns (what was found, executions)."""
    for where in (corpus, found):
        os.makedirs(where, exist_ok=True)
    status = start(build, [corpus, f"-max_total_time={seconds}", "-max_len=240", "-timeout=5",
                           "-rss_limit_mb=4096", f"-seed={chosen}", f"-artifact_prefix={found}/",
                           "-print_final_stats=1"], log, seconds + LONGEST)
    text = text_of(log)
    said = complaint(text)
    if status and not said:
        said = f"it ended with status {status}"
    if status is None:
        said = "it hung and was killed"
    return said, executions(text)


# Parts of the run ------------------------------------------------------------

def replay(job, build):
    """Each case; returns [(name, what it found)]."""
    rows = []
    for path in sorted(glob.glob(os.path.join(FUZZ, "cases", "*.case"))):
        name = os.path.basename(path)[:-5]
        data = job.path(name + ".input")
        with open(data, "wb") as handle:
            handle.write(read_case(path))
        log = job.path(name + ".log")
        status = start(build, [data], log, LONGEST)
        said = complaint(text_of(log)) or (f"status {status}" if status else "")
        job.say(f"{verdict_word(not said)}  case {name:<40} {said}")
        rows.append((name, said))
    return rows


def minimise(job, build, corpus):
    """Only inputs that add something stay; returns their number."""
    smaller = job.path("corpus.new")
    shutil.rmtree(smaller, ignore_errors=True)
    os.makedirs(smaller)
    if start(build, ["-merge=1", smaller, corpus], job.path("merge.log"), 600) == 0 \
            and os.listdir(smaller):
        shutil.rmtree(corpus)
        os.rename(smaller, corpus)
    return len(os.listdir(corpus))


def percent(part):
    return round(100.0 * part["covered"] / part["count"], 1) if part["count"] else 100.0


def read_reach(text):
    """{file: (lines, branches) in percent} of mm/pcp, and both sums, from llvm-cov."""
    files, sums = {}, {"lines": [0, 0], "branches": [0, 0]}
    for one in json.loads(text)["data"][0]["files"]:
        where, name = os.path.split(one["filename"])
        if os.path.basename(where) != "pcp":
            continue
        files[name] = [percent(one["summary"][key]) for key in ("lines", "branches")]
        for key, total in sums.items():
            total[0] += one["summary"][key]["covered"]
            total[1] += one["summary"][key]["count"]
    return {"files": files, **{key: percent({"covered": c, "count": n})
                               for key, (c, n) in sums.items()}}


def reach(job, corpus):
    """The coverage of the corpus; None: it could not be counted."""
    build = userland.Build(job.out, "reach", job.options.jobs, job.options.verbose, job.linux, "clang")
    build.build()
    raw, data = job.path("reach.profraw"), job.path("reach.profdata")
    start(build, [corpus, "-runs=0"], job.path("reach.log"), 600, LLVM_PROFILE_FILE=raw)
    if run_program(["llvm-profdata", "merge", "-o", data, raw]).returncode:
        return None
    found = run_program(["llvm-cov", "export", "-summary-only", "-instr-profile", data,
                         build.program])
    return read_reach(found.stdout.decode()) if not found.returncode else None


def plant(job, name):
    """A build with one fault."""
    where = job.path("faults", name)
    shutil.rmtree(where, ignore_errors=True)
    shutil.copytree(os.path.join(userland.overlay(job.linux), "mm/pcp"),
                    os.path.join(where, "mm/pcp"))
    result = run_program(["git", "apply", os.path.join(BUSTED, name + ".patch")], cwd=where,
                         env=clean_env(GIT_CEILING_DIRECTORIES=os.path.dirname(where)))
    if result.returncode:
        raise Failure(f"{name} does not apply: {result.stderr.decode().strip()}", FAILED)
    build = userland.Build(job.out, "fuzz", job.options.jobs, job.options.verbose, job.linux,
                           "clang", where, os.path.join(where, "build"))
    build.build()
    return build


def find_fault(job, name):
    build = plant(job, name)
    where = job.path("faults", name)
    if os.path.exists(job.path("corpus")):
        shutil.copytree(job.path("corpus"), os.path.join(where, "corpus"))
    started = time.monotonic()
    said, _ = fuzz(build, os.path.join(where, "corpus"), os.path.join(where, "found"), PATIENCE,
                   job.options.seed, job.path(f"fault-{name}.log"))
    seconds = time.monotonic() - started
    job.say(f"{verdict_word(bool(said))}  fault {name:<38} {seconds:5.0f} s   "
            f"{said or 'not found'}")
    return {"name": name, "found": bool(said), "seconds": round(seconds, 1), "text": said}


def prepare(job):
    job.linux = userland.prepare(job.out, job.options.linux)


def run(job):
    options = job.options
    build = userland.Build(job.out, "fuzz", options.jobs, options.verbose, job.linux, "clang")
    build.build()
    cases = replay(job, build)
    corpus, found = job.path("corpus"), job.path("found")
    shutil.rmtree(found, ignore_errors=True)
    with ticking("fuzzing"):
        said, tried = fuzz(build, corpus, found, options.minutes * 60, options.seed,
                           job.path("fuzz.log"))
    job.say(f"{verdict_word(not said)}  {options.minutes} minutes, SEED={options.seed}: {tried} inputs "
            f"{said}")
    for path in sorted(glob.glob(os.path.join(found, "*")))[:1] if said else ():
        does = what_it_does(build, path, job.path("found.log"))
        with open(path, "rb") as handle:
            text = write_case(handle.read(), does)
        with open(job.path("found.case"), "w", encoding="utf-8") as handle:
            handle.write(text)
        job.say(*(f"  | {line}\n" for line in does[-30:]), sep="")
    kept = minimise(job, build, corpus)
    reached = reach(job, corpus)
    if reached:
        job.say(f"{kept} inputs are kept; they reach {reached['lines']} % of the lines and "
                f"{reached['branches']} % of the branches of mm/pcp/")
        for name, (lines, branches) in sorted(reached["files"].items()):
            job.say(f"  {name:<14} {lines:6.1f} % {branches:6.1f} %")
    faults = [] if options.quick else [find_fault(job, name) for name in read_faults()]
    data = {"executions": tried, "corpus": kept, "seed": options.seed, "reached": reached,
            "faults": faults}
    bad = [f"case {name}: {text} (log: {show(job.path(name + '.log'))})"
           for name, text in cases if text]
    if said:
        bad.append(f"{said} (log: {show(job.path('fuzz.log'))}; add {show(job.path('found.case'))} "
                   "to tools/testing/fuzz/cases when it is mended)")
    bad += [f"the planted fault {fault['name']} was not found" for fault in faults
            if not fault["found"]]
    return Result(len(cases) + 1 + len(faults) - len(bad), len(bad), 0, data,
                  Failure(bad[0], FAILED) if bad else None)
