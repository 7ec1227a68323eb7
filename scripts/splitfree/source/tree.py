# SPDX-License-Identifier: GPL-2.0
"""Makes $(O)/linux: the stock source as one commit, then one commit a step.

The steps are made with git's plumbing and cached, so editing one overlay file
rewrites that file in the work tree and nothing else, and the build after it
compiles that file and nothing else. Commit ids depend on the content only.
"""

import contextlib
import glob
import hashlib
import json
import os
import re
import shutil
import tempfile

from splitfree.base.failures import FAILED, Failure, no_interrupts, owner
from splitfree.base.paths import ROOT, show
from splitfree.base.processes import kill_descendants
from splitfree.base.progress import ticking
from splitfree.source import archive as sources
from splitfree.source import git, place, series

STOCK_AUTHOR = "Stock source <stock@invalid>"


class Tree:
    """A git tree with the state that belongs to it."""

    def __init__(self, path):
        self.path = path
        self.state_path = os.path.join(path, ".git", "splitfree.json")
        self.state = {"source": None, "version": None, "head": None, "steps": {}, "patches": {}}
        try:
            with open(self.state_path, encoding="utf-8") as handle:
                self.state.update(json.load(handle))
        except (OSError, ValueError):
            pass

    def exists(self):
        return bool(self.state["source"])

    def save(self):
        with open(self.state_path + ".new", "w", encoding="utf-8") as handle:
            json.dump(self.state, handle, indent=1)
        os.replace(self.state_path + ".new", self.state_path)

    def git(self, *args, check=True, env=None, **kwargs):
        result = git.git(self.path, *args, env=env, **kwargs)
        if check and result.returncode:
            error = result.stderr.decode("utf-8", "replace").strip()
            if "No space left" in error:
                raise Failure("the disk is full; free some, or use another directory with O=")
            if "index.lock" in error:
                raise Failure(f"another git works in {show(self.path)}, or one was killed there: "
                              f"if none runs, remove {show(self.path)}/.git/index.lock")
            whose = owner(os.path.join(self.path, ".git"))
            if "Permission denied" in error and whose != owner("/proc/self"):
                raise Failure(f"{show(self.path)} belongs to {whose}, so git {args[0]} may not "
                              "write there; work as that user, or use another directory with O=")
            raise Failure(f"git {args[0]} failed in {show(self.path)}: "
                          f"{error.splitlines()[0] if error else result.returncode}; "
                          "if this stays, run make distclean")
        return result.stdout

    def has_head(self):
        """Is it a work tree that git can read?"""
        return not git.git(self.path, "rev-parse", "-q", "--verify", "HEAD").returncode

    def lines(self, *args, **kwargs):
        return self.git(*args, **kwargs).decode("utf-8", "surrogateescape").splitlines()

    def complete(self):
        """Does the source have the series already? Then it is tested as it is."""
        return bool(self.stock_blobs({"mm/pcp/pcp.h"}))

    def config_key(self):
        """Changes with the Kconfig files."""
        return (self.git("diff", "--raw", "--no-abbrev", "stock", "HEAD", "--", "*Kconfig*")
                + self.git("diff", "HEAD", "--", "*Kconfig*") + self.git("rev-parse", "stock"))

    def source_key(self):
        """Changes with any file."""
        return self.git("rev-parse", "HEAD^{tree}") + self.git("diff", "HEAD")

    # Making the tree ---------------------------------------------------------

    def create(self, source, out=None):
        """Unpack the source here and commit it. out: where output goes, and no source lies."""
        sources.extract(source, self.path, out)
        version = sources.check_tree(self.path, source.name)
        stamp = int(os.stat(os.path.join(self.path, "Makefile")).st_mtime)
        # A tarball may bring a .git of its own.
        shutil.rmtree(os.path.join(self.path, ".git"), ignore_errors=True)
        self.git("init", "-q")
        for name, value in (("core.compression", "0"), ("gc.auto", "0"),
                            ("maintenance.auto", "false"), ("core.autocrlf", "false"),
                            ("core.fileMode", "true"), ("commit.gpgSign", "false"),
                            ("advice.detachedHead", "false"), ("core.hooksPath", os.devnull)):
            self.git("config", name, value)
        with ticking(f"committing the stock source, Linux {version}"):
            # -f: Debian's .gitignore ignores every Makefile.
            self.git("add", "-A", "-f", ".")
        tree = self.lines("write-tree")[0]
        self.state["version"] = version
        commit = self.stock_commit(tree, source, stamp)
        self.git("update-ref", "refs/heads/splitfree", commit)
        self.git("symbolic-ref", "HEAD", "refs/heads/splitfree")
        self.git("tag", "stock", commit)
        self.state.update(source=list(source), version=version, head=commit)
        self.save()

    def stock_commit(self, tree, source, stamp):
        """The first commit, of the stock source; it has no parent."""
        name, address = STOCK_AUTHOR[:-1].split(" <")
        who = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": address,
               "GIT_AUTHOR_DATE": f"{stamp} +0000"}
        who.update({k.replace("AUTHOR", "COMMITTER"): v for k, v in who.items()})
        text = f"Linux {self.state['version']}\n\nThe stock source: {source.name}."
        return self.lines("commit-tree", tree, "-m", text, env=who)[0]

    @property
    def manifest_path(self):
        return os.path.join(self.path, ".git", "splitfree.source")

    def record(self, files):
        """Remember the files of a directory that was copied here, for refresh()."""
        with open(self.manifest_path + ".new", "w", encoding="utf-8",
                  errors="surrogateescape") as handle:
            json.dump(files, handle)
        os.replace(self.manifest_path + ".new", self.manifest_path)

    def recorded(self):
        """The manifest of the directory as it was copied; None: there is none."""
        try:
            with open(self.manifest_path, encoding="utf-8", errors="surrogateescape") as handle:
                return {name: tuple(facts) for name, facts in json.load(handle).items()}
        except (OSError, ValueError):
            return None

    def restock(self, source, before, after):
        """A stock commit with what changed in the directory since it was copied; its id."""
        changed = [name for name, facts in after.items() if before.get(name) != facts]
        gone = set(before) - set(after)
        links = [name for name in changed if os.path.islink(os.path.join(source.path, name))]
        files = [name for name in changed if name not in set(links)]
        rows = [f"0 {'0' * 40}\t{name}" for name in gone]
        paths = "".join(os.path.join(source.path, name) + "\n" for name in files)
        blobs = self.lines("hash-object", "-w", "--no-filters", "--stdin-paths",
                           input=paths.encode("utf-8", "surrogateescape")) if files else []
        for name, blob in zip(files, blobs):
            rows.append(f"{'100755' if after[name][2] else '100644'} {blob}\t{name}")
        for name in links:
            target = os.readlink(os.path.join(source.path, name))
            blob = self.lines("hash-object", "-w", "--stdin",
                              input=target.encode("utf-8", "surrogateescape"))[0]
            rows.append(f"120000 {blob}\t{name}")
        index = os.path.join(self.path, ".git", "restock.index")
        env = {"GIT_INDEX_FILE": index}
        try:
            self.git("read-tree", "stock^{tree}", env=env)
            self.git("update-index", "-z", "--index-info", env=env,
                     input="".join(row + "\0" for row in rows).encode("utf-8", "surrogateescape"))
            tree = self.lines("write-tree", env=env)[0]
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(index)
        version = sources.check_tree(source.path, source.name)
        stamp = int(os.stat(os.path.join(source.path, "Makefile")).st_mtime)
        self.state.update(source=list(source), version=version)
        return self.stock_commit(tree, source, stamp)

    def refresh(self, source, out):
        """The directory that this was copied from changed: only the files that differ follow.

        Files that stay as they were keep their times, so that little is built anew.
        Returns False where the tree has to be made again.
        """
        before = self.recorded()
        if before is None:
            return False
        after = sources.manifest(source.path, out)
        old, was = self.lines("rev-parse", "stock^{commit}")[0], dict(self.state)
        commit = self.restock(source, before, after)
        try:
            self.git("tag", "-f", "stock", commit)
            commits = self.build([] if self.complete() else series.read_series(ROOT))
            self.move(commits[-1], commits[-1])
        except BaseException:
            self.git("tag", "-f", "stock", old, check=False)
            self.state.update(was)
            raise
        self.record(after)
        return True

    # The steps ---------------------------------------------------------------

    def stock_blobs(self, paths):
        """{path: (mode, blob)} of those paths that the stock source has."""
        found = {}
        if paths:
            rows = self.git("ls-tree", "-z", "stock", "--", *sorted(paths)).split(b"\0")
            for row in filter(None, rows):
                fields, path = row.split(b"\t", 1)
                mode, _, blob = fields.decode().split()
                found[path.decode("utf-8", "surrogateescape")] = (mode, blob)
        return found

    def apply(self, name, diff, state):
        """The files of a diff, as it leaves them: [(path, mode, blob)], blob None: removed.

        It is applied to an index that holds only the files it touches, so the
        size of the tree does not matter, and the result is remembered.
        """
        touched = set()
        for line in diff.decode("utf-8", "surrogateescape").splitlines():
            match = re.match(r"diff --git a/(.*) b/(.*)$", line) or \
                re.match(r"(?:rename|copy) (?:from|to) (.*)$", line)
            if match:
                touched.update(match.groups())
        before = self.stock_blobs(touched - set(state))
        before.update({p: state[p] for p in touched if state.get(p)})
        key = hashlib.sha256(diff + repr(sorted(before.items())).encode()).hexdigest()
        if key not in self.state["patches"]:
            handle, index = tempfile.mkstemp(dir=os.path.join(self.path, ".git"), prefix="step.")
            os.close(handle)
            os.unlink(index)
            env = {"GIT_INDEX_FILE": index}
            try:
                rows = "".join(f"{mode} {blob}\t{path}\0"
                               for path, (mode, blob) in sorted(before.items()))
                self.git("update-index", "-z", "--index-info", env=env,
                         input=rows.encode("utf-8", "surrogateescape"))
                result = git.git(self.path, "apply", "--cached", "--whitespace=nowarn", env=env,
                                 input=diff)
                if result.returncode:
                    raise Failure(self.refusal(name, diff, result.stderr.decode()), FAILED)
                after = {}
                for row in filter(None, self.git("ls-files", "-s", "-z", env=env).split(b"\0")):
                    fields, path = row.split(b"\t", 1)
                    mode, blob, _ = fields.decode().split()
                    after[path.decode("utf-8", "surrogateescape")] = (mode, blob)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(index)
            changes = [[p, *v] for p, v in sorted(after.items()) if before.get(p) != v]
            changes += [[p, None, None] for p in sorted(set(before) - set(after))]
            self.state["patches"][key] = changes
        return self.state["patches"][key]

    def refusal(self, name, diff, error):
        """The first hook that does not fit, in words."""
        where = f"Linux {self.state['version']} ({self.state['source'][2]})"
        match = re.search(r"patch failed: (.*):(\d+)$", error, re.M)
        if not match:
            reason = error.strip().splitlines()[0].replace("error: ", "") if error.strip() else "?"
            return f"patches/{name} does not fit {where}: {reason}; use another source with LINUX="
        path, line = match.group(1), int(match.group(2))
        part = re.search(rf"^diff --git a/.* b/{re.escape(path)}$.*?(?=^diff --git |\Z)",
                         diff.decode("utf-8", "replace"), re.M | re.S)
        heads = re.findall(r"^@@ -(\d+).*$", part.group(0), re.M) if part else []
        full = re.findall(r"^@@ -\d+.*$", part.group(0), re.M) if part else []
        for number, start in enumerate(heads):
            if int(start) == line:
                return (f"patches/{name} does not fit {where}: {path}, hunk {number + 1} of "
                        f"{len(heads)} ({full[number]}); use another source with LINUX=, "
                        "or bring that patch up to date")
        return (f"patches/{name} does not fit {where}: {path}, line {line}; use another source "
                "with LINUX=, or bring that patch up to date")

    def build(self, steps):
        """Make the commits; returns their ids, the stock one first."""
        stock = self.lines("rev-parse", "stock^{commit}")[0]
        known = self.state["steps"]
        contents = {}
        for step in steps:
            for path in step.files:
                with open(os.path.join(ROOT, path), "rb") as handle:
                    contents[path] = handle.read()
        for path in self.stock_blobs(set(contents)):
            raise Failure(f"{path} is in the stock source already: change it with a patch "
                          "below patches/, not with a file of the same name")
        index = {}
        for path in series.INDEX_FILES:
            if os.path.exists(os.path.join(ROOT, path)):
                with open(os.path.join(ROOT, path), "rb") as handle:
                    index[path] = handle.read()

        # Cached objects must still be there (somebody may have run git gc).
        wanted = "\n".join(known.values()).encode()
        answer = self.git("cat-file", "--batch-check", input=wanted).decode() if known else ""
        present = {line.split()[0] for line in answer.splitlines() if " commit " in line}

        key, commits, state, arrived = stock, [stock], {}, set()
        script, pending = [], {}
        for step in steps:
            with open(os.path.join(ROOT, "patches", step.name), "rb") as handle:
                data = handle.read()
            patch = series.parse_patch(data, step.name)
            changes, new = [], {}
            if patch.diff:
                for path, mode, blob in self.apply(step.name, patch.diff, state):
                    changes.append((path, mode, blob))
                    state[path] = (mode, blob) if blob else None
            arrived.update(step.files)
            whole = {p: contents[p] for p in step.files if p not in series.INDEX_FILES}
            whole.update(series.filter_index(index, arrived))
            for path, text in sorted(whole.items()):
                mode = "100755" if os.access(os.path.join(ROOT, path), os.X_OK) else "100644"
                entry = (mode, series.blob_id(text))
                if state.get(path) != entry:
                    state[path] = entry
                    changes.append((path, *entry))
                    new[path] = text
            key = hashlib.sha256(repr((key, patch[:3], changes)).encode()).hexdigest()
            if known.get(key) in present and not script:
                commits.append(known[key])
                continue
            mark = len(pending) + 1
            pending[mark] = key
            parent = f":{mark - 1}" if mark > 1 else commits[-1]
            script.append(self.import_commit(mark, parent, patch, changes, new))
            commits.append(None)
        if script:
            ids = self.fast_import(b"".join(script))
            first = len(commits) - len(pending)
            for mark, name in pending.items():
                commits[first + mark - 1] = known[name] = ids[mark]
        return commits

    @staticmethod
    def import_commit(mark, parent, patch, changes, new):
        """One commit in the language of git fast-import."""
        out = [f"commit refs/splitfree/build\nmark :{mark}\n"
               f"author {patch.author} {patch.date}\n"
               f"committer {patch.author} {patch.date}\n".encode()]
        message = patch.message.encode()
        out.append(b"data %d\n%s\nfrom %s\n" % (len(message), message, parent.encode()))
        for path, mode, blob in changes:
            quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
            name = quoted.encode("utf-8", "surrogateescape")
            if blob is None:
                out.append(b"D %s\n" % name)
            elif path in new:
                out.append(b"M %s inline %s\ndata %d\n%s\n"
                           % (mode.encode(), name, len(new[path]), new[path]))
            else:
                out.append(b"M %s %s %s\n" % (mode.encode(), blob.encode(), name))
        return b"".join(out) + b"\n"

    def fast_import(self, script):
        marks = os.path.join(self.path, ".git", "splitfree.marks")
        # One ref for what is being made; --force: it is no line of history.
        self.git("fast-import", "--quiet", "--force", "--date-format=raw", "--done",
                 f"--export-marks={marks}", input=script + b"done\n")
        with open(marks, encoding="ascii") as handle:
            return {int(mark[1:]): commit for mark, commit in map(str.split, handle)}

    # Moving the work tree ----------------------------------------------------

    def own_work(self):
        """Refuse when the user committed here what the series does not have."""
        known = set(self.state["steps"].values()) | {self.state["head"]}
        known.update(self.lines("rev-parse", "stock^{commit}"))
        for ref in ("HEAD", "refs/heads/splitfree"):
            for commit in self.lines("rev-parse", "--verify", "-q", ref, check=False):
                if commit not in known:
                    subject = self.lines("log", "-1", "--format=%h %s", commit)[0]
                    raise Failure(f"{show(self.path)} has a commit of yours on {ref} ({subject}): "
                                  "carry it into this repository, or drop it with git -C "
                                  f"{show(self.path)} checkout -f -B splitfree {self.state['head'][:12]}")

    def modified(self):
        """Files that differ from what the index says, and staged ones."""
        return sorted(set(
            self.git("diff", "--name-only", "-z").decode().split("\0")
            + self.git("diff", "--cached", "--name-only", "-z").decode().split("\0")) - {""})

    def move(self, target, tip):
        """Bring the work tree to target, touching only the files that differ."""
        head = self.lines("rev-parse", "HEAD")[0]
        if head != target:
            with no_interrupts():
                result = self.read_tree(head, target)
                if result:
                    files = self.modified()
                    changed = set(self.lines("diff", "--name-only", head, target))
                    names = [f for f in files if f in changed] or [result]
                    raise Failure(f"{show(self.path)} has changes of yours that would be lost: "
                                  f"{', '.join(names[:5])}; carry them into this repository, or "
                                  f"drop them with git -C {show(self.path)} checkout -f HEAD")
                self.point(target, tip)
        else:
            self.point(target, tip)

    def read_tree(self, head, target):
        """Move index and work tree; returns what is in the way, or None."""
        for attempt in (1, 2):
            result = git.git(self.path, "read-tree", "-m", "-u", head, target)
            if not result.returncode:
                return None
            if attempt == 1:
                # A file that was only touched looks changed until it is compared.
                self.git("update-index", "-q", "--refresh", check=False)
        error = result.stderr.decode("utf-8", "replace").strip()
        match = re.search(r"(?:Entry|file) '(.*?)'", error)
        if not match:
            raise Failure(f"{show(self.path)} could not be brought up to date ({error}); "
                          "if this stays, run make distclean")
        return match.group(1)

    def point(self, target, tip):
        """Set HEAD: the branch for the whole series, detached for one step of it."""
        self.git("update-ref", "refs/heads/splitfree", tip)
        if target == tip:
            self.git("symbolic-ref", "HEAD", "refs/heads/splitfree")
        else:
            self.git("update-ref", "--no-deref", "HEAD", target)
        self.state["head"] = tip
        self.save()


