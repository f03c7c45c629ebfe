"""Starting weights for `autoencoder_conv.onnx`, found by fanin's method `auto`."""

import zlib
from fnmatch import fnmatchcase

import jax
import jax.numpy as jnp

init = jax.nn.initializers


# Patterns of paths in the tree, and what is drawn for them; the first that fits decides.
RULES = [
    (["0/kernel", "2/kernel"], init.delta_orthogonal(1.25)),
    (["*/kernel"], init.normal(0.05)),
    (["*/bias"], init.zeros),
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
