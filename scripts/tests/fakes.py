# SPDX-License-Identifier: GPL-2.0
"""A directory, and a job, a tree and a kernel for tests where nothing is built or started."""

import contextlib
import io
import os
import shutil
import stat
import tempfile
import types
import unittest
import xml.etree.ElementTree as ET
from unittest import mock

from splitfree.__main__ import module_of
from splitfree.base import options
from splitfree.kernel import build, guest
from splitfree.runs import frame


class Tree:
    """Answers git as it was told to."""

    def __init__(self, path, **answers):
        self.path, self.answers, self.asked = path, answers, []
        self.state = {"version": "7.3.4", "head": "0" * 40, "source": ["package", "", "source"]}

    def git(self, *args, **_):
        self.asked.append(args)
        return b""

    def lines(self, *args, **_):
        self.asked.append(args)
        return self.answers.get(args[0].replace("-", "_"), ["0" * 40])

    def modified(self):
        return []

    def config_key(self):
        return b"config"

    def source_key(self):
        return b"source"


class Directory(unittest.TestCase):
    """A test with a directory, and programs in it."""

    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)

    def program(self, name, text):
        path = os.path.join(self.top, name)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write("#!/bin/sh\n" + text)
        os.chmod(path, stat.S_IRWXU)
        return path


class Commands(unittest.TestCase):
    """Runs a command's functions; consoles maps a part of the command line to what is said."""

    target = None

    def setUp(self):
        self.out = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.out)
        self.boots, self.consoles, self.late = [], {}, False
        self.patch(build.Kernel, "build", lambda kernel, tree: None)
        self.patch(guest, "run", self.boot)

    def patch(self, *args, **kwargs):
        patch = mock.patch.object(*args, **kwargs)
        self.addCleanup(patch.stop)
        return patch.start()

    def job(self, tree=None, **texts):
        _, command = module_of(self.target)
        values = options.values(frame.all_options(command), {"O": self.out, **texts})
        job = frame.Job(self.target, command, values)
        job.tree = tree or Tree(os.path.join(self.out, "linux"))
        os.makedirs(job.results, exist_ok=True)
        return job

    def boot(self, args, console, limit, what, **more):
        """In place of guest.run()."""
        line = " ".join(args)
        self.boots.append(line)
        if more.get("started"):
            more["started"](1)
        text = next((said for part, said in self.consoles.items() if part in line), "")
        with open(console, "w", encoding="utf-8") as handle:
            handle.write(text)
        for row in text.splitlines():
            if more.get("on_line"):
                more["on_line"](row)
        return guest.Ended(self.late, 1, 0)

    def quiet(self, function, *args):
        """Call it; what it says is in self.said."""
        with contextlib.redirect_stdout(io.StringIO()) as said:
            try:
                return function(*args)
            finally:
                self.said = said.getvalue()


def ktap(*cases, suite="s"):
    """A document of one suite, with (name, good)."""
    lines = ["KTAP version 1", "1..1", "    KTAP version 1", f"    # Subtest: {suite}",
             f"    1..{len(cases)}"]
    lines += [f"    {'' if good else 'not '}ok {nr} {name}"
              for nr, (name, good) in enumerate(cases, 1)]
    good = all(good for _, good in cases)
    return "\n".join(["[    0.0] Linux version 7.3", *lines,
                      f"{'' if good else 'not '}ok 1 {suite}", "reboot: System halted"]) + "\n"


def bad_cases(directory):
    """The failed cases of junit.xml, as suite.case. None: there is no such file."""
    path = os.path.join(directory, "junit.xml")
    if not os.path.exists(path):
        return None
    return [f"{case.get('classname')}.{case.get('name')}" for case in ET.parse(path).iter("testcase")
            if case.find("failure") is not None or case.find("error") is not None]


SPLAT = "[    3.0] WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1 f+0x1/0x2\n"
NAMESPACE = types.SimpleNamespace
