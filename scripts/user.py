#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compiles the helpers for the host and runs their suites, and threads, there.

Four builds: plain, order3 (pageblocks of 8 pages), asan (with UBSan too) and
tsan. Results: ktap.log, junit.xml, results.json and console.log in $(O)/user, and
what each build wrote in $(O)/user/plain, order3, asan and tsan. No kernel is built;
the kernel tree is there for its headers.
"""

import collections
import contextlib
import datetime
import hashlib
import os
import platform
import re
import subprocess
import sys
import time

from common import (FAILED, PASSED, ROOT, Failure, adopt_orphans, clean_env, colour,
                    kill_descendants, lock, main, run, show, ticking)
import cli
import tree as trees
from splitfree.judge import compiler, result as results, verdict as verdicts

HARNESS = os.path.join(ROOT, "tools/testing/pcp")
# Headers of ours: from here, or from a tree that has the series already.
OWN_HEADERS = ("linux/pageblock_data.h", "trace/events/pcp.h")
KINDS = ("plain", "order3", "asan", "tsan")
# A run takes seconds; sanitizers on a machine that does other things too, more.
TIMEOUT = 300
# Reports of the sanitizers, in place of the kernel's splats.
SANITIZERS = re.compile(r"runtime error: |ERROR: (Address|Leak)Sanitizer|"
                        r"WARNING: ThreadSanitizer|ThreadSanitizer:DEADLYSIGNAL")


# Headers ---------------------------------------------------------------------

def read_headers(path=os.path.join(HARNESS, "headers.list")):
    """[(how, header, more words)] of headers.list."""
    rows = []
    with open(path, encoding="utf-8") as handle:
        for nr, line in enumerate(handle, 1):
            words = line.split()
            if not words or line.startswith("#"):
                continue
            least = {"tree": 2, "shim": 2, "take": 4}.get(words[0])
            if not least or len(words) < least or (least == 2 and len(words) > 2):
                raise Failure(f"{show(path)}:{nr}: want tree HEADER, shim HEADER or take "
                              "HEADER FROM NAME...")
            rows.append((words[0], words[1], words[2:]))
    return rows


def definition(text, name):
    """A struct, enum or inline function, or the macros NAME* of a header; None: not there."""
    if name.endswith("*"):
        # With the conditions around them, which are cheap to keep.
        lines = re.sub(r"\\\n", "\0", re.sub(r"/\*.*?\*/", "", text, flags=re.S)).splitlines()
        prefix = re.compile(rf"#\s*define\s+{re.escape(name[:-1])}\w*(\s|\()")
        kept = []
        for line in lines:
            if re.match(r"#\s*(if|else|elif|endif)", line) or prefix.match(line):
                kept.append(line.replace("\0", "\\\n"))
        if not any(prefix.match(line) for line in kept):
            return None
        return guarded(kept)
    for pattern in (rf"^(?:struct|enum|union) {re.escape(name)} \{{\n.*?^\}}[^;]*;",
                    rf"^static [^;{{}}]*\b{re.escape(name)}\([^;{{}}]*\)\n\{{\n.*?^\}}$"):
        match = re.search(pattern, text, re.M | re.S)
        if match:
            return match.group(0)
    return None


def guarded(lines):
    """Without the guard of the header itself, the first #ifndef and the last #endif."""
    if re.match(r"#\s*ifndef", lines[0]) and re.match(r"#\s*endif", lines[-1]):
        lines = lines[1:-1]
    return "\n".join(lines)


def write_if_changed(path, text):
    """Leave the time of a file alone that is right already."""
    with contextlib.suppress(OSError):
        with open(path, encoding="utf-8") as handle:
            if handle.read() == text:
                return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)
    return True


def make_headers(tree, where):
    """Write the headers of headers.list below where."""
    for how, header, more in read_headers():
        text = f"/* Made by scripts/user.py from headers.list: {how} {header} */\n"
        if how == "tree":
            source = os.path.join(tree, "include", header)
            if not os.path.exists(source):
                raise Failure(f"{show(source)} is not there, but headers.list has it; use "
                              "another source with LINUX=", FAILED)
            text += f'#include "{source}"\n'
        elif how == "take":
            text += "#pragma once\n" + take(os.path.join(tree, more[0]), more[1:])
        write_if_changed(os.path.join(where, header), text)
    for header in OWN_HEADERS:
        write_if_changed(os.path.join(where, header),
                         f'#include "{os.path.join(overlay(tree), "include", header)}"\n')


def overlay(tree):
    """Where mm/pcp/ is ours to test: here, or in a tree that has the series already."""
    return tree if trees.Tree(tree).complete() else ROOT


def sources(tree, where):
    """Where the compiler finds mm/pcp/; beside it there must be no mm/internal.h."""
    top = overlay(tree)
    if top == ROOT:
        return ROOT
    for path, _, names in os.walk(os.path.join(top, "mm/pcp")):
        for name in names:
            if name.endswith((".c", ".h")):
                source = os.path.join(path, name)
                with open(source, encoding="utf-8") as handle:
                    write_if_changed(os.path.join(where, os.path.relpath(source, top)),
                                     handle.read())
    return where


