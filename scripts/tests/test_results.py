# SPDX-License-Identifier: GPL-2.0
"""result.json, and who reads it."""

import os
import tempfile
import unittest

from splitfree.base import results


class Files(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.path = os.path.join(holder.name, results.NAME)

    def test_what_was_written_is_read(self):
        record = dict.fromkeys(results.KEYS, 1)
        results.write_json(self.path, record)
        self.assertEqual(results.read(self.path), record)
        self.assertEqual(os.listdir(os.path.dirname(self.path)), [results.NAME])

    def test_what_is_no_result_is_none(self):
        self.assertIsNone(results.read(self.path))
        for text in ("", "{", "[]", "{}", '{"status": 0}'):
            with open(self.path, "w", encoding="utf-8") as handle:
                handle.write(text)
            self.assertIsNone(results.read(self.path), text)

    def test_the_last_line(self):
        self.assertEqual(results.Result(1, 2, 3).line(), "1 passed, 2 failed, 3 skipped")
        self.assertEqual(results.Result(1, 0).line(), "1 passed, 0 failed")

    def test_each_key_is_explained(self):
        for key in results.KEYS:
            self.assertIn(key, results.__doc__)


if __name__ == "__main__":
    unittest.main()
