# SPDX-License-Identifier: GPL-2.0
"""LAVA's job: the same guest and machine as make stress, and what its dispatcher says."""

import contextlib
import io
import os
import re
import shlex
import sys
import types
import unittest
from unittest import mock

from splitfree.base.failures import COULD_NOT_RUN, FAILED, Failure
from splitfree.base.paths import ROOT
from splitfree.commands import lava as command
from splitfree.engines import lava
from splitfree.kernel import x86
from splitfree.runs import frame, stress
from tests.fakes import Commands


def line(suite, name, result="pass", more=""):
    """As lava-run logs a case."""
    return (f'{{"dt": "2026-01-01T00:00:00", "lvl": "results", "msg": {{"case": "{name}", '
            f'"definition": "{suite}", "extra": {{"test_case_id": "{name}"}}, "level": "3.1", '
            f'{more}"result": "{result}"}}}}\n')


GOOD = (line("lava", "file-download", more='"size": ! "3589120", ') + line("counted", "cpus", more='"measurement": ! "4.0", ')
        + line("stress", "no_page_is_lost") + line("lava", "job"))


class Definition(unittest.TestCase):
    def setUp(self):
        self.text = lava.job("file:///bzImage", "file:///initramfs.cpio", 90, 7)

    def folded(self, key):
        """The words of an argument that is folded over lines."""
        match = re.search(rf"^( +){key}: >-\n((?:\1 +.*\n)+)", self.text, re.M)
        return shlex.split(match.group(2))

    def test_nothing_is_left_to_fill_in(self):
        self.assertNotRegex(self.text, r"@\w+@")
        self.assertIn("url: file:///bzImage\n", self.text)
        self.assertNotRegex(self.text, r"(?m)^#")

    def test_the_machine_is_that_of_make_stress(self):
        kernel = types.SimpleNamespace(ARCH="x86_64", binary="{kernel}")
        with mock.patch.object(x86, "program", return_value="qemu-system-x86_64"):
            wanted = x86.command(kernel, 4, "tcg", stress.arguments(90, 7), initrd="{initrd}")
        with open(lava.DEVICE, encoding="utf-8") as handle:
            device = re.findall(r"^ +- (-.*)$", handle.read(), re.M)
        initrd = re.search(r"image_arg: (-initrd .*)", self.text).group(1)
        found = [*shlex.split(" ".join(device)), *self.folded("image_arg"), *initrd.split()]

        def pairs(words):
            """{(option, its value)}; the order of the kernel's arguments makes no difference."""
            result, words = set(), list(words)
            while words:
                option = words.pop(0)
                value = words.pop(0) if words and not words[0].startswith("-") else ""
                result.add((option, frozenset(value.split()) if option == "-append" else value))
            return result

        self.assertEqual(pairs(found), pairs(wanted[1:]))

    def test_the_patterns_are_what_the_guest_says(self):
        with open(os.path.join(stress.SOURCE, "main.c"), encoding="utf-8") as handle:
            source = handle.read()
        for word in re.findall(r'"stress: (\w+)"', self.text):
            self.assertIn(f'say("{word}")', source)
        patterns = [re.compile(p) for p in re.findall(r"pattern: '(.*)'", self.text)]
        self.assertEqual(patterns[0].search("[ 1.0] stress: result cpus=-12\r\n").groupdict(),
                         {"test_case_id": "cpus", "measurement": "-12"})
        self.assertEqual(patterns[1].search("stress: case no_page_is_lost fail\r").groupdict(),
                         {"test_case_id": "no_page_is_lost", "result": "fail"})
        # A line that is not there as a whole yet.
        self.assertIsNone(patterns[0].search("stress: result cpus=1"))

    def test_it_is_yaml(self):
        try:
            import yaml  # pylint: disable=import-outside-toplevel
        except ImportError:
            self.skipTest("the module yaml is not there")
        job = yaml.safe_load(self.text)
        self.assertEqual([next(iter(action)) for action in job["actions"]],
                         ["deploy", "boot", "test"])
        with open(lava.DEVICE, encoding="utf-8") as handle:
            self.assertIn("qemu", yaml.safe_load(handle)["actions"]["boot"]["methods"])

    def test_lava_s_schema(self):
        """Where LAVA is at hand, as a module or as what LAVA= names."""
        sys.path.append(os.environ.get("LAVA", ROOT))
        try:
            import yaml  # pylint: disable=import-outside-toplevel
            from lava_common import schemas  # pylint: disable=import-outside-toplevel
            from lava_common.schemas import device  # pylint: disable=import-outside-toplevel
        except ImportError as error:
            self.skipTest(f"LAVA's schema cannot be had: {error}")
        finally:
            sys.path.pop()
        schemas.validate(yaml.safe_load(self.text), strict=True)
        with open(lava.DEVICE, encoding="utf-8") as handle:
            device.validate(yaml.safe_load(handle))


