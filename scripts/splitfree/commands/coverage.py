# SPDX-License-Identifier: GPL-2.0
"""Runs the suites on a UML kernel with gcov; lines and branches of each file of mm/pcp/.

Only functions of mm/pcp/ are instrumented, wherever they are compiled into. The
kernel has lockdep and failing trylocks, so it is the run of DEBUG=lockdep as
well. Below the floor is a failure. A line or branch that cannot be reached is left
out of the sum if tools/testing/excuses/coverage.list says why. Result: $(O)/coverage/index.html,
and console.log, ktap.log, junit.xml and results.json as of make kunit. The data of the
result is what make kunit has, and: files (counts of each), missed (lines), excuses.
"""

import collections
import glob
import html
import os
import re

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import NCPUS, TIMEOUT
from splitfree.base.paths import SCRIPTS, TESTING, show
from splitfree.base.processes import run as run_program
from splitfree.base.progress import colour
from splitfree.base.results import Result
from splitfree.judge import excuses as excuse_lists
from splitfree.judge import files as files_of
from splitfree.kernel import build, uml
from splitfree.runs import kunit
from splitfree.runs.frame import Command

LINES, BRANCHES = 95.0, 90.0
# With fewer, cases that need several CPUs are skipped: there is no floor.
CPUS = 4
EXCUSES = os.path.join(TESTING, "excuses/coverage.list")
GCOV = "-fprofile-filter-files=mm/pcp/[a-z]*[.][ch] -fprofile-update=atomic"
# gcov with each branch at the line that decides.
GCOV_TOOL = os.path.join(SCRIPTS, "gcov.py")

Excuse = collections.namedtuple("Excuse", "name kind text reason where")


# Seconds for the tests.
LIMIT = 400

COMMAND = Command("which lines and branches of mm/pcp/ the suites reach, with gcov",
                  (NCPUS._replace(default=str(CPUS)), TIMEOUT), packages=("coverage",), in_place=True)


class Gcov(uml.Uml):
    """The UML kernel of DEBUG=lockdep, with counters in mm/pcp/."""

    LABEL = "UML with gcov"

    @staticmethod
    def environment():
        # arch/um/Makefile-skas adds to what is there.
        return dict(build.Kernel.environment(), UM_GCOV_OPT=GCOV)

    def build_environment(self):
        # lcov finds the sources by their whole names.
        return self.environment()

    def counters(self):
        return glob.glob(os.path.join(self.dir, "mm/**/*.gcda"), recursive=True)


# Reading ---------------------------------------------------------------------

class File:
    """The counters of one file, and what was taken out of them."""

    def __init__(self, name, source):
        self.name, self.source = name, source
        self.lines = {}                                 # number: count
        self.branches = collections.OrderedDict()       # (line, block, branch): taken
        self.excused = collections.Counter()

    def text(self, line):
        return self.source[line - 1] if 0 < line <= len(self.source) else ""

    def missed_lines(self):
        return [n for n, count in sorted(self.lines.items()) if not count]

    def missed_branches(self):
        return [key for key, taken in self.branches.items() if not taken]

    @staticmethod
    def share(counts):
        hit = sum(1 for count in counts if count)
        return hit, len(counts), 100.0 * hit / len(counts) if counts else 100.0

    def sums(self):
        return self.share(self.lines.values()), self.share(self.branches.values())

    def below(self):
        lines, branches = self.sums()
        return lines[2] < LINES or branches[2] < BRANCHES

    def info(self, path):
        """The counters as lcov writes them."""
        out = ["TN:", f"SF:{path}"]
        for (line, block, branch), taken in self.branches.items():
            out.append(f"BRDA:{line},{block},{branch},{'-' if taken is None else taken}")
        lines, branches = self.sums()
        out += [f"BRF:{branches[1]}", f"BRH:{branches[0]}"]
        out += [f"DA:{number},{count}" for number, count in sorted(self.lines.items())]
        return out + [f"LF:{lines[1]}", f"LH:{lines[0]}", "end_of_record"]


def read_info(text, linux):
    """{name: File} of mm/pcp/, without its tests. None: a branch that was never come to."""
    files, current = {}, None
    for row in text.splitlines():
        key, _, value = row.partition(":")
        if key == "SF":
            match = re.search(r"(?:^|/)mm/pcp/(\w+\.[ch])$", value)
            current = None
            if match and match.group(1) not in files:
                path = os.path.join(linux, "mm/pcp", match.group(1))
                with open(path, encoding="utf-8") as handle:
                    files[match.group(1)] = File(match.group(1), handle.read().splitlines())
            if match:
                current = files[match.group(1)]
        elif current and key == "DA":
            line, count = value.split(",")[:2]
            current.lines[int(line)] = current.lines.get(int(line), 0) + int(count)
        elif current and key == "BRDA":
            line, block, branch, taken = value.split(",")
            key = (int(line), block, branch)
            old = current.branches.get(key)
            new = None if taken == "-" else int(taken)
            current.branches[key] = new if old is None else old + (new or 0)
    return files