def take(path, names):
    try:
        with open(path, encoding="utf-8") as handle:
            source = handle.read()
    except OSError as error:
        raise Failure(f"{show(path)}: {error.strerror}; headers.list has it", FAILED) from None
    text = ""
    for name in names:
        found = definition(source, name)
        if not found:
            raise Failure(f"{name} was not found in {show(path)}, but headers.list has it; use "
                          "another source with LINUX=", FAILED)
        text += found + "\n\n"
    return text


# The tree --------------------------------------------------------------------

def patches_id(linux):
    """Changes with the hooks and with LINUX=: what the tree's headers depend on."""
    total = hashlib.sha256(repr(linux).encode())
    where = os.path.join(ROOT, "patches")
    for name in sorted(os.listdir(where)):
        with open(os.path.join(where, name), "rb") as handle:
            total.update(name.encode() + b"\0" + handle.read() + b"\0")
    return total.hexdigest()


def prepare(out, linux):
    """The kernel tree, brought up to date only if its own files can have changed.

    The overlay is compiled from where it lies, so an edit there costs nothing
    here. The caller holds the lock.
    """
    path, stamp = os.path.join(out, "linux"), os.path.join(out, "user", "tree")
    tree = trees.Tree(path)
    head = run(["git", "-C", path, "rev-parse", "HEAD"]).stdout.decode().strip()
    wanted = f"{patches_id(linux)} {head}"
    with contextlib.suppress(OSError):
        with open(stamp, encoding="ascii") as handle:
            if tree.exists() and head == tree.state["head"] and handle.read() == wanted:
                return path
    tree = trees.prepare(out, linux)
    print(trees.describe(tree), flush=True)
    write_if_changed(stamp, f"{patches_id(linux)} {tree.state['head']}")
    return path


# Builds and runs -------------------------------------------------------------

class Build:
    """One of the three programs."""

    def __init__(self, out, kind, jobs, verbose=False):
        self.kind, self.jobs, self.verbose = kind, jobs, verbose
        self.dir = os.path.join(out, "user", kind)
        self.tree = os.path.join(out, "linux")
        self.headers = os.path.join(out, "user", "include")
        self.sources = sources(self.tree, os.path.join(out, "user", "overlay"))
        self.program = os.path.join(self.dir, "pcp_user")
        self.console = os.path.join(self.dir, "console.log")

    def make(self, *targets):
        return ["make", "-s", "-f", os.path.join(HARNESS, "Makefile"), f"-j{self.jobs}",
                f"KIND={self.kind}", f"BUILD={self.dir}", f"HEADERS={self.headers}",
                f"TREE={self.tree}", f"OVERLAY={self.sources}", f"V={int(self.verbose)}", *targets]

    def build(self):
        log = os.path.join(self.dir, "build.log")
        os.makedirs(self.dir, exist_ok=True)
        with ticking(f"building {self.kind}"):
            result = run(self.make(), stderr=subprocess.STDOUT, env=clean_env())
        text = result.stdout.decode("utf-8", "replace")
        with open(log, "w", encoding="utf-8") as handle:
            handle.write(text)
        if self.verbose:
            sys.stdout.write(text)
        lack = result.returncode and compiler.machine_failed(text.splitlines())
        if lack:
            raise Failure(f"{lack} (log: {show(log)}); free some, or use fewer compilers at a time "
                          "with JOBS=")
        if result.returncode:
            errors = [line for line in text.splitlines() if "error:" in line]
            first = errors[0] if errors else (text.strip().splitlines() or ["?"])[-1]
            raise Failure(f"the {self.kind} build failed: {first} (log: {show(log)}); "
                          "mend that line and run the same again", FAILED)

    def run(self, suite, rounds, timeout):
        """Returns the program's status; None: the time ran out."""
        env = clean_env(TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1",
                        UBSAN_OPTIONS="print_stacktrace=1")
        if rounds:
            env["PCP_ROUNDS"] = str(rounds)
        with open(self.console, "wb") as handle, ticking(f"running {self.kind}"):
            child = subprocess.Popen([self.program] + ([suite] if suite else []), env=env,
                                     stdin=subprocess.DEVNULL, stdout=handle,
                                     stderr=subprocess.STDOUT)
            try:
                return child.wait(timeout)
            except subprocess.TimeoutExpired:
                return None
            finally:
                child.kill()
                child.wait()

    def text(self):
        with open(self.console, encoding="utf-8", errors="replace") as handle:
            return handle.read()


Judged = collections.namedtuple("Judged", "verdict reason status")


