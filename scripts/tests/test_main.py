# SPDX-License-Identifier: GPL-2.0
"""The targets, make help, and that the Makefile knows what the declarations say."""

import contextlib
import inspect
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from splitfree import __main__ as front
from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT, SCRIPTS
from splitfree.base.processes import clean_env
from splitfree.engines import __main__ as engines
from splitfree.runs import frame


def makefile():
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as handle:
        return handle.read()


class Makefile(unittest.TestCase):
    def words(self, name):
        match = re.search(rf"^{name} := ((?:.*\\\n)*.*)$", makefile(), re.M)
        return match.group(1).replace("\\\n", " ").split()

    def test_it_has_every_target_and_no_other(self):
        self.assertEqual(sorted([*self.words("targets"), "report"]), sorted(front.TARGETS))

    def test_it_passes_every_variable_and_no_other(self):
        self.assertEqual(sorted(self.words("variables")), sorted(front.variables()))

    def test_clean_removes_the_directory_of_each_command(self):
        made = re.search(r"^made = ((?:.*\\\n)*.*)$", makefile(), re.M).group(1).split()
        patterns = [word.rstrip("*") for word in made]
        for target, command in front.commands().items():
            if command.directory != "":
                self.assertIn(target, patterns)


class Modules(unittest.TestCase):
    def test_the_hooks_of_each_take_a_job_and_no_more(self):
        for target in front.TARGETS:
            module, _ = front.module_of(target)
            self.assertTrue(callable(module.run), target)
            for name in ("check", "prepare", "guard", "run"):
                if hasattr(module, name):
                    parameters = list(inspect.signature(getattr(module, name)).parameters)
                    self.assertEqual(parameters, ["job"], f"{target}: {name}()")


class Quoting(unittest.TestCase):
    """The user's text reaches the command as it is."""

    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)
        os.makedirs(os.path.join(self.top, "scripts/splitfree"))
        shutil.copy(os.path.join(ROOT, "Makefile"), self.top)
        with open(os.path.join(self.top, "scripts/packages.sh"), "w", encoding="ascii") as handle:
            handle.write("#!/bin/sh\n")
        os.chmod(os.path.join(self.top, "scripts/packages.sh"), 0o755)
        with open(os.path.join(self.top, "scripts/splitfree/__main__.py"), "w",
                  encoding="ascii") as handle:
            handle.write("import sys\nprint(ascii(sys.argv[1:]))\n")

    def make(self, *args, **env):
        result = subprocess.run(["make", "-s", *args], cwd=self.top, env=clean_env(**env),
                                stdout=subprocess.PIPE, check=True, text=True)
        return result.stdout.strip()

    def test_blanks_quotes_and_dollars(self):
        for text in ("a b", "it's", 'say "x"', "a;b", "$HOME", "a\\b", "*", "`id`"):
            self.assertEqual(self.make("kunit", "SUITE=" + text.replace("$", "$$")),
                             ascii(["kunit", "O=out", "SUITE=" + text]), text)

    def test_the_environment_counts_as_the_command_line_does(self):
        self.assertEqual(self.make("bench", NCPUS="2 4 8"),
                         ascii(["bench", "O=out", "NCPUS=2 4 8"]))

    def test_what_is_empty_is_not_passed(self):
        self.assertEqual(self.make("kunit", "SUITE=", "V=1"), ascii(["kunit", "O=out", "V=1"]))


class Help(unittest.TestCase):
    def test_a_line_for_each_target_and_variable(self):
        text = front.help_text()
        for target in [*front.TARGETS, *front.PLAIN]:
            self.assertRegex(text, rf"(?m)^make {target} +\S")
        for name in front.variables():
            self.assertRegex(text, rf"(?m)^{name}=\S* +\S")

    def test_what_differs_is_said_with_its_targets(self):
        text = front.help_text()
        self.assertRegex(text, r"(?m)^ROUNDS=\d+ .*bench: 10")
        self.assertRegex(text, r"(?m)^ +only this build: plain, order3, asan, tsan \(user\)$")

    def test_each_target_explains_itself(self):
        for target in front.TARGETS:
            text = front.target_help(target)
            for option in frame.all_options(front.commands()[target]):
                self.assertIn(f"\n{option.name}=", text)

    def test_the_result_of_each_command_is_documented(self):
        for target in front.TARGETS:
            module, command = front.module_of(target)
            if command.directory != "" and target != "report":
                self.assertRegex(module.__doc__.replace("\n", " "), "The data of|Results as of|"
                                 "Results: console.log", target)


class Arguments(unittest.TestCase):
    def refused(self, words, *arguments):
        with self.assertRaises(Failure) as caught:
            front.run_main(list(arguments))
        self.assertIn(words, str(caught.exception))

    def test_bad_ones(self):
        self.refused("there is no target nonsense", "nonsense")
        self.refused("FOO= is not known", "kunit", "FOO=1")
        self.refused("--jobs is no NAME=value", "kunit", "--jobs")
        self.refused("NCPUS=0 is no number", "kunit", "NCPUS=0")

    def test_words_of_scripts_ci(self):
        for words, why in ((["nonsense"], "there is no nonsense; scripts/ci takes a target of make"),
                           (["jobs", "x"], "^jobs takes no words after it$"),
                           (["engines", "x"], "^engines takes no words after it$"),
                           (["sum"], "say where the results are: scripts/ci sum DIRECTORY"),
                           (["summary"],
                            "say where the results are: scripts/ci summary DIRECTORY")):
            with mock.patch.object(sys, "argv", ["engines", *words]), \
                    self.assertRaisesRegex(Failure, why):
                engines.run_main()

    def test_help(self):
        for arguments in ([], ["help"], ["help", "kunit"], ["kunit", "--help"]):
            with contextlib.redirect_stdout(io.StringIO()) as said:
                self.assertEqual(front.run_main(arguments), 0)
            self.assertIn("kunit", said.getvalue())

    def test_both_ways_to_call_it(self):
        for command, where in ((["python3", os.path.join(SCRIPTS, "splitfree")], "/"),
                               (["python3", "-m", "splitfree"], SCRIPTS)):
            result = subprocess.run([*command, "nonsense"], cwd=where, env=clean_env(),
                                    stderr=subprocess.PIPE, check=False, text=True)
            self.assertEqual(result.returncode, 2)
            self.assertIn("splitfree: there is no target nonsense", result.stderr)


if __name__ == "__main__":
    unittest.main()
