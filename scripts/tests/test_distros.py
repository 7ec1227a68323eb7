# SPDX-License-Identifier: GPL-2.0
"""Targets in other distributions, where nothing is set up or entered."""

import json
import os
import subprocess
import types
from unittest import mock

from splitfree.base import results as files
from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT
from splitfree.commands import distros
from splitfree.runs import chroots
from splitfree.source import git
from tests import fakes


class Words(fakes.Commands):
    target = "distros"

    def test_names_suites_and_mirrors(self):
        for word, name, suite, mirror in (
                ("debian13", "debian13", "trixie", ""), ("sid", "sid", "sid", ""),
                ("noble@http://mirror/ubuntu", "noble", "noble", "http://mirror/ubuntu")):
            self.assertEqual(chroots.read("DISTROS", word), [word])
            found = chroots.Chroot(word, "/out")
            self.assertEqual((found.name, found.suite, found.mirror, found.root),
                             (name, suite, mirror, f"/out/distros/{name}/root"))

    def test_bad_ones(self):
        for word in ("../x", "Debian", "-a", "a@"):
            with self.assertRaisesRegex(Failure, "no suite"):
                chroots.read("DISTROS", word)


class Debootstrap(fakes.Commands):
    """Whose suite it is says how it is set up."""
    target = "distros"

    def setUp(self):
        super().setUp()
        self.patch(chroots, "SCRIPTS", self.out)
        self.patch(chroots, "cache_dir", lambda: self.out)
        self.patch(chroots, "KEYRINGS", "/nonexistent")
        self.unpacked = ()
        self.patch(chroots.programs, "unpack", self.unpack)
        with open(os.path.join(self.out, "bookworm"), "w", encoding="ascii"):
            pass

    def unpack(self, top, program, _):
        """In place of programs.unpack(): the package has the files of unpacked."""
        if not self.unpacked:
            raise Failure("no network")
        self.assertEqual(program.package, "ubuntu-keyring")
        for name in self.unpacked:
            path = os.path.join(top, "root" + chroots.KEYRINGS, name)
            os.makedirs(os.path.dirname(path))
            with open(path, "w", encoding="ascii"):
                pass
        return os.path.join(top, "root")

    def test_a_suite_that_debootstrap_knows(self):
        command, _ = chroots.Chroot("debian12", "/out").debootstrap("http://m", "Debian")
        self.assertEqual(command[-3:], ["bookworm", "/out/distros/debian12/root", "http://m"])
        self.assertNotIn("--components=main,universe", command)

    def test_newer_ones(self):
        for origin, script in (("Debian", "sid"), ("Ubuntu", "gutsy"), ("Other", "sid")):
            command, _ = chroots.Chroot("new@http://m", "/out").debootstrap("http://m", origin)
            self.assertEqual(command[-2:], ["http://m", script])
            self.assertEqual("--components=main,universe" in command, origin == "Ubuntu")

    def ubuntu(self):
        return chroots.Chroot("new@http://m", "/out").debootstrap("http://m", "Ubuntu")

    def test_keys_of_this_machine(self):
        self.patch(chroots, "KEYRINGS", self.out)
        with open(os.path.join(self.out, "ubuntu-archive-keyring.gpg"), "w", encoding="ascii"):
            pass
        command, note = self.ubuntu()
        self.assertEqual((note, [word for word in command if "keyring" in word]), ("", []))

    def test_keys_are_fetched_once(self):
        for self.unpacked in (("ubuntu-archive-keyring.gpg",), ()):
            command, note = self.ubuntu()
            self.assertEqual(note, "")
            self.assertIn(f"--keyring={self.out}/keys/ubuntu-archive-keyring.gpg", command)
        self.assertEqual(os.listdir(os.path.join(self.out, "keys")), ["ubuntu-archive-keyring.gpg"])

    def test_without_keys_it_says_so(self):
        for self.unpacked in ((), ("other.gpg",)):
            command, note = self.ubuntu()
            self.assertIn("no ubuntu-archive-keyring.gpg, so debootstrap did not check signatures",
                          note)
            self.assertFalse([word for word in command if "keyring" in word])

    def test_origin(self):
        os.makedirs(os.path.join(self.out, "dists/new"))
        release = os.path.join(self.out, "dists/new/Release")
        for text, origin in (("Origin: Ubuntu\nLabel: x\n", "Ubuntu"), ("Suite: x\n", "Debian")):
            with open(release, "w", encoding="ascii") as handle:
                handle.write(text)
            self.assertEqual(chroots.origin_of(f"file://{self.out}", "new"), origin)
        with self.assertRaisesRegex(Failure, "dists/old/Release could not be read .*; look at the name of "
                                    "the suite, the mirror and the network"):
            chroots.origin_of(f"file://{self.out}/", "old")


