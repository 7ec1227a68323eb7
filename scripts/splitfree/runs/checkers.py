# SPDX-License-Identifier: GPL-2.0
"""Complaints of well-kept checkers about the lines of the series.

Each check is a function that returns complaints. A checker that reads whole
files also speaks of lines that are not ours: those are left out. Excuses are in
tools/testing/excuses/lint.list, with a reason each; one that is not used any more is a
complaint.
"""

import collections
import contextlib
import glob
import os
import re
import shutil
import subprocess
import tempfile

from splitfree.base.paths import ROOT, TESTING, show
from splitfree.base.processes import run
from splitfree.judge import excuses as excuse_lists
from splitfree.kernel import uml

EXCUSES = os.path.join(TESTING, "excuses/lint.list")
WORDS = os.path.join(TESTING, "excuses/codespell.list")
# Debian 12's sparse does not know this word, which kbuild asks for; to sparse
# both mean the same, but for qualifiers.
SPARSE = "sparse -D__typeof_unqual__=__typeof__"
MESSAGE = re.compile(r"^(?P<path>[^\s:]+):(?P<line>\d+):(?:[\d-]+:)? (?P<text>.*)$")
OWN_TEXT = ("README.md", "CONTRIBUTING.md", "docs", "patches", "kunit", "scripts", "tools",
            "mm", "include", "lib", "Documentation", "ci", ".github", ".gitlab-ci.yml")

Excuse = collections.namedtuple("Excuse", "kind path reason")
Complaint = collections.namedtuple("Complaint", "path line kind text")


class Skip(Exception):
    """A check that cannot run here, and why."""


def read_excuses(path=EXCUSES):
    """Lines "kind | path-pattern | reason"."""
    return [Excuse(one.fields[0], re.compile(one.fields[1] + r"\Z"), one.reason)
            for one in excuse_lists.entries(path, 2, show=show)]


def excused(complaint, excuses):
    return next((e for e in excuses
                 if e.kind == complaint.kind and e.path.match(complaint.path)), None)


def added_lines(tree, first="stock", last="splitfree"):
    """{path: line numbers that the series added or changed}."""
    lines, path = collections.defaultdict(set), None
    for row in tree.lines("diff", "-U0", "--no-color", first, last):
        if row.startswith("+++ "):
            path = row[6:] if row.startswith("+++ b/") else None
        match = re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", row)
        if match and path:
            start, count = int(match[1]), int(match[2] or 1)
            lines[path].update(range(start, start + count))
    return lines


def own(text, lines, kind=None):
    """Complaints of a compiler-like output that are about our lines."""
    found = []
    for row in text.splitlines():
        match = MESSAGE.match(row.replace("./", "", 1) if row.startswith("./") else row)
        if match and int(match["line"]) in lines.get(match["path"], ()):
            word = kind or (re.match(r"(?:ERROR|WARNING|CHECK):(\w+)", match["text"]) or
                            [0, match["text"].split(":")[0]])[1]
            found.append(Complaint(match["path"], int(match["line"]), word, match["text"]))
    return found


def need(program):
    if not shutil.which(program):
        raise Skip(f"{program} is not there")


def checkpatch(tree, mails, log):
    """checkpatch.pl --strict: errors and warnings; checks go to the log only."""
    found = []
    for mail in mails:
        result = run(["perl", "scripts/checkpatch.pl", "--strict", "--show-types", "--terse",
                      "--showfile", "--color=never", mail], cwd=tree.path)
        text = result.stdout.decode("utf-8", "replace")
        log.write(f"{os.path.basename(mail)}\n{text}{result.stderr.decode()}\n")
        # Of a mail without complaints it says nothing at all.
        if result.returncode and not re.search(r"^total: \d+ errors?, \d+ warn", text, re.M):
            found.append(Complaint(os.path.basename(mail), 0, "checkpatch", "did not finish"))
        for row in text.splitlines():
            match = re.match(r"(\S+?):(\d+): (ERROR|WARNING):(\w+): (.*)", row)
            if match:
                found.append(Complaint(match[1], int(match[2]), match[4], match[5]))
            elif re.match(r"(ERROR|WARNING):", row):
                found.append(Complaint(os.path.basename(mail), 0, row.split(":")[1], row))
    return found


def c_files(tree, lines):
    return sorted(p for p in lines if p.endswith((".c", ".h"))
                  and os.path.exists(os.path.join(tree.path, p)))


def is_configured(makefile, config, name):
    """Does a kernel of this configuration have an object? By the text of its Makefile."""
    found = re.search(rf"^obj-\$\((CONFIG_\w+)\)\s*[+:]?=.*\b{re.escape(name)}(?:\s|$)", makefile,
                      re.M)
    return not found or re.search(rf"^{found[1]}=", config, re.M) is not None


