# SPDX-License-Identifier: GPL-2.0
"""Runs the kernel's own tests of memory on stock and patched, prints what differs.

Both are built from kunit/qemu.config and kunit/selftests.config and run under QEMU:
lib/test_vmalloc and KUnit at the boot of one guest, tools/testing/selftests (as
tools/testing/selftests/tests.list says) in another. runs/compare.py says what counts
as a difference. Results in $(O)/selftests: stock.log, patched.log (consoles),
stock.tests.log, patched.tests.log (what programs wrote). The data of the result:
kernels, reruns, boots, counts, total, differ, unsteady, "not passed on stock",
"left out", seconds, and runs, which has each case.
"""

import fnmatch
import glob
import hashlib
import os
import shutil
import subprocess
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import ACCEL, NCPUS, SUITE, required
from splitfree.base.paths import TESTING, show
from splitfree.base.processes import run as run_program
from splitfree.base.progress import ticking
from splitfree.kernel import build as builds
from splitfree.kernel import initramfs
from splitfree.kernel.compiler import machine_failed
from splitfree.runs import compare, pair
from splitfree.runs.frame import Command
from splitfree.runs.pair import KERNELS, NO_VMALLOC, Test, report, result_of, settle
from splitfree.source import git

DATA = os.path.join(TESTING, "selftests")
DIRECTORIES = ("mm", "cpu-hotplug", "memory-hotplug")
# All functions of lib/test_vmalloc, a hundred times on each of four workers.
VMALLOC = ["test_vmalloc.run_test_mask=8191", "test_vmalloc.nr_threads=4",
           "test_vmalloc.test_loop_count=100", "test_vmalloc.nr_pcpu_objects=2000",
           "test_vmalloc.nr_pages=4"]
# Suites that are run again one by one, more go all at once.
SUITES_ALONE = 4
# A suite for when test_vmalloc alone is wanted: KUnit powers off at its end.
SMALL_SUITE = "kunit_status"
KUNIT_SECONDS = 900

COMMAND = Command(
    "run the kernel's own tests of memory on stock and patched, and compare",
    (NCPUS._replace(read=required(2, 64)), ACCEL,
     SUITE._replace(text="glob: run only these tests, such as mm/*, kunit/list*")),
    packages=("selftests",), own_lock=pair.LOCK)


def read_list(path=os.path.join(DATA, "tests.list")):
    """(tests, {program that is left out: reason})."""
    tests, left_out = [], {}
    with open(path, encoding="utf-8") as handle:
        for count, line in enumerate(handle, 1):
            words = line.split(None, 2)
            if not words or line.startswith("#"):
                continue
            if len(words) < 3 or words[0] != "-" and not words[1].isdigit():
                raise Failure(f"{show(path)}:{count}: want NAME SECONDS COMMAND, "
                              "or - PROGRAM REASON")
            if words[0] == "-":
                left_out[words[1]] = words[2].strip()
            else:
                tests.append(Test(words[0], int(words[1]), words[2].strip()))
    names = [test.name for test in tests]
    for name in names:
        if names.count(name) > 1 or name.split("/")[0] not in DIRECTORIES or "/" not in name:
            raise Failure(f"{show(path)}: {name} is there twice, or in no directory of "
                          + ", ".join(DIRECTORIES))
    return tests, left_out


def unaccounted(programs, tests, left_out):
    """Programs of selftests/mm that the list neither runs nor leaves out."""
    named = {word.removeprefix("./") for test in tests for word in test.command.split()
             if test.name.startswith("mm/")}
    return sorted(name for name in programs
                  if name not in named and "mm/" + name not in left_out)


# Userland --------------------------------------------------------------------

def programs_of(directory):
    """Tests in selftests/mm: programs, and scripts that do more than call it."""
    return [name for name in sorted(os.listdir(directory))
            if os.access(os.path.join(directory, name), os.X_OK)
            and os.path.isfile(os.path.join(directory, name))
            and not (name.startswith("ksft_") and "kmemleak" not in name)
            and name not in ("run_vmtests.sh", "check_config.sh", "write_hugetlb_memory.sh",
                             "va_high_addr_switch.sh")]


def build_userland(linux, out, jobs):
    """make headers, and selftests/mm; returns where the programs are."""
    target = os.path.join(out, "selftests", "user")
    log = os.path.join(out, "selftests", "user.log")
    key = hashlib.sha256(git.git(linux, "rev-parse", "HEAD:tools/testing/selftests").stdout
                         + run_program(["gcc", "--version"]).stdout).hexdigest()
    stamp = os.path.join(target, ".splitfree")
    built = os.path.join(target, "kselftest")
    if os.path.exists(stamp):
        with open(stamp, encoding="ascii") as handle:
            if handle.read() == key:
                return built
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    env = builds.Kernel.environment()
    with open(log, "wb") as handle, ticking("building selftests/mm"):
        for args in (["headers"], ["-C", "tools/testing/selftests", "TARGETS=mm"]):
            where = ["-C", linux] if args[0] == "headers" else []
            if not where:
                args = ["-C", os.path.join(linux, args[1]), args[2]]
            result = run_program(["make", *where, "O=" + target, f"--jobs={jobs}", "ARCH=x86_64"
                                  if args[0] != "headers" else "ARCH=x86", *args], env=env,
                                 stdout=handle, stderr=subprocess.STDOUT)
            with open(log, encoding="utf-8", errors="replace") as text:
                lack = result.returncode and machine_failed(text)
            if lack:
                raise Failure(f"selftests/mm did not build: {lack} (log: {show(log)})")
            if result.returncode:
                raise Failure(f"selftests/mm did not build (log: {show(log)}); scripts/packages.sh "
                              "selftests installs the libraries", FAILED)
    with open(stamp, "w", encoding="ascii") as handle:
        handle.write(key)
    return built


