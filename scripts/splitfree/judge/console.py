# SPDX-License-Identifier: GPL-2.0
"""The lines of a console log, freed of what is not the message itself.

A log is read in blocks and never held as a whole. Serial line ends, colours and
escape sequences go; so do time stamps, callers, syslog levels, and the prefixes of
journalctl, dmesg -x and netconsole. A line that two writers share is divided where
the kernel's time stamp begins.
"""

import codecs
import functools
import io
import re

BLOCK = 1 << 20
# A longer line is cut in pieces, which overlap so that a cut hides nothing.
LONGEST, OVERLAP = 1 << 14, 256

REPLAY = "** replaying previous printk message **"
BANNER = re.compile(r"Linux version \d")
# Lines before it on some machines.
LOADED = re.compile(r"(?:Decompressing|Uncompressing) Linux|Booting the kernel|EFI stub: "
                    r"|early console in ")
# After one of these a new boot is no surprise.
SHUTDOWN = re.compile(r"reboot: |Restarting system|(?<!-- )System halted|Power down|"
                      r"kexec(_core)?: Starting new kernel|sysrq: Resetting|"
                      r"^-- (Re)?[Bb]oot\b")

ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[()*+][0-9A-Za-z]"
                    r"|[ -/]?[0-~])")
# As printk writes it: five places before the point and six behind, which loggers may cut. A
# program's own seconds have no such form.
SECONDS = r"\[(?: +\d+\.\d+|\d+\.\d{6}|\d{5,}\.\d+)\]"
CALLER = r"\[ *[TC]\d+\]"
DATE = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
# The prefix of a logger outside the kernel. With a host comes a program's name.
OUTER = (rf"(?:(?:{DATE}"
         r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?"
         r"|\[\d\d:\d\d:\d\d(?:\.\d+)?\]) "
         r"(?:(?P<host>[\w.-]+) (?P<ident>[\w./@-]+)(?:\[\d+\])?: )?)?")
# The clocks of other loggers. One is believed if the first line of a log has it; then it is
# replaced in each line by one of those above.
MONOTONIC = r"\[ *\d+\.\d{6}\] (?=[\w.-]+ "
LOGGERS = [re.compile(pattern) for pattern in (
    DATE + r" \d\d[OE][ +]",                                         # GitLab
    rf"{DATE} |\[{DATE}\] ?",                                        # GitHub, minicom
    r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? ",              # syslog, ts
    rf"[A-Z][a-z]{{2}} {DATE} [A-Z]{{3,5}} ",                        # journalctl -o short-full
    MONOTONIC + "kernel: )",                                         # -o short-monotonic
    r"\d{10}\.\d{3,9} ",                                             # -o short-unix
    r"\[?\d\d:\d\d:\d\d(?:\.\d+)?\]? ",
    r"\[\d+\.\d{6} \d+\.\d{6}\] ?",                                  # grabserial
)]
# Where other lines of the same log have more than the first one has to have.
OTHERS = {MONOTONIC + "kernel: )": re.compile(MONOTONIC + r"[\w./@-]+(?:\[\d+\])?: )")}
CLOCK = "[00:00:00] "
# A log that begins inside of the kernel's time stamp.
HALF_STAMP = re.compile(rf"[ \d]{{0,5}}\.?\d{{0,6}}\](?:{CALLER})? |[ \dTC]{{0,7}}\] ")
# The prefix of the kernel, or of dmesg for it.
INNER = (r"(?P<kernel>"
         r"(?P<facility>(?:kern|user|mail|daemon|auth|syslog|cron|authpriv|local\d) *:\w+ *: )?"
         r"(?:<(?P<priority>\d{1,3})>)?"
         rf"(?:{SECONDS}(?:{CALLER})? ?|{CALLER} ?"
         r"|\[<? *\d+\.\d+(?: <[ \d.]+)?>\] ?"
         r"|\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\] ?"
         r"|\[(?:[A-Z][a-z]{2}[ \d]\d \d\d:\d\d| *\+\d+\.\d+)\] ?"
         r"|(?P<record>\d+),\d+,\d+,[-c+][^;]{0,60};|(?<=\d>))?)")
PREFIX = re.compile(OUTER + INNER)
# The commonest prefix, and where the others can begin.
STAMP = re.compile(rf"(?:<[0-7]>)?{SECONDS}(?:{CALLER})? ?")
FIRST = frozenset("[<0123456789")
# A time stamp inside a line.
STAMP_INSIDE = re.compile(rf"{SECONDS}(?:{CALLER})? ")


