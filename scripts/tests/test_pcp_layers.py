# SPDX-License-Identifier: GPL-2.0
"""mm/pcp/ is in layers: suites, helpers, the seam, page_alloc.c. Includes and calls show it."""

import collections
import glob
import os
import re
import unittest

from splitfree.base.paths import ROOT
from splitfree.source import series

# Each header, and those of ours that it may include.
HEADERS = {
    "pageblock.h": set(), "fail.h": set(), "lists.h": set(), "route.h": set(),
    "point.h": set(), "take.h": set(),
    "zone.h": {"pageblock.h", "point.h"},
    "owner.h": {"pageblock.h"},
    "lock.h": {"fail.h"},
    "waiting.h": {"lists.h"},
    "pcp.h": {"lists.h", "lock.h", "owner.h", "waiting.h"},
    "commit.h": {"pcp.h", "zone.h"},
    "free.h": {"pcp.h", "route.h", "zone.h"},
}
# The source files of each layer, the lowest last. A file calls those of its own layer and
# below; within a layer no two call each other in a circle.
LAYERS = (
    {"alloc", "free", "batch", "drain", "switch", "lockless"},
    {"refill", "absorb", "commit", "push", "flush", "watch", "bulk"},
    {"pcp", "owner", "buddy", "validate", "fail", "trace", "point"},
)
# Part of page_alloc.c.
SEAM = "zone"
# Suites on a made-up zone that need the kernel: its tracepoints.
KERNEL_ONLY = {"trace"}
# Reasons why helpers need headers of mm/: flags of an allocation, whether a trylock is possible
# here, the order of a free page. A file that uses none of these needs no such header.
FROM_MM = {
    "../internal.h": r"\bcan_spin_trylock\b",
    "../page_alloc.h": r"\b(ALLOC_\w+|buddy_order)\b",
}
# Fields of a zone that helpers and headers may look at: where it is and its PCPs. flags is
# for zone.h, as the functions there are inline.
FIELDS = {"zone_start_pfn", "per_cpu_pageset", "pageblock_data"}
# Functions of page_alloc.c and of the zone buddy, which only the seam calls.
INTERNAL = re.compile(r"\b(__rmqueue\w*|__free_one_page|free_one_page|get_page_from_free_area|"
                      r"page_del_and_expand|del_page_from_free_list|add_to_free_list|"
                      r"rmqueue_bulk|nr_pcp_\w+|zone_clear_below_high|free_deferred_pages|"
                      r"add_page_to_zone_llist|prep_new_page|check_new_pages|zone_statistics|"
                      r"__mod_zone_\w+|mod_zone_\w+|zone_end_pfn)\(")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def read_all(where="mm/pcp"):
    """{name of a file: its text without comments}"""
    found = {}
    for path in sorted(glob.glob(os.path.join(ROOT, where, "*.[ch]"))):
        with open(path, encoding="utf-8") as handle:
            found[os.path.basename(path)] = COMMENT.sub(" ", handle.read())
    return found


def included(text):
    """The names in quotes behind #include."""
    return re.findall(r'^#include "([^"]+)"', text, re.M)


def wrong_includes(name, text):
    """Why a file of mm/pcp/ must not include what it does."""
    found = []
    for other in included(text):
        if other in FROM_MM:
            continue
        if other not in HEADERS:
            found.append(f"{name} includes {other}, which is no header of a helper")
        elif name in HEADERS and other not in HEADERS[name]:
            found.append(f"{name} includes {other}, which is not below it")
    return found


def zone_internals(name, text):
    """How a helper reaches past the seam."""
    # An annotation says that a function takes or releases a lock.
    text = re.sub(r"\b__(?:cond_)?(?:acquires|releases|must_hold)\([^()]*\)", "", text)
    found = [f"{name} looks at zone->{field}"
             for field in re.findall(r"\b(?:zone|z)->(\w+)", text)
             if field not in FIELDS | ({"flags"} if name == "zone.h" else set())]
    return found + [f"{name} calls {call}()" for call in INTERNAL.findall(text)]


def defines(text):
    """Functions that a C file defines and others may call."""
    return {match[1] for match in
            re.finditer(r"^(?!static|\s|#)[^;={}]*?\b(\w+)\([^;{}]*\)\n\{", text, re.M)}


def calls(files):
    """{file: files whose functions it calls}, without .c and .h"""
    owner = {name: file[:-2] for file, text in files.items() if file.endswith(".c")
             for name in defines(text)}
    graph = collections.defaultdict(set)
    for file, text in files.items():
        for name in re.findall(r"\b(\w+)\(", text):
            where = owner.get(name, file[:-2])
            if file.endswith(".c") and where != file[:-2]:
                graph[file[:-2]].add(where)
    return graph


def layer(name):
    return next((number for number, names in enumerate(LAYERS) if name in names), None)


def upward(graph):
    return sorted(f"{caller} calls {callee}, which is above it"
                  for caller, callees in graph.items() for callee in callees
                  if layer(caller) is not None and layer(callee) is not None
                  and layer(callee) < layer(caller))


