"""How much of its cores `fanin compare` uses: processor time over wall time and cores.

Run: python3 bench/cores.py [--threads 1,2] [--json FILE]

Nine schemes, three seeds each: 27 trainings of the quick start's network, side by side. Needs a
quiet machine: what other programs take of the cores, fanin cannot use.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "training"))

from machine import load, save
from process import build

SCHEMES = (
    "zeros,normal:0.01,normal:0.1,uniform:0.1,xavier-normal,xavier-uniform,he-normal,he-uniform,"
    "orthogonal"
)


def run(program, threads):
    cores = sorted(os.sched_getaffinity(0))[:threads]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "compare", "--schemes", SCHEMES, "--seeds", "3", "--threads", threads]
        subprocess.run(
            list(map(str, command)), check=True, stdout=subprocess.DEVNULL, cwd=folder,
            stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {
        "threads": threads, "wall": wall, "processor": processor,
        "share": processor / wall / threads,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cores = [str(n + 1) for n in range(len(os.sched_getaffinity(0)))]
    parser.add_argument("--threads", type=lambda text: text.split(","), default=cores[:2])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    program = build().parent / "fanin"
    before = load()
    runs = [run(program, int(threads)) for threads in options.threads]
    for found in runs:
        print(
            f"{found['threads']} thread(s): {found['wall']:.1f} s, {found['processor']:.1f} of the "
            f"processor, {found['share']:.0%} of the cores (bar 90 %), load {before}"
        )
    if options.json:
        save(options.json, load=before, runs=runs)


if __name__ == "__main__":
    main()
