"""Starting values of PyTorch on a CPU that fanin must reproduce to the bit.

    python -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python like_torch.py > like_torch.json

Needs a processor with AVX2; the build without fused multiply-add is had by an environment
variable, in a process of its own. A case is a sequence of calls on one generator, because what a
call leaves behind is part of the contract. Bits are kept as FNV-1a hashes of the little-endian
numbers, and for orthogonal matrices, which agree to a tolerance only, as values.
"""

import json
import math
import os
import subprocess
import sys

import torch
from torch import nn

DTYPES = {
    "f32": torch.float32,
    "f64": torch.float64,
    "bf16": torch.bfloat16,
    "f16": torch.float16,
}


def fnv(tensor):
    bits = {2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.element_size()]
    state = 0xCBF29CE484222325
    for byte in tensor.detach().contiguous().view(-1).view(bits).numpy().tobytes():
        state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{state:016x}"


def call(name, arguments, dtype):
    """One call and the hash of what it gave."""
    new = lambda *shape: torch.empty(*shape, dtype=DTYPES[dtype])
    a = arguments
    if name == "uniform":
        result = new(a["count"]).uniform_(a["low"], a["high"])
    elif name == "normal":
        result = new(a["count"]).normal_(a["mean"], a["deviation"])
    elif name == "truncated":
        tensor = new(a["count"])
        result = nn.init.trunc_normal_(tensor, a["mean"], a["deviation"], a["low"], a["high"])
    elif name == "permutation":
        result = torch.randperm(a["count"]).to(torch.int32)
    elif name == "sparse":
        result = nn.init.sparse_(new(*a["shape"]), a["sparsity"], a["deviation"])
    elif name == "xavier_uniform":
        result = nn.init.xavier_uniform_(new(*a["shape"]), a["gain"])
    elif name == "xavier_normal":
        result = nn.init.xavier_normal_(new(*a["shape"]), a["gain"])
    elif name == "kaiming_uniform":
        result = nn.init.kaiming_uniform_(new(*a["shape"]), a["slope"], a["mode"])
    elif name == "kaiming_normal":
        result = nn.init.kaiming_normal_(new(*a["shape"]), a["slope"], a["mode"])
    return {"call": name, **arguments, "hash": fnv(result)}


def sequence(seed, dtype, calls):
    torch.manual_seed(seed)
    done = [call(name, arguments, dtype) for name, arguments in calls]
    return {"seed": seed, "dtype": dtype, "calls": done}


def uniform(count, low=0.0, high=1.0):
    return ("uniform", {"count": count, "low": low, "high": high})


def normal(count, mean=0.0, deviation=1.0):
    return ("normal", {"count": count, "mean": mean, "deviation": deviation})


def truncated(count, mean, deviation, low, high):
    arguments = {"mean": mean, "deviation": deviation, "low": low, "high": high}
    return ("truncated", {"count": count, **arguments})


def named(name, shape, **options):
    return (name, {"shape": shape, **options})


