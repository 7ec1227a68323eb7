# SPDX-License-Identifier: GPL-2.0
"""One HTML page of all that the other targets left in $(O), for a reader without them.

The page needs no network and no other file; its links to coverage and logs work
as long as it lies in $(O)/report. It reads the result.json of each command, and the
ledger of make soak; what was not run is said, and not left out.
"""

import datetime
import glob
import html
import os
import re

from splitfree.base import results as files
from splitfree.base.failures import Failure
from splitfree.base.paths import ROOT, show
from splitfree.base.processes import run as run_program
from splitfree.base.results import counts_line
from splitfree.runs import ledger, stress_run
from splitfree.runs.frame import Command
from splitfree.source import git
from splitfree.source.tree import Tree

COMMAND = Command("one HTML page of all results, $(O)/report/index.html", tree=False, no_lock=True)

STYLE = """
:root { --ink: #1b1f24; --dim: #5b6570; --paper: #fff; --line: #d8dee4; --bad: #b3261e;
        --good: #1a7f37; --odd: #9a6700; --soft: #f5f7f9; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e2e7ec; --dim: #9aa5b1; --paper: #14181c; --line: #343b43; --bad: #ff7b72;
          --good: #4ac26b; --odd: #d4a72c; --soft: #1c2228; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 68rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p, li { max-width: 46rem; } .dim { color: var(--dim); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line);
         vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
.odd { color: var(--odd); }
code, pre { font: .85rem ui-monospace, monospace; background: var(--soft); }
pre { padding: .6rem; overflow-x: auto; } details { margin: .4rem 0; }
.plot { background: #fff; max-width: 100%; overflow-x: auto; } .plot svg { max-width: 100%; height: auto; }
nav a { margin-right: 1rem; } a { color: inherit; }
"""


def esc(text):
    return html.escape(str(text))


def word(good, text=None):
    kind = {True: "good", False: "bad", None: "odd"}[good]
    return f'<span class="{kind}">{esc(text or {True: "passed", False: "failed"}.get(good, "-"))}</span>'


def table(head, rows, numbers=()):
    """rows of cells; a cell that starts with < is HTML."""
    def cell(tag, i, value):
        text = str(value)
        text = text if text.startswith("<") else esc(text)
        return f'<{tag}{" class=n" if i in numbers else ""}>{text}</{tag}>'
    out = ["<div class=wide><table><tr>"]
    out += [cell("th", i, h) for i, h in enumerate(head)]
    for row in rows:
        out.append("</tr><tr>")
        out += [cell("td", i, c) for i, c in enumerate(row)]
    return "".join(out) + "</tr></table></div>"


def when(record):
    return datetime.datetime.fromtimestamp(record["started"] + record["seconds"]) \
        .strftime("%Y-%m-%d %H:%M")


def records(out, first):
    """[(directory, its result.json)] of a command, with those of its variants."""
    found = []
    for name in sorted(os.listdir(out)):
        record = files.read(os.path.join(out, name, files.NAME))
        if record and re.match(rf"{first}(-|$)", name):
            found.append((name, record))
    return found


def good_of(record):
    """True, False, or None for a run that says nothing about the code."""
    return {0: True, 1: False}.get(record["status"])


def counts_of(record):
    return counts_line(*(record[key] for key in ("passed", "failed", "skipped")))


class Section:
    """A part of the page: its verdict is True, False, or None where nothing was run."""

    def __init__(self, title, command):
        self.title, self.command = title, command
        self.good, self.summary, self.body, self.stamp = None, "not run", [], ""
        self.anchor = re.sub(r"\W+", "-", title.lower())

    def add(self, *parts):
        self.body += parts

    def verdict(self, good, summary, record):
        self.good, self.summary, self.stamp = good, summary, when(record)

    def took(self, record, *keys):
        """Whether a run came as far as its data; if not, its sentence is all there is."""
        if all(key in record["data"] for key in keys):
            return True
        self.add(f"<p class=odd>{esc(record['sentence'] or 'it left no data')}</p>")
        self.verdict(good_of(record), "could not run" if good_of(record) is None
                     else record["sentence"], record)
        return False

    def html(self):
        body = "".join(self.body) or f"<p>Not run. <code>{esc(self.command)}</code></p>"
        return f'<h2 id="{self.anchor}">{esc(self.title)}</h2>{body}'


# Tests -----------------------------------------------------------------------

