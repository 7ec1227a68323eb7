# SPDX-License-Identifier: GPL-2.0
"""Make rcuscale reads consoles, and makes a table of them."""

import types
import unittest
from unittest import mock

from splitfree.base import results
from splitfree.base.failures import Failure
from splitfree.bench import rcuscale
from splitfree.commands import rcuscale as command
from splitfree.judge.excuses import BadList
from tests.fakes import SPLAT, Commands

CONSOLE = """\
rcuscale: plenty on 4 CPUs\r
[    1.0] rcu-scale:--- kfree_rcu_test: kfree_mult=1\r
[    2.0] Total time taken by all kfree'ers: 640000 ns, loops: 4, \
batches: 9, memory footprint: 3MB\r
rcuscale: run mode=double calls=1000 ns=640000 batches=9 footprint=3 peak=2048 samples=7 \
page=2 head=250 sync=0 sheaf=500 sheaf_fail=500 stall=0 oom=0\r
nolock_bench: place=empty fn=lockless tries=32 got=0 waiting=0 ns=640\r
nolock_bench: place=empty fn=nolock tries=32 got=16 waiting=0 ns=6400\r
rcuscale: done\r
"""


def one(situation, variant, head, **more):
    return {"situation": situation, "path": "block", "variant": variant, "mode": "double",
            "calls": 1000, "ns": 1000000, "batches": 1, "footprint": 1, "peak": 1024, "page": 3,
            "head": head, "sync": 0, "sheaf": 0, "sheaf_fail": 0, **more}


class Parse(unittest.TestCase):
    def test_runs_and_places(self):
        runs, places = rcuscale.parse(CONSOLE)
        self.assertEqual([(r["mode"], r["head"], r["ns"]) for r in runs], [("double", 250, 640000)])
        self.assertEqual([(p["fn"], p["got"]) for p in places], [("lockless", 0), ("nolock", 16)])

    def test_a_guest_that_stopped_short(self):
        self.assertIsNone(rcuscale.parse(CONSOLE.replace("rcuscale: done", "")))
        self.assertIsNone(rcuscale.parse(""))

    def test_kernel_messages_have_a_prefix(self):
        text = CONSOLE.replace("nolock_bench", "[    3.000000] nolock_bench")
        self.assertEqual(len(rcuscale.parse(text)[1]), 2)

    def test_complaint(self):
        self.assertTrue(rcuscale.COMPLAINT.search("rcuscale: mount: No such file, NOT ok\r\n"))
        self.assertFalse(rcuscale.COMPLAINT.search(CONSOLE))


class Figures(unittest.TestCase):
    def test_shares_and_time(self):
        found = rcuscale.figures(rcuscale.parse(CONSOLE)[0][0])
        self.assertEqual((found["head"], found["sheaf"], found["ns"], found["peak"]),
                         (25, 50, 640, 2))

    def test_median_and_spread(self):
        rows = rcuscale.summarise([one("plenty", "on", head) for head in (10, 400, 20)])
        self.assertEqual(len(rows), 1)
        self.assertEqual(rows[0]["runs"], 3)
        self.assertEqual(rows[0]["head"], {"median": 2, "min": 1, "max": 40})

    def test_places_need_both_functions(self):
        places = rcuscale.parse(CONSOLE)[1]
        self.assertEqual(rcuscale.summarise_places(places)[0]["nolock"]["median"], 50)
        self.assertEqual(rcuscale.summarise_places(places[:1]), [])

    def test_factor(self):
        rows = rcuscale.summarise([one("pressure", "stock", 500), one("pressure", "on", 50),
                                   one("held", "stock", 500), one("held", "on", 0),
                                   one("plenty", "stock", 0), one("plenty", "on", 5)])
        self.assertEqual(rcuscale.factor(rows, "pressure", "block", "double", "head"), 10)
        self.assertEqual(rcuscale.factor(rows, "held", "block", "double", "head"), float("inf"))
        # Stock has none: no factor, not a good one.
        self.assertIsNone(rcuscale.factor(rows, "plenty", "block", "double", "head"))
        self.assertIsNone(rcuscale.factor(rows, "plenty", "sheaf", "double", "head"))


class Table(unittest.TestCase):
    def test_columns_line_up(self):
        lines = rcuscale.simple_table(["a", "long head"],
                                      [["1", "2"], ["wide cell", ""]]).splitlines()
        self.assertEqual(lines[0], "=========  =========")
        self.assertEqual(lines[1], "a          long head")
        self.assertEqual(lines[-2], "wide cell")

    def test_spread_is_left_out_where_there_is_none(self):
        self.assertEqual(rcuscale.show_spread({"median": 0, "min": 0, "max": 0.001}, 2), "0.00")
        self.assertEqual(rcuscale.show_spread({"median": 1, "min": 0, "max": 2}, 0), "1 (0..2)")


    def test_a_line_has_each_kernel(self):
        text = rcuscale.tables(rcuscale.summarise([one("held", "stock", 500),
                                                   one("held", "on", 5)]), [])
        line = next(l for l in text.splitlines() if l.startswith("held"))
        self.assertEqual(line.split(), ["held", "block", "double", "50.00", "\\-", "0.50"])

    def test_the_single_form_waits(self):
        text = rcuscale.tables(rcuscale.summarise(
            [{**one("held", "stock", 0, sync=10), "mode": "single"}]), [])
        self.assertIn("single  1.00", text)


