"""Reference values for crates/kernels/src/random/tests.rs.

Uses Python's own log, sin and cos, and a quantile by bisection, so it shares no formula with the
crate but Philox, FNV-1a and the layout of addresses. Run: python3 bench/random_golden.py
"""

import math
import struct

MASK32, MASK64 = 2**32 - 1, 2**64 - 1
BELOW, UNIFORM, NORMAL, TRUNCATED = 1, 2, 3, 4


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & MASK32, (a >> 32) ^ c[3] ^ k[1], a & MASK32]
        k = [(k[0] + 0x9E3779B9) & MASK32, (k[1] + 0xBB67AE85) & MASK32]
    return c


def fnv(data, state=0xCBF29CE484222325):
    for byte in data:
        state = ((state ^ byte) * 0x100000001B3) & MASK64
    return state


def block(seed, name, kind, index):
    counter = [index & MASK32, (index >> 32) | (kind << 24), name & MASK32, name >> 32]
    return philox(counter, [seed & MASK32, seed >> 32])


def word(kind, element):
    """Element r of a group of 64 takes word r // 16 of the group's block r % 16."""
    group, r = divmod(element, 64)
    return block(42, fnv(b"0.weight"), kind, 16 * group + r % 16)[r // 16]


def bits(numbers):
    return [hex(struct.unpack("<I", struct.pack("<f", x))[0]) for x in numbers]


def below(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def quantile(p):
    low, high = -9.0, 9.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < p else (low, middle)
    return low


def normal(element):
    """Box and Muller: the pair shares a block, and its halves stand 16 elements apart."""
    is_sine = element % 32 // 16
    first = element - 16 * is_sine
    radius = math.sqrt(-2 * math.log((word(NORMAL, first) + 0.5) / 2**32))
    angle = 2 * math.pi * (word(NORMAL, first + 16) + 0.5) / 2**32
    return radius * (math.sin(angle) if is_sine else math.cos(angle))


def order(count, epoch):
    name = fnv(epoch.to_bytes(8, "little"), fnv(b"\xff", fnv(b"order")))
    result = list(range(count))
    for last in range(count - 1, 0, -1):
        four = block(42, name, BELOW, last // 2)
        half = 2 * (last % 2)
        chosen = ((four[half] | four[half + 1] << 32) * (last + 1)) >> 64
        result[last], result[chosen] = result[chosen], result[last]
    return result


elements = range(60, 68)
low, high = below(-2), below(2)
print("uniform  ", bits(-2 + 5 * ((word(UNIFORM, e) >> 8) / 2**24) for e in elements))
print("normal   ", [1 + 2 * normal(e) for e in elements])
print("truncated", [quantile(low + (high - low) * (word(TRUNCATED, e) + 0.5) / 2**32) for e in elements])
print("order    ", order(8, 3))
