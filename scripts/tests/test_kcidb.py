# SPDX-License-Identifier: GPL-2.0
"""scripts/ci kcidb: a run as KCIDB has it.

The demands of the schema are written down here as rules. Where kcidb-io is at hand, as a module
or as a checkout that KCIDB_IO= names, its own schema is asked, too.
"""

import contextlib
import importlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

from splitfree.base import results
from splitfree.base.failures import Failure
from splitfree.base.processes import clean_env
from splitfree.engines import kcidb
from splitfree.judge import ktap
from splitfree.judge import files

STATUSES = {"FAIL", "ERROR", "MISS", "PASS", "DONE", "SKIP"}
ID = r"[a-z0-9_]+:[^\0]*"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00"
PATH = r"([a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*)?"
# {key: what its text looks like}; a key that is not here may not be in an object.
TEXTS = {"id": ID, "checkout_id": ID, "build_id": ID, "origin": "[a-z0-9_]+", "path": PATH,
         "architecture": "[a-z0-9_]*", "git_commit_hash": "[0-9a-f]{40}",
         "patchset_hash": "|[0-9a-f]{64}", "git_repository_url": "https://.*", "start_time": TIME,
         "log_url": "https://.*", "log_excerpt": r"[^\0]{0,16384}",
         **dict.fromkeys(("comment", "command", "compiler", "config_name", "tree_name"), r"[^\0]*"),
         "status": "|".join(STATUSES)}
OTHERS = {"misc": dict, "environment": dict, "valid": bool, "duration": (int, float),
          "number": dict}
KEYS = {"checkouts": {"id", "origin", "comment", "misc", "valid", "git_commit_hash", "tree_name",
                      "git_repository_url", "patchset_hash"},
        "builds": {"id", "checkout_id", "origin", "comment", "start_time", "architecture",
                   "command", "compiler", "config_name", "log_url", "log_excerpt", "status", "misc"},
        "tests": {"id", "build_id", "origin", "path", "status", "log_excerpt", "log_url",
                  "start_time", "duration", "misc", "environment", "number"}}


def schema():
    """kcidb-io's version 5.3, or None."""
    path = os.environ.get("KCIDB_IO")
    if path:
        sys.path.insert(0, path)
    try:
        return importlib.import_module("kcidb_io.schema").V5_3
    except ImportError:
        return None
    finally:
        if path:
            sys.path.remove(path)


def record(status=0, command="kunit", **more):
    return {**dict.fromkeys(results.KEYS, ""), "command": command, "status": status, "passed": 1,
            "failed": 0, "skipped": 0, "seconds": 7.2, "started": 1795727872, "data": {},
            "options": {"NCPUS": "4", "O": "/tmp/out"}, "kernel": "a" * 40,
            "source": {"version": "7.3.4", "kind": "package", "name": "linux-source-7.3 7.3.4-1",
                       "steps": 2}, **more}


