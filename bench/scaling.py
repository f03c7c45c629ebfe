"""How time, planning and memory of a training step grow with width, depth and batch.

Run: python3 bench/scaling.py [--json FILE] [--seconds 0.2]

fanin alone, one thread, SGD with momentum. Width: 784-n-n-10, batch 64. Depth: n hidden layers of 32
units, batch 32. Batch: n rows of 784-256-256-10. Told are the seconds of a step (the least of several
measurements, which other work cannot lower), seconds to build and plan it, and the bytes that network,
plan and optimizer took at most. A slope is that of log time over log size: 1 is proportional; a
width's products grow with 2. A network of 1000 layers has to be planned in 200 ms.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "training"))

from machine import load, save
from process import Peer, build
from publish import slope
from training import write_job
from workloads import WORKLOADS, learning_rate, mlp

SIZES = {
    "width": [64, 128, 256, 512, 1024, 2048, 4096, 8192],
    "depth": [1, 3, 10, 30, 100, 300, 1000],
    "batch": [1, 4, 16, 64, 256, 1024, 4096],
}
TRIES = 5


def network(axis, size):
    """(layers, rows of a batch)"""
    if axis == "width":
        return mlp([784, size, size, 10], "relu"), 64
    if axis == "depth":
        return mlp([32] * (size + 1) + [10], "tanh"), 32
    return mlp([784, 256, 256, 10], "relu"), size


def measure(program, axis, size, seconds):
    WORKLOADS["scaling"] = network(axis, size)
    with tempfile.TemporaryDirectory() as folder:
        rate = learning_rate("scaling", "sgd") / 100
        job = write_job(Path(folder), "scaling", "sgd", 1, 2, rate)
        peer = Peer([program, job], 1)
        steps = max(1, int(seconds / peer.seconds(1)))
        step = min(peer.seconds(steps) / steps for _ in range(TRIES))
        found = [size, step, peer.said["plan"], peer.said["bytes"]]
        peer.close()
    print(
        f"{axis} {size:5}: {step * 1e3:10.3f} ms a step, {found[2] * 1e3:7.1f} ms to plan, "
        f"{found[3] / 1e6:8.2f} MB", flush=True,
    )
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--axes", type=lambda text: text.split(","), default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    program = build()
    before = load()
    time = {
        axis: [measure(program, axis, size, options.seconds) for size in SIZES[axis]]
        for axis in options.axes
    }
    for axis, points in time.items():
        upper = points[len(points) // 2 :]
        memory = slope([(p[0], p[3]) for p in points])
        print(
            f"{axis}: slope of time {slope(points):.2f}, over the upper half {slope(upper):.2f}; "
            f"of memory {memory:.2f}"
        )
    if options.json:
        save(options.json, load=before, time=time)


if __name__ == "__main__":
    main()
