# SPDX-License-Identifier: GPL-2.0
"""Small changes to a kernel in use: one object or a few are compiled, and UML is linked and run.

The work tree and the build directory are of these runs alone. A change is in its source
only while the objects are compiled; then it is in the objects, and make links them. So
make never compiles a thing, and a run that was cut leaves nothing that it would not find.
"""

import concurrent.futures
import contextlib
import glob
import hashlib
import os
import re
import shutil
import time

from splitfree.base.failures import FAILED, Failure
from splitfree.base.paths import ROOT, show
from splitfree.base.processes import run as run_program
from splitfree.judge import console as consoles
from splitfree.judge import ktap
from splitfree.judge import verdict as verdicts
from splitfree.kernel import compiler, guest, uml
from splitfree.runs import kunit
from splitfree.source import mutate
from splitfree.source.mutate import Outcome
from splitfree.source.worktree import checkout, worktree

# Below $(O): the results, and the work tree and the builds of each DEBUG=.
PLACE = "mutants-live"
# Files that are changed besides the lines that patches/ add: no userland suite runs them, or
# they are inline in many objects.
OWN = re.compile(r"mm/pcp/(?:zone|switch|watch|fail)\.c$|mm/pcp/\w+\.h$|"
                 r"include/linux/pageblock_data\.h$")
# Which suites are the likeliest to notice; those of a header have its name.
FIRST = ((r"mm/pcp/switch\.c$", "pcp_switch"), (r"mm/pcp/fail\.[ch]$", "pcp_fail"),
         (r"mm/slab_common\.c$", "kvfree_rcu"))
LIVE = "pcp_live*"
# Seconds: a run that says nothing for so long hangs, and one that takes so long in all. The
# longest silence of the unchanged kernel counts as well, on a machine that is slow.
SILENCE, SILENCES, LONGEST = 30, 10, 400


# Changes ---------------------------------------------------------------------

def added_lines(diff):
    """{path: lines} of what a diff without context adds."""
    found, path = {}, None
    for line in diff.splitlines():
        if line.startswith("+++ "):
            path = line[6:] if line.startswith("+++ b/") else None
        match = re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line)
        if match and path:
            first, count = int(match[1]), int(match[2] or 1)
            found.setdefault(path, set()).update(range(first, first + count))
    return found


def added(tree):
    """The lines of C that the series adds to the kernel."""
    diff = tree.git("diff", "--no-renames", "-U0", "stock", "splitfree", "--", "*.c", "*.h")
    return added_lines(diff.decode("utf-8", "replace"))


def everything(tree):
    """[(path, mutant)] of all changes."""
    found = []
    for path, lines in sorted(added(tree).items()):
        whole = os.path.exists(os.path.join(ROOT, path))
        if whole and not OWN.match(path):
            continue
        text = source(tree, path)
        changes = mutate.mutants(text)
        found += [(path, change)
                  for change in (changes if whole else mutate.touching(text, changes, lines))]
    return found


def source(tree, path):
    return tree.git("show", f"splitfree:{path}").decode("utf-8", "replace")


# The build ---------------------------------------------------------------------------

def parse_command(text):
    """The command that made an object, and what it was made from, of kbuild's .cmd file."""
    saved = re.search(r"^savedcmd_\S+ := (.*)$", text, re.M)
    if not saved:
        return None, []
    command = saved[1].replace("$(pound)", "#").replace("$$", "$").strip()
    names = re.findall(r"^source_\S+ := (\S+)$", text, re.M)
    listed = re.search(r"^deps_\S+ := \\\n((?:.*\\\n)*)", text, re.M)
    if listed:
        names += [word for word in re.findall(r"^ +(\S+) \\$", listed[1], re.M)
                  if not word.startswith("$(")]
    return command, names


def compile_command(command, made, target):
    """The same into another file, without warnings, and without a word to kbuild."""
    command = re.sub(r"-Wp,-MMD,\S+ ", "", command)
    return re.sub(rf" -o {re.escape(made)} ", f" -w -o {target} ", command + " ", count=1)


