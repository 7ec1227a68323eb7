# SPDX-License-Identifier: GPL-2.0
"""The consoles, the cases and the table of make frag."""

import fnmatch
import json
import os
import re
import types
import unittest

from splitfree.base.failures import Failure
from splitfree.bench import build as builds
from splitfree.bench import frag, fragqemu, plot
from splitfree.bench import run as bench
from splitfree.commands import frag as command
from splitfree.kernel import x86
from tests.fakes import SPLAT, Commands

LOAD = """\
frag: load us 147777\r
frag: load after_whole 91\r
frag: load after_possible 92\r
frag: load after_pieces 4 5 7\r
frag: end\r
"""
COMPACT = """\
frag: compact us 5300
frag: compact event_pgmigrate_success 1040
frag: compact event_compact_migrate_scanned 1500
frag: compact event_compact_free_scanned 500
frag: compact got 20
frag: compact longest_us 1240
frag: compact keep_index 3
frag: compact after_possible 220
frag: end
"""


class Console(unittest.TestCase):
    def test_values(self):
        values, why, ended = frag.parse_console(LOAD)
        self.assertEqual(values["load.after_whole"], [91])
        self.assertEqual(values["load.after_pieces"], [4, 5, 7])
        self.assertIsNone(why)
        self.assertTrue(ended)

    def test_failed(self):
        values, why, ended = frag.parse_console("frag: load failed no memory for the table\n")
        self.assertEqual((values, why, ended), ({}, "load: no memory for the table", False))

    def test_load(self):
        found = frag.figures(frag.parse_console(LOAD)[0])
        self.assertEqual(found["load: whole"], 91)
        self.assertEqual(found["load: possible"], 92)
        self.assertEqual(found["load: ms"], 148)
        self.assertNotIn("thin: whole", found)

    def test_compaction(self):
        found = frag.figures(frag.parse_console(COMPACT)[0])
        self.assertEqual(found, {"got": 20, "possible": 220, "got %": 9.1, "migrated/page": 52.0,
                                 "scanned/page": 100.0, "ms": 5.3, "migrated *": 1040,
                                 "scanned *": 2000, "keep_index *": 3, "longest ms": 1.2})

    def test_a_boot_in_which_kcompactd_came_by_need_not_reach_each_goal(self):
        text = COMPACT + "frag: compact event_compact_daemon_migrate_scanned 512\n"
        found = frag.figures(frag.parse_console(text)[0])
        self.assertNotIn("got %", found)
        self.assertEqual(found["got"], 20)

    def test_samples_come_again(self):
        values, _, _ = frag.parse_console("frag: age sample 1 9 8\nfrag: age sample 2 8 8\n")
        self.assertEqual(values["age.sample"], [[1, 9, 8], [2, 8, 8]])

    def test_reclaim(self):
        values = {"reclaim.event_pgalloc_normal": [2000], "reclaim.event_pgsteal_kswapd": [900],
                  "reclaim.event_pgsteal_direct": [100], "reclaim.event_pgscan_kswapd": [3000],
                  "reclaim.event_allocstall_normal": [3]}
        found = frag.figures(values)
        self.assertEqual((found["stolen/1000"], found["scanned/1000"], found["stalls"]),
                         (500, 1500, 3))

    def test_nothing_got(self):
        found = frag.figures({"compact.got": [0], "compact.event_pgmigrate_success": [7]})
        self.assertEqual(found["migrated/page"], 7)

    def test_remote(self):
        values = {"remote_user.pages": [1000], "remote_user.event_pcp_push": [934],
                  "remote_user.us": [100]}
        self.assertEqual(frag.figures(values), {"user pushed %": 93.4, "user ns/page": 100.0})
        values["remote_user.locks"] = [2]
        self.assertEqual(frag.figures(values), {"user pushed %": 93.4, "user locks/1000": 2.0})


