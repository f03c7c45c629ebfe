"""Writes what was measured into a page: tables between marks, and a chart beside the page.

The page is written by hand but for what lies between `<!-- name -->` and `<!-- /name -->`; each
name is a JSON file of `bench/results` and has a function here.
"""

import json
import re
from html import escape
from math import log2
from pathlib import Path

from process import BENCH
from workloads import share_of_peak

RESULTS = BENCH / "results"
# Least ratios that are asked for: one word for each group of peers.
BARS = {
    "torch-eager": {"A": 6, "B": 1.8, "C": 1.5, "D": 1.2, "F": 1, "G": 1},
    "torch-fused": {"A": 4, "B": 1.5, "C": 1.4, "D": 1.1, "F": 1},
    "torch-compiled": {"A": 5, "B": 1.8, "C": 1.3, "D": 1.05, "F": 1, "G": 1},
    "torch-channels-last": {"F": 1, "G": 1},
    "jax-steps": {"A": 1.6, "B": 1.15, "C": 1.1, "D": 1.05, "F": 1.5, "G": 1.5},
    "jax-scan": {"A": 1.6, "B": 1.15, "C": 1.1, "D": 1.05, "F": 1.5},
    "tensorflow": {"A": 6, "B": 1.5, "C": 1.2, "D": 1, "F": 1, "G": 1},
    "burn": {"A": 3, "B": 1.6, "C": 1.5, "D": 1.15, "F": 1.5, "G": 1.5},
    "candle": {"A": 3, "B": 1.6, "C": 1.5, "D": 1.15, "F": 1.5, "G": 1.5},
    "scikit-learn": {"A": 3, "B": 1.6, "C": 1.5, "D": 1.15},
}
SHARES = {"B": 0.75, "C": 0.70, "D": 0.80}


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def word(reached, bar):
    return "" if bar is None else ", met" if reached else ", **missed**"


def machine_line(machine):
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    peaks = " and ".join(f"{peak:.0f}" for peak in machine["peaks"])
    both = "1 and 2 threads multiply and add" if len(machine["peaks"]) > 1 else "a thread multiplies and adds"
    return (
        f"Measured until {machine['date']}: {machine['cores']} cores of "
        f"{machine['processor']}, {machine['system']}; {both} "
        f"at most {peaks} GFLOP/s in registers. {versions}."
    )


def name_of(result):
    optimizer = "" if result["optimizer"] == "none" else f" {result['optimizer']}"
    return f"{result['workload']}{optimizer}"


def ratio_cell(result, peer):
    ratio = result["ratio"].get(peer)
    if ratio is None:
        return ""
    bar = BARS[peer].get(result["workload"])
    # The spread decides too: a bar within the quartiles is neither met nor missed.
    sure = bar is not None and not ratio["low"] < bar < ratio["high"]
    verdict = word(ratio["median"] >= bar, bar) if sure else "" if bar is None else ", open"
    return f"{ratio['median']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f}){verdict}"


def speed_tables(document):
    results, peaks = document["results"], document["machine"]["peaks"]
    parts = [machine_line(document["machine"])]
    for threads in sorted({result["threads"] for result in results}):
        own = [result for result in results if result["threads"] == threads]
        loads = [result["load"] for result in own]
        commits = ", ".join(sorted({result["commit"] for result in own}))
        plural = "s" if threads > 1 else ""
        parts.append(
            f"### {threads} thread{plural} (load {min(loads):.1f} to {max(loads):.1f}; commit {commits})\n\n"
            "How many times as fast fanin is: median (quartiles), and whether the bar is met; "
            "`open` where the quartiles enclose the bar."
        )
        for group in (["torch-eager", "torch-fused", "torch-compiled", "torch-channels-last"],
                      ["jax-steps", "jax-scan", "tensorflow"], ["burn", "candle", "scikit-learn"]):
            rows = [[name_of(r), *(ratio_cell(r, peer) for peer in group)] for r in own]
            parts.append(table(["against", *group], rows))
        parts.append(table(
            ["fanin", "thousand samples/s", "GFLOP/s", "of the peak", "bar"],
            [own_row(result, peaks) for result in own],
        ))
    parts.append("### Two threads against one\n\n" + scaling_table(results))
    parts.append("### Memory\n\n" + memory_table(results))
    return "\n\n".join(parts)


