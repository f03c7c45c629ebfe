"""Starting weights for `gru`, found by fanin's method `auto`."""

from zlib import crc32

import numpy as np


def orthogonal(rng, gain, shape):
    """So many times a matrix with orthonormal rows or columns, uniform among them."""
    rows, columns = shape[0], int(np.prod(shape[1:]))
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)


def parts(axis, sizes, *draws):
    """Draws each part along an axis of its own."""

    def draw(rng, shape):
        shapes = [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]
        return np.concatenate([d(rng, s) for d, s in zip(draws, shapes)], axis)

    return draw


# Names, shapes, and what is drawn.
RULES = [
    (["rnn.weight_ih_l0"], (72, 16), lambda rng, shape: rng.normal(0.0, 0.2, shape)),
    (["rnn.weight_hh_l0"], (72, 24), parts(0, [24, 24, 24], *[lambda rng, shape: orthogonal(rng, 1.0, shape)] * 3)),
    (["rnn.bias_ih_l0"], (72,), parts(0, [24, 24, 24], lambda rng, shape: np.zeros(shape), lambda rng, shape: np.linspace(0.0, 5.2933, int(np.prod(shape))).reshape(shape), lambda rng, shape: np.zeros(shape))),
    (["rnn.bias_hh_l0"], (72,), lambda rng, shape: np.zeros(shape)),
    (["head.weight"], (4, 24), lambda rng, shape: rng.normal(0.0, 0.2, shape)),
]


def initialize(seed: int) -> dict[str, np.ndarray]:
    """What RULES draw, by name; weights are (outputs, inputs, ...): z = x @ w.T + b."""
    return {
        name: draw(np.random.default_rng([seed, crc32(name.encode())]), shape).astype(np.float32)
        for names, shape, draw in RULES
        for name in names
    }
