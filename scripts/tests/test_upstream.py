# SPDX-License-Identifier: GPL-2.0
"""The suites by kunit.py and the configuration that is in the series."""

import json
import os
import shutil
import tempfile
import unittest

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT
from splitfree.kernel import build
from splitfree.runs import upstream
from tests import fakes

FILE = os.path.join(ROOT, "mm/pcp/.kunitconfig")

# In place of kunit.py: writes down its words, and a console where the kernel had run.
KUNIT_PY = """\
import json, os, sys
words = sys.argv[1:]
place = next(w.split("=", 1)[1] for w in words if w.startswith("--build_dir="))
with open(os.environ["TOLD"], "a") as handle:
    json.dump([os.getcwd(), os.environ.get("CCACHE_BASEDIR"), words], handle)
    handle.write("\\n")
print(os.environ.get("SAYS", ""))
if "LOG" in os.environ:
    with open(os.path.join(place, "test.log"), "w") as handle:
        handle.write(os.environ["LOG"])
sys.exit(int(os.environ.get("STATUS", "0")))
"""


class Options(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".kunitconfig") as handle:
            handle.write(text)
            handle.flush()
            return upstream.options(handle.name)

    def test_those_of_the_file_in_the_series(self):
        self.assertEqual(upstream.options(FILE), ["--kernel_args", "ncpus=4",
                                                  "--kernel_args", "seccomp=on"])

    def test_a_file_that_names_none(self):
        for text in ("CONFIG_KUNIT=y\n", "# kunit.py run --kunitconfig mm/pcp\n#\n# --kernel_args\n"):
            with self.assertRaisesRegex(Failure, "does not name the options"):
                self.read(text)

    def test_the_description_has_the_same_command(self):
        with open(os.path.join(ROOT, "Documentation/mm/pcp.rst"), encoding="utf-8") as handle:
            words = " ".join(handle.read().replace("\\\n", " ").split())
        self.assertIn("kunit.py run --kunitconfig mm/pcp " + " ".join(upstream.options(FILE)),
                      words)

    def test_all_that_it_asks_for_is_in_the_configuration_of_make_kunit(self):
        def wanted(path):
            with open(path, encoding="utf-8") as handle:
                return {line.strip() for line in handle if build.SYMBOL.match(line)}
        self.assertLessEqual(wanted(FILE), wanted(os.path.join(ROOT, ".kunitconfig")))


class Runs(fakes.Commands):
    target = "kunit"

    def setUp(self):
        super().setUp()
        self.patch(upstream.guest, "run", lambda *args, **more: RUN(*args, **more))
        linux = os.path.join(self.out, "linux")
        os.makedirs(os.path.join(linux, "tools/testing/kunit"))
        os.makedirs(os.path.join(linux, "mm/pcp"))
        with open(os.path.join(linux, "tools/testing/kunit/kunit.py"), "w",
                  encoding="utf-8") as handle:
            handle.write(KUNIT_PY)
        shutil.copy(FILE, os.path.join(linux, "mm/pcp/.kunitconfig"))
        self.told = os.path.join(self.out, "told")
        self.env = self.patch(build.Kernel, "environment")
        self.says(LOG=fakes.ktap(("first", True)))

    def says(self, **more):
        self.env.return_value = {**os.environ, "TOLD": self.told, **more}

    def run_it(self, alone, **texts):
        self.patch(build.Kernel, "configure", lambda *_: None)
        job = self.job(UPSTREAM="1" if alone else "quick", **texts)
        return self.quiet(upstream.test, job, alone, 7)

    def words(self):
        with open(self.told, encoding="utf-8") as handle:
            return [json.loads(line) for line in handle]

    def test_alone_it_gets_nothing_but_the_file(self):
        result = self.run_it(True)
        self.assertEqual((result.sums(), result.failure), ((1, 0, 0), None))
        (place, base, first), (_, _, second) = self.words()
        self.assertEqual((place, base), (os.path.join(self.out, "linux"), self.out))
        self.assertEqual(first.count("--kunitconfig"), 1)
        self.assertIn("mm/pcp", first)
        self.assertNotIn("ncpus=4", first)
        self.assertEqual((first[0], second[0]), ("run", "exec"))
        self.assertIn("ncpus=4", second)
        self.assertIn("--timeout=7", second)

    def test_quick_it_gets_the_build_that_is_there(self):
        self.run_it(False)
        first = self.words()[0][2]
        self.assertEqual(first.count("--kunitconfig"), 2)
        self.assertIn("--build_dir=" + os.path.join(self.out, "kunit-build/plain"), first)

    def test_a_suite_is_passed_on(self):
        self.run_it(True, SUITE="pcp_push")
        self.assertEqual([words[-2] for _, _, words in self.words()], ["pcp_push", "pcp_push"])

    def test_what_fails_with_no_option_ends_it(self):
        self.says(LOG=fakes.ktap(("first", False)), STATUS="1")
        result = self.run_it(True)
        self.assertEqual((result.sums(), len(self.words())), ((0, 1, 0), 1))
        self.assertEqual(result.failure.status, 1)

    def test_a_configuration_that_is_no_part_of_the_other(self):
        self.says(LOG=fakes.ktap(("first", True)), SAYS="Regenerating .config ...")
        result = self.run_it(False)
        self.assertIn("wants what .kunitconfig does not have", str(result.failure))
        self.assertEqual(result.failed, 1)
        self.assertEqual(fakes.bad_cases(os.path.join(self.out, "kunit-upstream")), ["kernel.end"])

    def test_no_kernel_was_run(self):
        self.says(SAYS="ERROR:root:no such symbol", STATUS="1")
        with self.assertRaisesRegex(Failure, "ran no kernel"):
            self.run_it(True)
        self.assertIn("no such symbol", self.said)

    def test_a_tree_without_the_file(self):
        os.remove(os.path.join(self.out, "linux/mm/pcp/.kunitconfig"))
        with self.assertRaisesRegex(Failure, "use a tree with the whole series"):
            self.run_it(True)


RUN = upstream.guest.run

if __name__ == "__main__":
    unittest.main()
