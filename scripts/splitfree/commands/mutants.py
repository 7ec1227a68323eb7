# SPDX-License-Identifier: GPL-2.0
"""Breaks the code in one small way at a time, and counts what the tests notice.

Each mutant of a helper is compiled and run against the suites of make user, and against
its threads if the suites let it pass. LIVE=1 changes what these cannot run: the seam, the
inline functions, and the lines that patches/ add to files of the kernel. Each is linked
into the kernel of make kunit, whose suites run. One that makes the same code as the
original, or as another mutant, does not count. Those that survive and change
nothing that anybody could see are in tools/testing/excuses/mutants.list, those of LIVE=1 in
live.list beside it, each with its reason. Results: survivors.txt in $(O)/mutants, and
mutants.json with each mutant; with LIVE=1 in $(O)/mutants-live. The data of the result:
score, floor, total, sample, seed, shard, files, survivors.
"""

import collections
import concurrent.futures
import fnmatch
import glob
import hashlib
import json
import math
import os
import random
import re
import resource
import shlex
import shutil
import threading
import time

from splitfree.base import results as files
from splitfree.base.failures import FAILED, Failure
from splitfree.base.options import (DEBUG, NCPUS, SEED, TIMEOUT, Option, as_it_is, between,
                                    debug_kinds, is_one, required)
from splitfree.base.paths import ROOT, TESTING, show
from splitfree.base.processes import clean_env
from splitfree.base.processes import run as run_program
from splitfree.base.progress import Progress
from splitfree.base.results import Result
from splitfree.base.shards import SHARD
from splitfree.judge import excuses as excuse_lists
from splitfree.judge import ktap
from splitfree.kernel import uml
from splitfree.kernel.compiler import blame_machine
from splitfree.runs import live_mutants
from splitfree.runs import userland as user
from splitfree.runs.frame import Command
from splitfree.source import mutate
from splitfree.source.mutate import Outcome

PCP = os.path.join(ROOT, "mm/pcp")
LIST = os.path.join(TESTING, "excuses/mutants.list")
LIVE_LIST = os.path.join(TESTING, "excuses/live.list")
FLOOR = 90
# A sample with so few that were noticed does not come by chance.
UNLIKELY = 0.01
# Fault injection is the kernel's; tracepoints and the seam do nothing here.
LEFT_OUT = ("fail.c", "fail.h", "switch.c", "trace.c", "watch.c", "zone.c", "zone.h")
SUITES, THREADS = "pcp_[!t]*", "pcp_threads"
ROUNDS = 100000
# It is processor time that is limited; this is for threads that all sleep, and
# long, because a machine that does other things too is no hang.
LONGEST = 900


def key(name, mutant):
    return (name, mutant.function, mutant.old_line, mutant.new_line)


# Work directories ----------------------------------------------------------------

def sources():
    """Files of mm/pcp that are mutated."""
    names = [os.path.basename(p) for p in glob.glob(os.path.join(PCP, "*.[ch]"))]
    return sorted(set(names) - set(LEFT_OUT))


def used_by(function):
    """Sources that can see a change to a function of a header: by name, through other headers."""
    texts = {path: read(path) for pattern in ("*.[ch]", "tests/*.[ch]")
             for path in glob.glob(os.path.join(PCP, pattern))}
    for path in glob.glob(os.path.join(user.HARNESS, "*.c")):
        texts[path] = read(path)
    names, grown = set(), {function}
    while grown - names:
        names |= grown
        pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, names)) + r")\b")
        for path, text in texts.items():
            if path.endswith(".h"):
                toks = mutate.tokens(text)
                for other, begin, end in mutate.functions(toks):
                    if pattern.search(text[toks[begin].start:toks[end].end]):
                        grown.add(other)
                for macro in re.finditer(r"^#define (\w+)\(?(?:\\\n|[^\n])*", text, re.M):
                    if pattern.search(macro.group()):
                        grown.add(macro.group(1))
    return sorted(p for p, t in texts.items() if p.endswith(".c") and pattern.search(t))


