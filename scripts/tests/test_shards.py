# SPDX-License-Identifier: GPL-2.0
"""SHARD=i/n: three shards give the sum of one run, and scripts/ci sum adds them up."""

import contextlib
import io
import json
import os
import shutil
import tempfile
import types
import unittest
from unittest import mock

from splitfree.__main__ import commands
from splitfree.base import results, shards
from splitfree.base.failures import COULD_NOT_RUN, FAILED, PASSED, Failure
from splitfree.bench import frag as bench_frag
from splitfree.commands import bisect, configs, frag, mutants, stress
from splitfree.engines import total
from splitfree.judge import excuses
from splitfree.runs import steps
from tests import test_stress
from tests.fakes import Commands, Tree, ktap


class Share(unittest.TestCase):
    def test_words(self):
        self.assertFalse(shards.read("SHARD", ""))
        self.assertEqual(str(shards.read("SHARD", "2/3")), "2/3")
        for bad in ("3", "0/3", "4/3", "a/b", "1/0"):
            with self.assertRaisesRegex(Failure, "is no i/n"):
                shards.read("SHARD", bad)

    def test_each_item_is_done_once(self):
        for length in range(1, 20):
            items = list(range(length))
            for count in range(1, length + 1):
                for share in (lambda shard, items: shard.run_of(items),
                              lambda shard, items: shard.weighed(items, lambda i: i % 5 + 1)):
                    found = [share(shards.Shard(i, count), items) for i in range(1, count + 1)]
                    self.assertEqual(sorted(sum(found, [])), items)
                    self.assertTrue(all(part == sorted(part) for part in found))

    def test_the_heavy_ones_are_spread(self):
        weights = [50, 1, 1, 40, 30, 1]
        found = [sum(shards.Shard(i, 3).weighed(weights, int)) for i in (1, 2, 3)]
        self.assertEqual(sorted(found), [33, 40, 50])

    def test_more_shards_than_work(self):
        with self.assertRaisesRegex(Failure, "SHARD=1/3 has nothing to do"):
            shards.Shard(1, 3).run_of([7, 8])
        self.assertEqual(shards.WHOLE.run_of([]), [])

    def test_who_takes_it(self):
        takers = {target for target, command in commands().items()
                  if shards.SHARD in command.options}
        self.assertEqual(takers, {"mutants", "bisect", "frag", "configs", "stress"})


