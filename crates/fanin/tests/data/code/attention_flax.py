"""Starting weights for `attention`, found by fanin's method `auto`."""

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


def by_head(draw):
    """Draws (inputs, units), which attention has as (inputs, heads, units of a head)."""

    def drawn(key, shape, dtype):
        return draw(key, (shape[0], shape[1] * shape[2]), dtype).reshape(shape)

    return drawn


# Patterns of paths in the tree, and what is drawn for them; the first that fits decides.
RULES = [
    (["first/value/kernel"], init.normal(0.3)),
    (["qkv/kernel"], parts(-1, [24, 24, 24], *[init.orthogonal(0.5)] * 3)),
    (["first/query/kernel", "first/key/kernel"], init.normal(0.1)),
    (["first/out/kernel", "second/out/kernel"], init.orthogonal(1.0)),
    (["second/query/kernel", "second/key/kernel", "second/value/kernel"], by_head(init.orthogonal(0.5))),
    ([
        "first/query/bias", "first/key/bias", "first/value/bias", "first/out/bias",
        "second/query/bias", "second/key/bias", "second/value/bias", "second/out/bias",
    ], init.zeros),
]


def initialize(params, seed: int):
    """A tree in which what RULES name is drawn anew; all else keeps its values."""
    unused = {pattern for patterns, _ in RULES for pattern in patterns}
    root = jax.random.key(seed)

    def leaf(path, value):
        keys = [str(getattr(k, "key", getattr(k, "name", getattr(k, "idx", k)))) for k in path]
        name = "/".join(keys).removeprefix("params/").removesuffix("/value")
        for patterns, draw in RULES:
            if fitting := {pattern for pattern in patterns if fnmatchcase(name, pattern)}:
                unused.difference_update(fitting)
                key = jax.random.fold_in(root, zlib.crc32(name.encode()))
                return draw(key, value.shape, value.dtype)
        return value

    drawn = jax.tree_util.tree_map_with_path(leaf, params)
    if unused:
        raise ValueError(f"no parameter is named {sorted(unused)}")
    return drawn
