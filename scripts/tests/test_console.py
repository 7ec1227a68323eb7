# SPDX-License-Identifier: GPL-2.0
"""Console logs of each kind, and what is right for each (data/console/cases.tsv).

Each log was made by hand from a line or two that kernels, loggers and programs write;
the column "why" says what it is about.
"""

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

from splitfree.judge import console as consoles, verdict

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data", "console")
COMMAND = os.path.join(os.path.dirname(HERE), "verdict.py")


def cases():
    with open(os.path.join(DATA, "cases.tsv"), encoding="utf-8", newline="\n") as handle:
        for row in handle:
            if not row.startswith("#"):
                name, options, status, counts, why = row.rstrip("\n").split("\t")
                yield name, options, int(status), counts, why


class Recorded(unittest.TestCase):
    def test_each_is_judged_right(self):
        for name, options, status, counts, why in cases():
            with self.subTest(name=name, why=why):
                found = verdict.judge_file(os.path.join(DATA, name + ".log"), [])
                if options == "--no-tests":
                    found = verdict.without_tests(found)
                self.assertEqual(found.status, status, found)
                if counts != "-":
                    self.assertEqual(f"{found.passed}/{found.failed}/{found.skipped}", counts)
                self.assertEqual(bool(found.reason), found.status != 0)

    def test_each_log_has_a_row(self):
        logs = {name[:-4] for name in os.listdir(DATA) if name.endswith(".log")}
        self.assertEqual(logs, {row[0] for row in cases()})

    def test_stamps_change_nothing(self):
        """A log without stamps is judged as the same with them, if the kernel wrote it all."""
        for name, options, status, _, _ in cases():
            with open(os.path.join(DATA, name + ".log"), encoding="utf-8", errors="replace",
                      newline="\n") as handle:
                lines = handle.read().split("\n")
            if options or not lines[0].startswith("Linux version") or name.startswith(
                    ("glued-", "ok-glued", "prompt", "doubled", "dropped", "ok-cr-", "bad-long-line",
                     "bad-warn-after-progress", "ok-stamped-looking", "ok-dmesg-shown", "bad-cut-in",
                     "reboot-to-", "ok-proc-version", "ok-lfcr", "ok-second-console")):
                continue
            text = "".join(f"[{nr / 1000:12.6f}] {line}\n" for nr, line in enumerate(lines) if line)
            with self.subTest(name=name):
                self.assertEqual(verdict.judge_text(text, []).status, status)

    def test_no_cut_of_a_good_log_passes(self):
        patterns = verdict.read_splats()
        for name in ("ok-vt-in-diagnostic", "ok-journal", "ok-caller-only", "ok-outer-time"):
            with open(os.path.join(DATA, name + ".log"), encoding="utf-8", newline="") as handle:
                text = handle.read()
            end = text.index("ok 2 llist") + len("ok 2 llist")
            for length in range(len(text) + 1):
                found = verdict.judge(text[:length], patterns, [], None)
                self.assertEqual(found.status == 0, length >= end, (name, length, found.reason))

    def test_no_result_can_be_lost(self):
        with open(os.path.join(DATA, "ok-vt-in-diagnostic.log"), encoding="utf-8",
                  newline="\n") as handle:
            lines = handle.readlines()
        for number, line in enumerate(lines):
            if line.lstrip().startswith("ok "):
                for changed in ([], [line, line], [line.replace("ok", "not ok")],
                                [line.replace("ok ", "ok [    1.2] ")]):
                    text = "".join(lines[:number] + changed + lines[number + 1:])
                    with self.subTest(line=line, changed=changed):
                        self.assertEqual(verdict.judge_text(text, []).status, 1)


