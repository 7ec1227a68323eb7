# SPDX-License-Identifier: GPL-2.0
"""The frame of a command: its locks, its result, and what it leaves behind."""

import contextlib
import io
import os
import shutil
import subprocess
import tempfile
import types
import unittest
import xml.etree.ElementTree as ET
from unittest import mock

from splitfree.base import options, processes, results
from splitfree.base.failures import FAILED, AlreadySaid, Failure
from splitfree.base.paths import lock
from splitfree.judge import files, ktap
from splitfree.runs import frame
from tests import fakes


class Frame(unittest.TestCase):
    def setUp(self):
        self.out = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.out)
        # The process that runs the tests has children of its own.
        for name in ("adopt_orphans", "kill_descendants"):
            patch = mock.patch.object(frame, name)
            self.addCleanup(patch.stop)
            setattr(self, name, patch.start())

    def job(self, **more):
        command = frame.Command("text", **{"tree": False, **more})
        values = options.values(frame.all_options(command), {
            "O": self.out, "RESULT": os.path.join(self.out, "second.json")})
        return frame.Job("thing", command, values, {"O": self.out})

    def execute(self, run, job=None, **more):
        """Run a command that consists of a function; returns its record."""
        self.said = io.StringIO()
        job = job or self.job()
        try:
            with contextlib.redirect_stdout(self.said):
                job.execute(types.SimpleNamespace(run=run, **more))
        finally:
            self.record = results.read(job.path(results.NAME))
            self.second = results.read(os.path.join(self.out, "second.json"))
        return self.record

    def test_a_result_is_said_and_written(self):
        record = self.execute(lambda job: results.Result(3, 0, 1, {"a": 1}))
        self.assertEqual(self.said.getvalue(), "3 passed, 0 failed, 1 skipped\n")
        self.assertEqual([record[k] for k in ("command", "status", "passed", "failed", "skipped",
                                              "sentence", "data", "options")],
                         ["thing", 0, 3, 0, 1, "", {"a": 1}, {"O": self.out}])
        self.assertEqual(record, self.second)
        self.assertTrue(self.kill_descendants.called)

    def test_a_failure_is_written_too(self):
        with self.assertRaisesRegex(Failure, "it broke"):
            self.execute(lambda job: results.Result(3, 1, 0, {}, Failure("it broke", FAILED)))
        self.assertEqual((self.record["status"], self.record["failed"], self.record["sentence"]),
                         (1, 1, "it broke"))
        self.assertEqual(self.said.getvalue(), "3 passed, 1 failed\n")

    def cases(self, run, **more):
        """(the failed cases, the names of all) of junit.xml after a run; None: there is none."""
        with contextlib.suppress(Failure):
            self.execute(run, **more)
        path = os.path.join(self.out, "thing", "junit.xml")
        self.assertEqual(os.path.exists(path),
                         os.path.exists(os.path.join(self.out, "thing", "ktap.log")))
        if not os.path.exists(path):
            return None
        return (fakes.bad_cases(os.path.dirname(path)),
                [case.get("name") for case in ET.parse(path).iter("testcase")])

    def test_each_result_has_cases(self):
        stages = {"stages": [{"name": "user", "passed": 1, "failed": 0, "skipped": 0},
                             {"name": "lava", "passed": 0, "failed": 0, "skipped": 1,
                              "sentence": "only root can"},
                             {"name": "boot", "passed": 0, "failed": 1, "skipped": 0}]}
        bad = Failure("boot failed first", FAILED)
        self.assertEqual(self.cases(lambda job: results.Result(1, 1, 1, stages, bad)),
                         (["thing.boot", "thing.thing"], ["user", "lava", "boot", "thing"]))
        self.assertEqual(self.cases(lambda job: results.Result(1)), ([], ["thing"]))

        def stopped(job):
            raise Failure("stopped by SIGTERM", 143)

        self.assertEqual(self.cases(stopped), (["thing.thing"], ["thing"]))

    def test_after_status_2_there_are_none(self):
        self.cases(lambda job: results.Result(1))
        self.assertIsNone(self.cases(lambda job: results.Result(failure=Failure("no network"))))

    def test_while_it_runs_there_are_none(self):
        self.cases(lambda job: results.Result(1))
        self.cases(lambda job: self.assertEqual(os.listdir(job.results), []))

    def test_a_command_that_writes_its_cases_itself(self):
        def run(job):
            files.write(job.results, [ktap.Test("own", ktap.PASSED)], "um")
            return results.Result(1)

        def run_worse(job):
            run(job)
            return results.Result(1, failure=Failure("it did not come back", FAILED))

        def guard(job):
            return files.guarded(job.results, "um")

        self.assertEqual(self.cases(run, guard=guard), ([], ["own"]))
        self.assertEqual(self.cases(run_worse, guard=guard), (["kernel.end"], ["own", "end"]))
        with open(os.path.join(self.out, "thing", "ktap.log"), encoding="utf-8") as handle:
            self.assertIn("# arch: um\n", handle.read())

    def test_other_results_of_a_command_stay(self):
        def run(job):
            results.write_json(job.path("results.json"), {"rows": []})
            return results.Result(1)

        self.cases(run)
        self.assertEqual(sorted(os.listdir(os.path.join(self.out, "thing"))),
                         ["junit.xml", "ktap.log", "result.json", "results.json"])

    def test_what_could_not_run_has_a_result(self):
        def run(job):
            job.partial = results.Result(data={"half": 1})
            raise Failure("no network")

        with self.assertRaises(Failure):
            self.execute(run)
        self.assertEqual((self.record["status"], self.record["sentence"], self.record["data"]),
                         (2, "no network", {"half": 1}))
        self.assertTrue(self.kill_descendants.called)

    def test_an_error_of_the_system_has_a_result(self):
        def run(job):
            raise PermissionError(13, "Permission denied", "/somewhere")

        with self.assertRaises(OSError):
            self.execute(run)
        self.assertEqual(self.record["status"], 2)
        self.assertIn("/somewhere", self.record["sentence"])

    def test_what_the_kernel_was_made_from(self):
        self.assertEqual(frame.source_of(None), {})
        tree = fakes.Tree(self.out, rev_list=["29"])
        self.assertEqual(frame.source_of(tree), {"version": "7.3.4", "kind": "package",
                                                 "name": "source", "steps": 29})
        in_place = types.SimpleNamespace(state=tree.state)
        self.assertEqual(frame.source_of(in_place)["steps"], 0)
        linux = os.path.join(self.out, "mm")
        tree.state["source"] = ["directory", linux, "directory mm", "id"]
        subprocess.run(["git", "init", "-q", linux], check=True, env=processes.clean_env())
        self.assertNotIn("commit", frame.source_of(tree))
        env = processes.clean_env(**{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER")
                                     for what in ("NAME", "EMAIL")})
        with open(os.path.join(linux, "file"), "w", encoding="utf-8") as handle:
            handle.write("1")
        for words in (["add", "file"], ["commit", "-qm", "one"]):
            subprocess.run(["git", "-C", linux, *words], check=True, env=env)
        self.assertEqual((len(frame.source_of(tree)["commit"]), frame.source_of(tree)["changed"]),
                         (40, False))
        with open(os.path.join(linux, "file"), "a", encoding="utf-8") as handle:
            handle.write("2")
        self.assertTrue(frame.source_of(tree)["changed"])

    def test_while_it_runs_there_is_no_result(self):
        self.execute(lambda job: results.Result(1))
        self.execute(lambda job: self.assertFalse(os.path.exists(job.path(results.NAME)))
                     or results.Result(1))

    def test_a_second_run_leaves_the_result_of_the_first_alone(self):
        self.execute(lambda job: results.Result(1))
        with lock(self.out, "other"), self.assertRaisesRegex(Failure, "another run is using"):
            self.execute(lambda job: results.Result(2))
        self.assertEqual(self.record["passed"], 1)
        self.assertEqual(self.second["status"], 2)

    def test_beside_one_with_its_own_lock_others_may_run(self):
        def run(job):
            with lock(self.out, "other"):
                pass
            with self.assertRaises(Failure), lock(job.results, "again"):
                pass
            return results.Result(1)

        def prepare(job):
            with self.assertRaises(Failure), lock(self.out, "other"):
                pass

        self.execute(run, self.job(own_lock="thing"), prepare=prepare)
        self.assertEqual(self.record["passed"], 1)

    def test_the_lock_is_free_after_a_failure(self):
        def run(job):
            raise Failure("no")

        with self.assertRaises(Failure):
            self.execute(run)
        with lock(self.out, "again"):
            pass

    def test_a_bad_value_is_said_before_any_work(self):
        def check(job):
            raise Failure("SUITE= fits nothing")

        with self.assertRaisesRegex(Failure, "fits nothing"):
            self.execute(self.fail, check=check)

    def test_the_directory_may_depend_on_a_value(self):
        job = self.job(directory=lambda values: f"thing-{values.jobs}")
        self.assertEqual(job.results, os.path.join(self.out, f"thing-{job.options.jobs}"))

    def test_a_command_without_a_directory_has_no_result(self):
        self.assertIsNone(self.execute(lambda job: None, self.job(directory="")))
        self.assertEqual(self.second["status"], 0)

    def test_packages_that_cannot_be_installed(self):
        job = self.job(packages=("no-such-set",))
        with mock.patch.object(frame.subprocess, "run",
                               return_value=types.SimpleNamespace(returncode=2)), \
                self.assertRaises(AlreadySaid) as caught:
            self.execute(self.fail, job)
        self.assertEqual(caught.exception.status, 2)
        self.assertEqual(self.second["sentence"], "scripts/packages.sh no-such-set failed")

    def test_another_compiler_is_refused(self):
        with mock.patch.dict(os.environ, {"LLVM": "1"}), self.assertRaisesRegex(Failure, "LLVM=1"):
            self.execute(self.fail)

    def test_the_end_of_a_console(self):
        path = os.path.join(self.out, "console.log")
        with open(path, "w", encoding="utf-8") as handle:
            handle.writelines(f"line {n}\n" for n in range(50))
        with contextlib.redirect_stdout(io.StringIO()) as said:
            frame.tail(path, 2)
        self.assertEqual(said.getvalue().splitlines()[1:], ["  | line 48", "  | line 49"])


class Children(unittest.TestCase):
    def test_the_frame_uses_the_real_ones(self):
        self.assertIs(frame.kill_descendants, processes.kill_descendants)


if __name__ == "__main__":
    unittest.main()