class Runs(fakes.Commands):
    target = "distros"

    def setUp(self):
        super().setUp()
        self.calls, self.said_by = [], {}
        self.patch(chroots.Chroot, "make", lambda *_: "a note")
        self.patch(chroots.Chroot, "bring", lambda *_: None)
        self.patch(chroots.Chroot, "run", self.enter)

    def enter(self, *args):
        """In place of Chroot.run(): writes what said_by has for the target."""
        # The patched function is no method: the first argument is the command.
        command, _ = args[-2:]
        chroot = chroots.Chroot(self.where, self.out)
        self.calls.append(command)
        target = command.split()[1]
        status, counts = self.said_by.get(target, (0, (5, 0, 1)))
        if counts:
            os.makedirs(os.path.join(chroot.home, "out", target), exist_ok=True)
            with open(os.path.join(chroot.home, "out", target, "result.json"), "w",
                      encoding="utf-8") as handle:
                json.dump(dict.fromkeys(files.KEYS, "") | {
                    "command": target, "passed": counts[0], "failed": counts[1],
                    "skipped": counts[2], "sentence": "a sentence" if status else "",
                    "data": {}}, handle)
        return status

    def run_it(self, where="debian13", **texts):
        self.where = where
        job = self.job(DISTROS=where, **texts)
        return self.quiet(distros.run, job), job

    def test_a_line_for_each_target(self):
        result, job = self.run_it(TARGETS="kunit user", JOBS="2")
        self.assertEqual((result.sums(), result.failure), ((2, 0, 0), None))
        self.assertEqual(self.calls, ["scripts/ci kunit JOBS=2", "scripts/ci user JOBS=2"])
        self.assertRegex(self.said, r"ok +debian13 +kunit .*5 passed, 1 skipped")
        self.assertIn("debian13: a note", self.said)
        self.assertTrue(os.path.exists(job.path("debian13", "user.json")))
        self.assertEqual([row["target"] for row in result.data["runs"]], ["kunit", "user"])

    def test_compilers_are_passed_on(self):
        self.run_it("sid", TARGETS="user", LLVM="-23", JOBS="1")
        self.assertEqual(self.calls, ["scripts/ci user JOBS=1 LLVM=-23"])

    def test_one_that_fails_does_not_stop_the_next(self):
        self.said_by = {"kunit": (1, (3, 2, 0))}
        result, _ = self.run_it(TARGETS="kunit user")
        self.assertEqual((result.sums(), result.failure.status), ((1, 1, 0), 1))
        self.assertIn("kunit failed first, on debian13", str(result.failure))
        self.assertIn("a sentence", self.said)

    def test_what_could_not_run_says_nothing_about_the_code(self):
        self.said_by = {"kunit": (2, None)}
        result, _ = self.run_it(TARGETS="kunit")
        self.assertEqual(result.failure.status, 2)

    def test_a_result_of_an_earlier_run_is_none(self):
        self.run_it(TARGETS="kunit")
        path = os.path.join(chroots.Chroot("debian13", self.out).home, "out/kunit/result.json")
        os.utime(path, (1, 1))
        self.said_by = {"kunit": (0, None)}
        result, _ = self.run_it(TARGETS="kunit")
        self.assertEqual(result.data["runs"][0]["sentence"], "it left no result")
        self.assertEqual(result.failure.status, 2)

    def test_only_root_and_only_the_archives_source(self):
        with mock.patch("os.geteuid", return_value=1000), \
                self.assertRaisesRegex(Failure, "run it as root"):
            distros.check(self.job())
        with mock.patch("os.geteuid", return_value=0):
            distros.check(self.job())
            with self.assertRaisesRegex(Failure, "leave LINUX= out"):
                distros.check(self.job(LINUX="/x"))


