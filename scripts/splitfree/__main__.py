# SPDX-License-Identifier: GPL-2.0
"""python3 scripts/splitfree TARGET [NAME=value ...]: what make runs for each target.

make turns every failure into status 2. This tells a failed test (1) from what could not
run (2), and scripts/ci is make with that status.
"""

import importlib
import os
import sys

if not __package__:
    # Called by the name of the directory.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from splitfree.base import options as declared  # noqa: E402
from splitfree.base.failures import Failure, main  # noqa: E402
from splitfree.runs import frame  # noqa: E402

# target: the module of commands/, and the name of its declaration there; in the order of
# make help.
TARGETS = {
    "kunit": ("kunit", "COMMAND"),
    "user": ("user", "COMMAND"),
    "tools": ("tools", "COMMAND"),
    "mutants": ("mutants", "COMMAND"),
    "qemu": ("qemu", "COMMAND"),
    "hibernate": ("hibernate", "COMMAND"),
    "stress": ("stress", "COMMAND"),
    "soak": ("soak", "COMMAND"),
    "lava": ("lava", "COMMAND"),
    "check": ("check", "COMMAND"),
    "check-all": ("check", "EVERYTHING"),
    "selftests": ("selftests", "COMMAND"),
    "peers": ("peers", "COMMAND"),
    "configs": ("configs", "COMMAND"),
    "rcuscale": ("rcuscale", "COMMAND"),
    "boot": ("boot", "COMMAND"),
    "bisect": ("bisect", "COMMAND"),
    "busted": ("busted", "COMMAND"),
    "report": ("report", "COMMAND"),
    "model": ("model", "COMMAND"),
    "prove": ("prove", "COMMAND"),
    "fuzz": ("fuzz", "COMMAND"),
    "coverage": ("coverage", "COMMAND"),
    "bench": ("bench", "COMMAND"),
    "frag": ("frag", "COMMAND"),
    "count": ("count", "COMMAND"),
    "latency": ("latency", "COMMAND"),
    "linux": ("linux", "COMMAND"),
    "series": ("series", "COMMAND"),
    "rebase": ("rebase", "COMMAND"),
    "distros": ("distros", "COMMAND"),
}
# Targets of the Makefile that are no command.
PLAIN = {
    "packages": "install the programs that the others need",
    "clean": "remove what was built; make distclean: all of $(O)",
}
# make help does not list the targets of a variable that more than these take.
FEW = 5


def module_of(target):
    """The module of a target, and its declaration."""
    name, attribute = TARGETS[target]
    module = importlib.import_module(f"splitfree.commands.{name}")
    return module, getattr(module, attribute)


def commands():
    return {target: module_of(target)[1] for target in TARGETS}


def variables():
    """{name: [(target, option)]} of what make takes, in the order of make help."""
    found = {}
    for target, command in commands().items():
        for option in command.options:
            if option.shown:
                found.setdefault(option.name, []).append((target, option))
    for option in (declared.O, declared.LINUX, declared.JOBS, declared.V):
        found[option.name] = [("", option)]
    return found


def described(name, takers):
    """The lines of make help on one variable: one for each thing that it says."""
    default = "out" if name == "O" else takers[0][1].default
    groups = {}
    for target, option in takers:
        groups.setdefault(option.text, []).append((target, option.default))
    lines = []
    for text, group in groups.items():
        known = [(target, own) for target, own in group if target]
        others = [f"{target}: {own}" for target, own in known if own and own != default]
        some = others if len(known) > FEW else [
            f"{target}: {own}" if own and own != default else target for target, own in known]
        head = f"{name}={default}" if not lines else ""
        lines.append(f"{head:<16} {text}" + (f" ({', '.join(some)})" if some else ""))
    return lines


def help_text():
    lines = [f"make {target:<9} {command.text}" for target, command in commands().items()]
    lines += [f"make {target:<9} {text}" for target, text in PLAIN.items()] + [""]
    for name, takers in variables().items():
        lines += described(name, takers)
    return "\n".join(lines)


def target_help(target):
    """The explanation of one target, and its variables."""
    module, command = module_of(target)
    lines = [f"make {target}", "", module.__doc__.strip(), ""]
    for option in frame.all_options(command):
        lines.append(f"{option.name + '=' + option.default:<16} {option.text}")
    return "\n".join(lines)


def run_main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    target = arguments[0] if arguments else "help"
    if target in ("help", "--help", "-h"):
        print(help_text() if len(arguments) < 2 or arguments[1] not in TARGETS
              else target_help(arguments[1]))
        return 0
    if target not in TARGETS:
        raise Failure(f"there is no target {target}; make help lists them")
    if "--help" in arguments:
        print(target_help(target))
        return 0
    module, command = module_of(target)
    texts = declared.given(arguments[1:])
    # make passes each variable that it knows, to whichever target.
    values = declared.values(frame.all_options(command), texts, variables())
    given = {name: text for name, text in texts.items() if text and name != "RESULT"}
    return frame.Job(target, command, values, given).execute(module)


if __name__ == "__main__":
    main(run_main)
