# SPDX-License-Identifier: GPL-2.0
"""The list of equivalent mutants, the score, and who noticed one."""

import os
import re
import tempfile
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.commands import mutants
from splitfree.judge import excuses
from splitfree.source import mutate
from tests.fakes import Commands
from tests.test_mutate import body


class Places(unittest.TestCase):
    def test_a_machine_that_lacks_disk_is_no_mutant_that_does_not_compile(self):
        said = mock.Mock(returncode=1, stderr=b"a.o: No space left on device\n")
        with tempfile.TemporaryDirectory() as where, \
                mock.patch.object(mutants, "run_program", return_value=said), \
                self.assertRaisesRegex(Failure, "push.c did not compile: the disk is full"):
            mutants.Place(os.path.join(where, "0"), []).compile(
                os.path.join(mutants.PCP, "push.c"))

    def test_function_and_line(self):
        text = "/* x */\n" + body("a = 0;")
        change = next(m for m in mutate.mutants(text) if m.kind == "constant changed")
        self.assertEqual((change.function, change.line), ("f", 4))
        self.assertEqual((change.old_line, change.new_line), ("a = 0;", "a = 1;"))

    def test_the_helpers_give_changes(self):
        for name in mutants.sources():
            text = mutants.read(os.path.join(mutants.PCP, name))
            self.assertTrue(mutate.mutants(text), name)

    def test_each_source_is_a_part_of_the_userland_program(self):
        makefile = mutants.read(os.path.join(mutants.TESTING, "user/Makefile"))
        helpers = re.search(r"^HELPERS := (.*)$", makefile, re.M)[1].split()
        self.assertEqual({n for n in mutants.sources() if n.endswith(".c")} -
                         {name + ".c" for name in helpers}, set())

    def test_header_function_is_used_through_others(self):
        users = [os.path.basename(p) for p in mutants.used_by("pcp_open")]
        self.assertIn("push.c", users)
        self.assertNotIn("buddy.c", users)

    def test_header_function_is_used_through_another(self):
        # pcp_has_pages() is not in free.c, but pfn_to_pageblock() is behind pcp_pageblock().
        direct = mutants.used_by("pageblock_flags_migratetype")
        self.assertTrue(any(p.endswith("/absorb.c") for p in direct))


GOOD = """# a comment

push.c pcp_push
-	smp_mb();
+;
  no other CPU
  can see it
"""


class Equivalent(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".list") as handle:
            handle.write(text)
            handle.flush()
            return excuses.changes(handle.name)

    def test_entry(self):
        entry, = self.read(GOOD)
        self.assertEqual(entry[:5], ("push.c", "pcp_push", "smp_mb();", ";",
                                     "no other CPU can see it"))
        self.assertEqual(entry.line, 3)

    def test_no_reason(self):
        with self.assertRaisesRegex(Failure, ":3: want FILE FUNCTION, .* an indented reason"):
            self.read(GOOD.split("  no")[0])

    def test_twice(self):
        with self.assertRaisesRegex(Failure, ":3: is there twice$"):
            self.read(GOOD + "\n" + GOOD)

    def test_the_real_list_can_be_read_and_names_changes_that_are_made(self):
        everything = [(n, m) for n in mutants.sources()
                      for m in mutate.mutants(mutants.read(os.path.join(mutants.PCP, n)))]
        self.assertEqual(mutants.unknown(excuses.changes(mutants.LIST), everything), [])


class Judgement(unittest.TestCase):
    def setUp(self):
        self.changes = mutate.mutants(body("a = 0;\n\tb = 64;\n\tif (a < b)\n\t\tg();"))

    def tally(self, verdicts, entries=()):
        results = [("push.c", m, mutants.Outcome(v, "")) for m, v in zip(self.changes, verdicts)]
        return mutants.tally(results, entries)

    def entry(self, mutant):
        return excuses.Change("push.c", mutant.function, mutant.old_line, mutant.new_line, "why", 1)

    def test_score(self):
        rows, survivors, stale = self.tally(["killed", "killed", "killed", "survived", "same",
                                             "broken"])
        self.assertEqual(mutants.score(rows["push.c"]), 75.0)
        self.assertEqual([m for _, m in survivors], [self.changes[3]])
        self.assertEqual(stale, [])

    def test_listed_survivor_does_not_count(self):
        rows, survivors, stale = self.tally(["killed", "survived"], [self.entry(self.changes[1])])
        self.assertEqual((mutants.score(rows["push.c"]), survivors, stale), (100.0, [], []))
        self.assertEqual(rows["push.c"]["equivalent"], 1)

    def test_listed_but_killed_is_stale(self):
        _, _, stale = self.tally(["killed"], [self.entry(self.changes[0])])
        self.assertIn("notices", stale[0][1])

    def test_listed_but_same_code_is_stale(self):
        _, _, stale = self.tally(["same"], [self.entry(self.changes[0])])
        self.assertIn("same code", stale[0][1])

    def test_listed_but_not_run_is_not_stale(self):
        _, _, stale = self.tally(["killed"], [self.entry(self.changes[1])])
        self.assertEqual(stale, [])

    def test_listed_but_not_made_is_stale(self):
        entry = excuses.Change("push.c", "f", "gone();", ";", "why", 1)
        everything = [("push.c", m) for m in self.changes]
        self.assertEqual(len(mutants.unknown([entry], everything)), 1)
        self.assertEqual(mutants.unknown([self.entry(self.changes[0])], everything), [])

    def test_survivors_are_listed_with_place_and_change(self):
        lines = mutants.survivor_lines([("push.c", self.changes[0])])
        self.assertTrue(lines[0].startswith("mm/pcp/push.c:3: "))
        self.assertEqual(lines[1:], ["  -a = 0;", "  +" + self.changes[0].new_line])


