"""Libraries at work, each in a process of its own, and how those in Rust are built."""

import json
import os
import subprocess
import sys
from pathlib import Path

from timing import peak_megabytes

BENCH = Path(__file__).parents[1]
ROOT = BENCH.parent

PYTHON_PEERS = {
    "torch-eager": ("torch_peer.py", "eager"),
    "torch-fused": ("torch_peer.py", "fused"),
    "torch-compiled": ("torch_peer.py", "compiled"),
    "torch-channels-last": ("torch_peer.py", "channels-last"),
    "jax-steps": ("jax_peer.py", "steps"),
    "jax-scan": ("jax_peer.py", "scan"),
    "tensorflow": ("tensorflow_peer.py", "function"),
    "scikit-learn": ("sklearn_peer.py", "fit"),
}
RUST_PEERS = {"burn": "burn-peer", "candle": "candle-peer"}
PEERS = [*PYTHON_PEERS, *RUST_PEERS]


class Missing(Exception):
    """A library that cannot do what is asked, and why."""


class Peer:
    """A library at work; its losses are known once it has begun."""

    def __init__(self, command, threads):
        cores = sorted(os.sched_getaffinity(0))[:threads]
        self.process = subprocess.Popen(
            list(map(str, command)), text=True, bufsize=1, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "RAYON_NUM_THREADS": str(threads)},
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        first = self.process.stdout.readline()
        if not first:
            said = self.process.stderr.read().strip().splitlines()
            raise Missing(said[-1] if said else "it ended without a word")
        said = json.loads(first)
        self.said = said if isinstance(said, dict) else {"losses": said}
        self.losses = self.said["losses"]

    def seconds(self, steps):
        self.process.stdin.write(f"{steps}\n")
        return float(self.process.stdout.readline())

    def peak_megabytes(self):
        return peak_megabytes(self.process)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def target():
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def build():
    """fanin's own programs, the bench's and the command; both, so that features are the same."""
    packages = ["-p", "fanin-training-bench", "-p", "fanin-cli"]
    subprocess.run(["cargo", "build", "--release", *packages], check=True, cwd=ROOT)
    return target() / "release" / "fanin-training-bench"


def build_peer(package):
    """A program of `bench/peers-rust`."""
    folder = target() / "peers"
    command = ["cargo", "build", "--release", "-p", package, "--target-dir", folder]
    done = subprocess.run(command, cwd=BENCH / "peers-rust", stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Missing(f"{package} does not build: {done.stderr.strip().splitlines()[-1]}")
    return folder / "release" / package


def command_of(name, program, job):
    if name == "fanin":
        return [program, job]
    if name in RUST_PEERS:
        return [build_peer(RUST_PEERS[name]), job]
    script, variant = PYTHON_PEERS[name]
    return [sys.executable, BENCH / "training" / "peers" / script, job, variant]
