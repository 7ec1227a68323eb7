# SPDX-License-Identifier: GPL-2.0
"""make series: the mails, and one line for each checker."""

import os
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.commands import series
from splitfree.runs import checkers
from tests.fakes import Commands, Tree

BAD = checkers.Complaint("mm/pcp/a.c", 5, "LONG_LINE", "too long")


class Series(Commands):
    target = "series"

    def run_with(self, checks, excuses=(), **texts):
        """checks: {name: what it finds, or a Skip}."""
        def function(found):
            def check(log):
                log.write("text\n")
                if isinstance(found, checkers.Skip):
                    raise found
                return found
            return check

        job = self.job(**texts)
        with mock.patch.object(checkers, "checks", lambda *_: [
                (name, function(found)) for name, found in checks.items()]), \
                mock.patch.object(checkers, "read_excuses", lambda: list(excuses)), \
                mock.patch.object(series, "write_mails", return_value=["0000-x", "0001-a"]):
            return self.quiet(series.run, job)

    def excuse(self, kind):
        return checkers.Excuse(kind, checkers.re.compile(".*"), "why")

    def test_good(self):
        result = self.run_with({"checkpatch": [], "W=1, sparse": [BAD]}, [self.excuse("LONG_LINE")])
        self.assertEqual((result.sums(), result.failure), ((2, 0, 0), None))
        self.assertIn("0 complaints, 1 excused", self.said)
        self.assertTrue(os.path.exists(os.path.join(self.out, "series/w-1-sparse.txt")))

    def test_a_complaint(self):
        result = self.run_with({"checkpatch": [BAD]})
        self.assertEqual(result.sums(), (0, 1, 0))
        self.assertIn("mm/pcp/a.c:5: LONG_LINE: too long", self.said)
        self.assertIn("a checker complains of the series", str(result.failure))

    def test_an_excuse_that_nothing_needs_fails(self):
        result = self.run_with({"checkpatch": []}, [self.excuse("OTHER")])
        self.assertEqual(result.sums(), (1, 1, 0))
        self.assertIn("lint.list: OTHER .* is not needed any more", self.said)
        # Unless the check that needs it was not run.
        result = self.run_with({"checkpatch": [], "sparse": checkers.Skip("sparse is not there")},
                               [self.excuse("OTHER")])
        self.assertEqual((result.sums(), result.failure), ((1, 0, 1), None))
        self.assertIn("sparse is not there", self.said)
        self.assertEqual(self.run_with({"checkpatch": []}, [self.excuse("OTHER")],
                                       ONLY="check").failed, 0)

    def test_no_checker(self):
        self.assertIn("no checker was run",
                      str(self.run_with({"checkpatch": []}, ONLY="nonsense").failure))

    def test_no_step(self):
        job = self.job(Tree(self.out, rev_list=[]))
        with self.assertRaisesRegex(Failure, "has no step, so there is no mail to write"):
            series.run(job)


if __name__ == "__main__":
    unittest.main()
