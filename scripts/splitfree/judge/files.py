# SPDX-License-Identifier: GPL-2.0
"""Writes the results of a run as KTAP, JUnit and JSON, so that they agree with its status.

Beside the tests there is a suite "kernel". Its case "splats" fails if the kernel
complained; "end" is there only to fail, when a kernel hung, died before its tests, did
not build, or the run was stopped. A run that tested nothing has no results at all.
"""

import contextlib
import json
import os
import re
import shutil
import xml.etree.ElementTree as ET

from splitfree.judge import console as consoles, ktap
from splitfree.judge.ktap import (FAILED as CASE_FAILED, MISSING, PASSED as CASE_PASSED, SKIPPED,
                                  Test)
from splitfree.judge.verdict import FAILED, NOT_TESTED, PASSED

ARCH = "# arch: "
KTAP, JUNIT, JSON = "ktap.log", "junit.xml", "results.json"
NAMES = (KTAP, JUNIT, JSON)
# A directory with the console of each failed case in a file of its own.
FAILED_CASES, MOST_FILES = "failed", 200
# XML 1.0 knows no other characters.
NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STATUS = {CASE_PASSED: "PASS", SKIPPED: "SKIP", MISSING: "ERROR", CASE_FAILED: "FAIL"}
LAST_LINES = 60


# Tests -------------------------------------------------------

def splats_case(verdict):
    """The kernel's own case."""
    if not verdict.nr_splats:
        return Test("splats", CASE_PASSED)
    first = verdict.splats[0]
    log = []
    for splat in verdict.splats:
        place = f"line {splat.line} of the console" + (f", in {splat.where}" if splat.where else "")
        log += [f"--- {place}:", *(splat.report or [splat.text])]
    more = f", and {verdict.nr_splats - 1} more" if verdict.nr_splats > 1 else ""
    return Test("splats", CASE_FAILED, first.text + more, log)


def tests_of(verdict, console=None, end=""):
    """All tests of a run. end: how it ended, if it ended badly."""
    tests = list(verdict.tests)
    kernel = [splats_case(verdict)]
    leaves = [leaf for test in tests + kernel for leaf in test.leaves()]
    if not end and verdict.status == FAILED and all(leaf.good() for leaf in leaves):
        end = verdict.reason
    if end:
        kernel.append(Test("end", CASE_FAILED, end, last_lines(console)))
    return tests + [suite("kernel", kernel)]


def suite(name, tests):
    good = all(leaf.good() for test in tests for leaf in test.leaves())
    return Test(name, CASE_PASSED if good else CASE_FAILED, tests=tests)


def grouped(tests):
    """The same for every file: names of plain characters, and no test outside a suite."""
    alone = [test for test in tests if not test.tests]
    return [named(test) for test in tests if test.tests] + (
        [named(suite("tests", alone))] if alone else [])


def named(test):
    return Test(one_line(test.name) or "unnamed", test.outcome, test.reason, test.log,
                [named(below) for below in test.tests])


def last_lines(console):
    try:
        return consoles.tail(console, LAST_LINES) if console else []
    except OSError:
        return []


def counts(test):
    found = {status: 0 for status in STATUS.values()}
    for leaf in test.leaves():
        found[STATUS[leaf.outcome]] += 1
    return found


# KTAP ------------------------------------------------------------------------

def ktap_lines(tests, arch):
    yield "KTAP version 1"
    yield ARCH + arch
    yield f"1..{len(tests)}"
    for number, test in enumerate(tests, 1):
        yield from ktap_test(test, number, "")


def ktap_test(test, number, indent):
    if test.tests:
        yield f"{indent}    KTAP version 1"
        yield f"{indent}    # Subtest: {test.name}"
        yield f"{indent}    1..{len(test.tests)}"
        for count, below in enumerate(test.tests, 1):
            yield from ktap_test(below, count, indent + "    ")
    for line in test.log if not test.tests else ():
        # A time stamp says that the kernel speaks, and a header inside a comment is one again.
        line = consoles.STAMP_INSIDE.sub(" ", consoles.text_of(NOT_XML.sub("", line))).strip()
        if line:
            comment = line.startswith("# ") and not line.startswith("# Subtest")
            yield f"{indent}{'' if comment else '# '}{line}"
    good = all(leaf.good() for leaf in test.leaves())
    line = f"{indent}{'' if good else 'not '}ok {number} {test.name}"
    if test.outcome == SKIPPED and good:
        line += f" # SKIP {one_line(test.reason)}".rstrip()
    elif test.outcome == MISSING:
        line += f" # ERROR {one_line(test.reason)}".rstrip()
    yield line


def one_line(text):
    """Text before or behind the sign of a directive."""
    return " ".join(NOT_XML.sub("", text).replace("#", " ").split())


# JUnit -----------------------------------------------------------------------

def junit(tests, arch):
    """testsuites, a testsuite for each suite, a testcase for each leaf."""
    whole = Test("", "", tests=tests)
    root = ET.Element("testsuites", {"name": "splitfree", **junit_counts(whole)})
    for one in tests:
        element = ET.SubElement(root, "testsuite", {"name": one.name, **junit_counts(one)})
        properties = ET.SubElement(element, "properties")
        ET.SubElement(properties, "property", {"name": "arch", "value": arch})
        for below in one.tests:
            for name, leaf in named_leaves(below, below.name):
                junit_case(element, one.name, name, leaf)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False)


def named_leaves(test, name):
    if not test.tests:
        yield name, test
    for below in test.tests:
        yield from named_leaves(below, f"{name}.{below.name}")


