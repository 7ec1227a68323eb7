# SPDX-License-Identifier: GPL-2.0
"""Which compiler a build uses, and why one failed.

Did it fail by its source, or by the machine? Only the first is a failed test.
"""

import os
import re
import shutil

from splitfree.base.failures import Failure
from splitfree.base.options import Option
from splitfree.base.paths import show
from splitfree.base.processes import run

# The version that the kernel asks for, in its scripts/min-tool-version.sh.
CLANG = 17

# gcc's driver, ld, make and clang, where the kernel has killed one for memory, or malloc failed.
NO_MEMORY = re.compile(
    r"Killed signal terminated program|fatal error: Killed|internal compiler error: Killed"
    r"|terminated with signal 9|[Uu]nable to execute command: Killed|^Killed$"
    r"|\*\*\* .*(?:\] Killed|Error 137)|virtual memory exhausted|out of memory allocating"
    r"|[Cc]annot allocate memory|memory exhausted|LLVM ERROR: out of memory|std::bad_alloc")
NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded")
# A line of our source that a compiler refused; its own death has no line.
REFUSED = re.compile(r"^\S+:\d+(?::\d+)?: (?:fatal )?error: (?!.*(?:Killed|emory|No space left))"
                     r"|undefined reference|modpost: .* undefined!")


def machine_failed(lines):
    """The resource that the machine lacked for a build, in words; None: it is the source."""
    lack = None
    for line in lines:
        if REFUSED.search(line):
            return None
        if NO_SPACE.search(line):
            lack = lack or "the disk is full"
        elif NO_MEMORY.search(line):
            lack = lack or "the compiler was killed, as memory ran out"
    return lack


def blame_machine(status, lines, what, log=None):
    """Raise a Failure if a compiler ended with that status because the machine lacked something."""
    lack = status and machine_failed(lines)
    if lack:
        where = f" (log: {show(log)})" if log else ""
        raise Failure(f"{what} did not compile: {lack}{where}; free some, or use fewer compilers "
                      "at a time with JOBS=")


# Which one ------------------------------------------------------------------------

def clang_version(program):
    """The major number of a clang; 0: it is not there."""
    if not shutil.which(program):
        return 0
    match = re.search(r"clang version (\d+)", run([program, "--version"]).stdout.decode())
    return int(match.group(1)) if match else 0


def newest_clang():
    """The suffix of the newest clang-N that has its linker beside it; None: there is none."""
    found = set()
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        try:
            names = os.listdir(directory or ".")
        except OSError:
            continue
        found.update(int(name[6:]) for name in names if re.fullmatch(r"clang-\d+", name))
    usable = [number for number in found
              if number >= CLANG and shutil.which(f"ld.lld-{number}")]
    return f"-{max(usable)}" if usable else None


def llvm(name, text):
    """Reads LLVM=: 1 or a suffix, as kbuild has it."""
    if text in ("", "0"):
        return ""
    if text != "1" and not re.fullmatch(r"-\d+", text):
        raise Failure(f"{name}={text} is neither 1 nor a suffix such as -19; leave it out for gcc")
    return text


LLVM = Option("LLVM", "", llvm, "1: clang in place of gcc; -19: that version of it")


def llvm_suffix(text):
    """The suffix of the programs for a value of LLVM=. 1 takes a newer clang-N for an old clang."""
    if text != "1":
        program = "clang" + text
        if clang_version(program) < CLANG:
            raise Failure(f"LLVM={text}: {program} is not there, or older than {CLANG}; install "
                          "it, or use LLVM=1")
        return text
    if clang_version("clang") >= CLANG and shutil.which("ld.lld"):
        return ""
    suffix = newest_clang()
    if suffix is None:
        raise Failure(f"LLVM={text}: there is no clang of version {CLANG} or later with its "
                      "ld.lld; install both")
    return suffix


def cc(name, text):
    """Reads CC=: gcc or clang of any version, for programs of this machine."""
    words = text.split()
    if words and not re.fullmatch(r"(\S*/)?(gcc|cc|clang)(-\d+)?", words[-1]):
        raise Failure(f"{name}={text} is neither gcc nor clang; leave it out for gcc")
    for word in words:
        if not shutil.which(word):
            raise Failure(f"{name}={text}: the program {word} is missing; install it")
    return text