def read(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read()


class Place:
    """A copy of mm/pcp as links, in which one worker changes one file at a time."""

    def __init__(self, where, flags):
        self.where = where
        self.pcp = os.path.join(where, "mm/pcp")
        os.makedirs(os.path.join(self.pcp, "tests"))
        for pattern in ("*.[ch]", "tests/*.[ch]"):
            for path in glob.glob(os.path.join(PCP, pattern)):
                os.symlink(path, os.path.join(self.pcp, os.path.relpath(path, PCP)))
        self.flags = [self.pcp if flag == PCP else flag for flag in flags
                      if flag not in ("-g1", "-Werror")]
        self.flags += ["-g0", "-w", f"-ffile-prefix-map={where}={ROOT}"]
        self.program = os.path.join(where, "pcp_user")
        self.log = os.path.join(where, "log")

    def set(self, name, text):
        """Put text, or None for the original, in place of a file."""
        path = os.path.join(self.pcp, name)
        os.unlink(path)
        if text is None:
            os.symlink(os.path.join(PCP, name), path)
        else:
            with open(path, "w", encoding="utf-8") as handle:
                handle.write(text)

    def compile(self, source):
        """Returns the object's path; None: it does not compile."""
        here = os.path.join(self.pcp, os.path.relpath(source, PCP)) \
            if source.startswith(PCP + "/") else source
        target = os.path.join(self.where, re.sub(r"\W", "_", os.path.relpath(source, ROOT)) + ".o")
        result = run_program(["gcc", *self.flags, "-c", "-o", target, here])
        blame_machine(result.returncode, result.stderr.decode("utf-8", "replace").splitlines(),
                      show(source))
        return None if result.returncode else target

    def link(self, objects, replaced):
        """replaced: {object of the plain build: ours}."""
        result = run_program(["gcc", *self.flags, "-o", self.program,
                      *(replaced.get(o, o) for o in objects)])
        return not result.returncode

    def run(self, milliseconds, *suites):
        """None if it passed, else what noticed."""
        env = clean_env(PCP_ROUNDS=str(ROUNDS), PCP_CPU_MS=str(milliseconds), PCP_FAIL_FAST="1")
        # One that never ends, or never stops to complain.
        status = user.start([self.program, *suites], self.log, LONGEST, env,
                            ((resource.RLIMIT_FSIZE, 1 << 23), (resource.RLIMIT_AS, 1 << 31)))
        return None if status == 0 else who_noticed(self.log, status)


def who_noticed(path, status):
    """The first case that failed, or where a program was that crashed or hung."""
    with open(path, encoding="utf-8", errors="replace") as handle:
        found = ktap.read(handle.read(1 << 22).splitlines())
    cases = [name for name in found.failures if ": " not in name]
    last_words = [line.strip(" #") for test in found.tests for leaf in test.leaves()
                  if not leaf.good() for line in leaf.log if ktap.DIAGNOSTIC.match(line)]
    if cases or last_words:
        return (cases + last_words)[0]
    hung = status is None or status < 0
    return f"{found.ended_in or 'the start'}: {'hung' if hung else f'status {status}'}"


class Plain(user.Build):
    """The unchanged program, whose objects all mutants share but for one file."""

    def objects(self):
        return run_program(self.make("objects")).stdout.decode().split()

    def object_of(self, source):
        """Where the Makefile puts the object of a source."""
        for root, name in ((PCP, "pcp"), (user.HARNESS, "user")):
            if source.startswith(root + "/"):
                return os.path.join(self.dir, name, os.path.relpath(source, root)[:-2] + ".o")
        raise AssertionError(source)


# Testing one -----------------------------------------------------------------------

class Hunt:
    """All mutants, and what is known of them."""

    def __init__(self, build):
        self.build = build
        self.lock = threading.Lock()
        self.originals, self.seen = {}, {}
        self.objects = build.objects()

    def digest(self, path):
        with open(path, "rb") as handle:
            return hashlib.sha256(handle.read()).hexdigest()

    def original(self, place, source):
        """Digest of the unchanged object; call it while nothing in the place is changed."""
        with self.lock:
            if source not in self.originals:
                path = place.compile(source)
                if not path:
                    raise Failure(f"{show(source)} does not compile unchanged; run make user")
                self.originals[source] = self.digest(path)
            return self.originals[source]

    def test(self, place, name, text, mutant):
        source = os.path.join(PCP, name)
        users = [source] if name.endswith(".c") else used_by(mutant.function)
        users = [path for path in users if self.build.object_of(path) in self.objects]
        before = {path: self.original(place, path) for path in users}
        place.set(name, mutate.apply(text, mutant))
        try:
            objects = {path: place.compile(path) for path in users}
        finally:
            place.set(name, None)
        if not all(objects.values()):
            return Outcome("broken", "")
        digests = {path: self.digest(made) for path, made in objects.items()}
        if digests == before:
            return Outcome("same", "as the original")
        with self.lock:
            twin = self.seen.setdefault((name, tuple(sorted(digests.items()))), mutant)
        if twin is not mutant:
            return Outcome("same", f"as the one in line {twin.line}: {twin.new_line}")
        if not place.link(self.objects, {self.build.object_of(p): made for p, made in objects.items()}):
            return Outcome("broken", "")
        # The suite of the same name is the one to notice.
        first = f"pcp_{name.split('.')[0]}"
        by = place.run(300, first, SUITES) or place.run(5000, THREADS)
        return Outcome("killed", by) if by else Outcome("survived", "")


def hunt(build, jobs, chosen, where):
    """[(name, mutant, outcome)], in the order of chosen."""
    flags = shlex.split(run_program(build.make("flags")).stdout.decode())
    shutil.rmtree(where, ignore_errors=True)
    free = [Place(os.path.join(where, str(i)), flags) for i in range(jobs)]
    texts = {name: read(os.path.join(PCP, name)) for name, _ in chosen}
    state, progress = Hunt(build), Progress("mutants", len(chosen))
    if not free[0].link(state.objects, {}):
        raise Failure("the unchanged program cannot be linked; run make user")
    done = 0

    def one(item):
        nonlocal done
        name, mutant = item
        place = free.pop()
        try:
            outcome = state.test(place, name, texts[name], mutant)
            log.write(f"{name}:{mutant.line}: {outcome.verdict} {outcome.by}: {mutant.new_line}\n")
            return name, mutant, outcome
        finally:
            free.append(place)
            done += 1
            progress.update(done)

    with open(os.path.join(os.path.dirname(where), "log"), "w", encoding="utf-8", buffering=1) \
            as log, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(one, item) for item in chosen]
        try:
            results = [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    progress.close()
    shutil.rmtree(where, ignore_errors=True)
    return results


# The report -------------------------------------------------------------------------

def tally(results, entries):
    """(rows by file, survivors, [(entry, what is wrong with it)])."""
    known = {entry[:4]: entry for entry in entries}
    rows = collections.defaultdict(collections.Counter)
    survivors, outcomes = [], collections.defaultdict(set)
    for name, mutant, outcome in results:
        listed = known.get(key(name, mutant))
        outcomes[key(name, mutant)].add(outcome.verdict)
        verdict = outcome.verdict
        if verdict == "survived" and listed:
            verdict = "equivalent"
        elif verdict == "survived":
            survivors.append((name, mutant))
        rows[name][verdict] += 1
    stale = []
    for entry in entries:
        seen = outcomes.get(entry[:4])
        if entry.file in rows and seen is not None and "survived" not in seen:
            stale.append((entry, "a test notices it" if "killed" in seen else
                          "it makes the same code"))
    return rows, survivors, stale


def unknown(entries, everything):
    """Entries for changes that are not made any more."""
    made = {key(name, mutant) for name, mutant in everything}
    return [(entry, "no such change is made") for entry in entries if entry[:4] not in made]


def score(row):
    counted = row["killed"] + row["survived"]
    return 100.0 * row["killed"] / counted if counted else 100.0


def table(rows):
    width = max([14, *map(len, rows)])
    lines = [f"{'file':<{width}} {'killed':>7} {'survived':>9} {'equivalent':>11} "
             f"{'same code':>10} {'broken':>7} {'absent':>7} {'score':>7}"]
    for name in [*sorted(rows), ""]:
        row = rows[name] if name else sum(rows.values(), collections.Counter())
        lines.append(f"{name or 'all':<{width}} {row['killed']:>7} {row['survived']:>9} "
                     f"{row['equivalent']:>11} {row['same']:>10} {row['broken']:>7} "
                     f"{row['absent']:>7} {score(row):>6.1f}%")
    return lines


def path_of(name):
    """Where a file lies: a helper is called by its name alone."""
    return name if "/" in name else "mm/pcp/" + name


def survivor_lines(survivors):
    lines = []
    for name, mutant in survivors:
        lines += [f"{path_of(name)}:{mutant.line}: {mutant.kind} in {mutant.function}()",
                  f"  -{mutant.old_line}", f"  +{mutant.new_line}"]
    return lines


def write_mutants(job, results):
    files.write_json(job.path("mutants.json"), [
        {"file": path_of(n), "line": m.line, "kind": m.kind, "old": m.old_line,
         "new": m.new_line, "verdict": o.verdict, "by": o.by} for n, m, o in results])


def write_results(job, rows, survivors, results):
    """The files beside result.json; returns its data."""
    total = sum(rows.values(), collections.Counter())
    write_mutants(job, results)
    with open(job.path("survivors.txt"), "w", encoding="utf-8") as handle:
        handle.writelines(line + "\n" for line in survivor_lines(survivors))
    return {
        "score": round(score(total), 2), "floor": FLOOR, "total": dict(total),
        "sample": job.options.sample, "seed": job.options.seed,
        "shard": str(job.options.shard),
        "files": {name: {**row, "score": round(score(row), 2)} for name, row in sorted(rows.items())},
        "survivors": [{"file": path_of(n), "line": m.line, "function": m.function,
                       "kind": m.kind, "old": m.old_line, "new": m.new_line}
                      for n, m in survivors],
    }


def remembered(where, chosen):
    """Outcomes of the last run: {(name, mutant): outcome}, but for survivors.

    A new case notices more than before, never less. So after one was added, mutants
    that were noticed need not be run again. A change to the helpers themselves shows in the
    lines, and is run.
    """
    try:
        with open(os.path.join(where, "mutants.json"), encoding="utf-8") as handle:
            last = json.load(handle)
        old = {(m["file"], m["line"], m["kind"], m["old"], m["new"]):
               Outcome(m["verdict"], m["by"]) for m in last}
    except (OSError, ValueError, KeyError, TypeError):
        raise Failure(f"{show(where)} has no mutants.json of a whole run; leave out AGAIN=1") \
            from None
    found = {}
    for name, m in chosen:
        outcome = old.get((path_of(name), m.line, m.kind, m.old_line, m.new_line))
        if outcome and outcome.verdict != "survived":
            found[name, m] = outcome
    return found


COMMAND = Command(
    "break the code in small ways, and see how many the suites notice",
    (Option("LIVE", "", is_one, "1: change what userland cannot run, and run it in the kernel"),
     Option("FILES", "", as_it_is, "glob: change only these files"),
     Option("SAMPLE", "", between(1, 10 ** 6), "only so many"),
     SEED._replace(default="1", read=required(0, 2 ** 32), text="which of them SAMPLE= takes"),
     SHARD, Option("AGAIN", "", is_one, "1: change only what no test noticed the last time"),
     NCPUS, DEBUG._replace(read=debug_kinds(uml.DEBUG_KINDS), text=uml.DEBUG_TEXT), TIMEOUT),
    directory=lambda options: "-".join(filter(None, [
        live_mutants.PLACE if options.live else "mutants", options.debug])),
    tree=False)


def choose(everything, options):
    wanted = options.files or "*"
    chosen = [item for item in everything if fnmatch.fnmatch(item[0], wanted)
              or fnmatch.fnmatch(os.path.basename(item[0]), wanted)]
    if not chosen:
        raise Failure(f"FILES={options.files} is no file that can be changed; there are "
                      f"{', '.join(sorted({name for name, _ in everything}))}")
    if options.sample and options.sample < len(chosen):
        picked = random.Random(options.seed).sample(range(len(chosen)), options.sample)
        chosen = [chosen[i] for i in sorted(picked)]
    return part_of(chosen, options.shard)


def part_of(chosen, shard):
    """The part of a shard: whole files, as two changes of one file may make the same code."""
    sizes = collections.Counter(name for name, _ in chosen)
    mine = set(shard.weighed(list(sizes), sizes.get))
    return [item for item in chosen if item[0] in mine]


def list_of(job):
    return LIVE_LIST if job.options.live else LIST


def check(job):
    if job.options.debug and not job.options.live:
        raise Failure(f"DEBUG={job.options.debug} is a kernel; mutants without LIVE=1 have none")
    job.entries = excuse_lists.changes(list_of(job), show)
    if not job.options.live:
        select(job, [(name, mutant) for name in sources()
                     for mutant in mutate.mutants(read(os.path.join(PCP, name)))])


def select(job, everything):
    job.everything = everything
    job.chosen = choose(everything, job.options)
    job.known = remembered(job.results, job.chosen) if job.options.again else {}


def prepare(job):
    if job.options.live:
        job.make_tree()
        live_mutants.prepare(job)
        select(job, live_mutants.everything(job.tree))
    else:
        job.linux = user.prepare(job.out, job.options.linux)


def execute(job, chosen, known):
    """Run the chosen ones that are not known yet; returns [(name, mutant, outcome)]."""
    todo = [c for c in chosen if c not in known]
    if job.options.live:
        before = [(*item, outcome) for item, outcome in known.items()]
        # A night is long: AGAIN=1 goes on with a run that was cut.
        return live_mutants.hunt(job, todo, lambda results: write_mutants(job, before + results))
    build = Plain(job.out, "plain", job.options.jobs, job.options.verbose)
    build.build()
    if build.run("", ROUNDS, user.LIMIT) != 0:
        raise Failure(f"the suites fail before anything is changed (log: "
                      f"{show(build.console)}); mend that with make user first", FAILED)
    return hunt(build, job.options.jobs, todo, job.path("work"))


def run(job):
    chosen, known = job.chosen, job.known
    start = time.monotonic()
    fresh = execute(job, chosen, known)
    known.update({(name, mutant): outcome for name, mutant, outcome in fresh})
    results = [(*item, known[item]) for item in chosen]
    rows, survivors, stale = tally(results, job.entries)
    if job.options.shard.index == 1:
        stale += unknown(job.entries, job.everything)
    data = write_results(job, rows, survivors, results)
    for line in survivor_lines(survivors) + [""] + table(rows):
        print(line)
    print(f"{len(fresh)} of {len(results)} mutants run in {time.monotonic() - start:.0f} s")
    for entry, why in stale:
        print(f"{show(list_of(job))}:{entry.line}: stale: {why}: {entry.new}")
    return outcome_of(job, rows, stale, data)


def chance(killed, counted):
    """How likely a sample has no more than these, if the tests notice as many as the floor says."""
    share = FLOOR / 100
    return sum(math.comb(counted, n) * share ** n * (1 - share) ** (counted - n)
               for n in range(killed + 1))


def below_floor(job, total):
    """Too few of all files together; scripts/ci sum looks at shards, and a sample needs luck."""
    if job.options.shard or score(total) >= FLOOR:
        return False
    return (not job.options.sample
            or chance(total["killed"], total["killed"] + total["survived"]) < UNLIKELY)


def outcome_of(job, rows, stale, data):
    """The Result: survivors above the floor are named, and fail nothing."""
    total = sum(rows.values(), collections.Counter())
    bad = not total["killed"] or below_floor(job, total)
    failure = None
    if stale:
        failure = Failure(f"{show(list_of(job))} has {len(stale)} stale entries; remove them",
                          FAILED)
    elif bad:
        failure = Failure(
            f"the tests notice {score(total):.1f} % of the mutants, {FLOOR} are wanted "
            f"(list: {show(job.path('survivors.txt'))}); add a case for each, "
            f"or name it in {show(list_of(job))} with the reason why nobody can tell", FAILED)
    return Result(total["killed"], len(stale) + (total["survived"] if bad else 0),
                  total["equivalent"] + (0 if bad else total["survived"]), data, failure)
