# SPDX-License-Identifier: GPL-2.0
"""make mutants LIVE=1: which lines are changed, which objects see them, and who notices."""

import contextlib
import glob
import json
import os
import re
import shutil
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT
from splitfree.commands import mutants
from splitfree.judge import excuses
from splitfree.judge import verdict as verdicts
from splitfree.kernel import build
from splitfree.runs import live_mutants as live
from splitfree.source import mutate
from tests.fakes import SPLAT, Commands, Tree, ktap
from tests.test_mutate import body

DIFF = """diff --git a/mm/a.c b/mm/a.c
--- a/mm/a.c
+++ b/mm/a.c
@@ -3,2 +4,0 @@ int f(void)
-	gone();
-	gone();
@@ -9 +8,2 @@ int g(void)
-	old();
+	new();
+	new();
diff --git a/mm/b.c b/mm/b.c
--- a/mm/b.c
+++ /dev/null
@@ -1 +0,0 @@
-old
"""


class Lines(unittest.TestCase):
    def test_those_that_the_series_adds(self):
        self.assertEqual(live.added_lines(DIFF), {"mm/a.c": {8, 9}})

    def test_a_change_of_another_line_is_left_out(self):
        text = body("if (a)\n\t\tg(a,\n\t\t  b);\n\th(a);")
        changes = mutate.mutants(text)
        line = next(m.line for m in changes if m.old_line == "h(a);")
        self.assertEqual({m.old_line for m in mutate.touching(text, changes, {line})}, {"h(a);"})
        # The call begins in the line before.
        self.assertIn("call removed", {m.kind for m in mutate.touching(text, changes, {line - 1})})

    def test_what_userland_leaves_out_is_changed_here(self):
        for name in mutants.LEFT_OUT:
            if name != "trace.c":
                self.assertTrue(live.OWN.match("mm/pcp/" + name), name)
        self.assertFalse(live.OWN.match("mm/pcp/push.c"))
        self.assertFalse(live.OWN.match("mm/pcp/tests/live.h"))

    def test_everything(self):
        """Of the kernel's files the lines that were added; of ours what is not in userland."""
        texts = {"mm/vmstat.c": body("g();\n\th();"), "mm/pcp/zone.c": body("g();"),
                 "mm/pcp/push.c": body("g();")}
        tree = mock.Mock()
        tree.git = lambda command, *args: (
            "".join(f"+++ b/{path}\n@@ -3 +4 @@\n" for path in texts) if command == "diff"
            else texts[args[0].split(":")[1]]).encode()
        self.assertEqual([(path, m.old_line) for path, m in live.everything(tree)],
                         [("mm/pcp/zone.c", "g();"), ("mm/vmstat.c", "h();")])


CMD = """savedcmd_mm/a.o := ccache gcc -Wp,-MMD,mm/.a.o.d -DX='"a$(pound)$$b"' -c -o mm/a.o /l/a.c

source_mm/a.o := ../linux/mm/a.c

deps_mm/a.o := \\
    $(wildcard include/config/NUMA) \\
  ../linux/mm/a.h \\
  ../linux/mm/zone.c \\

mm/a.o: $(deps_mm/a.o)
"""


