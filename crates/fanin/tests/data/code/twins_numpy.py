"""Starting weights for `recurrent`, found by fanin's method `auto`."""

from zlib import crc32

import numpy as np


def orthogonal(rng, gain, shape):
    """So many times a matrix with orthonormal rows or columns, uniform among them."""
    rows, columns = shape[0], int(np.prod(shape[1:]))
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)


def mirrored(rng, draw, gain, units, inputs, shape):
    """[A -A; -A A], A drawn: pairs pass on f(z) - f(-z), for relu z (Balduzzi et al. 2017)."""
    a = draw(rng, gain, (shape[0] // (1 + units), shape[1] // (1 + inputs), *shape[2:]))
    a = np.concatenate([a, -a], 1) if inputs else a
    return np.concatenate([a, -a], 0) if units else a


# Names, shapes, and what is drawn.
RULES = [
    (["rnn.weight_ih_l0"], (24, 16), lambda rng, shape: mirrored(rng, orthogonal, 0.5, True, False, shape)),
    (["rnn.weight_hh_l0"], (24, 24), lambda rng, shape: mirrored(rng, orthogonal, 1.0, True, True, shape)),
]


def initialize(seed: int) -> dict[str, np.ndarray]:
    """What RULES draw, by name; weights are (outputs, inputs, ...): z = x @ w.T + b."""
    return {
        name: draw(np.random.default_rng([seed, crc32(name.encode())]), shape).astype(np.float32)
        for names, shape, draw in RULES
        for name in names
    }
