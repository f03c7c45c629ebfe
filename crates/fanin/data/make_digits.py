#!/usr/bin/env python3
"""Make digits.zz from the digits.csv.gz that the scikit-learn package carries.

    pip download --no-deps scikit-learn
    unzip scikit_learn-*.whl sklearn/datasets/data/digits.csv.gz
    python3 make_digits.py sklearn/datasets/data/digits.csv.gz digits.zz

digits.zz is one zlib stream of 1,797 × 64 pixel bytes (0 to 16, row by row), then 1,797 label
bytes (0 to 9).
"""

import gzip
import sys
import zlib

source, target = sys.argv[1:]
with gzip.open(source, "rt") as lines:
    rows = [[int(float(cell)) for cell in line.split(",")] for line in lines]

assert len(rows) == 1797 and all(len(row) == 65 for row in rows)
assert all(0 <= pixel <= 16 for row in rows for pixel in row[:64])
assert all(0 <= row[64] <= 9 for row in rows)

pixels = bytes(pixel for row in rows for pixel in row[:64])
labels = bytes(row[64] for row in rows)
with open(target, "wb") as file:
    file.write(zlib.compress(pixels + labels, 9))
