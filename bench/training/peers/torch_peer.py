"""PyTorch as a peer: eager, with fused optimizers, or compiled.

Run by ../../training.py: torch_peer.py JOB.json VARIANT, with VARIANT one of eager, fused, compiled.
"""

import os
import sys

from talk import read_job, serve

job = read_job(sys.argv[1])
variant = sys.argv[2]
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(job["threads"])

import torch
from torch import nn

torch.set_num_threads(job["threads"])
MODULES = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def module(layer):
    return nn.Linear(*layer[1:]) if layer[0] == "linear" else MODULES[layer[0]]()


model = nn.Sequential(*[module(layer) for layer in job["layers"]])
model.load_state_dict({k: torch.from_numpy(v) for k, v in job["weight_arrays"].items()})
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
