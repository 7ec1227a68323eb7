# SPDX-License-Identifier: GPL-2.0
"""Reads patches/series: which patch and which overlay files make each step.

    # a comment
    0001-mm-add-a-hook.patch
        mm/pcp/foo.c            <- arrives whole with this step
        mm/pcp/Makefile         <- an index file, see below

An overlay file lies at the same path here and in the kernel tree. Each file
below mm/, include/, lib/ and Documentation/ belongs to exactly one step.

The index files name the other files, so a step must not show more of them
than has arrived. From the step that lists it on, an index file is in every
step, without the Makefile lines of objects whose source has not arrived, and
without the Kconfig blocks of symbols that have no Makefile line left.
"""

import collections
import email
import email.header
import email.utils
import hashlib
import os
import re

from splitfree.base.failures import Failure

OVERLAY_DIRS = ("mm", "include", "lib", "Documentation")
MAKEFILE, KCONFIG = "mm/pcp/Makefile", "mm/pcp/Kconfig"
INDEX_FILES = (MAKEFILE, KCONFIG)

Step = collections.namedtuple("Step", "name files")
Patch = collections.namedtuple("Patch", "author date message diff")

# Files that an editor or a build leaves behind are no overlay files. Of hidden files, one is.
STRAY = re.compile(r"(^|/)((?!\.kunitconfig$)\.[^/]*|__pycache__)($|/)|(~|\.(orig|rej|o|pyc))$")


def overlay_files(root):
    found = set()
    for top in OVERLAY_DIRS:
        for path, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                relative = os.path.relpath(os.path.join(path, name), root)
                if not STRAY.search(relative):
                    found.add(relative)
    return found


def read_series(root):
    """The steps, checked against the files that exist."""
    path = os.path.join(root, "patches", "series")
    steps, owner, problems = [], {}, []
    lines = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as handle:
            lines = handle.read().splitlines()
    for number, line in enumerate(lines, 1):
        text = re.sub(r"(^|\s)#.*", "", line)
        name = text.strip()
        if not name:
            continue
        if not text[0].isspace():
            if not os.path.isfile(os.path.join(root, "patches", name)):
                problems.append(f"line {number}: there is no patches/{name}")
            elif any(step.name == name for step in steps):
                problems.append(f"line {number}: {name} is listed twice")
            steps.append(Step(name, []))
            continue
        if not steps:
            problems.append(f"line {number}: {name} stands before the first patch")
            continue
        if name.split("/")[0] not in OVERLAY_DIRS or os.path.normpath(name) != name:
            problems.append(f"line {number}: {name} is not below {', '.join(OVERLAY_DIRS)}")
        if name in owner:
            problems.append(f"line {number}: {name} already arrives with {owner[name]}")
        owner.setdefault(name, steps[-1].name)
        steps[-1].files.append(name)
    existing = overlay_files(root)
    problems += [f"{name} is listed, but does not exist" for name in owner
                 if name not in existing]
    problems += [f"{name} belongs to no step: list it below a patch"
                 for name in sorted(existing - set(owner))]
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise Failure("patches/series is not right: " + "; ".join(problems[:3]) + more)
    return steps


