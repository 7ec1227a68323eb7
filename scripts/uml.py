# SPDX-License-Identifier: GPL-2.0
"""Builds the UML kernel, and the directories that go with it."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

from common import (FAILED, ROOT, Failure, Progress, cache_dir, clean_env, colour, descendants,
                    run, show, ticking)
from splitfree.judge import compiler

# A value of DEBUG= is a file of kunit/.
DEBUG_KINDS = ("", "kasan", "lockdep", "order1", "order3", "pagealloc", "up")
# Lines of a full build, before one was counted here.
EXPECTED = 500
MAX_CPUS = 64
# The memory of one UML kernel, and some.
SHM_NEEDED = 1200 << 20
SYMBOL = re.compile(r"(?:(CONFIG_\w+)=|# (CONFIG_\w+) is not set)")
COMPILED = re.compile(r"^  (?:CC|AS|HOSTCC)\s")


def debug_kinds(text, known):
    """DEBUG=, where several go together: "lockdep,kasan" is kasan-lockdep."""
    words = sorted(set(text.replace("-", ",").split(","))) if text else []
    for word in words:
        if word not in known[1:]:
            raise Failure(f"DEBUG={text} is unknown; use one of {', '.join(known[1:])}, "
                          "several with commas between, or leave it out")
    return "-".join(words)


def debug_fragments(debug):
    return [os.path.join(ROOT, "kunit", word + ".config") for word in debug.split("-") if word]


def not_started(text, command):
    """A kernel that its host did not let begin: its own last line says why."""
    last = next((line.strip() for line in reversed(text) if line.strip()), "it wrote nothing")
    return Failure(f"the kernel did not start: {last[:300]}; the same again: {command}")


class Kernel:
    """One build directory: the plain one, that of a DEBUG value, or one with a name."""

    ARCH, TARGET, IMAGE, LABEL = "um", "linux", "linux", "UML"

    def __init__(self, out, debug, jobs, verbose, name=None, linux=None, fragments=None):
        self.out, self.debug, self.jobs, self.verbose = out, debug, jobs, verbose
        self.linux = linux or os.path.join(out, "linux")
        self.dir = os.path.join(out, "kunit-build", name or debug or "plain")
        self.results = os.path.join(out, name or "kunit" + (f"-{debug}" if debug else ""))
        self.log = os.path.join(self.results, "build.log")
        self.binary = os.path.join(self.dir, self.IMAGE)
        self.stamp_path = os.path.join(self.dir, ".splitfree.json")
        if fragments is None:
            fragments = [os.path.join(ROOT, ".kunitconfig"), *debug_fragments(debug)]
        self.fragments = fragments
        os.makedirs(self.dir, exist_ok=True)
        os.makedirs(self.results, exist_ok=True)
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

    @staticmethod
    def make_options():
        return ["CC=ccache gcc"] if shutil.which("ccache") else []

    def kunit_py(self, *args):
        return [sys.executable, os.path.join(self.linux, "tools/testing/kunit/kunit.py"),
                args[0], "--build_dir", self.dir, *args[1:]]

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
        digest.update(tree.git("diff", "--raw", "--no-abbrev", "stock", "HEAD", "--", "*Kconfig*"))
        digest.update(tree.git("diff", "HEAD", "--", "*Kconfig*"))
        digest.update(tree.git("rev-parse", "stock"))
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
        command = self.kunit_py("config", "--arch", "um", "--kunitconfig", self.merge())
        for option in self.make_options():
            command += ["--make_options", option]
        with ticking("configuring UML"):
            result = run(command, env=self.environment(), stderr=subprocess.STDOUT, cwd=self.linux)
        text = result.stdout.decode("utf-8", "replace")
        with open(os.path.join(self.results, "config.log"), "w", encoding="utf-8") as handle:
            handle.write(text)
        lack = result.returncode and compiler.machine_failed(text.splitlines())
        if lack:
            raise Failure(f"the kernel could not be configured: {lack} "
                          f"(log: {show(self.results)}/config.log)")
        if result.returncode:
            print(text)
            raise Failure("the kernel could not be configured "
                          f"(log: {show(self.results)}/config.log); compare "
                          f"{', '.join(show(p) for p in self.fragments)} with the Kconfig files",
                          FAILED)

    # Build -------------------------------------------------------------------

    def build_key(self, tree):
        """Changes with anything that the binary is made of."""
        digest = hashlib.sha256()
        digest.update(tree.git("rev-parse", "HEAD^{tree}"))
        digest.update(tree.git("diff", "HEAD"))
        digest.update(run(["gcc", "--version"]).stdout)
        digest.update(self.stamp.get("config", "").encode())
        with open(os.path.join(self.dir, ".config"), "rb") as handle:
            digest.update(handle.read())
        return digest.hexdigest()

    def build(self, tree):
        """make linux, with progress. A kernel that nothing changed is not made again."""
        self.configure(tree)
        key = self.build_key(tree)
        if self.stamp.get("built") == key and os.path.exists(self.binary):
            return
        fresh = not os.path.exists(os.path.join(self.dir, "vmlinux.o"))
        expected = self.stamp.get("lines", EXPECTED) if fresh else 0
        label = f"building {self.LABEL}{' with ' + self.debug if self.debug else ''}, objects"
        progress = Progress(label, expected)
        command = ["make", "-C", self.linux, f"ARCH={self.ARCH}", "O=" + self.dir,
                   f"--jobs={self.jobs}", *self.make_options(), self.TARGET]
        if self.verbose:
            command.insert(1, "V=1")
            print("$ " + " ".join(command), flush=True)
        self.save_stamp(built="")
        done, complaints = 0, []
        with open(self.log, "w", encoding="utf-8") as log:
            # Complaints come on the same pipe, to stay beside the file they belong to.
            child = subprocess.Popen(command, env=self.environment(), stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     text=True, errors="replace")
            for line in child.stdout:
                log.write(line)
                if self.verbose:
                    sys.stdout.write(line)
                if COMPILED.match(line):
                    done += 1
                    progress.update(done)
                elif re.search(r"\b(error|warning)\b:|\*\*\*|undefined reference|No space left|"
                               r"\bKilled\b|signal 9|out of memory|memory exhausted", line, re.I):
                    complaints.append(line.rstrip())
            child.wait()
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

    # Running -----------------------------------------------------------------

    def move_results(self, name):
        """To a directory of this name; the build stays where it is."""
        self.results = os.path.join(self.out, name)
        self.log = os.path.join(self.results, "build.log")
        os.makedirs(self.results, exist_ok=True)

    def kernel_args(self, ncpus):
        """SMP needs seccomp; uml_dir, or UML would write below the home directory."""
        uml = os.path.join(self.out, "uml")
        os.makedirs(uml, exist_ok=True)
        # UML keeps its memory in a file there; a container may have little.
        if self.shm_free() < SHM_NEEDED:
            os.environ["TMPDIR"] = uml
        args = [f"ncpus={ncpus}", "seccomp=on", f"uml_dir={uml}/"]
        return args + (["page_owner=on"] if "pagealloc" in self.debug else [])

    @staticmethod
    def shm_free():
        try:
            found = os.statvfs("/dev/shm")
            return found.f_bavail * found.f_frsize
        except OSError:
            return 0

    def kernels(self):
        """Pids of UML kernels of this directory that are below this process."""
        found = []
        for pid in descendants():
            try:
                if os.readlink(f"/proc/{pid}/exe") == os.path.realpath(self.binary):
                    found.append(pid)
            except OSError:
                pass
        return found
