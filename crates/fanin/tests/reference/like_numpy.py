"""Random numbers of NumPy that fanin must reproduce to the bit.

    python -m venv venv && venv/bin/pip install numpy
    venv/bin/python like_numpy.py > like_numpy.json

A case is a sequence of calls on one generator. Bits are kept as FNV-1a hashes of the
little-endian numbers.
"""

import json

import numpy


def fnv(values):
    state = 0xCBF29CE484222325
    for byte in values.tobytes():
        state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{state:016x}"


def call(generator, name, count, *arguments):
    if name.endswith("_f32"):
        values = getattr(generator, name[:-4])(count, dtype=numpy.float32)
    else:
        values = getattr(generator, name)(*arguments, size=count)
    return {"call": name, "count": count, "arguments": arguments, "hash": fnv(values)}


NEW = [
    ("random", 5),
    ("random_f32", 5),
    ("standard_normal", 100_000),
    ("standard_normal_f32", 100_001),
    ("uniform", 1000, -0.123, 0.456),
    ("random_f32", 1001),
    ("normal", 1001, 0.3, 0.02),
    ("random", 100_000),
    ("random_f32", 100_000),
]

OLD = [
    ("standard_normal", 7),
    ("random_sample", 1000),
    ("normal", 100_000, -0.5, 0.02),
    ("uniform", 1000, -0.123, 0.456),
    ("standard_normal", 1001),
]


def case(seed, generator, calls):
    return {"seed": seed, "calls": [call(generator, *c) for c in calls]}


def main():
    seeds = [0, 1, 42, 2**32 - 1, 2**32, 2**63 + 12345]
    lists = [[7, 0], [0], [1, 2, 3, 4, 5, 6], [2**40, 3]]
    default_rng, old = numpy.random.default_rng, numpy.random.RandomState
    reference = {
        "generator": [case(seed, default_rng(seed), NEW) for seed in seeds],
        "sequence": [case(seed, default_rng(seed), NEW[:2]) for seed in lists],
        "random_state": [case(seed, old(seed), OLD) for seed in seeds[:4]],
    }
    print(f'{{"numpy": "{numpy.__version__}"', end="")
    for part, cases in reference.items():
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        print(f',\n"{part}": [\n{lines}]', end="")
    print("}")


main()
