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

import collections
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
from splitfree.base.progress import colour, ticking
from splitfree.base.results import Result
from splitfree.judge import verdict as verdicts
from splitfree.kernel import build as builds
from splitfree.kernel import guest, initramfs, x86
from splitfree.kernel.compiler import machine_failed
from splitfree.runs import compare
from splitfree.runs.frame import Command
from splitfree.source import git
from splitfree.source.worktree import checkout, worktree

DATA = os.path.join(TESTING, "selftests")
FRAGMENTS = [os.path.join(builds.KUNIT, name) for name in ("qemu.config", "selftests.config")]
KERNELS = ("stock", "patched")
DIRECTORIES = ("mm", "cpu-hotplug", "memory-hotplug")
# All functions of lib/test_vmalloc, a hundred times on each of four workers.
VMALLOC = ["test_vmalloc.run_test_mask=8191", "test_vmalloc.nr_threads=4",
           "test_vmalloc.test_loop_count=100", "test_vmalloc.nr_pcpu_objects=2000",
           "test_vmalloc.nr_pages=4"]
NO_VMALLOC = ["test_vmalloc.run_test_mask=0"]
# A virtual CPU that its busy host does not run is no news.
QUIET = ["loglevel=7", "printk.devkmsg=on", "rcupdate.rcu_cpu_stall_timeout=300"]
# Huge pages have to be there each time, not at times.
MEMORY = 2048
# Rounds of reruns; suites that are run again one by one, more go all at once.
RERUNS = 4
SUITES_ALONE = 4
# What KUnit runs when test_vmalloc alone is wanted: it powers off at its end.
SMALL_SUITE = "kunit_status"
BOOT_SECONDS, BETWEEN_SECONDS, KUNIT_SECONDS = 180, 60, 900
# A guest that dies takes one test with it; this many may.
MOST_DEATHS = 6

Test = collections.namedtuple("Test", "name seconds command")

COMMAND = Command(
    "run the kernel's own tests of memory on stock and patched, and compare",
    (NCPUS._replace(read=required(2, 64)), ACCEL,
     SUITE._replace(text="glob: run only these tests, such as mm/*, kunit/list*")),
    packages=("selftests",), own_lock="selftests")


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
    """What can be run in selftests/mm: programs, and scripts that do more than call it."""
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
    """The entries of the initramfs that all guests share, and the names in it."""
    entries = [*initramfs.directories("dev", "proc", "sys", "tmp", "bin"), initramfs.CONSOLE]
    known = {entry[0] for entry in entries}
    initramfs.add_file(entries, known, os.path.join(TESTING, "guest/selftests.sh"), "init")

    programs = {}
    for name in ("busybox", "bash"):
        path = shutil.which(name)
        if not path:
            raise Failure(f"{name} is missing; run scripts/packages.sh selftests")
        programs[os.path.realpath(path)] = f"bin/{name}"
    for path in sorted(glob.glob(os.path.join(built, "mm", "*"))):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            programs[path] = "selftests/mm/" + os.path.basename(path)
    for path, name in programs.items():
        initramfs.add_file(entries, known, path, name)
    for library in initramfs.libraries(*programs):
        initramfs.add_file(entries, known, os.path.realpath(library), library.lstrip("/"))
    # pthread_cancel() loads it, so ldd does not name it.
    path = run_program(["gcc", "-print-file-name=libgcc_s.so.1"]).stdout.decode().strip()
    initramfs.add_file(entries, known, os.path.realpath(path), "lib/libgcc_s.so.1")
    for name in DIRECTORIES[1:]:
        for path in glob.glob(os.path.join(linux, "tools/testing/selftests", name, "*.sh")):
            initramfs.add_file(entries, known, path, f"selftests/{name}/{os.path.basename(path)}")
    return entries


# Guests ----------------------------------------------------------------------

class Deadline:
    """When the guest counts as hung: a limit for the boot, and one for each test."""

    def __init__(self, tests, verbose):
        self.limits = {test.name: test.seconds for test in tests}
        self.verbose = verbose
        self.due = time.monotonic() + BOOT_SECONDS

    def line(self, text):
        match = compare.MARK.search(text)
        if match:
            seconds = self.limits.get(match.group(2), 0) if match.group(1) == "begin" else 0
            self.due = time.monotonic() + seconds + BETWEEN_SECONDS
            if self.verbose:
                print("  " + match.group(0), flush=True)

    def passed(self):
        return time.monotonic() > self.due