def circle(graph):
    """Files that call each other in a circle, or []."""
    done = set()

    def walk(name, path):
        if name in path:
            return [*path[path.index(name):], name]
        if name in done:
            return []
        for callee in sorted(graph.get(name, ())):
            found = walk(callee, [*path, name])
            if found:
                return found
        done.add(name)
        return []

    return next(filter(None, (walk(name, []) for name in sorted(graph))), [])


def too_early(steps, texts):
    """Calls of functions that a later step of the series brings."""
    brings = {name: (number, path) for number, paths in enumerate(steps) for path in paths
              if path.endswith(".c") for name in defines(texts[path])}
    found = []
    for number, paths in enumerate(steps):
        for path in paths:
            names = re.findall(r"\b(\w+)\(", texts[path]) if path.endswith(".c") else ()
            found += [f"{path} calls {name}() of {brings[name][1]}, which arrives later"
                      for name in sorted(set(names)) if brings.get(name, (0,))[0] > number]
    return found


class Helpers(unittest.TestCase):
    def setUp(self):
        self.files = read_all()

    def test_each_file_has_a_layer(self):
        sources = {name[:-2] for name in self.files if name.endswith(".c")}
        self.assertEqual(sources, set().union(*LAYERS) | {SEAM},
                         "LAYERS, at the top of this test, has the layer of each helper")
        self.assertEqual({name for name in self.files if name.endswith(".h")}, set(HEADERS))

    def test_each_file_is_built(self):
        with open(os.path.join(ROOT, "mm/pcp/Makefile"), encoding="utf-8") as handle:
            built = set(re.findall(r"^obj-\S+ \+= (\S+\.o)$", handle.read(), re.M))
        here = os.path.join(ROOT, "mm/pcp")
        sources = {os.path.relpath(path, here)[:-2] + ".o"
                   for path in glob.glob(os.path.join(here, "**/*.c"), recursive=True)}
        self.assertEqual(built, sources - {SEAM + ".o"},
                         "mm/pcp/Makefile has an object of each file but the seam")

    def test_each_suite_on_a_made_up_zone_runs_in_userland(self):
        with open(os.path.join(ROOT, "tools/testing/user/Makefile"), encoding="utf-8") as handle:
            makefile = handle.read().replace("\\\n", " ")
        words = {name: re.search(rf"^{name}\s*:= (.*)$", makefile, re.M)[1].split()
                 for name in ("SUITES", "SHARED")}
        headers = {f"lib/{name}.h" for name in words["SHARED"] if name != "workers"}
        here = os.path.join(ROOT, "mm/pcp/tests")
        for path in sorted(glob.glob(os.path.join(here, "pcp_*_kunit.c"))):
            with open(path, encoding="utf-8") as handle:
                text = handle.read()
            name = os.path.basename(path)[len("pcp_"):-len("_kunit.c")]
            if headers & set(included(text)) and name not in KERNEL_ONLY:
                self.assertIn(name, words["SUITES"], "SUITES of tools/testing/user/Makefile")

    def test_headers_below_only(self):
        found = [each for name, text in self.files.items() for each in wrong_includes(name, text)]
        self.assertEqual(found, [])

    def test_no_helper_reaches_past_the_seam(self):
        found = [each for name, text in self.files.items() if name != SEAM + ".c"
                 for each in zone_internals(name, text)]
        self.assertEqual(found, [])

    def test_headers_of_mm_are_used(self):
        for name, text in self.files.items():
            for header in set(included(text)) & set(FROM_MM):
                self.assertTrue(re.search(FROM_MM[header], text),
                                f"{name} needs nothing of {header}")

    def test_no_helper_calls_upward(self):
        graph = calls(self.files)
        # Are the calls seen at all?
        self.assertIn("flush", graph["push"])
        self.assertIn("bulk", graph["commit"])
        self.assertEqual(upward(graph), [])

    def test_no_two_helpers_call_each_other(self):
        self.assertEqual(circle(calls(self.files)), [])

    def test_the_seam_calls_no_helper(self):
        self.assertEqual(calls(self.files).get(SEAM, set()), set())

    def test_the_list_in_pcp_h_has_each_file(self):
        with open(os.path.join(ROOT, "mm/pcp/pcp.h"), encoding="utf-8") as handle:
            told = handle.read().split("*/")[1]
        named = set(re.findall(r"\b(\w+\.[ch])\b", told)) - {"page_alloc.c", "pcp.h"}
        self.assertEqual({name for name in self.files} - {"pcp.h"} - named, set(),
                         "the comment at the top of mm/pcp/pcp.h names each file")
        self.assertEqual(named - set(self.files), set())


