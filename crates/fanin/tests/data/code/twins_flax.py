"""Starting weights for `recurrent`, found by fanin's method `auto`."""

import zlib
from fnmatch import fnmatchcase

import jax
import jax.numpy as jnp

init = jax.nn.initializers


def mirrored(smaller, units, inputs):
    """[A -A; -A A], A drawn: pairs pass on f(z) - f(-z), for relu z (Balduzzi et al. 2017)."""

    def draw(key, shape, dtype):
        half = (*shape[:-2], shape[-2] // (1 + inputs), shape[-1] // (1 + units))
        a = smaller(key, half, dtype)
        a = jnp.concatenate([a, -a], -2) if inputs else a
        return jnp.concatenate([a, -a], -1) if units else a

    return draw


# Cells of linen, and nnx.LSTMCell, have a parameter for each gate: that of which it is a part, and which.
GATES = {
    "i": ("dense_i", None),
    "h": ("dense_h", None),
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
    (["rnn/dense_i/kernel"], mirrored(init.orthogonal(0.5), True, False)),
    (["rnn/dense_h/kernel"], mirrored(init.orthogonal(1.0), True, True)),
]


def initialize(params, seed: int):
    """A tree in which what RULES name is drawn anew; all else keeps its values."""
    unused = {pattern for patterns, _ in RULES for pattern in patterns}
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
