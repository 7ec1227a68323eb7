# SPDX-License-Identifier: GPL-2.0
"""Finds the kernel source: LINUX= (a directory or a tarball), or the Debian archive.

identify() says cheaply which source it would be, extract() unpacks it.
"""

import collections
import fnmatch
import glob
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile

from splitfree.base.failures import Failure
from splitfree.base.paths import cache_dir, show
from splitfree.base.processes import clean_env
from splitfree.base.progress import Progress, ticking
from splitfree.source import apt

WANTED = "7.3"
PACKAGE = "linux-source-" + WANTED
OTHER_WAY = "give a kernel tree or tarball of your own with LINUX="

# kind: "directory", "tarball" or "package"; id: changes when the source does.
Source = collections.namedtuple("Source", "kind path name id")

# Files that a build inside a tree leaves behind are no source: names at any depth, and places.
BUILT = ("*.o", "*.a", "*.ko", "*.cmd", "*.mod", "*.order", ".tmp_*")
BUILT_PLACES = (".git", ".config", ".config.old", ".kunit", "include/config", "include/generated",
                "arch/*/include/generated", "vmlinux", "System.map")


_BUILT = re.compile("|".join(map(fnmatch.translate, BUILT)))
_BUILT_PLACES = re.compile("|".join(map(fnmatch.translate, BUILT_PLACES)))


def _below(path, top):
    """path as seen from top, if it lies below it."""
    relative = os.path.relpath(os.path.realpath(path), os.path.realpath(top)) if path else ".."
    return None if relative.split(os.sep)[0] in ("..", ".") else relative


def manifest(directory, out=None):
    """{path: (size, time, whether it can be run)}, but for what is built and our output."""
    found, ours, todo = {}, _below(out, directory), [""]
    while todo:
        below = todo.pop()
        with os.scandir(os.path.join(directory, below)) as entries:
            for entry in entries:
                name = entry.name
                relative = below + name
                if (name == ".git" or relative == ours or _BUILT.match(name)
                        or _BUILT_PLACES.match(relative)):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    todo.append(relative + "/")
                else:
                    stat = entry.stat(follow_symlinks=False)
                    found[relative] = (stat.st_size, stat.st_mtime_ns,
                                       bool(stat.st_mode & 0o100))
    return found


def fingerprint(files):
    """Changes when one of the files of a manifest does."""
    digest = hashlib.sha256()
    for name, facts in sorted(files.items()):
        digest.update(f"{name}\0{facts}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def identify(linux, recorded=None, out=None):
    """Which source it is. recorded: what the present tree was made from. out: where output goes."""
    if linux:
        path = os.path.abspath(linux)
        if os.path.isdir(path):
            check_tree(path, f"LINUX={linux}")
            if out and os.path.realpath(path) == os.path.realpath(out):
                raise Failure(f"LINUX={linux} is the directory O= too, and output would become "
                              "source; use another directory with O=")
            return Source("directory", path, f"directory {show(path)}", fingerprint(manifest(path, out)))
        if os.path.isfile(path):
            if not re.search(r"\.(tar(\.(xz|gz|bz2|zst))?|tgz|txz)$", path):
                raise Failure(f"LINUX={linux} is neither a directory nor a .tar.xz, .tar.gz, "
                              ".tar.bz2 or .tar.zst; give the kernel source as one of these")
            stat = os.stat(path)
            return Source("tarball", path, f"tarball {show(path)}",
                          f"{path} {stat.st_size} {stat.st_mtime_ns}")
        raise Failure(f"LINUX={linux} does not exist; give a kernel tree or a tarball")
    if recorded and recorded.kind == "package":
        # A tree that is there is kept, without asking the network each time.
        return recorded
    path, version = _cached_package() or _download()
    return Source("package", path, f"{PACKAGE} {version}", f"{PACKAGE} {version}")


def check_tree(path, what):
    """The version of the kernel tree in path, or a failure."""
    try:
        with open(os.path.join(path, "Makefile"), encoding="utf-8", errors="replace") as handle:
            head = handle.read(4096)
    except OSError:
        head = ""
    number = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION) *= *(\S*)", head, re.M))
    if not (number.get("VERSION") and number.get("PATCHLEVEL")
            and os.path.isdir(os.path.join(path, "mm"))
            and os.path.exists(os.path.join(path, "Kbuild"))):
        raise Failure(f"{what} holds no Linux source (no Makefile with VERSION and PATCHLEVEL, "
                      "mm/ and Kbuild); give the top directory of a kernel tree")
    return (f"{number['VERSION']}.{number['PATCHLEVEL']}.{number.get('SUBLEVEL') or 0}"
            f"{number.get('EXTRAVERSION', '')}")


