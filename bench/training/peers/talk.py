"""The talk between ../../training.py and a peer: see ../src/main.rs."""

import json
import sys
import time

import numpy as np
from safetensors.numpy import load_file


def read_job(path):
    with open(path) as file:
        job = json.load(file)
    job["weight_arrays"] = load_file(job["weights"])
    data = load_file(job["data"])
    job["features"] = data["features"]
    job["targets"] = data["targets"]
    job["labels"] = data["targets"].argmax(1)
    return job


def image_of(job):
    """Channels, height and width of a row, or none."""
    return job["layers"][0][1:] if job["layers"][0][0] == "image" else None


def refuse(why):
    raise SystemExit(why)


def say(thing):
    print(json.dumps(thing), flush=True)


def serve(job, step, number_of, finish=lambda: None):
    """Works step by step; a loss stays where it is until `number_of` asks for it."""
    say([number_of(step(number)) for number in range(job["compared"])])
    done = job["compared"]
    for line in sys.stdin:
        started = time.perf_counter()
        for number in range(done, done + int(line)):
            loss = step(number)
        finish()
        number_of(loss)
        done += int(line)
        say(time.perf_counter() - started)


def serve_passes(advance, results):
    """Works pass by pass; `results` gives what is computed, and its gradients, once."""
    advance()
    say([float(np.square(np.asarray(part, np.float64)).mean()) for part in results()])
    for line in sys.stdin:
        started = time.perf_counter()
        for _ in range(int(line)):
            advance()
        say(time.perf_counter() - started)


def serve_many(job, steps, whole):
    """Works many steps at a time, best `whole` of them."""
    say([float(loss) for loss in steps(0, job["compared"])])
    done = job["compared"]
    for line in sys.stdin:
        count = max(1, round(int(line) / whole)) * whole
        done = -(-done // whole) * whole
        started = time.perf_counter()
        steps(done, count)
        done += count
        say((time.perf_counter() - started) * int(line) / count)
