# SPDX-License-Identifier: GPL-2.0
"""The progress of long work."""

import io
import unittest

from splitfree.base import progress as shown


class Report(unittest.TestCase):
    def test_progress_promises_no_more_than_it_knows(self):
        progress = shown.Progress("objects", 100, io.StringIO())
        self.assertIn("50 of about 100", progress.text(50))
        self.assertIn(": 120 done", progress.text(120))
        self.assertNotIn("left", progress.text(1))

    def test_no_colour_without_a_terminal(self):
        self.assertEqual(shown.colour("31", "x", io.StringIO()), "x")


if __name__ == "__main__":
    unittest.main()