class Directory(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.top = os.path.join(top.name, "kunit")
        os.mkdir(self.top)

    def write(self, name, text):
        with open(os.path.join(self.top, name), "w", encoding="utf-8") as handle:
            handle.write(text)

    def of(self, found, tests=(), **texts):
        """The report of a result, which keeps all rules; it is in self, too."""
        results.write_json(os.path.join(self.top, results.NAME), found)
        if tests:
            files.write(self.top, [files.suite("pcp_push", tests)], "um")
        self.report = kcidb.of(self.top, **texts)
        self.rules(self.report)
        if known := schema():
            known.validate(self.report)
        self.checkout, self.build = self.report["checkouts"][0], self.report["builds"][0]
        return {test["path"]: test for test in self.report["tests"]}

    def rules(self, report):
        self.assertEqual(report["version"], {"major": 5, "minor": 3})
        for kind, allowed in KEYS.items():
            for item in report[kind]:
                self.assertLessEqual(set(item), allowed)
                for key, value in item.items():
                    if key in TEXTS:
                        self.assertIsNotNone(re.fullmatch(TEXTS[key], value, re.S), (key, value))
                    else:
                        self.assertIsInstance(value, OTHERS[key], key)
            ids = [item["id"] for item in report[kind]]
            self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual({b["checkout_id"] for b in report["builds"]},
                         {report["checkouts"][0]["id"]})
        self.assertEqual({t["build_id"] for t in report["tests"]}, {report["builds"][0]["id"]})
        json.dumps(report)


class Report(Directory):
    def test_kcidb_io_is_asked(self):
        if not schema():
            self.skipTest("kcidb_io is no module here, and KCIDB_IO= names no checkout of it")
        with self.assertRaises(Exception):
            schema().validate({"version": {"major": 5, "minor": 3}, "tests": [{"id": "x"}]})

    def test_cases(self):
        log = ["# b: EXPECTATION FAILED at x.c:7", "wanted\0 1"]
        tests = self.of(record(1, sentence="failed: pcp_push.b"), [
            ktap.Test("a", ktap.PASSED), ktap.Test("b", ktap.FAILED, "not 1", log),
            ktap.Test("c", ktap.SKIPPED, "needs 4 CPUs"), ktap.Test("d", ktap.MISSING, "no end"),
            ktap.Test("e", ktap.PASSED, tests=[ktap.Test("many, high", ktap.PASSED),
                                               ktap.Test("many high", ktap.PASSED)])])
        self.assertEqual({path: test["status"] for path, test in tests.items()}, {
            "splitfree.kunit": "FAIL", "splitfree.kunit.pcp_push.a": "PASS",
            "splitfree.kunit.pcp_push.b": "FAIL", "splitfree.kunit.pcp_push.c": "SKIP",
            "splitfree.kunit.pcp_push.d": "ERROR", "splitfree.kunit.pcp_push.e.many_high": "PASS"})
        self.assertIn("EXPECTATION FAILED", tests["splitfree.kunit.pcp_push.b"]["log_excerpt"])
        self.assertEqual(tests["splitfree.kunit.pcp_push.c"]["log_excerpt"], "needs 4 CPUs")
        self.assertEqual(len(self.report["tests"]), 7)
        self.assertEqual(tests["splitfree.kunit"]["environment"], {"comment": "NCPUS=4"})

    def test_cases_that_ran_twice(self):
        self.of(record(0), [ktap.Test("a", ktap.PASSED), ktap.Test("a", ktap.PASSED)])
        self.assertEqual([test["path"] for test in self.report["tests"]],
                         ["splitfree.kunit"] + ["splitfree.kunit.pcp_push.a"] * 2)

    def test_nothing_is_known_after_status_2(self):
        tests = self.of(record(2, sentence="no network"), [ktap.Test("a", ktap.PASSED)])
        self.assertEqual([(t["path"], t["status"]) for t in tests.values()],
                         [("splitfree.kunit", "MISS")])
        self.assertEqual(self.build["status"], "MISS")
        self.assertEqual(tests["splitfree.kunit"]["log_excerpt"], "no network")

    def test_a_run_that_was_stopped(self):
        tests = self.of(record(143))
        self.assertEqual((tests["splitfree.kunit"]["status"], self.build["status"]),
                         ("MISS", "MISS"))

    def test_a_long_log_keeps_its_end(self):
        tests = self.of(record(1), [ktap.Test("a", ktap.FAILED, "r", ["x" * 20000, "the end"])])
        found = tests["splitfree.kunit.pcp_push.a"]["log_excerpt"]
        self.assertEqual((len(found), found[-7:]), (kcidb.EXCERPT, "the end"))

    def test_builds(self):
        self.write("build.log", "mm/pcp/push.c:1: error: x\n")
        self.of(record(1, sentence="it did not build"))
        self.assertEqual((self.build["status"], self.build["log_excerpt"]),
                         ("FAIL", "mm/pcp/push.c:1: error: x\n"))
        self.write("console.log", "[    0.0] Linux version 7.3.4 (a@b) (gcc (Debian 12.2.0-14) "
                   "12.2.0, GNU ld (GNU Binutils) 2.40) #1\n")
        self.of(record(1, options={"DEBUG": "lockdep,kasan"}), LOGS="https://logs.example/7/")
        self.assertEqual([self.build[key] for key in ("status", "compiler", "architecture",
                                                      "config_name", "log_url", "command")],
                         ["PASS", "gcc (Debian 12.2.0-14) 12.2.0", "um", "kunit-kasan-lockdep",
                          "https://logs.example/7/build.log",
                          "scripts/ci kunit DEBUG=lockdep,kasan"])
        self.of(record(command="qemu", options={"ARCH": "i386"}))
        self.assertEqual(self.build["architecture"], "i386")
        self.of(record(command="model", kernel="", source={}))
        self.assertNotIn("status", self.build)

    def test_rows(self):
        steps = [{"name": "0001-a.patch", "good": True, "seconds": 1.0, "text": "1 passed"},
                 {"name": "0002-b.patch", "good": False, "seconds": 1.0, "text": "does not boot"}]
        tests = self.of(record(1, command="bisect", data={"steps": steps}))
        self.assertEqual(tests["splitfree.bisect.0001-a_patch"]["status"], "PASS")
        self.assertEqual(tests["splitfree.bisect.0002-b_patch"]["log_excerpt"], "does not boot")
        tests = self.of(record(command="configs", data={"configs": [
            {"name": "up", "seconds": 1.0, "reasons": [], "lost": ["f"]}]}))
        self.assertEqual(tests["splitfree.configs.up"]["status"], "FAIL")
        tests = self.of(record(1, command="check", data={"stages": [
            {"name": "lava", "seconds": 1.0, "passed": 0, "failed": 0, "skipped": 1}]}))
        self.assertEqual(tests["splitfree.check.lava"]["status"], "SKIP")
        tests = self.of(record(command="frag", data={"rows": [
            {"case": "half", "figure": "load: whole", "ratio": 1.02, "verdict": "met"},
            {"case": "half", "figure": "ms", "ratio": None, "verdict": ""}]}))
        self.assertEqual(tests["splitfree.frag.half.load_whole"]["number"], {"value": 1.02})
        self.assertEqual(len(tests), 2)

    def test_the_results_of_another_kind_are_no_cases(self):
        self.write("results.json", '{"rows": []}')
        self.assertEqual(len(self.of(record(command="frag"))), 1)


class Base(Directory):
    """The base is named as it is."""

    def test_a_package_has_no_commit(self):
        self.of(record(), TREE="mm", URL="https://git.example/mm")
        for key in ("git_commit_hash", "git_repository_url", "tree_name", "patchset_hash"):
            self.assertNotIn(key, self.checkout)
        self.assertEqual(self.checkout["comment"],
                         "Linux 7.3.4 (linux-source-7.3 7.3.4-1), with 2 patches added")

    def test_a_tree_with_the_series(self):
        source = {"version": "7.3.0", "kind": "directory", "name": "directory /home/x/mm",
                  "steps": 0, "commit": "b" * 40, "changed": False}
        self.of(record(source=source, options={"LINUX": "/home/x/mm"}), TREE="mm",
                URL="https://git.example/mm")
        self.assertEqual([self.checkout[key] for key in ("git_commit_hash", "tree_name",
                                                         "git_repository_url", "patchset_hash")],
                         ["b" * 40, "mm", "https://git.example/mm", ""])
        self.of(record(source={**source, "changed": True}))
        self.assertNotIn("git_commit_hash", self.checkout)
        self.assertIn("changed after its last commit", self.checkout["comment"])
        self.assertNotIn("/home", json.dumps(self.report))

    def test_no_kernel(self):
        self.of(record(command="model", kernel="", source={}))
        self.assertEqual(self.checkout["comment"], "no kernel was made")

    def test_the_hash_of_the_patches(self):
        linux = os.path.join(os.path.dirname(self.top), "linux")
        env = clean_env(GIT_CONFIG_GLOBAL=os.devnull, **{
            f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
            (("NAME", "a"), ("EMAIL", "a@b"), ("DATE", "2001-01-01T00:00:00Z"))})

        def git(*args):
            return subprocess.run(["git", "-C", linux, *args], check=True, env=env,
                                  stdout=subprocess.PIPE, text=True).stdout.strip()

        subprocess.run(["git", "init", "-q", linux], check=True, env=env)
        for name in ("stock", "one", "two"):
            with open(os.path.join(linux, "file"), "w", encoding="utf-8") as handle:
                handle.write(f"{name}\n")
            git("add", "file")
            git("commit", "-qm", name)
            if name == "stock":
                git("tag", "stock")
        head = git("rev-parse", "HEAD")
        self.of(record(kernel=head))
        shell = ("git format-patch -q --no-signature --zero-commit -o mails stock && "
                 "sha256sum mails/*.patch | cut -c-64 | sha256sum | cut -c-64")
        wanted = subprocess.run(["sh", "-c", shell], cwd=linux, env=env, check=True,
                                stdout=subprocess.PIPE, text=True).stdout.strip()
        self.assertEqual(self.checkout["patchset_hash"], wanted)
        git("commit", "-q", "--amend", "-m", "other")
        before = self.checkout["patchset_hash"]
        self.of(record(kernel=git("rev-parse", "HEAD")))
        self.assertNotEqual(self.checkout["patchset_hash"], before)


class Words(unittest.TestCase):
    def test_bad_ones(self):
        for words, why in (([], "say where the result is"), (["ORIGIN=x"], "say where the result is"),
                           (["x", "FOO=1"], "FOO= is not known"),
                           (["x", "ORIGIN=A-b"], "ORIGIN=A-b may have small letters"),
                           (["x", "LOGS=http://x"], "does not begin with https"),
                           (["/nowhere"], "has no result.json of a command")):
            with self.assertRaisesRegex(Failure, why):
                kcidb.run(words)

    def test_it_is_printed(self):
        with tempfile.TemporaryDirectory() as top:
            results.write_json(os.path.join(top, results.NAME), record())
            with contextlib.redirect_stdout(io.StringIO()) as said:
                kcidb.run([top, "ORIGIN=me"])
            self.assertEqual(json.loads(said.getvalue())["tests"][0]["origin"], "me")


if __name__ == "__main__":
    unittest.main()