class Objects:
    """The objects of a build, and those that have a change in them."""

    def __init__(self, kernel, linux, jobs):
        self.kernel, self.linux, self.jobs = kernel, os.path.realpath(linux), jobs
        self.swapped = os.path.join(kernel.dir, ".swapped")
        self.scratch = os.path.join(kernel.dir, ".mutant")
        self.commands, self.users, self.known = {}, {}, {}

    def recover(self):
        """Have make compile again what a run that was killed has left changed."""
        with contextlib.suppress(FileNotFoundError):
            with open(self.swapped, encoding="utf-8") as handle:
                for name in handle.read().split():
                    with contextlib.suppress(FileNotFoundError):
                        os.remove(os.path.join(self.kernel.dir, name))
            os.remove(self.swapped)

    def read(self):
        """Look up what each object was made from."""
        os.makedirs(self.scratch, exist_ok=True)
        real = {}
        for path in glob.glob(os.path.join(self.kernel.dir, "**/.*.o.cmd"), recursive=True):
            with open(path, encoding="utf-8", errors="replace") as handle:
                command, names = parse_command(handle.read())
            folder, name = os.path.split(path)
            made = os.path.relpath(os.path.join(folder, name[1:-4]), self.kernel.dir)
            if not command or " -c -o " not in command:
                continue
            self.commands[made] = command
            for one in names:
                if one not in real:
                    real[one] = os.path.relpath(os.path.realpath(
                        os.path.join(self.kernel.dir, one)), self.linux)
                self.users.setdefault(real[one], {})[made] = None

    def sees(self, path, function):
        """The objects that can see a change to a function in a file."""
        objects = list(self.users.get(path, ()))
        if not path.endswith(".h"):
            return objects
        files = {made: [name for name, users in self.users.items() if made in users
                        and not name.startswith("..")] for made in objects}
        texts = {}
        for name in {name for names in files.values() for name in names}:
            with open(os.path.join(self.linux, name), encoding="utf-8", errors="replace") as handle:
                texts[name] = handle.read()
        pattern = users_of(function, texts)
        # A source that another includes is no header either.
        return [made for made in objects if any(
            not name.endswith(".h") and pattern.search(texts[name]) for name in files[made])]

    def compile(self, made, path):
        """Compile an object into another file; returns whether it can be compiled."""
        command = compile_command(self.commands[made], made, path)
        env = {**self.kernel.build_environment(), "CCACHE_DISABLE": "1"}
        result = run_program(["sh", "-c", command], cwd=self.kernel.dir, env=env)
        compiler.blame_machine(result.returncode,
                               result.stderr.decode("utf-8", "replace").splitlines(), made)
        return not result.returncode

    def compile_all(self, objects):
        """{object: file} of them as the sources are; None: one of them does not compile."""
        files = {made: os.path.join(self.scratch, made.replace("/", "_")) for made in objects}
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            good = list(pool.map(lambda item: self.compile(*item), files.items()))
        return files if all(good) else None

    def original(self, objects):
        """{object: digest} of the unchanged source; call it while nothing is changed."""
        new = [made for made in objects if made not in self.known]
        files = self.compile_all(new)
        if files is None:
            raise Failure(f"{new[0]} or one beside it does not compile unchanged; run make kunit")
        self.known.update({made: digest(path) for made, path in files.items()})
        return {made: self.known[made] for made in objects}

    @contextlib.contextmanager
    def linked(self, files):
        """Link the kernel with these objects instead; yields whether that can be done."""
        with open(self.swapped, "w", encoding="utf-8") as handle:
            handle.write("\n".join(files) + "\n")
        place = {made: os.path.join(self.kernel.dir, made) for made in files}
        kept = {made: os.path.join(self.scratch, made.replace("/", "_") + ".kept")
                for made in files}
        for made in files:
            shutil.copyfile(place[made], kept[made])
        try:
            for made, path in files.items():
                # Its time is now, so make links it and compiles nothing.
                shutil.copyfile(path, place[made])
            yield self.kernel.link()
        finally:
            for made in files:
                shutil.copyfile(kept[made], place[made])
            os.remove(self.swapped)


