# SPDX-License-Identifier: GPL-2.0
"""The kernels of other architectures whose instructions are counted, and QEMU that counts.

With -icount shift=0 the clock of the guest goes on by a nanosecond with each instruction,
and only with those. So the program reads the clock, which is the counter of cycles, at
each mark. No program runs in the guest: the kernel does it while it boots.
"""

import os
import re
import shutil
from collections import namedtuple
from statistics import median_low

from splitfree.base.failures import Failure
from splitfree.base.paths import show
from splitfree.bench import build
from splitfree.kernel import arm64, guest, x86

# compiler: of the kernel; make: its Kernel; qemu: the words that start QEMU; append: kernel
# arguments.
Arch = namedtuple("Arch", "compiler kernel qemu append")
ARCHES = {
    # A CPU that waits in MWAIT goes round a loop in QEMU, which would count.
    "x86_64": Arch("gcc", x86.kernel,
                   ("qemu-system-x86_64", "-cpu", "max"),
                   ("earlyprintk=serial,ttyS0,115200,keep", "idle=halt")),
    # Its counter goes on once in 16 ns unless it is told another frequency.
    "arm64": Arch(arm64.CROSS + "gcc", arm64.kernel,
                  ("qemu-system-aarch64", "-M", "virt", "-cpu",
                   "max,cntfrq=1000000000,pauth-impdef=on"),
                  ("console=ttyAMA0",)),
}
LIMIT = 600


def machine(ncpus=2, memory="1G"):
    """The words for QEMU of a machine that counts."""
    # The MP table of the BIOS names one CPU of each socket.
    return ("-accel", "tcg", "-icount", "shift=0,sleep=off", "-smp", f"{ncpus},sockets={ncpus}",
            "-m", memory, "-nodefaults", "-display", "none", "-monitor", "none",
            "-serial", "stdio", "-no-reboot")


def fragments(arch):
    return [os.path.join(build.HERE, name) for name in ("count.config", f"count-{arch}.config")]


def make(job, arch, variant, more=(), suffix=""):
    """Build the kernel of one of build.VARIANTS. more: fragments; suffix: of its name."""
    name = variant[1] + suffix
    tree = build.source(job, variant)
    kernel = ARCHES[arch].kernel(job.out, os.path.join(f"count-{arch}", name),
                                 [*fragments(arch), *more], tree.path,
                                 job.path(name, "build.log"), job.options,
                                 label=f"{arch} to count, {name}")
    kernel.build(tree)
    return kernel


def command(arch, kernel):
    """The command line of QEMU."""
    program, *words = ARCHES[arch].qemu
    if not shutil.which(program):
        raise Failure(f"{program} is missing; run scripts/packages.sh count-{arch}")
    append = [*ARCHES[arch].append, "panic=-1", "pcp_bench.boot=count", "pcp_bench.samples=5"]
    return [program, *words, *machine(), "-kernel", kernel.binary, "-append", " ".join(append)]


def parse(text):
    """{id: instructions}, the marks included: the median of the samples.

    An interrupt may come between two marks. It makes one sample larger, and no median.
    """
    found = {}
    for i, nr in re.findall(r"\bbench count path_(\d+) (\d+)\r?$", text, re.M):
        found.setdefault(int(i), []).append(int(nr))
    return {i: median_low(numbers) for i, numbers in found.items()}


def run(job, arch, kernel):
    """Boot one kernel; returns (parse() of its console, the console's path)."""
    console = job.path(f"{os.path.basename(kernel.dir)}.log")
    ended = guest.run(command(arch, kernel), console, LIMIT, f"counting under QEMU, {arch}",
                      verbose=job.options.verbose)
    if ended.late:
        raise Failure(f"the kernel did not end in {LIMIT} s (log: {show(console)})")
    text = guest.text(console)
    failed = re.search(r"\bbench count (?!path_|done |good)(.*?)\r?$", text, re.M)
    if failed:
        raise Failure(f"the kernel could not count: {failed.group(1)} (log: {show(console)})")
    return parse(text), console
