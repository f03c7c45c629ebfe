"""Starting weights for `48 -> 3x64 relu -> 40`, found by fanin's method `auto`."""

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


# Patterns of paths in the tree, and what is drawn for them; the first that fits decides.
RULES = [
    (["Dense_0/kernel"], mirrored(init.orthogonal(1.0), True, False)),
    (["Dense_3/kernel"], mirrored(init.orthogonal(1.0), False, True)),
    (["Dense_*/kernel"], mirrored(init.orthogonal(1.0), True, True)),
    (["Dense_*/bias"], init.zeros),
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
