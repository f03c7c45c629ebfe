"""Times forward and backward passes of real models beside PyTorch eager, in turn.

Run: python3 bench/models.py [--models resnet18,gpt2-small] [--threads 1,2] [--rounds 7]
     [--json FILE]

The models of training/peers/networks.py are exported by `torch.onnx.export` (batch statistics, 8
images of 224×224; one text of 256 tokens), read by fanin, and run by both libraries with the
same weights and batch. Before anything is timed, both must show the same loss to 1e-4, and
norms of gradients to 1 % where these are not tiny. Rounds are interleaved, one pass each;
printed are medians, the median of the ratios within a round with its quartiles, that of the
processor's times, which other work disturbs less (on several threads it counts waiting too), the
most memory that each process had, and how long fanin took to read the model. Needs torch, onnx,
onnxscript.
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
import torch

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE / "training"), str(HERE / "training" / "peers")]

from networks import MODELS, make
from timing import peak_megabytes
from training import build, quartiles


class Peer:
    """A library at work in a process of its own."""

    def __init__(self, command, threads):
        affinity = sorted(os.sched_getaffinity(0))[:threads]
        self.process = subprocess.Popen(
            command, text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, affinity),
        )
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{command[0]} ended before its first pass")
        self.said = json.loads(line)

    def seconds(self):
        """(on the wall, of the processor), the latter by Linux's clock for another process."""
        clock = (~self.process.pid << 3) | 2
        before = time.clock_gettime(clock)
        self.process.stdin.write("1\n")
        wall = float(self.process.stdout.readline())
        return wall, time.clock_gettime(clock) - before

    def peak_megabytes(self):
        return peak_megabytes(self.process)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def export(name, folder):
    """Writes the model and its batch, in a process of its own so that its memory is given back."""
    model, features, labels = make(name)
    torch.onnx.export(
        model.train(), (features,), folder / "model.onnx", dynamo=True, optimize=False,
        external_data=True, verbose=False, training=torch.onnx.TrainingMode.TRAINING,
    )
    np.savez(folder / "data.npz", input_0=features.numpy(), target=labels.numpy())


def must_agree(fanin, torch_peer):
    own, other = fanin.said["loss"], torch_peer.said["loss"]
    if not abs(own - other) < 1e-4 * abs(other):
        raise SystemExit(f"losses differ: {own} by fanin, {other} by PyTorch")
    own, other = dict(fanin.said["norms"]), dict(torch_peer.said["norms"])
    top = max(other.values())
    compared = 0
    for name, norm in other.items():
        if name in own and norm > 1e-4 * top:
            compared += 1
            if not abs(own[name] - norm) < 0.01 * norm:
                raise SystemExit(f"gradients of {name} differ: norms {own[name]} and {norm}")
    if compared < len(other) // 2:
        raise SystemExit(f"only {compared} of {len(other)} gradients could be compared")


def run(name, threads, program, folder, rounds):
    job = {
        "name": name, "threads": threads,
        "model": str(folder / "model.onnx"), "data": str(folder / "data.npz"),
    }
    (folder / "job.json").write_text(json.dumps(job))
    script = HERE / "training" / "peers" / "torch_model_peer.py"
    fanin = Peer([program, "model", folder / "job.json"], threads)
    other = Peer([sys.executable, script, folder / "job.json"], threads)
    must_agree(fanin, other)
    for peer in (fanin, other):
        peer.seconds()
    times = [(fanin.seconds(), other.seconds()) for _ in range(rounds)]
    result = {
        "model": name, "threads": threads,
        "import": fanin.said["import"], "plan": fanin.said["plan"],
        "fanin": statistics.median(own[0] for own, _ in times),
        "torch": statistics.median(theirs[0] for _, theirs in times),
        "ratio": quartiles([theirs[0] / own[0] for own, theirs in times]),
        "processor": quartiles([theirs[1] / own[1] for own, theirs in times]),
        "fanin_megabytes": fanin.peak_megabytes(), "torch_megabytes": other.peak_megabytes(),
    }
    for peer in (fanin, other):
        peer.close()
    return result


def show(result):
    ratio, processor = result["ratio"], result["processor"]
    print(
        f"{result['model']}, {result['threads']} thread(s): fanin {result['fanin']:.3f} s, "
        f"torch {result['torch']:.3f} s, ratio {ratio['median']:.2f} "
        f"({ratio['low']:.2f} to {ratio['high']:.2f}), "
        f"of the processor {processor['median']:.2f} "
        f"({processor['low']:.2f} to {processor['high']:.2f}); "
        f"memory {result['fanin_megabytes']:.0f} and {result['torch_megabytes']:.0f} MB; "
        f"import {result['import']:.2f} s, plan {result['plan']:.2f} s",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words = lambda text: text.split(",")
    parser.add_argument("--models", type=words, default=list(MODELS))
    parser.add_argument("--threads", type=words, default=["1", "2"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--program", type=Path, help="a built fanin-training-bench")
    parser.add_argument("--export", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.export:
        return export(options.export[0], Path(options.export[1]))
    program = options.program or build()
    results = []
    for name in options.models:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, __file__, "--export", name, folder], check=True)
            for threads in map(int, options.threads):
                results.append(run(name, threads, program, Path(folder), options.rounds))
                show(results[-1])
                if options.json:
                    options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