def tests_section(out):
    section = Section("Tests", "make kunit; make qemu; make hibernate; make user")
    rows, total, newest, goods, complained = [], [0, 0, 0], None, [], 0
    for name, record in [r for first in ("kunit", "qemu", "hibernate", "user")
                         for r in records(out, first)]:
        data = record["data"]
        counts = [record[key] for key in ("passed", "failed", "skipped")]
        total = [a + b for a, b in zip(total, counts)]
        newest = record if not newest or record["started"] > newest["started"] else newest
        goods.append(good_of(record))
        complained += bool(data.get("splats"))
        rows.append((name, when(record), *counts, word(good_of(record))))
        found = data.get("suites", {})
        detail = table(("suite", "passed", "failed", "skipped"),
                       [(s, *found[s]) for s in sorted(found)], (1, 2, 3))
        if record["sentence"]:
            detail += f"<p class=bad>{esc(record['sentence'])}</p>"
        detail += "".join(f"<p class=bad>failed: {esc(b)}</p>" for b in data.get("failures", ()))
        detail += "".join(f"<p class=bad>the kernel complained: {esc(c)}</p>"
                          for c in data.get("splats", ()))
        if data.get("skips"):
            detail += f"<p class=dim>skipped: {esc(', '.join(data['skips'][:60]))}</p>"
        section.add(f"<details><summary>{esc(name)}: {len(found)} suites</summary>{detail}</details>")
    if rows:
        section.body.insert(0, table(("run", "when", "passed", "failed", "skipped", ""), rows,
                                     (2, 3, 4)))
        good = False if False in goods else None if None in goods else bool(total[0])
        section.verdict(good, f"{total[0]} passed, {total[1]} failed, {total[2]} skipped"
                        + (f", {complained} with complaints of the kernel" if complained else ""),
                        newest)
    return section


def check_section(out):
    section = Section("make check", "make check")
    for _, record in records(out, "check"):
        if not section.took(record, "stages"):
            continue
        stages = record["data"]["stages"]
        section.add(table(("stage", "seconds", "passed", "failed", "skipped", ""),
                          [(s["name"], round(s["seconds"]), s["passed"], s["failed"], s["skipped"],
                            word(bool(s["passed"] and not s["failed"]))) for s in stages],
                          (1, 2, 3, 4)))
        section.verdict(good_of(record), f"{record['passed']} passed, {record['failed']} failed, "
                        f"{round(sum(s['seconds'] for s in stages) / 60)} min", record)
    return section


# The other commands -------------------------------------------------------------

def coverage_section(out):
    section = Section("Coverage", "make coverage")
    for _, record in records(out, "coverage"):
        if not section.took(record, "files"):
            continue
        data, rows = record["data"], []
        for row in data["files"]:
            link = f'<a href="../coverage/{esc(row["html"])}">{esc(row["file"])}</a>'
            rows.append((link, f"{row['lines_hit']}/{row['lines']}", percent(row["lines_hit"], row["lines"]),
                         f"{row['branches_hit']}/{row['branches']}",
                         percent(row["branches_hit"], row["branches"]), row.get("excluded", 0),
                         word(bool(row.get("good", True)))))
        section.add(table(("file", "lines", "%", "branches", "%", "left out", ""), rows,
                          (1, 2, 3, 4, 5)))
        if data.get("excuses"):
            section.add("<h3>Left out, and why</h3>",
                        table(("place", "reason"), [(e["place"], e["reason"])
                                                    for e in data["excuses"]]))
        section.verdict(good_of(record), f"{len(data['files'])} files", record)
    return section


