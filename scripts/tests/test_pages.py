# SPDX-License-Identifier: GPL-2.0
"""Names on the pages exist: functions, files, cases, counters, tracepoints, links."""

import glob
import os
import re
import unittest

from splitfree import __main__ as main
from splitfree.base.paths import ROOT

RST = "Documentation/mm/pcp.rst"
MARKDOWN = ["README.md", "CONTRIBUTING.md", *sorted(
    os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, "docs/*.md")))]

# Functions of the kernel that the pages name, and that no line of ours has.
KERNELS = {"can_spin_trylock", "count_vm_events", "smp_mb", "synchronize_rcu", "llist_add_batch",
           "__rmqueue", "alloc_pages_nolock", "free_pages_prepare", "kvfree_rcu",
           "decay_pcp_high", "__free_pages_prepare", "pageset_update", "zone_pcp_disable", "zone_pcp_reset", "__drain_all_pages"}
# Files of the kernel that the pages name.
KERNELS_FILES = {"page_alloc.c", "mm/compaction.c", "mm/internal.h",
                 "Documentation/fault-injection/fault-injection.rst"}
# Placeholders, what a run leaves behind, and the examples of CONTRIBUTING.md.
INVENTED = re.compile(r"NAME|^out/|^~/|^mm/pcp/(tests/pcp_)?count(_kunit)?\.c$|^patches/0034-|"
                      r"^pcp_zone_new$|fuzz/cases/$")

# All files in these folders are ours; the kernel has files in mm/, lib/ and include/, too.
OURS = r"mm/pcp|Documentation|docs|patches|kunit|scripts|tools|ci|\.github"


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as handle:
        return handle.read()


def sources():
    """{path: text} of what the series brings."""
    return {os.path.relpath(path, ROOT): read(path)
            for top in ("mm/pcp", "include") for path in
            glob.glob(os.path.join(ROOT, top, "**/*.[ch]"), recursive=True)}


def defined(name, text):
    """Is a function or macro defined in a C file, and not only called or declared?"""
    if re.search(rf"^#define {name}\(", text, re.M):
        return True
    # A line of a body begins with a blank, one of a comment with " *".
    return any(re.match(r"[^;{}]*\{", text[found.end():]) for found in
               re.finditer(rf"^(?![ \t/*#]).*?\b{name}\(", text, re.M))


def literals(text):
    """The texts in double back quotes, on one line each."""
    return [re.sub(r"\s+", " ", one) for one in re.findall(r"``([^`]+)``", text)]


def misplaced(text, files):
    """Functions that a page says are "in X.c", and that are not: [(function, file)]"""
    found = []
    flat = re.sub(r"\s+", " ", text)
    for name, where in re.findall(r"`(\w+)\(\)`+ in `*(?:mm/pcp/)?(\w+\.[ch])", flat):
        path = "mm/pcp/" + where
        if where in KERNELS_FILES:
            continue
        if path not in files or not defined(name, files[path]):
            found.append((name, where))
    return found


def unknown_functions(text, files):
    words = set(re.findall(r"\w+", " ".join(files.values())))
    return sorted({name for name in re.findall(r"`(\w+)\(\)`", text)
                   if name not in words | KERNELS and not INVENTED.search(name)})


def unknown_files(text, known):
    """Files ending in .c, .h or .rst that are nowhere; a bare name is one of mm/pcp/."""
    found = set(re.findall(r"(?<![\w*/.-])([\w/-]+\.(?:c|h|rst))\b", text))
    return sorted(one for one in found - KERNELS_FILES
                  if "NAME" not in one and not known(one))


def known_file(name):
    return os.path.exists(os.path.join(ROOT, name)) or any(
        os.path.exists(os.path.join(ROOT, where, name))
        for where in ("mm/pcp", "mm/pcp/tests", "mm/pcp/tests/lib", "tools/testing/user"))


def headings(text):
    """The anchors of a Markdown page."""
    return {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-")
            for line in re.findall(r"^#+ (.+)$", text, re.M)}


