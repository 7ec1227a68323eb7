# SPDX-License-Identifier: GPL-2.0
"""The kernel for User-Mode Linux, and how it is started."""

import os
import sys

from splitfree.base.paths import ROOT
from splitfree.kernel import build, compiler

# A value of DEBUG= is a file of kunit/.
DEBUG_KINDS = ("kasan", "lockdep", "order1", "order3", "pagealloc", "up")
DEBUG_TEXT = f"a checker or variant, several with commas: {', '.join(DEBUG_KINDS)}"
MAX_CPUS = 64
# The memory of one UML kernel, and some.
SHM, SHM_NEEDED = "/dev/shm", 1200 << 20


def fragments(debug=""):
    """The configuration of make kunit, and of a value of DEBUG=."""
    return [os.path.join(ROOT, ".kunitconfig"), *build.debug_fragments(debug)]


class Uml(build.Kernel):
    """A kernel that is a program of the host."""

    ARCH, TARGET, IMAGE, LABEL = "um", "linux", "linux", "UML"

    def make_config(self):
        command = [sys.executable, os.path.join(self.linux, "tools/testing/kunit/kunit.py"),
                   "config", "--build_dir", self.dir, "--arch", "um",
                   "--kunitconfig", self.merge()]
        for option in self.make_options():
            command += ["--make_options", option]
        self.configured(command)


def shm_usable(needed=SHM_NEEDED):
    """UML keeps its memory in a file there that it maps to execute; a container may forbid it."""
    try:
        found = os.statvfs(SHM)
    except OSError:
        return False
    return (found.f_bavail * found.f_frsize >= needed and not found.f_flag & os.ST_NOEXEC)


def run_environment(kernel, out, needed=SHM_NEEDED):
    """The environment that a kernel is run in. needed: bytes, for its memory and some."""
    env = kernel.environment()
    if not shm_usable(needed):
        env["TMPDIR"] = directory(out)
    return env


def directory(out):
    """Where UML keeps its sockets, or they would be below the home directory."""
    path = os.path.join(out, "uml")
    os.makedirs(path, exist_ok=True)
    return path


def command(kernel, out, ncpus, append, memory="1G", image=None):
    """The command line of a UML kernel. SMP needs seccomp."""
    args = [kernel.binary, f"ncpus={ncpus}", "seccomp=on", f"uml_dir={directory(out)}/",
            f"mem={memory}", "console=tty", *append]
    if image:
        args += [f"initrd={image}", "con=fd:0,fd:1", "panic=-1"]
    return args


def debug_arguments(debug):
    """The kernel arguments that go with a value of DEBUG=."""
    return ["page_owner=on"] if "pagealloc" in debug.split("-") else []


def kernel(out, name, parts, linux, log, options, label=None):
    """The kernel with that name below $(O); one that clang builds has a directory of its own."""
    llvm = getattr(options, "llvm", "")
    if not llvm:
        return Uml(os.path.join(out, "kunit-build", name), parts, linux, log, options.jobs,
                   options.verbose, label)
    suffix = compiler.llvm_suffix(llvm)
    return Uml(os.path.join(out, "kunit-build", f"{name}-clang{suffix}"),
               [*parts, os.path.join(build.KUNIT, "clang.config")], linux, log, options.jobs,
               options.verbose, f"UML with clang{suffix}", suffix)
