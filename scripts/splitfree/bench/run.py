# SPDX-License-Identifier: GPL-2.0
"""The rounds of make bench: boots, consoles, the table, and the run before.

Three kernels of one source and one configuration (build.py) are booted in turn, stock
twice, round by round; each boot runs all cases. Ratios are to both stock kernels; the
second against the first shows the noise.
"""

import contextlib
import fnmatch
import json
import os
import re
import shutil
import time

from splitfree.base import options as declared
from splitfree.base import results as files
from splitfree.base.failures import Failure
from splitfree.base.paths import TESTING, show
from splitfree.bench import build, plot, stats
from splitfree.judge import verdict as verdicts
from splitfree.kernel import guest, initramfs, uml
from splitfree.runs import frame

GOALS = os.path.join(build.HERE, "goals.list")
INIT = os.path.join(TESTING, "guest/bench.c")
# CPUs of the boots that have the same number whatever NCPUS= is.
FIXED = {"many": 17, "most": uml.MAX_CPUS}
LOCK_ROUNDS = 3
LIMIT, LIMIT_LOCKS = 600, 900
# In the order of a round. D is stock again.
LETTERS = "ABCD"


# A CPU that gets nowhere for 20 s is a result where CPUs share cores: it waits for a
# lock whose holder the host has stopped, and others spin on that holder's core.
STALL = re.compile(r"rcu: INFO: rcu_\w+ (self-)?detected (expedited )?stall")


# ROUND-BOOT-CPUS-KERNEL.
CONSOLE = re.compile(r"(\d+)(-again)?-(few|many|most|locks)-(\d+)-([A-D])\.log$")


class BadBoot(Failure):
    """A kernel that did not come to its end, or measured nothing. It may the next time."""


# The choice -------------------------------------------------------------------

def goals(wanted):
    """The rows of goals.list that are wanted."""
    with open(GOALS, encoding="utf-8") as handle:
        return choose(stats.rows_of(handle.read()), wanted)


def choose(rows, wanted):
    """The rows whose case matches one of the globs."""
    globs = wanted.replace(",", " ").split() or ["*"]
    chosen = [row for row in rows if any(fnmatch.fnmatchcase(row.case, g) for g in globs)]
    if not chosen:
        raise Failure(f"no case matches CASES={wanted}; there are "
                      + ", ".join(sorted({row.case for row in rows})))
    return chosen


def cases_of(rows, boot):
    """Names of the cases for a boot, those included that a goal compares with."""
    names = []
    for row in rows:
        if row.boot != boot:
            continue
        other = re.match(r"(\w+)\.\w+[<>]=", row.goal)
        for name in ([other.group(1)] if other else []) + [row.case]:
            name = name.removeprefix("locks_") if boot == "locks" else name
            if name not in names:
                names.append(name)
    return names


def cpu_counts(text, cores):
    """NCPUS=, which may be a list; twice the cores if it is empty."""
    words = text.replace(",", " ").split() or [str(min(2 * cores, uml.MAX_CPUS))]
    return [declared.number("NCPUS", word, 1, uml.MAX_CPUS) for word in words]


# Booting -----------------------------------------------------------------------

def place(cpu, boot, hosts):
    """The host's core for a CPU of the guest."""
    if boot in FIXED and len(hosts) > 1:
        return hosts[0] if cpu == 0 else hosts[1 + (cpu - 1) % (len(hosts) - 1)]
    return hosts[cpu % len(hosts)]


def pin(pid, ncpus, boot, hosts):
    """Bind the thread of each CPU to a core; returns whether all were there.

    UML starts them one after the other, and no other thread before the last.
    """
    try:
        threads = sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return False
    if len(threads) < ncpus:
        return False
    for cpu, thread in enumerate(threads[:ncpus]):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(thread, {place(cpu, boot, hosts)})
    return True


def memory(boot, ncpus):
    """Megabytes: the burst of each CPU needs 32."""
    return 2048 if boot in FIXED else max(1024, 64 * ncpus + 512)


def arguments_of(boot_, cores, cases, options):
    """The kernel arguments that say what to measure."""
    return [f"pcp_owners={options.owners}", f"pcp_bench.cores={cores}",
            f"pcp_bench.samples={options.samples}",
            f"pcp_bench.sample_ms={options.ms}", f"BENCH_CORES={cores}",
            f"BENCH_SAMPLES={options.samples}", f"BENCH_MS={options.ms}",
            "BENCH_CASES=" + ",".join(cases)] + (["BENCH_LOCKS=1"] if boot_ == "locks" else [])


def boot(args, console, which, ncpus, hosts, env):
    """Run one kernel to its end, each CPU on its core; returns what its console says."""
    pinned = []

    def started(pid):
        if pin(pid, ncpus, which, hosts):
            pinned.append(pid)
        return bool(pinned)

    ended = guest.run(args, console, LIMIT_LOCKS if which == "locks" else LIMIT,
                      os.path.basename(console), env=env, started=started)
    text = guest.text(console)
    check(text, console, ended.late, bool(pinned))
    return text


