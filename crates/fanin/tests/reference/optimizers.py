"""Trajectories of torch.optim that the optimizers of fanin must reproduce.

    python -m venv venv && venv/bin/pip install torch
    venv/bin/python optimizers.py > optimizers.json

Gradients are fixed beforehand (they do not depend on the parameters), the learning rate changes
from step to step, and one parameter of the two has no weight decay, as biases usually have.
"""

import json
import random

import torch

STEPS = 40
SAVED = [1, 2, 3, 10, 40]

CASES = [
    # name, options by fanin's names, learning rate, weight decay, torch's optimizer
    ("gradient-descent", {}, 0.1, 0.0, torch.optim.SGD, {}),
    ("gradient-descent", {}, 0.1, 0.01, torch.optim.SGD, {}),
    ("sgd", {}, 0.1, 0.05, torch.optim.SGD, {}),
    ("sgd", {"momentum": 0.9}, 0.05, 0.0, torch.optim.SGD, {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9}, 0.05, 0.1, torch.optim.SGD, {"momentum": 0.9}),
    ("sgd", {"momentum": 0.8, "nesterov": 1.0}, 0.05, 0.01, torch.optim.SGD,
     {"momentum": 0.8, "nesterov": True}),
    ("adam", {}, 0.001, 0.0, torch.optim.Adam, {}),
    ("adam", {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}, 0.02, 0.1, torch.optim.Adam,
     {"betas": (0.8, 0.95), "eps": 1e-3}),
    ("adamw", {}, 0.001, 0.01, torch.optim.AdamW, {}),
    ("adamw", {"beta1": 0.7, "beta2": 0.9, "epsilon": 1e-4}, 0.05, 0.2, torch.optim.AdamW,
     {"betas": (0.7, 0.9), "eps": 1e-4}),
    ("rmsprop", {}, 0.01, 0.0, torch.optim.RMSprop, {}),
    ("rmsprop", {"alpha": 0.9, "epsilon": 1e-2}, 0.02, 0.1, torch.optim.RMSprop,
     {"alpha": 0.9, "eps": 1e-2}),
    ("adagrad", {}, 0.01, 0.0, torch.optim.Adagrad, {}),
    ("adagrad", {"epsilon": 1e-3}, 0.3, 0.1, torch.optim.Adagrad, {"eps": 1e-3}),
]


def learning_rate(base, step):
    """The rate in step 0, 1, …: base, 1.5 base, 2 base, base, …"""
    return base * (1.0 + 0.5 * (step % 3))


def trajectory(dtype, start, gradients, base, decay, kind, options):
    parameters = [torch.tensor(x, dtype=dtype, requires_grad=True) for x in start]
    optimizer = kind(
        [
            {"params": [parameters[0]], "weight_decay": decay},
            {"params": [parameters[1]], "weight_decay": 0.0},
        ],
        lr=base,
        foreach=False,
        **options,
    )
    saved = []
    for step in range(STEPS):
        for parameter, gradient in zip(parameters, gradients[step]):
            parameter.grad = torch.tensor(gradient, dtype=dtype)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(base, step)
        optimizer.step()
        if step + 1 in SAVED:
            saved.append([p.detach().tolist() for p in parameters])
    return saved


def main():
    draw = random.Random(7)

    def values(count, scale):
        # Multiples of 2^-12 are the same numbers in float32 and float64.
        return [round(draw.gauss(0, scale) * 4096) / 4096 for _ in range(count)]

    start = [values(4, 1.0), values(2, 1.0)]
    gradients = [[values(4, 0.5), values(2, 0.5)] for _ in range(STEPS)]
    gradients[0][0][0] = 0.0
    gradients[1][1] = [0.0, 0.0]
    cases = []
    for name, options, base, decay, kind, torch_options in CASES:
        run = lambda dtype: trajectory(dtype, start, gradients, base, decay, kind, torch_options)
        cases.append(
            {
                "name": name,
                "options": options,
                "learning_rate": base,
                "weight_decay": decay,
                "float64": run(torch.float64),
                "float32": run(torch.float32),
            }
        )
    reference = {
        "torch": torch.__version__,
        "saved": SAVED,
        "start": start,
        "gradients": gradients,
        "cases": cases,
    }
    print(json.dumps(reference, separators=(",", ":")).replace('{"name"', '\n{"name"'))


if __name__ == "__main__":
    main()
