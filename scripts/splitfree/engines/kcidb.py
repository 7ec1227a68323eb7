# SPDX-License-Identifier: GPL-2.0
"""scripts/ci kcidb RESULTDIR [ORIGIN=NAME] [TREE=NAME] [URL=https://...] [LOGS=https://...]

Prints a run as KCIDB has it, version 5.3: the checkout, its build, and a test for the run
and for each of its cases. RESULTDIR is a directory below out/, or a copy of one. ORIGIN is
the name of the CI system. TREE and URL say where LINUX= came from. LOGS is where the files
of the directory can be fetched.

Status 2 is MISS: nothing is known about the code. The base is named as it is: a source
package has no commit, so none is given, and commits that were made here are not passed
off as somebody's.
"""

import collections
import datetime
import hashlib
import json
import os
import re
import sys
import tempfile

from splitfree.base import results
from splitfree.base.failures import COULD_NOT_RUN, FAILED, PASSED, Failure
from splitfree.base.options import given
from splitfree.judge import files, rows
from splitfree.source import git

VERSION = {"major": 5, "minor": 3}
# As the schema has them.
ORIGIN, PATH = re.compile("[a-z0-9_]+"), re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
EXCERPT = 16384
TOP = "splitfree"
# Variables that have paths of this machine, or change nothing.
NOT_SAID = ("O", "RESULT", "LINUX", "JOBS", "V")
# The commands whose result is that of one kernel, and its architecture.
KERNELS = {"kunit": "um", "boot": "um", "coverage": "um", "qemu": "x86_64", "hibernate": "x86_64",
           "stress": "x86_64"}
COMPILER = re.compile(r"Linux version \S+ \([^)]*\) \((.*), GNU ld")


def digest(*words):
    return hashlib.sha256("\0".join(map(str, words)).encode()).hexdigest()


def excerpt(text):
    """The end of a log, which says most."""
    return text.replace("\0", "")[-EXCERPT:]