def complaints(text):
    """The splats of a console, without the stalls: what follows a splat counts as part of it."""
    return verdicts.judge_text("\n".join(line for line in text.splitlines()
                                         if not STALL.search(line))).splats


def check(text, console, hung, pinned):
    """A kernel that hung, stopped or complained has measured nothing."""
    ended = stats.parse_console(text)[2]
    if hung or not ended:
        frame.tail(console, 20)
        raise BadBoot(f"the kernel {'hung and was killed' if hung else 'stopped early'} "
                      f"(log: {show(console)}); try the same case alone with CASES=")
    if splats := complaints(text):
        raise Failure(f"{verdicts.complaint(splats)} (log: {show(console)}); "
                      "run make check first")
    if not pinned:
        raise BadBoot(f"the kernel's CPUs could not be bound to cores (log: {show(console)}); "
                      "look for seccomp in it")


# The run -----------------------------------------------------------------------

def consoles(results, rounds):
    """[(boot, CPUs, letter, path)] of a run's rounds; a boot made again counts in its place."""
    directory, found = os.path.join(results, "consoles"), {}
    try:
        names = os.listdir(directory)
    except OSError as error:
        raise Failure(f"cannot read {show(directory)}: {error.strerror}") from None
    for name in names:
        match = CONSOLE.match(name)
        if not match:
            continue
        label, again, which, ncpus, letter = match.groups()
        if int(label) <= (LOCK_ROUNDS if which == "locks" else rounds):
            key = which, int(ncpus), letter, int(label)
            found[key] = max(found.get(key, (False, "")),
                             (bool(again), os.path.join(directory, name)))
    return [(*key[:3], path) for key, (_, path) in sorted(found.items())]


def earlier(results):
    """Numbers of the runs that are kept, the newest first."""
    with contextlib.suppress(OSError):
        return sorted((int(name) for name in os.listdir(os.path.join(results, "before"))
                       if name.isdigit()), reverse=True)
    return []


