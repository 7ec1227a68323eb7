# SPDX-License-Identifier: GPL-2.0
"""The QEMU command line, the configuration's fragments, the stress verdict."""

import os
import tempfile
import types
import unittest
from unittest import mock

import common
import qemu
import run_qemu
import stress
import uml
from splitfree.judge import verdict  # noqa: E402  pylint: disable=wrong-import-position


def options(**values):
    return types.SimpleNamespace(**{"ncpus": 4, "accel": "tcg", "debug": "", "minutes": 1.0,
                                    **values})


class Merge(unittest.TestCase):
    def merged(self, *texts):
        with tempfile.TemporaryDirectory() as out:
            paths = []
            for number, text in enumerate(texts):
                paths.append(os.path.join(out, f"{number}.config"))
                with open(paths[-1], "w", encoding="utf-8") as handle:
                    handle.write(text)
            kernel = uml.Kernel(out, "", 1, False, fragments=paths)
            with open(kernel.merge(), encoding="utf-8") as handle:
                return handle.read().splitlines()

    def test_a_later_fragment_overrides(self):
        self.assertEqual(self.merged("# why\nCONFIG_A=y\nCONFIG_B=1\n",
                                     "# CONFIG_A is not set\nCONFIG_C=y\n"),
                         ["# CONFIG_A is not set", "CONFIG_B=1", "CONFIG_C=y"])


class Command(unittest.TestCase):
    def command(self, **values):
        kernel = types.SimpleNamespace(debug=values.get("debug", ""), binary="bzImage", ARCH="x86_64")
        with mock.patch("shutil.which", return_value="/usr/bin/qemu-system-x86_64"):
            return qemu.command(kernel, options(**values), ["kunit.enable=1"])

    def test_tcg_unless_asked(self):
        self.assertIn("tcg,thread=multi", self.command())

    def test_the_nodes_have_all_memory(self):
        args = self.command()
        memory = args[args.index("-m") + 1].split(",")[0]
        sizes = [a.split("size=")[1] for a in args if a.startswith("memory-backend-ram,id=m")]
        self.assertEqual(memory, f"{sum(int(s.rstrip('M')) for s in sizes)}M")

    def test_odd_number_of_cpus_has_no_nodes(self):
        self.assertNotIn("-numa", self.command(ncpus=3))
        self.assertIn("3", self.command(ncpus=3))

    def test_unknown_accelerator(self):
        with self.assertRaises(common.Failure):
            qemu.accelerator("fast")

    def test_missing_qemu(self):
        kernel = types.SimpleNamespace(debug="", binary="bzImage")
        with mock.patch("shutil.which", return_value=None), \
                self.assertRaises(common.Failure) as caught:
            qemu.command(kernel, options(), [])
        self.assertIn("packages.sh qemu", str(caught.exception))


class Judge(unittest.TestCase):
    GOOD = ["stress: result iterations=60000", "stress: result cpu_cycles=5",
            "stress: result memory_cycles=3", "stress: result huge_pages=20",
            "stress: result injected=3000", "stress: result pages_lost=-3",
            "stress: result cpus=4", "stress: result cpus_started=4", "stress: end"]

    def judged(self, lines, late=False, **values):
        watcher = stress.Watcher()
        for line in lines:
            watcher.line(line)
        with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
            log.write("\n".join(lines) + "\n")
            log.flush()
            return stress.judge(watcher, late, log.name, options(**values))[0]

    def test_good(self):
        self.assertEqual(self.judged(self.GOOD), [])

    def test_lost_pages(self):
        lines = [l.replace("pages_lost=-3", "pages_lost=4000") for l in self.GOOD]
        self.assertEqual(self.judged(lines), ["4000 pages were lost"])

    def test_pages_not_counted_are_lost(self):
        lines = [l for l in self.GOOD if "pages_lost" not in l]
        self.assertEqual(len(self.judged(lines)), 1)

    def test_message_at_warning_level(self):
        self.assertEqual(self.judged(["before the start", "stress: start",
                                      "[    9.123456] something is odd"] + self.GOOD),
                         ["1 kernel messages at warning level"])

    def test_message_that_stock_gives_too(self):
        for text in ("migrating pfn 3f failed ret:-2", "Call Trace:",
                     "Out of memory: Killed process 847 (init) total-vm:1299792kB",
                     "select_fallback_rq: 6 callbacks suppressed"):
            self.assertEqual(self.judged(["stress: start", "[  161.554938] " + text]
                                         + self.GOOD), [])

    def test_warn_on_the_console(self):
        self.assertIn("the kernel complained",
                      self.judged(["[    1.000000] WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1"]
                                  + self.GOOD))

    def test_too_little_done(self):
        lines = [l.replace("=60000", "=600") for l in self.GOOD]
        self.assertEqual(len(self.judged(lines)), 1)
        self.assertEqual(self.judged(lines, debug="kasan"), [])
        lines = [l.replace("=3000", "=0") for l in self.GOOD]
        self.assertEqual(self.judged(lines, debug="kasan"), ["only 0 injected, 1 were to be reached"])

    def test_a_cpu_that_stayed_away(self):
        lines = [l.replace("cpus=4", "cpus=3") for l in self.GOOD]
        self.assertEqual(self.judged(lines), ["a CPU did not come back"])

    def test_no_end(self):
        self.assertEqual(self.judged(self.GOOD[:-1]), ["the guest did not come to its end"])
        self.assertEqual(self.judged(self.GOOD[:-1], late=True),
                         ["the guest hung and was killed"])


class Tally(unittest.TestCase):
    LINES = ["[    7.561739]         ok 3 reclaimable", "[    7.5]     not ok 29 refill_wants",
             "    ok 2 push_one", "[    7.6] ok 1 pcp_push", "[    7.6] it is ok 5 times"]

    def test_cases_count_and_suites_do_not(self):
        tally = run_qemu.Tally()
        for line in self.LINES:
            tally.see(line)
        self.assertEqual(tally.done(), 3)

    def test_as_many_are_expected_as_the_last_run_had(self):
        tally = run_qemu.Tally()
        with tempfile.NamedTemporaryFile("w") as ktap:
            ktap.write("\n".join(self.LINES))
            ktap.flush()
            self.assertEqual(tally.expected(ktap.name), 3)
        self.assertGreater(tally.expected("/nowhere"), 100)


class Parsers(unittest.TestCase):
    def test_the_excuses_are_regular_expressions(self):
        self.assertTrue(stress.Watcher().excuses)
        self.assertTrue(verdict.read_splats())


if __name__ == "__main__":
    unittest.main()
