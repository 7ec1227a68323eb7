# SPDX-License-Identifier: GPL-2.0
"""Compiles the patched mm/ in configurations that no other target builds.

Each line of kunit/configs/list is one: its architecture and its fragments. Built
are mm/ and lib/tests/llist_*.o with W=1, not whole kernels: no other file of
the kernel has our code, and the headers that it changes are all used by mm/. What
a link would find is looked up instead: a symbol that mm/pcp/ or mm/page_alloc.c
defines in any configuration, and that an object wants, has to be defined there
too. A warning in a file that the series touches fails, unless stock gives it too.
Logs: $(O)/configs/NAME.log. The data of the result: configs, a list of name, seconds,
reasons (why it is bad) and lost (symbols that would be undefined). With SHARD= each has
also ours and undefined, symbols that scripts/ci sum compares.
"""

import collections
import glob
import os
import re
import shutil
import subprocess
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import ONLY, Option, is_one
from splitfree.base.paths import show
from splitfree.base.processes import run as run_program
from splitfree.base.progress import Progress, colour, verdict_word
from splitfree.base.results import Result
from splitfree.base.shards import SHARD
from splitfree.kernel import build, x86
from splitfree.kernel.compiler import blame_machine, clang_version, llvm_suffix
from splitfree.runs.frame import Command

DATA = os.path.join(build.KUNIT, "configs")
OBJECTS = ("mm/", "lib/tests/llist_kunit.o", "lib/tests/llist_race.o",
           "lib/tests/llist_race_cases.o")
CROSS = {"arm64": "aarch64-linux-gnu-"}
WARNING = re.compile(r"^(?:\./|(?:\.\./)+)?([^\s:]+):(\d+)(?::\d+)?: (warning|error): (.*)$")
# Clang's context analysis.
ANALYSIS = "[-Wthread-safety"
COMPILED = re.compile(r"^  CC\s+(mm|lib)/")

# The first clang whose context analysis the kernel uses.
CONTEXT_ANALYSIS = 23

Config = collections.namedtuple("Config", "name arch fragments clang", defaults=(False,))
Complaint = collections.namedtuple("Complaint", "path line kind text")


def read_list(path=os.path.join(DATA, "list")):
    """The configurations, in order."""
    configs = []
    with open(path, encoding="utf-8") as handle:
        for count, line in enumerate(handle, 1):
            words = line.split()
            if not words or line.startswith("#"):
                continue
            arch, _, clang = words[1].partition("/") if len(words) > 1 else ("", "", "")
            if len(words) < 3 or arch not in ("x86_64", "i386", "arm64") or \
                    clang not in ("", "clang"):
                raise Failure(f"{show(path)}:{count}: want NAME ARCH FRAGMENT..., "
                              "ARCH x86_64, i386 or arm64, with /clang for that compiler")
            configs.append(Config(words[0], arch, words[2:], bool(clang)))
    return configs


COMMAND = Command("compile mm/ in configurations that no other target builds, with W=1",
                  (ONLY, SHARD, Option("TOUCHED", "", is_one,
                                       "1: only the files that the series touches", False)),
                  packages=("configs",))


