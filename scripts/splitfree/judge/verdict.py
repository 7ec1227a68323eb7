# SPDX-License-Identifier: GPL-2.0
"""Judges a kernel log: KTAP results and splats together.

Exit status:
  0  tests passed, and nothing else went wrong (some may have been skipped)
  1  a test failed, a planned test is missing (crash, hang), the kernel died before the
     first one, or the log has a splat
  2  nothing was tested: no kernel, no test selected, or every test skipped

The verdict is a function of the log, the two lists and the day alone.
"""

import collections
import datetime
import re

from splitfree.judge import console as consoles
from splitfree.judge import ktap, splats
from splitfree.judge.console import clean_lines
from splitfree.judge.excuses import BadList
from splitfree.judge.splats import read_excuses, read_list as read_splats

__all__ = ["BadList", "clean_lines", "find_splats", "judge", "judge_file", "judge_text",
           "read_excuses", "read_splats", "report", "summary"]

PASSED, FAILED, NOT_TESTED = 0, 1, 2

# With one of these the kernel has come to its init: it had no tests, or did not want them.
USERLAND = re.compile(r"Run \S+ as init process|login: ?$|^init: |reboot: ")
# A line behind the first one of a boot. A program that shows /proc/version has none of these.
BOOTS = re.compile(r"(?:Kernel c|C)ommand line: |\s*K?TAP version \d")
# Of these, and of SHUTDOWN, each line has a word.
WORDS = ("Linux version ", "compressing Linux", "Booting the kernel", "EFI stub: ",
         "early console in ", "as init process", "login:", "init: ", "reboot: ",
         "Restarting system", "System halted", "Power down", "Starting new kernel",
         "sysrq: Resetting", "-- Boot", "-- Reboot", "-- boot", "-- reboot")
# Programs that write before a kernel does.
LAUNCHER = re.compile(r"qemu|SeaBIOS|iPXE|Booting from |GRUB|Core dump limits|\s+(soft|hard) - "
                      r"|Checking |kvm: |timeout: ", re.I)
# Splats held back until the log has shown whether its kernel puts stamps on its lines.
HELD = 1000

Verdict = collections.namedtuple(
    "Verdict", "status passed failed skipped missing failures splats excused expired reason "
    "nr_splats kernel booted tests")