OOM = """\
frag: oom us 9000\r
frag: oom event_oom_kill 6\r
frag: oom event_allocstall_normal 40\r
frag: oom event_allocstall_movable 2\r
frag: oom children 384\r
frag: oom surplus 5\r
init invoked oom-killer: gfp_mask=0x140cca\r
 free:300 free_pcp:40 free_cma:0\r
init invoked oom-killer: gfp_mask=0x140cca\r
 free:300 free_pcp:60 free_cma:0\r
Out of memory: Killed process 70 (init) total-vm:1kB\r
frag: oom kill_pcp 30\r
frag: oom kill_waiting 4\r
frag: oom kill_pcp 31\r
frag: oom kill_waiting 8\r
frag: end\r
"""


class Guest(unittest.TestCase):
    """Lines of the guest of QEMU=1."""

    def test_huge_pages(self):
        for phase in fragqemu.HUGE:
            text = COMPACT.replace("compact ", phase + " ").replace("after_possible", "tried")
            found = frag.figures(frag.parse_console(text)[0])
            self.assertEqual((found["got"], found["possible"], found["migrated/page"]),
                             (20, 220, 52.0))

    def test_a_table_that_cannot_be_drained(self):
        text = ("frag: fill before_whole 7\nfrag: fill before_possible 9\n"
                "frag: fill before_pieces 1 2 3\n")
        self.assertEqual(frag.figures(frag.parse_console(text)[0]),
                         {"fill: undrained whole": 7, "fill: possible": 9})

    def test_swap(self):
        values = {"anon.event_pgalloc_dma32": [4000], "anon.event_pgsteal_direct": [1000],
                  "anon.event_pgscan_kswapd": [3000], "anon.us": [2000]}
        found = frag.figures(values)
        self.assertEqual((found["stolen/1000"], found["scanned/1000"], found["oom kills"]),
                         (250, 750, 0))

    def test_kills(self):
        found = frag.figures(frag.parse_console(OOM)[0])
        self.assertEqual(found, {"oom kills": 6, "surplus": 5, "stalls": 42, "ms": 9,
                                 "held at kill": 50, "held at kill, most": 60,
                                 "waiting at kill": 6, "waiting at kill, most": 8})

    def test_nothing_waits_in_stock(self):
        values, _, _ = frag.parse_console(OOM.replace("waiting 4", "waiting 0")
                                          .replace("waiting 8", "waiting 0"))
        self.assertEqual(frag.figures(values)["waiting at kill"], 0)

    def test_only_where_it_is_asked_for_a_kill_is_no_complaint(self):
        self.assertEqual(bench.complaints(fragqemu.expected(["oom"], OOM)), [])
        self.assertTrue(bench.complaints(fragqemu.expected(["anon"], OOM)))
        self.assertTrue(bench.complaints(fragqemu.expected(["oom"], SPLAT + OOM)))


class Cases(unittest.TestCase):
    def test_list_of_the_guest(self):
        program = "".join(builds.read(path).decode() for path in fragqemu.SOURCES)
        arguments = {"RUN", *re.findall(r'\bnumber\("(\w+)",', program)}
        cases = frag.read_list(fragqemu.CASES, frag.parse_cases)
        self.assertEqual(len(cases), len({case.name for case in cases}))
        for case in cases:
            for word in case.args.split():
                self.assertIn(word.split("=")[0].upper(), arguments)
            for phase in frag.phases_of(case):
                self.assertIn(f'strcmp(phase, "{phase}")', program)
            self.assertFalse(frag.has_alignments(case) or frag.is_counting(case))

    def test_list(self):
        with open(os.path.join(frag.HERE, "cases.list"), encoding="utf-8") as handle:
            cases = frag.parse_cases(handle.read())
        names = [case.name for case in cases]
        self.assertEqual(len(names), len(set(names)))
        program = "".join(builds.read(os.path.join(frag.HERE, name)).decode()
                          for name in builds.program_files(frag.KIT))
        parameters = re.findall(r"\bmodule_param(?:_named)?\((\w+),", program)
        for case in cases:
            for word in case.args.split():
                self.assertIn(word.split("=")[0], parameters)
                if word.startswith("run="):
                    for phase in word[4:].split(","):
                        self.assertIn(f'strcmp(frag_phase, "{phase}")', program)

    def test_bad_line(self):
        with self.assertRaisesRegex(Failure, "line 2 is no case"):
            frag.parse_cases("# x\nname | many | 4 | run=load | what\n")

    def test_choose(self):
        cases = frag.parse_cases("a | 1 | 2 | run=load | x\nb | 1 | 2 | run=load | y\n")
        self.assertEqual([case.name for case in frag.choose(cases, "b c")], ["b"])
        self.assertEqual(len(frag.choose(cases, "")), 2)
        with self.assertRaisesRegex(Failure, "there are a, b"):
            frag.choose(cases, "c")