# Excuses ---------------------------------------------------------------------

def read_excuses(path):
    """file | line, branch or macro | text of the line | why. With a ?: not in each run."""
    try:
        found = [Excuse(*one.fields, one.reason, one.where)
                 for one in excuse_lists.entries(path, 3, show=show)]
    except excuse_lists.BadList as error:
        raise Failure(f"{error}: file | line, branch or macro | text of the line | why it cannot "
                      "be reached") from None
    for one in found:
        if one.kind.rstrip("?") not in ("line", "branch", "macro"):
            raise Failure(f"{one.where}: write line, branch or macro, not {one.kind}")
    return found


def excuse(files, excuses):
    """Take out what is excused; returns what each took out, and those that found nothing."""
    taken, idle = [], []
    for one in excuses:
        kind, found = one.kind.rstrip("?"), collections.Counter()
        for item in files.values():
            if one.name not in ("*", item.name):
                continue
            if kind == "line":
                for line in item.missed_lines():
                    if one.text in item.text(line):
                        del item.lines[line]
                        found["lines"] += 1
                        item.excused["lines"] += 1
            for key in item.missed_branches():
                if (re.search(one.text, item.text(key[0])) if kind == "macro"
                        else one.text in item.text(key[0])):
                    del item.branches[key]
                    found["branches"] += 1
                    item.excused["branches"] += 1
        taken.append((one, found))
        if not found and not one.kind.endswith("?"):
            idle.append(one)
    return taken, idle


# Report ----------------------------------------------------------------------

def amounts(found):
    return ", ".join(f"{found[what]} {what if found[what] > 1 else what[:-1].replace('che', 'ch')}"
                     for what in ("lines", "branches") if found[what])


def table(files, floor):
    yield f"{'mm/pcp/':<14} {'lines':>18} {'branches':>20}   left out, with a reason"
    for name, item in sorted(files.items()):
        (hit, of, share), (bhit, bof, bshare) = item.sums()
        branches = f"{bshare:6.1f} %  {bhit:4d}/{bof:<4d}" if bof else "none"
        row = (f"{name:<14} {share:6.1f} %  {hit:4d}/{of:<4d} {branches:>18}   "
               f"{amounts(item.excused)}").rstrip()
        yield colour("31", row + "  BELOW") if floor and item.below() else row


def misses(files):
    """Lines and branches that were not reached and are not excused."""
    for name, item in sorted(files.items()):
        gone = set(item.missed_lines())
        for line in sorted(gone | {key[0] for key in item.missed_branches()}):
            count = sum(1 for key in item.missed_branches() if key[0] == line)
            what = "not run" if line in gone else f"{count} branch{'es' if count > 1 else ''} not taken"
            yield f"mm/pcp/{name}:{line}: {what}: {item.text(line).strip()}"


def epilog(taken):
    """The text that genhtml puts below each page."""
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in
                                    (one.name, one.text, amounts(found) or "none this time",
                                     one.reason)) + "</tr>\n" for one, found in taken)
    return ("<h3>Left out of the sums</h3>\n<table border=1 cellpadding=4>\n<tr><th>file</th>"
            "<th>line with</th><th>how much</th><th>why it cannot be reached</th></tr>\n"
            f"{rows}</table>\n</body></html>\n")


def tool(args, log):
    result = run_program(args)
    with open(log, "ab") as handle:
        handle.write(("$ " + " ".join(args) + "\n").encode() + result.stdout + result.stderr)
    if result.returncode:
        raise Failure(f"{args[0]} failed (log: {show(log)}); look at its last lines")


def is_lcov_2(said):
    """said: by lcov --version."""
    match = re.search(r"version (\d+)", said)
    return bool(match) and int(match.group(1)) >= 2


def tolerant(said):
    """Options against errors of lcov 2 and genhtml that are none here. said: by lcov --version.

    gcc 14 gives the first and the last line of a function in ways that do not match, and a
    line that was excused leaves branches behind.
    """
    if not is_lcov_2(said):
        return []
    return ["--ignore-errors", "mismatch", "--ignore-errors", "inconsistent"]


def with_branches(said):
    """The option for branches, which lcov 2 has under another name."""
    return ["--rc", f"{'' if is_lcov_2(said) else 'lcov_'}branch_coverage=1"]


