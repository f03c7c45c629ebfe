"""Coefficients of exp − 1, the logarithms, sine, cosine, erf and erfc in crates/kernels/src/functions.

Lawson's iteration finds the polynomial whose largest weighted error is least; each is printed with that error. Needs mpmath and numpy. Run: python3 bench/function_polynomials.py
"""

import mpmath as mp
import numpy as np

mp.mp.prec = 120


def fit(function, low, high, degree, weight, points=4000):
    k = np.arange(points)
    t = np.cos((2 * k + 1) * np.pi / (2 * points))
    x = (low + high) / 2 + (high - low) / 2 * t
    y = by_float(function, x)
    weights, emphasis, best = weight(x, y), np.ones(points), (np.inf, None)
    powers = np.polynomial.chebyshev.chebvander((2 * x - (low + high)) / (high - low), degree)
    for _ in range(200):
        scale = np.sqrt(emphasis) * weights
        c = np.linalg.lstsq(powers * scale[:, None], y * scale, rcond=None)[0]
        error = np.abs((powers @ c - y) * weights)
        if error.max() < best[0]:
            best = (error.max(), c)
        emphasis = emphasis * (error / error.max()) + 1e-12
        emphasis /= emphasis.mean()
    of_t = np.polynomial.Polynomial(np.polynomial.chebyshev.cheb2poly(best[1]))
    return best[0], of_t(np.polynomial.Polynomial([-(low + high) / (high - low), 2 / (high - low)])).coef


def show(name, fitted):
    error, coefficients = fitted
    print(f"{name} (2^{np.log2(error):.1f}): {[float(np.float32(c)) for c in coefficients]}")


def fit_rounded(function, low, high, degree, weight):
    """Rounds each coefficient to f32 before those of higher powers are fitted."""
    found = []
    for k in range(degree + 1):
        rest = lambda x: (function(x) - sum(c * x**j for j, c in enumerate(found))) / x**k
        error, c = fit(rest, low, high, degree - k, lambda x, _: x**k * weight(x, by_float(function, x)), 1500)
        found.append(float(np.float32(c[0])))
    return error, found


def by_float(function, x):
    return np.array([float(function(mp.mpf(float(at)))) for at in x])


def rest_of_exp(r):
    return (mp.expm1(r) - r) / (r * r) if r != 0 else mp.mpf(1) / 2


def rest_of_ln(f):
    return (mp.log(1 + f) - f + f * f / 2) / f**3 if abs(f) > 1e-8 else mp.mpf(1) / 3


def rest_of_sine(z):
    return (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z


def rest_of_cosine(z):
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2


def rest_of_erf(z):
    return mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1


def half_of_erfc(t):
    x = 2 * (1 / t - 1)
    return mp.exp(x * x) * mp.erfc(x) / (2 * t)


half = float(mp.log(2) / 2) * 1.0001
low, high = float(mp.sqrt(0.5)) - 1, float(mp.sqrt(2)) - 1
edge = float((mp.pi / 4) ** 2) * 1.0001
show("EXP_M1", fit(rest_of_exp, -half, half, 4, lambda r, y: np.abs(r * r / np.expm1(r))))
show("LN", fit(rest_of_ln, low, high, 7, lambda f, y: np.abs(f**3 / np.log1p(f))))
show("SINE", fit(rest_of_sine, 1e-9, edge, 2, lambda z, y: z))
show("COSINE", fit(rest_of_cosine, 1e-3, edge, 2, lambda z, y: z * z))
show("ERF", fit_rounded(rest_of_erf, 1e-9, 0.8125**2, 5, lambda z, y: 1 / (1 + y)))
show("ERFC", fit_rounded(half_of_erfc, 1 / (1 + 10.3 / 2), 1 / (1 + 0.8125 / 2), 8, lambda t, y: 1 / y))