def digest(path):
    with open(path, "rb") as handle:
        return hashlib.sha256(handle.read()).hexdigest()


def users_of(function, texts):
    """A pattern for the function and for all in these headers that use it, through others too."""
    names, grown = set(), {function}
    while grown - names:
        names |= grown
        pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(names))) + r")\b")
        for name, text in texts.items():
            if name.endswith(".h") and pattern.search(text):
                toks = mutate.tokens(text)
                grown |= {other for other, begin, end in mutate.functions(toks)
                          if pattern.search(text[toks[begin].start:toks[end].end])}
                grown |= {macro[1] for macro in
                          re.finditer(r"^#define (\w+)\(?(?:\\\n|[^\n])*", text, re.M)
                          if pattern.search(macro[0])}
    return pattern


# The run -----------------------------------------------------------------------------

class Watch:
    """Looks at a guest: the first case that fails ends its run, and so does a long silence."""

    def __init__(self, silence, longest):
        self.silence, self.longest = silence, longest
        self.begun = self.last = time.monotonic()
        self.quiet, self.failed = 0, False

    def see(self, line):
        now = time.monotonic()
        self.quiet, self.last = max(self.quiet, now - self.last), now
        result = ktap.parse_result(consoles.text_of(line))
        self.failed |= bool(result and result.indent >= 4 and result.outcome == ktap.FAILED)

    def over(self):
        now = time.monotonic()
        return (self.failed or now - self.last > self.silence
                or now - self.begun > self.longest)


def first_suites(path):
    """A glob of the suites that are the likeliest to notice a change of a file; "": all."""
    for pattern, suite in FIRST:
        if re.match(pattern, path):
            return suite
    name = "pcp_" + os.path.splitext(os.path.basename(path))[0]
    if not path.startswith("mm/pcp/") or path.endswith(".c"):
        return LIVE
    # The suites on made-up zones come first among all, and take little time.
    return name + "*" if os.path.exists(os.path.join(ROOT, f"mm/pcp/tests/{name}_kunit.c")) else ""


