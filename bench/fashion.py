"""Times whole processes that train on Fashion-MNIST: `fanin train` and the same elsewhere.

Run: python3 bench/fashion.py [--peers torch-loader,keras] [--rounds 3] [--threads 2] [--json FILE]

784-256-256-10 with relu, batch 128, ten epochs of Adam on all 60,000 rows, accuracy on the 10,000
of the test set. From start to end of the process: imports, reading, training, writing. Rounds are
interleaved and have seeds of their own; told are medians. The files come from Debian's package
`dataset-fashion-mnist`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "training"))

from machine import load, save
from process import build

FOLDER = "/usr/share/datasets/fashion-mnist"
PEERS = ["torch-loader", "torch-in-memory", "keras", "scikit-learn"]
SPEC = """
model = "784 -> 2x256 relu -> 10"

[optimizer]
name = "adam"
learning_rate = 0.001

[train]
epochs = 10
batch_size = 128
validation_fraction = 0.0

[data]
source = "fashion-mnist"
"""


def fanin(program, threads, seed, folder):
    (folder / "spec.toml").write_text(SPEC)
    words = ["train", "spec.toml", "--json", "--threads", threads, "--seed", seed]
    command = [program, *words, "--runs", folder / f"runs-{seed}"]
    said = subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True, cwd=folder
    )
    return accuracy(json.loads(said.stdout))


def accuracy(said):
    """The test accuracy at the end of what `fanin train --json` says."""
    return said["epochs"][-1]["accuracy"]


def peer(name, threads, seed):
    command = [sys.executable, HERE / "training" / "peers" / "fashion_peer.py", name, threads]
    command += [FOLDER, seed]
    said = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    return float(said.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--peers", type=lambda text: text.split(","), default=PEERS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=cores)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    program = build().parent / "fanin"
    before = load()
    runs = {name: [] for name in ["fanin", *options.peers]}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.rounds):
            for name, found in runs.items():
                started = time.perf_counter()
                if name == "fanin":
                    reached = fanin(program, options.threads, seed, Path(folder))
                else:
                    reached = peer(name, options.threads, seed)
                found.append((time.perf_counter() - started, reached))
                print(f"{name:16} {found[-1][0]:6.1f} s   {reached:.2%}", flush=True)
    told = {
        name: {
            "seconds": statistics.median(s for s, _ in found), "low": min(found)[0],
            "high": max(found)[0], "accuracy": statistics.mean(a for _, a in found),
        }
        for name, found in runs.items()
    }
    for name, run in told.items():
        times = run["seconds"] / told["fanin"]["seconds"]
        print(f"{name:16} {run['seconds']:6.1f} s, {times:.2f} times fanin's, {run['accuracy']:.2%}")
    if options.json:
        save(options.json, load=before, threads=options.threads, runs=told)


if __name__ == "__main__":
    main()
