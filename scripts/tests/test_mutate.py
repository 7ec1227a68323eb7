# SPDX-License-Identifier: GPL-2.0
"""The small changes that make mutants makes."""

import unittest

from splitfree.source import mutate


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


class Functions(unittest.TestCase):
    def names(self, text):
        return [name for name, _, _ in mutate.functions(mutate.tokens(text))]

    def test_attributes_behind_the_arguments(self):
        self.assertEqual(self.names(
            "void f(int a)\n\t__must_hold(&b)\n{\n}\nvoid g(void) __no_context_analysis\n{\n}\n"
            "int h(void)\n\t__cond_acquires(true, &b) __releases(&c)\n{\n}\n"), ["f", "g", "h"])

    def test_what_is_none(self):
        self.assertEqual(self.names("struct __packed a { int b; };\nint c[] = { 1 };\n"), [])


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


if __name__ == "__main__":
    unittest.main()
