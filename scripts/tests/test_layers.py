# SPDX-License-Identifier: GPL-2.0
"""The folders of splitfree/ are layers: no module imports one above it, or beside it."""

import ast
import glob
import os
import unittest

from splitfree.base.paths import SCRIPTS

# What the modules of a layer may import, besides those of their own.
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
# Their modules do not know each other.
APART = {"commands"}


def imports(path):
    """Full names of the modules that a file imports."""
    with open(path, encoding="utf-8") as handle:
        tree = ast.parse(handle.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
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
    own, other = layer(name), layer(imported)
    if own is None or other is None:
        return None
    if own == other:
        return f"{name} imports {imported}, which is beside it" if own in APART else None
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

    def test_no_two_modules_import_each_other(self):
        known = modules()
        graph = {name: {other for other in known for imported in imports(path)
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
                ("splitfree.runs.a", "splitfree.runs.b", True),
                ("splitfree.commands.a", "splitfree.base.b", True),
                ("splitfree.kernel.a", "os.path", True)):
            self.assertEqual(wrong(name, imported) is None, good, (name, imported))


if __name__ == "__main__":
    unittest.main()
