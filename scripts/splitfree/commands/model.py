# SPDX-License-Identifier: GPL-2.0
"""Checks the models of the races in mm/pcp/: spin's exhaustively, litmus tests with herd7.

tools/testing/models/NAME.runs says what NAME.pml is checked with and what has to
come out; a model that is broken on purpose has to fail. The litmus tests say so
themselves, in their Result: lines; the memory model is that of the kernel tree. herd7
is fetched from the Debian archive if need be. Logs: $(O)/model. The data of the result: checks, a
list of name, good, states, seconds and text.
"""

import collections
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import Option, is_one
from splitfree.base.paths import TESTING, show
from splitfree.base.processes import kill_descendants
from splitfree.base.processes import run as run_program
from splitfree.base.progress import verdict_word
from splitfree.base.results import Result
from splitfree.runs.frame import Command
from splitfree.source import programs

MODELS = os.path.join(TESTING, "models")
# The longest takes half a minute on an idle machine.
LIMIT = 900

Run = collections.namedtuple("Run", "model expected defines text")
Outcome = collections.namedtuple("Outcome", "good states text log")
Pan = collections.namedtuple("Pan", "states violated complete steps")


# Spin ------------------------------------------------------------------------

def read_runs(path):
    """The table of runs; each has to say what it expects and why."""
    runs = []
    with open(path, encoding="utf-8") as handle:
        for count, line in enumerate(handle, 1):
            text = line.split("#")[0].strip()
            if not text:
                continue
            match = re.fullmatch(r"(holds|broken|long)\s+((?:\w+(?:=\w+)?\s+)+):\s*(\S.*)", text)
            if not match:
                raise Failure(f"{show(path)}, line {count}: write holds, broken or long, the "
                              "defines, a colon, and what it says")
            runs.append(Run(os.path.splitext(os.path.basename(path))[0], match.group(1),
                            tuple(match.group(2).split()), match.group(3)))
    if not runs:
        raise Failure(f"{show(path)} has no run; get it back with git")
    return runs


def all_runs():
    """The runs of all models."""
    paths = sorted(glob.glob(os.path.join(MODELS, "*.runs")))
    return [run_ for path in paths for run_ in read_runs(path)]


def read_pan(text):
    """The verifier's finding. It was complete if nothing was cut off or left out."""
    states = re.search(r"^\s*(\d+) states, stored", text, re.M)
    errors = re.search(r"errors: (\d+)", text)
    wrong = re.search(r"^pan:\d+: (.+?) \(at depth (\d+)\)", text, re.M)
    cut = re.search(r"Search not completed|max search depth too small|out of memory|"
                    r"reached -DMEMLIM|aborting", text)
    return Pan(int(states.group(1)) if states else 0, wrong.group(1) if wrong else "",
               bool(errors and states and errors.group(1) == "0" and not cut),
               int(wrong.group(2)) if wrong else 0)


def as_expected(expected, pan):
    """(as it should be, what to say). Only a broken assertion shows that a twin is broken."""
    asserted = pan.violated.startswith("assertion violated")
    if expected == "broken":
        if asserted:
            return True, f"broken on purpose: fails after {pan.steps} steps"
        if pan.violated:
            return False, f"broken on purpose, but ends otherwise: {pan.violated}"
        return False, ("broken on purpose, and no assertion notices" if pan.complete
                       else "the search was not complete")
    if pan.violated:
        return False, f"{pan.violated}, after {pan.steps} steps"
    return (True, "holds") if pan.complete else (False, "the search was not complete")


def slug(text):
    return re.sub(r"\W+", "-", text.lower()).strip("-")


def logged(command, log, where):
    """Run it where its files belong; its output is kept. Returns (status, output)."""
    try:
        result = run_program(command, cwd=where, stderr=subprocess.STDOUT, timeout=LIMIT)
        status, text = result.returncode, result.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        status, text = None, f"\nSearch not completed: killed after {LIMIT} s\n"
    with open(log, "a", encoding="utf-8") as handle:
        handle.write("$ " + " ".join(command) + "\n" + text)
    return status, text