def hazard_cases(text):
    """The cases that the last column of the hazard table names."""
    table = re.split(r"\n\n(?=\S.*\n==)", text.split("\nHazards\n")[1])[0]
    rows = table.split("\n   * - ")[2:]
    return {row.split("\n")[0]: re.findall(r"``(\w+)``", row.split("\n     - ")[3])
            for row in rows}


class KernelPage(unittest.TestCase):
    def setUp(self):
        self.text, self.files = read(RST), sources()

    def test_commands_that_build_a_tree_where_it_lies(self):
        said = re.search(r"built where it lies by (.*?)\.", read("docs/targets.md"), re.S)[1]
        # make user looks for the tree by itself.
        meant = {"user"} | {target for target, command in main.commands().items()
                            if command.in_place}
        self.assertEqual(set(re.findall(r"`(\w+)`", said)), meant)

    def test_functions_are_there(self):
        self.assertEqual(unknown_functions(self.text, self.files), [])

    def test_functions_are_where_it_says(self):
        self.assertEqual(misplaced(self.text, self.files), [])

    def test_files_are_there(self):
        self.assertEqual(unknown_files(self.text, known_file), [])

    def test_each_hazard_is_noticed_by_cases_that_exist(self):
        cases = set(re.findall(r"KUNIT_CASE\w*\((\w+)", "".join(self.files.values())))
        rows = hazard_cases(self.text)
        self.assertGreater(len(rows), 20)
        for hazard, named in rows.items():
            self.assertTrue(named, hazard)
            self.assertEqual(set(named) - cases, set(), hazard)

    def test_suites_that_it_names(self):
        suites = set(re.findall(r"\.name\s*=\s*\"(\w+)\"", "".join(self.files.values())))
        part = self.text.split("\nThe suites\n")[1].split("\nGlossary\n")[0]
        named = set(re.findall(r"``((?:pcp|kvfree)_\w+)``", part))
        self.assertTrue(named)
        # "pcp_live*" is a pattern, and pcp_tested() no suite.
        self.assertEqual({n for n in named if not n.endswith("_")} - suites, set())

    def test_constants_and_fields_are_there(self):
        patches = "".join(read(os.path.relpath(path, ROOT))
                          for path in glob.glob(os.path.join(ROOT, "patches/*.patch")))
        words = set(re.findall(r"\w+", patches + "".join(self.files.values())))
        names = {one for one in literals(self.text) if re.fullmatch(r"[a-zA-Z]+_\w+", one)}
        self.assertEqual({n for n in names - words if not n.endswith("_")}, set())

    def test_all_tracepoints_and_counters_are_in_its_tables(self):
        part = self.text.split("\nCounters and files\n")[1].split("\nThe suites\n")[0]
        rows = set(re.findall(r"^(\w+) {2,}\S", part, re.M))
        traced = set(re.findall(r"TRACE_EVENT\((\w+)", self.files["include/trace/events/pcp.h"]))
        counted = set(re.findall(r'^\+\s*\[I\(\w+\)\]\s*= "(\w+)"', "".join(
            read(os.path.relpath(path, ROOT))
            for path in glob.glob(os.path.join(ROOT, "patches/*.patch"))), re.M))
        self.assertEqual(rows, traced | counted)

    def test_what_vmcoreinfo_gains_is_in_its_page(self):
        patches = "".join(read(os.path.relpath(path, ROOT))
                          for path in glob.glob(os.path.join(ROOT, "patches/*.patch")))
        names = re.findall(r"^\+\s*VMCOREINFO_\w+\((\w+)\)", patches, re.M)
        self.assertTrue(names)
        for name in names:
            self.assertRegex(patches, rf"(?m)^\+{name}\n\+-+$")

    def test_each_kernel_doc_comment_is_in_it(self):
        listed = set(re.findall(r"^\.\. kernel-doc:: (\S+)", self.text, re.M))
        commented = {path for path, text in self.files.items()
                     if "/tests/" not in path and re.search(r"^/\*\*$", text, re.M)}
        self.assertEqual(listed, commented, "the end of pcp.rst has a kernel-doc line for each")

    def test_it_stands_alone_in_a_kernel(self):
        for word in ("make user", "make kunit", "scripts/splitfree", "docs/", "patches/",
                     "tools/testing/user", "splitfree"):
            self.assertNotIn(word, self.text)
        # A kernel is not what it was compared with, and has a later number.
        for path, text in [(RST, self.text), *self.files.items()]:
            self.assertNotRegex(text, r"\b[Ss]tock\b|\b7\.3\b", path)

    def test_its_table_has_each_litmus_test(self):
        rows = re.findall(r"^   \* - (pcp-[\w-]+)$", self.text, re.M)
        self.assertGreater(len(rows), 10)
        self.assertEqual(len(rows), len(set(rows)))
        named = {name for text in self.files.values()
                 for name in re.findall(r"(?<![\w-])pcp-[a-z]+(?:-[a-z]+)*\b", text)}
        self.assertEqual(set(rows), named)
        there = glob.glob(os.path.join(ROOT, "tools/testing/models/litmus/*.litmus"))
        self.assertEqual(set(rows), {os.path.basename(path)[:-len(".litmus")] for path in there
                                     if "-broken-" not in path})