class Chroots(fakes.Commands):
    """Programs that only say what they would do."""

    target = "distros"

    def setUp(self):
        super().setUp()
        self.patch(chroots, "origin_of", lambda mirror, suite: "Debian")
        self.patch(chroots, "SCRIPTS", self.out)
        with open(os.path.join(self.out, "trixie"), "w", encoding="ascii"):
            pass
        self.chroot = chroots.Chroot("debian13@http://mirror/debian", self.out)
        self.log = os.path.join(self.out, "log")
        cache = os.path.join(self.out, "cache")
        os.makedirs(os.path.join(cache, "splitfree"))
        patch = mock.patch.dict(os.environ, {"XDG_CACHE_HOME": cache})
        patch.start()
        self.addCleanup(patch.stop)
        self.cache = os.path.join(cache, "splitfree")

    def calls(self, status=0):
        called = []

        def call(args, **_):
            called.append(args)
            os.makedirs(os.path.join(self.chroot.root, "etc/apt/apt.conf.d"), exist_ok=True)
            return types.SimpleNamespace(returncode=status, stdout=b"")
        self.patch(subprocess, "run", call)
        return called

    def test_it_is_made_once(self):
        called = self.calls()
        self.quiet(self.chroot.make, self.log)
        self.assertEqual((called[0][0], called[0][-3:]),
                         ("debootstrap", ["trixie", self.chroot.root, "http://mirror/debian"]))
        nr = len(called)
        self.quiet(self.chroot.make, self.log)
        self.assertEqual(len(called), nr)

    def test_what_was_left_half_made_is_made_again(self):
        called = self.calls()
        os.makedirs(os.path.join(self.chroot.root, "half"))
        self.quiet(self.chroot.make, self.log)
        self.assertFalse(os.path.exists(os.path.join(self.chroot.root, "half")))
        self.assertTrue(called)

    def test_one_that_cannot_be_made(self):
        self.calls(1)
        with self.assertRaisesRegex(Failure, "debian13 could not be set up .*trixie"):
            self.quiet(self.chroot.make, self.log)
        self.assertFalse(os.path.exists(self.chroot.done))

    def test_files_of_a_clone_that_is_somebody_else_s(self):
        """As in a container, where root works in what the runner's user has cloned."""
        if os.geteuid():
            self.skipTest("only root can give a clone away")
        clone = os.path.join(self.out, "clone")
        git.git(self.out, "init", "-q", clone)
        with open(os.path.join(clone, "file"), "w", encoding="ascii"):
            pass
        for top, _, names in os.walk(clone):
            for path in [top, *(os.path.join(top, name) for name in names)]:
                os.lchown(path, 12345, 12345)
        self.patch(chroots, "ROOT", clone)
        self.chroot.bring()
        self.assertEqual(os.listdir(self.chroot.home), ["file"])

    def test_without_a_repository_it_says_so(self):
        where = os.path.join(self.out, "tarball")
        os.mkdir(where)
        self.patch(chroots, "ROOT", where)
        with self.assertRaisesRegex(Failure, "work in a clone"):
            self.chroot.bring()

    def test_our_files_come_along_and_old_ones_go(self):
        if git.git(ROOT, "ls-files").returncode:
            self.skipTest("this is no clone, so git cannot list our files")
        source = os.path.join(self.cache, chroots.archive.PACKAGE + "_7.3.4_all.deb")
        with open(source, "w", encoding="ascii") as handle:
            handle.write("deb")
        for name in ("old/file", "out/kunit/result.json", "old.py"):
            path = os.path.join(self.chroot.home, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii"):
                pass
        self.chroot.bring()
        here = sorted(os.listdir(self.chroot.home))
        self.assertIn("Makefile", here)
        self.assertNotIn("old", here)
        self.assertNotIn("old.py", here)
        self.assertTrue(os.path.exists(self.chroot.home + "/out/kunit/result.json"))
        self.assertTrue(os.access(self.chroot.home + "/scripts/ci", os.X_OK))
        self.assertTrue(os.path.exists(os.path.join(
            self.chroot.root, "root/.cache/splitfree", os.path.basename(source))))

    def test_nothing_is_mounted_or_left_running_outside(self):
        called = self.calls(3)
        self.assertEqual(self.chroot.run("scripts/ci kunit", self.log), 3)
        self.assertEqual(called[0][0], "unshare")
        self.assertLessEqual({"--mount", "--pid", "--kill-child"}, set(called[0]))
        self.assertEqual(called[0][-1], "cd /splitfree && scripts/ci kunit")


if __name__ == "__main__":
    fakes.unittest.main()
