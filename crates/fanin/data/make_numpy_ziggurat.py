"""Measures the ziggurat tables of numpy.random.Generator's normals from a running NumPy.

    python -m venv venv && venv/bin/pip install numpy
    venv/bin/python make_numpy_ziggurat.py numpy_ziggurat.bin

The bit generator Philox keeps the words it is about to give in a buffer, so writing the buffer
chooses them. A word holds the number i of a layer and a position r in it; NumPy answers

    x = w[i] * r                                at once if r < k[i], else, with a uniform d,
    x if (f[i - 1] - f[i]) * d + f[i] < exp(-x * x / 2), else it draws again.

Hence r = 1 shows w, bisection over r shows k, and d and r chosen near the edge of acceptance
leave one value of f. f[0] = 1 is assumed; a false assumption would leave no value at all.
The file holds, little-endian, 256 numbers each: w (f64), k (u64), f (f64), and the same for
float32 (f32, u32, f32).
"""

import math
import random
import sys

import numpy
from numpy.random import Generator, Philox

LAYERS = 256

# f is sought among so many numbers on either side of exp(-x * x / 2) at the layer's end, and
# must then agree with so many more answers.
NEIGHBORS = 64
CONFIRMATIONS = 40


class Double:
    """standard_normal in float64: words of 64 bits, positions of 52, uniforms of 53."""

    number = numpy.float64
    position_bits, uniform_bits = 52, 53
    position_type, kind = "<u8", "<f8"

    def __init__(self):
        self.bits = Philox(0)
        self.generator = Generator(self.bits)
        self.state = self.bits.state

    def answer(self, layer, position, uniform):
        """x, and how many words were used: 1 at once, 2 in the wedge, 0 if x was refused."""
        words = [position << 9 | layer, uniform << 11, 1 << 9 | 2, 1 << 9 | 2]
        self.state["buffer"] = numpy.array(words, dtype=numpy.uint64)
        self.state["buffer_pos"] = 0
        self.state["has_uint32"] = 0
        self.bits.state = self.state
        x = self.generator.standard_normal()
        return x, self.words_used(words_in_one=1)

    def words_used(self, words_in_one):
        """1 or 2, and 0 if more were used, even so many that the buffer was filled anew."""
        after = self.bits.state
        is_same_buffer = (after["state"]["counter"] == self.state["state"]["counter"]).all()
        used = words_in_one * after["buffer_pos"] - after["has_uint32"]
        return used if is_same_buffer and used <= 2 else 0


class Single(Double):
    """standard_normal in float32: words of 32 bits, positions of 23, uniforms of 24."""

    number = numpy.float32
    position_bits, uniform_bits = 23, 24
    position_type, kind = "<u4", "<f4"

    def answer(self, layer, position, uniform):
        first, second, third = position << 9 | layer, uniform << 8, 1 << 9 | 2
        words = [second << 32 | first, third << 32 | third, 0, 0]
        self.state["buffer"] = numpy.array(words, dtype=numpy.uint64)
        self.state["buffer_pos"] = 0
        self.state["has_uint32"] = 0
        self.bits.state = self.state
        x = self.generator.standard_normal(dtype=numpy.float32)
        return x, self.words_used(words_in_one=2)


def width(source, layer):
    """w[layer]: where k is 0, position 1 is still accepted, for x is next to 0."""
    x, used = source.answer(layer, 1, 0)
    assert used, layer
    return source.number(x)


def quick_positions(source, layer):
    """k[layer]: the first position that is not accepted at once."""
    low, high = 0, 1 << source.position_bits
    while low < high:
        middle = (low + high) // 2
        _, used = source.answer(layer, middle, 0)
        low, high = (middle + 1, high) if used == 1 else (low, middle)
    return low


def bell(source, w, position):
    """exp(-x * x / 2) as NumPy computes it; the product is rounded to the number's own type."""
    x = float(source.number(source.number(position) * w))
    return math.exp(-0.5 * x * x)


def is_accepted(source, above, f, uniform, bell_value):
    d = source.number(uniform) * source.number(2.0**-source.uniform_bits)
    edge = source.number(source.number(above - f) * d) + f
    return float(edge) < bell_value


def height(source, layer, above, w, k):
    """f[layer], given f[layer - 1]: the one value that agrees with all of NumPy's answers."""
    last = (1 << source.position_bits) - 1
    f = source.number(bell(source, w, last))
    for _ in range(NEIGHBORS):
        f = numpy.nextafter(f, source.number(0))
    candidates = []
    for _ in range(2 * NEIGHBORS):
        candidates.append(f)
        f = numpy.nextafter(f, source.number(2))

    draw = random.Random(layer)
    confirmed = 0
    while confirmed < CONFIRMATIONS:
        position = draw.randrange(k, last + 1)
        bell_value = bell(source, w, position)
        start, end = 0, (1 << source.uniform_bits) - 1
        probe = draw.choice(candidates)
        while start < end:
            middle = (start + end) // 2
            accepted = is_accepted(source, above, probe, middle, bell_value)
            start, end = (middle + 1, end) if accepted else (start, middle)
        for uniform in (start, max(start - 1, 0)):
            _, used = source.answer(layer, position, uniform)
            assert used != 1, (layer, position)
            candidates = [
                f
                for f in candidates
                if is_accepted(source, above, f, uniform, bell_value) == (used == 2)
            ]
        assert candidates, (source.number, layer)
        confirmed = confirmed + 1 if len(candidates) == 1 else 0
    return candidates[0]


def tables(source):
    w = [width(source, layer) for layer in range(LAYERS)]
    k = [quick_positions(source, layer) for layer in range(LAYERS)]
    f = [source.number(1)]
    for layer in range(1, LAYERS):
        f.append(height(source, layer, f[-1], w[layer], k[layer]))
    return [
        numpy.array(w, dtype=source.kind),
        numpy.array(k, dtype=source.position_type),
        numpy.array(f, dtype=source.kind),
    ]


def main():
    measured = [table for source in (Double(), Single()) for table in tables(source)]
    with open(sys.argv[1], "wb") as file:
        for table in measured:
            file.write(table.tobytes())
    print(f"measured from NumPy {numpy.__version__}", file=sys.stderr)


main()
