# SPDX-License-Identifier: GPL-2.0
"""Prepares the tree, builds it for UML and runs the KUnit suites there.

Results: console.log, ktap.log, junit.xml and results.json in $(O)/kunit, or $(O)/kunit-DEBUG.
UPSTREAM= has kunit.py do it with the configuration in the series, as others will.
"""

from splitfree.base.options import (DEBUG, NCPUS, SUITE, TIMEOUT, Option, as_it_is, debug_kinds,
                                    one_of)
from splitfree.kernel import compiler, uml
from splitfree.runs import kunit, upstream
from splitfree.runs.frame import Command

# A run takes seconds. Debug kernels, on a machine that does other things too, more.
LIMIT, LIMIT_DEBUG = 300, 400

COMMAND = Command(
    "fetch and patch the kernel, build it for UML, run the KUnit tests",
    (SUITE, NCPUS, DEBUG._replace(read=debug_kinds(uml.DEBUG_KINDS), text=uml.DEBUG_TEXT), TIMEOUT,
     compiler.LLVM,
     Option("UPSTREAM", "", one_of("", "1", "quick"),
            "1: kunit.py run --kunitconfig mm/pcp; quick: in the build of make kunit"),
     Option("INTO", "", as_it_is, "where results go, below O", False)),
    directory=lambda options: options.into or "-".join(filter(None, [
        "kunit", options.debug, "clang" if options.llvm else "",
        "upstream" if options.upstream else ""])),
    packages=lambda options: [f"llvm{options.llvm}"] if options.llvm else [], in_place=True)


def guard(job):
    return kunit.guard(job, "um")


def run(job):
    options = job.options
    if options.upstream:
        return upstream.test(job, options.upstream == "1", options.timeout or LIMIT)
    kernel = uml.kernel(job.out, options.debug or "plain", uml.fragments(options.debug),
                        job.tree.path, job.path("build.log"), options)
    kernel.build(job.tree)
    timeout = options.timeout or (LIMIT_DEBUG if options.debug else LIMIT)
    append = kunit.arguments(options.ncpus, options.suite) + uml.debug_arguments(options.debug)
    args = uml.command(kernel, job.out, options.ncpus, append)
    return kunit.test(job, args, timeout, "tests under UML", "um",
                      uml.run_environment(kernel, job.out))
