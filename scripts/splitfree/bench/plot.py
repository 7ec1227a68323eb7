# SPDX-License-Identifier: GPL-2.0
"""SVG plots of make bench and make frag, by gnuplot."""

import re
from statistics import median

from splitfree.base.failures import Failure
from splitfree.base.processes import run
from splitfree.bench import stats

NAMES = {"A": "stock", "B": "coarse", "C": "split", "D": "stock again"}
COLOURS = {"A": "#444444", "B": "#d08000", "C": "#0060c0", "D": "#aaaaaa"}


def quote(text):
    return '"' + re.sub(r'["\\]', "", text) + '"'


def gnuplot(path, size, lines):
    script = "\n".join([f"set terminal svg noenhanced size {size} font 'sans,11' background 'white'",
                        f"set output {quote(path)}", *lines]) + "\n"
    result = run(["gnuplot"], input=script.encode())
    if result.returncode:
        raise Failure("gnuplot could not draw " + path + ": "
                      + result.stderr.decode("utf-8", "replace").strip().splitlines()[-1])


def block(name, rows):
    """Data within the script."""
    return [f"{name} << EOD", *rows, "EOD"]


def ratios(path, rows, data):
    """Each row of the table as ratios to stock, with their intervals."""
    lines, plots, labels, shown = [], [], [], 0
    points = {letter: [] for letter in "DBC"}
    keys = set()
    for row in rows:
        key = f"{row.case}.{row.metric}"
        stock = stats.of_stock(data, key)
        if not stock or not data["C"].get(key) or key in keys or row.case == "memory":
            continue
        keys.add(key)
        shown += 1
        labels.append(f"{quote(row.what)} {-shown}")
        for offset, letter in enumerate("DBC"):
            below = data["A"].get(key) or [] if letter == "D" else stock
            found = stats.ratio(data[letter].get(key) or [], below)
            if found and found.low > 0:
                points[letter].append(f"{found.value} {-shown - 0.22 * (offset - 1)} "
                                      f"{found.low} {found.high}")
    if not shown:
        return False
    for letter in "DBC":
        if points[letter]:
            lines += block(f"${letter}", points[letter])
            plots.append(f"${letter} using 1:2:3:4 with xerrorbars pt 7 ps 0.6 lw 1.5 "
                         f"lc rgb {quote(COLOURS[letter])} title {quote(NAMES[letter])}")
    lines += ["set logscale x", "set grid x", "set xlabel 'ratio to stock, log scale'",
              f"set yrange [{-shown - 1}:0]", f"set ytics ({', '.join(labels)})",
              "set key outside top center horizontal",
              "set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb '#cc0000' dt 2",
              "plot " + ", ".join(plots)]
    gnuplot(path, f"900,{120 + 24 * shown}", lines)
    return True


def freers(path, data, prefix="many_to_one_", metric="free_median_ns"):
    """Cost of a free against the number of CPUs that free, or that own."""
    lines, plots = [], []
    for letter in "ABC":
        points = []
        for key, values in data[letter].items():
            match = re.fullmatch(rf"{prefix}(\d+)\.{metric}", key)
            if match:
                points.append((int(match.group(1)), median(values)))
        if points:
            lines += block(f"${letter}", [f"{n} {ns}" for n, ns in sorted(points)])
            plots.append(f"${letter} with linespoints pt 7 ps 0.6 lw 1.5 "
                         f"lc rgb {quote(COLOURS[letter])} title {quote(NAMES[letter])}")
    if not plots:
        return False
    what = "CPUs that free the pages of one" if "many_to" in prefix else "CPUs whose pages one frees"
    lines += ["set logscale x 2", "set logscale y", "set grid", f"set xlabel '{what}'",
              "set ylabel 'ns a page, median'", "plot " + ", ".join(plots)]
    gnuplot(path, "640,420", lines)
    return True


def scaling(path, rows, by_cpus):
    """Ratio of split to stock against the number of CPUs. by_cpus: {CPUs: data}."""
    lines, plots = [], []
    for row in rows:
        key = f"{row.case}.{row.metric}"
        points = []
        for ncpus, data in sorted(by_cpus.items()):
            found = stats.ratio(data["C"].get(key) or [], stats.of_stock(data, key))
            if found:
                points.append(f"{ncpus} {found.value} {found.low} {found.high}")
        if len(points) > 1 and row.boot == "few" and row.goal.startswith("stock"):
            name = f"$p{len(plots)}"
            lines += block(name, points)
            number = len(plots)
            plots.append(f"{name} using 1:2 with linespoints lt {number + 1} lw 1.5 "
                         f"dt {1 + number // 8} ps 0.6 title {quote(row.what)}")
    if not plots:
        return False
    lines += ["set logscale x 2", "set logscale y", "set grid", "set xlabel 'CPUs'",
              "set ylabel 'split/stock'", "set key outside right",
              "plot " + ", ".join(plots)]
    gnuplot(path, "1100,600", lines)
    return True


def smooth(points, window):
    """The mean of the window around each point."""
    found = []
    for number, (at, _) in enumerate(points):
        near = [value for _, value in points[max(0, number - window // 2):number + window // 2 + 1]]
        found.append((at, sum(near) / len(near)))
    return found


def age(path, curves, window):
    """Whole blocks and pieces over time. curves: {kernel: the samples of pcp_frag.c}."""
    colour = {name: COLOURS[letter] for letter, name in NAMES.items()}
    lines = ["set grid", "set yrange [0:]", "set key outside top center horizontal",
             "set multiplot layout 2,1"]
    # A sample: second, whole blocks, free pages, pages on PCPs, pages that wait, pieces by order.
    for what, value, label in (
            ("whole", lambda row: row[1], "whole free blocks"),
            ("pieces", lambda row: sum(row[5:]) - row[1], "smaller free pieces")):
        plots = []
        for kernel, samples in curves.items():
            points = [(row[0], value(row)) for row in samples]
            for name, found, width in ((kernel, points, 0.5),
                                       (f"{kernel}_mean", smooth(points, window), 2)):
                lines += block(f"${what}_{name}", [f"{at} {number:.1f}" for at, number in found])
                title = f"title {quote(kernel)}" if width > 1 else "notitle"
                plots.append(f"${what}_{name} using 1:2 with lines lw {width} "
                             f"lc rgb {quote(colour[kernel])} {title}")
        lines += [f"set ylabel {quote(label)}", f"set xlabel {quote('seconds')}",
                  "plot " + ", ".join(plots)]
    gnuplot(path, "1000,700", lines + ["unset multiplot"])
