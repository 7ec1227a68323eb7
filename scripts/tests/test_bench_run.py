# SPDX-License-Identifier: GPL-2.0
"""The runs of make bench and their places, a second run, and a table that is made anew."""

import contextlib
import io
import json
import os
import tempfile
import types
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.bench import run, stats
from splitfree.commands import bench as command
from splitfree.judge.excuses import BadList
from tests.fakes import SPLAT, Commands
from tests.test_stats import goals


class Again(unittest.TestCase):
    """A second run, and a table that is made anew."""

    # As a bench before this one wrote it: what has come since may be missing.
    RESULTS = json.dumps({"kernel": "7.3", "series": "abc", "cores": 2, "ncpus": [4],
                          "rounds": 1, "load": [0.1], "samples": 5, "sample_ms": 80})

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.path = self.dir.name

    def file(self, name, text=""):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)

    def bench(self):
        options = types.SimpleNamespace(rounds=1, cases="local_o0_b1", ncpus="2", samples=1, ms=1)
        return run.Bench(types.SimpleNamespace(options=options), self.path)

    @staticmethod
    def results(*verdicts):
        return [{"ncpus": 4, "case": f"c{i}", "metric": "ns", "goal": "stock<=1.00",
                 "verdict": verdict} for i, verdict in enumerate(verdicts)]

    def test_only_met_and_missed_contradict(self):
        before = self.results("met", "met", "missed", "met (unsure)", "stated", "met")
        now = self.results("met", "missed", "unsure", "met", "stated")
        self.assertEqual(stats.compare_runs(before, now),
                         (1, ["c2 ns stock<=1.00, 4 CPUs: missed, now unsure",
                              "c3 ns stock<=1.00, 4 CPUs: unsure, now met"],
                          ["c1 ns stock<=1.00, 4 CPUs: met, now missed"]))

    def test_another_goal_or_number_of_cpus_is_not_compared(self):
        now = self.results("missed")
        for key, value in (("goal", "stock<=0.50"), ("ncpus", 2), ("verdict", "not measured")):
            before = [{**self.results("met")[0], key: value}]
            self.assertEqual(stats.compare_runs(before, now), (0, [], []))

    def test_runs_before_are_kept(self):
        for name in ("results.json", "table.txt", "consoles/1-few-4-A.log", "init.gz",
                     "before/9/results.json", "before/notes/results.json"):
            self.file(name, name)
        self.bench().make_room()
        self.assertEqual(sorted(os.listdir(self.path)), ["before", "init.gz"])
        before = os.path.join(self.path, "before")
        self.assertEqual(sorted(os.listdir(before)), ["10", "9", "notes"])
        self.assertEqual(sorted(os.listdir(os.path.join(before, "10"))),
                         ["consoles", "results.json", "table.txt"])

    def test_a_run_without_results_is_not_kept(self):
        self.file("before/1/results.json", "good")
        self.file("consoles/1-few-4-A.log")
        self.bench().make_room()
        self.assertEqual(os.listdir(self.path), ["before"])
        self.assertEqual(os.listdir(os.path.join(self.path, "before")), ["1"])

    def test_a_boot_made_again_counts_in_its_place(self):
        for name in ("1-few-4-A.log", "1-few-4-B.log", "1-again-few-4-B.log", "2-few-4-A.log",
                     "10-few-4-A.log", "4-locks-4-A.log", "3-locks-4-A.log", "else.log"):
            self.file("consoles/" + name)
        found = [os.path.basename(path) for *_, path in run.consoles(self.path, 2)]
        self.assertEqual(found, ["1-few-4-A.log", "2-few-4-A.log", "1-again-few-4-B.log",
                                 "3-locks-4-A.log"])

    def test_the_table_is_made_anew_from_consoles(self):
        self.file("results.json", self.RESULTS)
        for letter, ns in (("A", 100), ("C", 50), ("D", 100)):
            self.file(f"consoles/1-few-4-{letter}.log",
                      f"bench local_o0_b1 median_ns {ns}.0 {ns}.0\nbench: end\n")
        # Of other runs, or gone wrong.
        for name in ("1-few-8-C.log", "1-locks-4-C.log", "2-few-4-C.log"):
            self.file("consoles/" + name, "bench local_o0_b1 median_ns 900.0\n")
        made = self.bench()
        made.remake()
        with contextlib.redirect_stdout(io.StringIO()) as said:
            made.report()
        self.assertRegex(said.getvalue(), r"local alloc.*0\.50 \[0\.50, 0\.50\].*met")
        self.assertIn("series abc, 2 cores, 1 of 1 rounds", said.getvalue())
        self.assertNotIn("against run", said.getvalue())

    def test_the_table_says_what_has_changed_since_the_run_before(self):
        made = self.bench()
        made.json = self.results("met", "missed")
        os.makedirs(os.path.join(self.path, "before", "11"))
        for number, rows in (("9", self.results("met", "met")), ("10", [])):
            self.file(f"before/{number}/results.json",
                      json.dumps({"series": "abc", "rounds": 5, "rows": rows}))
        self.assertEqual(made.against_before(),
                         ["against run 9 before, series abc, 5 rounds: 1 verdicts the same, "
                          "0 unsure in one of the two, 1 contradict",
                          "  c1 ns stock<=1.00, 4 CPUs: met, now missed"])
        self.file("before/10/results.json", "{")
        self.assertRegex(made.against_before()[0], "cannot be read")

    def test_a_folder_without_a_run_is_an_error(self):
        with self.assertRaisesRegex(Failure, "results.json cannot be read: FileNotFoundError"):
            self.bench().remake()
        self.file("results.json", self.RESULTS)
        with self.assertRaisesRegex(Failure, "^cannot read .*/consoles: No such file or directory$"):
            self.bench().remake()
        self.file("consoles/2-few-4-A.log", "bench local_o0_b1 median_ns 900.0\n")
        with self.assertRaisesRegex(Failure, "has no consoles of its 1 rounds$"):
            self.bench().remake()


