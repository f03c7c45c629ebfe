"""Starting weights for `48 -> 64 tanh -> 6x64 layer_norm gelu -> 40`, found by fanin's method `auto`."""

import zlib
from fnmatch import fnmatchcase

import jax
import jax.numpy as jnp

init = jax.nn.initializers


def around(mean, draw):
    """Shifts what is drawn."""
    return lambda key, shape, dtype: mean + draw(key, shape, dtype)


# Patterns of paths in the tree, and what is drawn for them; the first that fits decides.
RULES = [
    (["Dense_0/kernel"], init.orthogonal(1.5925)),
    (["Dense_0/bias"], around(-0.1, init.uniform(0.2))),
    (["Dense_7/kernel"], init.truncated_normal(0.02, lower=-2.0, upper=2.0)),
    (["Dense_7/bias"], init.constant(0.5)),
    (["Dense_*/kernel"], init.normal(0.123457)),
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
