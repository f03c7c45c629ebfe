"""Times training steps of fanin beside other libraries, in turn, and prints ratios.

Run: python3 bench/training.py [--workloads A,B] [--optimizers sgd,adam] [--threads 1,2]
     [--peers torch-eager,jax-scan] [--rounds 7] [--seconds 0.3] [--json FILE] [--append]
     [--quick] [--publish docs/performance.md]

Every library starts from the same weights, reads the same rows in the same order, and must show the
same losses for 50 steps (to 1e-4 of the first) before it is timed. Rounds are interleaved: in each,
every library works about as long as `--seconds`. Printed are thousand samples per second (medians
over rounds), fanin's ratio to each peer (median of the ratios within a round, with the lower and the
upper quartile), the share of the processor's peak (a loop of multiply-adds in registers, timed in
the same run), and memory. `--append` adds to what the JSON file has, part by part, and measures what
it lacks; with `--again` also what it has. `--quick` takes one optimizer for each network, 10
losses and 3 rounds of 0.1 s: everything in less than 10 minutes of a quiet machine.
`--publish` writes the tables of a JSON file into a page, and its chart beside it, and measures
nothing. Needs numpy, safetensors and the peers that are asked for; those that are missing are said
and left out.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "training"))

from machine import describe, load
from process import PEERS, Missing, Peer, build, command_of
from workloads import RATES, WORKLOADS, learning_rate, needed_bytes, operations, optimizers
from workloads import share_of_peak, short_text, write_inputs

COMPARED = 50


def start(names, program, job, threads):
    peers = {}
    for name in ["fanin", *names]:
        try:
            peers[name] = Peer(command_of(name, program, job), threads)
        except Missing as problem:
            print(f"  {name} is left out: {problem}", file=sys.stderr)
    return peers


def must_agree(peers, scale):
    """Ends those that compute something else; `scale` makes gaps of losses out of differences."""
    own = np.array(peers["fanin"].losses)
    gaps = {}
    for name, peer in list(peers.items()):
        gaps[name] = float((np.abs(own - np.array(peer.losses)) / scale(own)).max())
        if not gaps[name] < 1e-4:
            problem = f"losses differ by {gaps[name]:.1e}"
            print(f"  {name} computes something else: {problem}", file=sys.stderr)
            peers.pop(name).close()
    return gaps


def quartiles(values):
    if len(values) < 2:
        return {"median": values[0], "low": values[0], "high": values[0]}
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": middle, "low": low, "high": high}


def measure(peers, rounds, seconds):
    steps = {name: max(1, int(2 * seconds / peer.seconds(2))) for name, peer in peers.items()}
    times = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            times[name].append(peer.seconds(steps[name]) / steps[name])
    return times


def write_job(folder, name, optimizer, threads, compared, rate=None):
    layers, batch = WORKLOADS[name]
    write_inputs(folder, name)
    job = {
        "model": short_text(layers), "layers": layers, "batch": batch, "threads": threads,
        "optimizer": optimizer, "momentum": 0.9,
        "learning_rate": rate or learning_rate(name, optimizer),
        "compared": compared, "weights": str(folder / "weights.safetensors"),
        "data": str(folder / "data.safetensors"),
    }
    (folder / "job.json").write_text(json.dumps(job))
    return folder / "job.json"


def run(name, optimizer, threads, program, options):
    batch = WORKLOADS[name][1]
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        job = write_job(Path(folder), name, optimizer, threads, options.compared)
        peers = start(options.peers, program, job, threads)
        # G tells mean squares, each of its own size; the others losses, as shares of the first.
        gaps = must_agree(peers, (lambda own: own) if optimizer == "none" else lambda own: own[0])
        times = measure(peers, options.rounds, options.seconds)
        memory = {name: peer.peak_megabytes() for name, peer in peers.items()}
        taken = peers["fanin"].said.get("bytes")
        for peer in peers.values():
            peer.close()
    own = times["fanin"]
    kept, activations = needed_bytes(name, optimizer)
    return {
        "workload": name, "optimizer": optimizer, "threads": threads, "load": before,
        "gigaflops": operations(name) / statistics.median(own) / 1e9,
        "samples_per_second": {n: batch / statistics.median(t) for n, t in times.items()},
        "ratio": {
            n: quartiles([theirs / ours for theirs, ours in zip(t, own)])
            for n, t in times.items() if n != "fanin"
        },
        "gap": gaps, "peak_megabytes": memory,
        "bytes": {"taken": taken, "weights_and_state": kept, "activations": activations},
    }


def show(result, peaks):
    head = f"{result['workload']} {result['optimizer']}, {result['threads']} thread(s)"
    share = f"{share_of_peak(result, peaks):.0%} of peak"
    print(f"{head}: {result['gigaflops']:.0f} GFLOP/s, {share}, load {result['load']}")
    for name, rate in result["samples_per_second"].items():
        line = f"  {name:19} {rate / 1000:9.1f} k/s {result['peak_megabytes'][name]:7.0f} MB"
        if name in result["ratio"]:
            ratio = result["ratio"][name]
            line += f"   fanin {ratio['median']:.2f}x ({ratio['low']:.2f} to {ratio['high']:.2f})"
        print(line, flush=True)


def key(result):
    return result["workload"], result["optimizer"], int(result["threads"])


def measure_all(options):
    program = build()
    has = options.append and options.json and options.json.exists()
    results = json.loads(options.json.read_text())["results"] if has else []
    known = set() if options.again else {key(result) for result in results}
    machine = describe()
    for threads in map(int, options.threads):
        for name in options.workloads:
            for optimizer in optimizers(name):
                wanted = optimizer in [*options.optimizers, "none"]
                if options.quick and optimizer != "none":
                    # One after the other, so that both come.
                    wanted = optimizer == list(RATES)[list(WORKLOADS).index(name) % 2]
                if not wanted or (name, optimizer, threads) in known:
                    continue
                result = run(name, optimizer, threads, program, options)
                result |= {"date": machine["date"], "commit": machine["commit"]}
                show(result, machine["peaks"])
                results = [r for r in results if key(r) != key(result)] + [result]
                if options.json:
                    document = {"machine": machine, "results": sorted(results, key=key)}
                    options.json.write_text(json.dumps(document, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words = lambda text: text.split(",")
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--workloads", type=words, default=list(WORKLOADS))
    parser.add_argument("--optimizers", type=words, default=list(RATES))
    parser.add_argument("--threads", type=words, default=["1", "2"][:cores])
    parser.add_argument("--peers", type=words, default=PEERS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--append", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--publish", type=Path)
    parser.add_argument("--compared", type=int, default=COMPARED, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish:
        from publish import publish

        return publish(options.publish)
    if options.quick:
        options.rounds, options.seconds, options.compared = 3, 0.1, 10
    measure_all(options)


if __name__ == "__main__":
    main()
