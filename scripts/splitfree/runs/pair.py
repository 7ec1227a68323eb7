# SPDX-License-Identifier: GPL-2.0
"""Programs run on stock and patched, each kernel in a guest of its own, and compared.

make selftests and make peers do that. runs/compare.py says what counts as a difference.
"""

import collections
import os
import shutil
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import TESTING, show
from splitfree.base.processes import run as run_program
from splitfree.base.progress import colour
from splitfree.base.results import Result
from splitfree.judge import verdict as verdicts
from splitfree.kernel import build as builds
from splitfree.kernel import guest, initramfs, x86
from splitfree.runs import compare
from splitfree.source import git
from splitfree.source.worktree import checkout, worktree

FRAGMENTS = [os.path.join(builds.KUNIT, name) for name in ("qemu.config", "selftests.config")]
KERNELS = ("stock", "patched")
# They share a lock and a place to build, so that neither builds the kernels again.
LOCK = "selftests"
NO_VMALLOC = ["test_vmalloc.run_test_mask=0"]
# A virtual CPU that its busy host does not run is no news.
QUIET = ["loglevel=7", "printk.devkmsg=on", "rcupdate.rcu_cpu_stall_timeout=300"]
# Huge pages have to be there each time, not at times.
MEMORY = 2048
# Rounds of reruns.
RERUNS = 4
BOOT_SECONDS, BETWEEN_SECONDS = 180, 60
# A guest that dies takes one test with it; this many may.
MOST_DEATHS = 6

Test = collections.namedtuple("Test", "name seconds command")


def kernels(job):
    """Build two kernels from one configuration, as job.kernels; job.stock is the stock source."""
    job.stock = worktree(job.tree, os.path.join(job.out, LOCK, "linux"))
    checkout(job.stock, "stock")
    job.kernels = {}
    for kind, tree in (("stock", job.stock), ("patched", job.tree)):
        kernel = x86.kernel(job.out, f"{LOCK}-{kind}", FRAGMENTS, tree.path,
                            job.path(kind + ".build.log"), job.options, label=kind)
        kernel.build(tree)
        job.kernels[kind] = kernel


def entries_of(programs):
    """The entries of an initramfs, and the names in it. programs: {path: name in the guest}."""
    entries = [*initramfs.directories("dev", "proc", "sys", "tmp", "bin"), initramfs.CONSOLE]
    known = {entry[0] for entry in entries}
    initramfs.add_file(entries, known, os.path.join(TESTING, "guest/selftests.sh"), "init")
    found = {}
    for name in ("busybox", "bash"):
        path = shutil.which(name)
        if not path:
            raise Failure(f"{name} is missing; run scripts/packages.sh selftests")
        found[os.path.realpath(path)] = f"bin/{name}"
    found.update(programs)
    for path, name in found.items():
        initramfs.add_file(entries, known, path, name)
    for library in initramfs.libraries(*found):
        initramfs.add_file(entries, known, os.path.realpath(library), library.lstrip("/"))
    # pthread_cancel() loads it, so ldd does not name it.
    path = run_program(["gcc", "-print-file-name=libgcc_s.so.1"]).stdout.decode().strip()
    initramfs.add_file(entries, known, os.path.realpath(path), "lib/libgcc_s.so.1")
    return entries, known


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


def again(lab, names, tests):
    """One more run of these tests."""
    return lab.userland([test for test in tests if test.name in names])


def settle(labs, tests, again_=again):
    """Run again what differs, until stock gave it too, or enough is enough."""
    for rerun in range(RERUNS):
        found = compare.differences(labs["stock"].runs, labs["patched"].runs)
        if not found:
            return rerun
        names = list(dict.fromkeys(test for test, *_ in found))
        print(f"differs, run again ({rerun + 1} of at most {RERUNS}): {', '.join(names)}",
              flush=True)
        for lab in labs.values():
            lab.runs.append(again_(lab, names, tests))
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


def table(counts):
    yield (f"  {'':<16}{'cases':>7}{'passed':>8}{'failed':>8}{'xfailed':>9}{'skipped':>9}"
           f"{'unsteady':>10}{'differ':>8}")
    for name, row in sorted(counts.items()):
        yield (f"  {name:<16}{row.cases:>7}{row.passed:>8}{row.failed:>8}{row.expected:>9}"
               f"{row.skipped:>9}{row.unsteady:>10}{row.differ:>8}")


def result_of(job, total, data, hint):
    """The Result. hint: what to type to run one test alone, but for its name."""
    alike = total.passed + total.failed + total.expected + total.unsteady
    failure = None
    if data["differ"]:
        first = data["differ"][0][0]
        failure = Failure(f"{first} differs first (logs: {show(job.results)}); run it "
                          f"alone with {hint}{first}", FAILED)
    elif not alike:
        failure = Failure("no test came to a result on either kernel")
    return Result(alike, total.differ, total.skipped, data, failure)