def blocks(source):
    """The text of a file, of bytes or of a string, in pieces that end with a line."""
    if isinstance(source, str):
        source = io.StringIO(source, newline="")
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    tail = ""
    while True:
        piece = source.read(BLOCK)
        if not piece:
            break
        tail += decode(piece) if isinstance(piece, bytes) else piece
        end = tail.rfind("\n") + 1
        if end:
            yield tail[:end]
            tail = tail[end:]
        elif len(tail) > 4 * BLOCK:
            # A line of megabytes: it counts as several.
            yield tail
            tail = ""
    if tail:
        yield tail


def plain(text):
    """Without line ends of serial lines, escape sequences and bytes of nothing."""
    while "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if "\n\r" in text or text[:1] == "\r":
        text = re.sub(r"^\r+", "", text, flags=re.M)
    if "\x1b" in text:
        text = ESCAPE.sub("", text)
    if "\0" in text:
        text = text.replace("\0", "")
    if text.startswith("\ufeff"):
        text = text[1:]
    return text


def pieces(line):
    """A line that is too long, in pieces."""
    step = LONGEST - OVERLAP
    for start in range(0, len(line), step):
        yield line[start:start + LONGEST]


class Early:
    """A serial line that has two consoles, one after the other.

    The second one prints all that the first one has printed, if another console is the
    preferred one (earlyprintk=ttyS0 console=ttyS0 console=tty0). It is no second boot.
    """

    # So many lines, and characters in them, may come before the second console.
    MOST, MOST_TEXT = 5000, 1 << 20
    ENABLED = re.compile(r"console \[\w+\] enabled")

    def __init__(self):
        # From the kernel's first line on; how many came again; those, and what may follow.
        self.seen, self.at, self.held = [], 0, []
        self.doubled = self.done = False
        self.lines = self.size = 0

    def take(self, lines):
        """The lines, or those of them about which it is clear; what came again is empty."""
        known = []
        for number, line in enumerate(lines):
            if self.done:
                return known + lines[number:]
            if self.at:
                self.held.append(line)
                self.compare(known, line)
            elif line in self.seen[:1] and len(self.seen) > 1:
                self.at, self.held = 1, [line]
            else:
                if self.seen or BANNER.search(line):
                    self.seen.append(line)
                self.lines += 1
                self.size += len(line)
                self.done = (self.lines > self.MOST or self.size > self.MOST_TEXT
                             or self.seen[1:] == self.seen[:1] != [])
                if self.done:
                    self.seen = []
            if not self.held:
                known.append(line)
            elif self.done:
                known += self.rest()
        return known

    def compare(self, known, line):
        size, at = len(self.seen), self.at
        self.at += 1
        if at < size:
            self.done = line != self.seen[at]
        elif at == size:
            # It tells of itself, as the last of all or behind that.
            self.done = not self.ENABLED.search(self.seen[-1] + line)
            if not self.done:
                known += [""] * size
                self.held = [line]
        else:
            # The first one is switched off now, or both go on.
            self.doubled = self.held[0] == line and "bootconsole" not in line
            self.done = True

    def rest(self):
        held, self.held = self.held, []
        return held