def word(text):
    """A part of a path."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_") or "unnamed"


def status_of(status):
    return {PASSED: "PASS", FAILED: "FAIL"}.get(status, "MISS")


def time_of(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


class Run:
    """A run, and the directory that it left."""

    def __init__(self, directory, origin=TOP, tree="", url="", logs=""):
        self.directory, self.origin, self.tree, self.url = directory, origin, tree, url
        self.logs = logs.rstrip("/")
        self.record = results.read(os.path.join(directory, results.NAME))
        if not self.record:
            raise Failure(f"{directory} has no {results.NAME} of a command")
        self.command, self.source = self.record["command"], self.record["source"]
        self.seen = collections.Counter()
        # The same run has the same names whenever it is asked for.
        self.name = digest(json.dumps(self.record, sort_keys=True))[:20]

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def options(self):
        return {name: value for name, value in sorted(self.record["options"].items())
                if name not in NOT_SAID}

    def text(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as handle:
                return handle.read()
        except OSError:
            return ""

    def id(self, *words):
        return f"{self.origin}:{'-'.join(words)}"

    def logged(self, found, *names):
        """With the place of the first of these files that there is."""
        name = next((name for name in names if os.path.exists(self.path(name))), None)
        if self.logs and name:
            found["log_url"] = f"{self.logs}/{name}"
        return found

    # The checkout --------------------------------------------------------------

    def checkout_id(self):
        return self.id("checkout", digest(self.record["kernel"], json.dumps(self.source))[:20])

    def checkout(self):
        source, kernel = self.source, self.record["kernel"]
        found = {"id": self.checkout_id(), "origin": self.origin, "comment": self.base(),
                 "misc": {"source": {key: value for key, value in source.items() if key != "name"},
                          "local_commit": kernel}}
        if source:
            found["valid"] = True
        if source.get("commit") and not source.get("changed"):
            found["git_commit_hash"] = source["commit"]
            if self.tree:
                found["tree_name"] = self.tree
            if self.url:
                found["git_repository_url"] = self.url
        patches = self.patchset()
        if patches is not None:
            found["patchset_hash"] = patches
        return found

    def base(self):
        """The base in words."""
        if not self.source:
            return "no kernel was made"
        name = self.source["name"]
        if self.source["kind"] == "directory":
            # The path on this machine says nothing to others.
            name = "a tree given with LINUX=" + (", changed after its last commit"
                                                 if self.source.get("changed") else "")
        text = f"Linux {self.source['version']} ({name})"
        steps = self.source["steps"]
        return text + (f", with {steps} patches added" if steps else ", with nothing added")

    def patchset(self):
        """The fields of the schema on the patches that were added; None: they are not at hand."""
        if not self.source:
            return None
        if not self.source["steps"]:
            return ""
        linux = os.path.join(os.path.dirname(os.path.abspath(self.directory)), "linux")
        kernel = self.record["kernel"]
        with tempfile.TemporaryDirectory() as mails:
            made = git.git(linux, "format-patch", "-q", "--no-signature", "--zero-commit",
                           "-o", mails, f"stock..{kernel}")
            names = sorted(os.listdir(mails))
            if made.returncode or not names:
                return None
            sums = ""
            for name in names:
                with open(os.path.join(mails, name), "rb") as handle:
                    sums += hashlib.sha256(handle.read()).hexdigest() + "\n"
        return hashlib.sha256(sums.encode()).hexdigest()

    # The build -----------------------------------------------------------------

    def build_id(self):
        return self.id("build", self.name)

    def build(self):
        options = self.options()
        found = {"id": self.build_id(), "checkout_id": self.checkout_id(), "origin": self.origin,
                 "start_time": time_of(self.record["started"]),
                 "command": " ".join(["scripts/ci", self.command, *(
                     f"{name}={value}" for name, value in options.items())]),
                 "misc": {"options": options}}
        if self.command not in KERNELS:
            found["comment"] = "this command builds several kernels, or none"
            return found
        found["architecture"] = options.get("ARCH") or KERNELS[self.command]
        found["config_name"] = "-".join([self.command, *sorted(
            options.get("DEBUG", "").replace(",", "-").split("-"))]).rstrip("-")
        compiler = COMPILER.search(self.text("console.log"))
        if compiler:
            found["compiler"] = compiler.group(1)
        found["status"] = self.build_status()
        if found["status"] == "FAIL":
            found["log_excerpt"] = excerpt(self.text("build.log") or self.record["sentence"])
        return self.logged(found, "build.log")

    def build_status(self):
        """A run that failed without a console did not get as far as a kernel."""
        if os.path.exists(self.path("console.log")) and self.record["status"] != COULD_NOT_RUN:
            return "PASS"
        return "PASS" if self.record["status"] == PASSED else status_of(self.record["status"])

    # The tests -----------------------------------------------------------------

    def test(self, path, status, log="", **more):
        path = ".".join([TOP, word(self.command), *map(word, path)])
        found = {"id": self.id("test", self.name, digest(path, *more.pop("key", ()))[:20]),
                 "build_id": self.build_id(), "origin": self.origin, "path": path,
                 "status": status, **more}
        if log:
            found["log_excerpt"] = excerpt(log)
        return found

    def whole(self):
        record = self.record
        options = [f"{name}={value}" for name, value in self.options().items()]
        found = self.test((), status_of(record["status"]), record["sentence"],
                          start_time=time_of(record["started"]), duration=record["seconds"],
                          misc={key: record[key] for key in ("passed", "failed", "skipped")})
        if options:
            found["environment"] = {"comment": " ".join(options)}
        return self.logged(found, "console.log", "log")

    def cases(self):
        """A test for each case of results.json, with the same status."""
        try:
            with open(self.path(files.JSON), encoding="utf-8") as handle:
                top = json.load(handle)
        except (OSError, ValueError):
            return []
        self.seen.clear()
        return [test for group in top.get("sub_groups", ()) for test in self.group(group, ())]

    def group(self, group, above):
        above = (*above, group["name"])
        for below in group["sub_groups"]:
            yield from self.group(below, above)
        for case in group["test_cases"]:
            log = "\n".join(filter(None, [case.get("reason", ""), *case.get("log", ())]))
            # Parameters may differ in signs that no path has; after a second boot they do not.
            key = (*above, case["name"])
            self.seen[key] += 1
            if self.seen[key] > 1:
                key += (self.seen[key],)
            yield self.test((*above, case["name"]), case["status"], log, key=key)

    def rows(self):
        for row in rows.of(self.record["data"]):
            more = {} if row.seconds is None else {"duration": row.seconds}
            yield self.test((row.name,), files.STATUS[row.outcome], row.text, **more)

    def figures(self):
        """Ratios to stock that were measured. A goal that is missed is no failure of the code."""
        for row in self.record["data"].get("rows", ()):
            if row.get("ratio") is not None:
                yield self.test((row["case"], row["figure"]), "DONE", row["verdict"],
                                number={"value": row["ratio"]})

    def tests(self):
        """After status 2 nothing is known of any case."""
        found = [self.whole()]
        if self.record["status"] != COULD_NOT_RUN:
            found += [*self.cases(), *self.rows(), *self.figures()]
        return found

    def report(self):
        return {"version": VERSION, "checkouts": [self.checkout()], "builds": [self.build()],
                "tests": self.tests()}


def of(directory, **texts):
    """A run as KCIDB has it."""
    origin = texts.get("ORIGIN", TOP)
    if not ORIGIN.fullmatch(origin):
        raise Failure(f"ORIGIN={origin} may have small letters, digits and _ alone")
    for name in ("URL", "LOGS"):
        if not texts.get(name, "https://").startswith("https://"):
            raise Failure(f"{name}={texts[name]} does not begin with https://")
    return Run(directory, origin, texts.get("TREE", ""), texts.get("URL", ""),
               texts.get("LOGS", "")).report()


def run(arguments):
    if not arguments or "=" in arguments[0]:
        raise Failure("say where the result is: scripts/ci kcidb RESULTDIR")
    texts = given(arguments[1:])
    unknown = set(texts) - {"ORIGIN", "TREE", "URL", "LOGS"}
    if unknown:
        raise Failure(f"{unknown.pop()}= is not known; kcidb takes ORIGIN, TREE, URL and LOGS")
    json.dump(of(arguments[0], **texts), sys.stdout, indent=1)
    print()