class Words(unittest.TestCase):
    def test_it_is_printed(self):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            lava.run(["https://x/bzImage", "https://x/initramfs.cpio", "SECONDS=30"])
        self.assertIn("STRESS_SECONDS=30 STRESS_SEED=1", said.getvalue())

    def test_bad_ones(self):
        for words, why in (([], "say where the lab finds"), (["bzImage", "x"], "say where the lab finds"),
                           (["a://b", "c://d", "FOO=1"], "FOO= is not known"),
                           (["a://b", "c://d", "SECONDS=x"], "SECONDS=x is no number")):
            with self.assertRaisesRegex(Failure, why):
                lava.run(words)


class Run(Commands):
    target = "lava"

    def result(self, text, status=0, late=False):
        job = self.job(SEED="7")
        with open(job.path("log"), "w", encoding="utf-8") as handle:
            handle.write(text)
        return self.quiet(command.result_of, job, text, status, late)

    def test_good(self):
        result = self.result(GOOD)
        self.assertEqual((result.sums(), result.failure), ((2, 0, 0), None))
        self.assertEqual(result.data["cases"][0], {"suite": "counted", "name": "cpus",
                                                   "result": "pass", "measurement": 4.0})

    def test_bad(self):
        result = self.result(GOOD + line("stress", "each_cpu_came_back", "fail"))
        self.assertEqual(result.sums(), (2, 1, 0))
        self.assertRegex(str(result.failure), "that each_cpu_came_back failed .*make stress SEED=7")
        for text, status, late, why in ((GOOD, 1, False, "ended with status 1"),
                                        (GOOD, 0, True, "hung and was killed"),
                                        (line("counted", "cpus"), 0, False, "no case of stress")):
            result = self.result(text, status, late)
            self.assertRegex(str(result.failure), why)
            self.assertEqual((result.failed, result.failure.status), (1, FAILED))

    def test_a_dispatcher_that_did_not_begin(self):
        result = self.result("lava-run: no such option\n", 2)
        self.assertEqual(result.failure.status, COULD_NOT_RUN)
        self.assertIn("  | lava-run: no such option", self.said)

    def test_only_root_can(self):
        """Others have skipped it: make check-all goes on without."""
        for user, status, why in ((0, 0, None), (1000, 0, "^only root can run lava-run; run make "
                                                 "lava as root$"),
                                  (0, 2, "^scripts/packages.sh lava failed$")):
            self.patch(frame.subprocess, "run",
                       return_value=types.SimpleNamespace(returncode=status))
            job = self.job()
            with mock.patch("os.geteuid", return_value=user), contextlib.ExitStack() as stack:
                if why:
                    stack.enter_context(self.assertRaisesRegex(Failure, why))
                command.check(job)
            self.assertEqual(job.partial.sums(), (0, 0, int(bool(why))))

    def test_the_command(self):
        self.patch(command.load, "make_initramfs", return_value="image")
        job = self.job(SEED="7", MINUTES="0.5")
        args = command.files_of(job, types.SimpleNamespace(binary="bzImage"))
        self.assertEqual(args[0], "lava-run")
        with open(job.path("job.yaml"), encoding="utf-8") as handle:
            self.assertRegex(handle.read(), r"url: file:///.*/image\n")


if __name__ == "__main__":
    unittest.main()