class ObjectFiles(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)
        for name in ("build/mm", "linux/mm"):
            os.makedirs(os.path.join(self.top, name))
        self.write("build/mm/.a.o.cmd", CMD)
        self.write("build/mm/a.o", "a")
        self.write("linux/mm/a.c", '#include "zone.c"\n')
        self.write("linux/mm/zone.c", body("h();"))
        self.write("linux/mm/a.h", "static inline int g(void)\n{\n\treturn 1;\n}\n"
                   "#define h() \\\n\tg()\nstatic inline int k(void)\n{\n\treturn 2;\n}\n")
        self.linked = []
        kernel = types.SimpleNamespace(
            dir=os.path.join(self.top, "build"), build_environment=lambda: {},
            link=lambda: self.linked.append(self.read("build/mm/a.o")) or True)
        self.objects = live.Objects(kernel, os.path.join(self.top, "linux"), 1)
        self.objects.read()

    def test_a_machine_that_lacks_memory_is_no_mutant_that_does_not_compile(self):
        said = types.SimpleNamespace(returncode=1, stderr=b"virtual memory exhausted\n")
        with mock.patch.object(live, "run_program", return_value=said), \
                self.assertRaisesRegex(Failure, "^mm/a.o did not compile: the compiler was killed"):
            self.objects.compile("mm/a.o", "/t/a")

    def write(self, name, text):
        with open(os.path.join(self.top, name), "w", encoding="utf-8") as handle:
            handle.write(text)

    def read(self, name):
        with open(os.path.join(self.top, name), encoding="utf-8") as handle:
            return handle.read()

    def test_the_command_and_what_the_object_was_made_from(self):
        command, names = live.parse_command(CMD)
        self.assertIn("-DX='\"a#$b\"'", command)
        self.assertEqual(names, ["../linux/mm/a.c", "../linux/mm/a.h", "../linux/mm/zone.c"])
        self.assertTrue(live.compile_command(command, "mm/a.o", "/t/a").endswith(
            " -c -w -o /t/a /l/a.c "))
        self.assertNotIn("-MMD", live.compile_command(command, "mm/a.o", "/t/a"))

    def test_a_source_that_another_includes(self):
        self.assertEqual(self.objects.sees("mm/zone.c", "f"), ["mm/a.o"])

    def test_a_file_that_no_object_has(self):
        self.assertEqual(self.objects.sees("mm/b.c", "f"), [])

    def test_a_header_function_is_seen_through_a_macro(self):
        self.assertEqual(self.objects.sees("mm/a.h", "g"), ["mm/a.o"])

    def test_a_header_function_that_is_not_used(self):
        self.assertEqual(self.objects.sees("mm/a.h", "k"), [])

    def test_an_object_is_another_one_while_it_is_linked_and_no_longer(self):
        self.write("other", "b")
        with self.objects.linked({"mm/a.o": os.path.join(self.top, "other")}) as good:
            self.assertTrue(good)
            self.assertEqual(self.read("build/mm/a.o"), "b")
        self.assertEqual((self.linked, self.read("build/mm/a.o")), (["b"], "a"))
        self.assertFalse(os.path.exists(self.objects.swapped))

    def test_what_a_killed_run_left_is_compiled_again(self):
        self.write("build/.swapped", "mm/a.o\nmm/gone.o\n")
        self.objects.recover()
        self.assertFalse(os.path.exists(os.path.join(self.top, "build/mm/a.o")))
        self.assertFalse(os.path.exists(self.objects.swapped))

    def test_a_source_is_as_old_as_it_was(self):
        path = os.path.join(self.top, "linux/mm/a.c")
        os.utime(path, (1, 1))
        with contextlib.suppress(ZeroDivisionError), live.changed(path, "b"):
            self.assertEqual(self.read("linux/mm/a.c"), "b")
            raise ZeroDivisionError
        self.assertEqual((self.read("linux/mm/a.c"), os.stat(path).st_mtime),
                         ('#include "zone.c"\n', 1))


class Noticed(unittest.TestCase):
    def who(self, text, late=False):
        return live.who_noticed(verdicts.judge_text(text), late)

    def test_nobody(self):
        self.assertIsNone(self.who(ktap(("a", True))))

    def test_a_case(self):
        self.assertEqual(self.who(ktap(("a", True), ("b", False))), "s.b")

    def test_a_complaint(self):
        self.assertIn("complained: WARNING", self.who(SPLAT + ktap(("a", True))))

    def test_a_kernel_that_dies(self):
        self.assertTrue(self.who(ktap(("a", True)).split("    ok")[0]))
        self.assertIn("died or hung", self.who("[    0.0] Linux version 7.3\n"))

    def test_one_that_hangs(self):
        self.assertIn("hung", self.who(ktap(("a", True)).split("    ok")[0], True))

    def test_suites_that_were_all_skipped_notice_nothing(self):
        self.assertIsNone(self.who(ktap(("a # SKIP no", True))))

    def test_one_that_never_speaks(self):
        self.assertEqual(self.who(""), live.NO_KERNEL)


