# SPDX-License-Identifier: GPL-2.0
"""The stages of make check, and what they come to."""

import contextlib
import io
import json
import os
import sys
import tempfile
import types
import unittest
from unittest import mock

from splitfree.__main__ import commands
from splitfree.base import options, results
from splitfree.base.failures import COULD_NOT_RUN, FAILED, PASSED
from splitfree.commands import check
from splitfree.runs import frame


def record(status=0, counts=(1, 0, 0), command="kunit"):
    return {**dict.fromkeys(results.KEYS, ""), "command": command, "status": status,
            **dict(zip(("passed", "failed", "skipped"), counts))}


class Outcomes(unittest.TestCase):
    def good(self, *args, **kwargs):
        found = record(*args, **kwargs)
        return check.is_good(check.outcome(found["status"], found))

    def test_skipped_alone_is_good_for_what_this_machine_cannot_have_only(self):
        self.assertTrue(self.good(0, (1, 0, 0)))
        self.assertFalse(self.good(2, (0, 0, 5)))
        self.assertFalse(self.good(1, (5, 1, 0)))
        self.assertTrue(self.good(2, (0, 0, 3), command="count"))
        self.assertFalse(self.good(1, (0, 1, 0), command="count"))
        self.assertFalse(self.good(2, (0, 0, 0), command="count"))
        self.assertTrue(self.good(2, (0, 0, 1), command="lava"))
        self.assertFalse(self.good(2, (0, 0, 0), command="lava"))

    def test_a_bad_status_is_one_thing_that_failed(self):
        found = check.outcome(1, record(1, (590, 0, 3)))
        self.assertEqual((found.sums(), found.untested), ((590, 1, 3), False))

    def test_what_tested_nothing_failed(self):
        self.assertEqual(check.outcome(0, record(0, (0, 0, 0))).failed, 1)

    def test_a_command_that_left_no_result_failed(self):
        for status, untested in ((0, False), (1, False), (2, True), (-9, False)):
            found = check.outcome(status, None)
            self.assertEqual((found.failed, found.untested), (1, untested))


class Stages(unittest.TestCase):
    def statuses(self, *found):
        """The status of a check whose stages leave these records; None: none."""
        stages = [(f"s{i}", "kunit") for i in range(len(found))]
        left = list(found)

        def run_logged(command, _log):
            path = command[-1].removeprefix("RESULT=")
            data = left.pop(0)
            if data is None:
                return 2
            with open(path, "w", encoding="utf-8") as handle:
                json.dump(data, handle)
            return data["status"]

        with tempfile.TemporaryDirectory() as out, \
                mock.patch.object(check, "STAGES", tuple(stages)), \
                mock.patch.object(check, "run_logged", run_logged), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            job = types.SimpleNamespace(
                name="check", out=out, path=lambda *names: os.path.join(out, *names), say=print,
                options=types.SimpleNamespace(linux="", jobs=1))
            result = check.run(job)
        self.said = said.getvalue()
        return result.failure.status if result.failure else PASSED

    def test_a_check_where_nothing_could_be_tested_says_so(self):
        good, bad, no_network = record(), record(1, (1, 1, 0)), record(2, (0, 0, 0))
        self.assertEqual(self.statuses(good), PASSED)
        self.assertEqual(self.statuses(good, no_network), COULD_NOT_RUN)
        self.assertEqual(self.statuses(good, None), COULD_NOT_RUN)
        self.assertEqual(self.statuses(no_network, bad), FAILED)
        self.assertEqual(self.statuses(record(1, (0, 0, 0))), FAILED)

    def test_a_stage_that_fails_does_not_stop_the_next(self):
        self.statuses(record(1, (1, 1, 0)), record())
        self.assertRegex(self.said, r"FAILED +s0 .*1 passed, 1 failed")
        self.assertRegex(self.said, r"ok +s1 .*1 passed")

    def test_a_stage_that_may_be_skipped_says_why(self):
        skipped = {**record(2, (0, 0, 1), "lava"), "sentence": "only root can run lava-run"}
        self.assertEqual(self.statuses(record(), skipped), PASSED)
        self.assertRegex(self.said, r"skipped +s1 .*0 passed, 1 skipped\ns1: only root can run "
                         r"lava-run\n$")

    def test_all_reasons_stand_at_the_end(self):
        self.statuses(record(1, (1, 1, 0)), record(), None)
        self.assertRegex(self.said, r"ok +s1[^\n]*\n[^\n]*s2[^\n]*\ns0: .+\ns2: it left no result\n$")

    def test_the_log_has_the_command_and_what_it_said(self):
        with tempfile.TemporaryDirectory() as out:
            log = os.path.join(out, "log")
            self.assertEqual(check.run_logged([sys.executable, "-c", "print(7); exit(3)"], log), 3)
            with open(log, encoding="utf-8") as handle:
                self.assertRegex(handle.read(), r"^\$ .*\n7\n$")


class Names(unittest.TestCase):
    def test_each_stage_is_a_target_with_variables_that_it_takes(self):
        for _, target, *given in check.STAGES + check.LONG_STAGES:
            texts = options.given(given)
            options.values(frame.all_options(commands()[target]), texts)

    def test_no_two_stages_share_a_log_or_a_directory(self):
        names = [stage[0] for stage in check.STAGES + check.LONG_STAGES]
        self.assertEqual(len(names), len(set(names)))


if __name__ == "__main__":
    unittest.main()