def own_row(result, peaks):
    share = share_of_peak(result, peaks)
    bar = SHARES.get(result["workload"])
    rate = result["samples_per_second"]["fanin"] / 1e3
    said = f"{bar:.0%}{word(share >= bar, bar)}" if bar else ""
    return [name_of(result), f"{rate:.1f}", f"{result['gigaflops']:.0f}", f"{share:.0%}", said]


def scaling_table(results):
    rate = {(name_of(r), r["threads"]): r["samples_per_second"]["fanin"] for r in results}
    names = dict.fromkeys(name for name, threads in rate if (name, 2) in rate and (name, 1) in rate)
    rows = []
    for name in names:
        gain = rate[name, 2] / rate[name, 1]
        bar = 1.7 if name[0] in "BCD" else None
        rows.append([name, f"{gain:.2f}", f"{bar}{word(gain >= bar, bar)}" if bar else ""])
    return table(["fanin", "times as fast", "bar"], rows)


def said_megabytes(result, name):
    return f"{result['peak_megabytes'][name]:.0f}" if name in result["peak_megabytes"] else ""


def memory_table(results):
    rows, peers = [], ["torch-eager", "jax-steps", "tensorflow"]
    for result in results:
        taken = result["bytes"]["taken"]
        if result["threads"] != 1 or not taken:
            continue
        kept, activations = result["bytes"]["weights_and_state"], result["bytes"]["activations"]
        bar = kept + 1.2 * activations
        megabytes = [said_megabytes(result, name) for name in peers]
        rows.append([
            name_of(result), f"{taken / 1e6:.1f}", f"{kept / 1e6:.1f}", f"{activations / 1e6:.1f}",
            f"{bar / 1e6:.1f}{word(taken <= bar, bar)}",
            f"{result['peak_megabytes']['fanin']:.0f}", *megabytes,
        ])
    head = ["MB", "network and optimizer", "weights and state", "activations", "bar",
            "whole process", *peers]
    return table(head, rows)


SHADES = ["#4269d0", "#6cc5b0", "#3ca951", "#97bbf5", "#efb118", "#ff8ab7", "#ff725c", "#9c6b4e",
          "#9498a0", "#a463f2"]


def chart(document, threads=1):
    """Bars of fanin's ratio to each peer on a scale of logarithms; below 1 they go to the left."""
    results = [r for r in document["results"] if r["threads"] == threads]
    peers = [peer for peer in BARS if any(peer in r["ratio"] for r in results)]
    bar, left, width, low, high = 8, 70, 640, 0.5, 32.0
    place = lambda ratio: left + width * (log2(ratio) - log2(low)) / (log2(high) - log2(low))
    top, parts = 52, []
    for index, peer in enumerate(peers):
        x, y = 10 + index % 5 * 145, 14 + index // 5 * 16
        parts.append(f'<rect x="{x}" y="{y - 8}" width="10" height="10" fill="{SHADES[index]}"/>')
        parts.append(f'<text x="{x + 14}" y="{y + 1}">{escape(peer)}</text>')
    for result in results:
        shown = [peer for peer in peers if peer in result["ratio"]]
        height = bar * len(shown)
        parts.append(f'<text x="10" y="{top + height / 2 + 4}">{name_of(result)}</text>')
        for index, peer in enumerate(shown):
            end = place(min(max(result["ratio"][peer]["median"], low), high))
            x, y = min(end, place(1.0)), top + index * bar
            label = f"{name_of(result)}, {peer}: {result['ratio'][peer]['median']:.2f}"
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{abs(end - place(1.0)):.1f}" '
                f'height="{bar - 1}" fill="{SHADES[peers.index(peer)]}"><title>{label}</title></rect>'
            )
        top += height + 8
    for ratio in (0.5, 1, 2, 4, 8, 16, 32):
        x = place(ratio)
        parts.append(f'<line x1="{x:.1f}" y1="44" x2="{x:.1f}" y2="{top}" stroke="#888" '
                     f'stroke-width="{1.5 if ratio == 1 else 0.4}"/>')
        parts.append(f'<text x="{x:.1f}" y="{top + 14}" text-anchor="middle">{ratio:g}×</text>')
    date, processor = document["machine"]["date"], escape(document["machine"]["processor"])
    parts.append(f'<text x="{left}" y="{top + 32}">How many times as fast fanin trains, {threads} '
                 f'thread{"s" * (threads > 1)}; {date}, {processor}</text>')
    size = f'viewBox="0 0 {left + width + 20} {top + 42}" width="{left + width + 20}"'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" '
            f'font-size="11" fill="#777">\n' + "\n".join(parts) + "\n</svg>\n")


