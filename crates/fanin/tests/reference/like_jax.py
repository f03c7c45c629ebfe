"""Bits that JAX and Flax give, which `fanin::init::like::{jax, flax}` must reproduce.

    python -m venv venv && venv/bin/pip install jax flax
    JAX_PLATFORMS=cpu venv/bin/python like_jax.py > like_jax.json

Arrays are told by their first elements, their last one and a hash of all: FNV-1a (64 bits) of the
little-endian float32 words. Every function is called by itself (no `jax.jit` around it).
Orthogonal matrices are told in full, for they are compared to a tolerance.
"""

import json

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.nn import initializers

SEEDS = [0, 42, -1, -123456789, 5 + 2**33, 2**31, 1234567890123]
LENGTHS = [1, 3, 7, 16, 1001, 100_000]


def fnv(array):
    value = 0xCBF29CE484222325
    for byte in np.ascontiguousarray(array, "<f4").tobytes():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def told(array):
    words = np.ascontiguousarray(array, "<f4").ravel().view("<u4")
    return {
        "shape": list(np.shape(array)),
        "first": [f"{w:08x}" for w in words[:4]],
        "last": f"{words[-1]:08x}",
        "fnv": fnv(array),
    }


def draws():
    for seed in SEEDS:
        key = jax.random.key(seed)
        for n in LENGTHS:
            if n == 100_000 and seed not in (42, -1):
                continue
            for low, high in [(0.0, 1.0), (-0.1, 0.1), (-3.0, 0.75)]:
                values = jax.random.uniform(key, (n,), minval=low, maxval=high)
                yield {"kind": "uniform", "low": low, "high": high, "seed": seed, **told(values)}
            yield {"kind": "normal", "seed": seed, **told(jax.random.normal(key, (n,)))}
            values = jax.random.truncated_normal(key, -2, 2, (n,))
            yield {"kind": "truncated", "seed": seed, **told(values)}


def keys():
    for seed in SEEDS:
        key = jax.random.key(seed)
        yield {
            "seed": seed,
            "key": jax.random.key_data(key).tolist(),
            "split": jax.random.key_data(jax.random.split(key, 5)).tolist(),
            "fold_in": jax.random.key_data(jax.random.fold_in(key, 0xDEADBEEF)).tolist(),
            "bits": jax.random.bits(key, (3, 5)).ravel().tolist(),
        }


def scaled():
    shapes = [
        ((5, 7), {}),
        ((3, 3, 4, 9), {}),
        ((2, 6, 3), {"in_axis": 1, "out_axis": (0, 2)}),
        ((4, 6, 3), {"batch_axis": 0}),
        ((11, 6), {"out_axis": 0}),
        ((300, 100), {}),
    ]
    for scale in [1.0, 2.0, 0.37]:
        for mode in ["fan_in", "fan_out", "fan_avg", "fan_geo_avg"]:
            for distribution in ["truncated_normal", "normal", "uniform"]:
                for seed, (shape, axes) in enumerate(shapes):
                    init = initializers.variance_scaling(scale, mode, distribution, **axes)
                    values = init(jax.random.key(seed), shape, jnp.float32)
                    listed = {name: np.atleast_1d(axis).tolist() for name, axis in axes.items()}
                    yield {"scale": scale, "mode": mode, "distribution": distribution,
                           "seed": seed, "axes": listed, **told(values)}


def plain():
    presets = ["he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "glorot_normal",
               "glorot_uniform"]
    for seed in [7, -7]:
        key = jax.random.key(seed)
        for name in presets:
            values = getattr(initializers, name)()(key, (3, 3, 16, 20), jnp.float32)
            yield {"name": name, "seed": seed, **told(values)}
        for argument in [0.01, 0.02, 1.0, 1.7]:
            for name in ["uniform", "normal", "truncated_normal", "constant"]:
                values = getattr(initializers, name)(argument)(key, (13, 11), jnp.float32)
                yield {"name": name, "argument": argument, "seed": seed, **told(values)}


def orthogonal():
    for shape, axis in [((4, 4), -1), ((6, 3), -1), ((3, 6), -1), ((2, 3, 4), -1), ((2, 3, 4), 1),
                        ((5, 2, 2), 0)]:
        values = initializers.orthogonal(1.5, axis)(jax.random.key(3), shape, jnp.float32)
        yield {"name": "orthogonal", "scale": 1.5, "column_axis": axis, "seed": 3,
               "shape": list(shape), "values": np.asarray(values).ravel().tolist()}
    for shape in [(3, 2, 4), (4, 3, 3, 3), (2, 3, 4, 2, 2)]:
        values = initializers.delta_orthogonal(0.5)(jax.random.key(4), shape, jnp.float32)
        yield {"name": "delta_orthogonal", "scale": 0.5, "seed": 4, "shape": list(shape),
               "values": np.asarray(values).ravel().tolist()}
    values = initializers.orthogonal()(jax.random.key(5), (256, 256), jnp.float32)
    yield {"name": "orthogonal", "scale": 1.0, "column_axis": -1, "seed": 5, "shape": [256, 256],
           "values": [round(float(x), 8) for x in np.asarray(values).ravel()[:1024]]}


