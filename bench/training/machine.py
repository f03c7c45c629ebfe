"""The machine and the libraries that a figure was measured with."""

import datetime
import importlib.metadata
import json
import os
import platform
import re
import subprocess

from process import BENCH
from timing import build

PYTHON_LIBRARIES = ["torch", "jax", "tensorflow_cpu", "keras", "scikit-learn", "numpy"]
RUST_LIBRARIES = ["burn", "candle-core"]


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            text = file.read()
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"model name\s*:\s*(.+)", text)
    flags = re.search(r"flags\s*:\s*(.+)", text)
    widest = [f for f in ("avx512f", "avx2") if flags and f in flags.group(1).split()]
    return f"{name.group(1) if name else platform.machine()}, {(widest or ['plain'])[0]}"


def versions():
    found = {"python": platform.python_version()}
    for name in PYTHON_LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    lock = BENCH / "peers-rust" / "Cargo.lock"
    text = lock.read_text() if lock.exists() else ""
    for name in RUST_LIBRARIES:
        entry = re.search(rf'name = "{name}"\nversion = "([^"]+)"', text)
        if entry:
            found[name] = entry.group(1)
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=False)
    found["rustc"] = rustc.stdout.split()[1] if rustc.returncode == 0 else "unknown"
    return found


def load():
    return round(os.getloadavg()[0], 1)


def peaks_gigaflops():
    """The most that one core, two, and so on multiply and add in registers, best of several tries."""
    program, cores = build("peak"), sorted(os.sched_getaffinity(0))
    peaks = []
    for threads in range(1, min(2, len(cores)) + 1):
        said = subprocess.run(
            [program, str(threads)], capture_output=True, text=True, check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores[:threads]),
        )
        peaks.append(float(said.stdout))
    return peaks


def describe():
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=BENCH
    )
    return {
        "date": datetime.date.today().isoformat(), "processor": processor(),
        "cores": len(os.sched_getaffinity(0)), "system": f"{platform.system()} {platform.machine()}",
        "commit": commit.stdout.strip(), "versions": versions(), "peaks": peaks_gigaflops(),
    }


def save(path, **measured):
    """What was measured, with the machine that it was measured on."""
    path.write_text(json.dumps({"machine": describe(), **measured}, indent=1) + "\n")
