# SPDX-License-Identifier: GPL-2.0
"""What a userland build takes from the kernel tree."""

import os
import tempfile
import unittest

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
            with self.assertRaisesRegex(Failure, ":2: want"):
                self.read("# c\n" + row + "\n")

    def test_each_header_once(self):
        names = [header for _, header, _ in user.read_headers()]
        self.assertEqual(len(names), len(set(names)))

    def test_no_header_hides_one_of_ours(self):
        for _, header, _ in user.read_headers():
            for kind in ("own", "stubs"):
                path = os.path.join(user.HARNESS, "include", kind, header)
                self.assertFalse(os.path.exists(path), f"{header} is there twice")


class PatchesId(unittest.TestCase):
    def test_depends_on_the_source(self):
        self.assertNotEqual(user.patches_id(""), user.patches_id("/x"))
        self.assertEqual(user.patches_id(""), user.patches_id(""))


if __name__ == "__main__":
    unittest.main()
