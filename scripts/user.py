#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compiles the helpers for the host and runs their suites, and threads, there.

Three builds: plain, asan (with UBSan too) and tsan. Results: ktap.log,
junit.xml, results.json and console.log in $(O)/user, and what each build
wrote in $(O)/user/plain, asan and tsan. No kernel is built; the kernel tree
is there for its headers.
"""

import argparse
import contextlib
import fnmatch
import hashlib
import os
import re
import signal
import subprocess
import sys
import time

from common import (FAILED, PASSED, ROOT, Failure, adopt_orphans, clean_env, colour, jobs_default,
                    kill_descendants, lock, main, run, show, ticking)
from run_kunit import number
import tree as trees
import verdict as verdicts

HARNESS = os.path.join(ROOT, "tools/testing/pcp")
KINDS = ("plain", "asan", "tsan")
# A run takes seconds; sanitizers on a machine that does other things too, more.
TIMEOUT = 300


# Headers ---------------------------------------------------------------------

def read_headers(path=os.path.join(HARNESS, "headers.list")):
    """[(how, header, more words)] of headers.list."""
    rows = []
    with open(path, encoding="utf-8") as handle:
        for nr, line in enumerate(handle, 1):
            words = line.split()
            if not words or line.startswith("#"):
                continue
            least = {"tree": 2, "shim": 2, "take": 4}.get(words[0])
            if not least or len(words) < least or (least == 2 and len(words) > 2):
                raise Failure(f"{show(path)}:{nr}: want tree HEADER, shim HEADER or take "
                              "HEADER FROM NAME...")
            rows.append((words[0], words[1], words[2:]))
    return rows


def definition(text, name):
    """A struct, enum or inline function, or the macros NAME* of a header; None: not there."""
    if name.endswith("*"):
        # With the conditions around them, which are cheap to keep.
        lines = re.sub(r"\\\n", "\0", re.sub(r"/\*.*?\*/", "", text, flags=re.S)).splitlines()
        prefix = re.compile(rf"#\s*define\s+{re.escape(name[:-1])}\w*(\s|\()")
        kept = []
        for line in lines:
            if re.match(r"#\s*(if|else|elif|endif)", line) or prefix.match(line):
                kept.append(line.replace("\0", "\\\n"))
        if not any(prefix.match(line) for line in kept):
            return None
        return guarded(kept)
    for pattern in (rf"^(?:struct|enum|union) {re.escape(name)} \{{\n.*?^\}}[^;]*;",
                    rf"^static [^;{{}}]*\b{re.escape(name)}\([^;{{}}]*\)\n\{{\n.*?^\}}$"):
        match = re.search(pattern, text, re.M | re.S)
        if match:
            return match.group(0)
    return None


def guarded(lines):
    """Without the guard of the header itself, the first #ifndef and the last #endif."""
    if re.match(r"#\s*ifndef", lines[0]) and re.match(r"#\s*endif", lines[-1]):
        lines = lines[1:-1]
    return "\n".join(lines)


def write_if_changed(path, text):
    """Leave the time of a file alone that is right already."""
    with contextlib.suppress(OSError):
        with open(path, encoding="utf-8") as handle:
            if handle.read() == text:
                return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)
    return True


def make_headers(tree, where):
    """Write the headers of headers.list below where."""
    for how, header, more in read_headers():
        text = f"/* Made by scripts/user.py from headers.list: {how} {header} */\n"
        if how == "tree":
            source = os.path.join(tree, "include", header)
            if not os.path.exists(source):
                raise Failure(f"{show(source)} is not there, but headers.list has it; use "
                              "another source with LINUX=", FAILED)
            text += f'#include "{source}"\n'
        elif how == "take":
            text += "#pragma once\n" + take(os.path.join(tree, more[0]), more[1:])
        write_if_changed(os.path.join(where, header), text)


def take(path, names):
    try:
        with open(path, encoding="utf-8") as handle:
            source = handle.read()
    except OSError as error:
        raise Failure(f"{show(path)}: {error.strerror}; headers.list has it", FAILED) from None
    text = ""
    for name in names:
        found = definition(source, name)
        if not found:
            raise Failure(f"{name} was not found in {show(path)}, but headers.list has it; use "
                          "another source with LINUX=", FAILED)
        text += found + "\n\n"
    return text