class Looking(unittest.TestCase):
    def over(self, *lines, silence=100, longest=100):
        watch = live.Watch(silence, longest)
        for line in lines:
            watch.see(line)
        return watch.over()

    def test_the_first_case_that_fails_ends_it(self):
        self.assertFalse(self.over("    ok 1 a", "# b", "    ok 2 b # SKIP no"))
        self.assertTrue(self.over("    not ok 1 a"))
        # The sum of a suite comes behind its cases; what a program says is no case.
        self.assertFalse(self.over("not ok 1 a"))

    def test_silence_and_length(self):
        self.assertTrue(self.over(silence=-1))
        self.assertTrue(self.over(longest=-1))


class First(unittest.TestCase):
    def test_suites_that_are_there(self):
        names = set(re.findall(r"\.name = \"(\w+)\"", "".join(
            mutants.read(path) for path in glob.glob(os.path.join(ROOT, "mm/pcp/tests/*.c")))))
        for path in ("mm/pcp/zone.c", "mm/pcp/switch.c", "mm/pcp/fail.c", "mm/pcp/free.h",
                     "mm/slab_common.c", "mm/page_alloc.c"):
            suite = live.first_suites(path)
            self.assertTrue(any(re.fullmatch(suite.replace("*", ".*"), name)
                                for name in names), path)
        self.assertEqual(live.first_suites("mm/pcp/free.h"), "pcp_free*")
        self.assertEqual(live.first_suites("mm/vmstat.c"), live.LIVE)
        self.assertEqual(live.first_suites("mm/pcp/lists.h"), "")


def added_text():
    """The kernel's files with the series, as far as patches/ show them."""
    text = []
    for path in sorted(glob.glob(os.path.join(ROOT, "patches/*.patch"))):
        with open(path, encoding="utf-8") as handle:
            text += [line[1:] for line in handle if line[:1] in "+ "]
    return " ".join(" ".join(text).split())


class Equivalent(unittest.TestCase):
    def test_the_real_list_can_be_read_and_names_changes_that_are_made(self):
        entries, shown = excuses.changes(mutants.LIVE_LIST), added_text()
        own = [entry for entry in entries if os.path.exists(os.path.join(ROOT, entry.file))]
        everything = [(path, m) for path in {entry.file for entry in own}
                      for m in mutate.mutants(mutants.read(os.path.join(ROOT, path)))]
        self.assertEqual(mutants.unknown(own, everything), [])
        for entry in entries:
            if entry not in own:
                self.assertIn(entry.old, shown)


