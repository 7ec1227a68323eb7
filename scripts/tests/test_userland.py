# SPDX-License-Identifier: GPL-2.0
"""A userland build takes headers from the kernel tree."""

import contextlib
import io
import os
import subprocess
import tempfile
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.runs import userland as user

HEADER = """#ifndef _X_H
#define _X_H
#define X_ONE 1	/* one,
		 * and more */
#ifdef CONFIG_A
#define X_TWO(a) \\
	((a) + 2)
#else
#define Y_TWO 3
#endif
struct x {
	int a;
	struct { int b; } c;
} __aligned(8);
enum y {
	Y,
};
static inline int
f(int a)
{
	if (a) {
		return 1;
	}
	return 2;
}
#endif
"""


class Definitions(unittest.TestCase):
    def test_struct_and_enum(self):
        self.assertEqual(user.definition(HEADER, "x"), "struct x {\n\tint a;\n"
                         "\tstruct { int b; } c;\n} __aligned(8);")
        self.assertEqual(user.definition(HEADER, "y"), "enum y {\n\tY,\n};")

    def test_function(self):
        found = user.definition(HEADER, "f")
        self.assertTrue(found.startswith("static inline int\nf(int a)"))
        self.assertTrue(found.endswith("return 2;\n}"))

    def test_macros_keep_their_conditions(self):
        found = user.definition(HEADER, "X_*")
        self.assertEqual([line.split("\t")[0].strip() for line in found.splitlines()],
                         ["#define X_ONE 1", "#ifdef CONFIG_A", "#define X_TWO(a) \\", "",
                          "#else", "#endif"])
        self.assertEqual(found.count("#if"), found.count("#endif"))

    def test_missing(self):
        for name in ("z", "Z_*"):
            self.assertIsNone(user.definition(HEADER, name))

    def test_missing_ends_with_its_name(self):
        with tempfile.TemporaryDirectory() as where:
            path = os.path.join(where, "x.h")
            with open(path, "w", encoding="utf-8") as handle:
                handle.write(HEADER)
            with self.assertRaisesRegex(Failure, "z was not found in .*x.h"):
                user.take(path, ["x", "z"])


class HeadersList(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".list") as handle:
            handle.write(text)
            handle.flush()
            return user.read_headers(handle.name)

    def test_rows(self):
        self.assertEqual(self.read("# c\n\ntree a.h\nshim b.h\ntake c.h d.h e f\n"),
                         [("tree", "a.h", []), ("shim", "b.h", []),
                          ("take", "c.h", ["d.h", "e", "f"])])

    def test_bad_rows(self):
        for row in ("copy a.h", "tree", "take c.h d.h", "shim a.h b.h"):
            with self.assertRaisesRegex(Failure, ":2: want tree HEADER, shim HEADER or take HEADER"):
                self.read("# c\n" + row + "\n")

    def test_each_header_once(self):
        names = [header for _, header, _ in user.read_headers()]
        self.assertEqual(len(names), len(set(names)))

    def test_no_header_hides_one_of_ours(self):
        for _, header, _ in user.read_headers():
            for kind in ("own", "stubs"):
                path = os.path.join(user.HARNESS, "include", kind, header)
                self.assertFalse(os.path.exists(path), f"{header} is there twice")


# As glibc 2.41 has it in bits/sched.h.
GLIBC = """\
#if __has_include ("linux/sched/types.h")
# define sched_param __glibc_mask_sched_param
# include <linux/sched/types.h>
# undef sched_param
#endif
#ifndef SCHED_ATTR_SIZE_VER0
# include <linux/types.h>
struct sched_attr { __u32 size; };
#endif
extern int sched_setattr(int tid, struct sched_attr *attr, unsigned int flags);
"""


