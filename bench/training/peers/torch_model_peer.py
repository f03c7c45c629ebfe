"""PyTorch, eager, as a peer of ../../models.py: torch_model_peer.py JOB.json."""

import json
import os
import sys
import time

with open(sys.argv[1]) as file:
    job = json.load(file)
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(job["threads"])

import torch
from networks import make

torch.set_num_threads(job["threads"])
model, features, labels = make(job["name"])
model.train()
loss_of = torch.nn.functional.cross_entropy


def advance():
    model.zero_grad(set_to_none=True)
    logits = model(features)
    loss = loss_of(logits.flatten(0, -2), labels.flatten())
    loss.backward()
    return float(loss.detach())


loss = advance()
norms = [(name, p.grad.double().norm().item()) for name, p in model.named_parameters()]
print(json.dumps({"loss": loss, "norms": norms}), flush=True)
for line in sys.stdin:
    started = time.perf_counter()
    for _ in range(int(line)):
        advance()
    print(time.perf_counter() - started, flush=True)
