#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boots the UML kernel that KUnit uses with one program that works its memory.

The initramfs holds tools/testing/init/init.c and nothing else. The run is good
when init's last line says so and the console has no splat.
"""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import threading
import time

from common import (FAILED, PASSED, ROOT, Failure, Progress, adopt_orphans, colour,
                    kill_descendants, lock, main, show)
import cli
import initramfs
import run_kunit
import tree as trees
import uml
from splitfree.judge import console as consoles, verdict as verdicts

INIT = os.path.join(ROOT, "tools/testing/init/init.c")
LAST_LINE = re.compile(r"init: (\d+) forks, (\d+) faults, (\d+) exits on (\d+) CPUs, ok$", re.M)
# Booting and powering off, on a busy machine.
EXTRA_SECONDS = 90


def boot(kernel, image, options, console):
    """Run the kernel; returns whether it had to be killed."""
    args = [kernel.binary, *kernel.kernel_args(options.ncpus), "mem=1G", f"initrd={image}",
            "kunit.autorun=0", "con=fd:0,fd:1", "console=tty", "panic=-1",
            f"BOOT_SECONDS={options.seconds}"]
    options.command = shlex.join(args)
    if options.verbose:
        print("$ " + " ".join(args), flush=True)
    with open(console, "wb") as log:
        child = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, env=kernel.environment(),
                                 start_new_session=True)

        def copy():
            for line in child.stdout:
                log.write(line)
                log.flush()

        reader = threading.Thread(target=copy, daemon=True)
        reader.start()
        limit = options.seconds + EXTRA_SECONDS
        start = time.monotonic()
        progress = Progress("booted, seconds", options.seconds)
        while child.poll() is None and time.monotonic() - start < limit:
            progress.update(int(time.monotonic() - start))
            time.sleep(0.1)
        progress.close()
        hung = child.poll() is None
        if hung:
            with contextlib.suppress(OSError):
                os.kill(child.pid, signal.SIGKILL)
        child.wait()
        kill_descendants()
        reader.join(5)
    return hung


def judge(console, hung, options):
    with open(console, encoding="utf-8", errors="replace") as handle:
        text = handle.read()
    verdict = verdicts.judge_file(console)
    last = LAST_LINE.search(text.replace("\r", ""))
    complaints = [l.strip() for l in text.splitlines()
                  if l.startswith("init: ") and ("NOT ok" in l or "hangs" in l)]
    if hung or not last:
        print(f"the last lines of {show(console)}:")
        for line in consoles.tail(console):
            print("  | " + line)
    for line in verdicts.report(verdict._replace(failures=[]), show(console)) + complaints:
        print(colour("31", line))
    if hung:
        raise Failure(f"the kernel hung and was killed (log: {show(console)}); "
                      "try make kunit DEBUG=lockdep", FAILED)
    if not last and not verdict.booted:
        raise uml.not_started(consoles.tail(console), options.command)
    if not last:
        raise Failure(f"init did not come to its end (log: {show(console)}); "
                      "the lines above are the last it wrote", FAILED)
    if verdict.splats:
        raise Failure(f"the kernel complained (log: {show(console)}); the lines above say where",
                      FAILED)
    if int(last.group(4)) != options.ncpus:
        raise Failure(f"the kernel had {last.group(4)} CPUs, not {options.ncpus} "
                      f"(log: {show(console)}); look for seccomp in it", FAILED)
    print(last.group(0))
    return PASSED


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--ncpus", default="4")
    parser.add_argument("--seconds", default="60")
    parser.add_argument("--debug", default="")
    options = cli.parse(parser)
    if options.debug == "up":
        options.ncpus = "1"
    run_kunit.check_values(options)
    options.seconds = cli.number("BOOT_SECONDS", options.seconds, 1, 86400)
    return options


def run_main():
    options = arguments()
    adopt_orphans()
    out = os.path.abspath(options.out)
    try:
        with lock(out, "boot"):
            tree = trees.prepare(out, options.linux)
            print(trees.describe(tree), flush=True)
            kernel = uml.Kernel(out, options.debug, options.jobs, options.verbose)
            kernel.build(tree)
            results = os.path.join(out, "boot" + (f"-{options.debug}" if options.debug else ""))
            os.makedirs(results, exist_ok=True)
            image = initramfs.small(INIT, results)
            console = os.path.join(results, "console.log")
            hung = boot(kernel, image, options, console)
            try:
                return judge(console, hung, options)
            except verdicts.BadList as error:
                raise Failure(str(error)) from None
    finally:
        kill_descendants()


if __name__ == "__main__":
    main(run_main)
