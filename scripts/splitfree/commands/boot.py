# SPDX-License-Identifier: GPL-2.0
"""Boots the UML kernel that KUnit uses with one program that works its memory.

The initramfs holds tools/testing/guest/boot.c and nothing else. The run is good
when init's last line says so and the console has no splat. It says so if it could do its
work, and if the kernel had pages on per-CPU lists, or none if it has no SMP. The data of the result:
forks, faults and exits that init counted, and splats.
"""

import os
import re

from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import DEBUG, NCPUS, Option, debug_kinds, required
from splitfree.base.paths import TESTING, show
from splitfree.base.progress import colour
from splitfree.base.results import Result
from splitfree.judge import console as consoles
from splitfree.judge import verdict as verdicts
from splitfree.kernel import guest, initramfs, uml
from splitfree.runs import frame

INIT = os.path.join(TESTING, "guest/boot.c")
LAST_LINE = re.compile(r"init: (\d+) forks, (\d+) faults, (\d+) exits on (\d+) CPUs, ok$", re.M)
# The reason that init gives.
WHY = re.compile(r"^init: NOT ok: (.*)$", re.M)
# Booting and powering off, on a busy machine.
EXTRA_SECONDS = 90

COMMAND = frame.Command(
    "boot the kernel of make kunit with one process that allocates and frees",
    (NCPUS, DEBUG._replace(read=debug_kinds(uml.DEBUG_KINDS), text=uml.DEBUG_TEXT),
     Option("BOOT_SECONDS", "60", required(1, 86400), "how long it works")),
    directory=lambda options: "-".join(filter(None, ["boot", options.debug])), in_place=True)


def result_of(console, ended, options, args=(), env=None):
    """The Result of a run, which args and env would repeat."""
    text = guest.text(console)
    verdict = verdicts.judge_file(console)
    last = LAST_LINE.search(text.replace("\r", ""))
    complaints = [l.strip() for l in text.splitlines()
                  if l.startswith("init: ") and ("NOT ok" in l or "hangs" in l)]
    if ended.late or not last:
        frame.tail(console)
    if not ended.late and not last and not verdict.booted:
        raise guest.not_started(consoles.tail(console), args, env)
    for line in verdicts.report(verdict._replace(failures=[]), show(console)) + complaints:
        print(colour("31", line))
    reason = ""
    if ended.late:
        reason = f"the kernel hung and was killed (log: {show(console)}); " \
                 "try make kunit DEBUG=lockdep"
    elif why := WHY.search(text.replace("\r", "")):
        reason = f"{why.group(1)} (log: {show(console)})"
    elif not last:
        reason = f"init did not come to its end (log: {show(console)}); " \
                 "the lines above are the last it wrote"
    elif verdict.splats:
        reason = f"{verdicts.complaint(verdict.splats)} (log: {show(console)}); the lines above say where"
    elif int(last.group(4)) != options.ncpus:
        reason = f"the kernel had {last.group(4)} CPUs, not {options.ncpus} " \
                 f"(log: {show(console)}); look for seccomp in it"
    else:
        print(last.group(0))
    data = {"splats": [splat.text for splat in verdict.splats],
            **(dict(zip(("forks", "faults", "exits"), map(int, last.groups()))) if last else {})}
    if reason:
        return Result(0, 1, 0, data, Failure(reason, FAILED))
    return Result(1, 0, 0, data)


def run(job):
    options = job.options
    if "up" in options.debug.split("-"):
        options.ncpus = 1
    kernel = uml.kernel(job.out, options.debug or "plain", uml.fragments(options.debug),
                        job.tree.path, job.path("build.log"), options)
    kernel.build(job.tree)
    args = uml.command(kernel, job.out, options.ncpus,
                       ["kunit.autorun=0", f"BOOT_SECONDS={options.boot_seconds}"],
                       image=initramfs.small(INIT, job.results))
    console = job.path("console.log")
    env = uml.run_environment(kernel, job.out)
    ended = guest.run(args, console, options.boot_seconds + EXTRA_SECONDS, "booted", env=env,
                      verbose=options.verbose)
    return result_of(console, ended, options, args, env)
