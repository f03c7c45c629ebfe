"""Counts the instructions of training steps and holds them against those of the last time.

Run: python3 bench/instructions.py [--workloads A-sgd,E-adam] [--write]

A gate against slow code that no busy machine can blur: one thread under valgrind's callgrind, which
shows programs a processor with AVX2 and without AVX-512 on any newer x86-64, so that counts differ
between machines only as compilers and C libraries do. Two runs of different length are subtracted, and
only steps remain. Ends with 1 if a step takes over 2 % more instructions than `instructions.json`
says, or over 2 % fewer, in which case `--write` keeps the better count. Needs valgrind, numpy and
safetensors.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "training"))

from process import build
from training import write_job

STORED = HERE / "instructions.json"
TOLERANCE = 0.02
SHORT, LONG = 3, 9
CASES = ["A-sgd", "A-adam", "B-sgd", "E-adam"]


def count(program, job):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, job]
    said = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    found = re.search(r"Collected : (\d+)", said.stderr)
    if said.returncode or not found:
        raise SystemExit(f"callgrind failed: {said.stderr[-2000:]}")
    return int(found.group(1))


def per_step(program, case):
    name, optimizer = case.split("-")
    with tempfile.TemporaryDirectory() as folder:
        counts = [
            count(program, write_job(Path(folder), name, optimizer, 1, steps))
            for steps in (SHORT, LONG)
        ]
    return (counts[1] - counts[0]) / (LONG - SHORT)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", type=lambda text: text.split(","), default=CASES)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    program = build()
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    failed = False
    for case in options.workloads:
        found = round(per_step(program, case))
        before = stored.get(case)
        change = found / before - 1 if before else 0.0
        differs = before is None or abs(change) > TOLERANCE
        verdict = "differs" if differs and not options.write else "ok"
        print(f"{case:8} {found:12} instructions a step, {change:+.2%}: {verdict}", flush=True)
        failed |= differs
        if options.write:
            stored[case] = found
            STORED.write_text(json.dumps(stored, indent=1) + "\n")
    if failed and not options.write:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
