# SPDX-License-Identifier: GPL-2.0
"""A kernel tree of the user's that has the series already: built where it lies.

Objects go below $(O), and nothing is written to the tree. Commands that compare with the
stock source, or that check patches out, make a copy instead; see tree.py.
"""

import hashlib
import os

from splitfree.base.paths import show
from splitfree.source import archive, git

# Files that a build in the tree itself leaves; kbuild then builds nowhere else.
UNCLEAN = (".config", "include/config", "arch/x86/include/generated", "arch/um/include/generated")


def has_series(path):
    return os.path.exists(os.path.join(path, "mm/pcp/pcp.h"))


def hindrance(path):
    """Why a tree with the series cannot be built where it lies; None: it can."""
    if any(c.isspace() or c == ":" for c in os.path.realpath(path)):
        return "has a blank or a colon in its name, which kbuild refuses"
    for name in UNCLEAN:
        if os.path.exists(os.path.join(path, name)):
            return f"was built in itself ({name}); make mrproper there ends that"
    return None


class InPlace:
    """As much of a Tree as a command needs, without a repository of ours behind it."""

    def __init__(self, source, out):
        self.path, self.out, self.id = source.path, out, source.id
        version = archive.check_tree(self.path, source.name)
        self.state = {"source": list(source), "version": version,
                      "head": self.commit() or source.id[:40]}

    def commit(self):
        """The user's own commit, for the record; None: it is no repository."""
        if not os.path.exists(os.path.join(self.path, ".git")):
            return None
        result = git.git(self.path, "rev-parse", "-q", "--verify", "HEAD")
        return None if result.returncode else result.stdout.decode().strip()

    @staticmethod
    def exists():
        return True

    @staticmethod
    def complete():
        return True

    @staticmethod
    def modified():
        """Files that differ from the series: which ones is the user's affair."""
        return []

    def config_key(self):
        """Changes with the Kconfig files."""
        digest = hashlib.sha256()
        for name, facts in sorted(archive.manifest(self.path, self.out).items()):
            if os.path.basename(name).startswith("Kconfig"):
                digest.update(f"{name} {facts}\n".encode())
        return digest.digest()

    def source_key(self):
        """Changes with any file."""
        return self.id.encode()

    def describe(self):
        return (f"{show(self.path)}: Linux {self.state['version']} with the series, as it is, "
                f"built where it lies, {self.state['head'][:12]}")
