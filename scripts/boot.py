#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boots the UML kernel that KUnit uses with one program that works its memory.

The initramfs holds tools/testing/init/init.c and nothing else. The run is good
when init's last line says so and the console has no splat.
"""

import argparse
import contextlib
import os
import re
import signal
import subprocess
import threading
import time

from common import (FAILED, PASSED, ROOT, Failure, Progress, adopt_orphans, colour,
                    kill_descendants, lock, main, run, show)
import run_kunit
import tree as trees
import uml
import verdict as verdicts

LAST_LINE = re.compile(r"init: (\d+) forks, (\d+) faults, (\d+) exits on (\d+) CPUs, ok$", re.M)
# Booting and powering off, on a busy machine.
EXTRA_SECONDS = 90


def newc(entries):
    """An initramfs image. entries: (name, mode, (major, minor), data)."""
    out = bytearray()
    for number, (name, mode, device, data) in enumerate(
            entries + [("TRAILER!!!", 0, (0, 0), b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4)
        out += data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def make_initramfs(results):
    source = os.path.join(ROOT, "tools/testing/init/init.c")
    program = os.path.join(results, "init")
    result = run(["gcc", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source])
    if result.returncode:
        raise Failure(f"{show(source)} did not compile: "
                      + result.stderr.decode("utf-8", "replace").strip().splitlines()[0], FAILED)
    with open(program, "rb") as handle:
        data = handle.read()
    image = os.path.join(results, "initramfs.cpio")
    with open(image, "wb") as handle:
        handle.write(newc([("dev", 0o040755, (0, 0), b""),
                           ("dev/console", 0o020600, (5, 1), b""),
                           ("proc", 0o040755, (0, 0), b""),
                           ("init", 0o100755, (0, 0), data)]))
    return image


def boot(kernel, image, options, console):
    """Run the kernel; returns whether it had to be killed."""
    args = [kernel.binary, *kernel.kernel_args(options.ncpus), "mem=1G", f"initrd={image}",
            "kunit.autorun=0", "con=fd:0,fd:1", "console=tty", "panic=-1",
            f"BOOT_SECONDS={options.seconds}"]
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
        for line in text.splitlines()[-30:]:
            print("  | " + line)
    for line in verdicts.report(verdict._replace(failures=[]), show(console)) + complaints:
        print(colour("31", line))
    if hung:
        raise Failure(f"the kernel hung and was killed (log: {show(console)}); "
                      "try make kunit DEBUG=lockdep", FAILED)
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=os.path.join(ROOT, "out"))
    parser.add_argument("--linux", default="")
    parser.add_argument("--ncpus", default="4")
    parser.add_argument("--seconds", default="60")
    parser.add_argument("--debug", default="")
    parser.add_argument("--jobs", default="")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if options.debug == "up":
        options.ncpus = "1"
    run_kunit.check_values(options)
    options.seconds = run_kunit.number("BOOT_SECONDS", options.seconds, 1, 86400)
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
            image = make_initramfs(results)
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
