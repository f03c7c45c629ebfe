"""PyTorch as a peer: eager, with fused optimizers, compiled, or eager with channels last.

Run by ../../training.py: torch_peer.py JOB.json VARIANT, with VARIANT one of eager, fused, compiled,
channels-last.
"""

import os
import sys

from talk import image_of, read_job, refuse, serve, serve_passes

job = read_job(sys.argv[1])
variant = sys.argv[2]
if variant == "channels-last" and image_of(job) is None:
    refuse("there are no channels")
if variant == "fused" and job["optimizer"] == "none":
    refuse("there is no optimizer to fuse")
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(job["threads"])

import torch
from torch import nn

torch.set_num_threads(job["threads"])
MODULES = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def module(layer):
    kind, *sizes = layer
    if kind == "linear":
        return nn.Linear(*sizes)
    if kind == "conv":
        return nn.Conv2d(*sizes[:3], padding=sizes[3])
    if kind == "max_pool":
        return nn.MaxPool2d(sizes[0])
    if kind == "image":
        return nn.Unflatten(1, sizes)
    return nn.Flatten() if kind == "flatten" else MODULES[kind]()


model = nn.Sequential(*[module(layer) for layer in job["layers"]])
model.load_state_dict({k: torch.from_numpy(v) for k, v in job["weight_arrays"].items()})
if variant == "channels-last":
    model = model.to(memory_format=torch.channels_last)
if job["optimizer"] == "none":
    last = {"memory_format": torch.channels_last} if variant == "channels-last" else {}
    rows = torch.from_numpy(job["features"]).view(job["batch"], *image_of(job)).contiguous(**last)
    rows.requires_grad_()
    layer = model[1]
    seed = torch.from_numpy(job["targets"])

    def forward_backward(x, gradient):
        y = layer(x)
        y.backward(gradient)
        return y

    with torch.no_grad():
        seed = seed.view_as(layer(rows)).contiguous(**last)
    if variant == "compiled":
        layer = torch.compile(layer)

    def advance():
        global y
        rows.grad = None
        layer.zero_grad(set_to_none=True)
        y = forward_backward(rows, seed)

    def results():
        weight, bias = model[1].weight, model[1].bias
        return [part.detach().numpy() for part in (y, rows.grad, weight.grad, bias.grad)]

    serve_passes(advance, results)
    sys.exit()
features = torch.from_numpy(job["features"]).split(job["batch"])
labels = torch.from_numpy(job["labels"]).split(job["batch"])
loss_of = nn.CrossEntropyLoss()
options = {"lr": job["learning_rate"], "fused": variant == "fused"}
if job["optimizer"] == "sgd":
    optimizer = torch.optim.SGD(model.parameters(), momentum=job["momentum"], **options)
else:
    optimizer = torch.optim.Adam(model.parameters(), **options)


def forward_backward(x, y):
    loss = loss_of(model(x), y)
    loss.backward()
    return loss


if variant == "compiled":
    forward_backward = torch.compile(forward_backward)
    update = torch.compile(optimizer.step)
else:
    update = optimizer.step


def step(number):
    batch = number % len(features)
    optimizer.zero_grad(set_to_none=True)
    loss = forward_backward(features[batch], labels[batch])
    update()
    return loss


serve(job, step, float)
