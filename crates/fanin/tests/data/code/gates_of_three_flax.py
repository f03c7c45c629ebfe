"""Starting weights for `gru`, found by fanin's method `auto`."""

import zlib
from fnmatch import fnmatchcase

import jax
import jax.numpy as jnp

init = jax.nn.initializers


def parts(axis, sizes, *draws):
    """Draws each part along an axis of its own."""

    def draw(key, shape, dtype):
        shapes = [(*shape[:-1], size) if axis else (size, *shape[1:]) for size in sizes]
        keys = jax.random.split(key, len(sizes))
        drawn = [d(k, s, dtype) for d, k, s in zip(draws, keys, shapes)]
        return jnp.concatenate(drawn, axis)

    draw.each = draws
    return draw


# Cells of linen, and nnx.LSTMCell, have a parameter for each gate: that of which it is a part, and which.
GATES = {
    "ir": ("dense_i", 0),
    "iz": ("dense_i", 1),
    "in": ("dense_i", 2),
    "hr": ("dense_h", 0),
    "hz": ("dense_h", 1),
    "hn": ("dense_h", 2),
}


def packed(name):
    """Paths that rules may have for a parameter, and which part of that it is."""
    if "/" not in name:
        return {name}, None
    *module, dense, leaf = name.split("/")
    dense, part = GATES.get(dense, (dense, None))
    inner = module[:-1] if module[-1:] == ["cell"] else module
    return {"/".join([*own, dense, leaf]) for own in (module, inner)}, part


# Patterns of paths in the tree, and what is drawn for them; the first that fits decides.
RULES = [
    (["rnn/dense_h/kernel"], parts(-1, [24, 24, 24], *[init.orthogonal(1.0)] * 3)),
    (["rnn/dense_h/bias"], init.zeros),
    (["rnn/dense_i/bias"], parts(-1, [24, 24, 24], init.zeros, lambda key, shape, dtype: jnp.linspace(0.0, 5.2933, shape[-1], dtype=dtype), init.zeros)),
    (["rnn/dense_i/kernel", "head/kernel"], init.normal(0.2)),
]

# Of a GRU, linen alone has a bias at the state.
OPTIONAL = {"rnn/dense_h/bias"}


def initialize(params, seed: int):
    """A tree in which what RULES name is drawn anew; all else keeps its values."""
    unused = {pattern for patterns, _ in RULES for pattern in patterns} - OPTIONAL
    root = jax.random.key(seed)

    def leaf(path, value):
        keys = [str(getattr(k, "key", getattr(k, "name", getattr(k, "idx", k)))) for k in path]
        name = "/".join(keys).removeprefix("params/").removesuffix("/value")
        paths, part = packed(name)
        for patterns, draw in RULES:
            if fitting := {p for p in patterns if any(fnmatchcase(own, p) for own in paths)}:
                unused.difference_update(fitting)
                key = jax.random.fold_in(root, zlib.crc32(name.encode()))
                if part is not None and hasattr(draw, "each"):
                    draw = draw.each[part]
                return draw(key, value.shape, value.dtype)
        return value

    drawn = jax.tree_util.tree_map_with_path(leaf, params)
    if unused:
        raise ValueError(f"no parameter is named {sorted(unused)}")
    return drawn
