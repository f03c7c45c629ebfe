"""What pages of 2 MB do for training steps where the machine's free memory lies in small pieces.

Run: python3 bench/pages.py [--workloads C-adam,C-sgd] [--gigabytes 2] [--rounds 7] [--json FILE]

First a process takes memory and gives one in four of its pages of 4 kB back, so that what others then
get is scattered. In it two processes of fanin train the same network on one thread, in turn; to one
of them Linux refuses large pages (PR_SET_THP_DISABLE). Printed are milliseconds a step, medians over
rounds, and over how many blocks of 2 MB the pages of each process lie; the latter needs root. Needs
Linux 6.1 or later, numpy and safetensors.
"""

import argparse
import ctypes
import mmap
import random
import statistics
import struct
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "training"))

from machine import load, save
from process import Peer, build
from training import write_job

PAGE, BLOCK = 4096, 2 << 20
PR_SET_THP_DISABLE = 41
LIBC = ctypes.CDLL(None, use_errno=True)


def refuse_large_pages(refuse):
    """For this process and those that it starts."""
    if LIBC.prctl(PR_SET_THP_DISABLE, int(refuse), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "Linux does not take PR_SET_THP_DISABLE")


def scatter(size):
    """Memory of which every fourth page has been given back, in no order."""
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    for start in range(0, size, PAGE):
        memory[start] = 1
    starts = list(range(0, size, 4 * PAGE))
    random.Random(0).shuffle(starts)
    for start in starts:
        memory.madvise(mmap.MADV_DONTNEED, start, PAGE)
    return memory


def blocks(process):
    """Over how many blocks of 2 MB a process's own memory lies; none where Linux does not tell."""
    found = set()
    with open(f"/proc/{process.pid}/maps") as maps, open(f"/proc/{process.pid}/pagemap", "rb") as pages:
        for line in maps:
            words = line.split()
            if len(words) > 5 and words[5] != "[heap]":
                continue
            start, end = (int(word, 16) for word in words[0].split("-"))
            pages.seek(start // PAGE * 8)
            for (entry,) in struct.iter_unpack("<Q", pages.read((end - start) // PAGE * 8)):
                if entry >> 63:
                    found.add((entry & ((1 << 55) - 1)) * PAGE // BLOCK)
    return len(found) if found - {0} else None


def run(program, case, rounds, seconds):
    name, optimizer = case.split("-")
    with tempfile.TemporaryDirectory() as folder:
        job = write_job(Path(folder), name, optimizer, 1, 2)
        peers = {}
        for kind in ("small", "large"):
            refuse_large_pages(kind == "small")
            peers[kind] = Peer([program, job], 1)
        refuse_large_pages(False)
        steps = max(1, int(seconds / peers["small"].seconds(4) * 4))
        times = {kind: [] for kind in peers}
        for _ in range(rounds):
            for kind, peer in peers.items():
                times[kind].append(1e3 * peer.seconds(steps) / steps)
        result = {"case": case, "load": load()}
        for kind, peer in peers.items():
            result[kind] = {"ms": statistics.median(times[kind]), "blocks": blocks(peer.process)}
            peer.close()
    ratios = [small / large for small, large in zip(times["small"], times["large"])]
    return result | {"ratio": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default="C-adam,C-sgd,B-adam,B-sgd")
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    program = build()
    memory = scatter(int(options.gigabytes * (1 << 30)) // BLOCK * BLOCK)
    results = []
    for case in options.workloads.split(","):
        result = run(program, case, options.rounds, options.seconds)
        small, large = result["small"], result["large"]
        print(f"{case}: {small['ms']:.2f} ms on small pages in {small['blocks']} blocks, "
              f"{large['ms']:.2f} on large ones in {large['blocks']}, {result['ratio']:.2f} times "
              f"({result['least']:.2f} to {result['most']:.2f}), load {result['load']}", flush=True)
        results.append(result)
    memory.close()
    if options.json:
        save(options.json, results=results)


if __name__ == "__main__":
    main()