class Plan(unittest.TestCase):
    def test_variants_take_turns(self):
        labels = [p[0] for p in rcuscale.plan(types.SimpleNamespace(rounds=2))]
        self.assertEqual(labels[:3], ["plenty-sheaf-stock-0", "plenty-sheaf-off-0",
                                      "plenty-sheaf-on-0"])
        second = [l for l in labels if l.startswith("plenty-sheaf") and l.endswith("-1")]
        self.assertEqual(second, ["plenty-sheaf-off-1", "plenty-sheaf-on-1",
                                  "plenty-sheaf-stock-1"])
        self.assertEqual(len(labels), len(set(labels)))


class Execute(Commands):
    target = "rcuscale"

    def execute(self, **texts):
        job = self.job(**{"ROUNDS": "1", "ONLY": "plenty-sheaf-on", "TIMEOUT": "9", **texts})
        kernels = {name: types.SimpleNamespace(binary=name, environment=dict, ARCH="x86_64")
                   for name in ("stock", "series")}
        found = self.quiet(rcuscale.execute, job, kernels, {"stock": "i", "series": "j"})
        self.saved = results.read(job.path("results.json")), job
        return found

    def test_a_run(self):
        self.consoles = {"SITUATION=plenty": CONSOLE}
        runs, _, bad, hung = self.execute()
        self.assertEqual((len(runs), bad, hung), (1, [], []))
        self.assertEqual(len(self.boots), 1)
        self.assertIn("initrd=j", self.boots[0])
        self.assertIn("THREADS=4", self.boots[0])
        rows, text, data = rcuscale.save(self.saved[1], runs, [], bad, hung)
        self.assertIn("plenty", text)
        self.assertNotIn("runs", data)
        self.assertEqual(len(rows), 1)

    def test_one_that_hangs_is_made_again(self):
        self.late = True
        _, _, bad, hung = self.execute()
        self.assertEqual((len(self.boots), len(hung)), (rcuscale.TRIES, rcuscale.TRIES - 1))
        self.assertEqual(bad, [("plenty-sheaf-on-0", "hung and was killed after 9 s")])

    def test_what_is_bad(self):
        for text, words in ((SPLAT + CONSOLE, "the kernel complained"),
                            ("rcuscale: mount, NOT ok\n" + CONSOLE, "NOT ok"),
                            ("", "did not come to its end")):
            self.consoles = {"": text}
            self.assertIn(words, self.execute()[2][0][1])

    def test_a_list_of_splats_that_cannot_be_read(self):
        with mock.patch.object(rcuscale.verdicts, "judge_file", side_effect=BadList("x:1: no day")), \
                self.assertRaisesRegex(Failure, "^x:1: no day$"):
            self.execute()

    def test_a_run_that_failed_is_named_with_its_log(self):
        for name in ("make_kernels", "make_initramfs", "report"):
            self.patch(rcuscale, name, return_value={"stock": 1} if name == "make_kernels" else "x")
        self.patch(command.initramfs, "compile_init", return_value="init")
        self.patch(rcuscale, "execute", return_value=([1], [], [("plenty-on-0", "it hung")], []))
        self.patch(rcuscale, "save", return_value=([], "", {}))
        result = command.run(self.job())
        self.assertRegex(str(result.failure), r"^plenty-on-0: it hung \(log: .*/plenty-on-0\.log\)$")
        self.assertEqual((result.sums(), result.failure.status), ((1, 1, 0), 1))

    def test_a_word_that_no_run_has(self):
        with self.assertRaisesRegex(Failure, "no run is called nonsense"):
            self.execute(ONLY="nonsense")

    def test_under_qemu(self):
        self.consoles = {"": CONSOLE}
        with mock.patch("shutil.which", return_value="/usr/bin/qemu"):
            self.execute(QEMU="1")
        self.assertNotIn("-numa", self.boots[0])
        self.assertIn("-m 512M -display", self.boots[0])

    def test_the_report_says_how_many_fewer(self):
        rows = rcuscale.summarise([one("held", "stock", 500), one("held", "on", 0)])
        self.quiet(rcuscale.report, rows, "the table", ["a", "b"])
        self.assertIn("2 boots hung and were made again: a, b", self.said)
        self.assertIn("held, block: of the fallbacks to rcu_head that stock has, none are left",
                      self.said)


if __name__ == "__main__":
    unittest.main()
