# SPDX-License-Identifier: GPL-2.0
"""Has LAVA's own dispatcher boot the guest of make stress, by the job that a lab gets.

It shows that ci/lava/stress.yaml can be run: lava-run reads it, starts QEMU, and finds the
cases on the console. Results: job.yaml, log, and output/ of lava-run in $(O)/lava. The data
of the result: cases, a list of suite, name, result and measurement.
"""

import os
import shutil

from splitfree.base.failures import COULD_NOT_RUN, FAILED, Failure
from splitfree.base.options import SEED
from splitfree.base.paths import show
from splitfree.base.processes import kill_descendants
from splitfree.base.results import Result
from splitfree.engines import lava
from splitfree.kernel import guest, x86
from splitfree.runs import frame
from splitfree.runs import stress as load

# Suites that the guest has to report on.
SUITES = ("counted", "stress")
# Where lava-run works, in a directory with the number of the job.
SCRATCH, JOB_ID = "/var/lib/lava/dispatcher/tmp", str(os.getpid())
# The dispatcher starts more slowly than QEMU does.
EXTRA_SECONDS = 120

COMMAND = frame.Command(
    "the guest of make stress, run by LAVA's dispatcher as a lab would",
    (frame.declared.Option("MINUTES", "1", load.minutes, "how long it works"),
     SEED._replace(read=load.seed, text="repeats the schedule of a run")),
    packages=("qemu",))


def check(job):
    """Where lava-run cannot be had, all is skipped."""
    job.partial.skipped = 1
    if os.geteuid():
        raise Failure("only root can run lava-run; run make lava as root")
    job.install("lava")
    job.partial.skipped = 0


def files_of(job, kernel):
    """Write what lava-run reads; returns its command."""
    image = load.make_initramfs(job.results)
    seconds = int(job.options.minutes * 60)
    with open(job.path("job.yaml"), "w", encoding="utf-8") as handle:
        handle.write(lava.job(f"file://{os.path.abspath(kernel.binary)}",
                              f"file://{os.path.abspath(image)}", seconds, job.options.seed))
    # It would ask the routes of this machine for an address that no part of the job uses.
    with open(job.path("dispatcher.yaml"), "w", encoding="utf-8") as handle:
        handle.write("dispatcher_ip: 127.0.0.1\n")
    return ["lava-run", "--job-id", JOB_ID, "--output-dir", job.path("output"),
            "--device", lava.DEVICE, "--dispatcher", job.path("dispatcher.yaml"),
            job.path("job.yaml")]


def result_of(job, text, status, late):
    """The Result of what lava-run wrote."""
    cases = lava.cases(text)
    data = {"cases": [dict(zip(("suite", "name", "result", "measurement"), case))
                      for case in cases]}
    bad = [name for _, name, result, _ in cases if result != "pass"]
    lacking = [suite for suite in SUITES if suite not in {case[0] for case in cases}]
    result = Result(len(cases) - len(bad), len(bad), 0, data)
    log = show(job.path("log"))
    if late:
        result.failure = Failure(f"lava-run hung and was killed (log: {log})", FAILED)
    elif bad:
        result.failure = Failure(f"the guest says that {', '.join(bad)} failed (log: {log}); "
                                 f"make stress SEED={job.options.seed} says more", FAILED)
    elif lacking:
        result.failure = Failure(f"lava-run found no case of {', '.join(lacking)} (log: {log})",
                                 FAILED if cases else COULD_NOT_RUN)
    elif status:
        result.failure = Failure(f"lava-run ended with status {status} (log: {log})", FAILED)
    if result.failure and not bad:
        frame.tail(job.path("log"))
        result.failed += 1
    return result


def run(job):
    kernel = x86.kernel(job.out, "x86", x86.fragments(), job.tree.path, job.path("build.log"),
                        job.options)
    kernel.build(job.tree)
    shutil.rmtree(job.path("output"), ignore_errors=True)
    limit = load.limit(int(job.options.minutes * 60)) + EXTRA_SECONDS
    try:
        ended = guest.run(files_of(job, kernel), job.path("log"), limit, "lava-run",
                          verbose=job.options.verbose)
    finally:
        # It removes this itself, unless it is stopped.
        kill_descendants()
        shutil.rmtree(os.path.join(SCRATCH, JOB_ID), ignore_errors=True)
    result = result_of(job, guest.text(job.path("log")), ended.status, ended.late)
    for line in result.data["cases"]:
        job.say(f"  {line['result']:<6} {line['suite']}.{line['name']}"
                + (f" {line['measurement']}" if line["measurement"] is not None else ""))
    return result