class Bench:
    """One run of make bench."""

    def __init__(self, job, results):
        self.job, self.options, self.results = job, job.options, results
        self.hosts = sorted(os.sched_getaffinity(0))
        self.cores = len(self.hosts)
        self.counts = cpu_counts(self.options.ncpus, self.cores)
        self.rows = goals(self.options.cases)
        self.kernels, self.counting, self.lacking = {}, {}, {}
        # {CPUs: {letter: {case.metric: [[(value, state of the cores)] a round]}}}
        self.raw = self.no_data()
        self.loads, self.json, self.repeated, self.stalls, self.done = [], [], [], [], 0

    def build(self):
        tree = self.job.tree
        more, suffix = build.with_kunit(self.options.kunit)
        for variant in build.VARIANTS:
            letter = variant[0]
            self.kernels[letter] = build.build(self.job, variant, more=more, suffix=suffix)
            if cases_of(self.rows, "locks"):
                self.counting[letter] = build.build(self.job, variant, counting=True,
                                                    more=more, suffix=suffix)
        self.kernels["D"] = self.kernels["A"]
        self.describe = tree.lines("rev-parse", "--short", "splitfree")[0]
        self.version = tree.state["version"]

    def one(self, letter, which, ncpus, label, into):
        """One boot; its values are added to those of its kernel. A bad one is made again, once."""
        try:
            self.attempt(letter, which, ncpus, label, into)
        except BadBoot as failure:
            print(f"once more, {plot.NAMES[letter]}: {failure}", flush=True)
            self.repeated.append(f"{plot.NAMES[letter]}, round {label}: {failure}")
            self.attempt(letter, which, ncpus, f"{label}-again", into)

    def attempt(self, letter, which, ncpus, label, into):
        cases = cases_of(self.rows, which)
        if not cases:
            return
        kernel = (self.counting if which == "locks" else self.kernels)[letter]
        cores = min(self.cores, ncpus)
        console = os.path.join(self.results, "consoles", f"{label}-{which}-{ncpus}-{letter}.log")
        args = build.command(kernel, self.job.out, self.image, ncpus,
                             arguments_of(which, cores, cases, self.options),
                             f"{memory(which, ncpus)}M")
        if self.options.verbose:
            print("$ " + " ".join(args), flush=True)
        text = boot(args, console, which, ncpus, self.hosts,
                    uml.run_environment(kernel, self.job.out))
        if STALL.search(text):
            self.stalls.append(f"{plot.NAMES[letter]}, round {label}, {ncpus} CPUs")
        self.take(text, console, ncpus, into[letter])

    def take(self, text, console, ncpus, into):
        """Add the values of a console to those of its kernel."""
        values, lacking, _ = stats.parse_console(text)
        for case, why in lacking.items():
            if why.startswith("failed"):
                raise BadBoot(f"case {case}: {why} (log: {show(console)})")
            self.lacking.setdefault((case, ncpus), why)
        for key, found in stats.with_state(values).items():
            into.setdefault(key, []).append(found)

    def no_data(self):
        return {n: {letter: {} for letter in LETTERS} for n in self.counts}

    def round(self, label):
        """One boot of each kernel, or two; it counts when all of them are done."""
        data = self.no_data()
        load = os.getloadavg()[0]
        # Each has its turn at each place: what comes after whom made a difference.
        turn = (self.done or 0) % len(LETTERS)
        for letter in LETTERS[turn:] + LETTERS[:turn]:
            start = time.monotonic()
            for ncpus in self.counts:
                self.one(letter, "few", ncpus, label, data[ncpus])
            for which, ncpus in FIXED.items():
                self.one(letter, which, ncpus, label, data[self.counts[0]])
            print(f"round {label} {plot.NAMES[letter]:<12} "
                  f"{time.monotonic() - start:5.0f} s   load {os.getloadavg()[0]:.1f}", flush=True)
        for ncpus, letters in data.items():
            for letter, values in letters.items():
                for key, found in values.items():
                    self.raw[ncpus][letter].setdefault(key, []).extend(found)
        self.loads.append(load)
        self.done = label

    def make_room(self):
        """Put the run before aside; one that came to no results is removed."""
        kept = os.path.exists(os.path.join(self.results, "results.json"))
        into = os.path.join(self.results, "before", str((earlier(self.results) or [0])[0] + 1))
        if kept:
            os.makedirs(into)
        # The results last, or a second try would take the rest for a run without any.
        for name in ("consoles", "table.txt", "table.rst", "results.json"):
            path = os.path.join(self.results, name)
            if kept and os.path.exists(path):
                os.replace(path, os.path.join(into, name))
            elif os.path.isdir(path):
                shutil.rmtree(path)

    def run(self):
        self.make_room()
        os.makedirs(os.path.join(self.results, "consoles"), exist_ok=True)
        self.image = initramfs.small(INIT, self.results)
        for label in range(1, self.options.rounds + 1):
            self.round(label)
        for label in range(1, LOCK_ROUNDS + 1):
            for letter in self.counting:
                self.one(letter, "locks", max(2, self.counts[0]), label,
                         self.raw[self.counts[0]])

    def remake(self):
        """Take what the consoles of an earlier run say, instead of running."""
        path = os.path.join(self.results, "results.json")
        try:
            with open(path, encoding="utf-8") as handle:
                found = json.load(handle)
            self.version, self.describe = found["kernel"], found["series"]
            self.cores, self.counts = found["cores"], found["ncpus"]
            self.done, self.loads = found["rounds"], found["load"]
            self.options.samples, self.options.ms = found["samples"], found["sample_ms"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Failure(f"{show(path)} cannot be read: {error!r}") from None
        # The rest is not in the results of an older bench.
        self.repeated, self.stalls = found.get("repeated", []), found.get("stalls", [])
        self.options.rounds = found.get("rounds_wanted", self.done)
        self.options.cases = found.get("cases", "")
        self.rows = goals(self.options.cases)
        self.raw = self.no_data()
        for which, ncpus, letter, path in consoles(self.results, self.done):
            with open(path, encoding="utf-8", errors="replace") as handle:
                text = handle.read()
            into = ncpus if which == "few" else self.counts[0]
            if into not in self.raw:
                continue
            # Counting boots are no part of a round, and the last may have gone wrong.
            if which == "locks" and (complaints(text) or not stats.parse_console(text)[2]):
                continue
            self.take(text, path, ncpus, self.raw[into][letter])
        if not any(self.raw[self.counts[0]].values()):
            raise Failure(f"{show(self.results)} has no consoles of its {self.done} rounds")

    def rows_for(self, ncpus):
        """The rows of a table; those of boots that do not depend on NCPUS come once."""
        return [row for row in self.rows if row.boot == "few" or ncpus == self.counts[0]]

    def reduce(self):
        """From samples to a value a round, those from cores in a bad state apart."""
        self.limits, self.data, self.bad, self.mixed = {}, {}, {}, {}
        for ncpus, raw in self.raw.items():
            self.limits[ncpus] = stats.limits(raw)
            self.data[ncpus], self.bad[ncpus], self.mixed[ncpus] = \
                stats.by_state(raw, self.limits[ncpus], stats.compared(self.rows))

    def report(self):
        self.reduce()
        text = [f"Linux {self.version}, series {self.describe}, {self.cores} cores, "
                f"{self.done} of {self.options.rounds} rounds, load {min(self.loads):.1f} to "
                f"{max(self.loads):.1f}", ""]
        for ncpus in self.counts:
            if self.limits[ncpus]:
                text += ["compared are samples with a "
                         + " and a ".join(f"{kind.removesuffix('_ns')} of up to {limit:.0f} ns"
                                          for kind, limit in self.limits[ncpus].items())
                         + ", unless a row says that it has all", ""]
            cells = stats.table_rows(self.rows_for(ncpus), self.data[ncpus], self.mixed[ncpus])
            text += [f"{ncpus} CPUs; ± half of the middle half; [95 % interval]", "",
                     stats.table(cells), ""]
            cells = stats.other_rows(self.rows_for(ncpus), self.bad[ncpus])
            if cells:
                text += [stats.table(cells, stats.OTHER_HEAD), ""]
            self.json_table(ncpus)
        for (case, ncpus), why in sorted(self.lacking.items()):
            text.append(f"{case} with {ncpus} CPUs {why}")
        text += [f"made again: {words}" for words in self.repeated]
        text += [f"a CPU got nowhere for 20 s: {words}" for words in self.stalls]
        words = [stats.goal_met(row, self.data[ncpus])[0] for ncpus in self.counts
                 for row in self.rows_for(ncpus)]
        text += [stats.count(words), *self.against_before()]
        text = "\n".join(text)
        print(text)
        with open(os.path.join(self.results, "table.txt"), "w", encoding="utf-8") as handle:
            handle.write(text + "\n")

        with open(os.path.join(self.results, "table.rst"), "w", encoding="utf-8") as handle:
            for ncpus in self.counts:
                handle.write(stats.rst(self.rows_for(ncpus), self.data[ncpus],
                                       self.mixed[ncpus]) + "\n\n")

    def against_before(self):
        """Lines that compare the verdicts with those of the newest run that has the same goals."""
        for number in earlier(self.results):
            path = os.path.join(self.results, "before", str(number), "results.json")
            try:
                with open(path, encoding="utf-8") as handle:
                    before = json.load(handle)
                same, differ, contradict = stats.compare_runs(before["rows"], self.json)
                run = f"series {before['series']}, {before['rounds']} rounds"
            except FileNotFoundError:
                # Stopped while it was put aside.
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                return [f"{show(path)} cannot be read: {error!r}"]
            if same or differ or contradict:
                return [f"against run {number} before, {run}: {same} verdicts the same, "
                        f"{len(differ)} unsure in one of the two, {len(contradict)} contradict",
                        *(f"  {text}" for text in contradict + differ)]
        return []

    def json_table(self, ncpus):
        """One table as data."""
        data = self.data[ncpus]
        for row in self.rows_for(ncpus):
            key = f"{row.case}.{row.metric}"
            verdict, found = stats.goal_met(row, data)
            self.json.append({
                "ncpus": ncpus, **row._asdict(), "verdict": verdict,
                "against": found._asdict() if found else None,
                **{name: (lambda r: r._asdict() if r else None)(
                    stats.ratio(data[letter].get(key) or [], stock))
                   for name, letter, stock in (("split", "C", stats.of_stock(data, key)),
                                               ("coarse", "B", stats.of_stock(data, key)),
                                               ("noise", "D", data["A"].get(key) or []))},
                "all_samples": key in self.mixed[ncpus],
                "values": {plot.NAMES[l]: data[l].get(key) or [] for l in LETTERS},
                "bad": {plot.NAMES[l]: self.bad[ncpus][l].get(key) or [] for l in LETTERS}})

    def facts(self):
        """The conditions of the measurement, without the values."""
        return {"kernel": self.version, "series": self.describe, "cores": self.cores,
                "ncpus": self.counts, "rounds": self.done,
                "rounds_wanted": self.options.rounds, "repeated": self.repeated,
                "kunit": self.options.kunit,
                "stalls": self.stalls, "cases": self.options.cases,
                "samples": self.options.samples, "sample_ms": self.options.ms,
                "load": self.loads, "limits": self.limits}

    def summary(self):
        """The data of the result: the rows without each value, which results.json has."""
        return {**self.facts(), "rows": [{key: value for key, value in row.items()
                                          if key not in ("values", "bad")} for row in self.json]}

    def write(self):
        files.write_json(os.path.join(self.results, "results.json"),
                         {**self.facts(), "rows": self.json})
        first = self.data[self.counts[0]]
        plots = {"ratios.svg": lambda p: plot.ratios(p, self.rows, first),
                 "many-to-one.svg": lambda p: plot.freers(p, first),
                 "one-to-many.svg": lambda p: plot.freers(p, first, "one_to_many_"),
                 "scaling.svg": lambda p: plot.scaling(p, self.rows, self.data)}
        for name, draw in plots.items():
            path = os.path.join(self.results, name)
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)
            if draw(path):
                print(f"wrote {show(path)}")