class ConfigKernel(x86.X86):
    """A build directory for each architecture, with one configuration after another."""

    def __init__(self, job, config):
        fragments = [os.path.join(build.KUNIT, name) for name in config.fragments]
        suffix = llvm_suffix("1") if config.clang else None
        # Locks are followed in our files alone: no other file of mm/ is ready for it.
        self.analysed = config.clang and clang_version("clang" + suffix) >= CONTEXT_ANALYSIS
        if self.analysed:
            fragments.append(os.path.join(DATA, "context-analysis.config"))
        place = f"configs-{config.arch}" + (f"-clang{suffix}" if config.clang else "")
        super().__init__(os.path.join(job.out, "kunit-build", place), fragments,
                         job.tree.path, job.path(config.name + ".log"), job.options.jobs,
                         job.options.verbose, arch=config.arch, label=config.name, llvm=suffix)
        self.cross = CROSS.get(config.arch, "")

    def make_options(self):
        if self.llvm is not None:
            return super().make_options() + (["CONTEXT_ANALYSIS=y"] if self.analysed else [])
        cc = "ccache " if shutil.which("ccache") else ""
        return [f"CROSS_COMPILE={self.cross}", f"CC={cc}{self.cross}gcc"]

    def make(self, *targets):
        """make with W=1; returns (status, its lines)."""
        command = ["make", "-C", self.linux, f"ARCH={self.ARCH}", "O=" + self.dir,
                   f"--jobs={self.jobs}", "W=1", *self.make_options(), *targets]
        progress, lines, done = Progress(f"compiling {self.label}, objects"), [], 0
        with open(self.log, "a", encoding="utf-8") as log:
            log.write("$ " + " ".join(command) + "\n")
            child = subprocess.Popen(command, env=self.environment(), stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     text=True, errors="replace")
            for line in child.stdout:
                log.write(line)
                lines.append(line.rstrip("\n"))
                if self.verbose:
                    print(line, end="", flush=True)
                if COMPILED.match(line):
                    done += 1
                    progress.update(done)
            child.wait()
        progress.close()
        blame_machine(child.returncode, lines, self.label, self.log)
        return child.returncode, lines

    def compile(self, touched=()):
        """Configure, and compile anew: all, or what is touched; returns (status, lines)."""
        with open(self.log, "w", encoding="utf-8"):
            pass
        self.make_config()
        # make says nothing about what it does not compile again; ccache does.
        for name in ("mm", "lib/tests"):
            for path in glob.glob(os.path.join(self.dir, name, "**", "*.o"), recursive=True):
                os.remove(path)
        status, lines = self.make("prepare")
        if status:
            return status, lines
        with open(os.path.join(self.dir, ".config"), encoding="utf-8") as handle:
            config = handle.read().splitlines()
        return self.make(*(touched_objects(touched, self.linux, config) if touched else OBJECTS))


# Reading what make said ------------------------------------------------------

def complaints(lines):
    """[Complaint] of the compiler's warnings and errors, each once."""
    found = []
    for line in lines:
        match = WARNING.match(line)
        if match:
            path, number_, kind, text = match.groups()
            complaint = Complaint(os.path.normpath(path), int(number_), kind, text)
            if complaint not in found:
                found.append(complaint)
    return found


def ours(found, touched, prefix=""):
    """Those in files that the series touches. prefix: where the source lies."""
    kept = []
    for complaint in found:
        path = complaint.path
        if prefix and path.startswith(prefix + "/"):
            path = path[len(prefix) + 1:]
        if path in touched and not (ANALYSIS in complaint.text and
                                    not path.startswith("mm/pcp/")):
            kept.append(complaint._replace(path=path))
    return kept


def symbols(text):
    """(defined, wanted) of nm's output, global names only."""
    defined, wanted = set(), set()
    for line in text.splitlines():
        match = re.match(r"^(?:[0-9a-f]+)?\s+([A-Za-z]) (\S+)$", line)
        if match and match.group(1) in "U":
            wanted.add(match.group(2))
        elif match and (match.group(1).isupper() or match.group(1) in "vw"):
            defined.add(match.group(2))
    return defined, wanted


def objects_of(directory):
    """Our objects, and all that were compiled."""
    every = [path for name in ("mm", "lib/tests")
             for path in sorted(glob.glob(os.path.join(directory, name, "**", "*.o"),
                                          recursive=True))]
    mine = [path for path in every
            if os.path.relpath(path, directory).startswith(("mm/pcp/", "mm/page_alloc.o"))]
    return mine, every


def names_in(paths, cross):
    text = run_program([cross + "nm", "-g", *paths]).stdout.decode("utf-8", "replace") if paths else ""
    return symbols(text)


def not_linked(rows):
    """[names] a row: symbols of ours, from any row, that this one wants and does not define.

    A row is (ours, defined, wanted).
    """
    names = set().union(*(mine for mine, _, _ in rows)) if rows else set()
    return [sorted((wanted & names) - defined) for _, defined, wanted in rows]


# Running ---------------------------------------------------------------------

def touched_files(tree):
    return {path for path in tree.lines("diff", "--name-only", "stock", "HEAD")
            if path.endswith((".c", ".h"))}


