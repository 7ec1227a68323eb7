# SPDX-License-Identifier: GPL-2.0
"""The variables that make and the commands take. Each is declared once.

A command lists those that it takes. Where its default, its values or its words
differ, it lists a changed copy: NCPUS._replace(default="2"). make help is made from
the same declarations.
"""

import collections
import os
import re
import types

from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT


def number(name, text, low, high):
    """The value of a variable; says what is wrong with it before any work is done."""
    if not str(text).isdigit() or not low <= int(text) <= high:
        raise Failure(f"{name}={text} is no number from {low} to {high}")
    return int(text)


def between(low, high):
    """Reads a number; what is empty stays empty."""
    return lambda name, text: number(name, text, low, high) if text else text


def required(low, high):
    """Reads a number that has to be given."""
    return lambda name, text: number(name, text, low, high)


def as_it_is(_name, text):
    return text


def path(_name, text):
    return os.path.abspath(text)


def jobs(name, text):
    return number(name, text or len(os.sched_getaffinity(0)), 1, 4096)


def is_one(_name, text):
    return text == "1"


def words(_name, text):
    return text.replace(",", " ").split()


def one_glob(name, text):
    if any(c.isspace() or c in "\"'" for c in text):
        raise Failure(f"{name}= is one glob without blanks or quotes, such as {name}='pcp_*'")
    return text


def one_of(*known):
    """Reads one of these words."""
    def read(name, text):
        if text not in known:
            raise Failure(f"{name}={text} is unknown; use one of {', '.join(filter(None, known))}"
                          + (", or leave it out" if "" in known else ""))
        return text
    return read


def debug_kinds(known):
    """Reads DEBUG=, where several go together: "lockdep,kasan" is kasan-lockdep."""
    def read(name, text):
        found = sorted(set(text.replace("-", ",").split(","))) if text else []
        for word in found:
            if word not in known:
                raise Failure(f"{name}={text} is unknown; use one of {', '.join(known)}, "
                              "several with commas between, or leave it out")
        return "-".join(found)
    return read


# name: the variable; default: its text; read: a function of name and text that gives
# the value or a Failure; text: what make help says; shown: make has it.
Option = collections.namedtuple("Option", "name default read text shown", defaults=(True,))

O = Option("O", os.path.join(ROOT, "out"), path, "where everything goes")
LINUX = Option("LINUX", "", as_it_is,
               "a kernel tree or tarball to use instead of the Debian archive's")
JOBS = Option("JOBS", "", jobs, "compilers at a time; default: one for each CPU")
V = Option("V", "", is_one, "1: show the commands")
# make check has the result written to a file of its own, too.
RESULT = Option("RESULT", "", as_it_is, "a second file for the result", False)

NCPUS = Option("NCPUS", "4", required(1, 64), "CPUs of the guest")
SUITE = Option("SUITE", "", one_glob, "glob: run only these suites, or suite.case")
DEBUG = Option("DEBUG", "", as_it_is, "build with that checker or variant")
TIMEOUT = Option("TIMEOUT", "", between(1, 86400), "seconds before a kernel counts as hung")
ROUNDS = Option("ROUNDS", "", required(1, 1000), "how often each kernel is measured")
ACCEL = Option("ACCEL", "tcg", one_of("tcg", "kvm", "auto"),
               "how QEMU runs the guest: tcg, kvm, auto")
QEMU = Option("QEMU", "", is_one, "1: under QEMU")
SEED = Option("SEED", "", as_it_is, "repeats what was chosen by chance")
FUZZ = Option("FUZZ", "1", one_of("1", "0", "only"),
              "random calls of mm: 1: beside the other workers, 0: none, only: no other workers")
OWNERS = Option("OWNERS", "on", one_of("on", "off"),
                "off: with pcp_owners=off, where each free is local; stock does not know it")
ONLY = Option("ONLY", "", words, "only those with one of these words in their name")
UPDATE = Option("UPDATE", "", is_one, "1: write a new baseline")

EVERYWHERE = (O, LINUX, JOBS, V, RESULT)
# The names of values that are not the variable's in small letters.
FIELD = {"O": "out", "V": "verbose", "FROM": "measured"}


def given(arguments):
    """{name: text} of arguments NAME=text."""
    found = {}
    for argument in arguments:
        match = re.fullmatch(r"([A-Z][A-Z0-9_]*)=(.*)", argument, re.S)
        if not match:
            raise Failure(f"{argument} is no NAME=value; make help lists the names")
        found[match.group(1)] = match.group(2)
    return found


def values(options, texts, ignored=()):
    """The values of options, as attributes. ignored: names that other commands take."""
    taken = {option.name: option for option in options}
    for name in texts:
        if name not in taken and name not in ignored:
            raise Failure(f"{name}= is not known; make help lists the names")
    return types.SimpleNamespace(**{
        FIELD.get(name, name.lower()): option.read(name, texts.get(name) or option.default)
        for name, option in taken.items()})