class Markdown(unittest.TestCase):
    def test_functions_are_there(self):
        files = sources()
        for page in ("README.md", "CONTRIBUTING.md", "docs/where.md", "docs/targets.md"):
            self.assertEqual(unknown_functions(read(page), files), [], page)
            self.assertEqual(misplaced(read(page), files), [], page)

    def test_files_are_there(self):
        for page in MARKDOWN:
            names = {one for one in re.findall(rf"`((?:{OURS})/[\w./-]*)`", read(page))
                     if not INVENTED.search(one)} - KERNELS_FILES
            self.assertEqual({n for n in names if not os.path.exists(os.path.join(ROOT, n))},
                             set(), page)

    def test_c_files_are_there(self):
        for page in MARKDOWN:
            found = [n for n in unknown_files(read(page), known_file) if not INVENTED.search(n)]
            self.assertEqual(found, [], page)

    def test_links_lead_somewhere(self):
        for page in MARKDOWN:
            for link in re.findall(r"\]\(([^)#]+)\)", read(page)):
                where = os.path.join(ROOT, os.path.dirname(page), link)
                self.assertTrue(os.path.exists(where), f"{page}: {link}")

    def test_links_lead_to_headings(self):
        for page in MARKDOWN:
            for link, anchor in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", read(page)):
                where = os.path.normpath(os.path.join(os.path.dirname(page), link)) \
                    if link else page
                self.assertIn(anchor, headings(read(where)), f"{page}: {where}")

    def test_suites_of_commands_are_there(self):
        names = re.findall(r"\.name\s*=\s*\"(\w+)\"", "".join(sources().values()))
        for page in MARKDOWN:
            for suite in re.findall(r"SUITE='?(pcp_\w+)\b(?!\*)", read(page)):
                self.assertIn(suite, [*names, "pcp_count"], page)


class Refused(unittest.TestCase):
    """Mistakes that the tests above are there to notice."""

    FILES = {"mm/pcp/push.c": "void pcp_push(struct pcp_run *run,\n\t      bool nolock)\n{\n}\n",
             "mm/pcp/free.c": "\tpcp_push(&run, nolock);\n"}

    def test_a_function_that_is_gone(self):
        self.assertEqual(unknown_functions("``pcp_claim()``, ``pcp_push()``", self.FILES),
                         ["pcp_claim"])

    def test_a_function_that_moved(self):
        text = ("``pcp_push()`` in push.c; ``pcp_push()``\n"
                "in free.c; ``pcp_push()`` in gone.c")
        self.assertEqual(misplaced(text, self.FILES),
                         [("pcp_push", "free.c"), ("pcp_push", "gone.c")])

    def test_a_heading_that_is_gone(self):
        self.assertEqual(headings("# One\n\ntext\n\n## What is `two`, then?\n"),
                         {"one", "what-is-two-then"})

    def test_a_file_that_is_gone(self):
        self.assertEqual(unknown_files("claim.c and push.c, mm/pcp/gone.h",
                                       {"push.c"}.__contains__), ["claim.c", "mm/pcp/gone.h"])


if __name__ == "__main__":
    unittest.main()