def extract(source, target, out=None):
    """Unpack the source into the empty directory target. out: no part of it, where output goes."""
    if source.kind == "directory":
        ours = _below(out, source.path)
        # .git may be a file (a worktree) and must not come along at any depth.
        anywhere = [f"--exclude={p}" for p in (*BUILT, ".git")]
        places = [f"--exclude=./{p}" for p in BUILT_PLACES]
        if ours:
            places.append("--exclude=./" + re.sub(r"([\\*?\[])", r"\\\1", ours))
        _pipe([["tar", "-C", source.path, "-cf", "-", "--no-wildcards-match-slash", *anywhere,
                "--anchored", *places, "--no-anchored", "."],
               ["tar", "-C", target, "-xf", "-"]], source)
        return
    if source.kind == "package":
        _verify_package(source.path)
        _pipe([["dpkg-deb", "--fsys-tarfile", source.path],
               ["tar", "-xOf", "-", f"./usr/src/{PACKAGE}.tar.xz"],
               ["xz", "-dc", "-T0"],
               ["tar", "-C", target, "-xf", "-"]], source)
    else:
        unpack = {"xz": "xz", "txz": "xz", "gz": "gzip", "tgz": "gzip", "bz2": "bzip2",
                  "zst": "zstd", "tar": "cat"}[source.path.rsplit(".", 1)[1]]
        options = {"cat": [], "xz": ["-dc", "-T0"]}.get(unpack, ["-dc"])
        _pipe([[unpack] + options + [source.path], ["tar", "-C", target, "-xf", "-"]], source)
    # A tarball has everything below one directory: move it up.
    inside = os.listdir(target)
    if len(inside) == 1 and os.path.isdir(os.path.join(target, inside[0])):
        below = tempfile.mkdtemp(dir=target, prefix=".up")
        os.rename(os.path.join(target, inside[0]), os.path.join(below, "x"))
        for name in os.listdir(os.path.join(below, "x")):
            os.rename(os.path.join(below, "x", name), os.path.join(target, name))
        shutil.rmtree(below)


def _pipe(commands, source):
    """Run a pipeline; any part that fails fails it, with the reason."""
    with tempfile.TemporaryFile() as errors:
        children, last = [], subprocess.DEVNULL
        try:
            for number, command in enumerate(commands):
                final = number == len(commands) - 1
                try:
                    child = subprocess.Popen(command, stdin=last, stderr=errors, env=clean_env(),
                                             stdout=None if final else subprocess.PIPE)
                except FileNotFoundError:
                    raise Failure(f"the program {command[0]} is missing, which unpacks "
                                  f"{source.name}; install it and try again") from None
                if last != subprocess.DEVNULL:
                    last.close()
                last = child.stdout
                children.append(child)
            with ticking(f"unpacking {source.name}"):
                for child in reversed(children):
                    child.wait()
        except BaseException:
            for child in children:
                child.kill()
                child.wait()
            raise
        errors.seek(0)
        text = errors.read().decode("utf-8", "replace")
    # A part that only lost its reader is not the one to blame.
    if all(child.returncode in (0, -signal.SIGPIPE) for child in children) \
            and children[-1].returncode == 0 and not children[0].returncode:
        return
    if "No space left" in text:
        raise Failure(f"the disk is full: {source.name} needs about 5 GB below O; "
                      "free some, or use another directory with O=")
    reason = next((line for line in text.splitlines() if "SIGPIPE" not in line), "unknown error")
    raise Failure(f"{source.name} could not be unpacked ({reason}); it may be truncated, "
                  "so fetch it again" + (f" after removing {source.path}"
                                         if source.kind == "package" else ""))


