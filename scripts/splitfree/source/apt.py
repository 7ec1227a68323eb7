# SPDX-License-Identifier: GPL-2.0
"""The Debian archive that this machine uses, in newer suites, by a private apt configuration.

Nothing of it is seen by the system's own apt, and nothing is installed.
"""

import os
import subprocess

from splitfree.base.paths import cache_dir
from splitfree.base.processes import clean_env, run

# A suite moves on, so a package is looked up in several.
SUITES = ("trixie-backports", "forky", "forky-backports", "sid", "experimental")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def mirrors():
    """The Debian mirrors that this machine is set up to use, best first."""
    result = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(LABEL)",
                  "Created-By: Packages"])
    rows = [line.split(maxsplit=2) for line in result.stdout.decode().splitlines()]
    rows = [row + [""] * (3 - len(row)) for row in rows if row]
    # The label is known only after the first apt-get update.
    good = [row[0] for row in rows if row[2] == "Debian"]
    good += [row[0] for row in rows if not row[2] and "-" not in row[1] and "/" not in row[1]
             and "security" not in row[0]]
    return list(dict.fromkeys(good))


class Apt:
    """apt with lists and a cache of its own. apt checks the signatures."""

    def __init__(self, mirror):
        self.private = os.path.join(cache_dir(), "apt")
        self.log = os.path.join(cache_dir(), "apt.log")
        for name in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.private, name), exist_ok=True)
        signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        listing = os.path.join(self.private, "sources.list")
        with open(listing, "w", encoding="ascii") as handle:
            for suite in SUITES:
                handle.write(f"deb {signed}{mirror} {suite} main\n")
        self.options = []
        for option in (
                f"Dir::Etc::SourceList={listing}", "Dir::Etc::SourceParts=/nonexistent",
                "Dir::Etc::Preferences=/nonexistent", "Dir::Etc::PreferencesParts=/nonexistent",
                f"Dir::State::Lists={self.private}/lists", f"Dir::Cache={self.private}/cache",
                "Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache=",
                "Acquire::Languages=none", "Acquire::PDiffs=false",
                "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
                "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false",
                "Acquire::Retries=2", "APT::Sandbox::User=root", "APT::Update::Post-Invoke=",
                "APT::Update::Post-Invoke-Success=", "Debug::NoLocking=1"):
            self.options += ["-o", option]

    def update(self):
        """A suite that the mirror lacks is an error to apt; the others count nevertheless."""
        updated = run(["apt-get", *self.options, "update"], stderr=subprocess.STDOUT)
        with open(self.log, "wb") as handle:
            handle.write(updated.stdout)

    def versions(self, package):
        """All versions of a package in these suites."""
        madison = run(["apt-cache", *self.options, "madison", package]).stdout.decode()
        return {line.split("|")[1].strip() for line in madison.splitlines() if "Packages" in line}

    def download(self, where, *packages):
        """Start to fetch packages, NAME or NAME=VERSION, into a directory."""
        return subprocess.Popen(["apt-get", *self.options, "download", *packages], cwd=where,
                                env=clean_env(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
