"""Critical lines and averages of activations by mpmath, the independent side of the tests in
crates/fanin/src/theory/tests. Run: python3 signal_theory.py (needs mpmath; about a minute)."""
from mpmath import mp, mpf, mpmathify, erf, exp, findroot, log, nstr, npdf, quad, sech, sin, cos, sqrt, tanh

mp.dps = 20

# Name, φ, φ′, kinks.
ACTIVATIONS = [
    ("tanh", tanh, lambda x: sech(x) ** 2, []),
    ("erf", erf, lambda x: 2 / sqrt(mp.pi) * exp(-x * x), []),
    ("sin", sin, cos, []),
    ("softsign", lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, [0]),
    ("hardtanh", lambda x: max(-1, min(1, x)), lambda x: 1 if abs(x) < 1 else 0, [-1, 1]),
    ("elu", lambda x: x if x > 0 else exp(x) - 1, lambda x: 1 if x > 0 else exp(x), [0]),
]


def average(f, kinks, q):
    deviation = sqrt(q)
    cuts = sorted({mpf(z) for z in range(-12, 13)} | {mpf(k) / deviation for k in kinks})
    return quad(lambda z: npdf(z) * f(deviation * z), cuts)


def main():
    for name, phi, slope, kinks in ACTIVATIONS:
        second = lambda q: average(lambda x: phi(x) ** 2, kinks, q)
        slopes = lambda q: average(lambda x: mpmathify(slope(x)) ** 2, kinks, q)
        print(name, "E phi^2, E phi'^2 at 1:", nstr(second(mpf(1)), 12), nstr(slopes(mpf(1)), 12))
        for bias in ("0.05", "0.1", "0.2", "0.3", "0.5"):
            excess = lambda q: q - second(q) / slopes(q) - mpf(bias) ** 2
            q = findroot(excess, (mpf("0.05"), mpf("2")), solver="anderson", tol=1e-24)
            print(f"  sigma_b {bias}: q {nstr(q, 9)}, sigma_w^2 {nstr(1 / slopes(q), 10)}")


if __name__ == "__main__":
    main()
