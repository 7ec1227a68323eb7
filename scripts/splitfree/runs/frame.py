# SPDX-License-Identifier: GPL-2.0
"""The frame of each command: lock, prepare, describe, run, kill what was started, say the result.

A module of commands/ has a COMMAND, which declares it, and a function run(job), which
returns a Result or raises a Failure. It may have more: check(job) says what is wrong
before any work is done; prepare(job) is called with $(O) locked and the kernel tree ready,
also where the rest runs without that lock; guard(job) is a context around all work.
"""

import collections
import contextlib
import os
import platform
import subprocess
import sys
import time

from splitfree.base import options as declared
from splitfree.base import results
from splitfree.base.failures import (COULD_NOT_RUN, PASSED, AlreadySaid, Failure,
                                     sentence_of)
from splitfree.base.paths import SCRIPTS, lock, show
from splitfree.base.processes import (adopt_orphans, clean_env, kill_descendants,
                                      refuse_compilers)
from splitfree.judge import console as consoles
from splitfree.judge import files, rows
from splitfree.source import git
from splitfree.source import tree as trees

# The results that each command leaves, even if it has no suites of KUnit. The name results.json
# some of them use for their own.
CASES = (files.KTAP, files.JUNIT)

# text: for make help. options: besides those of every command. packages: sets of
# scripts/packages.sh, or a function of the values that returns them. directory: below
# $(O), or a function of the values that returns it; "": no results. tree: bring
# $(O)/linux up to date. own_lock: a directory below $(O) that the long part locks, so that
# other commands may run in $(O) beside it. no_lock: it only reads, or its children lock.
# in_place: LINUX= may be built where it lies, as neither the stock source is needed nor a step.
Command = collections.namedtuple(
    "Command", "text options packages directory tree own_lock no_lock in_place",
    defaults=((), (), None, True, None, False, False))


