# SPDX-License-Identifier: GPL-2.0
"""Hibernates the kernel of make qemu DEBUG=options, and runs the suites after it came back.

tools/testing/guest/hibernate.c has the kernel write an image to a disk and come back from
it, compares its memory, and runs each suite. Results as of make kunit, in $(O)/hibernate.
"""

import os
import re
import struct

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import ACCEL, NCPUS, SUITE, TIMEOUT
from splitfree.base.paths import TESTING, show
from splitfree.base.progress import verdict_word
from splitfree.judge import files
from splitfree.kernel import guest, initramfs, x86
from splitfree.runs import kunit
from splitfree.runs.frame import Command

INIT = os.path.join(TESTING, "guest/hibernate.c")
DEBUG = "options"
CAME_BACK = re.compile(r"hibernate: ok, \d+ pages")
# Seconds for all of it.
LIMIT = 1200
# Bytes of a page, and pages of the disk; the file has holes.
PAGE, PAGES = 4096, 1 << 18

COMMAND = Command(
    "hibernate the kernel of make qemu DEBUG=options, and run the suites after that",
    (SUITE, NCPUS, TIMEOUT, ACCEL), packages=("qemu",), in_place=True)


def swap_disk(path):
    """A file that swapon takes: the header of version 1 in the first page."""
    header = bytearray(PAGE)
    struct.pack_into("<III", header, 1024, 1, PAGES - 1, 0)
    header[-10:] = b"SWAPSPACE2"
    with open(path, "wb") as handle:
        handle.write(header)
        handle.truncate(PAGE * PAGES)
    return path


def arguments(ncpus, suite):
    """The kernel arguments: no suite runs at boot, and the image goes to the disk."""
    return ["kunit.autorun=0", "resume=/dev/vda", "printk.devkmsg=on",
            *kunit.arguments(ncpus, suite, "none")]


def guard(job):
    return kunit.guard(job, "x86_64")


def run(job):
    options = job.options
    kernel = x86.kernel(job.out, "x86-" + DEBUG, x86.fragments(DEBUG), job.tree.path,
                        job.path("build.log"), options)
    kernel.build(job.tree)
    disk = swap_disk(job.path("disk"))
    args = x86.command(kernel, options.ncpus, options.accel,
                       arguments(options.ncpus, options.suite),
                       initrd=initramfs.small(INIT, job.results, "sys"), debug=DEBUG)
    args += ["-drive", f"file={disk},format=raw,if=none,id=disk,cache=unsafe",
             "-device", "virtio-blk-pci,drive=disk"]
    limit, console = options.timeout or LIMIT, job.path("console.log")
    tally = kunit.Tally(options.verbose)
    try:
        ended = guest.run(args, console, limit, "tests after hibernation", on_line=tally.see,
                          done=tally.done, expected=job.expected, verbose=options.verbose)
    finally:
        os.remove(disk)
    # kunit.py reads one list of results, and here each suite has its own.
    result = kunit.result_of(job, ended, limit, "x86_64", args=args)
    for name, (passed, failed, skipped) in result.data["suites"].items():
        job.say(f"{verdict_word(not failed)}  {name}: {passed} passed, {failed} failed, "
                f"{skipped} skipped")
    if not result.failure and not CAME_BACK.search(guest.text(console)):
        result.failed += 1
        result.failure = Failure("the kernel did not come back from its image "
                                 f"(log: {show(console)}); look for \"hibernate:\" in it", FAILED)
        files.agree(job.results, "x86_64", FAILED, str(result.failure), console)
    return result
