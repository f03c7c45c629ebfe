"""Times fanin's activations beside torch on one thread, interleaved, and prints ratios.

Run: python3 bench/activations.py [ROUNDS] [NAME…]    needs torch
A layer of 256 units at 128 rows of standard normal numbers: the value of every element, and the
slope times a gradient, as a backward pass makes it, both into memory that is there already. Of
ROUNDS (default 15) the median of the ratio within a round. A ratio above 1 means that fanin is faster.
"""

import statistics
import sys
import time

import torch

from timing import Fanin, build

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 15
NAMES = sys.argv[2:]
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
    "hardswish": (aten.hardswish.out, lambda g, x, y, out: aten.hardswish_backward(g, x)),
    "sin": (aten.sin.out, lambda g, x, y, out: torch.mul(g, torch.cos(x, out=out), out=out)),
    "erf": (aten.erf.out, None),
}


def mean_seconds(work):
    work()
    start = time.perf_counter()
    for _ in range(PASSES):
        work()
    return (time.perf_counter() - start) / PASSES


def main():
    torch.set_num_threads(1)
    fanin = Fanin(build("activations", "fanin-engine"), 1)
    x, g = torch.randn(128, 256), torch.randn(128, 256)
    out = torch.empty_like(x)
    print(f"torch {torch.__version__}; nanoseconds an element, fanin / torch = ratio of speeds (quartiles)")
    for name, (value, slope) in PEERS.items():
        if NAMES and name not in NAMES:
            continue
        y = value(x, out=torch.empty_like(x))
        tasks = {"value": lambda: value(x, out=out)}
        if slope:
            tasks["slope"] = lambda: slope(g, x, y, out)
        for what, task in tasks.items():
            pairs = [(fanin(name, what)[0], mean_seconds(task)) for _ in range(ROUNDS)]
            ratios = [theirs / ours for ours, theirs in pairs]
            low, middle, high = statistics.quantiles(ratios, n=4)
            ours, theirs = (statistics.median(times) / x.numel() * 1e9 for times in zip(*pairs))
            print(f"  {name:12} {what}   {ours:6.3f} / {theirs:6.3f} = {middle:5.2f} ({low:.2f}–{high:.2f})", flush=True)


if __name__ == "__main__":
    main()