class Perceptron(nn.Module):
    @nn.compact
    def __call__(self, x):
        for width in [32, 16]:
            x = nn.relu(nn.Dense(width)(x))
        return nn.Dense(10, use_bias=False, name="head")(x)


class Convolutions(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Conv(8, (3, 3))(x)
        x = nn.BatchNorm(use_running_average=False)(x)
        x = nn.Conv(8, (3, 3), feature_group_count=4, use_bias=False)(x)
        x = nn.GroupNorm(num_groups=2)(x)
        x = nn.ConvTranspose(5, (2, 2))(x)
        return nn.Dense(3)(x.reshape(x.shape[0], -1))


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        y = nn.LayerNorm()(x)
        y = nn.MultiHeadDotProductAttention(num_heads=2, qkv_features=12)(y)
        return x + nn.Dense(8)(nn.RMSNorm()(y))


class Transformer(nn.Module):
    @nn.compact
    def __call__(self, tokens):
        x = nn.Embed(50, 8)(tokens)
        for _ in range(2):
            x = Block()(x)
        return nn.Dense(50)(x)


class Recurrent(nn.Module):
    @nn.compact
    def __call__(self, x):
        carry = nn.LSTMCell(6).initialize_carry(jax.random.key(0), x.shape)
        carry, x = nn.LSTMCell(6, name="lstm")(carry, x)
        x = nn.OptimizedLSTMCell(5, name="fast")((x[..., :5], x[..., :5]), x)[1]
        return nn.GRUCell(4, name="gru")(x[..., :4], x)[1]


def flat(tree):
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {"/".join(part.key for part in path): leaf for path, leaf in leaves}


def models():
    linen = {
        "perceptron": (Perceptron(), jnp.ones((1, 20))),
        "convolutions": (Convolutions(), jnp.ones((1, 8, 8, 3))),
        "transformer": (Transformer(), jnp.zeros((1, 4), int)),
        "recurrent": (Recurrent(), jnp.ones((1, 7))),
    }
    for name, (model, x) in linen.items():
        for seed in [0, 42]:
            variables = model.init(jax.random.key(seed), x)
            tensors = {path: tensor(path, leaf) for path, leaf in flat(variables).items()}
            yield {"api": "linen", "model": name, "seed": seed, "tensors": tensors}
    for name, make in NNX.items():
        for seed in [0, 42]:
            state = nnx.state(make(nnx.Rngs(seed)))
            tensors = {}
            for path, leaf in nnx.to_flat_state(state):
                value = leaf[...]
                if value.dtype == jnp.float32:
                    path = "/".join(map(str, path))
                    tensors[path] = tensor(path, value)
            yield {"api": "nnx", "model": name, "seed": seed, "tensors": tensors}


def tensor(path, leaf):
    """Recurrent kernels are orthogonal, hence told in full."""
    parts = path.split("/")
    if len(parts) > 2 and parts[-2] in ("hi", "hf", "hg", "ho", "hr", "hz", "hn"):
        if parts[-1] == "kernel":
            return {"shape": list(leaf.shape), "values": np.asarray(leaf).ravel().tolist()}
    return told(leaf)


class NnxPerceptron(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(20, 32, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.norm = nnx.LayerNorm(32, rngs=rngs)
        self.second = nnx.Linear(32, 16, use_bias=False, rngs=rngs)
        self.head = nnx.Linear(16, 10, rngs=rngs)


class NnxConvolutions(nnx.Module):
    def __init__(self, rngs):
        self.conv = nnx.Conv(3, 8, (3, 3), rngs=rngs)
        self.batch = nnx.BatchNorm(8, rngs=rngs)
        self.grouped = nnx.Conv(8, 8, (3, 3), feature_group_count=4, rngs=rngs)
        self.group = nnx.GroupNorm(8, num_groups=2, rngs=rngs)
        self.up = nnx.ConvTranspose(8, 5, (2, 2), rngs=rngs)
        self.head = nnx.Linear(5, 3, rngs=rngs)


class NnxTransformer(nnx.Module):
    def __init__(self, rngs):
        self.embed = nnx.Embed(50, 8, rngs=rngs)
        self.norm = nnx.RMSNorm(8, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(num_heads=2, in_features=8, qkv_features=12,
                                                decode=False, rngs=rngs)
        self.head = nnx.Linear(8, 50, rngs=rngs)


NNX = {
    "perceptron": NnxPerceptron,
    "convolutions": NnxConvolutions,
    "transformer": NnxTransformer,
}


def main():
    reference = {
        "jax": jax.__version__,
        "flax": flax.__version__,
        "keys": list(keys()),
        "draws": list(draws()),
        "scaled": list(scaled()),
        "plain": list(plain()),
        "orthogonal": list(orthogonal()),
        "models": list(models()),
    }
    text = json.dumps(reference, separators=(",", ":"))
    for start in ['{"kind"', '{"scale"', '{"name"', '{"seed"', '{"api"']:
        text = text.replace(start, "\n" + start)
    print(text)


if __name__ == "__main__":
    main()
