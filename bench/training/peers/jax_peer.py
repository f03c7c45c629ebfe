"""JAX as a peer: jit step by step, or many steps in one `lax.scan`.

Run by ../../training.py: jax_peer.py JOB.json VARIANT, with VARIANT one of steps, scan.
"""

import os
import sys

from talk import image_of, read_job, refuse, serve, serve_many, serve_passes

job = read_job(sys.argv[1])
variant = sys.argv[2]
multithreaded = "true" if job["threads"] > 1 else "false"
os.environ["XLA_FLAGS"] = (
    f"--xla_cpu_multi_thread_eigen={multithreaded} "
    f"intra_op_parallelism_threads={job['threads']}"
)
os.environ["JAX_PLATFORMS"] = "cpu"
if job["threads"] == 1:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import jax
import jax.numpy as jnp
import numpy as np
import optax

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}
# Images have their channels last, which XLA is quickest with, and kernels are laid out for them.
parameters = {
    k: jnp.asarray(v.transpose(2, 3, 1, 0) if v.ndim == 4 else v)
    for k, v in job["weight_arrays"].items()
}
if job["optimizer"] == "sgd":
    optimizer = optax.sgd(job["learning_rate"], momentum=job["momentum"])
else:
    optimizer = optax.adam(job["learning_rate"])


def convolve(x, weight, bias, pad):
    pads = [(pad, pad), (pad, pad)]
    names = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, weight, (1, 1), pads, dimension_numbers=names) + bias


def max_pool(x, size):
    window = (1, size, size, 1)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")


def layer_of(index, parameters, x):
    kind, *sizes = job["layers"][index]
    if kind == "linear":
        return x @ parameters[f"{index}.weight"].T + parameters[f"{index}.bias"]
    if kind == "conv":
        return convolve(x, parameters[f"{index}.weight"], parameters[f"{index}.bias"], sizes[3])
    if kind == "max_pool":
        return max_pool(x, sizes[0])
    if kind == "image":
        return x.reshape(-1, *sizes).transpose(0, 2, 3, 1)
    if kind == "flatten":
        return x.transpose(0, 3, 1, 2).reshape(len(x), -1)
    return ACTIVATIONS[kind](x)


def loss_of(parameters, x, y):
    for index in range(len(job["layers"])):
        x = layer_of(index, parameters, x)
    return optax.softmax_cross_entropy_with_integer_labels(x, y).mean()


def advance(state, batch):
    parameters, memory = state
    loss, gradient = jax.value_and_grad(loss_of)(parameters, *batch)
    changes, memory = optimizer.update(gradient, memory, parameters)
    return (optax.apply_updates(parameters, changes), memory), loss


if job["optimizer"] == "none":
    if variant != "steps":
        refuse("there are no steps to scan")
    channels, height, width = image_of(job)
    by_channel = lambda v: v.reshape(job["batch"], -1, height, width).transpose(0, 2, 3, 1)
    x, seed = (jnp.asarray(by_channel(job[name])) for name in ("features", "targets"))

    @jax.jit
    def both_ways(x, weight, bias, seed):
        y, back = jax.vjp(lambda *a: convolve(*a, job["layers"][1][4]), x, weight, bias)
        return y, *back(seed)

    def advance():
        global found
        found = both_ways(x, parameters["1.weight"], parameters["1.bias"], seed)
        jax.block_until_ready(found)

    serve_passes(advance, lambda: found)
    sys.exit()
rows = job["batch"]
batches = len(job["features"]) // rows
features = np.ascontiguousarray(job["features"][: batches * rows]).reshape(batches, rows, -1)
labels = job["labels"][: batches * rows].reshape(batches, rows)
state = (parameters, optimizer.init(parameters))

if variant == "steps":
    jitted = jax.jit(advance, donate_argnums=0)
    on_device = [(jnp.asarray(f), jnp.asarray(l)) for f, l in zip(features, labels)]

    def step(number):
        global state
        state, loss = jitted(state, on_device[number % batches])
        return loss

    serve(job, step, float, finish=lambda: jax.block_until_ready(state))
else:
    epoch = jax.jit(lambda state, data: jax.lax.scan(advance, state, data), donate_argnums=0)
    features, labels = jnp.asarray(features), jnp.asarray(labels)

    def steps(first, count):
        global state
        losses = []
        while count > 0:
            start = first % batches
            length = min(count, batches - start)
            part = slice(start, start + length)
            data = (features, labels) if length == batches else (features[part], labels[part])
            state, found = epoch(state, data)
            losses.append(found)
            first, count = first + length, count - length
        jax.block_until_ready(state)
        return np.concatenate([np.asarray(found) for found in losses])

    serve_many(job, steps, batches)