class Console:
    """Reads a log once.

    It yields for a line (number, message, kernel). kernel: True, the kernel wrote it;
    False, another program did; None, nothing says which.
    """

    def __init__(self, source):
        self.source, self.host = source, None
        self.number, self.ends_torn = 0, False
        # Lines that have the kernel's prefix, and those that have none.
        self.stamped = self.bare = 0
        self.before, self.replayed = None, False
        self.doubled = self.skipped = False
        self.early = Early()
        # The clock of a logger; None: no line has come yet.
        self.logger = None

    def __iter__(self):
        for _, lines in self.batches():
            yield from lines

    def batches(self):
        """(text, [(number, message, kernel)]) of each block: as Line, but quicker to make."""
        for block in blocks(self.source):
            block = plain(block)
            self.ends_torn = not block.endswith("\n")
            lines = block.split("\n")
            if not self.ends_torn:
                lines.pop()
            if self.logger is None:
                self.find_logger(lines)
            if not self.early.done:
                lines = self.early.take([self.logger(x) for x in lines] if self.logger else lines)
                self.doubled = self.early.doubled
            yield block, self.messages(lines, self.replayed or REPLAY in block)
        if held := self.early.rest():
            yield "\n".join(held), self.messages(held, REPLAY in "".join(held))

    def messages(self, lines, replays):
        found, number, before = [], self.number, self.before
        bare = stamped = 0
        if not number and lines and (half := HALF_STAMP.match(lines[0])):
            number, stamped = 1, 1
            found.append((1, lines[0][half.end():], True))
            lines = lines[1:]
        for line in lines:
            number += 1
            if self.logger:
                line = self.logger(line)
            if line == before or replays or self.doubled:
                self.before = before
                if self.again(line):
                    continue
            before = line
            if len(line) > LONGEST:
                for piece in pieces(line):
                    found += self.parts(number, piece)
                continue
            # Nearly all lines are of these two kinds.
            if line[:1] in FIRST:
                match = STAMP.match(line)
                if match and match.end() and line.find("[", match.end()) < 0:
                    stamped += 1
                    found.append((number, line[match.end():], True))
                    continue
            elif line.find("[") < 0 and (line[:1] == " " or line[3:4] != " " and line[6:7] != ":"):
                bare += 1
                found.append((number, line, None))
                continue
            found += self.parts(number, line)
        self.number, self.before = number, before
        self.bare += bare
        self.stamped += stamped
        return found

    def find_logger(self, lines):
        """The first line of a log shows whether a logger put its clock before each."""
        first = next((line for line in lines if line.strip()), None)
        if first is None:
            return
        self.logger = False
        for logger in LOGGERS:
            if logger.match(first):
                logger = OTHERS.get(logger.pattern, logger)
                self.logger = functools.partial(self.unclocked, logger)
                return

    @staticmethod
    def unclocked(logger, line):
        """The line with a clock that is known."""
        match = logger.match(line)
        return CLOCK + line[match.end():] if match else line

    def again(self, line):
        """Was this said before? printk repeats a line that it lost the console in.

        With earlyprintk=...,keep two consoles share the serial line, and each line comes
        twice. The first line of all shows that.
        """
        if REPLAY in line:
            self.before, self.replayed = self.before or line, True
            return True
        same = line == self.before
        if same and self.replayed:
            self.replayed = False
            return True
        self.replayed = False
        if same and not self.skipped:
            self.doubled = self.doubled or bool(BANNER.search(line))
            if self.doubled:
                self.skipped = True
                return True
        self.before, self.skipped = line, False
        return False

    def parts(self, number, line):
        """The messages in one line: as a rule one."""
        kernel, match, found = None, PREFIX.match(line), []
        if match.end():
            kernel = self.writer(match)
        text = line[match.end():]
        if kernel:
            self.stamped += 1
        else:
            self.bare += 1
        match = STAMP_INSIDE.search(text)
        while match:
            found.append((number, text[:match.start()], kernel))
            # The stamp is the kernel's, whoever began the line.
            kernel, text = True, text[match.end():]
            match = STAMP_INSIDE.search(text)
        found.append((number, text, kernel))
        return found

    def writer(self, match):
        """Whose line is it, by its prefix?"""
        host, ident = match.group("host", "ident")
        if ident == "kernel":
            self.host = host
            return True
        if ident:
            # Another program of the same journal. Elsewhere it may be part of the message.
            return False if host == self.host else bool(match.group("kernel")) or None
        facility = match.group("facility")
        # A program may write to /dev/kmsg, but not as the kernel, which has the lowest numbers.
        priority = match.group("priority") or match.group("record")
        if facility and not facility.startswith("kern") or priority and int(priority) > 7:
            return False
        return True if match.group("kernel") else None


def text_of(line):
    """Only the message of one line."""
    return PREFIX.sub("", line, count=1)


def clean_lines(text):
    """The messages of a text, one for each of its lines; what printk says again is empty."""
    console, at = Console(text), 0
    for number, message, _ in console:
        while at < number - 1:
            at += 1
            yield ""
        if number > at:
            at += 1
            yield message
    while at < console.number:
        at += 1
        yield ""


def tail(path, count=30):
    """The last lines of a log, however large it is."""
    with open(path, "rb") as handle:
        size = handle.seek(0, io.SEEK_END)
        handle.seek(max(0, size - count * 1024))
        text = plain(handle.read().decode("utf-8", "replace"))
    return text.rstrip("\n").split("\n")[-count:]