def slope(points):
    """Of the line of least squares through the logarithms."""
    import numpy as np

    x, y = np.log([p[0] for p in points]), np.log([p[1] for p in points])
    return float(np.polyfit(x, y, 1)[0])


def growth_tables(document):
    parts = [machine_line(document["machine"]) + f" Load {document['load']}; one thread."]
    for axis, points in document["time"].items():
        upper = points[len(points) // 2 :]
        rows = [[p[0], f"{p[1] * 1e3:.3f}", f"{p[2] * 1e3:.1f}", f"{p[3] / 1e6:.2f}"] for p in points]
        parts.append(
            f"By {axis}: log–log slope {slope(points):.2f}, over the upper half {slope(upper):.2f}.\n\n"
            + table([axis, "ms a step", "ms to plan", "MB"], rows)
        )
    return "\n\n".join(parts)


def fashion_table(document):
    rows = [
        [name, f"{r['seconds']:.1f} ({r['low']:.1f}–{r['high']:.1f})", f"{r['accuracy']:.2%}",
         f"{r['seconds'] / document['runs']['fanin']['seconds']:.2f}"]
        for name, r in document["runs"].items()
    ]
    head = ["", "seconds of the process", "test accuracy", "times fanin's"]
    return f"{machine_line(document['machine'])} Load {document['load']}.\n\n" + table(head, rows)


def cores_table(document):
    rows = [[r["threads"], f"{r['wall']:.1f}", f"{r['processor']:.1f}", f"{r['share']:.0%}"]
            for r in document["runs"]]
    head = ["threads", "seconds", "of the processor", "of the cores"]
    return f"{machine_line(document['machine'])} Load {document['load']}.\n\n" + table(head, rows)


def activations_table(document):
    head = ["ns an element", "fanin", "torch", "times as fast (quartiles)"]
    rows = [
        [f"{r['activation']}, {r['what']}", f"{r['fanin']:.2f}", f"{r['torch']:.2f}",
         f"{r['ratio']['median']:.2f} ({r['ratio']['low']:.2f}–{r['ratio']['high']:.2f})"]
        for r in document["results"]
    ]
    line = f"{machine_line(document['machine'])} Load {document['load']}; one thread."
    return f"{line}\n\n{table(head, rows)}"


def profile_table(document):
    runs = document["runs"]
    kinds = list(next(iter(runs.values())))
    rows = [[case.replace("-", " "), *(f"{run[kind]:.0%}" for kind in kinds)]
            for case, run in runs.items()]
    return table(["of the instructions", *kinds], rows)


WRITERS = {
    "training": speed_tables, "scaling": growth_tables, "fashion": fashion_table,
    "cores": cores_table, "activations": activations_table, "profile": profile_table,
}


CHART = "How many times as fast fanin trains as each peer"


def publish(page):
    text = page.read_text()
    for name, writer in WRITERS.items():
        file = RESULTS / f"{name}.json"
        if not file.exists():
            print(f"{file} is missing, so its tables stay as they are")
            continue
        document = json.loads(file.read_text())
        chart_line = f"![{CHART}](performance.svg)\n\n" if name == "training" else ""
        made = f"<!-- {name} -->\n\n{chart_line}{writer(document)}\n\n<!-- /{name} -->"
        pattern = rf"<!-- {name} -->.*?<!-- /{name} -->"
        text, count = re.subn(pattern, lambda _: made, text, flags=re.DOTALL)
        if count != 1:
            raise SystemExit(f"{page} has no place for {name}")
        if name == "training":
            (page.parent / "performance.svg").write_text(chart(document))
    page.write_text(text)