class Goals(unittest.TestCase):
    def test_list(self):
        cases = [case for name in ("cases.list", fragqemu.CASES)
                 for case in frag.read_list(name, frag.parse_cases)]
        for goal in frag.read_list("goals.list", frag.goals_of):
            for glob in goal.cases:
                self.assertTrue(any(fnmatch.fnmatchcase(case.name, glob) for case in cases), glob)

    def test_each_quick_case_is_there(self):
        cases = frag.read_list("cases.list", frag.parse_cases)
        of_qemu = frag.read_list("qemu.list", frag.parse_cases)
        self.assertEqual({case.name for listed in (cases, of_qemu)
                          for case in frag.choose(listed, "", True)}, set(frag.QUICK))
        with self.assertRaisesRegex(Failure, "there are movable_512, half_512"):
            frag.choose(cases, "half_2048", True)

    def test_bad_lines(self):
        for line, why in (("a | whole | stock>=1.00", " is no goal: case globs"),
                          ("a | whole | stock=1 | x", ": stock=1 is no goal"),
                          ("a | w | b.c<=1 | x", ": b.c<=1 is no goal"),
                          ("a | w | - | x", ": - is no goal")):
            with self.assertRaisesRegex(Failure, "goals.list line 1" + why):
                frag.goals_of(line)
        with self.assertRaisesRegex(Failure, r"^x line 1 is no case: name \| MB \| CPUs \| "
                                    r"parameters \| what$"):
            frag.parse_cases("a | many | 2 | run=load | x", "x")


def compaction(*got, migrated=1):
    """Boots that got so many pages, each with another alignment."""
    return [{"got": n, "migrated/page": migrated, "scanned/page": 0, "ms": 1.0,
             "migrated *": n * migrated, "scanned *": 0, "keep_index *": i, "round": i}
            for i, n in enumerate(got)]