class Noticed(unittest.TestCase):
    def who(self, text, status):
        with tempfile.NamedTemporaryFile("w", suffix=".log") as handle:
            handle.write(text)
            handle.flush()
            return mutants.who_noticed(handle.name, status)

    HEAD = "KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: pcp_push\n    1..2\n"

    def test_failed_case(self):
        self.assertEqual(self.who(self.HEAD + "    ok 1 a\n    # b: EXPECTATION FAILED at x:1\n"
                                  "    not ok 2 b\n", 1), "pcp_push.b")

    def test_hang(self):
        self.assertEqual(self.who(self.HEAD + "    ok 1 a\n", None), "pcp_push, after a: hung")
        self.assertEqual(self.who("", None), "the start: hung")

    def test_killed_by_a_signal(self):
        self.assertEqual(self.who(self.HEAD + "    ok 1 a\n", -27), "pcp_push, after a: hung")

    def test_a_fault_is_said_by_the_program(self):
        self.assertEqual(self.who(self.HEAD + "    ok 1 a\n    # b: ended by signal 11\nBail out!\n",
                                  1), "b: ended by signal 11")

    def test_a_program_that_ended_early(self):
        self.assertEqual(self.who(self.HEAD + "    ok 1 a\n", 2), "pcp_push, after a: status 2")


class Run(Commands):
    target = "mutants"

    def setUp(self):
        super().setUp()
        self.changes = mutate.mutants(body("a = 0;\n\tb = 64;\n\tif (a < b)\n\t\tg();"))

    def run_with(self, *verdicts, entries=(), **texts):
        job = self.job(**texts)
        job.entries, job.known = list(entries), {}
        job.everything = job.chosen = [("push.c", m) for m in self.changes[:len(verdicts)]]
        fresh = [(*item, mutants.Outcome(verdict, "x"))
                 for item, verdict in zip(job.chosen, verdicts)]
        with mock.patch.object(mutants, "execute", return_value=fresh):
            self.last = job
            return self.quiet(mutants.run, job)

    def test_survivors_above_the_floor_fail_nothing(self):
        with mock.patch.object(mutants, "FLOOR", 50):
            result = self.run_with("killed", "killed", "survived")
        self.assertEqual((result.sums(), result.failure), ((2, 0, 1), None))
        self.assertEqual(len(result.data["survivors"]), 1)
        with open(self.last.path("survivors.txt"), encoding="utf-8") as handle:
            self.assertIn("mm/pcp/push.c:", handle.read())

    def test_below_the_floor(self):
        result = self.run_with("killed", "survived")
        self.assertEqual(result.sums(), (1, 1, 0))
        self.assertRegex(str(result.failure), "notice 50.0 % of the mutants, 90 are wanted")

    def test_a_sample_may_be_unlucky(self):
        self.assertFalse(self.run_with("killed", "survived", SAMPLE="2").failure)
        # Of 20 chance alone leaves 14 in one of a hundred samples.
        self.assertGreater(mutants.chance(14, 20), mutants.UNLIKELY)
        self.assertLess(mutants.chance(13, 20), mutants.UNLIKELY)
        with mock.patch.object(mutants, "UNLIKELY", 0.2):
            self.assertTrue(self.run_with("killed", "survived", SAMPLE="2").failure)

    def test_nothing_killed_is_below_any_floor(self):
        self.assertTrue(self.run_with("same").failure)

    def test_a_stale_entry(self):
        entry = excuses.Change("push.c", "f", "gone();", ";", "why", 7)
        result = self.run_with("killed", entries=[entry])
        self.assertRegex(str(result.failure), "has 1 stale entries; remove them")
        self.assertIn("mutants.list:7: stale: no such change is made", self.said)

    def test_what_was_noticed_is_not_run_again(self):
        self.run_with("killed", "survived")
        found = mutants.remembered(self.last.results, self.last.chosen)
        self.assertEqual([m for _, m in found], self.changes[:1])

    def test_again_needs_a_run_before(self):
        with self.assertRaisesRegex(Failure, "no mutants.json of a whole run; leave out AGAIN=1"):
            mutants.remembered(self.out, [])

    def test_a_file_that_is_none(self):
        with self.assertRaisesRegex(Failure, "FILES=x.c is no file that can be changed"):
            mutants.check(self.job(FILES="x.c"))

    def test_a_sample_is_the_same_each_time(self):
        jobs = [self.job(SAMPLE="5", SEED="3") for _ in range(2)]
        for job in jobs:
            mutants.check(job)
        self.assertEqual(jobs[0].chosen, jobs[1].chosen)
        self.assertEqual(len(jobs[0].chosen), 5)


class Unchanged(Commands):
    target = "mutants"

    def test_suites_that_fail_before_anything_is_changed(self):
        job = self.job()
        with mock.patch.object(mutants, "Plain", return_value=mock.Mock(
                console="/x/log", run=mock.Mock(return_value=1))), \
                self.assertRaisesRegex(Failure, "fail before anything is changed .*/x/log"):
            mutants.execute(job, [], {})

    def test_a_file_that_does_not_compile_unchanged(self):
        hunt = mutants.Hunt(mock.Mock())
        with self.assertRaisesRegex(Failure, "a.c does not compile unchanged; run make user"):
            hunt.original(mock.Mock(compile=lambda source: None), "/x/a.c")


if __name__ == "__main__":
    unittest.main()
