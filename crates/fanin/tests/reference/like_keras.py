"""Bits that TensorFlow and Keras give, which `fanin::init::like::{tensorflow, keras}` must
reproduce.

    python -m venv venv && venv/bin/pip install keras tensorflow-cpu jax torch
    venv/bin/python like_keras.py > like_keras.json

Arrays are told as in like_jax.py. Keras runs on one library per process, so the script starts
itself once for each.
"""

import json
import os
import subprocess
import sys

BACKENDS = ["tensorflow", "jax", "torch", "numpy"]

if len(sys.argv) > 1:
    os.environ["KERAS_BACKEND"] = sys.argv[1]
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np


def fnv(array):
    value = 0xCBF29CE484222325
    for byte in np.ascontiguousarray(array, "<f4").tobytes():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def told(array):
    array = np.asarray(array, "<f4")
    words = np.ascontiguousarray(array).ravel().view("<u4")
    return {
        "shape": list(array.shape),
        "first": [f"{w:08x}" for w in words[:4]],
        "last": f"{words[-1]:08x}",
        "fnv": fnv(array),
    }


def draws():
    import tensorflow as tf

    for seed in [[0, 0], [42, 0], [-1, 7], [123, -456], [2**40 + 3, 1], [-(2**33), 2**62]]:
        for n in [1, 3, 6, 16, 1001, 100_000]:
            if n == 100_000 and seed[0] not in (42, -1):
                continue
            pair = tf.constant(seed, tf.int64)
            for low, high in [(0.0, 1.0), (-0.1, 0.1), (-3.0, 0.75)]:
                low, high = tf.constant(low), tf.constant(high)
                values = tf.random.stateless_uniform([n], pair, low, high)
                bounds = [float(low), float(high)]
                yield {"kind": "uniform", "arguments": bounds, "seed": seed, **told(values)}
            for name in ["normal", "truncated_normal"]:
                for mean, deviation in [(0.0, 1.0), (0.5, 0.02)]:
                    draw = getattr(tf.random, "stateless_" + name)
                    values = draw([n], pair, mean, deviation)
                    yield {"kind": name, "arguments": [mean, deviation], "seed": seed,
                           **told(values)}


def initializers(backend):
    from keras import initializers, random

    plain = ["GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform",
             "LecunNormal", "RandomUniform", "RandomNormal", "TruncatedNormal", "Zeros", "Ones",
             "Orthogonal"]
    numbers = [0, 42, 2**31 - 2, 2**32 - 1]
    if backend in ("tensorflow", "torch"):
        numbers += [-1, 2**40 + 1, -(2**35)]
    for number in numbers:
        for shape in [(7,), (5, 3), (3, 3, 4, 6), (120, 70)]:
            for name in plain:
                if name == "Orthogonal" and (len(shape) < 2 or shape[0] > 100):
                    continue
                kind = getattr(initializers, name)
                values = kind() (shape) if name in ("Zeros", "Ones") else kind(seed=number)(shape)
                entry = {"name": name, "backend": backend, "seed": [number, 0]}
                if name == "Orthogonal":
                    values = np.asarray(values)
                    yield {**entry, "shape": list(shape), "values": values.ravel().tolist()}
                else:
                    yield {**entry, **told(values)}
    for mode in ["fan_in", "fan_out", "fan_avg"]:
        for distribution in ["truncated_normal", "untruncated_normal", "uniform"]:
            values = initializers.VarianceScaling(0.7, mode, distribution, seed=9)((3, 5, 8))
            yield {"name": "VarianceScaling", "scale": 0.7, "mode": mode, "backend": backend,
                   "distribution": distribution, "seed": [9, 0], **told(values)}
    generator = random.SeedGenerator(77)
    for count in range(3):
        values = initializers.HeNormal(seed=generator)((6, 7))
        yield {"name": "HeNormal", "backend": backend, "seed": [77, count], **told(values)}
    yield {"name": "Identity", "backend": backend, "seed": [0, 0],
           **told(initializers.Identity(0.5)((3, 5)))}


def models(backend):
    import keras
    from keras import layers

    def perceptron():
        return keras.Sequential([
            keras.Input((20,)),
            layers.Dense(32, name="first"),
            layers.Dropout(0.5),
            layers.Dense(16, kernel_initializer="he_normal", name="second"),
            layers.Dense(10, use_bias=False, name="head"),
        ])

    def convolutions():
        return keras.Sequential([
            keras.Input((8, 8, 4)),
            layers.Conv2D(8, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Conv2D(8, 3, groups=2, use_bias=False, name="grouped"),
            layers.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise"),
            layers.SeparableConv2D(5, 1, name="separable"),
            layers.Conv2DTranspose(3, 2, name="up"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, name="head"),
        ])

    def recurrent():
        return keras.Sequential([
            keras.Input((5,)),
            layers.Embedding(50, 6, name="embedding"),
            layers.LSTM(4, return_sequences=True, name="lstm"),
            layers.GRU(5, return_sequences=True, name="gru"),
            layers.SimpleRNN(3, name="simple"),
            layers.Dense(2, name="head"),
        ])

    def transformer():
        tokens = keras.Input((5,))
        x = layers.Embedding(50, 6, name="embedding")(tokens)
        x = layers.LayerNormalization(name="norm")(x)
        x = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
        return keras.Model(tokens, layers.Dense(50, name="head")(x))

    def constructed_first():
        embedding = layers.Embedding(50, 6, name="embedding")
        attention = layers.MultiHeadAttention(2, 3, name="attention")
        norm = layers.LayerNormalization(name="norm")
        head = layers.Dense(50, name="head")
        tokens = keras.Input((5,))
        x = embedding(tokens)
        x = attention(x, x)
        return keras.Model(tokens, head(norm(x)))

    for make in [perceptron, convolutions, recurrent, transformer, constructed_first]:
        for seed in [0, 42, 2**32 - 1]:
            keras.utils.set_random_seed(seed)
            tensors = {}
            for variable in make().variables:
                path = variable.path.split("/")
                if path[0].startswith("sequential"):
                    path = path[1:]
                if path[0].startswith("seed_generator"):
                    continue
                values = np.asarray(keras.ops.convert_to_numpy(variable.value))
                entry = told(values)
                if path[-1] == "recurrent_kernel":
                    entry = {"shape": list(values.shape), "values": values.ravel().tolist()}
                tensors["/".join(path)] = entry
            yield {"model": make.__name__, "backend": backend, "seed": seed, "tensors": tensors}


def main():
    if len(sys.argv) > 1:
        backend = sys.argv[1]
        print(json.dumps([list(initializers(backend)), list(models(backend))]))
        return
    import keras
    import tensorflow

    reference = {
        "tensorflow": tensorflow.__version__,
        "keras": keras.__version__,
        "draws": list(draws()),
        "initializers": [],
        "models": [],
    }
    for backend in BACKENDS:
        command = [sys.executable, __file__, backend]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        made, built = json.loads(output.splitlines()[-1])
        reference["initializers"] += made
        reference["models"] += built
    text = json.dumps(reference, separators=(",", ":"))
    for start in ['{"kind"', '{"name"', '{"model"']:
        text = text.replace(start, "\n" + start)
    print(text)


if __name__ == "__main__":
    main()