class Choice(unittest.TestCase):
    def test_globs_choose_cases(self):
        chosen = run.choose(goals(), "remote_o0 many*")
        self.assertEqual({r.case for r in chosen},
                         {"remote_o0"} | {f"many_to_one_{n}" for n in (1, 2, 4, 8, 16)})

    def test_a_glob_that_fits_nothing_is_an_error(self):
        with self.assertRaisesRegex(Failure, "no case matches CASES=quick"):
            run.choose(goals(), "quick")

    def test_what_a_goal_compares_with_is_run_too(self):
        chosen = run.choose(goals(), "remote_o0")
        self.assertEqual(run.cases_of(chosen, "few"), ["remote_o0", "remote_bare"])
        self.assertEqual(run.cases_of(chosen, "many"), [])

    def test_counting_kernels_run_the_case_itself(self):
        chosen = run.choose(goals(), "locks_*")
        self.assertEqual(run.cases_of(chosen, "locks"), ["remote_o0", "remote_o3"])

    def test_numbers_of_cpus(self):
        self.assertEqual(run.cpu_counts("", 2), [4])
        self.assertEqual(run.cpu_counts("", 48), [64])
        self.assertEqual(run.cpu_counts("2 4,8", 2), [2, 4, 8])
        for bad in ("0", "65", "four"):
            with self.assertRaisesRegex(Failure, "NCPUS="):
                run.cpu_counts(bad, 2)

    def test_cpu_0_has_a_core_to_itself_when_there_are_many(self):
        places = [run.place(cpu, "many", [3, 5, 6]) for cpu in range(6)]
        self.assertEqual(places, [3, 5, 6, 5, 6, 5])
        self.assertEqual([run.place(cpu, "few", [3, 5]) for cpu in range(4)], [3, 5, 3, 5])
        self.assertEqual(run.place(9, "many", [0]), 0)


class Kunit(unittest.TestCase):
    """KUNIT= is built into each kernel, and its results are beside those of the others."""

    def test_each_kernel_has_it(self):
        made = run.Bench.__new__(run.Bench)
        made.options = types.SimpleNamespace(kunit="y")
        made.rows, made.kernels, made.counting = run.goals("local_*"), {}, {}
        made.job = types.SimpleNamespace(tree=types.SimpleNamespace(
            lines=lambda *_: ["abc"], state={"version": "7.3"}))
        asked = []
        with mock.patch.object(run.build, "build",
                               lambda job, variant, **more: asked.append((variant[1], more))):
            made.build()
        self.assertEqual([name for name, _ in asked], ["stock", "split", "coarse"])
        for _, more in asked:
            self.assertEqual(more["suffix"], "-kunit-y")
            with open(more["more"][0], encoding="utf-8") as handle:
                self.assertIn("CONFIG_KUNIT=y", handle.read())

    def test_it_has_a_directory_of_its_own(self):
        def directory(**values):
            return command.COMMAND.directory(types.SimpleNamespace(**values))

        self.assertEqual(directory(owners="on", kunit="off"), "bench")
        self.assertEqual(directory(owners="on", kunit="y"), "bench-kunit-y")
        self.assertEqual(directory(owners="off", kunit="m"), "bench-off-kunit-m")


