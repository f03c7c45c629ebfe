"""TensorFlow as a peer: one `tf.function` a step.

Run by ../../training.py: tensorflow_peer.py JOB.json function
"""

import os
import sys

import numpy as np
from talk import image_of, read_job, serve, serve_passes

job = read_job(sys.argv[1])
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if job["threads"] == 1:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(job["threads"])
tf.config.threading.set_inter_op_parallelism_threads(1)
ACTIVATIONS = {"relu": tf.nn.relu, "tanh": tf.tanh, "sigmoid": tf.sigmoid}
names = list(job["weight_arrays"])
AXES = {1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}
variables = {
    k: tf.Variable(np.ascontiguousarray(v.transpose(AXES[v.ndim])))
    for k, v in job["weight_arrays"].items()
}


def convolve(x, index, pad):
    pads = [[0, 0], [pad, pad], [pad, pad], [0, 0]]
    y = tf.nn.conv2d(x, variables[f"{index}.weight"], 1, pads)
    return tf.nn.bias_add(y, variables[f"{index}.bias"])


def layer_of(index, x):
    kind, *sizes = job["layers"][index]
    if kind == "linear":
        return x @ variables[f"{index}.weight"] + variables[f"{index}.bias"]
    if kind == "conv":
        return convolve(x, index, sizes[3])
    if kind == "max_pool":
        return tf.nn.max_pool2d(x, sizes[0], sizes[0], "VALID")
    if kind == "image":
        return tf.transpose(tf.reshape(x, (-1, *sizes)), (0, 2, 3, 1))
    if kind == "flatten":
        return tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (job["batch"], -1))
    return ACTIVATIONS[kind](x)


if job["optimizer"] == "none":
    channels, height, width = image_of(job)
    by_channel = lambda v: v.reshape(job["batch"], -1, height, width).transpose(0, 2, 3, 1)
    image, seed = (tf.constant(by_channel(job[name])) for name in ("features", "targets"))

    @tf.function
    def both_ways(x, gradient):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = convolve(x, 1, job["layers"][1][4])
        sources = [x, variables["1.weight"], variables["1.bias"]]
        return y, *tape.gradient(y, sources, output_gradients=gradient)

    def advance():
        global found
        found = both_ways(image, seed)

    serve_passes(advance, lambda: [part.numpy() for part in found])
    sys.exit()
if job["optimizer"] == "sgd":
    optimizer = tf.keras.optimizers.SGD(job["learning_rate"], momentum=job["momentum"])
else:
    optimizer = tf.keras.optimizers.Adam(job["learning_rate"], epsilon=1e-8)
optimizer.build([variables[n] for n in names])


@tf.function
def advance(x, y):
    with tf.GradientTape() as tape:
        for index in range(len(job["layers"])):
            x = layer_of(index, x)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x)
        loss = tf.reduce_mean(losses)
    gradients = tape.gradient(loss, [variables[n] for n in names])
    optimizer.apply_gradients(zip(gradients, [variables[n] for n in names]))
    return loss


rows = job["batch"]
batches = len(job["features"]) // rows
features = [tf.constant(job["features"][i * rows : (i + 1) * rows]) for i in range(batches)]
labels = [tf.constant(job["labels"][i * rows : (i + 1) * rows]) for i in range(batches)]


def step(number):
    batch = number % batches
    return advance(features[batch], labels[batch])


serve(job, step, float)
