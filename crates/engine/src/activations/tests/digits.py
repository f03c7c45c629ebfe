"""Writes digits.csv: every activation and its first four derivatives, to 17 digits.

Run as `python3 digits.py > digits.csv` with mpmath installed. The definitions are the textbook
ones, evaluated with 80 digits, so that cancellation does not matter; the pieces of a piecewise
function are differentiated one by one.
"""

import mpmath as mp

mp.mp.dps = 80
POINTS = ["-30", "-5.25", "-0.875", "0.375", "2.25", "30"]


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def piecewise(kinks, *pieces):
    """The piece that holds at `at`, as a function."""
    return lambda at: pieces[sum(at > kink for kink in kinks)]


def smooth(function):
    return lambda at: function


LOW = mp.erfc(1 / mp.sqrt(2)) * mp.exp(mp.mpf(1) / 2)
ALPHA = mp.sqrt(2 / mp.pi) / (1 - LOW)
SECOND = ALPHA**2 * (mp.exp(2) * mp.erfc(mp.sqrt(2)) - 2 * LOW + 1) / 2
LAMBDA = 1 / mp.sqrt(SECOND + mp.mpf(1) / 2)

ACTIVATIONS = {
    "identity": smooth(lambda x: x),
    "sigmoid": smooth(sigmoid),
    "tanh": smooth(mp.tanh),
    "erf": smooth(mp.erf),
    "softsign": piecewise([0], lambda x: x / (1 - x), lambda x: x / (1 + x)),
    "hardtanh": piecewise([-1, 1], lambda x: mp.mpf(-1), lambda x: x, lambda x: mp.mpf(1)),
    "sin": smooth(mp.sin),
    "relu": piecewise([0], lambda x: mp.mpf(0), lambda x: x),
    "leaky_relu": piecewise([0], lambda x: x / 100, lambda x: x),
    "relu2": piecewise([0], lambda x: mp.mpf(0), lambda x: x * x),
    "elu": piecewise([0], lambda x: mp.exp(x) - 1, lambda x: x),
    "selu": piecewise([0], lambda x: LAMBDA * ALPHA * (mp.exp(x) - 1), lambda x: LAMBDA * x),
    "softplus": smooth(lambda x: mp.log(1 + mp.exp(x))),
    "gelu": smooth(lambda x: x * (1 + mp.erf(x / mp.sqrt(2))) / 2),
    "gelu_tanh": smooth(
        lambda x: x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)))
    ),
    "silu": smooth(lambda x: x * sigmoid(x)),
    "mish": smooth(lambda x: x * mp.tanh(mp.log(1 + mp.exp(x)))),
    "hardswish": piecewise([-3, 3], lambda x: mp.mpf(0), lambda x: x * (x + 3) / 6, lambda x: x),
}

print("name,x,value,first,second,third,fourth")
for name, pieces in ACTIVATIONS.items():
    for point in POINTS:
        x = mp.mpf(point)
        # gelu_tanh at -30 is about 1e-837: its relative derivatives need more digits.
        with mp.workdps(2000 if name == "gelu_tanh" else 400):
            derivatives = [mp.diff(pieces(x), x, order) for order in range(5)]
        print(name, point, *(mp.nstr(d, 17) if abs(d) > 1e-300 else "0" for d in derivatives), sep=",")