class Sums(Commands):
    """Each work is done whole, and by three shards; nothing is built or started."""

    def record(self, target, job, result):
        texts = {"SHARD": str(job.options.shard)} if job.options.shard else {}
        return {**dict.fromkeys(results.KEYS, ""), "command": target, "options": texts,
                "status": getattr(result.failure, "status", PASSED), "passed": result.passed,
                "failed": result.failed, "skipped": result.skipped,
                "sentence": str(result.failure or ""), "data": result.data}

    def same(self, target, run):
        """run(job) returns a Result; returns the Total of the shards."""
        self.target = target
        records = []
        for text in ("", "1/3", "2/3", "3/3"):
            job = self.job(SHARD=text, **self.texts)
            result = self.quiet(run, job)
            records.append(json.loads(json.dumps(self.record(target, job, result))))
            shutil.rmtree(job.results)
        one, *three = records
        whole, added = total.add([one]), total.add(three)
        self.assertEqual((added.sums, added.status), (whole.sums, whole.status))
        self.assertGreater(sum(map(bool, (record["passed"] for record in three))), 1)
        return added

    def setUp(self):
        super().setUp()
        self.texts = {}

    def test_bisect(self):
        self.patch(steps, "fragment", lambda *_: True)
        self.consoles = {"": ktap(("a", True))}
        names = [f"{n:04}" for n in range(1, 9)]

        def run(job):
            job.names, job.commits = [f"{n}-a.patch" for n in names], names
            job.worktree = Tree(os.path.join(self.out, "bisect/linux"))
            for name in names:
                with open(job.path(f"{name}.build.log"), "w", encoding="utf-8") as handle:
                    handle.write("x.c:1: warning: w\n" if name == "0005" else "")
            return bisect.run(job)

        self.assertEqual(self.same("bisect", run).sums, (7, 1, 0))

    def test_stress(self):
        self.patch(stress.load, "make_initramfs", return_value="image")
        self.patch(stress.x86, "program", return_value="qemu")
        good = "stress: start\n" + "\n".join(test_stress.Reasons.GOOD) + "\n"
        self.consoles = {"STRESS_SEED=9": good.replace("lost=-3", "lost=4000"),
                         "STRESS_SECONDS": good}
        self.texts = {"SEEDS": "5", "SEED": "7", "MINUTES": "1"}

        def run(job):
            stress.check(job)
            return stress.run(job)

        added = self.same("stress", run)
        self.assertEqual(added.sums, (4, 1, 0))
        self.assertIn("SEED=9 gives the same schedule", added.sentence)
        seeds = [line.split("STRESS_SEED=")[1] for line in self.boots]
        self.assertEqual(seeds[:5], seeds[5:])

    def test_configs(self):
        names = [config.name for config in configs.read_list()]
        self.patch(configs, "touched_files", return_value=set())
        # As if all compilers were here.
        self.patch(shutil, "which", lambda name: name)
        self.patch(configs, "llvm_suffix", lambda wanted: "")
        # The first defines what the last one lacks.
        found = {name: ([], [], set(), {"f"}, {"f"}) for name in names}
        found[names[0]] = ([], [], {"pcp_x"}, {"pcp_x"}, {"memset"})
        found[names[-1]] = ([], [], set(), set(), {"pcp_x", "memset"})
        self.patch(configs, "one", lambda kernel, *_: found[kernel.label])

        def run(job):
            configs.check(job)
            return configs.run(job)

        self.target = "configs"
        whole = self.quiet(run, self.job())
        parts = []
        for text in ("1/3", "2/3", "3/3"):
            job = self.job(SHARD=text)
            parts.append(self.record("configs", job, self.quiet(run, job)))
        added = total.add(parts)
        self.assertEqual((added.status, whole.failure.status), (FAILED, FAILED))
        self.assertIn(f"{names[-1]} would not link, undefined: pcp_x", added.sentence)
        found[names[-1]] = found[names[1]]
        self.assertEqual(self.same("configs", run).sums, (len(names), 0, 0))

    def test_mutants(self):
        """A tenth survives; one and the same list of excuses for all."""
        def execute(job, chosen, known):
            return [(name, change, mutants.Outcome(
                "survived" if change.line % 10 == 0 else "killed", "x"))
                for name, change in chosen]

        self.patch(mutants, "execute", execute)
        self.patch(excuses, "changes", return_value=[
            excuses.Change("push.c", "f", "gone();", ";", "why", 7)])

        def run(job):
            mutants.check(job)
            job.known = {}
            return mutants.run(job)

        with mock.patch.object(mutants, "FLOOR", 50):
            self.assertIn("stale entries", self.same("mutants", run).sentence)
        self.patch(excuses, "changes", return_value=[])
        with mock.patch.object(mutants, "FLOOR", 50):
            self.assertEqual(self.same("mutants", run).status, PASSED)
        with mock.patch.object(mutants, "FLOOR", 99):
            # Below the floor each survivor is failed, which no shard can know.
            self.assertIn("% of the mutants, 99 are wanted", self.same("mutants", run).sentence)
            self.patch(excuses, "changes", return_value=[
                excuses.Change("push.c", "f", "gone();", ";", "why", 7)])
            self.assertIn("stale entries", self.same("mutants", run).sentence)

    def test_frag(self):
        self.patch(bench_frag, "build", return_value={})
        self.patch(bench_frag, "measure", lambda *_: None)
        self.texts = {"QUICK": "1"}
        def run(job):
            frag.check(job)
            # Each case that has a goal is measured, and meets it or not, by its name alone.
            self.patch(bench_frag, "report", lambda _job, cases: ({}, [
                types.SimpleNamespace(case=case.name, figure="f", short=case.name == "half_512",
                                      goal=types.SimpleNamespace(text="x"))
                for case in cases]))
            return frag.run(job)

        cases = bench_frag.choose(bench_frag.read_list("cases.list", bench_frag.parse_cases), "",
                                  quick=True)
        self.assertEqual(self.same("frag", run).sums, (len(cases) - 1, 1, 0))


class Total(unittest.TestCase):
    def record(self, shard="", status=PASSED, **more):
        return {**dict.fromkeys(results.KEYS, ""), "command": "bisect", "passed": 2, "failed": 0,
                "skipped": 1, "options": {"SHARD": shard, "O": "x", "NCPUS": "4"},
                "status": status, "data": {}, **more}

    def test_what_is_missing(self):
        found = total.add([self.record("1/3"), self.record("3/3")])
        self.assertEqual(found.status, COULD_NOT_RUN)
        self.assertEqual(found.sentence, "there is no result of SHARD=2/3")

    def test_the_worst_status(self):
        for statuses, status in (((0, 2), 2), ((2, 1), 1), ((1, 143), 1), ((0, 143), 143)):
            found = total.add([self.record("1/2", statuses[0]), self.record("2/2", statuses[1])])
            self.assertEqual(found.status, status)

    def test_results_of_different_runs(self):
        for shard in ("1/3", "1/2"):
            with self.assertRaisesRegex(Failure, "of different runs"):
                total.add([self.record("1/2"), self.record(shard)])

    def test_directories(self):
        with tempfile.TemporaryDirectory() as top:
            for name, record in (("a", self.record("1/2")), ("b/c", self.record("2/2"))):
                os.makedirs(os.path.join(top, name))
                results.write_json(os.path.join(top, name, results.NAME), record)
            with contextlib.redirect_stdout(io.StringIO()) as said:
                self.assertEqual(total.run([top]), PASSED)
            self.assertEqual(said.getvalue(),
                             "ok      bisect NCPUS=4, 2 shards: 4 passed, 0 failed, 2 skipped\n")
            os.mkdir(os.path.join(top, "d"))
            with self.assertRaisesRegex(Failure, "there is no result.json"):
                total.run([os.path.join(top, "d")])


if __name__ == "__main__":
    unittest.main()