class Judge:
    """Reads a log once."""

    def __init__(self, patterns, excuses=(), today=None, keep=False):
        if not isinstance(patterns, splats.Patterns):
            patterns = splats.of_regex(patterns.pattern)
        self.scanner = splats.Scanner(patterns, excuses, today, keep)
        self.patterns, self.keep = patterns, keep
        # The kernel's results and those of programs may be mixed: a reader for each.
        self.readers = {}
        self.banners, self.spoke, self.userland, self.shutdown = 0, False, False, False
        self.loaded, self.restarts = False, []
        # A kernel has begun to boot, and has come neither to its init nor to its tests.
        self.booting = False
        # Does this kernel put a stamp on its lines? None: not known yet. Until then what may
        # be a splat is held back, with the lines behind it.
        self.stamps, self.held, self.hold_to = None, [], 0
        # The last first line of a kernel has no stamp: it is one of a program, if nothing more
        # of a boot follows and the kernel's lines have stamps.
        self.doubtful = False
        self.console = None

    def read(self, source):
        self.console = console = consoles.Console(source)
        for block, lines in console.batches():
            # Few blocks have a word of a splat; then each line needs no second look.
            self.lines(lines, [word for word in self.patterns.words if word in block],
                       any(word in block for word in WORDS))
        if self.stamps is None:
            if self.doubtful and self.mostly_stamped():
                self.forget()
            self.settle(self.mostly_stamped())
        for reader in self.readers.values():
            if console.ends_torn:
                reader.cut()
            reader.close_all()
        self.scanner.close()
        return self

    def lines(self, lines, words, notable):
        """words: of splats, that these lines have. notable: they may tell how a boot goes."""
        scan, readers, first = self.scanner, self.readers, ktap.FIRST
        for number, text, kernel in lines:
            if self.doubtful and kernel is None and BOOTS.match(text):
                self.believe()
            is_ktap, reader = False, readers.get(kernel)
            if reader is None or (kernel and not self.stamps):
                reader = self.reader(kernel, text)
            if self.keep or text[:1] in first:
                is_ktap = reader.line(text)
            if is_ktap:
                self.booting = False
            for word in words:
                if word in text:
                    self.said(number, text, kernel, reader, is_ktap, words)
                    break
            else:
                if scan.inside or scan.cut:
                    scan.dull(number, text, is_ktap)
                elif number < self.hold_to:
                    self.said(number, text, kernel, reader, is_ktap)
            if notable and not is_ktap:
                self.notable(text, kernel)
            if not self.spoke and text.strip() and (kernel or not LAUNCHER.match(text)):
                self.spoke = True

    def reader(self, kernel, text):
        """The reader for this line. A stamp in a log without stamps makes no other writer."""
        if kernel and not self.stamps:
            own = self.readers.get(True)
            if self.stamps is False or not (own and own.started or ktap.VERSION.match(text)):
                kernel = None
        if kernel not in self.readers:
            self.readers[kernel] = ktap.Reader(self.keep)
        return self.readers[kernel]

    def notable(self, text, kernel):
        """Does the line tell how the boot goes?"""
        if text.startswith("Linux version ") and consoles.BANNER.match(text):
            self.banner(kernel)
        elif consoles.SHUTDOWN.search(text):
            self.shutdown, self.userland, self.booting = True, True, False
        elif USERLAND.search(text):
            self.userland, self.booting = True, False
        elif consoles.LOADED.match(text):
            self.loaded = self.booting = True

    def banner(self, kernel):
        """A kernel begins to boot."""
        if kernel is False:
            return
        if kernel and self.doubtful:
            self.forget()
        other = self.banners and self.stamps is not None and self.stamps != bool(kernel)
        if other and not self.shutdown and not self.booting:
            # A program shows /proc/version, or dmesg with its stamps.
            return
        if other and not kernel:
            self.doubtful = True
            return
        if self.stamps is None and any(reader.started for reader in self.readers.values()):
            # A log that begins in the middle of another boot.
            self.banners += 1
            self.settle(self.mostly_stamped())
        self.boot(kernel)

    def believe(self):
        """The first line of a kernel that was doubtful is one."""
        self.doubtful = False
        if self.stamps is None:
            self.settle(False)
        else:
            # The kernel before had stamps.
            self.boot(None)

    def forget(self):
        """It is none."""
        self.doubtful = False
        if self.stamps is None:
            self.banners, self.booting = 0, self.loaded

    def boot(self, kernel):
        """The first line of a kernel."""
        if self.banners:
            for reader in self.readers.values():
                reader.close_all("the kernel restarted")
            if not self.shutdown:
                self.restarts.append("the kernel restarted by itself")
        # More has to follow, unless its stamp or an earlier boot shows that it is one.
        self.doubtful = not kernel and not self.banners
        self.banners += 1
        self.shutdown, self.userland, self.booting = False, False, True
        if self.stamps is None:
            # Lines before the first one of a kernel are those of the program that started it.
            self.held = [one for one in self.held if one[-1] or self.patterns.exact(one[1])]
        if not self.doubtful:
            self.settle(bool(kernel))

    def said(self, number, text, kernel, reader, is_ktap, words=None):
        """A line that may be of a splat, or of the report below one."""
        diagnostic = not is_ktap and reader.open() and bool(ktap.DIAGNOSTIC.match(text))
        one = (number, text, is_ktap, diagnostic, reader.where(), kernel)
        if self.stamps is None:
            if len(self.held) < HELD:
                self.held.append(one)
                if number >= self.hold_to and not is_ktap:
                    self.hold_to = number + splats.REPORT
                return
            self.settle(self.mostly_stamped())
        self.scan(*one, words)

    def scan(self, number, text, is_ktap, diagnostic, where, kernel, words=None):
        foreign = kernel is False or (self.stamps and kernel is None)
        self.scanner.line(number, text, is_ktap and not foreign, diagnostic and not foreign, where,
                          bool(foreign), words)

    def mostly_stamped(self):
        return self.console.stamped > self.console.bare

    def settle(self, stamps):
        if self.stamps is None:
            self.doubtful = False
        self.stamps, held, self.held, self.hold_to = stamps, self.held, [], 0
        for one in held:
            self.scan(*one)

    # The verdict -------------------------------------------------------------

    def verdict(self):
        counts, failures, tests, skips = collections.Counter(), [], [], []
        for reader in self.readers.values():
            counts.update(reader.counts)
            failures += reader.failures
            tests += reader.tests
            skips += reader.skips
        failures += self.restarts
        counts["failed"] += len(self.restarts)
        tests += [ktap.Test("restart", ktap.FAILED, text) for text in self.restarts[:1]]
        started = any(reader.started for reader in self.readers.values())
        status, reason = self.status(counts, started, skips)
        scan = self.scanner
        return Verdict(status, counts["passed"], counts["failed"] + counts["missing"],
                       counts["skipped"], counts["missing"], failures, scan.splats, scan.excused,
                       scan.expired, reason, scan.nr_splats, bool(self.banners or self.spoke),
                       bool(self.banners or started or self.loaded), tests)

    def status(self, counts, started, skips):
        complained = self.scanner.nr_splats
        if not started and complained:
            return FAILED, "the kernel complained, or died, before the tests"
        if counts["missing"]:
            return FAILED, "planned tests never ended (crash, hang, or a set-up that failed)"
        if counts["failed"]:
            return FAILED, "tests failed"
        if complained:
            return FAILED, complaint(self.scanner.splats)
        began = self.banners or self.loaded or self.console.stamped
        if not started and began and not self.userland and not self.shutdown:
            return FAILED, "the kernel died or hung before the tests"
        if started and self.booting:
            return FAILED, "the last boot died or hung before its tests"
        if not started:
            return NOT_TESTED, ("the log has no test results" if self.banners or self.spoke
                                else "no kernel was started")
        if not counts["passed"] and not counts["skipped"]:
            return NOT_TESTED, (f"the whole run was skipped: {skips[0]}" if skips
                                else "no test was selected")
        if not counts["passed"]:
            return NOT_TESTED, "every test was skipped"
        return PASSED, ""


