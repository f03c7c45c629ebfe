"""What the package lsuv 0.3 makes of given weights: tests/reference/lsuv.json.

    pip install torch lsuv==0.3.0
    python crates/fanin/tests/reference/lsuv_package.py
"""

import json
from pathlib import Path

import torch
from lsuv import lsuv_with_singlebatch

torch.manual_seed(0)
rows = torch.randn(32, 6)
network = torch.nn.Sequential(
    torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 5), torch.nn.Tanh(),
    torch.nn.Linear(5, 3),
)
for index, deviation in ((0, 0.1), (2, 2.0), (4, 0.46)):
    torch.nn.init.normal_(network[index].weight, std=deviation)
    torch.nn.init.zeros_(network[index].bias)


def weights():
    return {name: value.flatten().tolist() for name, value in network.state_dict().items()}


before = weights()
lsuv_with_singlebatch(network, rows, do_orthonorm=False, verbose=False)
found = {"rows": rows.flatten().tolist(), "before": before, "after": weights()}
(Path(__file__).parent / "lsuv.json").write_text(json.dumps(found) + "\n")
