"""Reads the event files that `fanin --tensorboard` writes with the real TensorBoard.

Needs tensorboard (pip install tensorboard) and a built fanin; run it as

    python3 crates/fanin/tests/reference/event_files.py target/debug/fanin

It checks, trains and compares small networks, loads every folder of events by TensorBoard's own
EventAccumulator, and holds steps, losses, scores and histograms against the run's metrics.jsonl
and against what the check says as JSON. It ends with 1 if one differs.
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

MODEL = "64 -> 2x16 tanh -> 10"


def load(folder):
    """Scalars as (step, value) by tag, histograms as (step, [left, right, count]) by tag."""
    found = EventAccumulator(str(folder), size_guidance={"tensors": 0, "scalars": 0, "histograms": 0})
    found.Reload()
    scalars = {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
    histograms = {tag: [(e.step, e.histogram_value) for e in found.Histograms(tag)]
                  for tag in found.Tags()["histograms"]}
    for tag in found.Tags()["tensors"]:
        for event in found.Tensors(tag):
            value = tensor_util.make_ndarray(event.tensor_proto)
            if value.ndim == 0:
                scalars.setdefault(tag, []).append((event.step, float(value)))
            else:
                histograms.setdefault(tag, []).append((event.step, value))
    return scalars, histograms


def count(histogram):
    return histogram.num if hasattr(histogram, "num") else histogram[:, 2].sum()


def near(found, expected):
    return math.isclose(found, expected, rel_tol=1e-6)


def check_train(fanin, folder):
    subprocess.run([fanin, "train", MODEL, "--epochs", "3", "--name", "first", "--tensorboard", "logs"],
                   cwd=folder, check=True, capture_output=True)
    scalars, histograms = load(folder / "logs/first")
    lines = (folder / "runs/first/metrics.jsonl").read_text().splitlines()
    epochs = [json.loads(line) for line in lines]
    for tag, name in [("loss/train", "train_loss"), ("loss/test", "test_loss"), ("accuracy", "accuracy"),
                      ("learning_rate", "learning_rate"), ("gradient_norm", "gradient_norm")]:
        assert [step for step, _ in scalars[tag]] == [e["step"] for e in epochs], tag
        assert all(near(v, e[name]) for (_, v), e in zip(scalars[tag], epochs)), tag
    kinds = {tag.split("/")[0] for tag in histograms}
    assert kinds == {"weights", "pre_activations", "activations", "gradients"}, kinds
    steps = [step for step, _ in histograms["weights/0"]]
    assert steps == [0, epochs[-1]["step"]], steps
    assert count(histograms["weights/0"][0][1]) == 64 * 16
    assert count(histograms["gradients/4"][0][1]) == 16 * 10


def check_check(fanin, folder):
    done = subprocess.run([fanin, "check", MODEL, "--json", "--tensorboard", "logs"], cwd=folder,
                          check=True, capture_output=True, text=True)
    layers = json.loads(done.stdout)["measurement"]["layers"]
    scalars, _ = load(folder / "logs/he-normal")
    signal = scalars["by_layer/signal"]
    assert [step for step, _ in signal] == list(range(1, len(layers) + 1))
    for (_, value), layer in zip(signal, layers):
        assert near(value, layer["pre_activation_second_moment"]), (value, layer)


def check_compare(fanin, folder):
    subprocess.run([fanin, "compare", MODEL, "--schemes", "zeros,he-normal", "--seeds", "2", "--epochs", "1",
                    "--tensorboard", "compared"], cwd=folder, check=True, capture_output=True)
    files = sorted(path.parent for path in (folder / "compared").rglob("events.out.*"))
    assert len(files) == 4, files
    for path in files:
        scalars, histograms = load(path)
        assert len(scalars["loss/train"]) == 1 and "weights/0" in histograms, path
        if "zeros" in str(path):
            # TensorBoard's own form of a histogram of equal numbers.
            assert count(histograms["weights/0"][0][1]) == 64 * 16


def main():
    fanin = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "target/debug/fanin").resolve())
    with tempfile.TemporaryDirectory() as folder:
        for check in [check_train, check_check, check_compare]:
            check(fanin, pathlib.Path(folder))
            print(f"{check.__name__}: as fanin says")


if __name__ == "__main__":
    main()
