# SPDX-License-Identifier: GPL-2.0
"""The tree that is made of a kernel source of six files."""

import contextlib
import glob
import io
import os
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.base.paths import SCRIPTS
from splitfree.source import archive, place
from splitfree.source import tree as trees

KERNEL = {
    "Makefile": "# SPDX\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\nEXTRAVERSION =\n",
    "Kbuild": "obj-y += mm/\n",
    "mm/page_alloc.c": "".join(f"line {n}\n" for n in range(40)),
    "mm/Makefile": "obj-y += page_alloc.o\n",
    "mm/slub.c": "slub\n",
    ".gitignore": "Makefile\n",
}


HOOK = """\
From 0 Mon Sep 17 00:00:00 2001
From: A Example <a@example.org>
Date: Mon, 1 Jun 2026 10:00:00 +0000
Subject: [PATCH] mm: hook

Text.
---
diff --git a/mm/page_alloc.c b/mm/page_alloc.c
--- a/mm/page_alloc.c
+++ b/mm/page_alloc.c
@@ -4,3 +4,4 @@
 line 3
 line 4
+hook one
 line 5
@@ -24,3 +25,4 @@
 line 23
 line 24
+hook two
 line 25
"""


EMPTY = HOOK.split("---\n", maxsplit=1)[0].replace("mm: hook", "mm: more") + "---\n"


def write(root, name, text):
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)
    return path


