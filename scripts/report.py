#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""One HTML page of all that the other targets left in $(O), for a reader without them.

The page needs no network and no other file; its links to coverage and logs work
as long as it lies in $(O)/report. What was not run is said, and not left out.
"""

import argparse
import datetime
import glob
import html
import json
import os
import re

from common import PASSED, ROOT, Failure, main, run, show
from splitfree.judge import verdict as verdicts

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


def load(path):
    """The data of a file, or None where it was not made, or only in part."""
    try:
        with open(path, encoding="utf-8") as handle:
            return json.load(handle)
    except (OSError, ValueError):
        return None


def when(path):
    return datetime.datetime.fromtimestamp(os.stat(path).st_mtime).strftime("%Y-%m-%d %H:%M")


class Section:
    """A part of the page: its verdict is True, False, or None where nothing was run."""

    def __init__(self, title, command):
        self.title, self.command = title, command
        self.good, self.summary, self.body, self.stamp = None, "not run", [], ""
        self.anchor = re.sub(r"\W+", "-", title.lower())

    def add(self, *parts):
        self.body += parts

    def verdict(self, good, summary, path):
        self.good, self.summary, self.stamp = good, summary, when(path)

    def html(self):
        body = "".join(self.body) or f"<p>Not run. <code>{esc(self.command)}</code></p>"
        return f'<h2 id="{self.anchor}">{esc(self.title)}</h2>{body}'


# Tests -----------------------------------------------------------------------

def flatten(group, name=""):
    """(suite, case, status) of kunit.py's JSON."""
    for case in group.get("test_cases", ()):
        yield name, case["name"], case["status"]
    for sub in group.get("sub_groups", ()):
        yield from flatten(sub, f"{name}.{sub['name']}" if name else sub["name"])


def suites(data):
    """{suite: [passed, failed, skipped]}, and what failed or was skipped."""
    found, bad, skipped = {}, [], []
    for suite, case, status in flatten(data):
        top = suite.split(".")[0]
        row = found.setdefault(top, [0, 0, 0])
        row[{"PASS": 0, "SKIP": 2}.get(status, 1)] += 1
        if status == "SKIP":
            skipped.append(f"{suite}.{case}")
        elif status != "PASS":
            bad.append(f"{suite}.{case}")
    return found, bad, skipped


def splats(where):
    """What the kernel said that fails a run, however good its cases look."""
    console = os.path.join(where, "console.log")
    if not os.path.exists(console):
        return []
    try:
        return [s.text for s in verdicts.judge_file(console).splats]
    except verdicts.BadList as error:
        return [str(error)]


def tests_section(out):
    section = Section("Tests", "make kunit; make qemu; make user")
    total, rows, newest, complained = [0, 0, 0], [], None, 0
    for path in sorted(glob.glob(os.path.join(out, "*", "results.json"))):
        name = os.path.basename(os.path.dirname(path))
        if not re.match(r"(kunit|qemu|user)(-|$)", name):
            continue
        data = load(path)
        if not data:
            continue
        found, bad, skipped = suites(data)
        complaints = splats(os.path.dirname(path))
        counts = [sum(column) for column in zip(*found.values())] or [0, 0, 0]
        total = [a + b for a, b in zip(total, counts)]
        newest = max(newest or path, path, key=lambda p: os.stat(p).st_mtime)
        rows.append((name, when(path), *counts, word(bool(counts[0] and not counts[1] and not complaints))))
        complained += bool(complaints)
        detail = table(("suite", "passed", "failed", "skipped"),
                       [(s, *found[s]) for s in sorted(found)], (1, 2, 3))
        detail += "".join(f"<p class=bad>failed: {esc(b)}</p>" for b in bad)
        detail += "".join(f"<p class=bad>the kernel complained: {esc(c)}</p>" for c in complaints)
        if skipped:
            detail += f"<p class=dim>skipped: {esc(', '.join(skipped[:60]))}</p>"
        section.add(f"<details><summary>{esc(name)}: {len(found)} suites</summary>{detail}</details>")
    if rows:
        section.body.insert(0, table(("run", "when", "passed", "failed", "skipped", ""), rows,
                                     (2, 3, 4)))
        section.verdict(bool(total[0] and not total[1] and not complained),
                        f"{total[0]} passed, {total[1]} failed, {total[2]} skipped"
                        + (f", {complained} with complaints of the kernel" if complained else ""),
                        newest)
    return section


