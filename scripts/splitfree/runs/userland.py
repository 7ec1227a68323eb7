# SPDX-License-Identifier: GPL-2.0
"""Compiles the helpers of mm/pcp/ for the host, for make user and make mutants.

No kernel is built; the kernel tree is there for its headers.
"""

import contextlib
import hashlib
import os
import re
import resource
import subprocess
import sys

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import ROOT, TESTING, show
from splitfree.base.processes import clean_env, run
from splitfree.base.progress import ticking
from splitfree.kernel import compiler
from splitfree.source import git
from splitfree.source import tree as trees

HARNESS = os.path.join(TESTING, "user")
# Headers of ours: from here, or from a tree that has the series already.
OWN_HEADERS = ("linux/pageblock_data.h", "trace/events/pcp.h")
# mm/pcp/ includes these as "../NAME": the directory above one that the compiler looks in.
PRIVATE = os.path.join(HARNESS, "include/own/mm")
KINDS = ("plain", "order3", "asan", "tsan")
# A run takes seconds; sanitizers on a machine that does other things too, more.
LIMIT = 300

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
        text = f"/* Made by make user from headers.list: {how} {header} */\n"
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
    os.makedirs(os.path.join(where, "mm/pcp/tests/lib"), exist_ok=True)
    for name in sorted(os.listdir(PRIVATE)):
        write_if_changed(os.path.join(where, "mm", name),
                         f'#include "{os.path.join(PRIVATE, name)}"\n')


def overlay(tree):
    """Where mm/pcp/ is ours to test: here, or in a tree that has the series already."""
    own = trees.Tree(tree)
    # Without our record it is the user's, who has the series, or it would have been copied.
    return tree if not own.exists() or own.complete() else ROOT


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


def tree_of(out, linux):
    """The kernel tree, brought up to date only if its own files can have changed.

    The overlay is compiled from where it lies, so an edit there costs nothing
    here. The caller holds the lock.
    """
    path, stamp = os.path.join(out, "linux"), os.path.join(out, "user", "tree")
    if linux and os.path.isdir(linux):
        # Its files may have changed, too.
        tree = trees.prepare(out, linux, in_place=True)
        print(trees.describe(tree), flush=True)
        return tree.path
    tree = trees.Tree(path)
    head = git.git(path, "rev-parse", "HEAD").stdout.decode().strip()
    wanted = f"{patches_id(linux)} {head}"
    with contextlib.suppress(OSError):
        with open(stamp, encoding="ascii") as handle:
            if tree.exists() and head == tree.state["head"] and handle.read() == wanted:
                return path
    tree = trees.prepare(out, linux)
    print(trees.describe(tree), flush=True)
    write_if_changed(stamp, f"{patches_id(linux)} {tree.state['head']}")
    return path


def prepare(out, linux):
    """The tree and the headers made of it; returns the tree's path. The caller holds the lock."""
    path = tree_of(out, linux)
    make_headers(path, os.path.join(out, "user", "include"))
    return path


# Builds and runs -------------------------------------------------------------

def suffix(cc):
    """The end of a directory's name for a compiler other than gcc."""
    name = os.path.basename(cc.split()[-1])
    return "" if name in ("gcc", "cc") else "-" + name


def start(command, console, timeout, env, limits=()):
    """Run the program to its end; returns its status, or None if the time ran out.

    limits: (resource, most) that it may have of it.
    """
    with open(console, "wb") as handle:
        child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=handle,
                                 stderr=subprocess.STDOUT)
        for what, most in limits:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(child.pid, what, (most, most))
        try:
            return child.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            child.kill()
            child.wait()


class Build:
    """The program of one kind. tree: where the kernel tree is; cc: the compiler."""

    def __init__(self, out, kind, jobs, verbose=False, tree=None, cc="gcc", sources_=None,
                 directory=None):
        self.kind, self.jobs, self.verbose, self.cc = kind, jobs, verbose, cc
        self.dir = directory or os.path.join(out, "user" + suffix(cc), kind)
        self.tree = tree or os.path.join(out, "linux")
        self.headers = os.path.join(out, "user", "include")
        self.sources = sources_ or sources(self.tree, os.path.join(out, "user", "overlay"))
        self.program = os.path.join(self.dir, "pcp_user")
        self.console = os.path.join(self.dir, "console.log")

    def make(self, *targets):
        return ["make", "-s", "-f", os.path.join(HARNESS, "Makefile"), f"-j{self.jobs}",
                f"KIND={self.kind}", f"CC={self.cc}", f"BUILD={self.dir}", f"HEADERS={self.headers}",
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
        compiler.blame_machine(result.returncode, text.splitlines(), f"the {self.kind} build", log)
        if result.returncode:
            errors = [line for line in text.splitlines() if "error:" in line]
            first = errors[0] if errors else (text.strip().splitlines() or ["?"])[-1]
            mend = ("add that header to tools/testing/user/headers.list"
                    if first.endswith("No such file or directory") else "mend that line")
            raise Failure(f"the {self.kind} build failed: {first} (log: {show(log)}); "
                          f"{mend} and run the same again", FAILED)

    def run(self, suite, rounds, timeout):
        """Returns the program's status; None: the time ran out."""
        env = clean_env(TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1",
                        UBSAN_OPTIONS="print_stacktrace=1")
        if rounds:
            env["PCP_ROUNDS"] = str(rounds)
        with ticking(f"running {self.kind}"):
            return start([self.program] + ([suite] if suite else []), self.console, timeout, env)

    def text(self):
        with open(self.console, encoding="utf-8", errors="replace") as handle:
            return handle.read()
