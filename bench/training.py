"""Times training steps of fanin beside PyTorch, JAX and TensorFlow, in turn, and prints ratios.

Run: python3 bench/training.py [--workloads A,B] [--optimizers sgd,adam] [--threads 1,2]
     [--peers torch-eager,jax-scan] [--rounds 7] [--seconds 0.3] [--json FILE]

Every library starts from the same weights, reads the same rows in the same order, and must show the
same losses for 50 steps (to 1e-4 of the first) before it is timed. Rounds are interleaved: in each,
every library works about as long as `--seconds`. Printed are thousand samples per second (medians
over rounds), fanin's ratio to each peer (median of the ratios within a round, with the lower and the
upper quartile), the share of the processor's peak (a loop of multiply-adds in registers, timed in
the same run), and the most memory that the process had. Needs numpy, safetensors and the peers that
are asked for; those that are missing are said and left out.
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

import numpy as np
from safetensors.numpy import save_file

HERE = Path(__file__).parent
COMPARED = 50
CLASSES = 10


def mlp(sizes, activation):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [["linear", inputs, outputs], [activation]]
    return layers[:-1]


WORKLOADS = {
    "A": (mlp([784, 64, 10], "sigmoid"), 32),
    "B": (mlp([784, 256, 256, 10], "relu"), 128),
    "C": (mlp([784] + 20 * [256] + [10], "tanh"), 128),
    "D": (mlp([784, 2048, 2048, 2048, 10], "relu"), 512),
    "E": (mlp([64] + 10 * [64] + [10], "relu"), 64),
}
RATES = {"sgd": 0.01, "adam": 0.001}
PYTHON_PEERS = {
    "torch-eager": ("torch_peer.py", "eager"),
    "torch-fused": ("torch_peer.py", "fused"),
    "torch-compiled": ("torch_peer.py", "compiled"),
    "jax-steps": ("jax_peer.py", "steps"),
    "jax-scan": ("jax_peer.py", "scan"),
    "tensorflow": ("tensorflow_peer.py", "function"),
}


def short_text(layers):
    """The network as fanin reads it: `784 -> 64 sigmoid -> 10`."""
    parts = [str(layers[0][1])]
    for layer in layers:
        if layer[0] == "linear":
            parts.append(str(layer[2]))
        else:
            parts[-1] += f" {layer[0]}"
    return " -> ".join(parts)


def operations(layers, batch):
    """Floating-point operations of the products of one step, without the first input's gradient."""
    products = [a * b for kind, *sizes in layers if kind == "linear" for a, b in [sizes]]
    return 2 * batch * (3 * sum(products) - products[0])


def write_inputs(folder, name):
    layers, batch = WORKLOADS[name]
    random = np.random.default_rng(0)
    weights = {}
    for index, layer in enumerate(layers):
        if layer[0] == "linear":
            inputs, outputs = layer[1:]
            limit = np.sqrt(6 / (inputs + outputs))
            weight = random.uniform(-limit, limit, (outputs, inputs)).astype(np.float32)
            weights[f"{index}.weight"] = weight
            weights[f"{index}.bias"] = np.zeros(outputs, np.float32)
    rows = batch * max(2, 6400 // batch)
    labels = random.integers(0, CLASSES, rows)
    centers = random.normal(0, 1, (CLASSES, layers[0][1]))
    features = 0.3 * centers[labels] + random.normal(0, 1, (rows, layers[0][1]))
    targets = np.eye(CLASSES, dtype=np.float32)[labels]
    save_file(weights, folder / "weights.safetensors")
    save_file(
        {"features": features.astype(np.float32), "targets": targets}, folder / "data.safetensors"
    )


class Peer:
    """A library at work in a process of its own."""

    def __init__(self, command, threads):
        affinity = sorted(os.sched_getaffinity(0))[:threads]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(
            command, text=True, bufsize=1, stderr=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, affinity), **pipes,
        )
        first = self.process.stdout.readline()
        if not first:
            raise RuntimeError(self.process.stderr.read().strip().splitlines()[-1])
        self.losses = json.loads(first)

    def seconds(self, steps):
        self.process.stdin.write(f"{steps}\n")
        return float(self.process.stdout.readline())

    def peak_megabytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def build():
    command = ["cargo", "build", "--release", "-p", "fanin-training-bench"]
    subprocess.run(command, check=True, cwd=HERE.parent)
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
    return target / "release" / "fanin-training-bench"


