# SPDX-License-Identifier: GPL-2.0
"""Instruction counts: what the stepper prints, and the baseline."""

import os
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.bench import arches, build, count
from splitfree.commands import count as command
from tests.fakes import Commands

PRINTED = "bench: start on 2 CPUs\r\n" + "".join(
    f"count {i} {100 * i + 9 if i > 1 else 9}\n" for i in range(1, 14))
COUNTS = {i: 100 * i for i in count.PATHS if i not in count.OURS}


def without_empty(found):
    return {i: functions for i, functions in found.items() if functions}


class Counts(unittest.TestCase):
    def test_the_marks_themselves_do_not_count(self):
        self.assertEqual(count.without_marks(count.parse_counts(PRINTED)), COUNTS)

    def test_a_count_that_is_missing_is_an_error(self):
        with self.assertRaisesRegex(Failure, "^count 3 is missing in what the kernel did$"):
            count.without_marks(count.parse_counts(PRINTED.replace("count 3 ", "bench 3 ")))

    def test_the_median_counts_of_a_path_that_went_by_often(self):
        found = count.parse_counts("count 12 300\ncount 12 900\ncount 12 310\n")
        self.assertEqual(found, {12: 310})

    def test_what_stock_does_not_have_may_be_missing(self):
        found = count.without_marks(count.parse_counts(PRINTED + "count 14 1409\n"))
        self.assertEqual(found, {**COUNTS, 14: 1400})

    def test_instructions_belong_to_the_function_they_are_in(self):
        symbols = count.parse_symbols("0000000000001000 T bench_mark\n"
                                            "0000000000001010 t counting_worker\n"
                                            "0000000000001100 T free\n"
                                            "0000000000001180 d data\n"
                                            "0000000000001200 W push\n")
        found = count.by_function("at 3 1005\nat 3 1020\nat 3 1100\nat 3 1200\r\n"
                                        "at 3 11ff\nat 3 fff\nat 99 1100\n", symbols)
        self.assertEqual(without_empty(found), {3: [("free", 2), ("push", 1)]})

    def test_a_path_that_grew_fails_and_a_shorter_one_does_not(self):
        counts = {i: 100 for i in count.PATHS}
        baseline = {path: 100 for path in count.PATHS.values()}
        baseline.update({count.PATHS[2]: 90, count.PATHS[3]: 110, count.PATHS[4]: 99})
        rows = count.compare(counts, baseline)
        self.assertEqual([row[3] for row in rows], [False] + [True] * (len(rows) - 1))
        self.assertEqual(rows[0][2], "90 in the baseline, +11.1 %")

    def test_a_path_without_a_baseline_cannot_be_compared(self):
        rows = count.compare({**COUNTS, 14: 7}, {count.PATHS[2]: 200})
        self.assertEqual([row[3] for row in rows], [True] + [None] * (len(rows) - 1))
        self.assertIn("UPDATE=1", rows[1][2])

    def test_a_path_that_the_kernel_did_not_go_fails(self):
        rows = count.compare(COUNTS, {path: 2000 for path in count.PATHS.values()})
        self.assertEqual([row[0] for row in rows if not row[3]], [count.PATHS[14]])

    def test_a_table_has_a_ratio_for_each_kernel_but_the_first(self):
        lines = count.table({"stock": {2: 200, 3: 100}, "split": {2: 210, 3: 90, 14: 7}})
        self.assertEqual(lines[0], "| path | stock | split | split / stock |")
        self.assertEqual(lines[1].count("---"), 4)
        self.assertIn("| local allocation | 200 | 210 | 1.050 |", lines)
        self.assertIn("| __rcu_alloc_page_lockless() | - | 7 | - |", lines)

    def test_our_baselines_have_paths_that_there_are(self):
        for arch in count.ARCHES:
            with open(count.baseline_file(arch), encoding="utf-8") as handle:
                found = count.parse_baseline(handle.read())
            self.assertTrue(found or arch != count.UML, arch)
            for paths in found.values():
                self.assertLessEqual(set(paths), set(count.PATHS.values()), arch)