def wanted_by(makefile, name, config):
    """Whether the kernel has this object: its line in the Makefile may depend on a symbol."""
    match = re.search(rf"^obj-\$\((CONFIG_\w+)\)[^\n]*\b{re.escape(name)}$", makefile, re.M)
    return not match or match.group(1) + "=y" in config


def touched_objects(touched, linux, config):
    """mm/pcp/ and the objects of the other files. zone.c is a part of page_alloc.o."""
    found = []
    for path in sorted(touched):
        if path.endswith(".c") and path.startswith(("mm/", "lib/")) and "/pcp/" not in path:
            with open(os.path.join(linux, os.path.dirname(path), "Makefile"),
                      encoding="utf-8") as handle:
                if wanted_by(handle.read(), os.path.basename(path)[:-2] + ".o", config):
                    found.append(path[:-2] + ".o")
    return ["mm/pcp/", *found]


def one(kernel, touched, quick):
    """Compile one; returns (reasons, complaints, our defined, everything defined, wanted)."""
    status, lines = kernel.compile(touched if quick else ())
    found = ours(complaints(lines), touched, kernel.linux)
    mine, every = objects_of(kernel.dir)
    reasons = []
    if status:
        error = next((c for c in complaints(lines) if c.kind == "error"), None)
        reasons.append(f"{error.path}:{error.line}: {error.text}" if error else "make failed")
    elif not any("/mm/pcp/" in path for path in mine):
        reasons.append("nothing of mm/pcp/ was compiled")
    defined, wanted = names_in(every, kernel.cross)
    return reasons, found, names_in(mine, kernel.cross)[0], defined, wanted


def compile_all(job, configs):
    """One line each; returns ([(name, seconds, reasons, symbols)], how many were skipped)."""
    touched = touched_files(job.tree)
    rows, skipped = [], 0
    for config in configs:
        compiler = CROSS.get(config.arch, "") + "gcc"
        if config.clang:
            try:
                llvm_suffix("1")
            except Failure as failure:
                job.say(f"skipped {config.name:<12} {failure}")
                skipped += 1
                continue
        elif not shutil.which(compiler):
            job.say(f"skipped {config.name:<12} {compiler} is missing; scripts/packages.sh configs "
                    "installs it")
            skipped += 1
            continue
        start = time.monotonic()
        kernel = ConfigKernel(job, config)
        try:
            reasons, found, *names = one(kernel, touched, job.options.touched)
        except Failure as failure:
            if failure.status != FAILED:
                raise
            reasons, found, names = [str(failure)], [], [set(), set(), set()]
        reasons += [f"{c.path}:{c.line}: {c.text}" for c in found if c.kind == "warning"]
        seconds = time.monotonic() - start
        rows.append((config.name, seconds, reasons, names))
        job.say(f"{verdict_word(not reasons)}  {config.name:<12} {seconds:5.0f} s   "
                f"{len(objects_of(kernel.dir)[1])} objects"
                + "".join(f"\n        {reason}" for reason in reasons[:20]))
    return rows, skipped


def check(job):
    job.configs = [c for c in read_list()
                   if not job.options.only or any(name in c.name for name in job.options.only)]
    if not job.configs:
        raise Failure(f"no configuration of {show(DATA)}/list has that name")
    job.configs = job.options.shard.run_of(job.configs)


def run(job):
    rows, skipped = compile_all(job, job.configs)
    # A symbol of ours that some configuration wants and does not have.
    found, failed = [], 0
    for (name, seconds, reasons, names), lost in zip(rows, not_linked([row[3] for row in rows])):
        if lost:
            job.say(colour("31", f"FAILED  {name:<12} would not link, undefined: ")
                    + ", ".join(lost))
        failed += bool(reasons or lost)
        found.append({"name": name, "seconds": round(seconds, 1), "reasons": reasons,
                      "lost": lost})
        if job.options.shard:
            # The symbols of another shard's configurations are not known here.
            mine, defined, wanted = names
            found[-1].update(ours=sorted(mine), undefined=sorted(wanted - defined))
    failure = None
    if failed:
        failure = Failure("a configuration does not build as it should "
                          f"(logs: {show(job.results)}); the lines above say where", FAILED)
    elif not rows:
        failure = Failure("nothing was compiled; install the compilers and try again")
    return Result(len(rows) - failed, failed, skipped, {"configs": found}, failure)