def verify(one, out, index):
    """Make a verifier of the model, compile it, run it through all states."""
    where = os.path.join(out, f"{index:02d}-{slug(one.text)}")
    shutil.rmtree(where, ignore_errors=True)
    os.makedirs(where)
    log = os.path.join(where, "log")
    defines = ["-D" + word for word in one.defines]
    model = os.path.join(MODELS, one.model + ".pml")
    steps = (["spin", "-a", *defines, model],
             ["gcc", "-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=512", "-o", "pan", "pan.c"])
    for command in steps:
        status, text = logged(command, log, where)
        if status or not os.path.exists(os.path.join(where, "pan.c")):
            last = (text.strip().splitlines() or ["?"])[-1]
            return Outcome(False, 0, f"{command[0]} fails: {last}", log)
    _, text = logged(["./pan", "-m100000"], log, where)
    pan = read_pan(text)
    good, said = as_expected(one.expected, pan)
    if not good and pan.violated:
        trail = os.path.join(where, "trail.txt")
        logged(["spin", "-t", "-p", "-g", "-k", one.model + ".pml.trail", *defines, model], trail, where)
        log = trail
    return Outcome(good, pan.states, said, log)


# Litmus tests ----------------------------------------------------------------

def expected_result(path):
    with open(path, encoding="utf-8") as handle:
        match = re.search(r"^ \* Result: (Never|Sometimes|Always)$", handle.read(), re.M)
    if not match:
        raise Failure(f"{show(path)} has no line ' * Result: Never', or Sometimes, or Always; "
                      "say what has to come out")
    return match.group(1)


def read_herd(text):
    """(what was observed, states), or (None, 0)."""
    match = re.search(r"^Observation \S+ (Never|Sometimes|Always) ", text, re.M)
    states = re.search(r"^States (\d+)$", text, re.M)
    if not match or re.search(r"^Flag data-race$", text, re.M):
        return None, 0
    return match.group(1), int(states.group(1)) if states else 0


def litmus(path, herd, model, out):
    """Run a test with the words that start herd7, in the directory of the memory model."""
    wanted = expected_result(path)
    log = os.path.join(out, os.path.basename(path) + ".out")
    with open(log, "w", encoding="utf-8"):
        pass
    _, text = logged([*herd, "-conf", "linux-kernel.cfg", path], log, model)
    seen, states = read_herd(text)
    if seen == wanted:
        return Outcome(True, states, f"{seen}, as it should be", log)
    return Outcome(False, states, f"{seen or 'no result'}, not {wanted}", log)


# All of them -----------------------------------------------------------------

def line(word, name, seconds, outcome):
    states = f"{outcome.states:9d} states" if outcome.states else " " * 16
    return (f"{word}  {name:<57} {states} {seconds:6.1f} s   {outcome.text}"
            + ("" if outcome.good else f"   {show(outcome.log)}"))


def timed(function, *args):
    start = time.monotonic()
    outcome = function(*args)
    return outcome, time.monotonic() - start


def check_all(tasks, jobs):
    """Run them side by side, print them in order; returns [(name, outcome, seconds)]."""
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = [(name, pool.submit(timed, *task)) for name, task in tasks]
        try:
            for name, future in waiting:
                outcome, seconds = future.result()
                print(line(verdict_word(outcome.good), name, seconds, outcome), flush=True)
                outcomes.append((name, outcome, seconds))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_descendants()
            raise
    return outcomes


def find_herd():
    """(the words that start herd7, ""), or (None, why it cannot be had)."""
    try:
        return programs.find("herd7"), ""
    except Failure as failure:
        return None, str(failure)


COMMAND = Command(
    "check the races on paper: Promela models, exhaustively, and litmus tests",
    (Option("QUICK", "", is_one, "1: leave out the long ones"),),
    # The kernel tree has the memory model, which only herd7 reads.
    packages=("model",), tree=False, own_lock="model", in_place=True)


def run(job):
    runs = [r for r in all_runs() if not (job.options.quick and r.expected == "long")]
    tests = sorted(glob.glob(os.path.join(MODELS, "litmus", "*.litmus")))
    wanted = {path: expected_result(path) for path in tests}
    tasks = [(one.text, (verify, one, job.results, index)) for index, one in enumerate(runs, 1)]
    herd, lack = find_herd()
    if herd:
        job.prepare_tree()
        memory_model = os.path.join(job.tree.path, "tools/memory-model")
        tasks += [(os.path.basename(p), (litmus, p, herd, memory_model, job.results))
                  for p in tests]
    found = check_all(tasks, job.options.jobs)
    for path in tests if not herd else ():
        print(f"skip    {os.path.basename(path):<57} {lack}; expected: {wanted[path]}")
    bad = [outcome for _, outcome, _ in found if not outcome.good]
    data = {"checks": [{"name": name, "good": o.good, "states": o.states,
                        "seconds": round(seconds, 1), "text": o.text}
                       for name, o, seconds in found]}
    return Result(len(found) - len(bad), len(bad), 0 if herd else len(tests), data, Failure(
        f"a model did not do what it should: {bad[0].text} "
        f"(log: {show(bad[0].log)}); read it from its end", FAILED) if bad else None)
