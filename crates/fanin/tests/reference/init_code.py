"""Draws starts by the code that fanin writes and holds their deviations against the stated ones.

Needs torch, jax, flax and keras (with jax as its backend); run it as

    python3 crates/fanin/tests/reference/init_code.py

It imports the texts in crates/fanin/tests/data/code, which the tests in
crates/fanin/tests/it/init_code.rs hold against what fanin writes, initializes real modules of each framework with
eight seeds, and compares mean and deviation of every parameter with what its scheme says, within
five standard errors. It ends with 1 if one is off.
"""

import importlib.util
import math
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "jax")

import flax.linen as linen
import flax.traverse_util
import jax
import jax.numpy as jnp
import keras
import numpy as np
import torch

CODE = pathlib.Path(__file__).parent.parent / "data" / "code"
SEEDS = range(8)
CUT = 0.8796256610342398  # deviation of a standard normal cut at two deviations


def code(name):
    spec = importlib.util.spec_from_file_location(name, CODE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def orthogonal(gain, longer):
    return 0.0, gain / math.sqrt(longer)


# Mean and deviation of what the chain's schemes draw, by kind of layer; None for what stays.
CHAIN = {
    "first weight": orthogonal(1.5925, 64),
    "first bias": (0.0, 0.2 / math.sqrt(12)),
    "weight": (0.0, 0.123456789),
    "last weight": (0.0, 0.02 * CUT),
    "last bias": (0.5, 0.0),
}

# Mirrored layers of the network 48 -> 3x64 relu -> 40: A is (32, 48), (32, 32) twice, (40, 32).
MIRRORS = [orthogonal(1.0, longer) for longer in (48, 32, 32, 40)]

# One tap of nine holds a matrix with orthonormal columns: variance gain²/(outputs·taps).
CONVOLUTIONS = {
    "0": (0.0, 1.25 / math.sqrt(8 * 9)),
    "2": (0.0, 1.25 / math.sqrt(16 * 9)),
    "4": (0.0, 0.05),
    "6": (0.0, 0.05),
}

# Biases of 24 units that remember up to 200 steps: input gate, forget gate, and two without.
STEPS = np.linspace(0.0, np.log(199.0), 24)
MEMORIES = np.concatenate([-STEPS, STEPS, np.zeros(48)])

failures = []


def check(name, draws, expected):
    """Compares draws under several seeds with their mean and deviation."""
    mean, deviation = expected
    values = np.concatenate([np.asarray(draw, dtype=np.float64).ravel() for draw in draws])
    off = abs(values.mean() - mean), abs(values.std() - deviation)
    # The kurtosis of a uniform or cut variable is less than that of a normal one, and that of one
    # tap in nine is nine times as large.
    spread = 3.0 if (values == 0.0).mean() > 0.5 else 1.0
    errors = (
        5 * deviation / math.sqrt(values.size) + 1e-6,
        5 * spread * deviation / math.sqrt(2 * values.size) + 1e-6,
    )
    good = off[0] <= errors[0] and off[1] <= errors[1]
    print(f"{'ok ' if good else 'OFF'} {name:<40} mean {values.mean():+.5f} of {mean:+.5f}, "
          f"deviation {values.std():.5f} of {deviation:.5f}")
    same = any(np.array_equal(draws[0], other) for other in draws[1:])
    if not good or (same and deviation > 0.0):
        failures.append(name)


def check_chain(framework, draws):
    """`draws`: for each seed, weights and biases of the linear layers in order."""
    layers = len(draws[0])
    for index in range(layers):
        kind = "first " if index == 0 else "last " if index == layers - 1 else ""
        for part, tensor in enumerate(("weight", "bias")):
            expected = CHAIN.get(kind + tensor)
            if expected is not None:
                check(f"{framework}: chain {index} {tensor}",
                      [draw[index][part] for draw in draws], expected)


def torch_chain():
    module = code("chain_torch")
    nn = torch.nn
    layers = [nn.Linear(48, 64), nn.Tanh()]
    for _ in range(6):
        layers += [nn.Linear(64, 64), nn.LayerNorm(64), nn.GELU()]
    model = nn.Sequential(*layers, nn.Linear(64, 40))
    kept = model[3].weight.detach().clone(), model[2].bias.detach().clone()
    draws = []
    for seed in SEEDS:
        module.initialize(model, seed)
        linear = [layer for layer in model if isinstance(layer, nn.Linear)]
        draws.append([(l.weight.detach().numpy().copy(), l.bias.detach().numpy().copy())
                      for l in linear])
    check_chain("torch", draws)
    assert torch.equal(model[3].weight, kept[0]) and torch.equal(model[2].bias, kept[1])
    module.initialize(model, 3)
    assert np.array_equal(model[0].weight.detach().numpy(), draws[3][0][0]), "a seed repeats"
    try:
        module.initialize(nn.Sequential(nn.Linear(2, 2)), 0)
    except ValueError as error:
        assert "20.weight" in str(error)
    else:
        failures.append("torch: a foreign model is refused")


def torch_convolutions():
    module = code("convolutions_torch")
    nn = torch.nn
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU(),
                          nn.ConvTranspose2d(16, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 1, 3))
    draws = []
    for seed in SEEDS:
        module.initialize(model, seed)
        draws.append({n: p.detach().numpy().copy() for n, p in model.named_parameters()})
    for layer, expected in CONVOLUTIONS.items():
        check(f"torch: convolution {layer}", [d[f"{layer}.weight"] for d in draws], expected)
    matrix = draws[0]["2.weight"][:, :, 1, 1]
    assert np.allclose(matrix.T @ matrix, 1.25**2 * np.eye(8), atol=1e-5), "an isometry"
    assert not draws[0]["0.bias"].any()