def judge(text, status):
    """The verdict on one run: its KTAP, and how the program ended."""
    if "ThreadSanitizer: unexpected memory mapping" in text:
        raise Failure("ThreadSanitizer cannot live with this system's address randomisation; run "
                      "sysctl vm.mmap_rnd_bits=28, or setarch -R make user")
    verdict = verdicts.judge(text, SANITIZERS, [], datetime.date.today(), keep=True)
    reason, result = verdict.reason, verdict.status
    if status is None:
        reason, result = "it hung and was killed", FAILED
    elif verdict.splats:
        reason, result = verdict.splats[0].text, FAILED
    elif status and not verdict.status:
        reason, result = f"it ended with status {status}, though its log looks good", FAILED
    return Judged(verdict, reason, result)


def tests_of(kind, judged, console):
    """The results of one build, as a test with suites."""
    end = judged.reason if judged.status == FAILED and not judged.verdict.status else ""
    found = results.suite(kind, results.tests_of(judged.verdict, console, end))
    for test in found.tests:
        if test.name == "kernel":
            # What this program has instead.
            test.name = "program"
    return found


def reports(out, builds):
    """ktap.log, junit.xml and results.json of [(kind, Judged, console)]."""
    results.write(os.path.join(out, "user"), [tests_of(*one) for one in builds],
                  platform.machine())


# The command -----------------------------------------------------------------

def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--suite", default="", help="glob: suite, or suite.case")
    parser.add_argument("--debug", default="", help="only this build: plain, order3, asan or tsan")
    parser.add_argument("--ncpus", default="", help="not used: there are always 4")
    parser.add_argument("--rounds", default="", help="operations of the threads in each build")
    parser.add_argument("--timeout", default="", help="seconds for the run of each build")
    options = cli.parse(parser)
    if options.debug not in ("", *KINDS):
        raise Failure(f"DEBUG={options.debug} is no userland build; use one of "
                      f"{', '.join(KINDS)}, or leave it out for all of them")
    if any(c.isspace() or c in "\"'" for c in options.suite):
        raise Failure("SUITE= is one glob without blanks or quotes, such as SUITE='pcp_*'")
    options.timeout = cli.number("TIMEOUT", options.timeout or TIMEOUT, 1, 86400)
    if options.rounds:
        options.rounds = cli.number("OPS", options.rounds, 1, 10 ** 12)
    return options


def test(build, options):
    """Build and run one kind; prints a line, returns (text, Judged)."""
    start = time.monotonic()
    build.build()
    built = time.monotonic()
    status = build.run(options.suite, options.rounds, options.timeout)
    text = build.text()
    judged = judge(text, status)
    good = judged.status == PASSED
    word = colour("32", "ok    ") if good else colour("31", "FAILED")
    print(f"{word}  {build.kind:<6} built in {built - start:.1f} s, ran "
          f"{time.monotonic() - built:.1f} s   {verdicts.summary(judged.verdict)}"
          + ("" if good else f"   {show(build.console)}"), flush=True)
    if not good:
        for line in excerpt(text)[:30]:
            print("  | " + line)
    return text, judged


def excerpt(text):
    """What a person wants to see of a failed run: what failed and why, no lists of passes."""
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines
            if line and not re.match(r"ok |KTAP|1\.\.|# Subtest|# \w+: seed|# \w+: \d+ op", line)]
    return [line for line in kept if not re.match(r"not ok \d+ pcp_\w+$", line)] or lines[-10:]


def run_kinds(out, options):
    """Each build; returns [(kind, Judged)]."""
    tree = prepare(out, options.linux)
    make_headers(tree, os.path.join(out, "user", "include"))
    found = []
    for kind in [options.debug] if options.debug else KINDS:
        build = Build(out, kind, options.jobs, options.verbose)
        found.append((kind, test(build, options)[1], build.console))
    if any(judged.status != verdicts.NOT_TESTED for _, judged, _ in found):
        reports(out, found)
    return [one[:2] for one in found]


def run_main():
    options = arguments()
    adopt_orphans()
    out = os.path.abspath(options.out)
    try:
        with lock(out, "user"), results.guarded(os.path.join(out, "user"), platform.machine()):
            found = run_kinds(out, options)
            return sum_up(out, found)
    finally:
        kill_descendants()


def sum_up(out, found):
    """The last line, and the failure if there is one."""
    passed, failed, skipped = (sum(getattr(j.verdict, what) for _, j in found)
                               for what in ("passed", "failed", "skipped"))
    bad = [(kind, j) for kind, j in found if j.status != PASSED]
    if bad and not failed and any(j.status == FAILED for _, j in bad):
        failed = 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""),
          flush=True)
    if bad:
        # A build that failed says more than one that tested nothing.
        kind, judged = min(bad, key=lambda one: one[1].status)
        hint = ("run one suite alone with SUITE= and DEBUG= to look closer"
                if judged.status == FAILED else "look at SUITE=")
        raise Failure(f"{kind}: {judged.reason} (log: {show(os.path.join(out, 'user', kind))}"
                      f"/console.log); {hint}", judged.status)
    return PASSED


if __name__ == "__main__":
    main(run_main)
