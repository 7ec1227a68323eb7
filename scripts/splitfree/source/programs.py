# SPDX-License-Identifier: GPL-2.0
"""Programs that this Debian lacks: out of newer suites of its archive, run where they lie.

They and the libraries that they need are unpacked below the cache, and started
through the loader that came with them. Nothing is installed. A program that the machine
has itself is taken first.
"""

import collections
import glob
import os
import shutil
import subprocess
import tempfile

from splitfree.base.failures import Failure
from splitfree.base.paths import cache_dir
from splitfree.base.processes import run
from splitfree.base.progress import ticking
from splitfree.source import apt

# package: the Debian package that has the program. others: packages that it needs. size: MB
# to fetch. arguments: what it is always given, {} is where the packages are unpacked.
Program = collections.namedtuple("Program", "package others size arguments", defaults=((),))
PROGRAMS = {
    "herd7": Program("herdtools7", ("libc6", "libgmp10"), 42,
                     ("-set-libdir", "{}/usr/share/herdtools7/herd")),
    "cbmc": Program("cbmc", ("libc6", "libstdc++6", "libgcc-s1", "minisat", "zlib1g"), 26),
}


def place(name):
    """Where a program is, or will be, unpacked."""
    return os.path.join(cache_dir(), "programs", name)


def start(name, root):
    """The words that start a program which was unpacked at root; None: it is not there."""
    loaders = glob.glob(os.path.join(root, "usr/lib/*/ld-linux*.so.*"))
    program = os.path.join(root, "usr/bin", name)
    if not loaders or not os.path.exists(program):
        return None
    libraries = os.path.dirname(loaders[0])
    # Some packages have theirs one directory up.
    return [loaders[0], "--library-path", f"{libraries}:{os.path.dirname(libraries)}", program,
            *(word.format(root) for word in PROGRAMS[name].arguments)]


def here(name):
    """The words that start a program, if it is on this machine already; else None."""
    return [name] if shutil.which(name) else start(name, place(name))


def find(name):
    """The words that start a program, which is fetched if need be. Raises a Failure."""
    return here(name) or fetch(name)


def fetch(name):
    """Fetch a program and what it needs, and unpack them below the cache."""
    program = PROGRAMS[name]
    os.makedirs(os.path.dirname(place(name)), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(place(name)), prefix="get.") as top:
        root = unpack(top, program, name)
        if not start(name, root):
            raise Failure(f"{program.package} has no usr/bin/{name}, or libc6 no loader; "
                          f"install {name} yourself")
        try:
            os.rename(root, place(name))
        except OSError:
            # Another run was faster, or left something half removed.
            if not start(name, place(name)):
                shutil.rmtree(place(name))
                os.rename(root, place(name))
    return start(name, place(name))


def unpack(top, program, name):
    """Fetch the packages of a program into top and unpack them; returns where. Raises a Failure."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise Failure(f"this is no Debian system, so {name} cannot be fetched; install it")
    mirrors = apt.mirrors()
    if not mirrors:
        raise Failure(f"the apt sources of this machine name no Debian archive that has {name}; "
                      "install it")
    archive = apt.Apt(mirrors[0])
    print(f"fetching {program.package}, which this Debian lacks, about {program.size} MB",
          flush=True)
    if not archive.versions(program.package):
        archive.update()
    if not download(archive, top, program):
        # The lists may be older than the archive.
        archive.update()
        if not download(archive, top, program):
            raise Failure(f"{program.package} could not be fetched from {', '.join(apt.SUITES)} "
                          f"of the Debian archive (log: {archive.log}); check the network")
    root = os.path.join(top, "root")
    for path in glob.glob(os.path.join(top, "*.deb")):
        if run(["dpkg-deb", "-x", path, root], stderr=subprocess.STDOUT).returncode:
            raise Failure(f"{os.path.basename(path)} could not be unpacked; check the disk")
    return root


def download(archive, where, program):
    """Fetch all packages of a program into a directory; the log has what apt said."""
    with archive.download(where, program.package, *program.others) as child, \
            ticking(f"fetching {program.package}"):
        try:
            said = child.communicate()[0]
        except BaseException:
            child.kill()
            raise
    with open(archive.log, "ab") as handle:
        handle.write(said)
    return not child.returncode
