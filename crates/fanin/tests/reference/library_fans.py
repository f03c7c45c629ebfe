"""Fans as torch, Keras and JAX compute them: the numbers in init/fans/conventions/tests.rs.

    python -m venv venv && venv/bin/pip install torch keras jax
    KERAS_BACKEND=jax venv/bin/python library_fans.py

Read off from torch 2.15.0 and keras 3.15.1. Those of burn, candle and MLX come from their sources.
"""

import torch
from jax._src.nn.initializers import _compute_fans
from keras.src.initializers.random_initializers import compute_fans

TORCH = [(10, 784), (64, 3, 7, 7), (4, 1, 3, 3), (8, 2, 5), (16, 8, 4, 4), (16, 4, 3), (500, 64),
         (96, 32), (8, 64, 16), (32, 1, 3, 3)]
KERAS = [(784, 10), (7, 7, 3, 64), (3, 3, 1, 4), (5, 2, 8), (3, 3, 16, 2), (4, 4, 8, 16), (500, 64)]
JAX = [((784, 10), {}), ((7, 7, 3, 64), {}), ((3, 3, 1, 4), {}), ((5, 2, 8), {}),
       ((4, 4, 16, 8), {}), ((500, 64), {"out_axis": 0}), ((8, 16, 64), {"batch_axis": (0,)})]

for shape in TORCH:
    print("torch", shape, torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(*shape)))
for shape in KERAS:
    print("keras", shape, compute_fans(shape))
for shape, axes in JAX:
    print("jax", shape, axes, _compute_fans(shape, **axes))
