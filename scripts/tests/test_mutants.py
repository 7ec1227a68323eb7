# SPDX-License-Identifier: GPL-2.0
"""The changes that mutate.py makes, and what mutants.py makes of their fates."""

import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import common  # noqa: E402  pylint: disable=wrong-import-position
import mutants  # noqa: E402  pylint: disable=wrong-import-position
import mutate  # noqa: E402  pylint: disable=wrong-import-position


def body(code):
    return "int f(int a, int b)\n{\n\t" + code + "\n}\n"


def made(code):
    """{new line} of the changes to one line in a function."""
    return {m.new_line for m in mutate.mutants(body(code))}


class Changes(unittest.TestCase):
    def test_condition(self):
        self.assertIn("if (!(a)) b();", made("if (a) b();"))
        self.assertIn("while (!(a && b)) {}", made("while (a && b) {}"))

    def test_condition_over_two_lines_keeps_the_lines(self):
        text = body("if (a &&\n\t    b)\n\t\tb = 1;")
        change = next(m for m in mutate.mutants(text) if m.kind == "condition negated")
        self.assertEqual(mutate.apply(text, change).count("\n"), text.count("\n"))
        self.assertIn("(!(a &&\n\t    b))", mutate.apply(text, change))

    def test_bounds(self):
        self.assertIn("return a <= b;", made("return a < b;"))
        self.assertIn("return a > b;", made("return a >= b;"))
        self.assertIn("return a != b;", made("return a == b;"))

    def test_logic_and_arithmetic(self):
        self.assertIn("a = a || b;", made("a = a && b;"))
        self.assertIn("a = a - b;", made("a = a + b;"))
        self.assertIn("a -= b;", made("a += b;"))
        self.assertIn("a--;", made("a++;"))
        self.assertIn("a = 1 >> b;", made("a = 1 << b;"))

    def test_sign_is_no_difference(self):
        self.assertNotIn("return +1;", made("return -1;"))
        self.assertIn("return 1;", made("return -1;"))

    def test_pointers_are_no_products(self):
        self.assertEqual(made("struct page *p = g(a);"), set())

    def test_constants(self):
        self.assertIn("a = 1;", made("a = 0;"))
        self.assertIn("a = 65;", made("a = 64;"))
        self.assertIn("a = 2U << b;", made("a = 1U << b;"))
        self.assertIn("a = false;", made("a = true;"))

    def test_calls_and_barriers_go(self):
        self.assertIn(";", made("smp_mb();"))
        self.assertIn(";", made("WRITE_ONCE(a, b);"))
        self.assertIn("if (a) ;", made("if (a) spin_lock(b);"))

    def test_call_over_two_lines_goes_whole(self):
        text = body("g(a,\n\t  b);")
        change = next(m for m in mutate.mutants(text) if m.kind == "call removed")
        self.assertNotIn("b);", mutate.apply(text, change))
        self.assertEqual(mutate.apply(text, change).count("\n"), text.count("\n"))

    def test_declaration_stays(self):
        self.assertNotIn(";", made("int c = a;"))
        self.assertNotIn(";", made("u32 c = a;"))

    def test_lists(self):
        self.assertIn("list_add_tail(a, b);", made("list_add(a, b);"))
        self.assertIn("list_del(a);", made("list_del_init(a);"))

    def test_return(self):
        self.assertIn("return 0;", made("return g(a);"))
        self.assertIn("return 1;", made("return 0;"))
        self.assertIn("if (a) ;", made("if (a) return;"))

    def test_order(self):
        self.assertIn("g(a, (order + 1));", made("g(a, order);"))

    def test_jumps(self):
        self.assertIn("for (;;) { ; }", made("for (;;) { continue; }"))
        self.assertIn("for (;;) { continue; }", made("for (;;) { break; }"))


class NoChanges(unittest.TestCase):
    def test_outside_of_functions(self):
        self.assertEqual(mutate.mutants("static int a = 1;\n#define B (1 + 2)\n"
                                        "struct c { int d; };\nint e(int a);\n"), [])

    def test_comments_strings_macros(self):
        self.assertEqual(made('/* a < 1 */ // b > 2\n#define C 1 < 2\n'), set())
        self.assertNotIn('g("b < 2");', made('g("a < 1");'))

    def test_what_only_says(self):
        self.assertEqual(made("VM_WARN_ON_ONCE(a < b);"), set())
        self.assertEqual(made("trace_mm_pcp_push(a + 1);"), set())
        self.assertEqual(made("lockdep_assert_held(&a);"), set())

    def test_what_a_check_says(self):
        self.assertEqual(made('bad += PCP_CHECK(a < b, "%d", a - b);') & {
            'bad += PCP_CHECK(a < b, "%d", a + b);', 'bad += PCP_CHECK(a <= b, "%d", a - b);'},
            {'bad += PCP_CHECK(a <= b, "%d", a - b);'})

    def test_each_change_once_and_in_order(self):
        changes = mutate.mutants(body("if (a < 1 && b > 2)\n\t\treturn a + b;"))
        self.assertEqual(len(changes), len({(m.start, m.end, m.new) for m in changes}))
        self.assertEqual(changes, sorted(changes, key=lambda m: m.start))

    def test_same_text_gives_same_changes(self):
        text = body("if (a < b)\n\t\tg(a);")
        self.assertEqual(mutate.mutants(text), mutate.mutants(text))


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
        with self.assertRaisesRegex(common.Failure, "indented reason"):
            self.read(GOOD.split("  no")[0])

    def test_twice(self):
        with self.assertRaisesRegex(common.Failure, "twice"):
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
