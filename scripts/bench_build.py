# SPDX-License-Identifier: GPL-2.0
"""The kernels of make bench: one source, one configuration, three states of it."""

import hashlib
import os
import shutil

from common import FAILED, ROOT, Failure, run, show
from steps_bisect import worktree
import uml

HERE = os.path.join(ROOT, "tools/testing/bench")
# Letter, name, work tree, and the patches of HERE that go on top. "stock" has no
# series. Two that share a work tree share most objects in the compiler's cache.
VARIANTS = (("A", "stock", "stock", ()),
            ("C", "split", "patched", ()),
            ("B", "coarse", "patched", ("coarse.patch",)))
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
    tree.git("checkout", "-q", "-f", "--detach", commit)
    tree.git("clean", "-q", "-f", "mm")
    for name in patches:
        result = run(["git", "-C", path, "apply", os.path.join(HERE, name)])
        if result.returncode:
            raise Failure(f"{show(os.path.join(HERE, name))} does not fit the series: "
                          + result.stderr.decode("utf-8", "replace").strip().splitlines()[0]
                          + "; mend the patch", FAILED)
    add_benchmark(path)
    tree.git("add", "-u")
    tree.git("add", "-f", "mm/pcp_bench.c")
    tree.git("commit", "-q", "--no-verify", "-m", key, env=IDENTITY)
    return tree


def build(out, main_tree, variant, jobs, verbose, counting=False):
    """Build one of the VARIANTS; with counting, the one that counts locks."""
    _, name, place, patches = variant
    commit = main_tree.lines("rev-parse", "stock^{commit}" if name == "stock" else "splitfree")[0]
    tree = source_tree(main_tree, os.path.join(out, "bench", "src", place), commit, patches)
    fragments = [os.path.join(ROOT, ".kunitconfig"), os.path.join(HERE, "bench.config")]
    if counting:
        name += "-locks"
        fragments.append(os.path.join(HERE, "locks.config"))
    kernel = uml.Kernel(out, "", jobs, verbose, name=os.path.join("bench", name),
                        linux=tree.path, fragments=fragments)
    kernel.LABEL = f"UML for the bench, {name}"
    kernel.build(tree)
    return kernel