def objects(tree, lines, config):
    """Objects that are built beside mm/, as far as the configuration has it."""
    for path in c_files(tree, lines):
        if not path.endswith(".c") or path.startswith("mm/"):
            continue
        with contextlib.suppress(OSError):
            with open(os.path.join(tree.path, os.path.dirname(path), "Makefile"),
                      encoding="utf-8") as handle:
                if not is_configured(handle.read(), config, os.path.basename(path)[:-2] + ".o"):
                    continue
        yield path[:-2] + ".o"


def compiler(tree, lines, log, kernel):
    """W=1 and sparse, over all that a UML kernel with every suite has."""
    need("sparse")
    kernel.configure(tree)
    with open(os.path.join(kernel.dir, ".config"), encoding="utf-8") as handle:
        files = list(objects(tree, lines, handle.read()))
    result = subprocess.run(["make", "-C", kernel.linux, "ARCH=um", "O=" + kernel.dir,
                             f"-j{kernel.jobs}", "W=1", "C=2", "CHECK=" + SPARSE,
                             *kernel.make_options(), "mm/", *files],
                            env=kernel.environment(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = result.stdout.decode("utf-8", "replace").replace(kernel.linux + "/", "")
    text = re.sub(r"^(?:\.\./)+", "", text, flags=re.M)
    log.write(text)
    if result.returncode:
        return [Complaint("mm", 0, "W=1", "did not build: " + text.strip().splitlines()[-1])]
    if not re.search(r"^\s*CHECK\s+.*mm/pcp/", text, re.M):
        return [Complaint("mm", 0, "sparse", "did not look at mm/pcp/")]
    found = [c for c in own(text, lines, "compiler") if "note:" not in c.text[:5]]
    return [c._replace(kind="bad-constant") if "bad constant expression" in c.text else c
            for c in found]


def loop_macros(texts):
    """Macros that make a loop, for cppcheck, which reads no kernel header."""
    words = sorted({word for text in texts
                    for word in re.findall(r"^\s+(\w*for_each\w*)\(", text, re.M)})
    return "".join(f"#define {w}(v, n, ...) for ((v) = (n) = any(); any();)\n"
                   if w.endswith("_safe") else
                   f"#define {w}(v, ...) for ((v) = any(); any();)\n" for w in words)


def cppcheck_files(top, files, log):
    texts = []
    for path in files:
        with open(os.path.join(top, path), encoding="utf-8") as handle:
            texts.append(handle.read())
    with tempfile.NamedTemporaryFile("w", suffix=".h", encoding="utf-8") as loops:
        loops.write(loop_macros(texts))
        loops.flush()
        result = run(["cppcheck", "--quiet", "--enable=warning,performance,portability",
                      "--template={file}:{line}: {severity}: {message} [{id}]", "-D__KERNEL__",
                      "-DCONFIG_SMP=1", "-DCONFIG_NUMA=1", "-DCONFIG_SPARSEMEM=1",
                      "--include=" + loops.name, *(p for p in files if p.endswith(".c"))],
                     cwd=top, stderr=subprocess.STDOUT)
    text = result.stdout.decode("utf-8", "replace")
    log.write(text)
    found = []
    for row in text.splitlines():
        match = re.match(r"(\S+?):(\d+): (\w+): (.*) \[(\w+)\]$", row)
        if match and match[3] != "information":
            found.append(Complaint(match[1], int(match[2]), match[5], match[4]))
    return found


def cppcheck(tree, lines, log):
    need("cppcheck")
    files = [p for p in c_files(tree, lines) if "/pcp/" in p or p.startswith("lib/tests")]
    return cppcheck_files(tree.path, files, log)


def coccinelle(tree, lines, log):
    """The kernel's own semantic patches, on the files that are all ours."""
    need("spatch")
    found = []
    for rule in sorted(glob.glob(os.path.join(tree.path, "scripts/coccinelle/*/*.cocci"))):
        with open(rule, encoding="utf-8") as handle:
            if not re.search(r"^virtual.*\breport\b", handle.read(), re.M):
                continue
        result = run(["timeout", "300", "spatch", "-D", "report", "--very-quiet",
                      "--no-show-diff", "--no-includes", "--include-headers", "--cocci-file",
                      rule, "--dir", "mm/pcp"], cwd=tree.path)
        text = result.stdout.decode("utf-8", "replace")
        log.write(f"{os.path.basename(rule)}\n{text}{result.stderr.decode()}\n")
        if result.returncode == 124:
            found.append(Complaint("mm/pcp", 0, os.path.basename(rule), "did not end"))
        found += own(text, lines, os.path.basename(rule))
    return found


def kernel_doc_rows(text):
    """Its "Warning: path:line what" as a compiler would say it, each once."""
    rows = re.findall(r"^(?:Warning|Error): (\S+?:\d+):? (.*)$", text, re.M)
    return "".join(f"{place}: {what}\n" for place, what in dict.fromkeys(rows))


def kernel_doc(tree, lines, log):
    found = []
    for path in c_files(tree, lines):
        result = run(["scripts/kernel-doc", "-none", "-Wall", path], cwd=tree.path,
                     stderr=subprocess.STDOUT)
        text = result.stdout.decode("utf-8", "replace")
        log.write(text)
        found += own(kernel_doc_rows(text), lines, "kernel-doc")
    return found


PAGE = "mm/pcp.rst"
# Warnings of an index of one page, and of machines without graphviz or the translations.
NO_WARNING = re.compile(r"logo\.svg|dot\(1\)|/translations/")


def sphinx_rows(text):
    """Its warnings, without the directory that the page was built in."""
    rows = [re.sub(r"\x1b\[[\d;]*m", "", row) for row in text.splitlines()]
    return [re.sub(r"^\S*/Documentation/", "Documentation/", row) for row in rows
            if re.search(r"\b(WARNING|ERROR|SEVERE)\b", row) and not NO_WARNING.search(row)]


def sphinx_page(top, page, log):
    """Build one page of Documentation/ by the kernel's own conf.py. Returns its warnings."""
    with tempfile.TemporaryDirectory() as there:
        for name in os.listdir(top):
            if name not in ("Documentation", ".git"):
                os.symlink(os.path.join(top, name), os.path.join(there, name))
        docs = os.path.join(there, "Documentation")
        os.makedirs(os.path.join(docs, os.path.dirname(page)))
        for name in ("conf.py", "docutils.conf", "sphinx", "sphinx-static", page):
            os.symlink(os.path.join(top, "Documentation", name), os.path.join(docs, name))
        with open(os.path.join(docs, "index.rst"), "w", encoding="ascii") as handle:
            handle.write(f"=====\nindex\n=====\n\n.. toctree::\n\n   {page[:-4]}\n")
        env = {**os.environ, "srctree": there, "BUILDDIR": there, "KERNELVERSION": "7.3",
               "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
               "PYTHONPATH": os.path.join(top, "tools/lib/python")}
        result = run(["sphinx-build", "-b", "html", "-D", "version=7.3", "-D", "release=7.3",
                      ".", os.path.join(there, "html")], cwd=docs, env=env,
                     stderr=subprocess.STDOUT)
        built = os.path.exists(os.path.join(there, "html", page[:-4] + ".html"))
    text = result.stdout.decode("utf-8", "replace")
    log.write(text)
    return sphinx_rows(text) + ([] if built else ["the page was not built: see the log"])


def sphinx(tree, _, log):
    need("sphinx-build")
    return [Complaint(f"Documentation/{PAGE}", 0, "sphinx", row)
            for row in sphinx_page(tree.path, PAGE, log)]


def codespell(tree, _, log):
    del tree
    need("codespell")
    words = [one.fields[0] for one in excuse_lists.entries(WORDS, 1, show=show)]
    result = run(["codespell", "-L", ",".join(words), "--skip=*/data/*",
                  *(p for p in OWN_TEXT if os.path.exists(os.path.join(ROOT, p)))],
                 cwd=ROOT)
    text = result.stdout.decode("utf-8", "replace")
    log.write(text)
    return [Complaint(*(row.split(":", 2)[:1]), 0, "codespell", row)
            for row in text.splitlines() if row.strip()]


def maintainers(tree, mails, log):
    """get_maintainer.pl runs, and knows whom each mail goes to."""
    found = []
    for mail in mails:
        result = run(["perl", "scripts/get_maintainer.pl", "--no-git", "--no-git-fallback", "--nol",
                      "--norolestats", mail], cwd=tree.path)
        text = result.stdout.decode("utf-8", "replace")
        log.write(f"{os.path.basename(mail)}\n{text}{result.stderr.decode()}\n")
        if result.returncode or not text.strip():
            found.append(Complaint(os.path.basename(mail), 0, "get_maintainer",
                                   "names nobody: " + result.stderr.decode().strip()[:80]))
    return found


def checks(job, mails):
    """(name, function of a log that returns complaints)."""
    tree = job.tree
    lines = added_lines(tree)
    kernel = uml.kernel(job.out, "series", uml.fragments("lockdep"), tree.path,
                        job.path("build.log"), job.options)
    yield "checkpatch", lambda log: checkpatch(tree, mails, log)
    yield "W=1, sparse", lambda log: compiler(tree, lines, log, kernel)
    yield "cppcheck", lambda log: cppcheck(tree, lines, log)
    yield "coccinelle", lambda log: coccinelle(tree, lines, log)
    yield "kernel-doc", lambda log: kernel_doc(tree, lines, log)
    yield "sphinx", lambda log: sphinx(tree, lines, log)
    yield "codespell", lambda log: codespell(tree, lines, log)
    yield "get_maintainer", lambda log: maintainers(tree, mails, log)