class CLibrary(unittest.TestCase):
    """Headers of the C library that include the kernel's get ours."""

    def test_the_scheduler_of_newer_ones(self):
        include = os.path.join(user.HARNESS, "include")
        result = subprocess.run(
            ["gcc", "-x", "c", "-std=gnu11", "-Wall", "-Werror", "-fsyntax-only",
             *(f"-I{include}/{place}".rstrip("/") for place in ("own", "stubs", "")), "-"],
            input=GLIBC, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


class PatchesId(unittest.TestCase):
    def test_depends_on_the_source(self):
        self.assertNotEqual(user.patches_id(""), user.patches_id("/x"))
        self.assertEqual(user.patches_id(""), user.patches_id(""))


class MadeHeaders(unittest.TestCase):
    """The headers below out/user/include."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.top = holder.name
        self.list = os.path.join(self.top, "headers.list")
        self.where = os.path.join(self.top, "made")
        os.makedirs(os.path.join(self.top, "include/linux"))
        for name in ("a.h", "x.h"):
            with open(os.path.join(self.top, "include/linux", name), "w",
                      encoding="utf-8") as handle:
                handle.write(HEADER)

    def make(self, text):
        with open(self.list, "w", encoding="utf-8") as handle:
            handle.write(text)
        rows = user.read_headers(self.list)
        with mock.patch.object(user, "read_headers", lambda: rows), \
                mock.patch.object(user, "overlay", lambda tree: "/overlay"):
            user.make_headers(self.top, self.where)

    def text(self, name):
        with open(os.path.join(self.where, name), encoding="utf-8") as handle:
            return handle.read()

    def test_each_kind(self):
        self.make("tree linux/a.h\nshim linux/b.h\ntake taken/c.h include/linux/x.h x f\n")
        self.assertIn(f'#include "{self.top}/include/linux/a.h"', self.text("linux/a.h"))
        self.assertNotIn("#include", self.text("linux/b.h"))
        self.assertIn("struct x {", self.text("taken/c.h"))
        self.assertIn('"/overlay/include/trace/events/pcp.h"', self.text("trace/events/pcp.h"))

    def test_private_headers_are_found_from_the_places_of_their_users(self):
        self.make("")
        for place in ("mm/pcp/../internal.h", "mm/pcp/tests/../../page_alloc.h",
                      "mm/pcp/tests/lib/../../../page_alloc.h"):
            self.assertIn(user.PRIVATE, self.text(place))

    def test_what_is_right_already_is_left_alone(self):
        self.make("shim linux/b.h\n")
        path = os.path.join(self.where, "linux/b.h")
        before = os.stat(path).st_mtime_ns
        self.make("shim linux/b.h\n")
        self.assertEqual(os.stat(path).st_mtime_ns, before)

    def test_what_the_tree_lacks_is_named(self):
        for text, words in (("tree linux/no.h\n", "linux/no.h is not there, but headers.list has"),
                            ("take a.h include/linux/no.h x\n", "headers.list has it"),
                            ("take a.h include/linux/x.h nonsense\n", "nonsense was not found in")):
            with self.assertRaisesRegex(Failure, words) as caught:
                self.make(text)
            self.assertEqual(caught.exception.status, 1)


class Builds(unittest.TestCase):
    def build(self, script):
        with tempfile.TemporaryDirectory() as out, \
                mock.patch.object(user, "sources", lambda *_: out):
            build = user.Build(out, "plain", 1)
            with mock.patch.object(build, "make", lambda *_: ["sh", "-c", script]), \
                    contextlib.redirect_stdout(io.StringIO()):
                build.build()

    def test_a_build_that_fails(self):
        with self.assertRaisesRegex(Failure, "plain build failed: a.c:1: error: no x") as caught:
            self.build("echo; echo 'a.c:1: error: no x'; echo more; exit 2")
        self.assertEqual(caught.exception.status, 1)

    def test_a_header_that_is_not_in_the_list(self):
        with self.assertRaisesRegex(Failure, "; add that header to tools/testing/user/headers.list and"):
            self.build("echo 'a.c:1:10: fatal error: linux/x.h: No such file or directory'; exit 2")

    def test_a_compiler_that_was_killed(self):
        with self.assertRaisesRegex(Failure, "memory ran out.*; free some, or use fewer compilers at a time "
                                    "with JOBS=$") as caught:
            self.build("echo 'gcc: fatal error: Killed signal terminated program cc1'; exit 2")
        self.assertEqual(caught.exception.status, 2)

    def test_a_program_that_hangs(self):
        with tempfile.TemporaryDirectory() as out, \
                mock.patch.object(user, "sources", lambda *_: out):
            build = user.Build(out, "plain", 1)
            os.makedirs(build.dir)
            with open(build.program, "w", encoding="ascii") as handle:
                handle.write("#!/bin/sh\necho $1 $PCP_ROUNDS\n[ $1 = quick ] || exec sleep 100\n")
            os.chmod(build.program, 0o755)
            self.assertEqual(build.run("quick", 7, 20), 0)
            self.assertEqual(build.text(), "quick 7\n")
            self.assertIsNone(build.run("slow", None, 0.3))


if __name__ == "__main__":
    unittest.main()
