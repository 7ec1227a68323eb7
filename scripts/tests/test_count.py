# SPDX-License-Identifier: GPL-2.0
"""Instruction counts: what the stepper prints, and the baseline."""

import os
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.bench import count
from splitfree.commands import count as command
from tests.fakes import Commands

PRINTED = ("bench: start on 2 CPUs\r\ncount 1 9\ncount 2 209\ncount 3 109\ncount 4 159\n"
           "count 5 9009\n")


class Counts(unittest.TestCase):
    def test_the_marks_themselves_do_not_count(self):
        self.assertEqual(count.parse_counts(PRINTED), {2: 200, 3: 100, 4: 150, 5: 9000})

    def test_a_count_that_is_missing_is_an_error(self):
        with self.assertRaisesRegex(Failure, "count 3"):
            count.parse_counts(PRINTED.replace("count 3", "bench 3"))

    def test_instructions_belong_to_the_function_they_are_in(self):
        symbols = count.parse_symbols("0000000000001000 T bench_mark\n"
                                            "0000000000001010 t counting_worker\n"
                                            "0000000000001100 T free\n"
                                            "0000000000001180 d data\n"
                                            "0000000000001200 W push\n")
        found = count.by_function("at 3 1005\nat 3 1020\nat 3 1100\nat 3 1200\r\n"
                                        "at 3 11ff\nat 3 fff\nat 9 1100\n", symbols)
        self.assertEqual(found, {2: [], 3: [("free", 2), ("push", 1)], 4: [], 5: []})

    def test_a_path_that_grew_fails_and_a_shorter_one_does_not(self):
        names = count.PATHS
        baseline = {names[2]: 190, names[3]: 110, names[4]: 150, names[5]: 9000}
        rows = count.compare({2: 200, 3: 100, 4: 150, 5: 9000}, baseline)
        self.assertEqual([row[3] for row in rows], [False, True, True, True])

    def test_a_path_without_a_baseline_fails(self):
        rows = count.compare({2: 200, 3: 100, 4: 150, 5: 9000}, {})
        self.assertEqual([row[3] for row in rows], [False] * 4)

    def test_our_baseline_has_every_path_of_each_compiler(self):
        with open(count.BASELINE, encoding="utf-8") as handle:
            found = count.parse_baseline(handle.read())
        self.assertTrue(found)
        for paths in found.values():
            self.assertEqual(set(paths), set(count.PATHS.values()))


class Command(Commands):
    target = "count"
    COUNTS = {2: 200, 3: 100, 4: 150, 5: 9000}

    def run_with(self, baseline, **texts):
        path = os.path.join(self.out, "instructions.list")
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(baseline)
        job = self.job(**texts)
        with mock.patch.object(count, "BASELINE", path), \
                mock.patch.object(count, "compiler", return_value="gcc 12"), \
                mock.patch.object(command, "measure",
                                  return_value=({"split": self.COUNTS, "stock": self.COUNTS},
                                                {"split": {2: [("free", 7)]}})):
            result = self.quiet(command.run, job)
        with open(path, encoding="utf-8") as handle:
            self.baseline = handle.read()
        return result

    def lines(self, more=0):
        return "".join(f"gcc 12 | {path} | {self.COUNTS[i] - more}\n"
                       for i, path in count.PATHS.items())

    def test_as_the_baseline(self):
        result = self.run_with(self.lines(), STOCK="1", FUNCTIONS="1")
        self.assertEqual((result.sums(), result.failure), ((4, 0, 0), None))
        self.assertRegex(self.said, "stock +local allocation +200 instructions")
        self.assertRegex(self.said, "split +local allocation +7  free")
        self.assertEqual(result.data["counts"]["split"]["local free"], 100)

    def test_a_path_that_grew(self):
        result = self.run_with(self.lines(10))
        self.assertEqual(result.sums(), (1, 3, 0))
        self.assertIn("accept it with make count UPDATE=1", str(result.failure))
        self.assertEqual(result.failure.status, 1)

    def test_another_compiler_is_no_failure_of_the_code(self):
        result = self.run_with("# none\n")
        self.assertEqual((result.sums(), result.failure.status), ((0, 0, 4), 2))
        self.assertIn("has no numbers for gcc 12", str(result.failure))

    def test_a_new_baseline_replaces_the_lines_of_this_compiler(self):
        result = self.run_with("gcc 11 | local free | 1\n" + self.lines(10), UPDATE="1")
        self.assertIsNone(result.failure)
        self.assertEqual(self.baseline, "gcc 11 | local free | 1\n" + self.lines())


class Stepper(Commands):
    target = "count"

    def count(self, text, late=False):
        self.consoles, self.late = {"": text}, late
        kernel = types.SimpleNamespace(binary="/x/linux", dir="/x/split", environment=dict)
        with mock.patch.object(count, "run", return_value=types.SimpleNamespace(
                returncode=0, stdout=b"0000000000001000 T bench_mark\n")):
            return self.quiet(count.count, self.job(), kernel, "image", False)

    def test_a_kernel_is_stepped(self):
        self.assertEqual(self.count(PRINTED)[0][3], 100)
        self.assertIn("/count 0000000000001000 /x/linux ncpus=2 ", self.boots[0])
        self.assertIn("BENCH_CASES=count", self.boots[0])

    def test_one_that_prints_nothing_or_hangs(self):
        with self.assertRaisesRegex(Failure, "count 1 is missing .*is ptrace allowed here"):
            self.count("")
        with self.assertRaisesRegex(Failure, "did not end in .* is ptrace allowed here"):
            self.count(PRINTED, late=True)


class Programs(Commands):
    target = "count"

    def refused(self, words, *answers):
        kernel = types.SimpleNamespace(binary="/x/linux", dir="/x/split", environment=dict)
        with mock.patch.object(count, "run", side_effect=[
                types.SimpleNamespace(returncode=code, stdout=text) for code, text in answers]), \
                self.assertRaisesRegex(Failure, words):
            count.count(self.job(), kernel, "image", False)

    def test_each_that_is_not_as_it_should_be(self):
        self.refused("count.c did not compile", (1, b""))
        self.refused("/x/linux has no bench_mark", (0, b""), (0, b"0000 T other\n"))


if __name__ == "__main__":
    unittest.main()
