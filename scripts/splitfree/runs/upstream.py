# SPDX-License-Identifier: GPL-2.0
"""The suites as a kernel developer runs them: kunit.py run --kunitconfig mm/pcp.

Once with no other option, where what needs several CPUs skips, and once with those that
the file names in its first lines. A build of its own takes as long as kunit.py's default
options need. The quick way takes that of make kunit, whose configuration has all that
this one asks for, and only configures with the file alone.
"""

import contextlib
import os
import shutil
import sys

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import show
from splitfree.base.progress import verdict_word
from splitfree.judge import files
from splitfree.kernel import guest, uml
from splitfree.runs import frame, kunit

PLACE = "mm/pcp"
# kunit.py builds, too.
LIMIT_BUILD = 7200


class Alone(uml.Uml):
    """A build directory that kunit.py configures from nothing but the file in the series."""

    LABEL = "UML as mm/pcp/.kunitconfig wants it"

    def merge(self):
        return PLACE


def options(path):
    """The options for kunit.py under UML that the first lines of the file name."""
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    words = text.split(f"run --kunitconfig {PLACE}", 1)[-1].split("\n#\n", 1)[0]
    words = words.replace("\\\n#", " ").split()
    if words.count("--kernel_args") < 2:
        raise Failure(f"{show(path)} does not name the options for several CPUs in its first "
                      "lines", FAILED)
    return words


def command(job, kernel, what, parts, more):
    """kunit.py with all that keeps what it writes below $(O)."""
    args = [sys.executable, os.path.join(job.tree.path, "tools/testing/kunit/kunit.py"), what,
            f"--build_dir={kernel.dir}", "--kernel_args", f"uml_dir={uml.directory(job.out)}/"]
    if what == "run":
        args += [word for part in parts for word in ("--kunitconfig", part)]
        args += [f"--jobs={job.options.jobs}"]
        args += [f"--make_options={option}" for option in kernel.make_options()]
    return args + more


def once(job, kernel, args, name, timeout):
    """One call of kunit.py; its console is console.log; returns the Result."""
    raw, log = os.path.join(kernel.dir, "test.log"), job.path(f"{name}.log")
    with contextlib.suppress(FileNotFoundError):
        os.remove(raw)
    env = dict(kernel.build_environment(), **{
        key: value for key, value in uml.run_environment(kernel, job.out).items()
        if key == "TMPDIR"})
    limit = timeout + (LIMIT_BUILD if "run" in args else 0)
    place = os.getcwd()
    os.chdir(job.tree.path)
    try:
        ended = guest.run(args + [f"--timeout={timeout}"], log, limit, "kunit.py", env=env,
                          verbose=job.options.verbose)
    finally:
        os.chdir(place)
    with open(log, encoding="utf-8", errors="replace") as handle:
        said = handle.read()
    if not os.path.exists(raw):
        frame.tail(log)
        raise Failure(f"kunit.py ran no kernel (log: {show(log)}); its last lines are above",
                      FAILED)
    shutil.copyfile(raw, job.path("console.log"))
    result = kunit.result_of(job, ended, timeout, "um", parsed=ended.status, args=args, env=env)
    if "Regenerating .config" in said and not result.failure:
        result.failed += 1
        result.failure = Failure(f"{PLACE}/.kunitconfig wants what .kunitconfig does not have "
                                 f"(log: {show(log)}); the second has to have all of the first",
                                 FAILED)
        files.agree(job.results, "um", FAILED, str(result.failure), log)
    good = not result.failure
    job.say(f"{verdict_word(good)}  kunit.py {name}: " + result.line())
    return result


def test(job, alone, timeout):
    """Both calls; returns the Result of the second, or of the first that failed."""
    file = os.path.join(job.tree.path, PLACE, ".kunitconfig")
    if not os.path.exists(file):
        raise Failure(f"{show(file)} is not there; use a tree with the whole series")
    kernel = Alone(os.path.join(job.out, "kunit-build", "upstream"), [file], job.tree.path,
                   job.path("build.log"), job.options.jobs, job.options.verbose)
    parts = [PLACE]
    if not alone:
        kernel.configure(job.tree)
        kernel = uml.kernel(job.out, "plain", uml.fragments(), job.tree.path,
                            job.path("build.log"), job.options)
        kernel.build(job.tree)
        parts.append(os.path.join(kernel.dir, "kunitconfig"))
    chosen = [job.options.suite] if job.options.suite else []
    result = once(job, kernel, command(job, kernel, "run", parts, chosen), "with-no-option",
                  timeout)
    if result.failure:
        return result
    return once(job, kernel, command(job, kernel, "exec", parts, options(file) + chosen),
                "with-options", timeout)
