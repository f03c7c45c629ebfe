"""JAX as a peer: jit step by step, or many steps in one `lax.scan`.

Run by ../../training.py: jax_peer.py JOB.json VARIANT, with VARIANT one of steps, scan.
"""

import os
import sys

from talk import read_job, serve, serve_many

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
parameters = {k: jnp.asarray(v) for k, v in job["weight_arrays"].items()}
if job["optimizer"] == "sgd":
    optimizer = optax.sgd(job["learning_rate"], momentum=job["momentum"])
else:
    optimizer = optax.adam(job["learning_rate"])


def loss_of(parameters, x, y):
    for index, layer in enumerate(job["layers"]):
        if layer[0] == "linear":
            x = x @ parameters[f"{index}.weight"].T + parameters[f"{index}.bias"]
        else:
            x = ACTIVATIONS[layer[0]](x)
    return optax.softmax_cross_entropy_with_integer_labels(x, y).mean()


def advance(state, batch):
    parameters, memory = state
    loss, gradient = jax.value_and_grad(loss_of)(parameters, *batch)
    changes, memory = optimizer.update(gradient, memory, parameters)
    return (optax.apply_updates(parameters, changes), memory), loss


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
