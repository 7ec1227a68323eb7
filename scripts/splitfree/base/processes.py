# SPDX-License-Identifier: GPL-2.0
"""Children: the environment they get, and that none of them is left behind."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time

from splitfree.base.failures import Failure

# Variables of our make that kbuild would take for its own.
OURS = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "GNUMAKEFLAGS",
        "O", "V", "ARCH", "DEBUG", "LINUX", "JOBS", "NCPUS", "SUITE")
# Other variables that kbuild and gcc read. Half of our commands would follow them and
# half would not, so none does.
KBUILD = ("CROSS_COMPILE", "KBUILD_OUTPUT", "KBUILD_VERBOSE", "KBUILD_EXTMOD", "KBUILD_EXTRA_WARN",
          "KBUILD_CHECKSRC", "KBUILD_DEFCONFIG", "KCFLAGS", "KCPPFLAGS", "KAFLAGS", "KRUSTFLAGS",
          "C", "W", "M", "CHECK", "CF", "LOCALVERSION", "EXTRAVERSION", "SUBARCH",
          "LLVM", "LLVM_IAS", "CC", "HOSTCC", "CXX", "HOSTCXX", "CPP", "LD", "AS", "AR", "NM",
          "HOSTLD", "HOSTAR", "OBJCOPY", "OBJDUMP", "READELF", "STRIP", "CFLAGS", "CPPFLAGS",
          "LDFLAGS", "HOSTCFLAGS", "HOSTCXXFLAGS", "HOSTLDFLAGS", "INSTALL_MOD_PATH", "MAKEFILES",
          "C_INCLUDE_PATH", "CPATH", "GCC_EXEC_PREFIX", "PYTHONPATH")
KBUILD_PREFIXES = ("KCONFIG_", "UM_GCOV_")
# The names that git rev-parse --local-env-vars prints. Inside a hook they mean another
# repository.
GIT_LOCAL = ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG",
             "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_DIR", "GIT_GRAFT_FILE",
             "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_INTERNAL_SUPER_PREFIX",
             "GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
             "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
             "GIT_QUARANTINE_PATH")
DROPPED = frozenset(OURS + KBUILD + GIT_LOCAL)


def clean_env(**more):
    """The environment for a child: no locale, nothing of the outer make, kbuild or git."""
    env = {k: v for k, v in os.environ.items()
           if k not in DROPPED and not k.startswith(KBUILD_PREFIXES)}
    env.update(LC_ALL="C", PYTHONDONTWRITEBYTECODE="1")
    env.update(more)
    return env


def refuse_compilers(taken=(), given=None):
    """Where only gcc is used, whoever asks for another compiler has to hear that.

    taken: the variables that the command follows; given: those of its command line.
    """
    asked = {**os.environ, **(given or {})}
    llvm = asked.get("LLVM", "")
    if llvm not in ("", "0") and "LLVM" not in taken:
        raise Failure(f"LLVM={llvm} is set, but this target uses gcc alone; unset LLVM")
    for name in ("CC", "HOSTCC"):
        words = asked.get(name, "").split()
        if words and name not in taken and os.path.basename(words[-1]) not in ("gcc", "cc"):
            raise Failure(f"{name}={asked[name]} is set, but this target uses gcc alone"
                          + (", or clang with LLVM=1" if "LLVM" in taken else "")
                          + f"; unset {name}")


PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Become the parent of grandchildren whose parent dies.

    A UML kernel calls setsid(), so neither Ctrl-C nor a signal to a process
    group reaches it: it has to be found by its ancestry.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants():
    """Pids of all processes below this one."""
    children = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(name))
    found, todo = [], [os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def kill_descendants():
    """Kill what was started and wait until none is left.

    A process that begins another and ends may be missed in /proc. But its orphan is a
    child of this one then, and only the kernel knows for sure that there is no child.
    """
    for _ in range(100):
        for pid in descendants():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.05)


def run(args, **kwargs):
    """subprocess.run that takes bytes, captures, and kills the child when interrupted."""
    kwargs.setdefault("env", clean_env())
    kwargs.setdefault("stdout", subprocess.PIPE)
    kwargs.setdefault("stderr", subprocess.PIPE)
    if "input" not in kwargs:
        kwargs.setdefault("stdin", subprocess.DEVNULL)
    try:
        return subprocess.run(args, check=False, **kwargs)
    except FileNotFoundError:
        raise Failure(f"the program {args[0]} is missing; run scripts/packages.sh") from None
