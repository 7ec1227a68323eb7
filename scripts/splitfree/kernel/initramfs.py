# SPDX-License-Identifier: GPL-2.0
"""Makes the images that guests boot from."""

import glob
import os
import re

from splitfree.base.failures import COULD_NOT_RUN, FAILED, Failure
from splitfree.base.paths import show
from splitfree.base.processes import run
from splitfree.kernel import compiler

CONSOLE = ("dev/console", 0o020600, (5, 1), b"")


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


def write(path, entries):
    with open(path, "wb") as handle:
        handle.write(newc(entries))
    return path


def directories(*names):
    return [(name, 0o040755, (0, 0), b"") for name in names]


def compile_init(sources, results):
    """Compile a guest's first program, static; returns its path.

    sources: a file, several, or a directory, all of whose files belong to it.
    """
    program = os.path.join(results, "init")
    if isinstance(sources, str):
        sources = sorted(glob.glob(os.path.join(sources, "*.c"))) if os.path.isdir(sources) \
            else [sources]
    result = run(["gcc", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread",
                  "-o", program, *sources])
    if result.returncode:
        said = result.stderr.decode("utf-8", "replace").strip().splitlines() or ["?"]
        lack = compiler.machine_failed(said)
        raise Failure(f"{show(sources[0])} did not compile: {lack or said[0]}",
                      COULD_NOT_RUN if lack else FAILED)
    return program


def file_entry(path, name, mode=0o100755):
    with open(path, "rb") as handle:
        return name, mode, (0, 0), handle.read()


def small(source, results, *more):
    """An image with that program, a console, /proc and more directories; returns its path."""
    program = compile_init(source, results)
    return write(os.path.join(results, "initramfs.cpio"),
                 [*directories("dev", "proc", *more), CONSOLE, file_entry(program, "init")])


def libraries(*programs):
    """The libraries of dynamic programs, by ldd."""
    text = run(["ldd", *programs]).stdout.decode("utf-8", "replace")
    return sorted(set(re.findall(r"(/\S+) \(0x", text)))


def add_file(entries, known, path, name):
    """Add a file and the directories above it, but for those that are known."""
    parts = name.split("/")[:-1]
    for i in range(1, len(parts) + 1):
        directory = "/".join(parts[:i])
        if directory not in known:
            known.add(directory)
            entries += directories(directory)
    if name not in known:
        known.add(name)
        entries.append(file_entry(path, name))
