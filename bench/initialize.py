"""Times fanin's fills beside torch, numpy and (if installed) jax, interleaved, and prints ratios.

Run: python3 bench/initialize.py [ROUNDS] [COUNT]    needs torch and numpy
ROUNDS (default 5) fills of COUNT (default 10^8) f32 each; rates in Gsamples/s. Of all repetitions
the median is printed and then the fastest, which other work on the machine disturbs least. On one
thread time is that of the processor, on Linux, for the same reason; on two it is the wall's.
"""

import os
import statistics
import sys

from timing import Fanin, build, seconds

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 10**8
SIDES = (1024, 2048, 4096)


def tenfold(times):
    return tuple(10 * time for time in times)


def measure(tasks, clock):
    """(median, fastest) of interleaved repetitions; the first round is not counted."""
    times = {name: [] for name in tasks}
    for repetition in range(ROUNDS + 1):
        for name, task in tasks.items():
            took = task()
            if repetition:
                times[name].append(took[clock])
    return {name: (statistics.median(t), min(t)) for name, t in times.items()}


def main():
    import numpy as np
    import torch

    program = build("initialize")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, torch {torch.__version__}")
    x = torch.empty(COUNT)
    generator = np.random.default_rng(1)
    array = x.numpy()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        clock = 1 if threads == 1 else 0
        fanin = Fanin(program, threads)
        tasks = {
            f"{what} fanin": lambda what=what: fanin(what, COUNT)
            for what in ("memory", "uniform", "normal", "truncated")
        }
        tasks["uniform torch"] = lambda: seconds(lambda: x.uniform_(-1, 1))
        tasks["normal torch"] = lambda: seconds(lambda: x.normal_())
        tasks["truncated torch"] = lambda: tenfold(seconds(lambda: torch.nn.init.trunc_normal_(x[: COUNT // 10])))
        if threads == 1:
            tasks["normal numpy"] = lambda: seconds(lambda: generator.standard_normal(dtype=np.float32, out=array))
        try:
            import jax

            draw = jax.jit(lambda key: jax.random.normal(key, (COUNT // 10,)))
            tasks["normal jax"] = lambda: tenfold(seconds(lambda: draw(jax.random.key(1)).block_until_ready()))
        except ImportError:
            pass
        result = measure(tasks, clock)
        print(f"\n{threads} thread(s): Gsamples/s, and fanin's rate relative to it: median, fastest")
        for name, took in result.items():
            what, who = name.split()
            for time, own, memory in zip(took, result[what + " fanin"], result["memory fanin"]):
                print(f"  {name:16} {COUNT / time / 1e9:7.3f}  {time / own:6.2f}x", end="")
                print(f"  {memory / time:4.0%} of memory fill" if who == "fanin" else " " * 21, end="")
            print()
        print(f"{threads} thread(s): orthogonal, seconds")
        for side in SIDES:
            w = torch.empty(side, side)
            both = measure({
                "fanin": lambda: fanin("orthogonal", side),
                "torch": lambda: seconds(lambda: torch.nn.init.orthogonal_(w)),
            }, clock)
            print(f"  {side}:", end="")
            for own, peer in zip(both["fanin"], both["torch"]):
                print(f"  fanin {own:.3f}, torch {peer:.3f}, ratio {peer / own:.2f}", end="")
            print()


main()