def torch_gates():
    module = code("gates_torch")

    class Gates(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(16, 24)
            self.head = torch.nn.Linear(24, 4)

    model, draws = Gates(), []
    for seed in SEEDS:
        module.initialize(model, seed)
        draws.append({n: p.detach().numpy().copy() for n, p in model.named_parameters()})
    check("torch: gates, input", [d["rnn.weight_ih_l0"] for d in draws], (0.0, 0.2))
    check("torch: gates, state", [d["rnn.weight_hh_l0"] for d in draws], orthogonal(1.0, 24))
    for gate in np.split(draws[0]["rnn.weight_hh_l0"], 4):
        assert np.allclose(gate @ gate.T, np.eye(24), atol=1e-5), "each gate is orthogonal"
    assert np.allclose(draws[0]["rnn.bias_ih_l0"], MEMORIES, atol=1e-4)


def check_mirrors(framework, draws):
    """`draws`: for each seed, the weights of the layers in order, as (out, in)."""
    for layer, expected in enumerate(MIRRORS):
        check(f"{framework}: mirrors {layer}", [draw[layer] for draw in draws], expected)
    x = np.random.default_rng(0).normal(size=(2, 48))
    weights = [w.T for w in draws[0]]

    def network(x):
        for weight in weights[:-1]:
            x = np.maximum(x @ weight, 0.0)
        return x @ weights[-1]

    both = network(x[0] + x[1])
    assert np.allclose(both, network(x[0]) + network(x[1]), atol=1e-4), "relu layers look linear"


def numpy_chain():
    module = code("chain_numpy")
    draws = []
    for seed in SEEDS:
        drawn = module.initialize(seed)
        assert all(array.dtype == np.float32 for array in drawn.values())
        layers = [0, *range(2, 18, 3), 20]
        draws.append([(drawn[f"{n}.weight"], drawn.get(f"{n}.bias", np.zeros(64))) for n in layers])
    check_chain("numpy", draws)
    assert draws[0][0][0].shape == (64, 48) and "3.weight" not in module.initialize(0)


def numpy_convolutions():
    module = code("convolutions_numpy")
    draws = [module.initialize(seed) for seed in SEEDS]
    for layer, expected in CONVOLUTIONS.items():
        check(f"numpy: convolution {layer}", [d[f"{layer}.weight"] for d in draws], expected)
    matrix = draws[0]["2.weight"][:, :, 1, 1]
    assert np.allclose(matrix.T @ matrix, 1.25**2 * np.eye(8), atol=1e-5), "an isometry"
    assert not draws[0]["0.bias"].any()


def numpy_gates():
    draws = [code("gates_numpy").initialize(seed) for seed in SEEDS]
    check("numpy: gates, input", [d["rnn.weight_ih_l0"] for d in draws], (0.0, 0.2))
    check("numpy: gates, state", [d["rnn.weight_hh_l0"] for d in draws], orthogonal(1.0, 24))
    for gate in np.split(draws[0]["rnn.weight_hh_l0"], 4):
        assert np.allclose(gate @ gate.T, np.eye(24), atol=1e-5), "each gate is orthogonal"
    assert np.allclose(draws[0]["rnn.bias_ih_l0"], MEMORIES, atol=1e-4)


def numpy_mirrors():
    draws = [code("mirrors_numpy").initialize(seed) for seed in SEEDS]
    check_mirrors("numpy", [[d[f"{n}.weight"] for n in (0, 2, 4, 6)] for d in draws])


def torch_mirrors():
    module = code("mirrors_torch")
    nn = torch.nn
    model = nn.Sequential(nn.Linear(48, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
                          nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 40))
    draws = []
    for seed in SEEDS:
        module.initialize(model, seed)
        draws.append([model[n].weight.detach().numpy().copy() for n in (0, 2, 4, 6)])
    check_mirrors("torch", draws)


def flax_mirrors():
    module = code("mirrors_flax")
    sizes = [(48, 64), (64, 64), (64, 64), (64, 40)]
    params = {f"Dense_{n}": {"kernel": jnp.ones(s), "bias": jnp.ones(s[1])}
              for n, s in enumerate(sizes)}
    draws = []
    for seed in SEEDS:
        drawn = module.initialize(params, seed)
        draws.append([np.asarray(drawn[f"Dense_{n}"]["kernel"]).T for n in range(4)])
    check_mirrors("flax", draws)


def keras_mirrors():
    module = code("mirrors_keras")
    model = keras.Sequential([keras.Input((48,)),
                              *[keras.layers.Dense(64, activation="relu") for _ in range(3)],
                              keras.layers.Dense(40)])
    draws = []
    for seed in SEEDS:
        module.initialize(model, seed)
        draws.append([np.asarray(layer.get_weights()[0]).T for layer in model.layers])
    check_mirrors("keras", draws)


class Chain(linen.Module):
    @linen.compact
    def __call__(self, x):
        x = jnp.tanh(linen.Dense(64)(x))
        for _ in range(6):
            x = linen.gelu(linen.LayerNorm()(linen.Dense(64)(x)))
        return linen.Dense(40)(x)


def flax_chain():
    module = code("chain_flax")
    params = Chain().init(jax.random.key(0), jnp.zeros((1, 48)))
    draws = []
    for seed in SEEDS:
        drawn = module.initialize(params, seed)["params"]
        dense = [drawn[f"Dense_{n}"] for n in range(8)]
        draws.append([(np.asarray(d["kernel"]), np.asarray(d["bias"])) for d in dense])
        assert np.array_equal(drawn["LayerNorm_0"]["scale"], np.ones(64))
    check_chain("flax", draws)


def flax_convolutions():
    module = code("convolutions_flax")
    shapes = {"0": (3, 3, 1, 8), "2": (3, 3, 8, 16), "4": (3, 3, 16, 8), "6": (3, 3, 8, 1)}
    params = {n: {"kernel": jnp.ones(s), "bias": jnp.ones(s[-1])} for n, s in shapes.items()}
    draws = [module.initialize(params, seed) for seed in SEEDS]
    for layer, expected in CONVOLUTIONS.items():
        check(f"flax: convolution {layer}", [np.asarray(d[layer]["kernel"]) for d in draws],
              expected)
    assert not np.asarray(draws[0]["0"]["bias"]).any()


def keras_chain():
    module = code("chain_keras")
    layers = [keras.Input((48,)), keras.layers.Dense(64, activation="tanh")]
    for _ in range(6):
        layers += [keras.layers.Dense(64), keras.layers.LayerNormalization(),
                   keras.layers.Activation("gelu")]
    model = keras.Sequential([*layers, keras.layers.Dense(40)])
    draws = []
    for seed in SEEDS:
        module.initialize(model, seed)
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        draws.append([tuple(np.asarray(w) for w in layer.get_weights()) for layer in dense])
    check_chain("keras", draws)


def keras_convolutions():
    module = code("convolutions_keras")
    model = keras.Sequential([
        keras.Input((16, 16, 1)), keras.layers.Conv2D(8, 3), keras.layers.Conv2D(16, 3),
        keras.layers.Conv2DTranspose(8, 3), keras.layers.Conv2DTranspose(1, 3),
    ])
    draws = []
    for seed in SEEDS:
        module.initialize(model, seed)
        draws.append([np.asarray(v) for v in model.trainable_variables])
    for index, (layer, expected) in enumerate(CONVOLUTIONS.items()):
        check(f"keras: convolution {layer}", [d[2 * index] for d in draws], expected)
    matrix = draws[0][2][1, 1]
    assert np.allclose(matrix @ matrix.T, 1.25**2 * np.eye(8), atol=1e-5), "an isometry"


if __name__ == "__main__":
    for test in (torch_chain, torch_convolutions, torch_gates, flax_chain, flax_convolutions,
                 keras_chain, keras_convolutions,
                 torch_mirrors, flax_mirrors, keras_mirrors,
                 numpy_chain, numpy_convolutions, numpy_gates, numpy_mirrors):
        test()
    print(f"{len(failures)} off: {failures}")
    raise SystemExit(bool(failures))