def complaint(found):
    """A reason that says what the kernel complained of, first. found: splats."""
    return "the kernel complained" + "".join(f": {one.text[:80]}" for one in found[:1])


def judge(source, pattern, excuses, today, keep=False):
    """The verdict on a log: a text, or a file to read from."""
    return Judge(pattern, excuses, today, keep).read(source).verdict()


def judge_file(path, excuses=None, keep=False):
    with open(path, "rb") as handle:
        return judge_text(handle, excuses, keep)


def judge_text(source, excuses=None, keep=False):
    return judge(source, read_splats(), read_excuses() if excuses is None else excuses,
                 datetime.date.today(), keep)


def without_tests(verdict):
    """The verdict on a log whose tests are judged elsewhere, or that has none."""
    restarts = [text for text in verdict.failures if "restarted by itself" in text]
    status, reason = PASSED, ""
    if verdict.nr_splats:
        status, reason = FAILED, complaint(verdict.splats)
    elif restarts:
        status, reason = FAILED, restarts[0]
    elif not verdict.kernel:
        status, reason = NOT_TESTED, "no kernel was started"
    return verdict._replace(status=status, reason=reason, failures=restarts)


def find_splats(text, pattern, excuses=(), today=None):
    """(splats, excused, expired excuses) of a text."""
    verdict = judge(text, pattern, excuses, today)
    return verdict.splats, verdict.excused, verdict.expired


# For people ------------------------------------------------------------------

def summary(verdict):
    failed = verdict.failed + bool(verdict.nr_splats)
    return f"{verdict.passed} passed, {failed} failed, {verdict.skipped} skipped"


def report(verdict, log):
    """The lines for a person."""
    lines = []
    for splat in verdict.splats[:10]:
        lines.append(f"splat: {log}:{splat.line}: {splat.text[:200]}"
                     + (f" (in {splat.where})" if splat.where else ""))
    if verdict.nr_splats > 10:
        lines.append(f"splat: and {verdict.nr_splats - 10} more in {log}")
    for splat in verdict.excused[:10]:
        lines.append(f"excused: {log}:{splat.line}: {splat.text[:200]}")
    if len(verdict.excused) > 10:
        lines.append(f"excused: and {len(verdict.excused) - 10} more in {log}")
    for excuse in verdict.expired:
        lines.append(f"this excuse ended on {excuse.until}: {excuse.pattern.pattern}")
    for name in verdict.failures[:20]:
        lines.append(f"failed: {name}")
    if len(verdict.failures) > 20:
        lines.append(f"failed: and {len(verdict.failures) - 20} more")
    return lines
