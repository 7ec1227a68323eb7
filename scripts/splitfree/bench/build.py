# SPDX-License-Identifier: GPL-2.0
"""Kernels to compare: one source, one configuration, some states of it, a program in mm/.

Common to make bench and make frag. A Kit says which program, and where.
"""

import hashlib
import os
import shutil
from collections import namedtuple

from splitfree.base.paths import TESTING
from splitfree.kernel import uml
from splitfree.source.worktree import apply, checkout, worktree

HERE = os.path.join(TESTING, "bench")
# name: of the directories below $(O) and kunit-build, and of the lock of both. here: where
# the program and its configuration are. program: what the names of its files begin with.
# fragments: what is changed in .kunitconfig.
Kit = namedtuple("Kit", "name here program fragments")
BENCH = Kit("bench", HERE, "pcp_bench", [os.path.join(HERE, "bench.config")])
LOCKS = os.path.join(HERE, "locks.config")
# Letter, name, work tree, and the patches of HERE that go on top. "stock" has no
# series. Two that share a work tree share most objects in the compiler's cache.
VARIANTS = (("A", "stock", "stock", ()),
            ("C", "split", "patched", ()),
            ("B", "coarse", "patched", ("coarse.patch",)))
IDENTITY = {"GIT_AUTHOR_NAME": "splitfree", "GIT_AUTHOR_EMAIL": "splitfree@localhost",
            "GIT_COMMITTER_NAME": "splitfree", "GIT_COMMITTER_EMAIL": "splitfree@localhost",
            "GIT_AUTHOR_DATE": "1970-01-01T00:00:00Z",
            "GIT_COMMITTER_DATE": "1970-01-01T00:00:00Z"}


def read(path):
    with open(path, "rb") as handle:
        return handle.read()


def program_files(kit):
    """The names of its sources and headers."""
    return sorted(name for name in os.listdir(kit.here)
                  if name.startswith(kit.program) and name.endswith((".c", ".h")))


def wanted_key(commit, patches, kit):
    """Changes with all that goes into the work tree of a kernel."""
    digest = hashlib.sha256(commit.encode())
    for name in (*patches, *program_files(kit)):
        digest.update(name.encode())
        digest.update(read(os.path.join(kit.here, name)))
    return digest.hexdigest()


def add_program(path, kit):
    """Make it a part of mm/. Returns the paths of its files there."""
    names = program_files(kit)
    for name in names:
        shutil.copyfile(os.path.join(kit.here, name), os.path.join(path, "mm", name))
    with open(os.path.join(path, "mm/Makefile"), "a", encoding="ascii") as handle:
        handle.write("\n")
        for name in names:
            if name.endswith(".c"):
                handle.write(f"obj-y += {name.removesuffix('.c')}.o\n")
    return [os.path.join("mm", name) for name in names]


def source_tree(main_tree, path, commit, patches, kit):
    """A work tree with the program in it; as it was, if that is still right."""
    tree = worktree(main_tree, path)
    key = wanted_key(commit, patches, kit)
    if tree.lines("log", "-1", "--format=%s") == [key] and not tree.modified():
        return tree
    checkout(tree, commit)
    tree.git("clean", "-q", "-f", "mm")
    for name in patches:
        apply(tree, os.path.join(kit.here, name))
    added = add_program(path, kit)
    tree.git("add", "-u")
    tree.git("add", "-f", *added)
    tree.git("commit", "-q", "--no-verify", "-m", key, env=IDENTITY)
    return tree


def commit_of(tree, name):
    """The commit of a kernel with that name: stock has no series."""
    return tree.lines("rev-parse", "stock^{commit}" if name == "stock" else "splitfree")[0]


def with_kunit(kunit):
    """(fragments, suffix of the name) of a kernel with KUNIT=off, m or y, as it is shipped."""
    if kunit == "off":
        return (), ""
    return (os.path.join(HERE, f"kunit-{kunit}.config"),), f"-kunit-{kunit}"


def source(job, variant, kit=BENCH):
    """The work tree of one of the VARIANTS."""
    _, name, place, patches = variant
    return source_tree(job.tree, os.path.join(job.out, kit.name, "src", place),
                       commit_of(job.tree, name), patches, kit)


def build(job, variant, counting=False, kit=BENCH, more=(), suffix=""):
    """Build one of the VARIANTS; with counting, the one that counts locks.

    more: fragments of another configuration; suffix: of its name.
    """
    name = variant[1] + suffix
    tree = source(job, variant, kit)
    fragments = [*uml.fragments(), *kit.fragments, *more]
    if counting:
        name += "-locks"
        fragments.append(LOCKS)
    kernel = uml.kernel(job.out, os.path.join(kit.name, name), fragments, tree.path,
                        job.path(name, "build.log"), job.options, f"UML for the {kit.name}, {name}")
    kernel.build(tree)
    return kernel


def command(kernel, out, image, ncpus, append, memory="1G"):
    """The command line of a kernel of the bench, whose console says little."""
    return uml.command(kernel, out, ncpus, ["loglevel=5", *append], memory, image)
