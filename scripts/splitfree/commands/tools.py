# SPDX-License-Identifier: GPL-2.0
"""The tests of the commands, ShellCheck, and the CI engines' own checkers of their files.

A checker that cannot be had here is skipped, and says why. Modules that the tests need are
fetched into $(O)/tools. Log: $(O)/tools/log. The data of the result: failures and skips,
lists of names.
"""

import collections
import glob
import os
import re
import shutil
import subprocess
import sys

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import ROOT, SCRIPTS, show
from splitfree.base.processes import clean_env
from splitfree.base.results import Result
from splitfree.engines import validators
from splitfree.runs.frame import Command

# It starts no build, and its children lock directories of their own.
COMMAND = Command("the tests of the commands, ShellCheck, checkers of the CI engines' files",
                  tree=False, own_lock="tools")
# A line of unittest.
SKIPPED = re.compile(r"^(?:(?P<method>\w+) \((?P<name>[\w.]+)\)(?:\n.*)?)?.*\.\.\. skipped "
                     r"['\"](?P<why>.*)['\"]$", re.M)
BAD = re.compile(r"^(?:FAIL|ERROR|UNEXPECTED SUCCESS): \w+ \(([\w.]+)\)", re.M)
NAMED = 3
SCRIPT_FILES = (".ci/run", "scripts/ci")


def skips(text):
    """[(name, why)] of what unittest skipped."""
    for found in SKIPPED.finditer(text):
        method, name = found.group("method", "name")
        if name and name.rpartition(".")[2] != method:
            # As Python before 3.11 has it.
            name += "." + method
        yield name or "a test without a name", found.group("why")


def unit_tests(env):
    """(passed, failed, skipped, what it said). env: variables that the tests know."""
    result = subprocess.run([sys.executable, "-m", "unittest", "discover", "-v", "-s",
                             os.path.join(SCRIPTS, "tests")], cwd=SCRIPTS, check=False,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env=clean_env(**env))
    text = result.stdout
    total = int((re.search(r"^Ran (\d+) test", text, re.M) or [0, 0])[1])
    bad = sum(int(n) for n in re.findall(r"(?:failures|errors|unexpected successes)=(\d+)", text))
    skipped = sum(int(n) for n in re.findall(r"skipped=(\d+)", text))
    if result.returncode and not bad:
        bad = 1
    return max(0, total - bad - skipped), bad, skipped, text


def shell_check(path):
    """(status: None if it was skipped, what it said)"""
    if not shutil.which("shellcheck"):
        return None, f"skipped: shellcheck is not there to read {show(path)}\n"
    check = subprocess.run(["shellcheck", path], check=False, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
    return check.returncode, check.stdout


def validate(name, check, where):
    """(status: None if it was skipped, what it said)"""
    os.makedirs(where, exist_ok=True)
    try:
        found = check(where)
    except validators.Skip as skip:
        return None, f"skipped: {name}: {skip}\n"
    return int(bool(found)), "".join(f"{line}\n" for line in found)


def checks(where):
    """(name, function that returns (status or None, text)) of all but the unit tests."""
    scripts = glob.glob(os.path.join(SCRIPTS, "*.sh"))
    for path in sorted(scripts + [os.path.join(ROOT, name) for name in SCRIPT_FILES]):
        yield os.path.relpath(path, ROOT), lambda path=path: shell_check(path)
    for name, check in validators.CHECKS:
        yield name, lambda check=check, name=name: validate(name, check, where)


def run(job):
    env, lacking = validators.modules(job.path("modules"))
    for why in lacking:
        job.say(f"not fetched: {why}")
    passed, failed, skipped, text = unit_tests(env)
    skipped_tests = list(skips(text))
    # The first names are in the sentence, which may be all that a CI engine keeps.
    data = {"failures": (list(dict.fromkeys(BAD.findall(text))) or ["unit tests"]) if failed
                        else [], "skips": [name for name, _ in skipped_tests]}
    for why, count in collections.Counter(why for _, why in skipped_tests).items():
        job.say(f"skipped: {why}" + (f" ({count} tests)" if count > 1 else ""))
    with open(job.path("log"), "w", encoding="utf-8") as log:
        log.write(text)
        for name, check in checks(job.path("npm")):
            status, said = check()
            log.write(said)
            if status is None:
                skipped += 1
                data["skips"].append(name)
                job.say(said.rstrip("\n"))
            elif status:
                failed += 1
                data["failures"].append(name)
            else:
                passed += 1
    failure = Failure(f"{', '.join(data['failures'][:NAMED])} failed (log: "
                      f"{show(job.path('log'))}); the log says where", FAILED) if failed else None
    return Result(passed, failed, skipped, data, failure)
