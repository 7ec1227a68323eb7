# SPDX-License-Identifier: GPL-2.0
"""The guest of make stress, which a lab can run, too: its initramfs and its arguments."""

import os
import random
import re
import shutil

from splitfree.base.failures import Failure
from splitfree.base.options import FUZZ, number
from splitfree.base.paths import TESTING
from splitfree.kernel import initramfs

SOURCE = os.path.join(TESTING, "guest/stress")
# The kernel takes some pages for itself without counting them anywhere, a few
# more or less at each moment: that many may be missing at the end of a run.
NOISE = 64
# Booting, the warm-up, and coming to rest.
EXTRA_SECONDS = 180
# A debug kernel on a busy host needs a minute for what takes seconds elsewhere.
DEBUG_STALL_SECONDS = 60


def minutes(name, text):
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) <= 0:
        raise Failure(f"{name}={text} is no number of minutes")
    return float(text)


def seed(name, text):
    return number(name, text or random.randrange(1, 1 << 32), 1, (1 << 63) - 1)


def limit(seconds):
    """When a guest that works for so long counts as hung."""
    return seconds * 3 // 2 + EXTRA_SECONDS


def make_initramfs(results):
    entries = [*initramfs.directories("dev", "proc", "sys", "tmp"), initramfs.CONSOLE]
    known = {entry[0] for entry in entries}
    initramfs.add_file(entries, known, initramfs.compile_init(SOURCE, results), "init")
    for name in ("busybox", "stress-ng"):
        path = shutil.which(name)
        if not path:
            raise Failure(f"{name} is missing; run scripts/packages.sh qemu")
        initramfs.add_file(entries, known, os.path.realpath(path), f"bin/{name}")
        for library in initramfs.libraries(path):
            initramfs.add_file(entries, known, os.path.realpath(library), library.lstrip("/"))
    return initramfs.write(os.path.join(results, "initramfs.cpio"), entries)


def arguments(seconds, seed_, debug="", fuzz=FUZZ.default):
    """The kernel arguments, besides the console."""
    append = ["kunit.autorun=0", "loglevel=5", "printk.devkmsg=on", "log_buf_len=4M",
              f"STRESS_SECONDS={seconds}", f"STRESS_SEED={seed_}", f"STRESS_NOISE={NOISE}"]
    if fuzz != FUZZ.default:
        append.append(f"STRESS_FUZZ={fuzz}")
    if debug:
        append.append(f"rcupdate.rcu_cpu_stall_timeout={DEBUG_STALL_SECONDS}")
    return append
