"""Which instructions training steps consist of: products, elementwise passes, optimizer, the rest.

Run: python3 bench/step_profile.py [--workloads A-adam,C-sgd] [--json FILE]

Counted by valgrind's callgrind inside of steps, on one thread and as if the processor had AVX2 at most.
Instructions are no seconds: one of a product does more work than one of a copy, and waiting for
memory is none. Needs valgrind, numpy and safetensors.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "training"))

from machine import load, save
from process import build
from training import write_job

CASES = ["A-adam", "B-adam", "C-adam", "E-adam", "F-adam"]
STEPS = 4
# The inner loops of products are assembly without names.
KINDS = {
    "products": r"^\?\?\?:0x|gemm|matmul|product",
    "convolutions and pools": r"conv|pool|window",
    "elementwise passes and optimizer": r"wide::|elementwise|functions|optimizers|activat|reduce",
    "copying": r"mem(cpy|move|set)|strided",
    "splitting": r"threads::|rayon",
}


def kind_of(function):
    for kind, pattern in KINDS.items():
        if re.search(pattern, function):
            return kind
    return "the rest"


def profile(program, case):
    name, optimizer = case.split("-")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        job = write_job(folder, name, optimizer, 1, STEPS)
        found = folder / "callgrind.out"
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=*Steps*advance*",
             f"--callgrind-out-file={found}", program, job],
            check=True, capture_output=True, stdin=subprocess.DEVNULL,
        )
        said = subprocess.run(
            ["callgrind_annotate", "--threshold=100", found], check=True, capture_output=True, text=True
        )
    counts = {}
    for line in said.stdout.splitlines():
        match = re.match(r"\s*([\d,]+) \(\s*[\d.]+%\)\s+(.+)", line)
        if match and "PROGRAM TOTALS" not in line:
            kind = kind_of(match.group(2))
            counts[kind] = counts.get(kind, 0) + int(match.group(1).replace(",", ""))
    total = sum(counts.values())
    return {kind: counts.get(kind, 0) / total for kind in [*KINDS, "the rest"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", type=lambda text: text.split(","), default=CASES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    program = build()
    runs = {}
    for case in options.workloads:
        runs[case] = profile(program, case)
        shares = ", ".join(f"{kind} {share:.0%}" for kind, share in runs[case].items())
        print(f"{case}: {shares}", flush=True)
        if options.json:
            save(options.json, load=load(), runs=runs)


if __name__ == "__main__":
    main()
