# SPDX-License-Identifier: GPL-2.0
"""The repository of make rebase: the series as a branch on the files of another kernel.

It has the files that the series changes and those beside them, since a hook may move to
another file. HEAD begins with the other kernel's files, the tag "other". Each step that is
done is a commit there, and its message says how: it fits, git merged it, or a person did.
A step that does not fit is picked from the same steps on the kernel that they are made for.
So git merges three versions of a file, and a conflict stays in the work tree.
"""

import hashlib
import os
import re
import shutil

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import lock, show
from splitfree.base.processes import run
from splitfree.source import git
from splitfree.source import tree as trees

FITS, MERGED, BY_HAND = "fits", "merged", "by hand"
# The lines that git puts around both sides. "=====" may be a heading.
MARKER = re.compile(rb"^(<{7}|\|{7}|>{7})( |$)", re.M)
SETTINGS = (("user.name", "make rebase"), ("user.email", "rebase@invalid"),
            ("core.autocrlf", "false"), ("core.hooksPath", os.devnull), ("gc.auto", "0"),
            ("commit.gpgSign", "false"), ("merge.conflictStyle", "zdiff3"),
            ("advice.detachedHead", "false"))
# The same files have to give the same commit.
THEN = {"GIT_AUTHOR_DATE": "@0 +0000", "GIT_COMMITTER_DATE": "@0 +0000"}


def touched(diff):
    """The files that a diff changes."""
    return sorted({path.decode("utf-8", "surrogateescape") for path in
                   re.findall(rb"^diff --git a/\S+ b/(\S+)$", diff, re.M)})


def folders(diffs):
    return sorted({os.path.dirname(path) for diff in diffs for path in touched(diff)})


def part_of(diff, path):
    """The part of a diff that changes one file."""
    for part in re.split(rb"^(?=diff --git )", diff, flags=re.M):
        if touched(part) == [path]:
            return part
    return b""


def copy_folders(source, target, names, left_out):
    """The files of these folders, without the folders below them."""
    for name in names:
        here = os.path.join(source, name)
        for entry in os.scandir(here) if os.path.isdir(here) else ():
            path = os.path.join(name, entry.name)
            # Debian's .gitignore ignores every Makefile.
            if entry.is_file(follow_symlinks=False) and path not in left_out \
                    and entry.name != ".gitignore":
                os.makedirs(os.path.join(target, name), exist_ok=True)
                shutil.copy(entry.path, os.path.join(target, path))


def markers(text):
    """The lines where a conflict is left: its first one, or what is left of its marks."""
    lines = [text.count(b"\n", 0, match.start()) + 1 for match in MARKER.finditer(text)
             if match[1] == b"<" * 7]
    return lines or [text.count(b"\n", 0, match.start()) + 1
                     for match in MARKER.finditer(text)]


CONFLICT = re.compile(rb"^<{7} [^\n]*\n(?P<ours>.*?)^\|{7} [^\n]*\n(?P<base>.*?)^={7}\n"
                      rb"(?P<theirs>.*?)^>{7} [^\n]*\n", re.M | re.S)


def settle(match):
    """Of a conflict among #include lines alone: the other kernel's, and what the step changes."""
    ours, base, theirs = (match[name].splitlines(keepends=True) for name in ("ours", "base", "theirs"))
    if any(line.strip() and not line.startswith(b"#include") for line in ours + base + theirs):
        return match[0]
    return b"".join([line for line in ours if line in theirs or line not in base]
                    + [line for line in theirs if line not in base and line not in ours])


def telling(text):
    """The lines of a file that say which file it is."""
    return {line.strip() for line in text.splitlines() if len(line.strip()) > 15}


