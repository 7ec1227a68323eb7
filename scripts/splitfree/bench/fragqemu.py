# SPDX-License-Identifier: GPL-2.0
"""The part of make frag that needs processes: kernels and guest of QEMU=1, and its figures.

The kernels are stock and split of one configuration, tools/testing/frag/qemu.config. The
only program of the guest is tools/testing/guest/frag.c. bench/frag.py boots it, and makes
the table.
"""

import os
import re
from statistics import mean

from splitfree.base.paths import TESTING
from splitfree.bench import build as builds
from splitfree.kernel import initramfs, x86
from splitfree.source.worktree import checkout, worktree

CONFIG = os.path.join(TESTING, "frag", "qemu.config")
CASES = "qemu.list"
SOURCES = [os.path.join(TESTING, "guest", name) for name in ("frag.c", "frag_over.c")]
# Seconds; the emulation is slow, and others may use the host.
LIMIT = 900
# The phases of the program that make huge pages.
HUGE = ("thp", "khugepaged", "hugetlb")
# Phases that take memory until the OOM killer comes, which the kernel then reports.
KILLING = ("oom",)
KILL = re.compile(r"Out of memory: Killed process ")
# The line of the kernel on all free pages that no zone has, before it kills.
HELD = re.compile(r"^ free:\d+ free_pcp:(\d+) free_cma:\d+\s*$", re.M)


def source(job, name, path):
    """A work tree of stock or of the series, as it is."""
    tree = worktree(job.tree, path)
    commit = builds.commit_of(job.tree, name)
    if tree.lines("rev-parse", "HEAD") != [commit] or tree.modified():
        checkout(tree, commit)
    return tree


def build(job, name):
    """Build a kernel for QEMU."""
    tree = source(job, name, os.path.join(job.out, "frag", "qemu", name))
    kernel = x86.kernel(job.out, os.path.join("frag-qemu", name), [CONFIG], tree.path,
                        job.path(name, "build.log"), job.options,
                        label=f"x86-64 for the frag, {name}")
    kernel.build(tree)
    return kernel


def image(job):
    """The initramfs with the program."""
    program = initramfs.compile_init(SOURCES, job.results)
    return initramfs.write(job.path("initramfs.cpio"),
                           [*initramfs.directories("dev", "proc", "sys"), initramfs.CONSOLE,
                            initramfs.file_entry(program, "init")])


def command(job, kernel, case, number):
    """The command line of QEMU. Each round has its own seed, the same for both kernels."""
    append = ["loglevel=5", "printk.devkmsg=on", "log_buf_len=1M",
              f"pcp_owners={job.options.owners}", f"FRAG_SEED={number}"]
    for word in case.args.split():
        name, _, value = word.partition("=")
        append.append(f"FRAG_{name.upper()}={value}")
    return x86.command(kernel, case.ncpus, job.options.accel, append, job.image, dimm=0,
                       memory=case.memory, nodes=False)


def expected(phases, text):
    """The console without what such phases make the kernel say; more would be a fault."""
    if not any(phase in KILLING for phase in phases):
        return text
    return "\n".join(line for line in text.splitlines() if not KILL.search(line))


# Figures ---------------------------------------------------------------

def reports(text):
    """{key: [number for each]} of what the kernel itself said of the kills of a boot."""
    held = [int(number) for number in HELD.findall(text.replace("\r", ""))]
    return {"oom.report_held": held} if held else {}


def figures(values):
    """{figure: number} of the phases that only this guest has."""
    found = {}
    for phase in ("load", "fill", "thin"):
        if f"{phase}.before_pieces" in values and f"{phase}.after_whole" not in values:
            found[f"{phase}: undrained whole"] = values[f"{phase}.before_whole"][0]
            found[f"{phase}: possible"] = values[f"{phase}.before_possible"][0]
    if "oom.children" in values:
        found["oom kills"] = values.get("oom.event_oom_kill", [0])[0]
        found["surplus"] = values["oom.surplus"][0]
        found["stalls"] = sum(number[0] for key, number in values.items()
                              if key.startswith("oom.event_allocstall"))
        found["ms"] = round(values["oom.us"][0] / 1000)
    for key, name in (("oom.report_held", "held at kill"), ("oom.kill_waiting", "waiting at kill")):
        if values.get(key):
            found[name] = round(mean(values[key]), 1)
            found[f"{name}, most"] = max(values[key])
    return found
