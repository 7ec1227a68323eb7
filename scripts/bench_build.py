# SPDX-License-Identifier: GPL-2.0
"""Kernels to compare: one source, one configuration, some states of it, a program in mm/.

What make bench and make frag share. A Kit says which program, and where.
"""

import hashlib
import os
import shutil
from collections import namedtuple

from common import FAILED, ROOT, Failure, run, show
from steps_bisect import worktree
import uml

HERE = os.path.join(ROOT, "tools/testing/bench")
# name: of the directories below out and out/kunit-build. here: where the program and
# its configuration are. fragments: what is changed in .kunitconfig.
Kit = namedtuple("Kit", "name here program fragments")
BENCH = Kit("bench", HERE, "pcp_bench.c", [os.path.join(HERE, "bench.config")])
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


def wanted_key(commit, patches, kit):
    """Changes with all that goes into the work tree of a kernel."""
    digest = hashlib.sha256(commit.encode())
    for name in (*patches, kit.program):
        digest.update(read(os.path.join(kit.here, name)))
    return digest.hexdigest()


def add_program(path, kit):
    shutil.copyfile(os.path.join(kit.here, kit.program), os.path.join(path, "mm", kit.program))
    with open(os.path.join(path, "mm/Makefile"), "a", encoding="ascii") as handle:
        handle.write(f"\nobj-y += {kit.program.removesuffix('.c')}.o\n")


def source_tree(main_tree, path, commit, patches, kit):
    """A work tree with the program in it; as it was, if that is still right."""
    tree = worktree(main_tree, path)
    key = wanted_key(commit, patches, kit)
    if tree.lines("log", "-1", "--format=%s") == [key] and not tree.modified():
        return tree
    tree.git("checkout", "-q", "-f", "--detach", commit)
    tree.git("clean", "-q", "-f", "mm")
    for name in patches:
        patch = os.path.join(kit.here, name)
        result = run(["git", "-C", path, "apply", patch])
        if result.returncode:
            raise Failure(f"{show(patch)} does not fit the series: "
                          + result.stderr.decode("utf-8", "replace").strip().splitlines()[0]
                          + "; mend the patch", FAILED)
    add_program(path, kit)
    tree.git("add", "-u")
    tree.git("add", "-f", os.path.join("mm", kit.program))
    tree.git("commit", "-q", "--no-verify", "-m", key, env=IDENTITY)
    return tree


def build(out, main_tree, variant, jobs, verbose, counting=False, kit=BENCH):
    """Build one of the VARIANTS; with counting, the one that counts locks."""
    _, name, place, patches = variant
    commit = main_tree.lines("rev-parse", "stock^{commit}" if name == "stock" else "splitfree")[0]
    tree = source_tree(main_tree, os.path.join(out, kit.name, "src", place), commit, patches, kit)
    fragments = [os.path.join(ROOT, ".kunitconfig"), *kit.fragments]
    if counting:
        name += "-locks"
        fragments.append(LOCKS)
    kernel = uml.Kernel(out, "", jobs, verbose, name=os.path.join(kit.name, name),
                        linux=tree.path, fragments=fragments)
    kernel.LABEL = f"UML for the {kit.name}, {name}"
    kernel.build(tree)
    return kernel
