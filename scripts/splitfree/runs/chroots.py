# SPDX-License-Identifier: GPL-2.0
"""Another distribution below $(O): made with debootstrap, entered with a name space of its own.

Nothing stays mounted and nothing goes on running, however this ends: the kernel takes
both away with the name spaces.
"""

import os
import re
import shutil
import subprocess
import tempfile
import urllib.request

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT, cache_dir, show
from splitfree.base.processes import clean_env, run
from splitfree.base.progress import ticking
from splitfree.source import apt, archive, git, programs

# The meaning of a name: a suite of the Debian archive that this machine uses.
SUITES = {"debian12": "bookworm", "debian13": "trixie"}
# Where our files are in there.
HOME = "/splitfree"
# The packages that README takes for granted; the rest is for our own scripts to install.
INCLUDED = "git,make,ca-certificates"

# debootstrap's script for a suite that is newer than debootstrap, what else an archive of
# that origin needs, the name of its keys, and the package of Debian that has them.
SCRIPTS = "/usr/share/debootstrap/scripts"
KEYRINGS = "/usr/share/keyrings"
ORIGINS = {
    "Debian": ("sid", [], "debian-archive-keyring.gpg", "debian-archive-keyring"),
    "Ubuntu": ("gutsy", ["--components=main,universe"], "ubuntu-archive-keyring.gpg",
               "ubuntu-keyring"),
}

ENTER = """\
mount -t proc proc "$0/proc" && mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm" &&
exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C CI=1 \\
	/bin/sh -c "$1"
"""


def read(name, text):
    """Reads DISTROS=: names of SUITES, suites, or suite@mirror."""
    found = text.replace(",", " ").split()
    for word in found:
        if not re.fullmatch(r"[a-z][a-z0-9.-]*(@\S+)?", word):
            raise Failure(f"{name}={text}: {word} is no {', '.join(SUITES)}, no suite of the "
                          "Debian archive, and no suite@mirror")
    return found


def origin_of(mirror, suite):
    """The maker of that suite: the word in its Release file."""
    address = f"{mirror.rstrip('/')}/dists/{suite}/Release"
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            head = answer.read(4096).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        raise Failure(f"{address} could not be read ({error}); look at the name of the suite, "
                      "the mirror and the network") from None
    found = re.search(r"^Origin: *(.*?) *$", head, re.M)
    return found.group(1) if found else "Debian"


def keyring(name, package):
    """(options of debootstrap for the keys of that name, why there are none).

    Keys that this machine lacks come out of the Debian archive, whose signature apt checks.
    """
    if os.path.exists(os.path.join(KEYRINGS, name)):
        return [], ""
    kept = os.path.join(cache_dir(), "keys", name)
    if not os.path.exists(kept):
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        with tempfile.TemporaryDirectory(dir=os.path.dirname(kept), prefix="get.") as top:
            try:
                root = programs.unpack(top, programs.Program(package, (), 1), name)
                os.replace(root + os.path.join(KEYRINGS, name), kept)
            except (Failure, OSError):
                return [], f"there is no {name}, so debootstrap did not check signatures"
    return [f"--keyring={kept}"], ""


class Chroot:
    """One of them."""

    def __init__(self, word, out):
        suite, _, self.mirror = word.partition("@")
        self.name, self.suite = suite, SUITES.get(suite, suite)
        self.root = os.path.join(out, "distros", self.name, "root")
        self.done = os.path.join(self.root, "splitfree.ready")
        self.home = self.root + HOME

    def debootstrap(self, mirror, origin):
        """(its command line, what a reader should know of it)."""
        script, options, *keys = ORIGINS.get(origin, ORIGINS["Debian"])
        keys, note = keyring(*keys)
        packages = os.path.join(cache_dir(), "debs", self.suite)
        os.makedirs(packages, exist_ok=True)
        known = os.path.exists(os.path.join(SCRIPTS, self.suite))
        return (["debootstrap", "--variant=minbase", f"--include={INCLUDED}",
                 f"--cache-dir={packages}", *options, *keys, self.suite, self.root, mirror,
                 *([] if known else [script])], note)

    def make(self, log):
        """With debootstrap, unless it is there. A half-made one is removed first.

        Returns what a reader should know of it.
        """
        if os.path.exists(self.done):
            return ""
        shutil.rmtree(self.root, ignore_errors=True)
        mirror = self.mirror or next(iter(apt.mirrors()), None)
        if not mirror:
            raise Failure("the apt sources of this machine name no Debian archive; give the suite "
                          "with its mirror, DISTROS=suite@mirror")
        origin = origin_of(mirror, self.suite) if self.mirror else "Debian"
        command, note = self.debootstrap(mirror, origin)
        os.makedirs(self.root)
        with ticking(f"{self.name}: debootstrap"), open(log, "ab") as handle:
            status = subprocess.run(
                command, check=False, stdin=subprocess.DEVNULL, stdout=handle,
                stderr=subprocess.STDOUT, env=clean_env()).returncode
        if status:
            raise Failure(f"{self.name} could not be set up (log: {show(log)}); look at the name "
                          f"of the suite ({self.suite}), the mirror and the disk")
        # An archive behind a proxy is reached as this machine reaches it.
        for name in ("resolv.conf", "hosts"):
            if os.path.exists("/etc/" + name):
                shutil.copy("/etc/" + name, os.path.join(self.root, "etc", name))
        settings = run(["apt-config", "dump", "Acquire::http", "Acquire::https"]).stdout
        with open(os.path.join(self.root, "etc/apt/apt.conf.d/90host"), "wb") as handle:
            handle.write(settings)
        with open(self.done, "w", encoding="ascii"):
            pass
        return note

    def bring(self):
        """Our files as they are now, and the kernel source that was fetched here."""
        os.makedirs(self.home, exist_ok=True)
        for name in os.listdir(self.home):
            if name != "out":
                path = os.path.join(self.home, name)
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        listed = git.git(ROOT, "ls-files", "-co", "--exclude-standard", "-z")
        names = listed.stdout.split(b"\0") if not listed.returncode else None
        if not names:
            raise Failure("git cannot list the files of this repository, so they cannot be "
                          "brought into a chroot; work in a clone")
        for name in filter(None, names):
            name = os.fsdecode(name)
            source, target = os.path.join(ROOT, name), os.path.join(self.home, name)
            if os.path.lexists(source):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
        cache = os.path.join(self.root, "root/.cache/splitfree")
        os.makedirs(cache, exist_ok=True)
        for name in os.listdir(cache_dir()):
            source, target = os.path.join(cache_dir(), name), os.path.join(cache, name)
            if name.startswith(archive.PACKAGE) and not os.path.exists(target):
                try:
                    os.link(source, target)
                except OSError:
                    shutil.copy2(source, target)

    def run(self, command, log):
        """Run a command line of the shell in there, in our directory; returns its status."""
        with open(log, "ab") as handle:
            handle.write(f"$ {command}\n".encode())
            handle.flush()
            return subprocess.run(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child",
                 "--propagation", "private", "sh", "-c", ENTER, self.root,
                 f"cd {HOME} && {command}"],
                check=False, stdin=subprocess.DEVNULL, stdout=handle, stderr=subprocess.STDOUT,
                env=clean_env()).returncode

    def describe(self):
        """Its distribution."""
        try:
            with open(os.path.join(self.root, "etc/os-release"), encoding="utf-8") as handle:
                return re.search(r'^PRETTY_NAME="?(.*?)"?$', handle.read(), re.M).group(1)
        except (OSError, AttributeError):
            return self.suite
