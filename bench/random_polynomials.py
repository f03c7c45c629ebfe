"""Coefficients of crates/kernels/src/random/lanes/functions.rs, and how far each polynomial errs.

Lawson's iteration finds the polynomial whose largest weighted error is least; coefficients are
rounded to f32 one by one, the lowest first, and the rest is fitted again. Needs mpmath and numpy.
Run: python3 bench/random_polynomials.py
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 40


def fit(function, low, high, degree, weight, points):
    k = np.arange(points)
    x = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (2 * k + 1) / (2 * points))
    y = np.array([float(function(mp.mpf(float(t)))) for t in x])
    weights = np.array([weight(t) for t in x])
    rounded = []
    for fixed in range(degree + 1):
        rest = y - sum(c * x**i for i, c in enumerate(rounded))
        powers = np.stack([x**i for i in range(fixed, degree + 1)], 1)
        emphasis, best = np.ones(points), (np.inf, None)
        for _ in range(300):
            scale = np.sqrt(emphasis) * weights
            c, *_ = np.linalg.lstsq(powers * scale[:, None], rest * scale, rcond=None)
            error = np.abs((powers @ c - rest) * weights)
            best = min(best, (error.max(), tuple(c)))
            emphasis = emphasis * (error / error.max() + 1e-3)
            emphasis /= emphasis.sum()
        rounded.append(float(np.float32(best[1][0])))
    error = np.abs((sum(c * x**i for i, c in enumerate(rounded)) - y) * weights)
    return rounded, error.max()


def sine(z):
    return (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z


def cosine(z):
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2


def cubic(f):
    return (mp.log(1 + f) - f + f * f / 2) / f**3 if abs(f) > 1e-8 else mp.mpf(1) / 3


def middle(w):
    """z / y where w = -ln(1 - 4y^2)."""
    y = mp.sqrt(1 - mp.exp(-w)) / 2
    return mp.sqrt(2) * mp.erfinv(2 * y) / y if w > 1e-12 else mp.sqrt(2 * mp.pi)


def tail(s):
    """z where s^2 = -ln(1 - 4y^2)."""
    p = (1 - mp.sqrt(1 - mp.exp(-s * s))) / 2
    return mp.findroot(lambda z: mp.log(mp.erfc(z / mp.sqrt(2)) / 2) - mp.log(p), 1.3 * s)


def show(name, what, fitted):
    print(f"{name} ({what} {fitted[1]:.1e}): {[float(f'{c:.8e}') for c in fitted[0]]}")


edge = float((mp.pi / 4) ** 2)
low, high = float(mp.sqrt(0.5) - 1), float(mp.sqrt(2) - 1)
show("SINE", "relative error", fit(sine, 1e-9, edge, 2, lambda z: z, 400))
show("COSINE", "error", fit(cosine, 1e-3, edge, 2, lambda z: z * z, 400))
show("CUBIC", "relative error", fit(cubic, low, high, 6, lambda f: f**3 / np.log1p(f), 400))
show("MIDDLE", "relative error", fit(lambda v: middle(v + 2.5), -2.5, 2.5, 9, lambda v: 1 / float(middle(v + 2.5)), 400))
show("TAIL", "relative error", fit(lambda v: tail(v + 4.5), 2.23 - 4.5, 6.8 - 4.5, 10, lambda v: 0.7 / (v + 4.5), 150))
