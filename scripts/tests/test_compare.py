# SPDX-License-Identifier: GPL-2.0
"""How what two kernels printed is compared."""

import unittest

from splitfree.judge import verdict
from splitfree.runs import compare

PATTERN = verdict.read_splats()


class OutputCases(unittest.TestCase):
    def test_counts_in_a_name_are_no_part_of_it(self):
        names = [list(compare.output_cases(
            f"ok 1 transact_test Extra pages {n} (0.{n}%), extra thread faults {n + 1}.\n"))
            for n in (0, 27)]
        self.assertEqual(names[0], names[1])

    def test_both_places_of_a_directive(self):
        self.assertEqual(compare.output_cases(
            "TAP version 13\n1..4\nok 1 first\nnot ok 2 - second\nok 3 third # SKIP no memory\n"
            "ok 4 # SKIP fourth\nok 5 # SKIP fifth (no memory)\nok 6 # SKIP huge (2048 kB)\n"),
            {"first": "passed", "second": "failed", "third": "skipped", "fourth": "skipped",
             "fifth": "skipped", "huge (2048 kB)": "skipped"})

    def test_expected_failure_is_an_outcome_of_its_own(self):
        self.assertEqual(compare.output_cases("ok 1 # XFAIL odd\n"), {"odd": "failed as expected"})

    def test_equal_names_are_kept_apart(self):
        self.assertEqual(compare.output_cases("ok 1 a\nnot ok 2 a\n"),
                         {"a": "passed", "a (2)": "failed"})

    def test_what_a_slow_machine_needs_is_no_part_of_a_name(self):
        line = "ok 1 Success reaping a child with {}MB of memory allocations"
        self.assertEqual(compare.output_cases(line.format(1)),
                         compare.output_cases(line.format(2)))

    def test_addresses_are_no_part_of_a_name(self):
        self.assertEqual(compare.output_cases("ok 1 map at 0x7f00aa\n"),
                         compare.output_cases("ok 1 map at 0x7f11bb\n"))

    def test_output_that_only_looks_alike(self):
        self.assertEqual(compare.output_cases("okay 1 a\nnot ok\nbook 1 x\nok then\n"), {})


class Guest(unittest.TestCase):
    PORT = ("noise\n@begin mm/a\nok 1 x\n\n@end mm/a 0 1.5\n@begin mm/b\nno tap\n"
            "@end mm/b 4 .25\n@begin mm/c\nok 1 y\n@end mm/c 137 60\n@begin mm/d\nok 1 z\n")

    def test_statuses(self):
        tests, seconds = compare.guest_tests(self.PORT, "", PATTERN)
        self.assertEqual(tests["mm/a"], {"x": "passed", compare.EXIT: "passed"})
        self.assertEqual(tests["mm/b"], {compare.EXIT: "skipped"})
        self.assertEqual(tests["mm/c"][compare.EXIT], "killed, out of time")
        self.assertEqual(tests["mm/d"], {"z": "passed", compare.EXIT: "the guest died or hung"})
        self.assertEqual(seconds["mm/b"], 0.25)

    def test_a_test_that_began_twice_did_not_end(self):
        names = [(name, status) for name, status, *_ in compare.sections(
            "@begin mm/a\n@begin mm/b\n@end mm/b 1 2\n")]
        self.assertEqual(names, [("mm/a", None), ("mm/b", 1)])

    def test_a_splat_belongs_to_its_test(self):
        console = ("[    1.0] selftest: begin mm/a\n[    2.0] WARNING: mm/x.c:17 at f+0x10/0x20\n"
                   "[    3.0] selftest: end mm/a 0\n[    4.0] selftest: begin mm/b\n")
        tests, _ = compare.guest_tests(self.PORT, console, PATTERN)
        self.assertEqual([k for k in tests["mm/a"] if k.startswith(compare.LOG)],
                         ["kernel log: WARNING: mm/x.c:N at f+N/N"])
        self.assertFalse([k for k in tests["mm/b"] if k.startswith(compare.LOG)])


KUNIT = """\
[    1.0] KTAP version 1
[    1.0] 1..2
[    1.0]     KTAP version 1
[    1.0]     # Subtest: list
[    1.0]     # module: list_test
[    1.0]     1..3
[    1.0]     ok 1 add
[    1.0]         KTAP version 1
[    1.0]         # Subtest: sizes
[    1.0]         ok 1 small
[    1.0]         not ok 2 large
[    1.0]     not ok 2 sizes
[    1.0]     ok 3 gone # SKIP not here
[    1.0] not ok 1 list
[    1.0]     KTAP version 1
[    1.0]     # Subtest: cut
[    1.0]     1..2
[    1.0]     ok 1 first
"""


class Kunit(unittest.TestCase):
    def test_suites_cases_and_parameters(self):
        tests = compare.kunit_tests(KUNIT, PATTERN)
        self.assertEqual(tests["kunit/list"], {
            "add": "passed", "sizes.small": "passed", "sizes.large": "failed", "sizes": "failed",
            "gone": "skipped", "suite": "failed", "planned cases": "3"})

    def test_a_suite_that_was_cut_off(self):
        self.assertEqual(compare.kunit_tests(KUNIT, PATTERN)["kunit/cut"]["suite"],
                         "did not come to its end")

    def test_vmalloc_has_a_case_for_each_worker(self):
        line = "test_vmalloc: Summary: {} passed: {} failed: {} xfailed: {} repeat: 1 loops: 3\n"
        text = line.format("a", 1, 0, 0) + line.format("a", 0, 1, 0) + line.format("b", 0, 0, 1)
        self.assertEqual(compare.vmalloc_tests(text), {"test_vmalloc": {
            "a": "passed", "a (2)": "failed", "b": "failed as expected"}})


