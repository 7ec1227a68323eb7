# SPDX-License-Identifier: GPL-2.0
"""The tests in a result.json, as each command has them."""

import unittest

from splitfree.judge import ktap, rows


def record(status=0, **data):
    return {"command": "thing", "status": status, "sentence": "it broke" if status else "",
            "data": data}


class Rows(unittest.TestCase):
    def found(self, **data):
        return [(row.name, row.outcome) for row in rows.of(data)]

    def test_each_list(self):
        for key, row, name, outcome in (
                ("stages", {"name": "a", "passed": 1, "failed": 0}, "a", ktap.PASSED),
                ("stages", {"name": "a", "passed": 1, "failed": 1}, "a", ktap.FAILED),
                ("stages", {"name": "a", "passed": 0, "failed": 0}, "a", ktap.SKIPPED),
                ("steps", {"name": "a", "good": False}, "a", ktap.FAILED),
                ("configs", {"name": "a", "reasons": [], "lost": ["f"]}, "a", ktap.FAILED),
                ("checks", {"name": "a", "good": True}, "a", ktap.PASSED),
                ("checks", {"name": "a", "outcome": "skipped"}, "a", ktap.SKIPPED),
                ("checks", {"name": "a", "outcome": "failed"}, "a", ktap.FAILED),
                ("proofs", {"name": "a", "good": True}, "a", ktap.PASSED),
                ("patches", {"name": "a", "caught": False}, "a", ktap.FAILED),
                ("faults", {"name": "a", "found": True}, "a", ktap.PASSED),
                ("paths", {"kernel": "split", "path": "a", "good": None}, "split a", ktap.SKIPPED),
                ("runs", {"distro": "d", "target": "t", "status": 1}, "d t", ktap.FAILED),
                ("runs", {"seed": 7, "failed": []}, "seed 7", ktap.PASSED),
                ("runs", {"seed": 7, "variant": "v", "failed": ["x"]}, "seed 7 v", ktap.FAILED),
                ("cases", {"suite": "s", "name": "a", "result": "fail"}, "s.a", ktap.FAILED)):
            with self.subTest(key=key, row=row):
                self.assertEqual(self.found(**{key: [row]}), [(name, outcome)])

    def test_other_things_of_the_same_name(self):
        for data in ({"runs": {"stock": []}}, {"cases": ["push"]}, {"cases": "push"},
                     {"checks": [{"name": "a"}]}):
            self.assertEqual(self.found(**data), [])

    def test_the_last_one_says_how_it_ended(self):
        for status, outcome in ((0, ktap.PASSED), (1, ktap.FAILED), (143, ktap.MISSING)):
            test = rows.tests(record(status))[-1]
            self.assertEqual((test.name, test.outcome, test.reason),
                             ("thing", outcome, "it broke" if status else ""))

    def test_names_and_complaints(self):
        found = rows.tests(record(1, failures=["a"], skips=["b"], splats=["WARNING: x", "BUG: y"]))
        self.assertEqual([(test.name, test.outcome) for test in found[:-1]],
                         [("a", ktap.FAILED), ("b", ktap.SKIPPED), ("splats", ktap.FAILED)])
        self.assertEqual((found[2].reason, found[2].log), ("WARNING: x", ["WARNING: x", "BUG: y"]))

    def test_the_words_of_a_row(self):
        test = rows.tests(record(1, configs=[{"name": "a", "reasons": ["one", "two"], "lost": []}]))[0]
        self.assertEqual((test.reason, test.log), ("one", ["one", "two"]))


if __name__ == "__main__":
    unittest.main()
