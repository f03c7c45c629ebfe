"""Compares, bit by bit, what `fanin init --like` writes with what the libraries themselves start with.

    python3 bench/parity.py [FANIN [LIBRARY ...]]    needs numpy, torch, jax, flax, keras, tensorflow

FANIN is the program (default target/release/fanin), LIBRARY one of `--like` (default all). Every library, build and backend of `--like`
makes its models and distributions in a process of its own; names and shapes go to fanin in the
library's order. Prints a line per case and ends with 1 if any tensor differs. What is orthogonal is
held to a tolerance, as the order of sums inside of LAPACK cannot be known.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

FANIN = sys.argv[1] if len(sys.argv) > 1 else "target/release/fanin"
SEEDS = [0, 42, 12345]
LIBRARIES = ["torch", "torch:default", "numpy", "jax", "flax", "tensorflow", "keras:tensorflow",
             "keras:jax", "keras:torch", "keras:numpy"]
SHAPES = {"0.weight": (33, 20), "1.weight": (7, 33), "2.weight": (130, 70)}
TOLERANCE = 4e-6


def torch_cases(_):
    import torch
    from torch import nn

    layers = {
        "Linear": lambda: nn.Sequential(nn.Linear(20, 33), nn.Linear(33, 5, bias=False)),
        "Conv": lambda: nn.Sequential(nn.Conv1d(4, 6, 3, groups=2), nn.Conv2d(3, 8, 3),
                                      nn.BatchNorm2d(8), nn.Conv3d(2, 3, 2, bias=False)),
        "ConvTranspose": lambda: nn.Sequential(nn.ConvTranspose1d(3, 5, 4), nn.ConvTranspose2d(4, 6, 3)),
        "Embedding": lambda: nn.ModuleDict({"embedding": nn.Embedding(50, 7), "norm": nn.LayerNorm(7),
                                            "head": nn.Linear(7, 3)}),
        "LSTM": lambda: nn.ModuleDict({"lstm": nn.LSTM(5, 6, num_layers=2), "head": nn.Linear(6, 2)}),
        "GRU": lambda: nn.ModuleDict({"gru": nn.GRU(5, 6, bidirectional=True)}),
        "MultiheadAttention": lambda: nn.ModuleDict({"self_attn": nn.MultiheadAttention(8, 2)}),
        # Not nn.TransformerEncoder, whose layers are copies of one: names do not tell that.
        "TransformerEncoderLayer": lambda: nn.ModuleDict({"layers": nn.ModuleList(
            nn.TransformerEncoderLayer(16, 4, 32) for _ in range(2))}),
    }
    init = nn.init
    functions = {
        "xavier-uniform": init.xavier_uniform_,
        "xavier-normal": init.xavier_normal_,
        "he-uniform": lambda w: init.kaiming_uniform_(w, nonlinearity="relu"),
        "he-normal": lambda w: init.kaiming_normal_(w, nonlinearity="relu"),
        "he-fan-out-normal": lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
        "uniform:0.05": lambda w: init.uniform_(w, -0.05, 0.05),
        "torch-truncated-normal:0.02": lambda w: init.trunc_normal_(w, std=0.02),
        "sparse-torch:0.5": lambda w: init.sparse_(w, 0.5),
        "orthogonal:1": init.orthogonal_,
    }
    of_biases_too = ["uniform:0.05"]

    def arrays(model):
        return {name: value.detach().numpy() for name, value in model.state_dict().items()}

    for seed in SEEDS:
        for name, make in layers.items():
            torch.manual_seed(seed)
            yield name, None, seed, arrays(make())
        for scheme, function in functions.items():
            torch.manual_seed(seed)
            model = nn.Sequential(nn.Linear(20, 33), nn.Linear(33, 7), nn.Linear(70, 130))
            for parameter in model.parameters():
                drawn = parameter.ndim > 1 or scheme in of_biases_too
                function(parameter) if drawn else init.zeros_(parameter)
            yield "Linear", scheme, seed, arrays(model)


def numpy_cases(_):
    import numpy as np

    def draw(distribution):
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            yield seed, {n: distribution(rng, s).astype("<f4") for n, s in SHAPES.items()}

    draws = {
        "uniform:0.05": lambda rng, shape: rng.uniform(-0.05, 0.05, shape),
        "normal:0.02": lambda rng, shape: rng.normal(0.0, 0.02, shape),
        "he-normal": lambda rng, shape: rng.normal(0.0, np.sqrt(2 / shape[1]), shape),
    }
    for scheme, distribution in draws.items():
        for seed, arrays in draw(distribution):
            yield "weights", scheme, seed, arrays


def jax_cases(_):
    import jax
    import numpy as np

    init = jax.nn.initializers
    functions = {
        "xavier-uniform": init.glorot_uniform(),
        "xavier-normal": init.glorot_normal(),
        "he-uniform": init.he_uniform(),
        "he-normal": init.he_normal(),
        "lecun-uniform": init.lecun_uniform(),
        "lecun-normal": init.lecun_normal(),
        "normal:0.02": init.normal(0.02),
        "orthogonal:1": init.orthogonal(),
    }
    for scheme, function in functions.items():
        for seed in SEEDS:
            keys = jax.random.split(jax.random.key(seed), len(SHAPES))
            yield "weights", scheme, seed, {
                name: np.asarray(function(key, shape[::-1]))
                for key, (name, shape) in zip(keys, SHAPES.items())
            }


def flax_cases(_):
    import jax
    import jax.numpy as jnp
    import numpy as np
    from flax import linen as nn

    class Model(nn.Module):
        layers: tuple

        @nn.compact
        def __call__(self, x):
            for make in self.layers:
                x = make()(x)
            return x

    image, row, tokens = jnp.ones((1, 8, 8, 4)), jnp.ones((1, 5, 12)), jnp.zeros((1, 4), int)
    models = {
        "Dense": (row, [lambda: nn.Dense(32), lambda: nn.Dense(10, use_bias=False)]),
        "Conv": (image, [lambda: nn.Conv(8, (3, 3)), lambda: nn.BatchNorm(use_running_average=False),
                         lambda: nn.Conv(8, (3, 3), feature_group_count=4)]),
        "ConvTranspose": (image, [lambda: nn.ConvTranspose(5, (2, 2)), lambda: nn.Dense(3)]),
        "Embed": (tokens, [lambda: nn.Embed(50, 8), lambda: nn.LayerNorm(), lambda: nn.Dense(50)]),
        "Attention": (row, [lambda: nn.MultiHeadDotProductAttention(num_heads=2, qkv_features=12)]),
        "LSTM": (row, [lambda: nn.RNN(nn.OptimizedLSTMCell(6)), lambda: nn.RNN(nn.GRUCell(4))]),
    }
    for name, (x, layers) in models.items():
        for seed in SEEDS:
            variables = Model(tuple(layers)).init(jax.random.key(seed), x)
            leaves = jax.tree_util.tree_flatten_with_path(variables)[0]
            arrays = {"/".join(p.key for p in path): np.asarray(leaf) for path, leaf in leaves}
            yield name, None, seed, arrays


def tensorflow_cases(_):
    import tensorflow as tf

    draws = {
        "normal:0.02": lambda s, seed: tf.random.stateless_normal(s, seed, stddev=0.02),
        "uniform:0.05": lambda s, seed: tf.random.stateless_uniform(s, seed, -0.05, 0.05),
    }
    for scheme, draw in draws.items():
        for seed in SEEDS:
            yield "weights", scheme, seed, {
                name: draw(shape[::-1], [seed, i]).numpy()
                for i, (name, shape) in enumerate(SHAPES.items())
            }


def keras_cases(library):
    os.environ["KERAS_BACKEND"] = library.split(":")[1]
    import keras
    from keras import layers

    def build(x, *makers):
        """Sequential: all layers are made, then called."""
        return keras.Sequential([keras.Input(x), *[make() for make in makers]])

    def attention():
        tokens = keras.Input((5,))
        x = layers.Embedding(50, 6, name="embedding")(tokens)
        x = layers.LayerNormalization(name="norm")(x)
        x = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
        return keras.Model(tokens, layers.Dense(50, name="head")(x))

    models = {
        "Dense": lambda: build((20,), lambda: layers.Dense(32, name="a"), lambda: layers.Dense(5, name="b")),
        "Conv": lambda: build((8, 8, 4), lambda: layers.Conv2D(8, 3, name="a"),
                              lambda: layers.BatchNormalization(name="n"),
                              lambda: layers.DepthwiseConv2D(3, name="depthwise_conv2d"),
                              lambda: layers.SeparableConv2D(5, 1, name="separable_conv2d"),
                              lambda: layers.Conv2DTranspose(3, 2, name="conv2d_transpose")),
        "Embedding, LSTM, GRU, SimpleRNN": lambda: build(
            (5,), lambda: layers.Embedding(50, 6, name="e"),
            lambda: layers.LSTM(4, return_sequences=True, name="l"),
            lambda: layers.GRU(5, return_sequences=True, name="g"), lambda: layers.SimpleRNN(3, name="r")),
        "MultiHeadAttention": attention,
    }
    kernels = {
        "xavier-uniform": "glorot_uniform", "xavier-normal": "glorot_normal", "he-uniform": "he_uniform",
        "he-normal": "he_normal", "lecun-normal": "lecun_normal", "lecun-uniform": "lecun_uniform",
        "orthogonal:1": "orthogonal",
    }

    def arrays(model):
        result = {}
        for variable in model.variables:
            path = variable.path.split("/")
            path = path[1:] if path[0].startswith("sequential") else path
            if not path[0].startswith("seed_generator"):
                result["/".join(path)] = keras.ops.convert_to_numpy(variable.value)
        return result

    for seed in SEEDS:
        for name, make in models.items():
            keras.utils.set_random_seed(seed)
            yield name, None, seed, arrays(make())
        for scheme, kernel in kernels.items():
            keras.utils.set_random_seed(seed)
            dense = lambda n, name: lambda: layers.Dense(n, name=name, kernel_initializer=kernel)
            yield "Dense", scheme, seed, arrays(build((20,), dense(33, "a"), dense(7, "b")))


def peer(library, folder):
    """Writes the cases of a library into a folder."""
    import numpy as np

    make = globals()[library.split(":")[0] + "_cases"]
    cases = []
    for number, (name, scheme, seed, arrays) in enumerate(make(library)):
        floats = {n: np.ascontiguousarray(a, "<f4") for n, a in arrays.items()}
        np.savez(f"{folder}/{number}.npz", **{str(i): a for i, a in enumerate(floats.values())})
        cases.append([name, scheme, seed, list(floats)])
    with open(f"{folder}/cases.json", "w") as file:
        json.dump(cases, file)


def tensors(path):
    """Those of a safetensors file."""
    import numpy as np

    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in header.items()
    }


def is_orthogonal(name, scheme):
    flax_cell = name.split("/")[-2:-1] and name.split("/")[-2] in ("hi", "hf", "hg", "ho", "hr", "hz", "hn")
    return scheme == "orthogonal:1" or "recurrent_kernel" in name or (flax_cell and name.endswith("kernel"))


def check(library, folder, number, case):
    """(tensors equal to the bit, equal to the tolerance, mistakes)"""
    import numpy as np

    name, scheme, seed, names = case
    with np.load(f"{folder}/{number}.npz") as file:
        expected = {n: file[str(i)] for i, n in enumerate(names)}
    # Libraries without layers keep weights as (in, out), the model names them as (out, in).
    shapes = SHAPES if library in ("numpy", "jax", "tensorflow") else {n: a.shape for n, a in expected.items()}
    model, out = f"{folder}/model.json", f"{folder}/out.safetensors"
    with open(model, "w") as file:
        json.dump({n: list(s) for n, s in shapes.items()}, file)
    command = [FANIN, "init", model, "--like", library, "--seed", str(seed), "-o", out, "--force"]
    done = subprocess.run(command + (["--scheme", scheme] if scheme else []), capture_output=True, text=True)
    if done.returncode:
        return 0, 0, [done.stderr.strip()]
    found = tensors(out)
    exact, near, mistakes = 0, 0, []
    for n, e in expected.items():
        f = found.get(n)
        if f is None or f.shape != e.shape:
            mistakes.append(f"{n}: {None if f is None else f.shape} instead of {e.shape}")
        elif f.tobytes() == e.tobytes():
            exact += 1
        elif is_orthogonal(n, scheme) and np.abs(f - e).max() <= TOLERANCE:
            near += 1
        else:
            differ = (f.view("<u4") != e.view("<u4")).mean()
            mistakes.append(f"{n}: {differ:.1%} of the numbers differ, by at most {np.abs(f - e).max():.1e}")
    return exact, near, mistakes


def main():
    failed = False
    print(f"{'library':18}{'layers':34}{'scheme':30}{'exact':>6}{'near':>6}")
    for library in sys.argv[2:] or LIBRARIES:
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
            if library == "torch:default":
                environment["ATEN_CPU_CAPABILITY"] = "default"
            command = [sys.executable, __file__, "--peer", library, folder]
            made = subprocess.run(command, env=environment, capture_output=True, text=True)
            if made.returncode:
                print(f"{library:18}cannot be run: {made.stderr.strip().splitlines()[-1]}")
                failed = True
                continue
            sums = {}
            with open(f"{folder}/cases.json") as file:
                for number, case in enumerate(json.load(file)):
                    exact, near, mistakes = check(library, folder, number, case)
                    row = sums.setdefault((case[0], case[1] or "defaults"), [0, 0, []])
                    row[0] += exact
                    row[1] += near
                    row[2] += [f"seed {case[2]}, {mistake}" for mistake in mistakes]
            for (name, scheme), (exact, near, mistakes) in sums.items():
                print(f"{library:18}{name:34}{scheme:30}{exact:6}{near:6}", flush=True)
                failed |= bool(mistakes)
                for mistake in mistakes[:3]:
                    print(f"    DIFFERS {mistake}")
    sys.exit(failed)


if len(sys.argv) > 1 and sys.argv[1] == "--peer":
    peer(sys.argv[2], sys.argv[3])
else:
    main()
