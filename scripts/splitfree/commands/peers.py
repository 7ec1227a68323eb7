# SPDX-License-Identifier: GPL-2.0
"""Runs the suites of others that work memory, on stock and patched, and prints what differs.

Each is built for the guests of make selftests, and compared by the same rules, which
runs/compare.py has. A program is a test, and its exit status the outcome, beside what
the kernel said.

  stress-ng	the stressors of its class vm, each for some seconds; from the archive
  LTP=		a checkout of the Linux Test Project: its lists mm, with the OOM killer,
		hugetlb and cpuhotplug; linked statically
  WIS=		a checkout of will-it-scale: page_fault and malloc, processes and threads

A checkout is copied to $(O)/peers and built there, so nothing is written to it. A suite that
was not given is listed as missing. Results in $(O)/peers: stock.log, patched.log
(consoles), stock.tests.log, patched.tests.log (what programs wrote). The data of the result
is that of make selftests, and missing: {suite: how to give it}.
"""

import fnmatch
import glob
import os
import re
import shutil
import subprocess
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import ACCEL, NCPUS, SUITE, Option, required
from splitfree.base.paths import show
from splitfree.base.processes import clean_env
from splitfree.base.processes import run as run_program
from splitfree.base.progress import ticking
from splitfree.kernel import initramfs
from splitfree.kernel.compiler import machine_failed
from splitfree.runs import pair
from splitfree.runs.frame import Command
from splitfree.runs.pair import Test

# How long a stressor works, two of each at a time; and after which it is killed.
NG_SECONDS, NG_LIMIT = 10, 120
# LTP's own limit for a test is 30 seconds or more, on a machine that is not emulated.
LTP_LIMIT, LTP_FACTOR = 300, 4
LTP_LISTS = ("mm", "hugetlb", "cpuhotplug")
LTP_FOLDERS = ("testcases/kernel/mem", "testcases/kernel/hotplug", "testcases/lib")
LTP_ROOT = "/selftests/ltp"
WIS_SECONDS, WIS_LIMIT = 5, 120
WIS_CASES = re.compile(r"(page_fault|malloc)\d+_(processes|threads)")
# Translates the words of these programs for "cannot run here" to the exit status of a kselftest.
SKIPPED = 4
# LTP: TCONF is a skip; and TWARN has the status of a skip, so it gets another one.
LTP_TAIL = f"s=$?; case $s in 32) s={SKIPPED};; 4) s=5;; esac; exit $s"
# stress-ng: no resources, or not in this kernel.
NG_TAIL = f"s=$?; case $s in 3|4) s={SKIPPED};; esac; exit $s"

MISSING = {
    "ltp": "LTP=DIRECTORY of a checkout, as of github.com/linux-test-project/ltp",
    "wis": "WIS=DIRECTORY of a checkout, as of github.com/antonblanchard/will-it-scale",
}


def checkout_of(mark):
    """Reads a directory that has that file."""
    def read(name, text):
        if text and not os.path.exists(os.path.join(text, mark)):
            raise Failure(f"{name}={text} is no such checkout: it has no {mark}")
        return os.path.abspath(text) if text else ""
    return read


COMMAND = Command(
    "run stress-ng, LTP and will-it-scale on stock and patched, and compare",
    (Option("LTP", "", checkout_of("runtest/mm"),
            "directory: a checkout of the Linux Test Project"),
     Option("WIS", "", checkout_of("tests/page_fault1.c"),
            "directory: a checkout of will-it-scale"),
     NCPUS._replace(read=required(2, 64)), ACCEL,
     SUITE._replace(text="glob: run only these tests, such as stress-ng/mmap*, ltp/oom*")),
    packages=lambda options: ["selftests", *(name for name in MISSING if getattr(options, name))],
    own_lock=pair.LOCK)


# stress-ng ---------------------------------------------------------------------

def ng_names(said):
    """The stressors of a class, from what stress-ng says of it."""
    match = re.search(r"class '\w+' stressors: (.*)", said)
    return match.group(1).split() if match else []


def ng_tests():
    found = run_program(["stress-ng", "--class", "vm?"])
    names = ng_names((found.stdout + found.stderr).decode("utf-8", "replace"))
    if not names:
        raise Failure("stress-ng does not say which stressors are of its class vm")
    return [Test(f"stress-ng/{name}", NG_LIMIT,
                 f"stress-ng --{name} 2 --timeout {NG_SECONDS} --verify --oomable "
                 f"--temp-path /tmp; {NG_TAIL}") for name in names]


def stress_ng(_job):
    path = shutil.which("stress-ng")
    if not path:
        raise Failure("stress-ng is missing; run scripts/packages.sh selftests")
    return ng_tests(), {os.path.realpath(path): "bin/stress-ng"}


# Checkouts ---------------------------------------------------------------------

def copied(job, name, source):
    """A copy of a checkout in $(O)/peers that is as new as it is; returns its path."""
    target = job.path(name)
    os.makedirs(target, exist_ok=True)
    result = run_program(["rsync", "-a", "--exclude=.git", source + "/", target]) \
        if shutil.which("rsync") else run_program(["cp", "-au", source + "/.", target])
    if result.returncode:
        raise Failure(f"{source} could not be copied to {show(target)}: "
                      + result.stderr.decode("utf-8", "replace").strip())
    return target