class Command(unittest.TestCase):
    """scripts/verdict.py, which others rely on."""

    def run_on(self, name, *options):
        result = subprocess.run([sys.executable, COMMAND, *options,
                                 os.path.join(DATA, name + ".log")], check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return result.returncode, result.stdout

    def test_status_and_counts(self):
        self.assertEqual(self.run_on("ok-tap14"), (0, "2 passed, 0 failed, 0 skipped\n"))
        status, said = self.run_on("splat-slub")
        self.assertEqual(status, 1)
        self.assertIn("BUG kmalloc-64", said)
        self.assertIn("4 passed, 1 failed, 0 skipped\n", said)
        self.assertEqual(self.run_on("skip-plan-zero-lower")[0], 2)

    def test_no_tests(self):
        self.assertEqual(self.run_on("boot-no-tests-good", "--no-tests"), (0, ""))
        self.assertEqual(self.run_on("dropped-no-tests", "--no-tests")[0], 1)

    def test_a_file_that_is_not_there(self):
        status, said = self.run_on("none")
        self.assertEqual(status, 2)
        self.assertIn("splitfree: ", said)

    def test_standard_input(self):
        with open(os.path.join(DATA, "ok-tap14.log"), "rb") as handle:
            result = subprocess.run([sys.executable, COMMAND, "-"], check=False, stdin=handle,
                                    stdout=subprocess.PIPE, text=True)
        self.assertEqual(result.stdout, "2 passed, 0 failed, 0 skipped\n")


    GOOD = os.path.join(DATA, "ok-tap14.log")

    def in_shell(self, text):
        """(status, what it said) of verdict.py with these words and redirections behind it."""
        result = subprocess.run(["sh", "-c", f"exec {sys.executable} {COMMAND} {text}"],
                                env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
                                check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertNotIn("Traceback", result.stderr)
        return result.returncode, result.stdout + result.stderr

    def test_where_nothing_can_be_read(self):
        for text in ("- <&-", DATA, "- <" + os.devnull):
            with self.subTest(text=text):
                self.assertEqual(self.in_shell(text)[0], 2)

    def test_where_nothing_can_be_written(self):
        """The status is that of the log."""
        for target in (">/dev/full", ">&-"):
            with self.subTest(target=target):
                self.assertEqual(self.in_shell(f"{self.GOOD} {target}")[0], 0)
                self.assertEqual(self.in_shell(f"{DATA}/skip-plan-zero-lower.log {target}")[0], 2)

    def test_letters_that_a_terminal_does_not_know(self):
        with tempfile.NamedTemporaryFile("w", suffix=".log", encoding="utf-8") as handle:
            handle.write("Linux version 7.3.4\nKTAP version 1\n1..0 # SKIP \u00e9t\u00e9\a\n")
            handle.flush()
            self.assertEqual(self.in_shell(handle.name),
                             (2, "the whole run was skipped: \\xe9t\\xe9 \n"
                                 "0 passed, 0 failed, 0 skipped\n"))


class Loggers(unittest.TestCase):
    """Prefixes of other programs."""

    LINES = ["Linux version 7.3.4", "KTAP version 1", "1..1", "    KTAP version 1",
             "    # Subtest: a", "    1..2", "    ok 1 x", "    ok 2 y", "ok 1 a"]
    CLOCKS = ["2026-08-20T10:00:{0:02} ", "2026-08-20T10:00:{0:02}.1234567Z ",
              "2026-08-20T10:00:{0:02}.123456Z 00O ", "2026-08-20T10:00:{0:02},123456+02:00 ",
              "[2026-08-20 10:00:{0:02}.123] ", "Aug 20 10:00:{0:02} ", "00:00:{0:02} ",
              "[00:00:{0:02}.123] ", "1787212800.0000{0:02} ", "[1.0000{0:02} 0.000012] "]
    HOSTS = ["Aug 20 10:00:{0:02} dut {1}: ", "Aug 20 10:00:{0:02}.123456 dut {1}: ",
             "Thu 2026-08-20 10:00:{0:02} CEST dut {1}: ", "[    1.0000{0:02}] dut {1}: ",
             "1787212800.0000{0:02} dut {1}: ", "2026-08-20T10:00:{0:02}+02:00 dut {1}: "]

    def status(self, prefix, lines, who="kernel"):
        return verdict.judge_text("".join(
            prefix.format(number, who if line.startswith("BUG") else "kernel") + line + "\n"
            for number, line in enumerate(lines)), []).status

    def test_each(self):
        for prefix in self.CLOCKS + self.HOSTS:
            for stamp in ("", "[    1.234567] ", "<4>[    1.234567][    T1] "):
                lines = [stamp + line for line in self.LINES]
                with self.subTest(prefix=prefix, stamp=stamp):
                    self.assertEqual(self.status(prefix, lines), 0)
                    for bad in ("WARNING: mm/x.c:1 at y+0x1/0x2", "    not ok 2 y",
                                "unreferenced object 0xffff888003c0a280 (size 64):"):
                        self.assertEqual(self.status(prefix, lines[:7] + [stamp + bad] + lines[8:]),
                                         1)

    def test_the_host_says_who_wrote_it(self):
        for prefix in self.HOSTS:
            lines = self.LINES[:7] + ["BUG: of a program"] + self.LINES[7:]
            with self.subTest(prefix=prefix):
                self.assertEqual(self.status(prefix, lines), 1)
                self.assertEqual(self.status(prefix, lines, "stress[7]"), 0)

    def test_printk_says_a_line_again(self):
        """Its clock has gone on."""
        lines = self.LINES[:7] + [consoles.REPLAY, self.LINES[6]] + self.LINES[7:]
        for prefix in ["", *self.CLOCKS]:
            with self.subTest(prefix=prefix):
                self.assertEqual(self.status(prefix, lines), 0)

    def test_a_second_console(self):
        early = [self.LINES[0], "Memory: 1G", "printk: legacy console [ttyS0] enabled"]
        for prefix in ["", *self.CLOCKS]:
            with self.subTest(prefix=prefix):
                self.assertEqual(self.status(prefix, early * 2 + self.LINES[1:]), 0)

    def test_a_clock_that_only_some_lines_have(self):
        found = list(consoles.Console("a line\n00:00:01 another\n"))
        self.assertEqual(found[1], (2, "00:00:01 another", None))


class Large(unittest.TestCase):
    """A log is read once, in pieces. 6 MB here, in a few seconds."""

    SIZE = 6 << 20
    MEMORY, SECONDS = 96 << 20, 60

    def judged(self, parts):
        """The status for a file that these make, with little memory to judge it in."""
        with tempfile.NamedTemporaryFile("w", suffix=".log") as handle:
            handle.write("Linux version 7.3.4\nKTAP version 1\n1..1\nok 1 a\n")
            size = 0
            while size < self.SIZE:
                size += handle.write(parts)
            handle.flush()
            start = time.monotonic()
            result = subprocess.run(
                [sys.executable, COMMAND, handle.name], check=False, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (self.MEMORY,) * 2))
            self.assertLess(time.monotonic() - start, self.SECONDS)
        return result.returncode, result.stdout

    def test_noise(self):
        self.assertEqual(self.judged("pci 0000:00:1f.2: BAR 4 [io  0x0000-0x001f]: assigned\n"
                                     "stress: worker 12 did 123456 iterations, 0 errors\n" * 1000),
                         (0, "1 passed, 0 failed, 0 skipped\n"))

    def test_one_complaint_again_and_again(self):
        status, said = self.judged("WARNING: mm/pcp/drain.c:88 at drain_remote+0x41/0x5a\n"
                                   "Call Trace:\n" * 1000)
        self.assertEqual(status, 1)
        self.assertLess(len(said), 4000)

    def test_one_line(self):
        self.assertEqual(self.judged("x" * 100000)[0], 0)

    def test_long_lines(self):
        """The search for a second console keeps none of these lines."""
        with mock.patch.object(Large, "SIZE", 120 << 20):
            self.assertEqual(self.judged(("x" * (1 << 20) + "\n") * 4)[0], 0)

    def test_nothing_but_results(self):
        self.assertEqual(self.judged("    ok 1 a_test_with_a_name\n" * 1000)[0], 1)


class CleanLines(unittest.TestCase):
    def test_prefixes(self):
        for prefix in ("[    1.234567] ", "[    1.234567][   T71] ", "<6>[    1.234567] ", "<4>",
                       "[   C0] ", "Aug 20 10:00:01 dut kernel: ", "kern  :warn  : [    1.234567] ",
                       "2026-08-20T10:00:01,123456+02:00 dut kernel: ", "4,339,5140900,-;",
                       "[Thu Aug 20 10:00:01 2026] ", "[Aug20 10:00] ", "[  +0.000123] "):
            with self.subTest(prefix=prefix):
                self.assertEqual(list(consoles.Console(prefix + "    ok 1 a\n")),
                                 [(1, "    ok 1 a", True)])

    def test_words_that_look_like_a_prefix_stay(self):
        for text in ("[ BUG: Invalid wait context ]", "[<60123456>] drain_remote+0x41/0x5a",
                     "[  OK  ] Started a unit.", "1.5 GB of memory", "Mar", "Kernel panic: x"):
            with self.subTest(text=text):
                self.assertEqual(list(consoles.Console(text + "\n")), [(1, text, None)])

    def test_blocks_end_with_lines(self):
        text = "".join(f"[{n:5d}.000000] line {n}\r\n" for n in range(200000))
        found = list(consoles.Console(io.BytesIO(text.encode())))
        self.assertEqual((len(found), found[-1]), (200000, (200000, "line 199999", True)))

    def test_tail(self):
        with tempfile.NamedTemporaryFile("w") as handle:
            handle.write("".join(f"line {n}\n" for n in range(100000)))
            handle.flush()
            self.assertEqual(consoles.tail(handle.name, 2), ["line 99998", "line 99999"])


if __name__ == "__main__":
    unittest.main()