class Rounds(unittest.TestCase):
    """A kernel that hangs once costs a boot, one that hangs twice ends the run."""

    def bench(self, fails):
        made = run.Bench.__new__(run.Bench)
        made.counts, made.loads, made.repeated, made.done = [2], [], [], 0
        made.raw = made.no_data()
        made.options = types.SimpleNamespace(rounds=2)
        boots = []

        def attempt(letter, which, ncpus, label, into):
            boots.append((letter, which, label))
            if (letter, which, label) in fails:
                raise run.BadBoot("it hung")
            if label == "stop":
                raise run.Failure("stopped by SIGINT")
            into[letter].setdefault("case.ns", []).append(len(boots))

        made.attempt = attempt
        return made

    def test_a_boot_that_fails_is_made_again(self):
        made = self.bench({("B", "few", 1)})
        with contextlib.redirect_stdout(io.StringIO()) as said:
            made.round(1)
        self.assertIn("once more, coarse: it hung", said.getvalue())
        self.assertEqual(made.repeated, ["coarse, round 1: it hung"])
        self.assertEqual((made.done, len(made.raw[2]["B"]["case.ns"])), (1, 3))

    def test_each_kernel_has_its_turn_at_each_place(self):
        made = self.bench(())
        places = []
        made.attempt = lambda letter, *_: places.append(letter)
        with contextlib.redirect_stdout(io.StringIO()):
            for label in range(1, 5):
                made.round(label)
        self.assertEqual("".join(places[::3]), "ABCDBCDACDABDABC")

    def test_who_wants_to_stop_is_not_asked_twice(self):
        made = self.bench(())
        with self.assertRaises(run.Failure):
            made.round("stop")
        self.assertEqual(made.repeated, [])

    def test_a_round_that_fails_leaves_the_others(self):
        made = self.bench({("C", "many", 2), ("C", "many", "2-again")})
        with contextlib.redirect_stdout(io.StringIO()):
            made.round(1)
            with self.assertRaises(run.Failure):
                made.round(2)
        self.assertEqual(made.done, 1)
        self.assertEqual({len(v["case.ns"]) for v in made.raw[2].values()}, {3})


class Command(Commands):
    target = "bench"

    def test_from_needs_a_run_and_all_of_it(self):
        with self.assertRaisesRegex(Failure, "FROM=/nowhere is no directory"):
            command.check(self.job(FROM="/nowhere"))
        with self.assertRaisesRegex(Failure, "FROM= makes the whole table of a run"):
            command.check(self.job(FROM=self.out, CASES="remote_o0"))
        command.check(self.job(FROM=self.out))

    def measured(self, failure, done):
        """run() with a bench that ends with a Failure."""
        made = mock.Mock(done=done)
        made.summary.return_value = {"rounds": done}
        made.run.side_effect = failure
        job = self.job()
        job.prepare_tree = lambda: None
        with mock.patch.object(command, "Bench", return_value=made):
            try:
                return made, command.run(job)
            except Failure as caught:
                return made, (caught, job.partial.data)

    def test_a_run(self):
        made, result = self.measured(None, 2)
        self.assertEqual(result.data, {"rounds": 2})
        self.assertTrue(made.write.called)

    def test_what_was_measured_before_a_failure_is_kept(self):
        made, (failure, data) = self.measured(Failure("it hung", 1), 1)
        # Nothing was tested, so it is no failed test.
        self.assertEqual((str(failure), failure.status, data), ("it hung", 2, {"rounds": 1}))
        self.assertTrue(made.write.called)
        made, _ = self.measured(Failure("it hung"), 0)
        self.assertFalse(made.write.called)


class Boot(Commands):
    target = "bench"
    GOOD = "bench: start on 4 CPUs\nbench x ns 1.0\nbench: end\n"

    def boot(self, text, pinned=True):
        self.consoles = {"": text}

        def guest_run(args, console, limit, what, **more):
            more["started"](1)
            return self.boot_(args, console, limit, what, **more)

        self.boot_ = super().boot
        with mock.patch.object(run.guest, "run", guest_run), \
                mock.patch.object(run, "pin", return_value=pinned):
            return self.quiet(run.boot, ["linux"], os.path.join(self.out, "log"), "few", 2, [0], {})

    def test_good(self):
        self.assertEqual(self.boot(self.GOOD), self.GOOD)

    def test_what_may_be_better_the_next_time(self):
        with self.assertRaisesRegex(run.BadBoot, "stopped early .*try the same case alone"):
            self.boot("bench: start on 4 CPUs\n")
        with self.assertRaisesRegex(run.BadBoot, "could not be bound to cores"):
            self.boot(self.GOOD, pinned=False)
        self.late = True
        with self.assertRaisesRegex(run.BadBoot, "hung and was killed"):
            self.boot(self.GOOD)

    def test_a_kernel_that_complained(self):
        with self.assertRaisesRegex(Failure, "complained: WARNING: .*; run make check first$"):
            self.boot(SPLAT + self.GOOD)

    def test_a_list_of_splats_that_cannot_be_read(self):
        with mock.patch.object(run.verdicts, "judge_text", side_effect=BadList("x:1: no day")), \
                self.assertRaisesRegex(Failure, "^x:1: no day$"):
            self.boot(self.GOOD)

    def test_a_case_that_failed(self):
        with self.assertRaisesRegex(run.BadBoot, "case x: failed"):
            run.Bench.take(mock.Mock(lacking={}), self.GOOD.replace("ns 1.0", "failed no memory"),
                           "log", 4, {})


if __name__ == "__main__":
    unittest.main()