def start(names, program, job, threads):
    peers = {}
    for name in ["fanin", *names]:
        if name == "fanin":
            command = [program, job]
        else:
            script, variant = PYTHON_PEERS[name]
            command = [sys.executable, HERE / "training" / "peers" / script, job, variant]
        try:
            peers[name] = Peer(command, threads)
        except RuntimeError as problem:
            print(f"  {name} is left out: {problem}", file=sys.stderr)
    return peers


def must_agree(peers):
    own = np.array(peers["fanin"].losses)
    for name, peer in list(peers.items()):
        gap = float(np.abs(own - np.array(peer.losses)).max() / own[0])
        if not gap < 1e-4:
            print(f"  {name} computes something else: losses differ by {gap:.1e}", file=sys.stderr)
            peers.pop(name).close()


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": middle, "low": low, "high": high}


def measure(peers, rounds, seconds):
    steps = {name: max(1, int(5 * seconds / peer.seconds(5))) for name, peer in peers.items()}
    times = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            times[name].append(peer.seconds(steps[name]) / steps[name])
    return times


def run(name, optimizer, threads, program, options):
    layers, batch = WORKLOADS[name]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_inputs(folder, name)
        job = {
            "model": short_text(layers), "layers": layers, "batch": batch, "threads": threads,
            "optimizer": optimizer, "learning_rate": RATES[optimizer], "momentum": 0.9,
            "compared": COMPARED, "weights": str(folder / "weights.safetensors"),
            "data": str(folder / "data.safetensors"),
        }
        (folder / "job.json").write_text(json.dumps(job))
        peers = start(options.peers, program, folder / "job.json", threads)
        must_agree(peers)
        times = measure(peers, options.rounds, options.seconds)
        memory = {name: peer.peak_megabytes() for name, peer in peers.items()}
        for peer in peers.values():
            peer.close()
    own = times["fanin"]
    rate = operations(layers, batch) / statistics.median(own)
    return {
        "workload": name, "optimizer": optimizer, "threads": threads,
        "gigaflops": rate / 1e9,
        "samples_per_second": {n: batch / statistics.median(t) for n, t in times.items()},
        "ratio": {
            n: quartiles([theirs / ours for theirs, ours in zip(t, own)])
            for n, t in times.items() if n != "fanin"
        },
        "peak_megabytes": memory,
    }


def show(result):
    head = f"{result['workload']} {result['optimizer']}, {result['threads']} thread(s)"
    print(f"{head}: {result['gigaflops']:.0f} GFLOP/s")
    for name, rate in result["samples_per_second"].items():
        line = f"  {name:15} {rate / 1000:9.1f} k/s {result['peak_megabytes'][name]:7.0f} MB"
        if name in result["ratio"]:
            ratio = result["ratio"][name]
            line += f"   fanin {ratio['median']:.2f}x ({ratio['low']:.2f} to {ratio['high']:.2f})"
        print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words = lambda text: text.split(",")
    parser.add_argument("--workloads", type=words, default=list(WORKLOADS))
    parser.add_argument("--optimizers", type=words, default=list(RATES))
    parser.add_argument("--threads", type=words, default=["1", "2"])
    parser.add_argument("--peers", type=words, default=list(PYTHON_PEERS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    program = build()
    results = []
    for threads in map(int, options.threads):
        for name in options.workloads:
            for optimizer in options.optimizers:
                results.append(run(name, optimizer, threads, program, options))
                show(results[-1])
                if options.json:
                    options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