class Job:
    """One run of a command: its values, where its results go, and its kernel tree."""

    def __init__(self, name, command, values, texts=None):
        self.name, self.command, self.options = name, command, values
        self.texts = texts or {}
        self.out = values.out
        self.directory = name if command.directory is None else command.directory
        if callable(self.directory):
            self.directory = self.directory(values)
        self.results = os.path.join(self.out, self.directory) if self.directory else self.out
        self.tree = None
        # Without the lock, the result belongs to another run.
        self.begun = False
        # The result so far, for a run that does not come to its end.
        self.partial = results.Result()

    def path(self, *names):
        """A file among the results."""
        return os.path.join(self.results, *names)

    def say(self, *args, **kwargs):
        print(*args, flush=True, **kwargs)

    # The frame ---------------------------------------------------------------

    def install_all(self):
        """See that the programs are there that this command needs besides a compiler."""
        packages = self.command.packages
        self.install(*(packages(self.options) if callable(packages) else packages))

    def install(self, *names):
        """The same for sets of scripts/packages.sh."""
        for name in names:
            child = subprocess.run([os.path.join(SCRIPTS, "packages.sh"), name], check=False,
                                   env=clean_env(), stdin=subprocess.DEVNULL)
            if child.returncode:
                raise AlreadySaid(f"scripts/packages.sh {name} failed", COULD_NOT_RUN)

    def prepare_tree(self):
        """The kernel tree, for a command that needs it only at times and locks for itself."""
        with lock(self.out, self.name):
            self.make_tree()

    def make_tree(self):
        self.tree = trees.prepare(self.out, self.options.linux,
                                  in_place=self.command.in_place)
        self.say(trees.describe(self.tree))

    def prepare(self, module):
        if self.command.tree:
            self.make_tree()
        if hasattr(module, "prepare"):
            module.prepare(self)

    def begin(self):
        """With the lock held: there is no result from here on until the end."""
        os.makedirs(self.results, exist_ok=True)
        self.begun = True
        results.remove(*self.files())

    def files(self):
        """Where the result is written."""
        own = [self.path(results.NAME)] if self.directory and self.begun else []
        return own + ([self.options.result] if self.options.result else [])

    def take_lock(self, locks):
        """The lock of the whole run, for as long as the stack locks is open."""
        if self.command.own_lock:
            locks.enter_context(lock(os.path.join(self.out, self.command.own_lock), self.name))
        elif not self.command.no_lock:
            locks.enter_context(lock(self.out, self.name))

    def work(self, module):
        """The work of the command, with the lock held; returns the Result."""
        with module.guard(self) if hasattr(module, "guard") else contextlib.nullcontext():
            if self.command.own_lock and (self.command.tree or hasattr(module, "prepare")):
                with lock(self.out, self.name):
                    self.prepare(module)
            elif not self.command.no_lock:
                self.prepare(module)
            return module.run(self) or results.Result()

    def attempt(self, module, locks):
        """Run it; returns the Result, however it ends."""
        try:
            refuse_compilers([option.name for option in all_options(self.command)], self.texts)
            if hasattr(module, "check"):
                module.check(self)
            self.install_all()
            self.take_lock(locks)
            self.begin()
            if not hasattr(module, "guard"):
                files.remove(self.results, *CASES)
            result = self.work(module)
            if any(result.sums()):
                self.say(result.line())
            sys.stdout.flush()
        except (Failure, OSError) as failure:
            result = self.partial
            result.failure = failure
        finally:
            kill_descendants()
        return result

    def execute(self, module):
        """All of it; returns the status, or raises the Failure that ends it."""
        started = time.time()
        results.remove(*self.files())
        adopt_orphans()
        with contextlib.ExitStack() as locks:
            result = self.attempt(module, locks)
            record = self.record(result, started)
            if self.directory and self.begun:
                self.write_cases(record, hasattr(module, "guard"))
            for path in self.files():
                results.write_json(path, record)
        if result.failure:
            raise result.failure
        return PASSED

    def write_cases(self, record, own):
        """The result as KTAP and JUnit. own: the command has written them; are they right?"""
        status = record["status"]
        if own:
            files.agree(self.results, platform.machine(), status, record["sentence"])
        elif status != COULD_NOT_RUN:
            files.write(self.results, [files.suite(self.name, rows.tests(record))],
                        platform.machine(), names=CASES)

    def record(self, result, started):
        failure = result.failure
        return {"command": self.name, "options": self.texts,
                "status": getattr(failure, "status", COULD_NOT_RUN) if failure else PASSED,
                "passed": result.passed, "failed": result.failed, "skipped": result.skipped,
                "sentence": sentence(failure), "started": round(started),
                "seconds": round(time.time() - started, 1),
                "kernel": self.tree.state["head"] if self.tree else "",
                "source": source_of(self.tree), "data": result.data}


def source_of(tree):
    """The source of a kernel, as result.json has it."""
    if not tree or not tree.state.get("source"):
        return {}
    kind, path, name = tree.state["source"][:3]
    # A tree that is built where it lies has no repository of ours, and no step was added.
    added = hasattr(tree, "lines") and tree.lines("rev-list", "--count", "stock..splitfree",
                                                  check=False)
    found = {"version": tree.state["version"], "kind": kind, "name": name,
             "steps": int(added[0]) if added else 0}
    if kind == "directory" and os.path.exists(os.path.join(path, ".git")):
        head = git.git(path, "rev-parse", "-q", "--verify", "HEAD").stdout.decode().strip()
        if head:
            found.update(commit=head, changed=bool(
                git.git(path, "diff-index", "--quiet", "HEAD").returncode))
    return found


def sentence(failure):
    if not failure:
        return ""
    return str(failure) if isinstance(failure, Failure) else sentence_of(failure)


def all_options(command):
    return (*declared.EVERYWHERE, *command.options)


def tail(path, lines=30):
    """Print the end of a console, for a guest that hung or stopped."""
    print(f"the last lines of {show(path)}:")
    for line in consoles.tail(path, lines):
        print("  | " + line)