def lcov_version():
    return run_program(["lcov", "--version"]).stdout.decode("utf-8", "replace")


def collect(job, kernel, log):
    """The counters of the run that just ended, by lcov."""
    if not kernel.counters():
        raise Failure(f"the kernel wrote no counters below {show(kernel.dir)}/mm; see that the "
                      "series has the step for .fini_array, and that the kernel ended by itself")
    raw, said = job.path("raw.info"), lcov_version()
    tool(["lcov", "--capture", "--directory", os.path.join(kernel.dir, "mm"), "--output-file", raw,
          "--base-directory", kernel.dir, *with_branches(said), "--gcov-tool", GCOV_TOOL,
          *tolerant(said)], log)
    with open(raw, encoding="utf-8") as handle:
        return read_info(handle.read(), kernel.linux)


def summary(files, taken, floor):
    """The part of the data that make report shows."""
    rows = []
    for name, item in sorted(files.items()):
        lines, branches = item.sums()
        rows.append({"file": f"mm/pcp/{name}", "html": f"mm/pcp/{name}.gcov.html",
                     "lines_hit": lines[0], "lines": lines[1],
                     "branches_hit": branches[0], "branches": branches[1],
                     "excluded": sum(item.excused.values()),
                     "good": not (floor and item.below())})
    return {"files": rows, "missed": list(misses(files)),
            "excuses": [{"place": f"{one.name}: {one.text} ({amounts(found) or 'none this time'})",
                         "reason": one.reason} for one, found in taken]}


def write(job, kernel, files, taken, log):
    """coverage.info, and the pages."""
    pcp = os.path.join(kernel.linux, "mm/pcp")
    info = job.path("coverage.info")
    with open(info, "w", encoding="utf-8") as handle:
        for name, item in sorted(files.items()):
            handle.write("\n".join(item.info(os.path.join(pcp, name))) + "\n")
    below = job.path("epilog.html")
    with open(below, "w", encoding="utf-8") as handle:
        handle.write(epilog(taken))
    tool(["genhtml", "--branch-coverage", "--prefix", kernel.linux, "--title", "mm/pcp/ by its suites",
          "--html-epilog", below, "--output-directory", job.results,
          *tolerant(lcov_version()), info], log)


def guard(job):
    return kunit.guard(job, "um")


def run(job):
    excuses = read_excuses(EXCUSES)
    kernel = Gcov(os.path.join(job.out, "kunit-build", "coverage"),
                  [*uml.fragments("lockdep"), os.path.join(build.KUNIT, "coverage.config")],
                  job.tree.path, job.path("build.log"), job.options.jobs, job.options.verbose)
    kernel.build(job.tree)
    for path in kernel.counters():
        os.remove(path)
    args = uml.command(kernel, job.out, job.options.ncpus, kunit.arguments(job.options.ncpus))
    tests = kunit.test(job, args, job.options.timeout or LIMIT, "tests under UML", "um",
                       uml.run_environment(kernel, job.out))
    if tests.failure:
        return tests
    result = report(job, kernel, tests, excuses)
    if result.failure:
        files_of.append(job.results, "coverage", [files_of.Test(
            "floors", files_of.CASE_FAILED, str(result.failure))])
    return result


def report(job, kernel, tests, excuses):
    """The counters of a good run; returns its result with one check a file on top."""
    log, ncpus = job.path("lcov.log"), job.options.ncpus
    with open(log, "w", encoding="utf-8"):
        pass
    files = collect(job, kernel, log)
    taken, idle = excuse(files, excuses)
    floor = ncpus >= CPUS
    write(job, kernel, files, taken, log)
    print()
    for row in table(files, floor):
        print(row)
    if floor:
        for row in misses(files):
            print("  " + row)
    print(show(job.path("index.html")))
    data = {**tests.data, **summary(files, taken, floor)}
    below = [name for name, item in sorted(files.items()) if item.below()]
    if not floor:
        print(f"no floor with {ncpus} CPU{'s' if ncpus > 1 else ''}: cases that need {CPUS} are "
              "skipped")
        below, idle, files = [], [], {}
    failure = None
    if below:
        failure = Failure(f"{', '.join(below)}: below {LINES:.0f} % of lines or {BRANCHES:.0f} % of "
                          "branches; add a case for a line named above, or say in "
                          f"{show(EXCUSES)} why it cannot be reached", FAILED)
    elif idle:
        failure = Failure(f"{idle[0].where} excuses what is not there or was reached; remove it",
                          FAILED)
    return Result(tests.passed + len(files) - len(below),
                  tests.failed + len(below) + bool(idle), tests.skipped, data, failure)