class Run(Commands):
    """One file with one change each; what the guests say is given."""

    target = "mutants"

    def setUp(self):
        super().setUp()
        self.text = body("g();\n\th();\n\tk();")
        self.changes = mutate.mutants(self.text)
        self.patch(live, "source", lambda tree, path: self.text)
        self.patch(build.Kernel, "link", lambda kernel: True)
        self.patch(live.Objects, "original", lambda objects, made: {"a.o": "0"})
        self.patch(live.Objects, "sees", lambda *_: ["a.o"])
        self.patch(live.Objects, "linked", lambda *_: contextlib.nullcontext(True))
        self.patch(live.shutil, "copy", lambda *_: None)
        self.made = [{"a.o": str(nr)} for nr in range(1, 9)]
        self.patch(live.Objects, "compile_all", lambda *_: self.made.pop(0))
        self.patch(live, "digest", lambda name: name)
        self.consoles = {"": ktap(("a", True))}

    def hunt(self, **texts):
        job = self.job(LIVE="1", **texts)
        os.makedirs(os.path.join(self.out, "linux/mm"))
        with open(os.path.join(self.out, "linux/mm/x.c"), "w", encoding="utf-8") as handle:
            handle.write(self.text)
        job.worktree = Tree(os.path.join(self.out, "linux"))
        job.entries, job.known = [], {}
        job.everything = job.chosen = [("mm/x.c", m) for m in self.changes]
        self.last = job
        return self.quiet(mutants.run, job)

    def verdicts(self):
        return [row["verdict"] for row in json.loads(mutants.read(self.last.path("mutants.json")))]

    def test_nobody_notices(self):
        result = self.hunt()
        self.assertEqual(self.verdicts(), ["survived"] * 3)
        self.assertRegex(str(result.failure), "notice 0.0 % of the mutants")
        self.assertIn("mm/x.c:3: call removed in f()", self.said)
        # Once unchanged; then the likeliest suites, and all.
        self.assertEqual([("kunit.filter_glob=pcp_live*" in line) for line in self.boots],
                         [False] + [True, False] * 3)

    def test_the_likeliest_notices(self):
        self.consoles = {"filter_glob": ktap(("b", False)), "": ktap(("a", True))}
        result = self.hunt()
        self.assertEqual((result.sums(), result.failure), ((3, 0, 0), None))
        # The suite that noticed is the first for the next change of that function.
        self.assertEqual([line.count("filter_glob=s") for line in self.boots], [0, 0, 1, 1])

    def test_same_code_and_code_that_does_not_compile_are_not_run(self):
        self.made = [{"a.o": "0"}, None, {"a.o": "7"}]
        self.hunt()
        self.assertEqual(self.verdicts(), ["same", "broken", "survived"])
        self.assertEqual(len(self.boots), 3)

    def test_twins_are_run_once(self):
        self.made = [{"a.o": "7"}] * 3
        self.hunt()
        self.assertEqual(self.verdicts(), ["survived", "same", "same"])

    def test_what_no_object_has_is_not_run(self):
        with mock.patch.object(live.Objects, "sees", lambda *_: []):
            self.hunt()
        self.assertEqual(self.verdicts(), ["absent"] * 3)
        self.assertEqual(len(self.boots), 1)

    def test_a_kernel_that_fails_unchanged(self):
        self.consoles = {"": ktap(("a", False))}
        with self.assertRaisesRegex(Failure, "fail before anything is changed: s.a"):
            self.hunt()

    def test_a_machine_on_which_nothing_starts_any_more(self):
        self.consoles = {"filter_glob": "", "": ktap(("a", True))}
        with self.assertRaisesRegex(Failure, "the unchanged kernel does not start any more"):
            self.hunt()

    def test_a_run_that_is_cut_can_be_gone_on_with(self):
        self.consoles = {"filter_glob": ktap(("b", False)), "": ktap(("a", True))}
        self.made = [{"a.o": "1"}]
        with self.assertRaises(IndexError):
            self.hunt()
        self.assertEqual(self.verdicts(), ["killed"])
        found = mutants.remembered(self.last.results, self.last.chosen)
        self.assertEqual([m for _, m in found], self.changes[:1])

    def test_its_results_lie_apart(self):
        for texts, name in (({"LIVE": "1"}, "mutants-live"), ({}, "mutants"),
                            ({"LIVE": "1", "DEBUG": "kasan"}, "mutants-live-kasan")):
            self.assertEqual(os.path.basename(self.job(**texts).results), name)

    def test_a_debug_kernel_is_for_live_mutants(self):
        with self.assertRaisesRegex(Failure, "DEBUG=kasan is a kernel"):
            mutants.check(self.job(DEBUG="kasan"))

    def test_a_kernel_that_has_the_series(self):
        tree = Tree(os.path.join(self.out, "linux"))
        tree.complete = lambda: True
        with self.assertRaisesRegex(Failure, "leave LINUX= out"):
            live.prepare(self.job(tree=tree, LIVE="1"))


if __name__ == "__main__":
    unittest.main()
