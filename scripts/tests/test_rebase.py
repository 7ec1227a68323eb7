# SPDX-License-Identifier: GPL-2.0
"""make rebase brings the series to another kernel, and names what a person has to decide."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from splitfree.base.failures import Failure
from splitfree.base.paths import SCRIPTS
from splitfree.base.processes import clean_env, run
from splitfree.commands import rebase
from splitfree.source import branch
from splitfree.source import tree as trees
from tests.fakes import Commands

DIFF = b"""diff --git a/mm/x.c b/mm/x.c
--- a/mm/x.c
+++ b/mm/x.c
@@ -2,4 +2,5 @@
 zero
 one
+new
 two
 three
@@ -12,3 +13,4 @@ int f(void)
 ten
+more
 eleven
 twelve
"""


class Rebase(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.work)
        subprocess.run(["git", "init", "-q", self.work], check=True)
        os.makedirs(os.path.join(self.work, "mm"))

    def apply(self, text):
        with open(os.path.join(self.work, "mm/x.c"), "w", encoding="utf-8") as handle:
            handle.write(text)
        result = run(["git", "-C", self.work, "apply", "--reject", "-v"], input=DIFF,
                            env=clean_env(LC_ALL="C"))
        return rebase.refused(DIFF, result.stderr.decode())

    WORDS = "start zero one two three four five six seven eight nine ten eleven twelve".split()

    def test_a_hook_that_does_not_fit_is_named(self):
        words = [w for w in self.WORDS if w != "eleven"]
        self.assertEqual(self.apply("\n".join(words) + "\n"),
                         ["mm/x.c, hunk 2 of 2 (@@ -12,3 +13,4 @@ int f(void))"])
        with open(os.path.join(self.work, "mm/x.c"), encoding="utf-8") as handle:
            self.assertIn("one\nnew\ntwo", handle.read())

    def test_a_hook_that_moved_fits(self):
        self.assertEqual(self.apply("\n".join(["before"] * 30 + self.WORDS) + "\n"), [])

    def test_a_file_that_is_not_there_is_named(self):
        result = run(["git", "-C", self.work, "apply", "--reject", "-v"], input=DIFF,
                            env=clean_env(LC_ALL="C"))
        self.assertEqual(rebase.refused(DIFF, result.stderr.decode()),
                         ["mm/x.c: no such file or directory"])

    def test_it_asks_for_a_tree(self):
        result = run([sys.executable, os.path.join(SCRIPTS, "splitfree"), "rebase", "O=" + self.work])
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"LINUX=", result.stderr)


MAIL = (b"From: A <a@example.org>\nDate: Mon, 1 Jun 2026 10:00:00 +0000\n"
        b"Subject: [PATCH] x\n\nText.\n---\n")


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)


def read(*names):
    with open(os.path.join(*names), encoding="utf-8") as handle:
        return handle.read()


def diff_of(old, new, path="mm/x.c"):
    """The diff of two texts; None: there is no such file."""
    with tempfile.TemporaryDirectory() as top:
        for side, text in (("a", old), ("b", new)):
            os.makedirs(os.path.join(top, side))
            if text is not None:
                write(os.path.join(top, side, path), text)
        diff = run(["git", "diff", "--no-index", "--no-prefix", "a", "b"], cwd=top).stdout
        name = path.encode()
        return re.sub(rb"^diff --git .*$", b"diff --git a/%s b/%s" % (name, name), diff, flags=re.M)


class Settle(unittest.TestCase):
    @staticmethod
    def conflict(ours, base, theirs):
        return b"<<<<<<< HEAD\n%s||||||| x\n%s=======\n%s>>>>>>> y\n" % (ours, base, theirs)

    def settled(self, *sides):
        return branch.CONFLICT.sub(branch.settle, b"a\n" + self.conflict(*sides) + b"z\n")

    def test_includes_are_a_set(self):
        for ours, base, theirs, wanted in (
                (b"", b'#include "p.h"\n', b'#include <n.h>\n#include "p.h"\n', b"#include <n.h>\n"),
                (b"#include <o.h>\n", b"", b"#include <n.h>\n", b"#include <o.h>\n#include <n.h>\n"),
                (b"#include <o.h>\n", b"#include <b.h>\n#include <o.h>\n", b"", b""),
                (b"#include <n.h>\n", b"", b"#include <n.h>\n", b"#include <n.h>\n")):
            self.assertEqual(self.settled(ours, base, theirs), b"a\n" + wanted + b"z\n")

    def test_all_else_is_for_a_person(self):
        text = self.settled(b"int a;\n", b"", b"#include <n.h>\n")
        self.assertIn(b"<<<<<<< HEAD", text)
        self.assertEqual(branch.markers(text), [2])

    def test_a_heading_is_no_conflict_and_a_mark_that_is_left_is_one(self):
        self.assertEqual(branch.markers(b"Pages\n=======\n"), [])
        self.assertEqual(branch.markers(b"a\n>>>>>>> y\n"), [2])


class Run(Commands):
    target = "rebase"
    OLD = "\n".join(Rebase.WORDS) + "\n"

    def setUp(self):
        super().setUp()
        self.kernel, self.stock = (os.path.join(self.out, name) for name in ("kernel", "stock"))
        self.root, self.tree = (os.path.join(self.out, name) for name in ("repo", "rebase/tree"))
        for top in (self.kernel, self.stock):
            for name, text in (("Makefile", "VERSION = 7\nPATCHLEVEL = 3\n"), ("Kbuild", ""),
                               (".gitignore", "*.c\n"), ("mm/x.c", self.OLD)):
                write(os.path.join(top, name), text)
        write(os.path.join(self.root, "mm/pcp/a.c"), "")
        self.series(DIFF)
        for module in (rebase, trees):
            self.patch(module, "ROOT", self.root)

    def series(self, *diffs):
        for number, diff in enumerate(diffs, 1):
            write(os.path.join(self.root, f"patches/{number}.patch"), (MAIL + diff).decode())
        write(os.path.join(self.root, "patches/series"), "# The steps.\n1.patch\n mm/pcp/a.c\n" + "".join(
            f"{number}.patch\n" for number in range(2, len(diffs) + 1)))

    def make_stock(self):
        self.quiet(trees.prepare, self.out, self.stock)

    def run_it(self):
        return self.quiet(rebase.run, self.job(LINUX=self.kernel))

    def refused(self):
        with self.assertRaises(Failure) as caught:
            self.run_it()
        return str(caught.exception)

    def other(self, text, name="mm/x.c"):
        write(os.path.join(self.kernel, name), text)

    def stop(self):
        """The other kernel changed the line before a hook."""
        self.other(self.OLD.replace("one", "ONE"))
        self.make_stock()
        return self.run_it()

    def decide(self):
        text = branch.CONFLICT.sub(b"ONE\nnew\n", read(self.tree, "mm/x.c").encode()).decode()
        write(os.path.join(self.tree, "mm/x.c"), text)

    def git(self, *args):
        result = run(["git", "-C", self.tree, *args])
        self.assertEqual(result.returncode, 0, result.stderr)

    def how(self, result):
        return [row["how"] for row in result.data["patches"]]

    def test_good(self):
        result = self.run_it()
        self.assertEqual((result.sums(), result.failure), ((1, 0, 0), None))
        self.assertEqual(result.data["version"], "7.3.0")
        self.assertNotIn("new", read(self.kernel, "mm/x.c"))
        self.assertEqual(self.how(result), ["fits"])
        self.assertFalse(os.path.exists(os.path.join(self.out, "linux")))

    def test_the_patches_are_those_that_fit_there(self):
        self.other("before\n" * 30 + self.OLD)
        self.run_it()
        mail = read(self.out, "rebase/patches/1.patch")
        self.assertTrue(mail.startswith(MAIL.decode()))
        self.assertIn("@@ -31,6 +31,7 @@ before\n start\n zero\n one\n+new\n", mail)
        self.assertEqual(read(self.out, "rebase/patches/series"), read(self.root, "patches/series"))

    def test_a_patch_that_is_the_same_there_stays_as_it_is(self):
        self.series(diff_of(self.OLD, self.OLD.replace("one", "one\nnew"))
                    .replace(b"index ", b"index f"))
        self.run_it()
        self.assertEqual(read(self.out, "rebase/patches/1.patch"), read(self.root, "patches/1.patch"))

    def test_git_merges_what_it_can(self):
        self.other(self.OLD.replace("zero", "ZERO"))
        self.make_stock()
        result = self.run_it()
        self.assertEqual((self.how(result), result.failure), (["merged"], None))
        self.assertIn("mm/x.c, hunk 1 of 2", self.said)
        self.assertIn(" ZERO\n one\n+new\n", read(self.out, "rebase/patches/1.patch"))

    def test_a_conflict_is_named_with_its_line(self):
        self.series(DIFF, b"")
        result = self.stop()
        self.assertEqual((result.sums(), self.how(result)), ((0, 1, 1), ["stopped", "later"]))
        self.assertIn("    mm/x.c:3\n", self.said)
        self.assertRegex(str(result.failure), "1.patch has what only you can decide, see above: edit it in .*tree")
        self.assertFalse(os.path.exists(os.path.join(self.out, "rebase/patches")))

    def test_it_goes_on_when_a_person_decided(self):
        self.series(DIFF, b"")
        self.stop()
        result = self.run_it()
        self.assertEqual(self.how(result), ["stopped", "later"])
        self.decide()
        result = self.run_it()
        self.assertEqual((self.how(result), result.failure), (["by hand", "fits"], None))
        self.assertIn(" ONE\n+new\n", read(self.out, "rebase/patches/1.patch"))
        self.assertEqual(self.how(self.run_it()), ["by hand", "fits"])

    def test_a_person_may_commit(self):
        self.series(DIFF, b"")
        self.stop()
        self.decide()
        self.git("commit", "-q", "-a", "--no-edit")
        self.assertEqual(self.how(self.run_it()), ["by hand", "fits"])
        self.git("commit", "-q", "--allow-empty", "-m", "more")
        self.assertIn("has a commit that is no step (more)", self.refused())

    def test_later_steps_that_do_not_fit_are_named(self):
        after = self.OLD.replace("one", "one\nnew").replace("ten", "ten\nmore")
        self.series(DIFF, diff_of(after, after.replace("one", "one\nother")))
        self.stop()
        self.assertIn("later   2.patch\n    mm/x.c, hunk 1 of 1", self.said)

    def test_changes_that_no_step_waits_for(self):
        self.run_it()
        write(os.path.join(self.tree, "mm/x.c"), "mine\n")
        self.assertIn("changes of yours in mm/x.c, but no step waits for them", self.refused())

    def test_what_was_decided_for_another_kernel_stays(self):
        self.stop()
        self.other(self.OLD.replace("one", "uno"))
        self.assertIn("what you decided for another kernel", self.refused())
        shutil.rmtree(self.tree)
        self.assertEqual(self.how(self.run_it()), ["stopped"])

    def test_another_kernel_begins_anew_where_nothing_was_decided(self):
        self.run_it()
        self.other(self.OLD + "more\n")
        self.run_it()
        self.assertIn("more", read(self.tree, "mm/x.c"))

    def test_what_an_earlier_version_left_there_goes(self):
        write(os.path.join(self.tree, "mm/x.c.rej"), "x")
        self.assertEqual(self.how(self.run_it()), ["fits"])

    LINES = "".join(f"a line that tells much {n}\n" for n in range(9))

    def moved(self, lines):
        """A step changes the second line of mm/y.h, whose lines are in mm/z.h there."""
        write(os.path.join(self.stock, "mm/y.h"), self.LINES)
        self.series(diff_of(self.LINES, self.LINES.replace("much 1", "more 1"), "mm/y.h"))
        # So much else that git takes it for another file.
        self.other(lines + "".join(f"{n} times {n} is {n * n}\n" for n in range(60)), "mm/z.h")
        self.make_stock()
        return self.run_it()

    def test_a_hook_follows_its_lines_to_another_file(self):
        result = self.moved(self.LINES)
        self.assertEqual((self.how(result), result.failure), (["merged"], None))
        self.assertIn("+++ b/mm/z.h", read(self.out, "rebase/patches/1.patch"))
        self.assertNotIn("mm/y.h", read(self.out, "rebase/patches/1.patch"))

    def test_a_hook_that_does_not_fit_there_is_left_to_a_person(self):
        self.moved(self.LINES.replace("much 0", "much less"))
        self.assertIn("mm/y.h: is not in that kernel; most of its lines are in mm/z.h, which lacks "
                      "what mm/z.h.rej has", self.said)
        self.git("rm", "-q", "-f", "mm/y.h")
        self.assertEqual(self.how(self.run_it()), ["by hand"])
        self.assertFalse(os.path.exists(os.path.join(self.tree, "mm/z.h.rej")))

    def test_a_file_that_has_no_place_there(self):
        self.moved("other\n")
        self.assertIn("    mm/y.h: is not in that kernel\n", self.said)

    def test_a_file_that_the_step_removes(self):
        write(os.path.join(self.stock, "mm/y.h"), self.LINES)
        self.series(diff_of(self.LINES, None, "mm/y.h"))
        self.other(self.LINES + "new\n", "mm/y.h")
        self.make_stock()
        self.run_it()
        self.assertIn("mm/y.h: the step removes it, and that kernel changed it", self.said)

    def test_the_stock_source_is_made_where_there_is_none(self):
        self.other(self.OLD.replace("zero", "ZERO"))
        real = trees.prepare
        made = self.patch(trees, "prepare", side_effect=lambda out: real(out, self.stock))
        self.assertEqual(self.how(self.run_it()), ["merged"])
        made.assert_called_once()

    def test_the_stock_source_is_not_what_the_series_is_made_for(self):
        self.other("other\n")
        self.make_stock()
        self.series(DIFF.replace(b" two", b" deux"))
        self.assertIn("so nothing can be merged from there", self.refused())

    def test_git_cannot_merge(self):
        self.series(DIFF, diff_of(None, "new\n", "mm/new.c"))
        self.stop()
        write(os.path.join(self.tree, "mm/x.c"), self.OLD)
        write(os.path.join(self.tree, "mm/new.c"), "mine\n")
        self.assertIn("git could not merge 2.patch", self.refused())

    def test_headers_that_are_not_there(self):
        write(os.path.join(self.root, "mm/pcp/a.c"),
              '#include <linux/y.h>\n#include "../x.h"\n#include "../x.c"\n#include "b.h"\n')
        result = self.run_it()
        self.assertEqual(result.data["headers"], {"include/linux/y.h": 1, "mm/x.h": 1})
        self.assertIn("note: mm/x.h is not in that kernel; files of the series that include it: 1",
                      self.said)

    def test_a_file_that_is_there_already(self):
        self.other("", "mm/pcp/a.c")
        result = self.run_it()
        self.assertIn("mm/pcp/a.c: is in that tree already", self.said)
        self.assertIn("1 of the 1 steps bring files that Linux 7.3.0 has already", str(result.failure))


if __name__ == "__main__":
    unittest.main()