def discard(path):
    """Remove a big directory; a name that says so, should this be cut short."""
    if os.path.exists(path):
        shutil.rmtree(path, ignore_errors=True)


def prepare(out, linux=None, upto=None, in_place=False):
    """Bring out/linux up to date; returns the Tree. The caller holds the lock.

    in_place: a tree of the user's that has the series may be taken as it lies.
    """
    if in_place and linux and os.path.isdir(linux) and place.has_series(linux):
        reason = place.hindrance(linux)
        if not reason:
            return place.InPlace(sources.identify(linux, None, out), out)
        print(f"note: LINUX={linux} {reason}, so it is copied", flush=True)
    path = os.path.join(out, "linux")
    steps = series.read_series(ROOT)
    if upto is not None and not 0 <= upto <= len(steps):
        raise Failure(f"there is no step {upto}: the series has {len(steps)}, 0 is the stock source")
    for left in glob.glob(os.path.join(out, "linux.tmp.*")):
        discard(left)
    tree = Tree(path)
    if os.path.exists(path) and not tree.exists():
        raise Failure(f"{show(path)} exists, but was not made by make linux; move it away, or use "
                      "another directory with O=")
    recorded = sources.Source(*tree.state["source"]) if tree.exists() else None
    source = sources.identify(linux, recorded, out)
    if recorded and recorded.id == source.id:
        tree.own_work()
        commits = tree.build([] if tree.complete() else steps)
        tree.move(commits[-1] if upto is None else commits[upto], commits[-1])
        return tree

    if recorded:
        # Another source: the tree is made again, so nothing of the user's may be in it.
        tree.own_work()
        if upto is None and source.kind == "directory" and recorded[:2] == source[:2] \
                and tree.refresh(source, out):
            return tree
        files = tree.modified()
        if files:
            raise Failure(f"{show(path)} is to be made again from {source.name}, but has changes "
                          f"of yours in {', '.join(files[:5])}; carry them into this repository, "
                          f"or drop them with git -C {show(path)} checkout -f HEAD")
    temporary = tempfile.mkdtemp(dir=out, prefix="linux.tmp.")
    old = temporary + ".old"
    try:
        os.chmod(temporary, 0o755)
        new = Tree(temporary)
        files = sources.manifest(source.path, out) if source.kind == "directory" else None
        new.create(source, out)
        if files is not None:
            new.record(files)
        commits = new.build([] if new.complete() else steps)
        new.move(commits[-1] if upto is None else commits[upto], commits[-1])
        with no_interrupts():
            if recorded:
                os.rename(path, old)
            os.rename(temporary, path)
    except OSError as error:
        raise Failure(f"{show(path)} could not be made ({error.strerror}: {error.filename}); "
                      "look at the disk and its permissions") from None
    finally:
        kill_descendants()
        discard(temporary)
        discard(old)
    return Tree(path)


def describe(tree):
    """One line on what the tree is."""
    if isinstance(tree, place.InPlace):
        return tree.describe()
    count = tree.lines("rev-list", "--count", "stock..HEAD")[0]
    head = tree.lines("rev-parse", "--short", "HEAD")[0]
    text = (f"{show(tree.path)}: Linux {tree.state['version']} ({tree.state['source'][2]}) "
            + ("with the series, as it is, " if tree.complete() else f"and {count} steps, ") + head)
    files = tree.modified()
    if files:
        text += (f"\nnote: {show(tree.path)} has changes of yours, which are kept and built: "
                 + ", ".join(files[:5]))
    return text
