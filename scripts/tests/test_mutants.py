# SPDX-License-Identifier: GPL-2.0
"""The list of equivalent mutants, the score, and who noticed one."""

import os
import tempfile
import unittest

from splitfree.base.failures import Failure
from splitfree.commands import mutants
from splitfree.source import mutate
from tests.test_mutate import body


class Places(unittest.TestCase):
    def test_function_and_line(self):
        text = "/* x */\n" + body("a = 0;")
        change = next(m for m in mutate.mutants(text) if m.kind == "constant changed")
        self.assertEqual((change.function, change.line), ("f", 4))
        self.assertEqual((change.old_line, change.new_line), ("a = 0;", "a = 1;"))

    def test_the_helpers_give_changes(self):
        for name in mutants.sources():
            text = mutants.read(os.path.join(mutants.PCP, name))
            self.assertGreater(len(mutate.mutants(text)), 10, name)

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
            return mutants.read_equivalent(handle.name)

    def test_entry(self):
        entry, = self.read(GOOD)
        self.assertEqual(entry[:5], ("push.c", "pcp_push", "smp_mb();", ";",
                                     "no other CPU can see it"))
        self.assertEqual(entry.line, 3)

    def test_no_reason(self):
        with self.assertRaisesRegex(Failure, "indented reason"):
            self.read(GOOD.split("  no")[0])

    def test_twice(self):
        with self.assertRaisesRegex(Failure, "twice"):
            self.read(GOOD + "\n" + GOOD)

    def test_the_real_list_can_be_read_and_names_changes_that_are_made(self):
        everything = [(n, m) for n in mutants.sources()
                      for m in mutate.mutants(mutants.read(os.path.join(mutants.PCP, n)))]
        self.assertEqual(mutants.unknown(mutants.read_equivalent(), everything), [])


class Judgement(unittest.TestCase):
    def setUp(self):
        self.changes = mutate.mutants(body("a = 0;\n\tb = 64;\n\tif (a < b)\n\t\tg();"))

    def judge(self, verdicts, entries=()):
        results = [("push.c", m, mutants.Outcome(v, "")) for m, v in zip(self.changes, verdicts)]
        return mutants.judge(results, entries)

    def entry(self, mutant):
        return mutants.Entry("push.c", mutant.function, mutant.old_line, mutant.new_line, "why", 1)

    def test_score(self):
        rows, survivors, stale = self.judge(["killed", "killed", "killed", "survived", "same",
                                             "broken"])
        self.assertEqual(mutants.score(rows["push.c"]), 75.0)
        self.assertEqual([m for _, m in survivors], [self.changes[3]])
        self.assertEqual(stale, [])

    def test_listed_survivor_does_not_count(self):
        rows, survivors, stale = self.judge(["killed", "survived"], [self.entry(self.changes[1])])
        self.assertEqual((mutants.score(rows["push.c"]), survivors, stale), (100.0, [], []))
        self.assertEqual(rows["push.c"]["equivalent"], 1)

    def test_listed_but_killed_is_stale(self):
        _, _, stale = self.judge(["killed"], [self.entry(self.changes[0])])
        self.assertIn("notices", stale[0][1])

    def test_listed_but_same_code_is_stale(self):
        _, _, stale = self.judge(["same"], [self.entry(self.changes[0])])
        self.assertIn("same code", stale[0][1])

    def test_listed_but_not_run_is_not_stale(self):
        _, _, stale = self.judge(["killed"], [self.entry(self.changes[1])])
        self.assertEqual(stale, [])

    def test_listed_but_not_made_is_stale(self):
        entry = mutants.Entry("push.c", "f", "gone();", ";", "why", 1)
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
        self.assertEqual(self.who(self.HEAD + "    ok 1 a\n", "hang"), "pcp_push., hung after a")

    def test_killed_by_a_signal(self):
        self.assertEqual(self.who(self.HEAD + "    ok 1 a\n", -27), "pcp_push., hung after a")


if __name__ == "__main__":
    unittest.main()
