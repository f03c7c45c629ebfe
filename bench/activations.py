"""Times fanin's activations beside torch on one thread, interleaved, and prints ratios.

Run: python3 bench/activations.py [--rounds N] [--json FILE] [NAME…]    needs torch

A layer of 256 units at 128 rows of standard normal numbers: the value of every element, and the
slope times a gradient, as a backward pass makes it, both into memory that is there already (but for
mish's slope in torch, which has no such operator). torch's times hold a call from Python. The median
over rounds of the ratio within a round. A ratio above 1 means that fanin is faster.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "training"))

from machine import load, save
from timing import Fanin, build

PASSES = 40

aten = torch.ops.aten


# name: torch's value of x, and its gradient from g, x and y = value
PEERS = {
    "relu": (aten.relu.out, lambda g, x, y, out: aten.threshold_backward(g, y, 0, grad_input=out)),
    "leaky_relu": (aten.leaky_relu.out, lambda g, x, y, out: aten.leaky_relu_backward(g, x, 0.01, False, grad_input=out)),
    "sigmoid": (aten.sigmoid.out, lambda g, x, y, out: aten.sigmoid_backward(g, y, grad_input=out)),
    "tanh": (aten.tanh.out, lambda g, x, y, out: aten.tanh_backward(g, y, grad_input=out)),
    "elu": (aten.elu.out, lambda g, x, y, out: aten.elu_backward(g, 1, 1, 1, False, x, grad_input=out)),
    "selu": (
        lambda x, out: aten.elu(x, 1.6732632, 1.0507010, 1, out=out),
        lambda g, x, y, out: aten.elu_backward(g, 1.6732632, 1.0507010, 1, False, x, grad_input=out),
    ),
    "softplus": (aten.softplus.out, lambda g, x, y, out: aten.softplus_backward(g, x, 1, 20, grad_input=out)),
    "gelu": (aten.gelu.out, lambda g, x, y, out: aten.gelu_backward(g, x, grad_input=out)),
    "gelu_tanh": (
        lambda x, out: aten.gelu(x, approximate="tanh", out=out),
        lambda g, x, y, out: aten.gelu_backward(g, x, approximate="tanh", grad_input=out),
    ),
    "silu": (aten.silu.out, lambda g, x, y, out: aten.silu_backward(g, x, grad_input=out)),
    "mish": (aten.mish.out, lambda g, x, y, out: aten.mish_backward(g, x)),
    "hardswish": (aten.hardswish.out, lambda g, x, y, out: aten.hardswish_backward(g, x, out=out)),
    "sin": (aten.sin.out, lambda g, x, y, out: torch.mul(g, torch.cos(x, out=out), out=out)),
    "erf": (aten.erf.out, None),
}


def mean_seconds(work):
    work()
    start = time.perf_counter()
    for _ in range(PASSES):
        work()
    return (time.perf_counter() - start) / PASSES


def compare(fanin, name, rounds):
    """What both took for the value and for the slope, in nanoseconds an element."""
    value, slope = PEERS[name]
    x, g = torch.randn(128, 256), torch.randn(128, 256)
    out, y = torch.empty_like(x), value(x, out=torch.empty_like(x))
    tasks = {"value": lambda: value(x, out=out)}
    if slope:
        tasks["slope"] = lambda: slope(g, x, y, out)
    for what, task in tasks.items():
        pairs = [(fanin(name, what)[0], mean_seconds(task)) for _ in range(rounds)]
        low, middle, high = statistics.quantiles([theirs / ours for ours, theirs in pairs], n=4)
        ours, theirs = (statistics.median(times) / x.numel() * 1e9 for times in zip(*pairs))
        yield {
            "activation": name, "what": what, "fanin": ours, "torch": theirs,
            "ratio": {"median": middle, "low": low, "high": high},
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--rounds", type=int, default=15, help="at least 2")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error("--rounds must be at least 2")
    unknown = [name for name in options.names if name not in PEERS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(PEERS)}")
    torch.set_num_threads(1)
    fanin, before = Fanin(build("activations", "fanin-engine"), 1), load()
    print(f"torch {torch.__version__}; nanoseconds an element, fanin / torch = ratio of speeds (quartiles)")
    results = []
    for name in options.names or PEERS:
        for found in compare(fanin, name, options.rounds):
            ratio = found["ratio"]
            print(
                f"  {name:12} {found['what']}   {found['fanin']:6.3f} / {found['torch']:6.3f} = "
                f"{ratio['median']:5.2f} ({ratio['low']:.2f}–{ratio['high']:.2f})", flush=True,
            )
            results.append(found)
    if options.json:
        save(options.json, load=before, results=results)


if __name__ == "__main__":
    main()