class Table(unittest.TestCase):
    cases = frag.parse_cases("a | 1 | 2 | run=load | x\n")
    goals = frag.goals_of("a b | whole got | stock>=1.00 | x\na | got | stock>=1.00 | x\n"
                          "a | whole | stock>=1.00 | x\na | pushed % | value>=90 | x\n"
                          "a | stray * | stock<=1.00 | x\n")

    def rows(self, stock=(), split=(), **more):
        data = {"a": {"stock": list(stock), "split": list(split)}}
        return frag.rows_of(self.cases, data, self.goals, **more)

    def test_rows(self):
        stock = [{"whole": 90, "mixed *": 0, "round": 1}, {"whole": 92, "mixed *": 0, "round": 2}]
        split = [{"whole": 91, "mixed *": 0, "round": 1}]
        text = frag.table(self.rows(stock, split))
        self.assertRegex(text, r"a +whole +91 \(90 .. 92\) +91 +1.000 \[0.989 1.011\] +"
                               r"stock>=1.00 +unsure")
        self.assertNotIn("mixed", text)
        self.assertNotIn("round", text)
        self.assertIn("mixed", frag.table(self.rows(stock, split, full=True)))

    def test_a_figure_with_a_goal_is_in_the_table(self):
        row, = self.rows([{"stray *": 4, "round": 1}], [{"stray *": 2, "round": 1}])
        self.assertEqual((row.figure, row.verdict), ("stray *", "met"))

    def test_nothing_in_both_is_alike(self):
        none, one = {"stray *": 0, "round": 1}, {"stray *": 1, "round": 1}
        for split, verdict in ((none, "met"), (one, "not measured")):
            row, = self.rows([none], [split])
            self.assertEqual(row.verdict, verdict)

    def test_one_kernel(self):
        row, = self.rows(split=[{"whole": 91}])
        self.assertEqual((row.stock, row.split, row.verdict, row.short),
                         ("-", "91", "not measured", True))

    def test_verdicts(self):
        for split, verdict, short in ((95, "met", False), (90, "met", False),
                                      (87, "missed", False), (85, "missed", True)):
            row, = self.rows([{"whole": 90}] * 3, [{"whole": split}] * 3)
            self.assertEqual((row.verdict, row.short), (verdict, short), split)

    def test_a_value_needs_no_stock(self):
        for split, verdict, short in (([95, 96], "met", False), ([89, 93], "unsure", False),
                                      ([95, 96, 20], "unsure", True),
                                      ([80, 81], "missed", True)):
            row, = self.rows(split=[{"pushed %": value} for value in split])
            self.assertEqual((row.verdict, row.short), (verdict, short), split)

    def test_alignments_count_alike_and_round_by_round(self):
        rows = {row.figure: row for row in self.rows(compaction(20, 210), compaction(20, 210))}
        self.assertEqual(rows["got"].stock, "115 (20 .. 210)")
        self.assertEqual((rows["got"].ratio, rows["got"].verdict), ((1, 1, 1), "met"))
        found = frag.alignments({"stock": compaction(20, 210)})
        self.assertEqual(found["stock"][1]["got"], 210)

    def test_what_differs_between_alignments_is_not_left_to_chance(self):
        stock, split = ([{**boot, "round": 8 * turn + boot["round"]} for turn in range(3)
                         for boot in compaction(20 + more, 210 - more)] for more in (0, 10))
        rows = {row.figure: row for row in self.rows(stock, split)}
        self.assertEqual((rows["got"].ratio, rows["got"].verdict), ((1, 1, 1), "met"))
        rows = {row.figure: row for row in self.rows(stock[:2], split[:2])}
        self.assertEqual(rows["got"].verdict, "unsure")

    def test_pages_moved_are_those_of_all_boots_for_the_pages_of_all_boots(self):
        stock = compaction(10, migrated=100) + compaction(190, migrated=1)
        rows = {row.figure: row for row in self.rows(stock)}
        self.assertEqual(rows["migrated/page"].stock, "5.95 (1 .. 100)")

    def test_a_curve_is_compared_window_by_window(self):
        # A breath of two windows, which split follows at nine tenths, but for one window.
        stock = [[second, 40 if (second - 1) // 30 % 2 else 80] for second in range(1, 601)]
        split = [[second, whole * (0.5 if second > 570 else 0.9)] for second, whole in stock]
        case = frag.parse_cases("a | 1 | 2 | run=age period=60 | x\n")
        goals = frag.goals_of("a | worst 30 s with noise | value>=1.00 | x\n")
        rows = {row.figure: row for row in
                frag.rows_of(case, {}, goals, curves={"a": {"stock": stock, "split": split}})}
        self.assertAlmostEqual(rows["whole over time"].ratio.value, 0.887, 3)
        self.assertEqual(rows["worst 30 s"].split, "0.500")
        self.assertEqual(rows["worst 30 s with noise"].verdict, "missed")
        rows = {row.figure: row for row in
                frag.rows_of(case, {}, goals, curves={"a": {"stock": stock, "split": stock}})}
        self.assertEqual(rows["worst 30 s with noise"].verdict, "met")
        self.assertEqual(len(frag.rows_of(case, {}, goals, curves={"a": {"stock": stock}})), 1)

    def test_a_short_curve_has_no_noise(self):
        self.assertIsNone(frag.noise(frag.windows([[s, 9] for s in range(1, 100)]), 60))

    def test_only_rounds_of_both_are_compared(self):
        rows = {row.figure: row for row in self.rows(compaction(20, 210), compaction(20))}
        self.assertEqual(rows["got"].ratio.value, 1)


class Run(Commands):
    target = "frag"

    def setUp(self):
        super().setUp()
        kernel = types.SimpleNamespace(binary="/x/linux", environment=dict)
        self.patch(frag, "build", lambda job, cases: {
            (name, counting): kernel for name in frag.KERNELS for counting in (False, True)})
        self.pinned = self.patch(frag, "pin", return_value=True)

    def run_with(self, text, args="run=load mb=3", **texts):
        self.consoles = {"": text}
        job = self.job(**{"ROUNDS": "2", **texts})
        job.cases = frag.parse_cases(f"a | 512 | 2 | {args} | x\n")
        job.goals = frag.goals_of("a | load: whole | stock>=1.00 | x\n")
        self.last = job
        return self.quiet(command.run, job)

    def boots_of(self, kernel):
        with open(self.last.path("results.json"), encoding="utf-8") as handle:
            return [boot["load: whole"] for boot in json.load(handle)["cases"]["a"][kernel]]

    def test_guests_are_bound_where_each_cpu_can_have_a_core(self):
        for hosts, bound in (({0, 3}, True), ({3}, False)):
            with self.subTest(hosts=hosts):
                self.patch(os, "sched_getaffinity", lambda pid, hosts=hosts: hosts)
                self.pinned.reset_mock()
                self.run_with(LOAD)
                self.assertEqual(self.pinned.called, bound)

    def test_owners_off_is_a_measurement_of_its_own(self):
        self.run_with(LOAD)
        self.assertTrue(all("pcp_owners=on" in line for line in self.boots))
        self.boots.clear()
        self.run_with(LOAD, OWNERS="off")
        self.assertTrue(all("pcp_owners=off" in line for line in self.boots))
        self.assertTrue(self.last.results.endswith("frag-off"))

    def test_nothing_is_pushed_with_owners_off(self):
        def figures(**texts):
            job = self.job(**texts)
            command.check(job)
            return {goal.figure for goal in job.goals}

        pushed = {"user pushed %", "kernel pushed %", "user locks/1000", "kernel locks/1000"}
        self.assertEqual(figures() - figures(OWNERS="off"), pushed)

    def test_each_kernel_in_each_round_with_its_seed(self):
        result = self.run_with(LOAD)
        self.assertEqual(len(self.boots), 4)
        self.assertIn("mem=512M", self.boots[0])
        self.assertIn("pcp_frag.seed=1 pcp_frag.run=load pcp_frag.mb=3", self.boots[0])
        self.assertEqual(self.boots_of("stock"), [91, 91])
        self.assertRegex(self.said, r"a +load: whole +91 +91 +1.000")

    def test_one_kernel_leaves_the_other_as_it_was(self):
        self.run_with(LOAD)
        result = self.run_with(LOAD.replace("whole 91", "whole 92"), KERNELS="split")
        self.assertEqual(self.boots_of("stock") + self.boots_of("split"), [91, 91, 92, 92])
        self.assertEqual([row["verdict"] for row in result.data["rows"]][0], "met")

    def test_all_alignments_of_the_pages_that_stay(self):
        result = self.run_with(COMPACT, "run=compact cpu=0")
        self.assertEqual(len(self.boots), 16)
        self.assertEqual([frag.rounds_of(self.last.cases[0], *more)
                          for more in ((1,), (5,), (5, True))], [8, 24, 8])
        self.assertEqual({f"pcp_frag.keep_index={n}" for n in range(8)},
                         {boot.split()[-1] for boot in self.boots})
        self.assertEqual(result.data["alignments"]["a"]["split"][3]["got"], 20)
        self.boots.clear()
        self.run_with(COMPACT, "run=compact scatter=1")
        self.assertEqual(len(self.boots), 4)

    def test_a_curve_is_drawn_and_measured_once(self):
        samples = "".join(f"frag: age sample {s} 9 8 0 0 1 2 9\n" for s in range(1, 70))
        drawn = self.patch(plot, "gnuplot")
        result = self.run_with(samples + "frag: end\n", "run=age seconds=1200", AGE_SECONDS="70")
        self.assertEqual(len(self.boots), 2)
        self.assertIn("pcp_frag.seconds=70", self.boots[0])
        self.assertEqual(drawn.call_args[0][0], self.last.path("a.svg"))
        self.assertEqual(result.data["rows"][0]["figure"], "whole over time")

    def test_a_quick_run_is_a_test_of_each_goal(self):
        result = self.run_with(LOAD, QUICK="1")
        self.assertEqual((result.sums(), result.failure), ((1, 0, 0), None))
        result = self.run_with(LOAD.replace("whole 91", "whole 81"), QUICK="1", KERNELS="split")
        self.assertEqual(result.sums(), (0, 1, 0))
        self.assertRegex(str(result.failure), "a, load: whole: stock>=1.00 was missed")
        self.assertEqual(result.failure.status, 1)
        self.assertTrue(self.last.results.endswith("frag-quick"))

    def test_guests_of_qemu(self):
        kernel = types.SimpleNamespace(binary="/x/bzImage", ARCH="x86_64")

        def build(job, _):
            job.image = "/x/initramfs.cpio"
            return {(name, False): kernel for name in frag.KERNELS}

        self.patch(frag, "build", build)
        self.patch(x86, "program", return_value="qemu")
        self.run_with(OOM, "run=oom mb=3", QEMU="1")
        self.assertEqual(len(self.boots), 4)
        self.assertRegex(self.boots[2], r"-m 512M .*-kernel /x/bzImage -initrd /x/initramfs.cpio "
                                        r".*FRAG_SEED=2 FRAG_RUN=oom FRAG_MB=3")
        self.assertNotIn("pcp_frag", self.boots[0])
        self.assertTrue(self.last.results.endswith("frag-qemu"))
        self.assertRegex(self.said, r"a +oom kills +6 +6 +1.000")
        with self.assertRaisesRegex(Failure, "the kernel complained: Out of memory"):
            self.run_with(OOM, "run=anon", QEMU="1")

    def test_its_cases_are_of_another_list(self):
        for name in ("oom_small", "movable_512"):
            job = self.job(CASES=name, QEMU="1" if name == "oom_small" else "")
            command.check(job)
            self.assertEqual([case.name for case in job.cases], [name])
        with self.assertRaisesRegex(Failure, "no case matches CASES=movable_512"):
            command.check(self.job(CASES="movable_512", QEMU="1"))
        job = self.job(QUICK="1", QEMU="1")
        command.check(job)
        self.assertEqual([case.name for case in job.cases], ["thp_thin", "khugepaged_thin"])
        self.assertTrue(job.results.endswith("frag-qemu-quick"))

    def test_what_is_no_measurement(self):
        for text, words in ((LOAD.replace("frag: end", ""), "the kernel stopped early"),
                            ("frag: load failed no memory\n" + LOAD, "load: no memory"),
                            (SPLAT + LOAD, "the kernel complained")):
            with self.assertRaisesRegex(Failure, words) as caught:
                self.run_with(text)
            self.assertEqual(caught.exception.status, 2)
        self.late = True
        with self.assertRaisesRegex(Failure, "hung and was killed"):
            self.run_with(LOAD.replace("frag: end", ""))

    def test_a_kernel_that_does_not_build_is_no_failed_test(self):
        def build(*_):
            raise Failure("did not build", 1)

        self.patch(frag, "build", build)
        with self.assertRaisesRegex(Failure, "did not build") as caught:
            self.run_with(LOAD)
        self.assertEqual(caught.exception.status, 2)

    def test_bad_values(self):
        with self.assertRaisesRegex(Failure, "KERNELS=coarse is none of stock, split"):
            self.job(KERNELS="coarse")
        with self.assertRaisesRegex(Failure, "no case matches CASES=nonsense"):
            command.check(self.job(CASES="nonsense"))


if __name__ == "__main__":
    unittest.main()
