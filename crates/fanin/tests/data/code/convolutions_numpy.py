"""Starting weights for `autoencoder_conv.onnx`, found by fanin's method `auto`."""

from zlib import crc32

import numpy as np


def orthogonal(rng, gain, shape):
    """So many times a matrix with orthonormal rows or columns, uniform among them."""
    rows, columns = shape[0], int(np.prod(shape[1:]))
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)


def delta_orthogonal(rng, gain, shape):
    """Orthogonal at the central tap, 0 elsewhere (Xiao et al. 2018)."""
    value = np.zeros(shape)
    center = tuple((size - 1) // 2 for size in shape[2:])
    value[(slice(None), slice(None), *center)] = orthogonal(rng, gain, shape[:2])
    return value


# Names, shapes, and what is drawn.
RULES = [
    (["0.weight"], (8, 1, 3, 3), lambda rng, shape: delta_orthogonal(rng, 1.25, shape)),
    (["0.bias", "4.bias"], (8,), lambda rng, shape: np.zeros(shape)),
    (["2.weight"], (16, 8, 3, 3), lambda rng, shape: delta_orthogonal(rng, 1.25, shape)),
    (["2.bias"], (16,), lambda rng, shape: np.zeros(shape)),
    (["4.weight"], (16, 8, 3, 3), lambda rng, shape: rng.normal(0.0, 0.05, shape)),
    (["6.weight"], (8, 1, 3, 3), lambda rng, shape: rng.normal(0.0, 0.05, shape)),
    (["6.bias"], (1,), lambda rng, shape: np.zeros(shape)),
]


def initialize(seed: int) -> dict[str, np.ndarray]:
    """What RULES draw, by name; weights are (outputs, inputs, ...): z = x @ w.T + b;
    kernels of transposed convolutions are (inputs, outputs, ...)."""
    return {
        name: draw(np.random.default_rng([seed, crc32(name.encode())]), shape).astype(np.float32)
        for names, shape, draw in RULES
        for name in names
    }
