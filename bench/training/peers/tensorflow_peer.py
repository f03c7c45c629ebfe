"""TensorFlow as a peer: one `tf.function` a step.

Run by ../../training.py: tensorflow_peer.py JOB.json function
"""

import os
import sys

from talk import read_job, serve

job = read_job(sys.argv[1])
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if job["threads"] == 1:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(job["threads"])
tf.config.threading.set_inter_op_parallelism_threads(1)
ACTIVATIONS = {"relu": tf.nn.relu, "tanh": tf.tanh, "sigmoid": tf.sigmoid}
names = list(job["weight_arrays"])
variables = {
    k: tf.Variable(v.T.copy() if v.ndim == 2 else v) for k, v in job["weight_arrays"].items()
}
if job["optimizer"] == "sgd":
    optimizer = tf.keras.optimizers.SGD(job["learning_rate"], momentum=job["momentum"])
else:
    optimizer = tf.keras.optimizers.Adam(job["learning_rate"], epsilon=1e-8)
optimizer.build([variables[n] for n in names])


@tf.function
def advance(x, y):
    with tf.GradientTape() as tape:
        for index, layer in enumerate(job["layers"]):
            if layer[0] == "linear":
                x = x @ variables[f"{index}.weight"] + variables[f"{index}.bias"]
            else:
                x = ACTIVATIONS[layer[0]](x)
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
