"""Takes the code of a repair out of the written page, as a reader would, and runs it.

Needs a built fanin, numpy, and torch, jax with flax, and keras; what is not installed is named and left
out. Run it as

    python3 crates/fanin/tests/reference/report_code.py target/debug/fanin

`fanin fix --report` mends networks of layers. The text of every code block, entities undone, is
what a browser copies. Each block is executed, its `initialize` draws a real network of its
framework under eight seeds, and every tensor's mean and deviation are held against the scheme that
the page's Rust block names for it, within five standard errors; tensors that no rule names must
keep their values. It ends with 1 if a tensor is off or a block is missing.
"""

import fnmatch
import html.parser
import importlib.util
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax" if importlib.util.find_spec("jax") else "torch")

SEEDS = range(8)
WIDTHS = [64] * 6 + [10]
NETWORKS = {
    "tanh": ("64 -> 6x64 tanh -> 10", "normal:0.01"),
    "relu": ("64 -> 6x64 relu -> 10", "normal:0.02"),
}


class Blocks(html.parser.HTMLParser):
    """Code blocks by the heading before them."""

    def __init__(self, page):
        super().__init__()
        self.found, self.heading, self.open = {}, "", None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag in ("h3", "code"):
            self.open, self.text = tag, ""

    def handle_endtag(self, tag):
        if tag != self.open:
            return
        self.open = None
        if tag == "h3":
            self.heading = self.text
        else:
            self.found.setdefault(self.heading, self.text)

    def handle_data(self, data):
        if self.open:
            self.text += data


def expected(blocks):
    """Mean and deviation by layer and part, from the schemes that the Rust block names."""
    told = {}
    rules = re.findall(r'\("([^"]+)", "([^"]+)"\)', blocks["Rust"])
    names = [f"{2 * layer}.{part}" for layer in range(len(WIDTHS)) for part in ("weight", "bias")]
    for name in names:
        scheme = next((scheme for pattern, scheme in rules if fnmatch.fnmatchcase(name, pattern)), None)
        if scheme is None:
            continue
        layer, part = name.split(".")
        kind, _, numbers = scheme.partition(":")
        numbers = [float(number) for number in numbers.split(",") if number]
        if kind == "orthogonal":
            index = int(layer) // 2
            moments = 0.0, numbers[0] / math.sqrt(max(64, WIDTHS[index]))
        elif kind == "normal":
            moments = 0.0, numbers[0]
        elif kind == "uniform":
            moments = sum(numbers) / 2, (numbers[1] - numbers[0]) / math.sqrt(12)
        elif kind in ("zeros", "constant"):
            moments = (numbers or [0.0])[0], 0.0
        else:
            raise AssertionError(f"{scheme} is unknown to this test")
        told[int(layer) // 2, part] = moments
    assert told, "the Rust block names no rule"
    return told


def run(source):
    module = {}
    exec(compile(source, "page", "exec"), module)
    return module["initialize"]


def draw_torch(initialize, activation):
    import torch

    layers, inputs = [], 64
    for outputs in WIDTHS:
        layers += [torch.nn.Linear(inputs, outputs), getattr(torch.nn, {"tanh": "Tanh", "relu": "ReLU"}[activation])()]
        inputs = outputs
    model = torch.nn.Sequential(*layers[:-1])
    read = lambda: {(int(n.split(".")[0]) // 2, n.split(".")[1]): p.detach().numpy().copy()
                    for n, p in model.named_parameters()}
    for seed in SEEDS:
        initialize(model, seed)
        yield read()


def draw_flax(initialize, activation):
    import flax.linen as linen
    import jax
    import jax.numpy as jnp

    class Network(linen.Module):
        @linen.compact
        def __call__(self, x):
            for outputs in WIDTHS[:-1]:
                x = linen.Dense(outputs)(x)
                x = jnp.tanh(x) if activation == "tanh" else jax.nn.relu(x)
            return linen.Dense(WIDTHS[-1])(x)

    params = Network().init(jax.random.key(0), jnp.zeros((1, 64)))
    for seed in SEEDS:
        drawn = initialize(params, seed)["params"]
        yield {(int(n.split("_")[1]), part): np.asarray(drawn[n]["kernel" if part == "weight" else "bias"])
               for n in drawn for part in ("weight", "bias")}


def draw_keras(initialize, activation):
    import keras

    model = keras.Sequential([keras.Input((64,))])
    for outputs in WIDTHS[:-1]:
        model.add(keras.layers.Dense(outputs, activation=activation))
    model.add(keras.layers.Dense(WIDTHS[-1]))
    for seed in SEEDS:
        initialize(model, seed)
        values = [np.asarray(keras.ops.convert_to_numpy(v)) for v in model.trainable_variables]
        yield {(i // 2, "bias" if i % 2 else "weight"): v for i, v in enumerate(values)}


def draw_numpy(initialize, activation):
    for seed in SEEDS:
        drawn = initialize(seed)
        assert all(np.array_equal(array, initialize(seed)[name]) for name, array in drawn.items())
        yield {(int(n.split(".")[0]) // 2, n.split(".")[1]): array for n, array in drawn.items()}


FRAMEWORKS = {
    "NumPy": (("numpy",), draw_numpy),
    "PyTorch": (("torch",), draw_torch),
    "JAX/Flax": (("jax", "flax"), draw_flax),
    "Keras": (("keras",), draw_keras),
}


def check(title, draws, told):
    draws = list(draws)
    off = []
    for place, first in draws[0].items():
        values = np.stack([draw[place].astype(np.float64) for draw in draws])
        if place not in told:
            if not (values == values[:1]).all():
                off.append((place, "was drawn, and no rule names it"))
            continue
        mean, deviation = told[place]
        errors = 5 * deviation / math.sqrt(values.size) + 1e-6, 5 * deviation / math.sqrt(2 * values.size) + 1e-6
        if abs(values.mean() - mean) > errors[0] or abs(values.std() - deviation) > errors[1]:
            off.append((place, values.mean(), mean, values.std(), deviation))
    assert set(told) <= set(draws[0]), (title, set(told) - set(draws[0]))
    print(f"{'OFF' if off else 'ok '} {title}: {len(told)} of {len(draws[0])} tensors drawn {off or ''}")
    return not off


def main():
    fanin = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "target/debug/fanin").resolve())
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for activation, (network, scheme) in NETWORKS.items():
            page = pathlib.Path(folder) / f"{activation}.html"
            done = subprocess.run([fanin, "fix", network, "--scheme", scheme, "--no-proof", "--report", page],
                                  cwd=folder, capture_output=True, text=True)
            assert page.exists(), done.stderr
            blocks = Blocks(page.read_text()).found
            told = expected(blocks)
            for framework, (packages, draw) in FRAMEWORKS.items():
                missing = [name for name in packages if not importlib.util.find_spec(name)]
                if missing:
                    print(f"    {framework}: left out, {missing[0]} is not installed")
                    continue
                good &= check(f"{network} in {framework}", draw(run(blocks[framework]), activation), told)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
