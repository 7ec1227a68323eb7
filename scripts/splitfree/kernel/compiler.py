# SPDX-License-Identifier: GPL-2.0
"""Did a build fail by its source, or by the machine? Only the first is a failed test."""

import re

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
    """What the machine lacked while this was built, in words; None: it is the source."""
    lack = None
    for line in lines:
        if REFUSED.search(line):
            return None
        if NO_SPACE.search(line):
            lack = lack or "the disk is full"
        elif NO_MEMORY.search(line):
            lack = lack or "the compiler was killed, as memory ran out"
    return lack
