# SPDX-License-Identifier: GPL-2.0
"""The list of jobs: its format, and that the commands behind it are what it says."""

import unittest

from splitfree.__main__ import commands
from splitfree.base import options
from splitfree.base.failures import Failure
from splitfree.commands import check
from splitfree.engines import joblist
from splitfree.runs import frame

LINE = "a | kunit NCPUS=1 | 15 | change | 1 | uml | um | kunit | cases more.txt"


class Format(unittest.TestCase):
    def test_a_line(self):
        job = joblist.parse(f"# a comment\n\n{LINE}\n")[0]
        self.assertEqual(job[:4], ("a", "kunit NCPUS=1", 15, "change"))
        self.assertEqual(job.files, (*joblist.CASES, "more.txt"))
        self.assertEqual(joblist.parse_line(LINE.replace("uml", "-"), "x").needs, "")

    def test_bad_lines(self):
        numbers = "minutes and shards are numbers, when is change or night, needs is one of -, uml"
        for bad, why in ((LINE + " | x", ": want name . "), (LINE.replace("15", "soon"), numbers),
                         (LINE.replace("change", "often"), numbers),
                         (LINE.replace(" 1 |", " 0 |"), numbers),
                         (LINE.replace("uml", "kvm"), numbers), (f"{LINE}\n{LINE}", "is there twice")):
            with self.assertRaisesRegex(Failure, why):
                joblist.parse(bad)

    def test_shards_and_caches(self):
        lines = [LINE, LINE.replace("a |", "b |").replace("| 1 |", "| 3 |"),
                 LINE.replace("a |", "c |").replace("| um |", "| x86 |").replace("change", "night")]
        runs = joblist.runs(joblist.parse("\n".join(lines)))
        self.assertEqual([run.name for run in runs], ["a", "b-1of3", "b-2of3", "b-3of3", "c"])
        self.assertEqual(runs[2].command, "kunit NCPUS=1 SHARD=2/3")
        self.assertEqual([run.first for run in runs], [True, False, False, False, True])


class Commands(unittest.TestCase):
    def setUp(self):
        self.jobs = joblist.read()

    def test_each_is_a_target_with_variables_that_it_takes(self):
        for run in joblist.runs(self.jobs):
            target, given = joblist.split_command(run.command)
            command = commands()[target]
            values = options.values(frame.all_options(command), given)
            directory = target if command.directory is None else command.directory
            if callable(directory):
                directory = directory(values)
            self.assertEqual(run.job.results, directory, run.name)

    def test_each_stage_of_make_check_is_a_job(self):
        def key(target, given):
            return target, frozenset((name, value.replace(" ", ",")) for name, value in
                                     given.items() if name not in ("INTO", "SEEDS", "MINUTES"))

        have = {key(*joblist.split_command(job.command)): job for job in self.jobs}
        for stages, when in ((check.STAGES, "change"), (check.LONG_STAGES, "night")):
            for name, target, *given in stages:
                given = {n: v for n, v in options.given(given).items()
                         if (n, v) != ("NCPUS", "4")}
                self.assertIn(key(target, given), have, name)
                if key(target, given) != ("stress", frozenset()):
                    self.assertEqual(have[key(target, given)].when, when, name)


if __name__ == "__main__":
    unittest.main()