def sequences():
    sizes = range(1, 41)
    for dtype in DTYPES:
        yield sequence(1, dtype, [uniform(n, -0.123, 0.123) for n in sizes])
        yield sequence(2, dtype, [normal(n) for n in sizes])
        yield sequence(3, dtype, [normal(n, 0.3 * n - 5, 0.02 * n) for n in sizes])
        yield sequence(4, dtype, [truncated(n, 0.1, 1.0, -2.0, 2.0) for n in sizes])
        yield sequence(5, dtype, [truncated(n, 0.47, 0.23, 0.9, 1.2) for n in sizes])
        for seed in (0, 42, 2**33 + 7):
            many = 100_000 if (dtype, seed) == ("f32", 42) else 5_000
            calls = [
                uniform(many, -0.3, 1.7),
                normal(many, 0.0, 0.02),
                normal(7),
                truncated(many + 3, -0.5, 1.5, -1.0, 2.0),
                normal(many + 3, 2.5, 3.0),
                truncated(many // 2, 0.0, 1.0, 2.0, 5.0),
                truncated(many // 2, -1.0, 0.7, 0.1, 0.3),
            ]
            yield sequence(seed, dtype, calls)
        calls = [
            named("xavier_uniform", [7, 9], gain=1.0),
            named("xavier_normal", [3, 4, 5, 5], gain=5 / 3),
            named("kaiming_uniform", [64, 32, 3], slope=0.0, mode="fan_in"),
            named("kaiming_uniform", [11, 13], slope=math.sqrt(5), mode="fan_out"),
            named("kaiming_normal", [3, 2], slope=0.2, mode="fan_out"),
            named("kaiming_normal", [31, 29], slope=0.0, mode="fan_in"),
            named("sparse", [13, 7], sparsity=0.3, deviation=0.01),
            named("sparse", [4, 3], sparsity=0.9, deviation=1.0),
        ]
        yield sequence(9, dtype, calls)
    permutations = [("permutation", {"count": n}) for n in (0, 1, 2, 3, 10, 1000, 30_000)]
    yield sequence(11, "f32", permutations)


def orthogonals():
    cases = [([4, 4], 1.0), ([3, 8], 2.0), ([8, 3], 0.5), ([5, 2, 3], 1.0), ([30, 30], 1.0)]
    for shape, gain in cases:
        torch.manual_seed(5)
        values = nn.init.orthogonal_(torch.empty(*shape), gain)
        yield {"shape": shape, "gain": gain, "values": values.view(-1).tolist()}


def state(module, dtype):
    """Names, shapes and hashes; counts, which are integers, as numbers of the same type."""
    return [
        {"name": name, "shape": list(value.shape), "hash": fnv(value.to(DTYPES[dtype]))}
        for name, value in module.state_dict().items()
    ]


MODULES = [
    ("linear", {}, lambda **t: nn.Linear(3, 2, **t)),
    ("linear", {}, lambda **t: nn.Linear(33, 17, bias=False, **t)),
    ("bilinear", {}, lambda **t: nn.Bilinear(5, 4, 3, **t)),
    ("convolution", {}, lambda **t: nn.Conv1d(4, 6, 3, groups=2, **t)),
    ("convolution", {}, lambda **t: nn.Conv2d(3, 8, 3, **t)),
    ("convolution", {}, lambda **t: nn.Conv3d(2, 3, 2, bias=False, **t)),
    ("convolution", {}, lambda **t: nn.ConvTranspose1d(3, 5, 4, **t)),
    ("convolution", {}, lambda **t: nn.ConvTranspose2d(4, 6, 3, groups=2, **t)),
    ("embedding", {"padding": 2}, lambda **t: nn.Embedding(10, 3, padding_idx=2, **t)),
    ("embedding", {}, lambda **t: nn.Embedding(5, 2, **t)),
    ("embedding", {}, lambda **t: nn.EmbeddingBag(70, 5, **t)),
    ("recurrent", {}, lambda **t: nn.RNN(3, 4, num_layers=2, bidirectional=True, **t)),
    ("recurrent", {}, lambda **t: nn.LSTM(5, 6, num_layers=2, bidirectional=True, proj_size=3, **t)),
    ("recurrent", {}, lambda **t: nn.LSTM(5, 6, num_layers=12, bias=False, **t)),
    ("recurrent", {}, lambda **t: nn.GRU(4, 5, **t)),
    ("recurrent", {}, lambda **t: nn.LSTMCell(4, 5, **t)),
    ("recurrent", {}, lambda **t: nn.GRUCell(4, 5, bias=False, **t)),
    ("recurrent", {}, lambda **t: nn.RNNCell(4, 5, **t)),
    ("attention", {}, lambda **t: nn.MultiheadAttention(8, 2, **t)),
    ("attention", {}, lambda **t: nn.MultiheadAttention(8, 2, kdim=5, vdim=6, **t)),
    ("attention", {}, lambda **t: nn.MultiheadAttention(8, 2, bias=False, **t)),
    ("attention", {}, lambda **t: nn.MultiheadAttention(18, 2, add_bias_kv=True, **t)),
    ("attention", {}, lambda **t: nn.MultiheadAttention(6, 2, kdim=3, add_bias_kv=True, **t)),
    ("norm", {}, lambda **t: nn.LayerNorm(6, **t)),
    ("norm", {}, lambda **t: nn.BatchNorm2d(6, **t)),
    ("norm", {}, lambda **t: nn.GroupNorm(2, 6, **t)),
    ("norm", {}, lambda **t: nn.RMSNorm(6, **t)),
    ("slope", {}, lambda **t: nn.PReLU(3, **t)),
]


def modules():
    for dtype in DTYPES:
        for kind, options, make in MODULES:
            torch.manual_seed(42)
            parameters = state(make(dtype=DTYPES[dtype]), dtype)
            yield {"kind": kind, **options, "dtype": dtype, "parameters": parameters}


def encoder():
    layer = nn.TransformerEncoderLayer(16, 4, 32)
    return nn.TransformerEncoder(layer, 3, norm=nn.LayerNorm(16))


def decoder():
    return nn.TransformerDecoder(nn.TransformerDecoderLayer(12, 3, 20), 2)


def network():
    return nn.Sequential(
        nn.Embedding(11, 7, padding_idx=3),
        nn.LSTM(7, 5),
        nn.Linear(5, 4),
        nn.PReLU(),
        nn.Conv2d(4, 3, 3, bias=False),
        nn.BatchNorm2d(3),
        nn.TransformerEncoderLayer(8, 2, 9),
        nn.Embedding(3, 2),
        nn.Linear(2, 1),
    )


def models():
    for name, make in (("encoder", encoder), ("decoder", decoder), ("network", network)):
        torch.manual_seed(3)
        yield {"name": name, "parameters": state(make(), "f32")}


def main():
    if len(sys.argv) == 1:
        plain = subprocess.run(
            [sys.executable, __file__, "plain"],
            env={**os.environ, "ATEN_CPU_CAPABILITY": "default"},
            check=True,
            stdout=subprocess.PIPE,
        )
        builds = {"plain": json.loads(plain.stdout)}
    else:
        builds = {}
    torch.set_num_threads(1)
    own = "fused" if len(sys.argv) == 1 else "plain"
    capability = torch.backends.cpu.get_cpu_capability()
    assert (capability == "DEFAULT") == (own == "plain"), capability
    reference = {
        "sequences": list(sequences()),
        "orthogonal": list(orthogonals()),
        "modules": list(modules()),
        "models": list(models()),
    }
    if own == "plain":
        json.dump(reference, sys.stdout)
        return
    builds["fused"] = reference
    version = torch.__version__.split("+")[0]
    print(f'{{"torch": "{version}"', end="")
    for build, reference in sorted(builds.items()):
        print(f',\n"{build}": {{', end="")
        for index, (part, cases) in enumerate(reference.items()):
            lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
            print(f'{"," if index else ""}\n"{part}": [\n{lines}]', end="")
        print("}", end="")
    print("}")


main()
