# SPDX-License-Identifier: GPL-2.0
"""Configures and builds a kernel in a directory of its own, for any architecture.

Where the kernel is run, and where the results go, is not known here.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import ROOT, cache_dir, show
from splitfree.base.processes import clean_env, run
from splitfree.base.progress import Progress, colour, ticking
from splitfree.kernel import compiler

KUNIT = os.path.join(ROOT, "kunit")
SYMBOL = re.compile(r"(?:(CONFIG_\w+)=|# (CONFIG_\w+) is not set)")
COMPILED = re.compile(r"^  (?:CC|AS|HOSTCC)\s")
COMPLAINT = re.compile(r"\b(error|warning)\b:|\*\*\*|undefined reference|No space left|"
                       r"\bKilled\b|signal 9|out of memory|memory exhausted", re.I)


def debug_fragments(debug):
    """The fragment of each word of a value of DEBUG=, such as kasan-lockdep."""
    return [os.path.join(KUNIT, word + ".config") for word in debug.split("-") if word]


class Kernel:
    """One build directory, its configuration and what is built there.

    directory: where it is built; fragments: of the configuration, a later one overrides;
    linux: the source; log: of the build, with config.log beside it. llvm: the suffix of
    clang and its tools; None: gcc.
    """

    ARCH, TARGET, IMAGE, LABEL = None, None, None, None
    # About how many objects a full build has, before they were counted here.
    OBJECTS = 500

    def __init__(self, directory, fragments, linux, log, jobs, verbose=False, label=None,
                 llvm=None):
        self.llvm = llvm
        self.dir, self.fragments, self.linux, self.log = directory, fragments, linux, log
        self.jobs, self.verbose = jobs, verbose
        self.label = label or self.LABEL
        self.config_log = os.path.join(os.path.dirname(log), "config.log")
        self.binary = os.path.join(self.dir, self.IMAGE)
        self.stamp_path = os.path.join(self.dir, ".splitfree.json")
        os.makedirs(self.dir, exist_ok=True)
        os.makedirs(os.path.dirname(log), exist_ok=True)
        self.stamp = {}
        try:
            with open(self.stamp_path, encoding="utf-8") as handle:
                self.stamp = json.load(handle)
        except (OSError, ValueError):
            pass

    def save_stamp(self, **values):
        self.stamp.update(values)
        with open(self.stamp_path + ".new", "w", encoding="utf-8") as handle:
            json.dump(self.stamp, handle)
        os.replace(self.stamp_path + ".new", self.stamp_path)

    @staticmethod
    def environment():
        """Fixed where it would end up in the binary, so that equal input builds alike."""
        cache = os.path.join(cache_dir(), "ccache")
        # LOCALVERSION: or the version would change, and half be linked anew, at each commit.
        return clean_env(LOCALVERSION="", KBUILD_BUILD_TIMESTAMP="1970-01-01",
                         KBUILD_BUILD_USER="splitfree", KBUILD_BUILD_HOST="splitfree",
                         CCACHE_DIR=cache, CCACHE_MAXSIZE="2G", CCACHE_NOHASHDIR="1",
                         # Without it a miss costs 10 % more than no ccache; with it, nothing.
                         CCACHE_DEPEND="1")

    def build_environment(self):
        """The environment of the build: a cached object fits wherever the clone is.

        ccache makes paths below the base relative, and the option keeps names in
        messages as they are without it.
        """
        env = self.environment()
        linux, directory = (os.path.realpath(path) for path in (self.linux, self.dir))
        base = os.path.commonpath([linux, directory])
        if base != os.sep:
            env.update(CCACHE_BASEDIR=base, KCFLAGS="-fmacro-prefix-map="
                       f"{os.path.relpath(linux, directory)}/=")
        return env

    @property
    def cc(self):
        return "gcc" if self.llvm is None else "clang" + self.llvm

    def make_options(self):
        llvm = [] if self.llvm is None else [f"LLVM={self.llvm or 1}"]
        return llvm + ([f"CC=ccache {self.cc}"] if shutil.which("ccache") else [])

    # Configuration -----------------------------------------------------------

    def merge(self):
        """One file of the fragments, where a later one overrides: kunit.py refuses that."""
        values = {}
        for path in self.fragments:
            with open(path, encoding="utf-8") as handle:
                for line in handle:
                    match = SYMBOL.match(line)
                    if match:
                        values[match.group(1) or match.group(2)] = line
        path = os.path.join(self.dir, "kunitconfig")
        with open(path, "w", encoding="utf-8") as handle:
            handle.writelines(values.values())
        return path

    def configure(self, tree):
        """kunit.py config, unless neither the fragments nor a Kconfig file changed."""
        digest = hashlib.sha256()
        for path in self.fragments:
            with open(path, "rb") as handle:
                digest.update(handle.read())
        digest.update(tree.config_key())
        digest.update(" ".join(self.make_options()).encode())
        key = digest.hexdigest()
        config = os.path.join(self.dir, ".config")
        if self.stamp.get("config") == key and os.path.exists(config):
            return
        if os.path.exists(config):
            # kunit.py would keep it when only a Kconfig file changed.
            os.remove(config)
        self.make_config()
        self.save_stamp(config=key)

    def make_config(self):
        """Make .config of the fragments: each architecture has its way."""
        raise NotImplementedError

    def configured(self, command, env=None):
        """Run a command that configures; its output is the log. Fails with what is wrong."""
        with ticking(f"configuring {self.label}"):
            result = run(command, env=env or self.environment(), stderr=subprocess.STDOUT,
                         cwd=self.linux)
        text = result.stdout.decode("utf-8", "replace")
        with open(self.config_log, "w", encoding="utf-8") as handle:
            handle.write(text)
        lack = result.returncode and compiler.machine_failed(text.splitlines())
        if lack:
            raise Failure(f"the kernel could not be configured: {lack} "
                          f"(log: {show(self.config_log)})")
        if result.returncode:
            print(text)
            raise Failure("the kernel could not be configured "
                          f"(log: {show(self.config_log)}); compare "
                          f"{', '.join(show(p) for p in self.fragments)} with the Kconfig files",
                          FAILED)

    # Build -------------------------------------------------------------------

    def build_key(self, tree):
        """Changes with anything that the binary is made of."""
        digest = hashlib.sha256()
        digest.update(tree.source_key())
        digest.update(run([self.cc, "--version"]).stdout)
        digest.update(self.stamp.get("config", "").encode())
        with open(os.path.join(self.dir, ".config"), "rb") as handle:
            digest.update(handle.read())
        return digest.hexdigest()

    def make_command(self):
        return ["make", "-C", self.linux, f"ARCH={self.ARCH}", "O=" + self.dir,
                f"--jobs={self.jobs}", *self.make_options(), self.TARGET]

    def link(self):
        """make linux of objects that somebody else changed; returns whether it can be linked."""
        with open(self.log, "w", encoding="utf-8") as log:
            result = run(self.make_command(), env=self.build_environment(), stdout=log,
                         stderr=subprocess.STDOUT)
        if not result.returncode:
            return True
        with open(self.log, encoding="utf-8", errors="replace") as log:
            lack = compiler.machine_failed(log.read().splitlines())
        if lack:
            raise Failure(f"{lack} (log: {show(self.log)}); free some, or use another directory "
                          "with O=")
        return False

    def build(self, tree):
        """make linux, with progress. A kernel that nothing changed is not made again."""
        self.configure(tree)
        key = self.build_key(tree)
        if self.stamp.get("built") == key and os.path.exists(self.binary):
            return
        fresh = not os.path.exists(os.path.join(self.dir, "vmlinux.o"))
        expected = self.stamp.get("lines", self.OBJECTS) if fresh else 0
        progress = Progress(f"building {self.label}, objects", expected)
        command = self.make_command()
        if self.verbose:
            command.insert(1, "V=1")
            print("$ " + " ".join(command), flush=True)
        self.save_stamp(built="")
        done, complaints = 0, []
        with open(self.log, "w", encoding="utf-8") as log:
            # Complaints come on the same pipe, to stay beside the file they belong to.
            child = subprocess.Popen(command, env=self.build_environment(), stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     text=True, errors="replace")
            for line in child.stdout:
                log.write(line)
                if self.verbose:
                    sys.stdout.write(line)
                if COMPILED.match(line):
                    done += 1
                    progress.update(done)
                elif COMPLAINT.search(line):
                    complaints.append(line.rstrip())
            child.wait()
            child.stdout.close()
        progress.close()
        for line in complaints[:20]:
            print(colour("31" if "error" in line.lower() else "33", line))
        if len(complaints) > 20:
            print(f"... and {len(complaints) - 20} more lines")
        lack = child.returncode and compiler.machine_failed(complaints)
        if lack:
            raise Failure(f"{lack} (log: {show(self.log)}); free some, use fewer compilers at a "
                          "time with JOBS=, or another directory with O=")
        if child.returncode:
            raise Failure(f"the kernel did not build (log: {show(self.log)}); mend what the lines "
                          "above name and run the same command again", FAILED)
        self.save_stamp(built=key, **({"lines": done} if fresh else {}))