def percent(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "-"


def mutants_section(out):
    section = Section("Mutants", "make mutants")
    for _, record in records(out, "mutants"):
        if not section.took(record, "files", "survivors"):
            continue
        data = record["data"]
        keys = sorted({k for row in data["files"].values() for k in row if k != "score"})
        section.add(table(("file", *keys, "score"),
                          [(n, *(row.get(k, 0) for k in keys), f"{row['score']:.1f}")
                           for n, row in sorted(data["files"].items())],
                          range(1, len(keys) + 2)))
        if data["survivors"]:
            section.add("<h3>Survivors</h3>",
                        table(("place", "was", "is"),
                              [(f"{s['file']}:{s['line']}", s["old"].strip(), s["new"].strip())
                               for s in data["survivors"]]))
        section.verdict(good_of(record),
                        f"{data['score']} % killed, floor {data['floor']} %", record)
    return section


def paper_section(out):
    section, goods = Section("Models and proofs", "make model; make prove"), []
    for name, key in (("model", "checks"), ("prove", "proofs")):
        for _, record in records(out, name):
            if not section.took(record, key):
                return section
            goods.append(good_of(record))
            section.add(f"<h3>make {name}</h3>", table(
                ("what", "result", "seconds"),
                [(one["name"], word(one["good"], one["text"]), one["seconds"])
                 for one in record["data"][key]], (2,)))
            section.verdict(False if False in goods else None if None in goods else True,
                            section.summary.removeprefix("not run") + f"{name}: {counts_of(record)} ",
                            record)
    return section


def fuzz_section(out):
    section = Section("Fuzz", "make fuzz")
    for _, record in records(out, "fuzz"):
        if not section.took(record, "executions", "faults"):
            continue
        data = record["data"]
        reached = data["reached"] or {"files": {}, "lines": "?", "branches": "?"}
        section.add(table(("file", "lines, %", "branches, %"),
                          [(name, *row) for name, row in sorted(reached["files"].items())], (1, 2)))
        if data["faults"]:
            section.add("<h3>Planted faults</h3>", table(
                ("fault", "found", "seconds", "by"),
                [(fault["name"], word(fault["found"], "yes" if fault["found"] else "no"),
                  fault["seconds"], fault["text"]) for fault in data["faults"]], (2,)))
        section.verdict(good_of(record),
                        f"{data['executions']} inputs, {reached['lines']} % of the lines, "
                        f"{reached['branches']} % of the branches" +
                        (f"; {record['sentence']}" if record["sentence"] else ""), record)
    return section


def stress_section(out):
    section = Section("Stress", "make stress")
    runs = [(name, r) for name, r in records(out, "stress") if section.took(r, "results")]
    if runs:
        data = [r["data"] for _, r in runs]
        # The random calls have a table of their own.
        keys = sorted({k for d in data for k in d["results"] if not k.startswith("fuzz_")})
        rows = [("when", *(when(r) for _, r in runs)),
                ("build", *(d["debug"] or "plain" for d in data)),
                ("minutes", *(f"{d['minutes']:g}" for d in data)),
                ("seed", *(d["seed"] for d in data)),
                ("verdict", *(word(not d["failed"], "; ".join(d["failed"]) or "passed")
                              for d in data))]
        rows += [(k, *(d["results"].get(k, "") for d in data)) for k in keys]
        names, numbers = ("", *(name for name, _ in runs)), range(1, len(runs) + 1)
        section.add(table(names, rows, numbers))
        found = [{kind: f"{done} of {tried}" for kind, tried, done in stress_run.calls(d["results"])}
                 for d in data]
        kinds = dict.fromkeys(kind for calls in found for kind in calls)
        if kinds:
            section.add("<h3>Random calls that succeeded</h3>", table(
                names, [(kind, *(calls.get(kind, "") for calls in found)) for kind in kinds],
                numbers))
        bad = any(d["failed"] for d in data)
        section.verdict(not bad, ("failed, " if bad else "") +
                        f"{sum(d['results'].get('iterations', 0) for d in data)} iterations",
                        runs[-1][1])
    return section


def soak_section(_out):
    """The ledger is not in $(O): it has the runs of all checkouts."""
    section = Section("Soak", "make soak HOURS=1")
    runs, bad = ledger.read(ledger.path())
    if not runs:
        return section
    for key, title in (("variant", "By kernel"), ("commit", "By commit")):
        found = {str(name)[:12]: one for name, one in ledger.totals(runs, key).items()}
        head, *rows = ledger.rows({**found, "all": ledger.total(runs)})
        section.add(f"<h3>{title}</h3>", table(head, rows, range(1, len(head))))
    if bad:
        section.add(f"<p class=odd>{bad} lines of {esc(ledger.path())} cannot be read.</p>")
    failed = [run for run in runs if run["outcome"] == "failed"]
    section.add(*(f"<p class=bad>{esc(run['variant'])}, seed {esc(run['seed'])}, commit "
                  f"{esc(run['commit'][:12])}: {esc('; '.join(run.get('failed', ())))}</p>"
                  for run in failed[-20:]))
    one = ledger.total(runs)
    section.verdict(not failed, f"{one.minutes / 60:.1f} hours, {one.runs} runs, "
                    f"{one.failed} failed, {one.messages} messages",
                    {"started": runs[-1]["started"], "seconds": runs[-1]["minutes"] * 60})
    return section


def selftests_section(out):
    section = Section("The kernel's own tests, stock against patched", "make selftests")
    for _, record in records(out, "selftests"):
        if not section.took(record, "counts", "differ", "unsteady"):
            continue
        data = record["data"]
        head = sorted(next(iter(data["counts"].values()), {}))
        section.add(table(("tests", *head), [(n, *(row[k] for k in head))
                                             for n, row in sorted(data["counts"].items())],
                          range(1, len(head) + 1)))
        for title in ("differ", "unsteady"):
            if data[title]:
                section.add(f"<h3>{title}</h3>", table(("test", "case", "stock", "patched"),
                                                       data[title]))
        section.verdict(good_of(record), f"{len(data['differ'])} differences, "
                        f"{len(data['unsteady'])} unsteady", record)
    return section


def rcuscale_section(out):
    section = Section("kvfree_rcu() with and without the page", "make rcuscale")
    for name, record in records(out, "rcuscale"):
        if not section.took(record, "rounds"):
            continue
        data = record["data"]
        section.add(f"<h3>{esc(name)}, {data['ncpus']} CPUs, {data['rounds']} rounds</h3>")
        text = os.path.join(out, name, "table.rst")
        if os.path.exists(text):
            with open(text, encoding="utf-8") as handle:
                section.add(f"<pre>{esc(handle.read())}</pre>")
        section.verdict(good_of(record), f"{data['rounds']} rounds", record)
    return section


def interval(found):
    if not found:
        return "-"
    low, high = found.get("low"), found.get("high")
    text = f"{found.get('ratio', found.get('value')):.2f}"
    return text if low is None else f"{text} ({low:.2f} to {high:.2f})"


def add_plots(section, directory):
    for plot in sorted(glob.glob(os.path.join(directory, "*.svg"))):
        with open(plot, encoding="utf-8") as handle:
            text = handle.read()
        # Two figures on one page must not share ids.
        stem = re.sub(r"\W", "", os.path.basename(plot))
        text = re.sub(r"^.*?(?=<svg)", "", text, flags=re.S)
        text = re.sub(r'\bid="', f'id="{stem}-', text)
        text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{stem}-", text)
        section.add(f"<div class=plot>{text}</div>")


def goals_verdict(section, verdicts, record):
    """How many goals were met. A measurement, no test: one that is missed does not fail."""
    met, missed, unsure = (verdicts.count(one) for one in ("met", "missed", "unsure"))
    section.verdict(True if met and not missed + unsure else None,
                    f"{met} goals met, {missed} missed, {unsure} unsure", record)


def bench_section(out):
    section = Section("Speed: stock, coarse, split", "make bench")
    record = dict(records(out, "bench")).get("bench")
    if not record or not section.took(record, "rows"):
        return section
    data = record["data"]
    section.add(f"<p>{data['rounds']} rounds on {data['cores']} cores, {esc(data['kernel'])}, "
                f"{esc(data['series'])}, load {esc(data['load'])}. Ratios to stock in the same run; "
                "noise is stock against stock.</p>")
    rows = []
    for row in data["rows"]:
        # A goal at its limit, and what has none, are neither good nor bad.
        kind = {"met": True, "missed": False}.get(row["verdict"])
        rows.append((row["ncpus"], row["what"],
                     row.get("goal") or "-", *(interval(row.get(k)) for k in
                                               ("split", "coarse", "noise")),
                     word(kind, row["verdict"] + (", all" if row.get("all_samples") else ""))))
    section.add(table(("CPUs", "case", "goal", "split", "coarse", "noise", ""), rows, (0, 2, 3, 4, 5)))
    add_plots(section, os.path.join(out, "bench"))
    goals_verdict(section, [row["verdict"].split()[-1].strip("()") for row in data["rows"]], record)
    return section


def frag_section(out):
    section = Section("Whole blocks: stock, split", "make frag")
    for name, record in records(out, "frag"):
        if not section.took(record, "rows"):
            continue
        data, rows = record["data"], []
        for row in data["rows"]:
            kind = {"met": True, "missed": False}.get(row["verdict"])
            ratio = {"value": row["ratio"], "low": row["low"], "high": row["high"]} \
                if row["ratio"] is not None else None
            rows.append((row["case"], row["figure"], row["stock"], row["split"], interval(ratio),
                         row["goal"] or "-", word(kind, row["verdict"]) if row["goal"] else ""))
        section.add(f"<h3>{esc(name)}, {esc(data['kernel'])}, {esc(data['series'])}</h3>",
                    table(("case", "figure", "stock", "split", "ratio", "goal", ""), rows, (2, 3, 4)))
        add_plots(section, os.path.join(out, name))
        goals_verdict(section, [row["verdict"] for row in data["rows"] if row["goal"]], record)
    return section


def latency_section(out):
    section = Section("Longest sections: stock, split", "make latency")
    for _, record in records(out, "latency"):
        if not section.took(record, "rows"):
            continue
        data = record["data"]
        rows = [(row["what"], row["kind"], *("-" if row[name] is None else row[name]
                                             for name in ("stock", "split")),
                 "-" if row["ratio"] is None else f"{row['ratio']:.2f}", row["goal"],
                 word({"met": True, "missed": False}.get(row["verdict"]), row["verdict"]))
                for row in data["rows"]]
        section.add(table(("phase", "kind", "stock", "split", "ratio", "goal", ""), rows, (2, 3, 4)))
        goals_verdict(section, [row["verdict"] for row in data["rows"]], record)
    return section


SECTIONS = (check_section, tests_section, coverage_section, mutants_section, paper_section,
            fuzz_section, stress_section, soak_section, selftests_section, rcuscale_section,
            bench_section, frag_section, latency_section)


def first_line(*command):
    try:
        return run_program(command).stdout.decode("utf-8", "replace").splitlines()[0].strip()
    except (Failure, OSError, IndexError):
        return "not there"


def git_line(*command):
    """The first line of what git says of this repository."""
    found = git.git(ROOT, *command).stdout.decode("utf-8", "replace").splitlines()
    return found[0].strip() if found else "no git repository"


def facts(out):
    """Versions and the machine."""
    state = Tree(os.path.join(out, "linux")).state
    source = state["source"] or [None, None, "not prepared"]
    dirty = git.git(ROOT, "status", "--porcelain").stdout.strip()
    yield "splitfree", git_line("log", "-1", "--format=%h %cs %s") + \
        (" (with changes that are not committed)" if dirty else "")
    yield "kernel", f"Linux {state['version'] or '?'}, {source[2]}"
    yield "series", str(state["head"] or "?")[:12]
    for tool in ("gcc", "qemu-system-x86_64", "lcov", "spin"):
        option = "-V" if tool == "spin" else "--version"
        yield tool, first_line(tool, option)
    yield "machine", f"{os.cpu_count()} cores, " + first_line("uname", "-srm")


def page(out, now):
    sections = [make(out) for make in SECTIONS]
    rows = [(f'<a href="#{s.anchor}">{esc(s.title)}</a>', word(s.good, s.summary), s.stamp,
             f"<code>{esc(s.command)}</code>") for s in sections]
    text = ["<!doctype html><html lang=en><head><meta charset=utf-8>",
            '<meta name=viewport content="width=device-width, initial-scale=1">',
            f"<title>splitfree: report</title><style>{STYLE}</style></head><body>",
            "<h1>splitfree: report</h1>",
            f"<p class=dim>Made {esc(now)} from what the targets left; each part is as old as it says.</p>",
            table(("", "result", "when", "command"), rows),
            "<h3>Made with</h3>", table(("", ""), facts(out))]
    text += [s.html() for s in sections]
    return "\n".join(text) + "\n</body></html>\n", sections


def check(job):
    if not os.path.isdir(job.out):
        raise Failure(f"{show(job.out)} is not there; run make check first, or another target")


def run(job):
    now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M")
    text, sections = page(job.out, now)
    if all(section.summary == "not run" for section in sections):
        raise Failure(f"{show(job.out)} has no results yet; run make check first, or another target")
    path = job.path("index.html")
    with open(path + ".new", "w", encoding="utf-8") as handle:
        handle.write(text)
    os.replace(path + ".new", path)
    for section in sections:
        print(f"{section.title:<48} {section.summary}")
    # A page of bad news is a page: the targets themselves fail.
    print(f"{show(path)}: {len(text) // 1024} KiB")