class Lab:
    """One kernel, its guests, and what they gave."""

    def __init__(self, job, kernel, kind, entries):
        self.job, self.kernel, self.kind, self.entries = job, kernel, kind, entries
        self.options = job.options
        self.runs, self.seconds, self.boots = [], {}, 0
        self.pattern = verdicts.read_splats()
        self.log, self.tests_log = job.path(kind + ".log"), job.path(kind + ".tests.log")
        for path in (self.log, self.tests_log):
            with open(path, "w", encoding="utf-8"):
                pass

    def keep(self, path, log):
        """Append one boot's file to the log; returns its text."""
        try:
            with open(path, encoding="utf-8", errors="replace") as handle:
                text = handle.read()
            os.remove(path)
        except FileNotFoundError:
            text = ""
        with open(log, "a", encoding="utf-8") as handle:
            handle.write(f"==== boot {self.boots}\n{text}\n")
        return text

    def boot(self, append, what, timeout, image=None, on_line=None):
        """Returns (console, port, whether it was killed)."""
        self.boots += 1
        console, port = (self.job.path(f"{self.kind}.{name}.tmp") for name in ("console", "port"))
        args = x86.command(self.kernel, self.options.ncpus, self.options.accel, append + QUIET,
                           initrd=image, memory=MEMORY)
        args += ["-serial", "file:" + port]
        late = guest.run(args, console, timeout, f"{self.kind}: {what}", on_line=on_line,
                         verbose=self.options.verbose).late
        return self.keep(console, self.log), self.keep(port, self.tests_log), late

    def userland(self, tests):
        """{test: cases} of these tests. A guest that dies is started again for the rest."""
        found, left, deaths = {}, list(tests), 0
        while left:
            lines = "".join(f"{t.name} {t.seconds} {t.command}\n" for t in left)
            image = initramfs.write(self.job.path("initramfs.cpio"),
                                    self.entries + [("tests", 0o100644, (0, 0), lines.encode())])
            deadline = Deadline(left, self.options.verbose)
            console, port, _ = self.boot(["kunit.autorun=0", *NO_VMALLOC],
                                         f"{len(left)} programs", deadline.passed, image,
                                         deadline.line)
            done, seconds = compare.guest_tests(port, console, self.pattern)
            self.seconds.update(seconds)
            found.update(done)
            left = [test for test in left if test.name not in done]
            if "@done" in port:
                break
            deaths += 1
            if not done or deaths > MOST_DEATHS:
                raise Failure(f"the {self.kind} guest died or hung {deaths} times, "
                              f"{'before the first test' if not done else 'enough of it'} "
                              f"(log: {show(self.log)}); look at its end", FAILED)
        return found

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


# Reporting -------------------------------------------------------------------

def table(counts):
    yield (f"  {'':<16}{'cases':>7}{'passed':>8}{'failed':>8}{'xfailed':>9}{'skipped':>9}"
           f"{'unsteady':>10}{'differ':>8}")
    for name, row in sorted(counts.items()):
        yield (f"  {name:<16}{row.cases:>7}{row.passed:>8}{row.failed:>8}{row.expected:>9}"
               f"{row.skipped:>9}{row.unsteady:>10}{row.differ:>8}")


def check(job):
    job.tests, job.left_out = read_list()
    job.programs, job.kernel_tests, job.glob = select(job.tests, job.options.suite)
    if not job.programs and not job.kernel_tests:
        raise Failure(f"SUITE={job.options.suite} fits no test of {show(DATA)}/tests.list, "
                      "nor kunit/*")


def prepare(job):
    """Two kernels from one configuration, and the stock source."""
    job.stock = worktree(job.tree, job.path("linux"))
    checkout(job.stock, "stock")
    job.kernels = {}
    for kind, tree in (("stock", job.stock), ("patched", job.tree)):
        kernel = x86.kernel(job.out, "selftests-" + kind, FRAGMENTS, tree.path,
                            job.path(kind + ".build.log"), job.options, label=kind)
        kernel.build(tree)
        job.kernels[kind] = kernel


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


def settle(labs, tests):
    """Run again what differs, until stock gave it too, or enough is enough."""
    for rerun in range(RERUNS):
        found = compare.differences(labs["stock"].runs, labs["patched"].runs)
        if not found:
            return rerun
        names = list(dict.fromkeys(test for test, *_ in found))
        print(f"differs, run again ({rerun + 1} of at most {RERUNS}): {', '.join(names)}",
              flush=True)
        for lab in labs.values():
            lab.runs.append(again(lab, names, tests))
    return RERUNS


def report(labs, left_out, reruns):
    """Print the differences and the totals; returns the sums, and the data of the result."""
    runs = [labs[kind].runs for kind in KERNELS]
    different, shaky = compare.differences(*runs), compare.unsteady(*runs)
    counts = compare.count(*runs)
    for title, rows, code in (("differs", different, "31"), ("unsteady", shaky, "33")):
        for test, case, stock, patched in rows:
            print(colour(code, f"{title}: {test}: {case}: stock {compare.said(stock)}; "
                               f"patched {compare.said(patched)}"))
    print("on both kernels alike, but for the last two columns:")
    for line in table(counts):
        print(line)
    total = compare.Count(*map(sum, zip(*counts.values())))
    alike = {f"{test}: {case}": values[0]
             for run_ in labs["stock"].runs[:1] for test in run_
             for case, values in compare.outcomes([run_], test).items()
             if values[0] not in ("passed", "said") and case != "planned cases"}
    return total, {
        "kernels": {kind: git.git(labs[kind].kernel.linux, "rev-parse",
                                  "HEAD").stdout.decode().strip() for kind in KERNELS},
        "reruns": reruns, "boots": {kind: labs[kind].boots for kind in KERNELS},
        "counts": {name: row._asdict() for name, row in counts.items()},
        "total": total._asdict(), "differ": [list(row) for row in different],
        "unsteady": [list(row) for row in shaky],
        "not passed on stock": alike, "left out": left_out,
        "seconds": {kind: labs[kind].seconds for kind in KERNELS},
        "runs": {kind: labs[kind].runs for kind in KERNELS}}


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
    reruns = settle(labs, job.tests)
    total, data = report(labs, job.left_out, reruns)
    job.say(f"{time.monotonic() - start:.0f} s, {reruns} reruns, {len(job.left_out)} programs left "
            f"out (tools/testing/selftests/tests.list says why); {show(job.path('result.json'))} "
            "has each case")
    alike = total.passed + total.failed + total.expected + total.unsteady
    failure = None
    if data["differ"]:
        first = data["differ"][0][0]
        failure = Failure(f"{first} differs first (logs: {show(job.results)}); run it "
                          f"alone with SUITE={first}", FAILED)
    elif not alike:
        failure = Failure("no test came to a result on either kernel")
    return Result(alike, total.differ, total.skipped, data, failure)