# The Debian archive ----------------------------------------------------------

def _version_key(version):
    """7.3.4-1~bpo13+1 -> something that sorts as the kernel version does."""
    return [int(n) for n in re.findall(r"\d+", version.split("~")[0])], version


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _cached_package():
    """The newest package in the cache that has its checksum beside it."""
    found = []
    for path in glob.glob(os.path.join(cache_dir(), PACKAGE + "_*.deb")):
        if os.path.exists(path + ".sha256"):
            version = os.path.basename(path).split("_")[1].replace("%3a", ":")
            found.append((_version_key(version), path, version))
    return max(found)[1:] if found else None


def _verify_package(path):
    try:
        with open(path + ".sha256", encoding="ascii") as handle:
            good = handle.read().split()[0] == _sha256(path)
    except (OSError, IndexError):
        good = False
    if not good:
        for name in (path, path + ".sha256"):
            if os.path.exists(name):
                os.remove(name)
        raise Failure(f"the cached {os.path.basename(path)} was damaged and has been removed; "
                      "run the same command again to fetch it anew")


def _download():
    """Fetch the package with a private apt configuration; apt checks the signature."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise Failure(f"this is no Debian system, so {PACKAGE} cannot be fetched; {OTHER_WAY}")
    mirrors = apt.mirrors()
    if not mirrors:
        raise Failure("the apt sources of this machine name no Debian archive; " + OTHER_WAY)
    archive = apt.Apt(mirrors[0])
    private, log = archive.private, archive.log
    print(f"looking for {PACKAGE} in the Debian archive ({', '.join(apt.SUITES)})", flush=True)
    archive.update()
    versions = [v for v in archive.versions(PACKAGE) if v.startswith(WANTED + ".")]
    if not versions:
        raise Failure(f"no {PACKAGE} was found in {', '.join(apt.SUITES)} of the Debian archive "
                      f"(log: {log}); check the network, or {OTHER_WAY}")
    version = max(versions, key=_version_key)

    with tempfile.TemporaryDirectory(dir=private, prefix="get.") as temporary:
        print(f"fetching {PACKAGE} {version}, about 170 MB", flush=True)
        child = archive.download(temporary, f"{PACKAGE}={version}")
        progress = Progress("fetching, MB", expected=167)
        try:
            while child.poll() is None:
                partial = glob.glob(os.path.join(temporary, "*.deb")) + glob.glob(
                    os.path.join(private, "cache/archives/partial/*"))
                progress.update(int(sum(os.path.getsize(p) for p in partial
                                        if os.path.exists(p)) / 1e6))
                try:
                    child.wait(0.3)
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            child.kill()
            child.wait()
            raise
        progress.close()
        with open(log, "ab") as handle:
            handle.write(child.stdout.read())
        debs = glob.glob(os.path.join(temporary, "*.deb"))
        if child.returncode or not debs:
            raise Failure(f"{PACKAGE} {version} could not be fetched (log: {log}); "
                          f"check the network and the disk, or {OTHER_WAY}")
        final = os.path.join(cache_dir(), os.path.basename(debs[0]))
        with open(debs[0] + ".sha256", "w", encoding="ascii") as handle:
            handle.write(f"{_sha256(debs[0])}  {os.path.basename(final)}\n")
        # The checksum goes last: without it the package does not count.
        os.replace(debs[0], final)
        os.replace(debs[0] + ".sha256", final + ".sha256")
    return final, version
