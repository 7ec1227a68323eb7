# SPDX-License-Identifier: GPL-2.0
"""Further work trees of the kernel tree: at one commit, or with patches on top."""

import os
import shutil

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import show
from splitfree.source import git
from splitfree.source.tree import Tree


def worktree(tree, path):
    """A second work tree of the same repository."""
    if os.path.exists(path):
        if Tree(path).has_head():
            return Tree(path)
        shutil.rmtree(path)
    tree.git("worktree", "prune")
    tree.git("worktree", "add", "-q", "--detach", path, "stock")
    return Tree(path)


def checkout(tree, commit):
    """Bring a work tree to a commit, whatever was done to its files."""
    tree.git("checkout", "-q", "-f", "--detach", commit)


def refusal(tree, patch, check=False):
    """Apply a patch to the files of a work tree; returns why it does not fit, or None."""
    result = git.git(tree.path, "apply", *(["--check"] if check else []), patch)
    if not result.returncode:
        return None
    return (result.stderr.decode("utf-8", "replace").strip().splitlines() or ["?"])[0]


def apply(tree, patch):
    """Apply a patch that has to fit."""
    reason = refusal(tree, patch)
    if reason:
        raise Failure(f"{show(patch)} does not fit ({reason}); bring it up to date", FAILED)
