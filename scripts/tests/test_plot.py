# SPDX-License-Identifier: GPL-2.0
"""The pictures of make bench."""

import os
import shutil
import tempfile
import unittest
from unittest import mock

from splitfree.base.failures import Failure
from splitfree.bench import plot
from tests.test_stats import letters, row


@unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
class Plots(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.path = os.path.join(self.dir.name, "plot.svg")

    def drawn(self):
        with open(self.path, encoding="utf-8") as handle:
            return handle.read()

    def test_ratios_show_each_case_once_by_its_name(self):
        data = letters(A={"x.ns": [100, 101]}, B={"x.ns": [90, 91]}, C={"x.ns": [50, 51]},
                       D={"x.ns": [100, 100]})
        rows = [row("stock<=1.00")._replace(what="a_b"), row("-")._replace(what="again")]
        self.assertTrue(plot.ratios(self.path, rows, data))
        self.assertEqual(self.drawn().count(">a_b<"), 1)
        self.assertNotIn(">again<", self.drawn())

    def test_scaling_needs_two_numbers_of_cpus(self):
        data = letters(A={"x.ns": [100]}, C={"x.ns": [50]})
        rows = [row("stock<=1.00")]
        self.assertFalse(plot.scaling(self.path, rows, {4: data}))
        self.assertTrue(plot.scaling(self.path, rows, {2: data, 4: data}))
        self.assertIn(">a case<", self.drawn())

    def test_nothing_measured_draws_nothing(self):
        self.assertFalse(plot.ratios(self.path, [row("-")], letters()))
        self.assertFalse(plot.freers(self.path, letters()))


class Trouble(unittest.TestCase):
    def test_gnuplot_is_asked_why(self):
        said = mock.Mock(returncode=1, stderr=b"line 0: one\nline 3: no such terminal\n")
        with mock.patch.object(plot, "run", return_value=said), \
                self.assertRaisesRegex(Failure, "^gnuplot could not draw /x.svg: line 3: no such "
                                       "terminal$"):
            plot.gnuplot("/x.svg", "1,1", [])


if __name__ == "__main__":
    unittest.main()
