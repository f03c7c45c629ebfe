"""Times fanin's convolutions beside torch, interleaved, and prints ratios.

Run: python3 bench/convolution.py [ROUNDS] [NAME…]    needs torch
Of ROUNDS repetitions (default 7) the median is taken. On one thread time is that of the
processor, on Linux, so that other work on the machine counts less; on two it is the wall's.
Forward, gradient to the input and gradient to the weight are timed one by one, through torch's
own operators. A ratio above 1 means that fanin is faster.
"""

import statistics
import sys

import torch

from timing import Fanin, build, seconds

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 7
NAMES = sys.argv[2:]

# name: (batch, groups, channels in and out of one group, side, kernel, stride, pad), how often it
# occurs in ResNet-18, whether its input wants a gradient
LAYERS = {
    "G 64-64 k3 32": ((32, 1, 64, 64, 32, 3, 1, 1), 0, True),
    "F 1-6 k5 28": ((128, 1, 1, 6, 28, 5, 1, 2), 0, False),
    "F 6-16 k5 14": ((128, 1, 6, 16, 14, 5, 1, 0), 0, True),
    "R 3-64 k7 s2 224": ((8, 1, 3, 64, 224, 7, 2, 3), 1, False),
    "R 64-64 k3 56": ((8, 1, 64, 64, 56, 3, 1, 1), 4, True),
    "R 64-128 k3 s2 56": ((8, 1, 64, 128, 56, 3, 2, 1), 1, True),
    "R 64-128 k1 s2 56": ((8, 1, 64, 128, 56, 1, 2, 0), 1, True),
    "R 128-128 k3 28": ((8, 1, 128, 128, 28, 3, 1, 1), 3, True),
    "R 128-256 k3 s2 28": ((8, 1, 128, 256, 28, 3, 2, 1), 1, True),
    "R 128-256 k1 s2 28": ((8, 1, 128, 256, 28, 1, 2, 0), 1, True),
    "R 256-256 k3 14": ((8, 1, 256, 256, 14, 3, 1, 1), 3, True),
    "R 256-512 k3 s2 14": ((8, 1, 256, 512, 14, 3, 2, 1), 1, True),
    "R 256-512 k1 s2 14": ((8, 1, 256, 512, 14, 1, 2, 0), 1, True),
    "R 512-512 k3 7": ((8, 1, 512, 512, 7, 3, 1, 1), 3, True),
    "D depthwise 96 k3 56": ((8, 96, 1, 1, 56, 3, 1, 1), 0, True),
    "D depthwise 384 k7 14": ((8, 384, 1, 1, 14, 7, 1, 3), 0, True),
    "D grouped 32·4 k3 56": ((8, 32, 4, 4, 56, 3, 1, 1), 0, True),
    "D point 96-24 56": ((8, 1, 96, 24, 56, 1, 1, 0), 0, True),
}


def torch_tasks(size):
    batch, groups, channels_in, channels_out, side, kernel, stride, pad = size
    x = torch.randn(batch, groups * channels_in, side, side)
    w = torch.randn(groups * channels_out, channels_in, kernel, kernel)
    y = torch.nn.functional.conv2d(x, w, None, stride, pad, 1, groups)
    steps = ([stride] * 2, [pad] * 2, [1, 1], False, [0, 0], groups)
    backward = lambda mask: torch.ops.aten.convolution_backward(y, x, w, None, *steps, mask)
    return {
        "forward": lambda: torch.nn.functional.conv2d(x, w, None, stride, pad, 1, groups),
        "input": lambda: backward([True, False, False]),
        "weight": lambda: backward([False, True, False]),
    }


def main():
    program = build("convolution")
    print(f"torch {torch.__version__}; milliseconds, fanin / torch = ratio of speeds")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        clock = 1 if threads == 1 else 0
        fanin = Fanin(program, threads)
        whole = [0.0, 0.0]
        print(f"{threads} thread{'s' * (threads > 1)}")
        for name, (size, count, wants_input) in LAYERS.items():
            if NAMES and not any(part in name for part in NAMES):
                continue
            total, cells = [0.0, 0.0], []
            for what, task in torch_tasks(size).items():
                if what == "input" and not wants_input:
                    continue
                times = [(fanin(what, *size)[clock], seconds(task)[clock]) for _ in range(ROUNDS + 1)]
                ours, theirs = (statistics.median(t) for t in zip(*times[1:]))
                total = [total[0] + ours, total[1] + theirs]
                cells.append(f"{what} {ours * 1e3:.2f}/{theirs * 1e3:.2f}={theirs / ours:.2f}")
            whole = [w + count * t for w, t in zip(whole, total)]
            print(f"  {name:24} {total[1] / total[0]:5.2f}   {'  '.join(cells)}", flush=True)
        if whole[0]:
            print(f"  {'all of ResNet-18':24} {whole[1] / whole[0]:5.2f}   {whole[0]:.3f}/{whole[1]:.3f} s")


if __name__ == "__main__":
    main()