def check_section(out):
    section = Section("make check", "make check")
    path = os.path.join(out, "check", "summary.json")
    data = load(path)
    if data:
        section.add(table(("stage", "seconds", "passed", "failed", "skipped", ""),
                          [(s["name"], round(s["seconds"]), s["passed"], s["failed"], s["skipped"],
                            word(s["passed"] and not s["failed"])) for s in data["stages"]],
                          (1, 2, 3, 4)))
        bad = sum(s["failed"] for s in data["stages"])
        section.verdict(not bad, f"{sum(s['passed'] for s in data['stages'])} passed, {bad} failed, "
                        f"{round(sum(s['seconds'] for s in data['stages']) / 60)} min", path)
    return section


# What the other tools write ----------------------------------------------------

def coverage_section(out):
    section = Section("Coverage", "make coverage")
    path = os.path.join(out, "coverage", "summary.json")
    data = load(path)
    if data:
        rows = []
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
        section.verdict(all(r.get("good", True) for r in data["files"]),
                        f"{len(data['files'])} files", path)
    return section


def percent(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "-"


def mutants_section(out):
    section = Section("Mutants", "make mutants")
    path = os.path.join(out, "mutants", "summary.json")
    data = load(path)
    if data:
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
        section.verdict(data["score"] >= data["floor"],
                        f"{data['score']} % killed, floor {data['floor']} %", path)
    return section


def stress_section(out):
    section = Section("Stress", "make stress")
    runs = [(p, load(p)) for p in sorted(glob.glob(os.path.join(out, "stress*", "summary.json")))]
    runs = [(p, d) for p, d in runs if d]
    if runs:
        keys = sorted({k for _, d in runs for k in d["results"]})
        rows = [("when", *(when(p) for p, _ in runs)),
                ("build", *(d["debug"] or "plain" for _, d in runs)),
                ("minutes", *(f"{d['minutes']:g}" for _, d in runs)),
                ("seed", *(d["seed"] for _, d in runs)),
                ("verdict", *(word(not d["failed"], "; ".join(d["failed"]) or "passed")
                              for _, d in runs))]
        rows += [(k, *(d["results"].get(k, "") for _, d in runs)) for k in keys]
        section.add(table(("", *(os.path.basename(os.path.dirname(p)) for p, _ in runs)), rows,
                          range(1, len(runs) + 1)))
        section.verdict(not any(d["failed"] for _, d in runs),
                        ("failed, " if any(d["failed"] for _, d in runs) else "") +
                        f"{sum(d['results'].get('iterations', 0) for _, d in runs)} iterations",
                        runs[-1][0])
    return section


def selftests_section(out):
    section = Section("The kernel's own tests, stock against patched", "make selftests")
    path = os.path.join(out, "selftests", "summary.json")
    data = load(path)
    if data:
        head = sorted(next(iter(data["counts"].values()), {}))
        section.add(table(("tests", *head), [(n, *(row[k] for k in head))
                                             for n, row in sorted(data["counts"].items())],
                          range(1, len(head) + 1)))
        for title in ("differ", "unsteady"):
            if data[title]:
                section.add(f"<h3>{title}</h3>", table(("test", "case", "stock", "patched"),
                                                       data[title]))
        section.verdict(not data["differ"], f"{len(data['differ'])} differences, "
                        f"{len(data['unsteady'])} unsteady", path)
    return section


def rcuscale_section(out):
    section = Section("kvfree_rcu() with and without the page", "make rcuscale")
    for path in sorted(glob.glob(os.path.join(out, "rcuscale*", "results.json"))):
        data = load(path)
        if not data:
            continue
        section.add(f"<h3>{esc(os.path.basename(os.path.dirname(path)))}, {data['ncpus']} CPUs, "
                    f"{data['rounds']} rounds</h3>")
        text = os.path.join(os.path.dirname(path), "table.rst")
        if os.path.exists(text):
            with open(text, encoding="utf-8") as handle:
                section.add(f"<pre>{esc(handle.read())}</pre>")
        section.verdict(not data["bad"], f"{data['rounds']} rounds", path)
    return section


def interval(found):
    if not found:
        return "-"
    low, high = found.get("low"), found.get("high")
    text = f"{found.get('ratio', found.get('value')):.2f}"
    return text if low is None else f"{text} ({low:.2f} to {high:.2f})"


def bench_section(out):
    section = Section("Speed: stock, coarse, split", "make bench")
    path = os.path.join(out, "bench", "results.json")
    data = load(path)
    if not data:
        return section
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
    for plot in sorted(glob.glob(os.path.join(out, "bench", "*.svg"))):
        with open(plot, encoding="utf-8") as handle:
            text = handle.read()
        # Two figures on one page must not share ids.
        stem = re.sub(r"\W", "", os.path.basename(plot))
        text = re.sub(r"^.*?(?=<svg)", "", text, flags=re.S)
        text = re.sub(r'\bid="', f'id="{stem}-', text)
        text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{stem}-", text)
        section.add(f"<div class=plot>{text}</div>")
    verdicts = [row["verdict"].split()[-1].strip("()") for row in data["rows"]]
    met, missed, unsure = (verdicts.count(word) for word in ("met", "missed", "unsure"))
    # A measurement, no test: a goal that is missed does not fail.
    section.verdict(True if not missed + unsure else None,
                    f"{met} goals met, {missed} missed, {unsure} unsure", path)
    return section


SECTIONS = (check_section, tests_section, coverage_section, mutants_section, stress_section,
            selftests_section, rcuscale_section, bench_section)


def first_line(*command):
    try:
        return run(command).stdout.decode("utf-8", "replace").splitlines()[0].strip()
    except (Failure, OSError, IndexError):
        return "not there"


def facts(out):
    """What all this was made with."""
    state = load(os.path.join(out, "linux", ".git", "splitfree.json")) or {}
    source = state.get("source") or [None, None, "not prepared"]
    dirty = run(["git", "-C", ROOT, "status", "--porcelain"]).stdout.strip()
    yield "splitfree", first_line("git", "-C", ROOT, "log", "-1", "--format=%h %cs %s") + \
        (" (with changes that are not committed)" if dirty else "")
    yield "kernel", f"Linux {state.get('version', '?')}, {source[2]}"
    yield "series", str(state.get("head", "?"))[:12]
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


def run_main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=os.path.join(ROOT, "out"))
    options = parser.parse_args()
    out = os.path.abspath(options.out)
    if not os.path.isdir(out):
        raise Failure(f"{show(out)} is not there; run make check first, or another target")
    text, sections = page(out, datetime.datetime.now().strftime("%Y-%m-%d %H:%M"))
    ran = [s for s in sections if s.summary != "not run"]
    if not ran:
        raise Failure(f"{show(out)} has no results yet; run make check first, or another target")
    target = os.path.join(out, "report")
    os.makedirs(target, exist_ok=True)
    path = os.path.join(target, "index.html")
    with open(path + ".new", "w", encoding="utf-8") as handle:
        handle.write(text)
    os.replace(path + ".new", path)
    for section in sections:
        print(f"{section.title:<48} {section.summary}")
    print(f"{show(path)}: {len(text) // 1024} KiB")
    # A page of bad news is a page: the targets themselves fail.
    return PASSED


if __name__ == "__main__":
    main(run_main)