def base_image(linux, built):
    """The entries of the initramfs that all guests share."""
    programs = {path: "selftests/mm/" + os.path.basename(path)
                for path in sorted(glob.glob(os.path.join(built, "mm", "*")))
                if os.path.isfile(path) and os.access(path, os.X_OK)}
    entries, known = pair.entries_of(programs)
    for name in DIRECTORIES[1:]:
        for path in glob.glob(os.path.join(linux, "tools/testing/selftests", name, "*.sh")):
            initramfs.add_file(entries, known, path, f"selftests/{name}/{os.path.basename(path)}")
    return entries


# Guests ----------------------------------------------------------------------

class Lab(pair.Lab):
    """One kernel that has tests of its own, too."""

    def kernel_tests(self, glob_=None, vmalloc=True):
        """lib/test_vmalloc and KUnit, at boot."""
        append = list(VMALLOC if vmalloc else NO_VMALLOC)
        append += ["kunit.enable=1", "kunit_shutdown=poweroff"]
        if glob_:
            append.append("kunit.filter_glob=" + glob_)
        start = time.monotonic()
        console, _, late = self.boot(append, "KUnit", KUNIT_SECONDS)
        self.seconds["KUnit and test_vmalloc"] = time.monotonic() - start
        found = compare.kunit_tests(console, self.pattern)
        if vmalloc:
            found.update(compare.vmalloc_tests(console))
        if not found:
            raise Failure(f"the {self.kind} guest {'hung' if late else 'died'} before a test ended "
                          f"(log: {show(self.log)}); look at its end", FAILED)
        return found


def again(lab, names, tests):
    """One more run of these tests."""
    found = {}
    programs = [test for test in tests if test.name in names]
    if programs:
        found.update(lab.userland(programs))
    suites = [name.removeprefix("kunit/") for name in names if name.startswith("kunit/")]
    if len(suites) > SUITES_ALONE:
        found.update(lab.kernel_tests(vmalloc=False))
    else:
        for suite in suites:
            found.update(lab.kernel_tests(suite, vmalloc=False))
    if "test_vmalloc" in names:
        found.update(lab.kernel_tests(SMALL_SUITE))
    return {name: cases for name, cases in found.items() if name in names}


def check(job):
    job.tests, job.left_out = read_list()
    job.programs, job.kernel_tests, job.glob = select(job.tests, job.options.suite)
    if not job.programs and not job.kernel_tests:
        raise Failure(f"SUITE={job.options.suite} fits no test of {show(DATA)}/tests.list, "
                      "nor kunit/*")


def prepare(job):
    pair.kernels(job)


def select(tests, pattern):
    """(programs, whether the other guest is wanted, its glob)."""
    if not pattern:
        return tests, True, None
    programs = [test for test in tests if fnmatch.fnmatch(test.name, pattern)]
    if pattern.startswith("kunit/"):
        return programs, True, pattern.removeprefix("kunit/")
    return programs, pattern == "test_vmalloc", SMALL_SUITE


def first_runs(labs, programs, kernel, glob_):
    for lab in labs.values():
        found = {}
        if kernel:
            found.update(lab.kernel_tests(glob_))
        if programs:
            found.update(lab.userland(programs))
        lab.runs.append(found)


def check_list(built, tests, left_out):
    """Each program that was built is in the list."""
    missing = unaccounted(programs_of(os.path.join(built, "mm")), tests, left_out)
    if missing:
        raise Failure(f"{show(DATA)}/tests.list does not say what to do with "
                      f"{', '.join(missing)}; add a line for each", FAILED)


def run(job):
    built = build_userland(job.stock.path, job.out, job.options.jobs)
    check_list(built, job.tests, job.left_out)
    entries = base_image(job.stock.path, built)
    start = time.monotonic()
    labs = {kind: Lab(job, job.kernels[kind], kind, entries) for kind in KERNELS}
    first_runs(labs, job.programs, job.kernel_tests, job.glob)
    reruns = settle(labs, job.tests, again)
    total, data = report(labs, job.left_out, reruns)
    job.say(f"{time.monotonic() - start:.0f} s, {reruns} reruns, {len(job.left_out)} programs left "
            f"out (tools/testing/selftests/tests.list says why); {show(job.path('result.json'))} "
            "has each case")
    return result_of(job, total, data, "SUITE=")