def junit_counts(test):
    found = counts(test)
    return {"tests": str(sum(found.values())), "failures": str(found["FAIL"]),
            "errors": str(found["ERROR"]), "skipped": str(found["SKIP"])}


def junit_case(parent, suite_name, name, leaf):
    case = ET.SubElement(parent, "testcase", {"name": name, "classname": suite_name})
    reason = xml(leaf.reason)
    if leaf.outcome == SKIPPED:
        ET.SubElement(case, "skipped", {"message": reason} if reason else {})
    elif not leaf.good():
        kind = "error" if leaf.outcome == MISSING else "failure"
        found = ET.SubElement(case, kind, {"message": reason or "the test failed"})
        found.text = xml("\n".join(leaf.log)) or reason
    if leaf.log:
        ET.SubElement(case, "system-out").text = xml("\n".join(leaf.log))


def xml(text):
    return NOT_XML.sub("", text)


# JSON ------------------------------------------------------------------------

def json_group(name, tests, common):
    """As kunit.py --json has it, with the console of what failed beside it."""
    whole = counts(Test(name, "", tests=tests))
    return {"name": name,
            "sub_groups": [json_group(t.name, t.tests, common) for t in tests if t.tests],
            "test_cases": [json_case(t) for t in tests if not t.tests],
            "misc": {"tests": sum(whole.values()), "passed": whole["PASS"],
                     "failed": whole["FAIL"], "crashed": whole["ERROR"],
                     "skipped": whole["SKIP"], "errors": 0}, **common}


def json_case(test):
    case = {"name": test.name, "status": STATUS[test.outcome]}
    if test.reason:
        case["reason"] = test.reason
    if not test.good():
        case["log"] = test.log
    return case


# Files -----------------------------------------------------------------------

def remove(directory, *names):
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(directory, name))


def clear(directory, *more):
    """No results is better than those of another run."""
    remove(directory, *NAMES, *more)
    shutil.rmtree(os.path.join(directory, FAILED_CASES), ignore_errors=True)


def write_failed(directory, tests):
    """One log for each failed case."""
    bad = [(name, leaf) for test in tests for name, leaf in named_leaves(test, test.name)
           if not leaf.good()]
    where = os.path.join(directory, FAILED_CASES)
    shutil.rmtree(where, ignore_errors=True)
    for name, leaf in bad[:MOST_FILES]:
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, re.sub(r"[^\w.=-]+", "_", name)[:150] + ".log"), "w",
                  encoding="utf-8", errors="replace") as handle:
            handle.write("\n".join([leaf.reason, *leaf.log]).strip() + "\n")


def write(directory, tests, arch, build="", names=NAMES):
    """The files, each of them whole or not there."""
    tests = grouped(tests)
    common = {"arch": arch, "defconfig": "", "build_environment": build, "lab_name": None,
              "kernel": None, "job": None, "git_branch": "kselftest"}
    texts = {KTAP: "".join(line + "\n" for line in ktap_lines(tests, arch)),
             JUNIT: "<?xml version='1.0' encoding='utf-8'?>\n" + junit(tests, arch) + "\n",
             JSON: json.dumps(json_group("KUnit Test Group", tests, common), indent=1) + "\n"}
    os.makedirs(directory, exist_ok=True)
    for name in names:
        with open(os.path.join(directory, name + ".new"), "w", encoding="utf-8",
                  errors="replace") as handle:
            handle.write(texts[name])
    if names == NAMES:
        write_failed(directory, tests)
    for name in names:
        os.replace(os.path.join(directory, name + ".new"), os.path.join(directory, name))


def write_run(directory, verdict, arch, console=None, end="", build=""):
    """The results of a run that was judged with keep=True."""
    if verdict.status == NOT_TESTED and not end:
        clear(directory)
    else:
        write(directory, tests_of(verdict, console, end), arch, build)


def written(directory):
    """The tests of the results that are written."""
    with open(os.path.join(directory, KTAP), encoding="utf-8") as handle:
        return ktap.read(line.rstrip("\n") for line in handle).tests


def arch_of(directory):
    """The architecture of the results that are written."""
    with open(os.path.join(directory, KTAP), encoding="utf-8") as handle:
        return next((line[len(ARCH):].strip() for line in handle if line.startswith(ARCH)), "")


def append(directory, name, tests):
    """More tests for results that are written, in a suite of theirs: what was found out later."""
    found = written(directory)
    same = [test for test in found if test.name == name]
    tests = [below for test in same for below in test.tests] + tests
    write(directory, [test for test in found if test not in same] + [suite(name, tests)],
          arch_of(directory))


def are_there(directory):
    return all(os.path.exists(os.path.join(directory, name)) for name in NAMES)


def agree(directory, arch, status, sentence, log=None):
    """Make the results say what the status of the run says. log: a file that says more."""
    if status == NOT_TESTED:
        clear(directory)
        return
    found = written(directory) if are_there(directory) else None
    bad = [leaf for test in found or () for leaf in test.leaves() if not leaf.good()]
    if status == PASSED or bad:
        return
    end = Test("end", CASE_FAILED if status == FAILED else MISSING, sentence, last_lines(log))
    if found is None:
        write(directory, [suite("kernel", [end])], arch)
    else:
        append(directory, "kernel", [end])


@contextlib.contextmanager
def guarded(directory, arch, log=None):
    """Around a whole run: whatever happens in it, what lies in the directory is its own.

    An exception that has a status says how the run ended: 1, it failed; 2, it could not
    run; above 128, a signal. log: a file whose last lines say more.
    """
    clear(directory, "console.log")
    try:
        yield
    except BaseException as error:
        agree(directory, arch, getattr(error, "status", NOT_TESTED), str(error),
              log() if callable(log) else log)
        raise