def parse_patch(data, name):
    """Author, date and message of a mail that git format-patch wrote, and its diff."""
    mail = email.message_from_bytes(data)
    for header in ("From", "Date", "Subject"):
        if not mail[header]:
            raise Failure(f"patches/{name} has no {header}: line; write it as "
                          "git format-patch would")

    def decoded(header):
        return re.sub(r"\s*\n\s*", " ", str(email.header.make_header(
            email.header.decode_header(mail[header])))).strip()

    author = email.utils.parseaddr(decoded("From"))
    when = email.utils.parsedate_tz(mail["Date"])
    if not author[1] or not when:
        raise Failure(f"patches/{name}: the From: or Date: line cannot be read")
    zone = when[9] or 0
    sign = "-" if zone < 0 else "+"
    date = "%d %s%02d%02d" % (email.utils.mktime_tz(when), sign,
                              abs(zone) // 3600, abs(zone) % 3600 // 60)
    subject = re.sub(r"^\s*\[[^\]]*PATCH[^\]]*\]\s*", "", decoded("Subject"))

    body = re.split(rb"\r?\n\r?\n", data, maxsplit=1)
    body = body[1] if len(body) == 2 else b""
    at = re.search(rb"^diff --git ", body, re.M)
    text, diff = (body[:at.start()], body[at.start():]) if at else (body, b"")
    text = re.split(rb"^---\s*$", text, maxsplit=1, flags=re.M)[0]
    # The mail signature that git format-patch puts below an empty diff.
    text = re.split(rb"^-- \n[0-9.]+\S*\s*\Z", text, maxsplit=1, flags=re.M)[0]
    diff = re.split(rb"^-- \n[0-9.]+\S*\s*\Z", diff, maxsplit=1, flags=re.M)[0]
    message = subject + "\n"
    if text.strip():
        message += "\n" + text.decode("utf-8", "replace").strip() + "\n"
    return Patch(f"{author[0]} <{author[1]}>", date, message, diff)


# Index files -----------------------------------------------------------------

OBJECT_LINE = re.compile(r"^\s*[\w.-]+-(?P<when>y|m|objs|\$\((?P<symbol>CONFIG_\w+)\))"
                         r"\s*[:+]?=\s*(?P<objects>[^#]*)")


def _logical_lines(text):
    """Lines of a Makefile, a backslash joining it to the next."""
    held = ""
    for line in text.splitlines(keepends=True):
        held += line
        if not line.rstrip("\n").endswith("\\"):
            yield held
            held = ""
    if held:
        yield held


def _filter_makefile(text, arrived):
    """The text without objects that have no source yet; symbols left and lost."""
    kept, alive, lost = [], set(), set()
    base = os.path.dirname(MAKEFILE)
    # foo-y := a.o b.o makes foo.o without a foo.c of its own.
    composite = {m.group(1) for m in
                 re.finditer(r"^([\w-]+)-(?:y|objs)\s*[:+]?=", text, re.M)
                 if m.group(1) not in ("obj", "ccflags", "asflags", "subdir-ccflags")}
    for line in _logical_lines(text):
        match = OBJECT_LINE.match(line.replace("\\\n", " "))
        objects = match.group("objects").split() if match else []
        names = [o for o in objects if o.endswith(".o")]
        missing = [o for o in names if o[:-2] not in composite and
                   not {f"{base}/{o[:-2]}.c", f"{base}/{o[:-2]}.S"} & arrived]
        symbol = match.group("symbol") if match else None
        if not names or not missing:
            kept.append(line)
            if symbol and names:
                alive.add(symbol)
            continue
        if len(missing) < len(names):
            # One line for several objects: keep those that are there.
            for name in missing:
                line = re.sub(r"[ \t]*(?<![\w./-])" + re.escape(name) + r"(?!\S)", "", line)
            kept.append(line)
            if symbol:
                alive.add(symbol)
        elif symbol:
            lost.add(symbol)
    return re.sub(r"\n+\Z", "\n", "".join(kept)), lost - alive


def _filter_kconfig(text, lost):
    """The text without the blocks of the lost symbols."""
    kept, skipping = [], False
    for line in text.splitlines(keepends=True):
        word = re.match(r"(menuconfig|config|choice|endchoice|menu|endmenu|if|endif|comment|"
                        r"source|mainmenu)\b\s*(\S*)", line)
        if word:
            skipping = (word.group(1) in ("config", "menuconfig")
                        and "CONFIG_" + word.group(2) in lost)
        elif skipping and line.startswith("#"):
            # A comment at the margin belongs to what follows it.
            skipping = False
        if not skipping:
            kept.append(line)
    return re.sub(r"\n+\Z", "\n", re.sub(r"\n{3,}", "\n\n", "".join(kept)))


def filter_index(contents, arrived):
    """The index files as one step has them.

    contents: {path: bytes} of the index files; arrived: paths of the overlay
    files that came with this step or before it. Returns {path: bytes}.
    """
    result, lost = {}, set()
    if MAKEFILE in contents:
        text, lost = _filter_makefile(contents[MAKEFILE].decode(), arrived)
        if MAKEFILE in arrived:
            result[MAKEFILE] = text.encode()
    if KCONFIG in contents and KCONFIG in arrived:
        result[KCONFIG] = _filter_kconfig(contents[KCONFIG].decode(), lost).encode()
    return result


def blob_id(data):
    """The id that git gives a file with these contents."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