class Branch(trees.Tree):
    """steps: {name: diff} of the series, in order."""

    def __init__(self, path, steps):
        super().__init__(path)
        self.steps, self.picks = steps, {}

    def begin(self, top, left_out):
        """Put the other kernel's files there. left_out: the files that arrive with the series."""
        self.git("init", "-q")
        for name, value in SETTINGS:
            self.git("config", name, value)
        # Hunks are to name functions and not labels. Not each source has .gitattributes.
        with open(os.path.join(self.path, ".git", "info", "attributes"), "w",
                  encoding="ascii") as handle:
            handle.write("*.[ch] diff=cpp\n")
        copy_folders(top, self.path, folders(self.steps.values()), left_out)
        self.git("add", "-A", "-f", ".")
        key = hashlib.sha256(repr(self.steps).encode()).hexdigest()
        self.git("commit", "-q", "--allow-empty", "-m", f"the other kernel, for the steps {key}",
                 env=THEN)
        self.git("tag", "other")

    def start(self):
        """The commit that it begins with, which says all that it is made of. None: there is none."""
        return (self.lines("rev-parse", "-q", "--verify", "other", check=False) or [None])[0]

    def done(self):
        """{name: how} of the steps that are done."""
        found = {}
        for row, wanted in zip(self.lines("log", "--reverse", "--format=%s", "other..HEAD"),
                               [*self.steps, None]):
            how, _, name = row.rpartition(": ")
            if name != wanted:
                raise Failure(f"{show(self.path)} has a commit that is no step ({row}); make it part "
                              "of the step before it, with git reset --soft HEAD^ and git commit --amend")
            # A person who ran git commit left the name alone.
            found[name] = how or BY_HAND
        return found

    def waits(self):
        """Does a step wait for a person?"""
        return os.path.exists(os.path.join(self.path, ".git", "CHERRY_PICK_HEAD"))

    def decided(self):
        """Did a person decide something here?"""
        return self.waits() or BY_HAND in self.done().values()

    def commit(self, how, name, *more):
        self.git("commit", "-q", "--allow-empty", *more, "-m", f"{how}: {name}")
        return how

    # One step ----------------------------------------------------------------

    def place(self, name, out):
        """Do one step; returns how. None: a person has to decide. out: where the stock source is."""
        diff = self.steps[name]
        if not diff or not git.git(self.path, "apply", "--index", "--whitespace=nowarn",
                                   input=diff).returncode:
            return self.commit(FITS, name)
        if not self.picks:
            self.picks = self.made_for(out)
        result = git.git(self.path, "cherry-pick", "--allow-empty", "--keep-redundant-commits",
                         self.picks[name])
        if not result.returncode:
            return self.commit(MERGED, name, "--amend")
        if not self.waits():
            raise Failure(f"git could not merge {name} in {show(self.path)}: "
                          f"{result.stderr.decode('utf-8', 'replace').strip().splitlines()[0]}")
        for path in self.homeless():
            self.follow(path, diff)
        for path in self.unmerged():
            self.settle(path)
        return None if self.unmerged() else self.commit(MERGED, name)

    def unmerged(self):
        """{path: stages} of the files that git could not merge: 1 is the series' base, 2 the
        other kernel, 3 the series."""
        found = {}
        for row in filter(None, self.git("ls-files", "-u", "-z").split(b"\0")):
            fields, path = row.split(b"\t", 1)
            found.setdefault(path.decode("utf-8", "surrogateescape"), set()).add(
                int(fields.split()[2]))
        return found

    def settle(self, path):
        """Decide what needs nobody in a file that git could not merge."""
        name = os.path.join(self.path, path)
        if self.unmerged()[path] != {1, 2, 3}:
            return
        with open(name, "rb") as handle:
            text = handle.read()
        settled = CONFLICT.sub(settle, text)
        if settled != text:
            with open(name, "wb") as handle:
                handle.write(settled)
            if not MARKER.search(settled):
                self.git("add", "--", path)

    def homeless(self):
        """Files that a step changes and the other kernel does not have."""
        return sorted(path for path, stages in self.unmerged().items() if stages == {1, 3})

    def home(self, path):
        """The file beside it that has the most of its lines, if that is a third of them."""
        wanted = telling(self.git("show", f":1:{path}"))
        best, most = None, len(wanted) / 3
        for name in self.lines("ls-tree", "--name-only", "HEAD", os.path.dirname(path) + "/"):
            if os.path.isfile(os.path.join(self.path, name)) and name != path:
                with open(os.path.join(self.path, name), "rb") as handle:
                    common = len(wanted & telling(handle.read()))
                if common > most:
                    best, most = name, common
        return best

    def follow(self, path, diff):
        """The hooks of a file that is not there may fit where its lines are.

        A hunk that fits nowhere is left beside that file, as *.rej.
        """
        home, part = self.home(path), part_of(diff, path)
        if not home or not part or home in self.unmerged():
            return
        for side in (b"a/", b"b/"):
            part = part.replace(side + path.encode(), side + home.encode())
        result = git.git(self.path, "apply", "--reject", "--whitespace=nowarn", input=part)
        self.git("add", "-f", "--", home)
        if not result.returncode:
            self.git("rm", "-q", "-f", "--", path)

    # For a person to decide ---------------------------------------------------

    def places(self):
        """Where a person has to decide: ["path:line", "path: why"]"""
        found, unmerged = [], self.unmerged()
        changed = self.git("diff", "--name-only", "-z", "HEAD").decode().split("\0")
        for path in sorted(set(filter(None, changed)) | set(unmerged)):
            stages = unmerged.get(path, {2, 3})
            if 2 not in stages:
                found.append(f"{path}: is not in that kernel" + self.whereabouts(path))
            elif 3 not in stages:
                found.append(f"{path}: the step removes it, and that kernel changed it")
            elif os.path.isfile(os.path.join(self.path, path)):
                with open(os.path.join(self.path, path), "rb") as handle:
                    text = handle.read()
                found += [f"{path}:{number}" for number in markers(text)]
        return found

    def whereabouts(self, path):
        """Where the lines of a file are that is not there, and which hunks are left."""
        home = self.home(path)
        left = home and os.path.exists(os.path.join(self.path, home + ".rej"))
        return (f"; most of its lines are in {home}" if home else "") + (
            f", which lacks what {home}.rej has" if left else "")

    def resume(self, name):
        """Take what a person made of a step; returns how it was done, or None."""
        if self.places():
            return None
        self.git("add", "-u")
        for path in self.lines("ls-files", "-o", "*.rej"):
            os.remove(os.path.join(self.path, path))
        return self.commit(BY_HAND, name)

    # The kernel that the series is made for ----------------------------------

    def made_for(self, out):
        """{name: commit} of the steps on the stock source of $(O)/linux."""
        stock = trees.Tree(os.path.join(out, "linux"))
        if not stock.exists():
            with lock(out, "rebase"):
                stock = trees.prepare(out)
        index = os.path.join(self.path, ".git", "made-for.index")
        files = os.path.join(self.path, ".git", "made-for")
        shutil.rmtree(files, ignore_errors=True)
        os.makedirs(files)
        env = {"GIT_INDEX_FILE": index, **THEN}
        copy_stock(stock, folders(self.steps.values()), files)
        self.git("read-tree", "--empty", env=env)
        self.git("--work-tree", files, "add", "-A", "-f", ".", env=env)
        shutil.rmtree(files)
        commit, picks = [], {}
        for name, diff in {"": b"", **self.steps}.items():
            if diff and git.git(self.path, "apply", "--cached", "--whitespace=nowarn", env=env,
                                input=diff).returncode:
                raise Failure(f"patches/{name} does not fit {show(stock.path)}, Linux "
                              f"{stock.state['version']}, so nothing can be merged from there; run "
                              "make linux with the source that the series is made for", FAILED)
            parents = [word for one in commit for word in ("-p", one)]
            tree = self.lines("write-tree", env=env)[0]
            commit = self.lines("commit-tree", tree, *parents, "-m", name or "stock", env=env)
            picks[name] = commit[0]
        os.unlink(index)
        return picks

    # The result --------------------------------------------------------------

    def diffs(self):
        """{name: diff} of the steps that are done, as they apply there."""
        commits = self.lines("rev-list", "--reverse", "other..HEAD")
        return {name: self.git("diff-tree", "-p", "--no-commit-id", "--abbrev=7", commit)
                for name, commit in zip(self.done(), commits)}


def copy_stock(stock, names, target):
    """The files of these folders as the stock source has them, without the folders below them."""
    rows = stock.lines("ls-tree", "stock", "--", *[os.path.join(name, "") or "." for name in names])
    paths = [row.split("\t", 1)[1] for row in rows if row.startswith("100")]
    paths = [path for path in paths if os.path.basename(path) != ".gitignore"]
    archive = stock.git("archive", "stock", "--", *paths) if paths else b""
    if archive:
        run(["tar", "-C", target, "-xf", "-"], input=archive)
