"""Models of PyTorch through fanin and back: new weights in the ONNX file and in the module.

    pip install torch onnx onnxscript onnxruntime safetensors
    cargo build -p fanin-cli
    python3 onnx_round_trip.py ../../../../target/debug/fanin

For each model and exporter, with weights that `fanin init` drew:
- onnxruntime on the rewritten file gives what `fanin run` gives;
- `load_state_dict(strict=True)` takes the .safetensors file, and the module gives the same;
- gradients of `fanin run --gradients` are those of autograd.
Says the largest relative difference of each, and `0 mistakes`.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnxruntime
import safetensors.torch
import torch
from torch import nn

program = pathlib.Path(sys.argv[1]).resolve()
BATCH, LIMIT = 3, 1e-4


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 24)
        self.block = nn.TransformerEncoderLayer(24, 4, 48, 0.0, "gelu", batch_first=True)
        self.norm = nn.LayerNorm(24)
        self.head = nn.Linear(24, 50)

    def forward(self, ids):
        return self.head(self.norm(self.block(self.embedding(ids))))


class Memory(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(5, 8, num_layers=2, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


def image():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.SiLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, groups=2), nn.GroupNorm(4, 16), nn.GELU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


def plain():
    return nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 4))


MODELS = {
    "plain": (plain, lambda rows: torch.randn(rows, 6)),
    "image": (image, lambda rows: torch.randn(rows, 3, 16, 16)),
    "memory": (Memory, lambda rows: torch.randn(rows, 7, 5)),
    "words": (Words, lambda rows: torch.randint(0, 50, (rows, 9))),
}


def fanin(*arguments):
    ended = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    assert ended.returncode == 0, (arguments, ended.stderr)


def export(model, x, path, exporter):
    if exporter == "legacy":
        torch.onnx.export(model, (x,), path, dynamo=False, opset_version=17,
                          input_names=["x"], dynamic_axes={"x": {0: "batch"}})
    elif exporter == "fixed":
        torch.onnx.export(model, (x,), path, dynamo=True, optimize=False, external_data=False,
                          verbose=False)
    else:
        shapes = ({0: torch.export.Dim("batch")},)
        torch.onnx.export(model, (x,), path, dynamo=True, optimize=False, dynamic_shapes=shapes,
                          verbose=False)


def apart(found, wanted):
    found, wanted = numpy.asarray(found), numpy.asarray(wanted)
    return float(abs(found - wanted).max() / max(abs(wanted).max(), 1e-30))


def round_trip(name, exporter, folder):
    make, draw = MODELS[name]
    torch.manual_seed(0)
    model, x = make().eval(), draw(BATCH)
    source, target = folder / "model.onnx", folder / "new.onnx"
    export(model, x, source, exporter)
    numpy.savez(folder / "input.npz", input_0=x.numpy())
    for output in [target, folder / "new.safetensors"]:
        fanin("init", source, "--scheme", "xavier-uniform", "--seed", 7, "--output", output)
    fanin("run", target, "--data", folder / "input.npz", "--output", folder / "out.safetensors")
    ours = safetensors.torch.load_file(folder / "out.safetensors")["output/0"]

    session = onnxruntime.InferenceSession(target)
    theirs = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
    differences = {"onnxruntime": apart(ours, theirs)}

    if exporter != "legacy":
        state = safetensors.torch.load_file(folder / "new.safetensors")
        model.load_state_dict(state, strict=True)
        y = model(x)
        differences["torch"] = apart(ours, y.detach())
        target_0 = torch.randn_like(y)
        (0.5 * (y - target_0).square().sum()).backward()
        numpy.savez(folder / "with.npz", input_0=x.numpy(), target_0=target_0.numpy())
        fanin("run", target, "--data", folder / "with.npz", "--target", "target_0", "--gradients",
              "--output", folder / "gradients.safetensors")
        found = safetensors.torch.load_file(folder / "gradients.safetensors")
        differences["gradients"] = max(
            apart(found[f"grad/{key}"], own.grad) for key, own in model.named_parameters())
    return differences


mistakes = 0
for name in MODELS:
    for exporter in ["dynamic", "fixed", "legacy"]:
        with tempfile.TemporaryDirectory() as folder:
            try:
                differences = round_trip(name, exporter, pathlib.Path(folder))
            except Exception as error:
                if exporter == "fixed" and "batch axis that is left open" in str(error):
                    print(name, exporter, "refused: it was exported for one number of rows")
                    continue
                print(name, exporter, "FAILS", str(error)[:400])
                mistakes += 1
                continue
            mistakes += sum(not value < LIMIT for value in differences.values())
            print(name, exporter, {key: f"{value:.1e}" for key, value in differences.items()})
print(mistakes, "mistakes")
