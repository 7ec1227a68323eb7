# SPDX-License-Identifier: GPL-2.0
"""Builds the x86 kernel and runs its KUnit suites under QEMU.

Results as of make kunit, in $(O)/qemu, or $(O)/qemu-DEBUG, or $(O)/qemu-i386.
"""

from splitfree.base.options import (ACCEL, DEBUG, NCPUS, SUITE, TIMEOUT, Option, as_it_is,
                                    debug_kinds, one_of)
from splitfree.kernel import compiler, x86
from splitfree.runs import kunit
from splitfree.runs.frame import Command

# Seconds for the tests: TCG is slow, and a debug kernel slower.
LIMIT = {"": 400, "lockdep": 900, "kasan": 1200, "kcsan": 1500, "rt": 900, "options": 900}


# Boots for cases that skip otherwise, as few others pass there: the suite, its arguments.
BOOTS = {
    "maxcpus": ("pcp_live_cpus", ["maxcpus=1", "pcp_kunit.want_cpus=1"]),
    "owners": ("pcp_switch", ["pcp_owners=off"]),
    "guard": ("pcp_live_others", ["debug_pagealloc=on", "debug_guardpage_minorder=1"]),
}


def limit(debug):
    return max(LIMIT[word] for word in debug.split("-")) * (1 + debug.count("-"))


def named(options, first, plain=""):
    """first, the architecture if it is not the usual one, and the values of DEBUG= and BOOT=."""
    arch = plain if options.arch == "x86_64" else options.arch
    return "-".join(filter(None, [first, arch, options.debug, options.boot if first else "",
                                  "clang" if first and options.llvm else ""]))


def packages(options):
    return ["qemu", *([f"llvm{options.llvm}"] if options.llvm else [])]


COMMAND = Command(
    "run the KUnit tests on x86-64 under QEMU, with hotplug, injected faults, NMIs",
    (SUITE, NCPUS, DEBUG._replace(read=debug_kinds(x86.DEBUG_KINDS), text=x86.DEBUG_TEXT), TIMEOUT,
     ACCEL,
     compiler.LLVM,
     Option("ARCH", "x86_64", one_of(*x86.ARCHES), "x86_64, or i386 with HIGHMEM"),
     Option("BOOT", "", one_of("", *BOOTS),
            "boot it for a few cases: maxcpus (one CPU), owners (off), guard (pages; with DEBUG=options)"),
     Option("APPEND", "", as_it_is, "more kernel arguments", False)),
    packages=packages, directory=lambda options: named(options, "qemu"), in_place=True)


def guard(job):
    return kunit.guard(job, job.options.arch)


def run(job):
    options = job.options
    kernel = x86.kernel(job.out, named(options, "", "x86"),
                        x86.fragments(options.debug, options.arch), job.tree.path,
                        job.path("build.log"), options, arch=options.arch,
                        llvm=options.llvm)
    kernel.build(job.tree)
    suite, more = BOOTS.get(options.boot, ("", []))
    append = [*kunit.arguments(options.ncpus, options.suite or suite, "poweroff"), *more,
              *options.append.split()]
    args = x86.command(kernel, options.ncpus, options.accel, append, debug=options.debug)
    return kunit.test(job, args, options.timeout or limit(options.debug), "tests under QEMU",
                      options.arch)