class Hunt:
    """All changes of one kernel, and what is known of them."""

    def __init__(self, job):
        options = job.options
        self.job, self.tree = job, job.worktree
        # As far from the work tree as that of make kunit is from its own: ccache has the objects.
        self.kernel = uml.kernel(os.path.join(job.out, PLACE), options.debug or "plain",
                                 uml.fragments(options.debug), self.tree.path,
                                 job.path("build.log"), options)
        self.objects = Objects(self.kernel, self.tree.path, options.jobs)
        self.console = job.path("console.log")
        self.silence, self.longest = SILENCE, options.timeout or LONGEST
        self.seen, self.noticed = {}, {}
        self.unchanged = os.path.join(self.kernel.dir, "linux.unchanged")

    def prepare(self):
        """Build the kernel as it is, and see that its suites pass."""
        self.objects.recover()
        self.kernel.build(self.tree)
        # From here on what is there is not what the sources say.
        self.kernel.save_stamp(built="")
        self.objects.read()
        shutil.copy(self.kernel.binary, self.unchanged)
        watch = Watch(self.longest, self.longest)
        by = self.boot("", watch, "the unchanged kernel, under UML")
        if by:
            raise Failure(f"the suites fail before anything is changed: {by} (log: "
                          f"{show(self.console)}); mend that with make kunit first", FAILED)
        self.silence = max(SILENCE, SILENCES * watch.quiet)

    def boot(self, suite, watch, what, binary=None):
        """Run suites; None if nothing was noticed, else what noticed."""
        options = self.job.options
        append = kunit.arguments(options.ncpus, suite) + uml.debug_arguments(options.debug)
        args = uml.command(self.kernel, self.job.out, options.ncpus, append)
        if binary:
            args[0] = binary
        ended = guest.run(args, self.console, watch.over, what, on_line=watch.see,
                          env=uml.run_environment(self.kernel, self.job.out),
                          verbose=options.verbose, batch=True)
        return who_noticed(verdicts.judge_file(self.console), ended.late and not watch.failed)

    def suites(self, path, function):
        """The suites to run, one after the other, "" for all of them."""
        first = self.noticed.get((path, function)) or first_suites(path)
        return [first, ""] if first else [""]

    def run(self, path, mutant, what):
        """Boot the kernel that is linked; the Outcome."""
        for suite in self.suites(path, mutant.function):
            watch = Watch(self.silence, self.longest)
            by = self.boot(suite, watch, what)
            if by == NO_KERNEL and self.boot(suite, Watch(self.silence, self.longest), what,
                                             self.unchanged):
                raise Failure(f"the unchanged kernel does not start any more (log: "
                              f"{show(self.console)}); look at the memory in {uml.SHM}")
            if by:
                found = re.match(r"(\w+)\.\w", by)
                if found:
                    self.noticed[path, mutant.function] = found[1]
                return Outcome("killed", by)
        return Outcome("survived", "")

    def test(self, path, text, mutant, what):
        objects = self.objects.sees(path, mutant.function)
        if not objects:
            return Outcome("absent", "no object of this kernel has it")
        before = self.objects.original(objects)
        with changed(os.path.join(self.tree.path, path), mutate.apply(text, mutant)):
            files = self.objects.compile_all(objects)
        if files is None:
            return Outcome("broken", "")
        after = {made: digest(file) for made, file in files.items()}
        if after == before:
            return Outcome("same", "as the original")
        twin = self.seen.setdefault((path, tuple(sorted(after.items()))), mutant)
        if twin is not mutant:
            return Outcome("same", f"as the one in line {twin.line}: {twin.new_line}")
        other = {made: file for made, file in files.items() if after[made] != before[made]}
        with self.objects.linked(other) as good:
            return self.run(path, mutant, what) if good else Outcome("broken", "does not link")


@contextlib.contextmanager
def changed(path, text):
    """A file with another text for a while; then it is as old as it was."""
    with open(path, "rb") as handle:
        old = handle.read()
    times = os.stat(path)
    try:
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
        yield
    finally:
        with open(path, "wb") as handle:
            handle.write(old)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


NO_KERNEL = "it did not start"


def who_noticed(verdict, late):
    """In words; None: nobody."""
    if verdict.splats:
        return verdicts.complaint(verdict.splats)
    if late:
        return ", ".join(["hung", *verdict.failures[:1]])
    if verdict.failures:
        return verdict.failures[0]
    if verdict.status == verdicts.FAILED:
        return verdict.reason
    return None if verdict.booted else NO_KERNEL


def prepare(job):
    """The work tree, at the tip of the series."""
    if job.tree.complete():
        raise Failure("LIVE=1 changes the lines that the series adds to a kernel, but LINUX= names "
                      "a kernel that has the series; leave LINUX= out")
    job.worktree = worktree(job.tree, os.path.join(job.out, PLACE, "linux"))
    checkout(job.worktree, job.tree.lines("rev-parse", "splitfree")[0])


def hunt(job, chosen, note):
    """[(path, mutant, outcome)], in the order of chosen. note: gets what is known after each."""
    state, results = Hunt(job), []
    state.prepare()
    texts = {path: source(job.tree, path) for path, _ in chosen}
    with open(job.path("log"), "w", encoding="utf-8", buffering=1) as log:
        for nr, (path, mutant) in enumerate(chosen, 1):
            begun = time.monotonic()
            outcome = state.test(path, texts[path], mutant, f"mutant {nr} of {len(chosen)}")
            log.write(f"{path}:{mutant.line}: {outcome.verdict} {outcome.by}: {mutant.new_line} "
                      f"({time.monotonic() - begun:.0f} s)\n")
            results.append((path, mutant, outcome))
            note(results)
    return results
