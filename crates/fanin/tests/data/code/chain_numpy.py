"""Starting weights for `48 -> 64 tanh -> 6x64 layer_norm gelu -> 40`, found by fanin's method `auto`."""

from zlib import crc32

import numpy as np


def truncated(rng, mean, deviation, cut, shape):
    """Normal draws; those more than `cut` deviations off are drawn again."""
    value = rng.standard_normal(shape)
    while (off := np.abs(value) > cut).any():
        value[off] = rng.standard_normal(off.sum())
    return mean + deviation * value


def orthogonal(rng, gain, shape):
    """So many times a matrix with orthonormal rows or columns, uniform among them."""
    rows, columns = shape[0], int(np.prod(shape[1:]))
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)


# Names, shapes, and what is drawn.
RULES = [
    (["0.weight"], (64, 48), lambda rng, shape: orthogonal(rng, 1.5925, shape)),
    (["0.bias"], (64,), lambda rng, shape: rng.uniform(-0.1, 0.1, shape)),
    (["2.weight", "5.weight", "8.weight", "11.weight", "14.weight", "17.weight"], (64, 64), lambda rng, shape: rng.normal(0.0, 0.123457, shape)),
    (["20.weight"], (40, 64), lambda rng, shape: truncated(rng, 0.0, 0.02, 2.0, shape)),
    (["20.bias"], (40,), lambda rng, shape: np.full(shape, 0.5)),
]


def initialize(seed: int) -> dict[str, np.ndarray]:
    """What RULES draw, by name; weights are (outputs, inputs, ...): z = x @ w.T + b."""
    return {
        name: draw(np.random.default_rng([seed, crc32(name.encode())]), shape).astype(np.float32)
        for names, shape, draw in RULES
        for name in names
    }