class Command(Commands):
    target = "count"
    COUNTS = {i: 100 * i for i in count.PATHS}

    def run_with(self, baseline, counts=None, **texts):
        path = os.path.join(self.out, "instructions.list")
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(baseline)
        job = self.job(**texts)
        with mock.patch.object(count, "baseline_file", return_value=path), \
                mock.patch.object(count, "compiler", return_value="gcc 12"), \
                mock.patch.object(command, "measure", return_value=(
                    counts or {"stock": COUNTS, "split": self.COUNTS},
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
        self.assertEqual((result.sums(), result.failure), ((len(count.PATHS), 0, 0), None))
        self.assertIn("| local allocation | 200 | 200 | 1.000 |", self.said)
        self.assertRegex(self.said, "split +local allocation +7  free")
        self.assertEqual(result.data["counts"]["split"]["local free"], 300)

    def test_paths_without_a_baseline_are_skipped(self):
        result = self.run_with("gcc 12 | local free | 300\n")
        self.assertEqual((result.sums(), result.failure), ((1, 0, len(count.PATHS) - 1), None))
        self.assertRegex(self.said, "skipped +local allocation .*no baseline")

    def test_a_path_that_grew(self):
        result = self.run_with(self.lines(5))
        self.assertEqual(result.sums(), (len(count.PATHS) - 1, 1, 0))
        self.assertIn("accept it with make count UPDATE=1", str(result.failure))
        self.assertEqual(result.failure.status, 1)

    def test_kunit_costs_two_percent_at_most(self):
        dear = {**self.COUNTS, 3: 307}
        result = self.run_with(self.lines(), {"split": self.COUNTS, "split, KUNIT=m": self.COUNTS,
                                              "split, KUNIT=y": dear}, KUNIT="m,y")
        self.assertEqual(result.sums(), (3 * len(count.PATHS) - 1, 1, 0))
        self.assertRegex(str(result.failure), "'local free' has more .*KUNIT=y")
        self.assertIn("307 instructions, 300 without KUnit, +2.3 % (split, KUNIT=y)", self.said)
        self.assertEqual([row["path"] for row in result.data["paths"] if not row["good"]],
                         ["local free"])

    def test_another_compiler_is_no_failure_of_the_code(self):
        result = self.run_with("# none\n", ARCH="arm64")
        self.assertEqual((result.sums(), result.failure.status), ((0, 0, len(count.PATHS)), 2))
        self.assertRegex(str(result.failure), "no numbers for gcc 12.*count ARCH=arm64 UPDATE=1")

    def test_a_new_baseline_replaces_the_lines_of_this_compiler(self):
        result = self.run_with("gcc 11 | local free | 1\n" + self.lines(10), UPDATE="1")
        self.assertIsNone(result.failure)
        self.assertEqual(self.baseline, "gcc 11 | local free | 1\n" + self.lines())


class Kernels(Commands):
    """Which kernels are built and counted in, for the variables that are given."""

    target = "count"

    def names(self, **texts):
        return [(name, variant[1], [os.path.basename(path) for path in more], suffix)
                for name, variant, more, suffix in command.wanted(self.job(**texts).options)]

    def test_split_alone_under_uml(self):
        self.assertEqual(self.names(), [("split", "split", [], "")])
        self.assertEqual([row[0] for row in self.names(STOCK="1")], ["stock", "split"])

    def test_another_architecture_has_stock_beside_it(self):
        self.assertEqual([row[0] for row in self.names(ARCH="arm64")], ["stock", "split"])

    def test_without_kunit_comes_first_and_always(self):
        self.assertEqual([row[3] for row in self.names(KUNIT="all")], ["", "-kunit-all"])
        self.assertEqual(self.names(KUNIT="y,m"), [
            ("split", "split", [], ""),
            ("split, KUNIT=m", "split", ["kunit-m.config"], "-kunit-m"),
            ("split, KUNIT=y", "split", ["kunit-y.config"], "-kunit-y")])

    def test_what_is_no_value(self):
        with self.assertRaisesRegex(Failure, "KUNIT=n is unknown"):
            self.job(KUNIT="n")
        with self.assertRaisesRegex(Failure, "ARCH=i386 is unknown"):
            self.job(ARCH="i386")
        with self.assertRaisesRegex(Failure, "FUNCTIONS=1 is for UML"):
            command.check(self.job(ARCH="arm64", FUNCTIONS="1"))
        command.check(self.job(FUNCTIONS="1"))

    def test_each_has_its_place(self):
        self.assertEqual(os.path.basename(self.job().results), "count")
        self.assertEqual(os.path.basename(self.job(ARCH="x86_64").results), "count-x86_64")
        self.assertEqual(os.path.basename(self.job(KUNIT="m").results), "count-kunit")

    def test_each_is_built_and_counted(self):
        job = self.job(ARCH="x86_64", KUNIT="m")
        with mock.patch.object(count, "make_kernel",
                               side_effect=lambda job, arch, variant, more, suffix:
                               variant[1] + suffix), \
                mock.patch.object(count, "count", side_effect=lambda job, arch, kernel, *_:
                                  ({2: len(kernel)}, {})):
            counts, _ = command.measure(job)
        self.assertEqual(counts, {"stock": {2: 5}, "split": {2: 5}, "split, KUNIT=m": {2: 13}})


class Qemu(Commands):
    """A kernel of another architecture, whose clock counts."""

    target = "count"
    SAMPLES = "".join(f"bench count path_{i} {nr}\r\n" for i in range(1, 14)
                      for nr in (100 * i + 9, 100 * i + 9, 100 * i + 5000)).replace(
                          "path_1 109", "path_1 9")
    GOOD = "bench count good\r\n" + SAMPLES + "bench count done 3\r\n"

    def setUp(self):
        super().setUp()
        self.patch(arches.shutil, "which", lambda program: "/usr/bin/" + program)

    def counted(self, arch, text, late=False):
        self.consoles, self.late = {"": text}, late
        kernel = types.SimpleNamespace(binary="/x/Image", dir="/x/split")
        return self.quiet(count.count, self.job(ARCH=arch), arch, kernel, None, False)

    def test_the_median_of_the_samples(self):
        for arch in arches.ARCHES:
            self.assertEqual(self.counted(arch, self.GOOD), (COUNTS, {}))
            self.assertIn("-icount shift=0,sleep=off ", self.boots[-1])
            self.assertIn("-kernel /x/Image -append ", self.boots[-1])
            self.assertIn(" pcp_bench.boot=count ", self.boots[-1])

    def test_a_counter_that_goes_on_with_each_instruction(self):
        self.counted("arm64", self.GOOD)
        self.assertIn("cntfrq=1000000000", self.boots[-1])

    def test_what_may_go_wrong(self):
        with self.assertRaisesRegex(Failure, "could not count: needs 2 CPUs"):
            self.counted("x86_64", "bench count needs 2 CPUs\r\n")
        with self.assertRaisesRegex(Failure, "count 1 is missing .*split.log"):
            self.counted("x86_64", "Kernel panic\n")
        with self.assertRaisesRegex(Failure, "did not end in"):
            self.counted("x86_64", self.GOOD, late=True)
        self.patch(arches.shutil, "which", lambda program: None)
        with self.assertRaisesRegex(Failure, "qemu-system-aarch64 is missing; run "
                                    "scripts/packages.sh count-arm64"):
            self.counted("arm64", self.GOOD)

    def test_the_kernel_is_made_of_its_fragments(self):
        with mock.patch.object(build, "source", return_value=self.job().tree):
            kernel = count.make_kernel(self.job(ARCH="arm64"), "arm64", build.VARIANTS[1],
                                       ("/kunit-m.config",), "-kunit-m")
            native = count.make_kernel(self.job(ARCH="x86_64"), "x86_64", build.VARIANTS[0])
        self.assertEqual([os.path.basename(path) for path in kernel.fragments],
                         ["count.config", "count-arm64.config", "kunit-m.config"])
        self.assertTrue(kernel.dir.endswith("/kunit-build/count-arm64/split-kunit-m"))
        self.assertIn("CROSS_COMPILE=aarch64-linux-gnu-", kernel.make_options())
        self.assertEqual((kernel.ARCH, kernel.cc), ("arm64", "aarch64-linux-gnu-gcc"))
        self.assertTrue(native.binary.endswith("count-x86_64/stock/arch/x86/boot/bzImage"))

    def test_each_fragment_is_there(self):
        for arch in arches.ARCHES:
            for path in arches.fragments(arch):
                self.assertTrue(os.path.exists(path), path)
        for _, _, more, _ in command.wanted(self.job(KUNIT="m,y,all").options):
            for path in more:
                self.assertTrue(os.path.exists(path), path)


class Stepper(Commands):
    target = "count"

    def count(self, text, late=False):
        self.consoles, self.late = {"": text}, late
        kernel = types.SimpleNamespace(binary="/x/linux", dir="/x/split", environment=dict)
        with mock.patch.object(count, "run", return_value=types.SimpleNamespace(
                returncode=0, stdout=b"0000000000001000 T bench_mark\n")):
            return self.quiet(count.count, self.job(), count.UML, kernel, "image", False)

    def test_a_kernel_is_stepped(self):
        self.assertEqual(self.count(PRINTED)[0][3], 300)
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
            count.count(self.job(), count.UML, kernel, "image", False)

    def test_each_that_is_not_as_it_should_be(self):
        self.refused("bench/count.c did not compile$", (1, b""))
        self.refused("/x/linux has no bench_mark", (0, b""), (0, b"0000 T other\n"))


if __name__ == "__main__":
    unittest.main()