class Rule(unittest.TestCase):
    def differ(self, stock, patched):
        return [row[:2] for row in compare.differences([{"t": s} for s in stock],
                                                       [{"t": p} for p in patched])]

    def test_what_stock_never_gave_differs(self):
        self.assertEqual(self.differ([{"a": "passed"}], [{"a": "failed"}]), [("t", "a")])
        self.assertEqual(self.differ([{"a": "failed"}], [{"a": "passed"}]), [("t", "a")])
        # Once in four runs is enough.
        self.assertEqual(self.differ([{"a": "passed"}] * 4, [{"a": "passed"}] * 3
                                     + [{"a": "failed"}]), [("t", "a")])

    def test_once_in_five_runs_is_unsteady(self):
        stock, once = [{"a": "passed"}] * 5, [{"a": "passed"}] * 4 + [{"a": "failed"}]
        self.assertEqual(self.differ(stock, once), [])
        self.assertEqual([row[1] for row in compare.unsteady([{"t": s} for s in stock],
                                                             [{"t": p} for p in once])], ["a"])
        self.assertEqual(self.differ(stock, once[1:] + once[-1:]), [("t", "a")])

    def test_once_is_enough_for_kunit_messages_and_death(self):
        def differ(test, case, bad, good="passed"):
            return compare.differences([{test: {case: good}}] * 5,
                                       [{test: {case: good}}] * 4 + [{test: {case: bad}}])
        self.assertTrue(differ("kunit/list", "a", "failed"))
        self.assertTrue(differ("t", compare.EXIT, compare.DIED))
        self.assertFalse(differ("t", compare.EXIT, "failed (1)"))
        said = {compare.LOG + ": WARNING": "said"}
        self.assertEqual(len(self.differ([{}] * 5, [{}] * 4 + [said])), 1)

    def test_a_case_that_is_gone_or_new_differs(self):
        self.assertEqual(self.differ([{"a": "passed"}], [{}]), [("t", "a")])
        self.assertEqual(self.differ([{}], [{"a": "passed"}]), [("t", "a")])
        self.assertEqual(compare.differences([{"t": {"a": "passed"}}], [{}])[0][:2], ("t", "a"))

    def test_what_stock_gives_too_is_unsteady(self):
        stock, patched = [{"a": "passed"}, {"a": "failed"}], [{"a": "failed"}, {"a": "passed"}]
        self.assertEqual(self.differ(stock, patched), [])
        self.assertEqual([row[:2] for row in compare.unsteady([{"t": s} for s in stock],
                                                              [{"t": p} for p in patched])],
                         [("t", "a")])

    def test_what_a_killed_program_did_not_reach_is_no_outcome(self):
        good, killed = {"a": "passed", compare.EXIT: "passed"}, {compare.EXIT: compare.KILLED}
        self.assertEqual(self.differ([good, killed], [good, killed]), [])
        self.assertEqual(self.differ([killed], [good, killed]), [("t", compare.EXIT)])
        # That it was killed differs, and a case that failed before.
        self.assertEqual(self.differ([good], [killed]), [("t", compare.EXIT)])
        self.assertEqual(self.differ([good, killed], [{"a": "failed", **killed}]), [("t", "a")])
        died = {compare.EXIT: compare.DIED}
        self.assertEqual(self.differ([good], [good, died]), [("t", compare.EXIT)])

    def test_what_it_did_not_reach_is_shown(self):
        good, killed = {"a": "passed", compare.EXIT: "passed"}, {compare.EXIT: compare.KILLED}
        self.assertIn(("t", "a", ["passed", compare.NOT_REACHED], ["passed"]),
                      compare.unsteady([{"t": good}, {"t": killed}], [{"t": good}]))

    def test_a_skip_differs_if_there_was_never_a_result(self):
        stock, skip = {"a": "passed"}, {"a": "skipped"}
        self.assertEqual(self.differ([stock] * 2, [stock, skip]), [])
        self.assertEqual(self.differ([stock] * 2, [skip, skip]), [("t", "a")])
        self.assertEqual(self.differ([stock] * 2, [{"a": "failed"}, skip]), [("t", "a")])

    def test_a_pass_differs_from_skips_only_if_it_never_skips(self):
        result, skip = {"a": "passed"}, {"a": "skipped"}
        self.assertEqual(self.differ([skip] * 2, [result, skip]), [])
        self.assertEqual(self.differ([skip] * 2, [result, result]), [("t", "a")])
        self.assertEqual(self.differ([skip] * 2, [{"a": "failed"}, skip]), [("t", "a")])

    def test_a_message_of_the_patched_kernel_alone_differs(self):
        said = {compare.LOG + ": WARNING": "said"}
        self.assertEqual(len(self.differ([{}], [said])), 1)
        self.assertEqual(self.differ([said], [{}]), [])

    def test_counts(self):
        stock = [{"mm/a": {"x": "passed", "y": "failed", compare.EXIT: "failed (1)"},
                  "mm/b": {compare.EXIT: "skipped"}, "kunit/s": {"c": "passed", "suite": "passed"}}]
        patched = [{"mm/a": {"x": "passed", "y": "failed", compare.EXIT: "failed (1)"},
                    "mm/b": {compare.EXIT: "skipped"}, "kunit/s": {"c": "failed",
                                                                  "suite": "failed"}}]
        counts = compare.count(stock, patched)
        self.assertEqual(counts["mm"], compare.Count(3, 1, 1, 0, 1, 0, 0))
        self.assertEqual(counts["kunit"], compare.Count(2, 0, 0, 0, 0, 0, 2))


if __name__ == "__main__":
    unittest.main()
