# SPDX-License-Identifier: GPL-2.0
"""The CI engines' files: they say what ci/jobs.list says, and call nothing but scripts/ci."""

import os
import re
import unittest

from splitfree import __main__ as front
from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT
from splitfree.engines import __main__ as words
from splitfree.engines import files, joblist


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as handle:
        return handle.read()


WORKFLOWS = [f".github/workflows/{name}" for name in sorted(os.listdir(
    os.path.join(ROOT, ".github/workflows")))]


class Blocks(unittest.TestCase):
    def test_the_files_are_those_of_the_list(self):
        self.assertEqual(sorted(files.differing(joblist.read())), [],
                         "run scripts/ci engines")

    def test_a_list_that_changed_is_noticed(self):
        jobs = joblist.read()
        for when, paths in (("change", {".github/workflows/check.yml", ".gitlab-ci.yml"}),
                            ("night", {".github/workflows/nightly.yml", ".gitlab-ci.yml"})):
            other = [job._replace(minutes=1) if job.when == when else job for job in jobs]
            self.assertEqual(set(files.differing(other)), paths)

    def test_a_block(self):
        text = "a:\n  # begin x, from y\n  - old\n  # end x\nb\n"
        self.assertEqual(files.replaced(text, "x", ["- new", "- \\1"], "f"),
                         "a:\n  # begin x, from y\n  - new\n  - \\1\n  # end x\nb\n")
        for bad in ("", text + text):
            with self.assertRaisesRegex(Failure, "f has not one block"):
                files.replaced(bad, "x", [], "f")


class Content(unittest.TestCase):
    def test_actions_are_pinned_by_hash(self):
        for path in WORKFLOWS:
            for used in re.findall(r"uses: (.*)", read(path)):
                self.assertRegex(used, r"^(\./\.github/workflows/\w+\.yml|"
                                 r"actions/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$")

    def test_each_action_has_one_version(self):
        pins = set(re.findall(r"uses: (actions/[\w-]+)[\w/-]*@(\w{40})",
                              "".join(map(read, WORKFLOWS))))
        self.assertEqual(len(pins), len({name for name, _ in pins}))

    def test_what_a_token_may_do(self):
        for path in WORKFLOWS:
            self.assertRegex(read(path), r"(?m)^permissions:\n  contents: read\n")

    def test_the_job_that_keeps_the_source(self):
        self.assertIn(joblist.KEEPS_SOURCE, [job.name for job in joblist.read()])
        self.assertIn(f"inputs.name == '{joblist.KEEPS_SOURCE}'", read(WORKFLOWS[1]))
        self.assertIn("CACHE", read(files.GITLAB))

    def test_one_of_each_cache_writes(self):
        runs = joblist.runs(joblist.read())
        words = {run.job.cache for run in runs} - {""}
        self.assertEqual(sorted(run.job.cache for run in runs if run.first), sorted(words))

    def test_expressions_do_not_reach_a_shell(self):
        """Words from outside go by way of a variable."""
        for path in WORKFLOWS:
            for script in re.findall(r"(?m)^ +run: (?:\|\n((?: {10}.*\n|\n)+)|(.*))", read(path)):
                self.assertNotIn("${{", "".join(script), path)

    def test_each_engine_stops_a_job_in_time_to_keep_what_it_left(self):
        for path in (".github/workflows/job.yml", files.GITLAB):
            self.assertRegex(read(path), r'timeout --preserve-status "?\$\{MINUTES\}m"? scripts/ci ')
        job = read(".github/workflows/job.yml")
        self.assertIn("MINUTES: ${{ inputs.minutes }}", job)
        # The steps around the command take some minutes, too.
        self.assertIn("timeout-minutes: ${{ inputs.limit }}", job)
        self.assertRegex(read(".github/workflows/check.yml"), r"minutes: 10, limit: 25\b")
        for path in WORKFLOWS:
            if "job.yml" not in path:
                self.assertIn("limit: ${{ matrix.limit }}", read(path))

    def test_github_runs_the_jobs_of_a_pull_request_once(self):
        self.assertRegex(read(".github/workflows/check.yml"),
                         r"(?m)^on:\n(?:  #.*\n)*  push:\n    branches: \[main\]\n  pull_request:\n")

    def test_gitlab_tries_again_only_what_could_not_run(self):
        self.assertRegex(read(files.GITLAB), r"retry:\n    max: 1\n    exit_codes: \[2\]\n")

    def test_gitlab_knows_the_name_of_each_cache(self):
        """A key that changes with files is found by nobody who has other files."""
        text = read(files.GITLAB)
        self.assertEqual(re.findall(r"^ +(?:- )?key: ?(.*)$", text, re.M),
                         ["source", "ccache-$CACHE"])
        self.assertNotIn("fallback_keys", text)

    def test_gitlab_lets_no_job_need_50_others(self):
        """A matrix counts once for each job in it; stages wait for as many as there are."""
        for line in re.findall(r"^ +needs: .*$", read(files.GITLAB), re.M):
            self.assertNotRegex(line, "night|change")


class Page(unittest.TestCase):
    def test_it_says_for_whom_each_file_is(self):
        page, found = read("docs/bots.md"), [".ci/run", files.GITLAB, *WORKFLOWS]
        for top, _, names in os.walk(os.path.join(ROOT, "ci")):
            found += [os.path.relpath(os.path.join(top, name), ROOT) for name in names]
        # The second and third workflow are named beside the first.
        self.assertEqual([path for path in found if f"`{path}`" not in page
                          and f"`{path.removeprefix(files.GITHUB)}`" not in page], [])


class Words(unittest.TestCase):
    def test_scripts_ci_knows_each_and_none_is_a_target(self):
        cases = re.search(r"^([\w |-]+)\)$", read("scripts/ci"), re.M).group(1)
        self.assertEqual(sorted(cases.split(" | ")), sorted(words.WORDS))
        self.assertEqual(set(words.WORDS) & {*front.TARGETS, *front.PLAIN}, set())


if __name__ == "__main__":
    unittest.main()
