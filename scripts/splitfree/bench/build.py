# SPDX-License-Identifier: GPL-2.0
"""The kernels of make bench: one source, one configuration, three states of it."""

import hashlib
import os
import shutil

from splitfree.base.paths import TESTING
from splitfree.kernel import uml
from splitfree.source.worktree import apply, checkout, worktree

HERE = os.path.join(TESTING, "bench")
# Letter, name, work tree, and the patches of HERE that go on top. "stock" has no
# series. Two that share a work tree share most objects in the compiler's cache.
VARIANTS = (("A", "stock", "stock", ()),
            ("C", "split", "patched", ()),
            ("B", "coarse", "patched", ("coarse.patch",)))
# Below $(O): the work trees, and the lock of them and of the kernels.
PLACE = "bench"
IDENTITY = {"GIT_AUTHOR_NAME": "splitfree", "GIT_AUTHOR_EMAIL": "splitfree@localhost",
            "GIT_COMMITTER_NAME": "splitfree", "GIT_COMMITTER_EMAIL": "splitfree@localhost",
            "GIT_AUTHOR_DATE": "1970-01-01T00:00:00Z",
            "GIT_COMMITTER_DATE": "1970-01-01T00:00:00Z"}


def read(name):
    with open(os.path.join(HERE, name), "rb") as handle:
        return handle.read()


def wanted_key(commit, patches):
    """Changes with all that goes into the work tree of a kernel."""
    digest = hashlib.sha256(commit.encode())
    for name in (*patches, "pcp_bench.c"):
        digest.update(read(name))
    return digest.hexdigest()


def add_benchmark(path):
    shutil.copyfile(os.path.join(HERE, "pcp_bench.c"), os.path.join(path, "mm/pcp_bench.c"))
    with open(os.path.join(path, "mm/Makefile"), "a", encoding="ascii") as handle:
        handle.write("\nobj-y += pcp_bench.o\n")


def source_tree(main_tree, path, commit, patches):
    """A work tree with the benchmark in it; as it was, if that is still right."""
    tree = worktree(main_tree, path)
    key = wanted_key(commit, patches)
    if tree.lines("log", "-1", "--format=%s") == [key] and not tree.modified():
        return tree
    checkout(tree, commit)
    tree.git("clean", "-q", "-f", "mm")
    for name in patches:
        apply(tree, os.path.join(HERE, name))
    add_benchmark(path)
    tree.git("add", "-u")
    tree.git("add", "-f", "mm/pcp_bench.c")
    tree.git("commit", "-q", "--no-verify", "-m", key, env=IDENTITY)
    return tree


def build(job, variant, counting=False):
    """Build one of the VARIANTS; with counting, the one that counts locks."""
    _, name, place, patches = variant
    commit = job.tree.lines("rev-parse", "stock^{commit}" if name == "stock" else "splitfree")[0]
    tree = source_tree(job.tree, os.path.join(job.out, PLACE, "src", place), commit, patches)
    fragments = [*uml.fragments(), os.path.join(HERE, "bench.config")]
    if counting:
        name += "-locks"
        fragments.append(os.path.join(HERE, "locks.config"))
    kernel = uml.kernel(job.out, os.path.join("bench", name), fragments, tree.path,
                        job.path(name, "build.log"), job.options, f"UML for the bench, {name}")
    kernel.build(tree)
    return kernel


def command(kernel, out, image, ncpus, append, memory="1G"):
    """The command line of a kernel of the bench, whose console says little."""
    return uml.command(kernel, out, ncpus, ["loglevel=5", *append], memory, image)