class Suites(unittest.TestCase):
    """On made-up zones: the fixture alone. Live: the allocator in use, and no fixture."""

    # Both: a stub zone for the helper, real zones for what it is part of.
    BOTH = {"pcp_lockless_kunit.c", "pcp_validate_kunit.c"}
    # Headers that suites of one helper share; each includes fixture.h.
    SHARED = {"rival.h", "pushes.h", "commits.h", "refills.h", "frees.h", "batches.h"}

    def setUp(self):
        # As if tests/lib/, which suites share, were in the same folder.
        self.files = {name: re.sub(r'^#include "lib/', '#include "', text, flags=re.M)
                      for name, text in read_all("mm/pcp/tests").items()}
        for name, text in read_all("mm/pcp/tests/lib").items():
            self.files[name] = re.sub(r'^#include "\.\./', '#include "', text, flags=re.M)

    def test_a_suite_is_of_one_kind(self):
        for name, text in self.files.items():
            kinds = {"fixture.h" if one in self.SHARED else one for one in included(text)
                     if one in {"fixture.h", "live.h"} | self.SHARED}
            self.assertTrue(len(kinds) < 2 or name in self.BOTH, name)

    def test_no_helper_knows_a_suite(self):
        for name, text in read_all().items():
            self.assertNotIn("tests/", " ".join(included(text)), name)

    def test_what_suites_include(self):
        here = {"fixture.h", "live.h", "workers.h"} | self.SHARED
        above = {"../" + name for name in (*HEADERS, *FROM_MM)}
        for name, text in self.files.items():
            self.assertEqual(set(included(text)) - here - above, set(), name)

    def test_a_suite_on_a_made_up_zone_reaches_no_real_one(self):
        for name, text in self.files.items():
            if ({"fixture.h"} | self.SHARED) & set(included(text)) and name not in self.BOTH:
                found = re.findall(r"\b(?:for_each_populated_zone|drain_all_pages)\(", text)
                self.assertEqual(found, [], name)


class Steps(unittest.TestCase):
    """Each step of the series links without those behind it."""

    def test_a_file_calls_nothing_that_arrives_later(self):
        steps = [[path for path in step.files if path.startswith("mm/pcp/")
                  and path.endswith((".c", ".h"))] for step in series.read_series(ROOT)]
        texts = {}
        for path in (path for paths in steps for path in paths):
            with open(os.path.join(ROOT, path), encoding="utf-8") as handle:
                texts[path] = COMMENT.sub(" ", handle.read())
        self.assertEqual(too_early(steps, texts), [])


class Kernel(unittest.TestCase):
    """The hooks in the kernel's own files."""

    def test_hooks_include_headers_for_them(self):
        found = collections.defaultdict(set)
        for path in glob.glob(os.path.join(ROOT, "patches/*.patch")):
            target = None
            with open(path, encoding="utf-8") as handle:
                for row in handle:
                    if row.startswith("+++ b/"):
                        target = row[6:].strip()
                    match = re.match(r'\+#include "pcp/(.+)"', row)
                    if match:
                        found[match[1]].add(target)
        self.assertEqual(found.pop("zone.c"), {"mm/page_alloc.c"})
        self.assertEqual(found.pop("zone.h"), {"mm/page_alloc.c"})
        self.assertLessEqual(set(found), {"pcp.h", "pageblock.h"})


class Refused(unittest.TestCase):
    """Mistakes that the tests above are there to notice."""

    def test_includes(self):
        self.assertTrue(wrong_includes("lists.h", '#include "pcp.h"\n'))
        self.assertTrue(wrong_includes("push.c", '#include "tests/fixture.h"\n'))
        self.assertTrue(wrong_includes("push.c", '#include "zone.c"\n'))
        self.assertEqual(wrong_includes("push.c", '#include "pcp.h"\n#include <linux/mm.h>\n'), [])

    def test_zone_internals(self):
        self.assertTrue(zone_internals("push.c", "spin_lock(&zone->lock);"))
        self.assertTrue(zone_internals("push.c", "\t__free_one_page(page, pfn, zone);"))
        self.assertTrue(zone_internals("push.c", "return zone->flags;"))
        self.assertEqual(zone_internals("zone.h", "return zone->flags;"), [])
        self.assertEqual(zone_internals("zone.h", "void f(void) __releases(&zone->lock);"), [])
        self.assertEqual(zone_internals("push.c", "zone->per_cpu_pageset; pcp_zone_end(zone)"), [])

    def test_calls(self):
        graph = calls({"push.c": "void pcp_push(int a)\n{\n\tpcp_flush(a);\n}\n",
                       "flush.c": "int pcp_flush(int a)\n{\n\tpcp_alloc();\n\tpcp_push(a);\n}\n",
                       "alloc.c": "struct page *\npcp_alloc(void)\n{\n}\n"})
        self.assertEqual(upward(graph), ["flush calls alloc, which is above it"])
        self.assertEqual(circle({"push": {"flush"}, "flush": {"push"}}),
                         ["flush", "push", "flush"])

    def test_a_call_that_is_too_early(self):
        texts = {"a.c": "int a(void)\n{\n\treturn b();\n}\n", "b.c": "int b(void)\n{\n}\n"}
        self.assertEqual(too_early([["a.c"], ["b.c"]], texts),
                         ["a.c calls b() of b.c, which arrives later"])
        self.assertEqual(too_early([["b.c"], ["a.c"]], texts), [])


if __name__ == "__main__":
    unittest.main()
