# SPDX-License-Identifier: GPL-2.0
"""The folders of splitfree/ are layers: no module imports one above it, and beside it only tools."""

import ast
import glob
import os
import tempfile
import unittest

from splitfree.base.paths import SCRIPTS

# The layers that the modules of a layer may import, besides their own.
BELOW = {
    "base": set(),
    "source": {"base"},
    "kernel": {"base", "source"},
    "judge": {"base"},
    "runs": {"base", "source", "kernel", "judge"},
    "bench": {"base", "source", "kernel", "judge", "runs"},
    "engines": {"base", "source", "kernel", "judge", "runs"},
    "commands": {"base", "source", "kernel", "judge", "runs", "bench", "engines"},
    "__main__": {"base", "runs"},
}
# The modules of a layer that others of the same layer may import: its tools. The rest of a
# layer, and so all of commands/, are modules that do not know each other.
TOOLS = {
    "base": {"failures", "paths", "options"},
    # A tree is made of a place, an archive and a series.
    "source": {"apt", "git", "archive", "series", "place", "tree"},
    # arm64 is built as x86 is.
    "kernel": {"compiler", "build", "x86"},
    # Each reads what the one before has found.
    "judge": {"console", "ktap", "excuses", "splats", "verdict"},
    # The frame, a run of the suites, and the guests of make stress and of both kernels.
    "runs": {"frame", "kunit", "stress", "compare"},
    "bench": {"build", "arches", "stats", "plot", "run", "fragqemu"},
    "engines": {"joblist", "total"},
    "commands": set(),
}
# They give each word of a command line to its module.
DOORS = {"splitfree.engines.__main__"}


def imports(path):
    """Full names of the modules that a file imports."""
    with open(path, encoding="utf-8") as handle:
        tree = ast.parse(handle.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield "." * node.level + (node.module or "")
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules():
    """{module: its file}"""
    found = {}
    for path in glob.glob(os.path.join(SCRIPTS, "splitfree", "**", "*.py"), recursive=True):
        name = os.path.relpath(path, SCRIPTS)[:-3].replace(os.sep, ".")
        found[name.removesuffix(".__init__")] = path
    return found


def layer(name):
    """The layer of a module, or None if it is none of ours."""
    parts = name.split(".")
    if parts[0] == "verdict":
        return "judge"
    return parts[1] if parts[0] == "splitfree" and len(parts) > 1 else None


def wrong(name, imported):
    """Why a module must not import another, or None."""
    if imported.startswith("."):
        return f"{name} imports {imported}; name the module from splitfree on"
    own, other = layer(name), layer(imported)
    if own is None or other is None:
        return None
    if own == other:
        tool = imported.split(".")[2] in TOOLS[own]
        return None if tool or name in DOORS else f"{name} imports {imported}, which is beside it"
    if other not in BELOW[own]:
        return f"{name} imports {imported}, which is not below it"
    return None


class Layers(unittest.TestCase):
    def test_each_module_is_in_a_layer(self):
        self.assertEqual({layer(name) for name in modules()} - set(BELOW) - {None}, set())

    def test_no_module_imports_upward_or_sideways(self):
        found = [wrong(name, imported) for name, path in modules().items()
                 for imported in imports(path)]
        self.assertEqual(list(filter(None, found)), [])

    def test_each_tool_is_one(self):
        used = {(layer(name), imported.split(".")[2]) for name, path in modules().items()
                if name not in DOORS for imported in imports(path)
                if layer(name) == layer(imported) and imported.count(".") > 1}
        self.assertEqual({(own, tool) for own, tools in TOOLS.items() for tool in tools} - used,
                         set())

    def test_relative_imports_are_seen(self):
        with tempfile.NamedTemporaryFile("w", suffix=".py") as handle:
            handle.write("from . import a\nfrom ..base import b\nfrom .c import d\n")
            handle.flush()
            self.assertEqual(list(imports(handle.name)), [".", "..base", ".c"])

    def test_no_two_modules_import_each_other(self):
        known = modules()
        graph = {name: {other for imported in imports(path) for other in known
                        if other != "splitfree" and (imported == other
                                                     or imported.startswith(other + "."))
                        and other.count(".") > 1}
                 for name, path in known.items()}

        def reaches(name, wanted, seen):
            return any(n == wanted or n not in seen and not seen.add(n) and reaches(n, wanted, seen)
                       for n in graph[name])

        self.assertEqual([name for name in graph if reaches(name, name, set())], [])

    def test_what_is_refused(self):
        for name, imported, good in (
                ("splitfree.base.a", "splitfree.source.b", False),
                ("splitfree.kernel.a", "splitfree.judge.b", False),
                ("splitfree.judge.a", "splitfree.kernel.b", False),
                ("splitfree.source.a", "splitfree.kernel.b", False),
                ("splitfree.commands.a", "splitfree.commands.b", False),
                ("splitfree.runs.a", "splitfree.commands.b", False),
                ("splitfree.runs.a", "splitfree.runs.b", False),
                ("splitfree.runs.a", "splitfree.runs.frame.Command", True),
                ("splitfree.runs.a", "..base", False),
                ("splitfree.runs.a", ".frame", False),
                ("splitfree.commands.a", "splitfree.base.b", True),
                ("splitfree.kernel.a", "os.path", True)):
            self.assertEqual(wrong(name, imported) is None, good, (name, imported))


if __name__ == "__main__":
    unittest.main()