def built(job, name, where, commands):
    """Run commands that build it; says where the log is if one fails."""
    log = job.path(f"{name}.build.log")
    with open(log, "wb") as handle, ticking(f"building {name}"):
        for command in commands:
            result = run_program(command, cwd=where, env=clean_env(), stdout=handle,
                                 stderr=subprocess.STDOUT)
            if not result.returncode:
                continue
            with open(log, encoding="utf-8", errors="replace") as text:
                lack = machine_failed(text)
            raise Failure(f"{name} did not build: {lack or ' '.join(command)} (log: {show(log)})",
                          FAILED if not lack else 2)


def ltp_tests(text):
    """The tests of a list of LTP: a name and a command a line."""
    found = []
    for line in text.splitlines():
        name, _, command = line.strip().partition(" ")
        name, _, more = name.partition("\t")
        command = f"{more} {command}".strip()
        if not name or name.startswith("#"):
            continue
        found.append(Test(f"ltp/{name}", LTP_LIMIT,
                          f"export LTPROOT={LTP_ROOT} TMPDIR=/tmp LTP_TIMEOUT_MUL={LTP_FACTOR} "
                          f"PATH={LTP_ROOT}/bin:$PATH; {command or name}; {LTP_TAIL}"))
    return found


def is_program(path):
    """Some scripts of LTP get their mode when they are installed."""
    if not os.path.isfile(path):
        return False
    if os.access(path, os.X_OK) or path.endswith(".sh"):
        return True
    with open(path, "rb") as handle:
        return handle.read(2) == b"#!"


def ltp(job):
    where = copied(job, "ltp", job.options.ltp)
    jobs = f"-j{job.options.jobs}"
    commands = [["make", "autotools"], ["./configure", "LDFLAGS=-static"]] \
        if not os.path.exists(os.path.join(where, "include/mk/config.mk")) else []
    commands += [["make", jobs, "-C", folder] for folder in LTP_FOLDERS
                 if os.path.isdir(os.path.join(where, folder))]
    built(job, "ltp", where, commands)
    programs = {}
    for folder in LTP_FOLDERS:
        for path in glob.glob(os.path.join(where, folder, "**", "*"), recursive=True):
            if is_program(path):
                programs[path] = "selftests/ltp/bin/" + os.path.basename(path)
    found, known = [], {os.path.basename(name) for name in programs.values()}
    for name in LTP_LISTS:
        path = os.path.join(where, "runtest", name)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as handle:
                found += ltp_tests(handle.read())
    # The lists name programs of folders that are not built here.
    return [test for test in found if known & set(re.findall(r"[\w.-]+", test.command))], programs


def wis(job):
    where = copied(job, "wis", job.options.wis)
    names = sorted(os.path.basename(path)[:-2] + kind
                   for path in glob.glob(os.path.join(where, "tests/*.c"))
                   for kind in ("_processes", "_threads"))
    names = [name for name in names if WIS_CASES.fullmatch(name)]
    built(job, "wis", where, [["make", f"-j{job.options.jobs}", *names]])
    return ([Test(f"will-it-scale/{name}", WIS_LIMIT, f"/selftests/will-it-scale/{name} -t "
                  f"{job.options.ncpus} -s {WIS_SECONDS}") for name in names],
            {os.path.join(where, name): f"selftests/will-it-scale/{name}" for name in names})


# -------------------------------------------------------------------------------

def suites(job):
    """(tests, {program: its name in the guest}, {suite: why it is missing})"""
    tests, programs, missing = [], {}, {}
    for name, suite in (("", stress_ng), ("ltp", ltp), ("wis", wis)):
        if name and not getattr(job.options, name):
            missing[name] = MISSING[name]
            continue
        more, files = suite(job)
        tests += more
        programs.update(files)
    if job.options.suite:
        tests = [test for test in tests if fnmatch.fnmatch(test.name, job.options.suite)]
    unique = list({test.name: test for test in tests}.values())
    return unique, programs, missing


def prepare(job):
    pair.kernels(job)


def image(tests, programs):
    """The entries of the initramfs; a test begins in the directory that its name begins with."""
    entries, known = pair.entries_of(programs)
    for name in dict.fromkeys(test.name.split("/")[0] for test in tests):
        for directory in ("selftests", f"selftests/{name}"):
            if directory not in known:
                known.add(directory)
                entries += initramfs.directories(directory)
    return entries


def run(job):
    tests, programs, missing = suites(job)
    if not tests:
        raise Failure(f"SUITE={job.options.suite} fits no test of the suites that were given")
    entries, start = image(tests, programs), time.monotonic()
    labs = {kind: pair.Lab(job, job.kernels[kind], kind, entries) for kind in pair.KERNELS}
    for lab in labs.values():
        lab.runs.append(lab.userland(tests))
    reruns = pair.settle(labs, tests)
    total, data = pair.report(labs, {}, reruns)
    for name, how in missing.items():
        job.say(f"{name} is missing: {how}")
    job.say(f"{time.monotonic() - start:.0f} s, {reruns} reruns; {show(job.path('result.json'))} "
            "has each case")
    return pair.result_of(job, total, {**data, "missing": missing}, "SUITE=")