class Base(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.top = holder.name
        self.kernel = os.path.join(self.top, "kernel")
        self.repo = os.path.join(self.top, "repo")
        self.out = os.path.join(self.top, "out")
        os.mkdir(self.out)
        for name, text in KERNEL.items():
            write(self.kernel, name, text)
        write(self.repo, "patches/1.patch", HOOK)
        write(self.repo, "patches/2.patch", EMPTY)
        write(self.repo, "patches/series", "1.patch\n mm/pcp/a.c\n2.patch\n mm/pcp/b.c\n")
        write(self.repo, "mm/pcp/a.c", "a\n")
        write(self.repo, "mm/pcp/b.c", "b\n")
        for patch in (mock.patch.object(trees, "ROOT", self.repo),
                      contextlib.redirect_stdout(io.StringIO())):
            patch.__enter__()
            self.addCleanup(patch.__exit__, None, None, None)

    def prepare(self, linux=None, upto=None):
        return trees.prepare(self.out, linux or self.kernel, upto)

    def path(self, name):
        return os.path.join(self.out, "linux", name)

    def text(self, name):
        with open(self.path(name), encoding="utf-8") as handle:
            return handle.read()

    def refused(self, words, *args, **kwargs):
        with self.assertRaises(Failure) as caught:
            self.prepare(*args, **kwargs)
        self.assertIn(words, str(caught.exception))
        self.assertFalse(glob.glob(os.path.join(self.out, "linux.tmp.*")))


class Made(Base):
    def test_a_source_that_has_the_series_is_used_as_it_is(self):
        write(self.kernel, "mm/pcp/pcp.h", "theirs\n")
        write(self.kernel, "mm/pcp/a.c", "theirs\n")
        tree = self.prepare()
        self.assertEqual(self.text("mm/pcp/a.c"), "theirs\n")
        self.assertNotIn("hook", self.text("mm/page_alloc.c"))
        self.assertIn("as it is", trees.describe(tree))
        self.assertEqual(self.prepare().state["head"], tree.state["head"])

    def test_from_directory(self):
        tree = self.prepare()
        self.assertEqual(tree.lines("log", "--format=%s", "--reverse"),
                         ["Linux 7.3.4", "mm: hook", "mm: more"])
        self.assertEqual(tree.lines("ls-files"),
                         sorted(list(KERNEL) + ["mm/pcp/a.c", "mm/pcp/b.c"]))
        self.assertEqual(tree.lines("status", "--porcelain"), [])
        self.assertEqual(tree.lines("rev-parse", "--abbrev-ref", "HEAD"), ["splitfree"])
        self.assertIn("hook two", self.text("mm/page_alloc.c"))
        self.assertFalse(os.path.exists(os.path.join(self.kernel, ".git")))

    def test_commit_ids_depend_on_content_only(self):
        first = self.prepare().lines("rev-parse", "HEAD")
        shutil.rmtree(os.path.join(self.out, "linux"))
        self.assertEqual(self.prepare().lines("rev-parse", "HEAD"), first)

    def test_from_tarballs(self):
        for flag, end in (("z", "gz"), ("J", "xz"), ("j", "bz2"), ("", "tar")):
            with self.subTest(end=end):
                name = os.path.join(self.top, "k.tar" + ("" if end == "tar" else "." + end))
                subprocess.run(["tar", f"-c{flag}f", name, "-C", self.top, "kernel"], check=True)
                tree = self.prepare(linux=name)
                self.assertEqual(tree.lines("rev-list", "--count", "HEAD"), ["3"])

    def test_git_directory_does_not_come_along(self):
        subprocess.run(["git", "init", "-q", self.kernel], check=True)
        write(self.kernel, "mm/slub.o", "built")
        tree = self.prepare()
        self.assertEqual(tree.lines("rev-list", "--count", "HEAD"), ["3"])
        self.assertNotIn("mm/slub.o", tree.lines("ls-files"))

    def test_upto(self):
        tree = self.prepare(upto=1)
        self.assertEqual(tree.lines("log", "-1", "--format=%s"), ["mm: hook"])
        self.assertFalse(os.path.exists(self.path("mm/pcp/b.c")))
        self.assertEqual(tree.lines("log", "-1", "--format=%s", "splitfree"), ["mm: more"])
        self.prepare(upto=0)
        self.assertNotIn("hook", self.text("mm/page_alloc.c"))
        self.prepare()
        self.assertEqual(self.text("mm/pcp/b.c"), "b\n")
        self.refused("no step 3", upto=3)


class Again(Base):
    def stamps(self):
        return {p: os.stat(p).st_mtime_ns
                for p in glob.glob(self.path("**"), recursive=True) if os.path.isfile(p)}

    def test_nothing_to_do(self):
        self.prepare()
        before = self.stamps()
        self.prepare()
        self.assertEqual(self.stamps(), before)

    def test_one_edited_file_is_the_only_one_rewritten(self):
        self.prepare()
        before = self.stamps()
        write(self.repo, "mm/pcp/a.c", "a, better\n")
        tree = self.prepare()
        after = self.stamps()
        self.assertEqual([p for p in after if after[p] != before.get(p)],
                         [self.path("mm/pcp/a.c")])
        self.assertEqual(self.text("mm/pcp/a.c"), "a, better\n")
        self.assertEqual(tree.lines("show", "splitfree~1:mm/pcp/a.c"), ["a, better"])

    def test_edited_patch_and_lost_file(self):
        self.prepare()
        write(self.repo, "patches/1.patch", HOOK.replace("hook two", "hook three"))
        os.remove(os.path.join(self.repo, "mm/pcp/b.c"))
        write(self.repo, "patches/series", "1.patch\n mm/pcp/a.c\n2.patch\n")
        self.prepare()
        self.assertIn("hook three", self.text("mm/page_alloc.c"))
        self.assertFalse(os.path.exists(self.path("mm/pcp/b.c")))

    def test_another_source(self):
        self.prepare()
        write(self.kernel, "mm/slub.c", "another slub\n")
        self.prepare()
        self.assertEqual(self.text("mm/slub.c"), "another slub\n")

    def test_pruned_objects_are_made_again(self):
        tree = self.prepare()
        write(self.repo, "mm/pcp/a.c", "a2\n")
        self.prepare()
        write(self.repo, "mm/pcp/a.c", "a\n")
        tree.git("reflog", "expire", "--expire=now", "--all")
        tree.git("update-ref", "-d", "refs/splitfree/build")
        tree.git("gc", "-q", "--prune=now")
        self.prepare()
        self.assertEqual(self.text("mm/pcp/a.c"), "a\n")


class OwnWork(Base):
    def test_change_in_the_way_is_refused_by_name(self):
        self.prepare()
        write(self.out, "linux/mm/pcp/a.c", "mine\n")
        write(self.repo, "mm/pcp/a.c", "theirs\n")
        self.refused("has changes of yours that would be lost: mm/pcp/a.c; carry them into")
        self.assertEqual(self.text("mm/pcp/a.c"), "mine\n")

    def test_untracked_file_in_the_way(self):
        self.prepare()
        write(self.out, "linux/mm/pcp/c.c", "mine\n")
        write(self.repo, "mm/pcp/c.c", "theirs\n")
        write(self.repo, "patches/series", "1.patch\n mm/pcp/a.c\n2.patch\n mm/pcp/b.c\n mm/pcp/c.c\n")
        self.refused("mm/pcp/c.c")
        self.assertEqual(self.text("mm/pcp/c.c"), "mine\n")

    def test_other_change_is_kept_and_named(self):
        self.prepare()
        write(self.out, "linux/mm/slub.c", "mine\n")
        write(self.repo, "mm/pcp/a.c", "new\n")
        self.assertIn("mm/slub.c", trees.describe(self.prepare()))
        self.assertEqual(self.text("mm/slub.c"), "mine\n")

    def test_touched_file_is_no_change(self):
        self.prepare()
        os.utime(self.path("mm/pcp/a.c"))
        write(self.repo, "mm/pcp/a.c", "new\n")
        self.prepare()
        self.assertEqual(self.text("mm/pcp/a.c"), "new\n")

    def test_change_stops_another_source(self):
        self.prepare()
        write(self.out, "linux/mm/slub.c", "mine\n")
        write(self.kernel, "mm/slub.c", "another\n")
        self.refused("has changes of yours that would be lost: mm/slub.c")
        # The tree of another source is made anew at one step.
        self.refused("is to be made again from ", upto=1)
        self.refused("but has changes of yours in mm/slub.c; carry them into this repository", upto=1)
        self.assertEqual(self.text("mm/slub.c"), "mine\n")

    def test_commit_is_refused(self):
        tree = self.prepare()
        write(self.out, "linux/mm/slub.c", "mine\n")
        tree.git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qam", "my commit")
        self.refused("has a commit of yours on HEAD (")
        self.refused("my commit): carry it into this repository, or drop it with git -C")


class Refused(Base):
    def test_hook_that_does_not_fit(self):
        self.prepare()
        write(self.repo, "patches/1.patch", HOOK.replace(" line 23", " another line"))
        self.refused("mm/page_alloc.c, hunk 2 of 2")
        self.refused("Linux 7.3.4")
        self.refused("patches/1.patch")
        self.assertIn("hook two", self.text("mm/page_alloc.c"))

    def test_another_source_that_does_not_fit_leaves_the_tree(self):
        self.prepare()
        other = os.path.join(self.top, "other")
        shutil.copytree(self.kernel, other)
        write(other, "mm/page_alloc.c", "nothing here\n")
        self.refused("mm/page_alloc.c", linux=other)
        self.assertIn("hook two", self.text("mm/page_alloc.c"))
        self.prepare()

    def test_file_that_the_source_has(self):
        write(self.repo, "mm/slub.c", "x")
        write(self.repo, "patches/series",
              "1.patch\n mm/pcp/a.c\n2.patch\n mm/pcp/b.c\n mm/slub.c\n")
        self.refused("mm/slub.c is in the stock source already")

    def test_no_kernel(self):
        empty = os.path.join(self.top, "empty")
        os.mkdir(empty)
        self.refused("no Linux source", linux=empty)
        self.refused("does not exist", linux=os.path.join(self.top, "nowhere"))
        self.refused("neither", linux=write(self.top, "k.zip", "x"))

    def test_truncated_tarball(self):
        name = os.path.join(self.top, "k.tar.xz")
        subprocess.run(["tar", "-cJf", name, "-C", self.top, "kernel"], check=True)
        with open(name, "r+b") as handle:
            handle.truncate(os.path.getsize(name) // 2)
        self.refused("could not be unpacked", linux=name)
        self.assertFalse(os.path.exists(self.path("")))

    def test_directory_of_somebody_else(self):
        write(self.out, "linux/precious", "x")
        self.refused("was not made by make linux")


class Surroundings(Base):
    """Where it is called from, and by whom, makes no difference."""

    def test_inside_a_hook_of_another_repository(self):
        other = os.path.join(self.top, "other")
        subprocess.run(["git", "init", "-q", other], check=True)
        before = sorted(glob.glob(os.path.join(other, ".git", "**"), recursive=True))
        with mock.patch.dict(os.environ, {
                "GIT_DIR": os.path.join(other, ".git"), "GIT_WORK_TREE": other,
                "GIT_INDEX_FILE": os.path.join(other, ".git/index"), "GIT_PREFIX": "sub/",
                "GIT_OBJECT_DIRECTORY": os.path.join(other, ".git/objects")}):
            tree = self.prepare()
            self.assertEqual(tree.lines("rev-list", "--count", "HEAD"), ["3"])
            self.prepare(upto=1)
        self.assertIn("hook two", self.text("mm/page_alloc.c"))
        self.assertEqual(sorted(glob.glob(os.path.join(other, ".git", "**"), recursive=True)),
                         before)

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a tree to somebody else")
    def test_a_tree_that_a_user_made_works_for_root(self):
        self.prepare()
        for path, names, files in os.walk(self.out):
            for name in [path] + [os.path.join(path, n) for n in names + files]:
                os.lchown(name, 12345, 12345)
        write(self.repo, "mm/pcp/a.c", "new\n")
        self.prepare()
        self.assertEqual(self.text("mm/pcp/a.c"), "new\n")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_a_tree_that_root_made_says_so_to_a_user(self):
        self.prepare()
        write(self.repo, "mm/pcp/a.c", "new\n")
        os.chmod(self.top, 0o755)
        script = ("import os, sys; sys.path.insert(0, sys.argv[1])\n"
                  "from splitfree.source import tree\n"
                  "from splitfree.base.failures import Failure\n"
                  "os.setgid(12345); os.setuid(12345)\n"
                  "try: tree.Tree(sys.argv[2]).git('update-ref', 'refs/heads/x', 'HEAD')\n"
                  "except Failure as failure: print(failure)\n")
        result = subprocess.run([sys.executable, "-c", script, SCRIPTS, self.path("")],
                                stdout=subprocess.PIPE, check=True, text=True)
        self.assertRegex(result.stdout, "belongs to root, so git update-ref may not write there")


class OutputInTheSource(Base):
    """LINUX=~/linux O=~/linux/out"""

    def setUp(self):
        super().setUp()
        self.out = os.path.join(self.kernel, "out")
        os.mkdir(self.out)

    def test_output_is_no_source(self):
        write(self.kernel, "out/kunit/console.log", "output")
        tree = self.prepare()
        self.assertEqual([n for n in tree.lines("ls-files") if n.startswith("out")], [])
        self.assertFalse(os.path.exists(self.path("out")))

    def test_the_second_run_changes_nothing(self):
        self.prepare()
        head = os.stat(self.path("Makefile")).st_ino
        write(self.kernel, "out/kunit/console.log", "output")
        self.prepare()
        self.assertEqual(os.stat(self.path("Makefile")).st_ino, head)

    def test_a_directory_of_that_name_elsewhere_is_source(self):
        write(self.kernel, "tools/out/x.c", "x")
        self.assertIn("tools/out/x.c", self.prepare().lines("ls-files"))

    def test_a_name_that_looks_like_a_pattern(self):
        self.out = os.path.join(self.kernel, "o[u]t*")
        os.mkdir(self.out)
        write(self.out, "kunit/console.log", "output")
        self.assertEqual([n for n in self.prepare().lines("ls-files") if "console" in n], [])

    def test_what_a_build_left_is_neither_copied_nor_a_change(self):
        first = self.prepare()
        for name in (".kunit/.config", ".kunit/mm/page_alloc.c", "mm/a.o", "vmlinux", ".config",
                     "arch/x86/include/generated/x.h", "include/config/auto.conf"):
            write(self.kernel, name, "built")
        again = self.prepare()
        self.assertEqual(again.state["source"], first.state["source"])
        shutil.rmtree(self.path(""))
        self.assertEqual(self.prepare().lines("ls-files"), first.lines("ls-files"))

    def test_one_directory_for_both_is_refused(self):
        self.out = self.kernel
        self.refused("is the directory O= too")


class InPlace(Base):
    """LINUX= a tree that has the series."""

    def setUp(self):
        super().setUp()
        write(self.kernel, "mm/pcp/pcp.h", "theirs\n")
        write(self.kernel, "mm/Kconfig", "config A\n")
        self.before = archive.manifest(self.kernel)

    def prepare(self, linux=None, upto=None):
        return trees.prepare(self.out, linux or self.kernel, upto, in_place=True)

    def test_it_is_taken_as_it_lies_and_not_written_to(self):
        tree = self.prepare()
        self.assertEqual(tree.path, self.kernel)
        self.assertFalse(os.path.exists(self.path("")))
        self.assertIn("7.3.4 with the series, as it is, built where it lies", trees.describe(tree))
        self.assertTrue(tree.complete() and tree.exists())
        self.assertEqual(archive.manifest(self.kernel), self.before)

    def test_the_keys_follow_the_files(self):
        def keys():
            tree = self.prepare()
            return tree.config_key(), tree.source_key()
        first = keys()
        self.assertEqual(keys(), first)
        write(self.kernel, "mm/slub.c", "other text\n")
        second = keys()
        self.assertEqual((second[0] == first[0], second[1] == first[1]), (True, False))
        write(self.kernel, "mm/Kconfig", "config B here\n")
        self.assertNotEqual(keys()[0], first[0])

    def test_output_and_what_a_build_left_is_no_change(self):
        self.out = os.path.join(self.kernel, "out")
        os.mkdir(self.out)
        first = self.prepare().source_key()
        for name in ("out/kunit/console.log", "mm/a.o", "vmlinux"):
            write(self.kernel, name, "built")
        self.assertEqual(self.prepare().source_key(), first)

    def test_the_commit_is_the_users(self):
        subprocess.run("git init -q && git add -f . && git -c user.name=a -c user.email=a@b "
                       "commit -qm x", shell=True, cwd=self.kernel, check=True)
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.kernel, check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()
        self.assertEqual(self.prepare().state["head"], head)

    def test_a_tree_that_was_built_in_itself_is_copied(self):
        for name in place.UNCLEAN:
            self.assertIsNone(place.hindrance(self.kernel))
            write(self.kernel, name + ("" if name == ".config" else "/x"), "built")
            self.assertIn("make mrproper", place.hindrance(self.kernel))
            tree = self.prepare()
            self.assertEqual(tree.path, os.path.join(self.out, "linux"))
            self.assertTrue(tree.complete())
            shutil.rmtree(os.path.join(self.kernel, name), ignore_errors=True)
            if name == ".config":
                os.remove(os.path.join(self.kernel, name))

    def test_a_name_that_kbuild_refuses_is_copied(self):
        other = os.path.join(self.top, "a b")
        shutil.copytree(self.kernel, other)
        self.assertEqual(self.prepare(other).path, os.path.join(self.out, "linux"))

    def test_a_tree_without_the_series_gets_it_in_a_copy(self):
        shutil.rmtree(os.path.join(self.kernel, "mm/pcp"))
        self.assertEqual(self.prepare().path, os.path.join(self.out, "linux"))
        self.assertEqual(self.text("mm/pcp/a.c"), "a\n")


class Copy(Base):
    """LINUX= a directory without the series: the copy follows its changes."""

    def times(self):
        return {name: os.stat(self.path(name)).st_mtime_ns
                for name in self.tree.lines("ls-files")}

    def follow(self):
        """Prepare again; the files of the copy that were written."""
        before = self.times()
        self.tree = self.prepare()
        after = self.times()
        self.assertEqual(self.tree.lines("status", "--porcelain"), [])
        return {name for name in {**before, **after} if before.get(name) != after.get(name)}

    def setUp(self):
        super().setUp()
        self.tree = self.prepare()
        for name in self.tree.lines("ls-files"):
            os.utime(self.path(name), ns=(10 ** 18, 10 ** 18))

    def test_an_edited_file_is_the_only_one_written(self):
        write(self.kernel, "mm/slub.c", "edited\n")
        self.assertEqual(self.follow(), {"mm/slub.c"})
        self.assertEqual(self.text("mm/slub.c"), "edited\n")
        self.assertEqual(self.follow(), set())
        self.assertEqual(self.tree.lines("show", "stock:mm/slub.c"), ["edited"])
        self.assertEqual(self.tree.lines("rev-list", "--count", "stock..HEAD"), ["2"])

    def test_an_edited_file_that_has_a_hook_gets_it_again(self):
        text = KERNEL["mm/page_alloc.c"].replace("line 14\n", "line fourteen\n")
        write(self.kernel, "mm/page_alloc.c", text)
        self.assertEqual(self.follow(), {"mm/page_alloc.c"})
        self.assertIn("line fourteen", self.text("mm/page_alloc.c"))
        self.assertIn("hook two", self.text("mm/page_alloc.c"))

    def test_files_that_come_go_and_become_programs_or_links(self):
        write(self.kernel, "mm/new.c", "new\n")
        os.remove(os.path.join(self.kernel, "mm/slub.c"))
        os.chmod(os.path.join(self.kernel, "Kbuild"), 0o755)
        os.symlink("new.c", os.path.join(self.kernel, "mm/link.c"))
        self.assertEqual(self.follow(), {"mm/new.c", "mm/slub.c", "Kbuild", "mm/link.c"})
        self.assertFalse(os.path.exists(self.path("mm/slub.c")))
        self.assertTrue(os.access(self.path("Kbuild"), os.X_OK))
        self.assertEqual(os.readlink(self.path("mm/link.c")), "new.c")

    def test_the_version_follows(self):
        write(self.kernel, "Makefile", KERNEL["Makefile"].replace("= 4", "= 5"))
        self.assertEqual(self.follow(), {"Makefile"})
        self.assertEqual(self.tree.state["version"], "7.3.5")

    def test_what_does_not_fit_leaves_the_copy(self):
        head = self.tree.state["head"]
        write(self.kernel, "mm/page_alloc.c", "all new\n")
        self.refused("does not fit")
        self.assertIn("hook one", self.text("mm/page_alloc.c"))
        write(self.kernel, "mm/page_alloc.c", KERNEL["mm/page_alloc.c"])
        self.follow()
        self.assertEqual(self.tree.lines("rev-parse", "HEAD^{tree}"),
                         self.tree.lines("rev-parse", head + "^{tree}"))

    def test_without_a_record_the_copy_is_made_again(self):
        os.remove(self.tree.manifest_path)
        write(self.kernel, "mm/slub.c", "edited\n")
        self.assertIn("Makefile", self.follow())
        self.assertEqual(self.text("mm/slub.c"), "edited\n")


class Git(Base):
    """The words of git, in one sentence."""

    def git_says(self, words, said, *args):
        tree = self.prepare()
        with mock.patch.object(trees.git, "git", return_value=types.SimpleNamespace(
                returncode=128, stderr=said.encode())), \
                self.assertRaisesRegex(Failure, words):
            tree.git(*args)

    def test_each_reason(self):
        self.git_says("the disk is full", "fatal: write error: No space left on device", "add")
        self.git_says("another git works in .* remove .*index.lock",
                      "fatal: Unable to create '/x/.git/index.lock': File exists.", "add")
        self.git_says("git add failed in .*: fatal: odd; if this stays, run make distclean",
                      "fatal: odd", "add")

    def test_a_tree_that_cannot_be_moved(self):
        tree = self.prepare()
        with mock.patch.object(trees.git, "git", return_value=types.SimpleNamespace(
                returncode=128, stderr=b"fatal: odd")), \
                mock.patch.object(tree, "git"), \
                self.assertRaisesRegex(Failure, "could not be brought up to date .fatal: odd"):
            tree.read_tree("a", "b")

    def test_a_directory_that_cannot_be_made(self):
        with mock.patch.object(trees.os, "chmod", side_effect=OSError(28, "No space", "/x")), \
                self.assertRaisesRegex(Failure, "could not be made .No space: /x"):
            self.prepare()


if __name__ == "__main__":
    unittest.main()
