"""Starting weights for `autoencoder_conv.onnx`, found by fanin's method `auto`."""

from fnmatch import fnmatchcase

import torch


def delta_orthogonal_(w: torch.Tensor, gain: float) -> None:
    """Orthogonal at the central tap, 0 elsewhere (Xiao et al. 2018)."""
    torch.nn.init.zeros_(w)
    center = tuple((size - 1) // 2 for size in w.shape[2:])
    torch.nn.init.orthogonal_(w[(slice(None), slice(None), *center)], gain)


# Patterns of names, and what is drawn for them; the first that fits decides.
RULES = [
    (["0.weight", "2.weight"], lambda w: delta_orthogonal_(w, 1.25)),
    (["*.weight"], lambda w: torch.nn.init.normal_(w, 0.0, 0.05)),
    (["*.bias"], lambda w: torch.nn.init.zeros_(w)),
]


def initialize(model: torch.nn.Module, seed: int) -> None:
    """Draws the parameters that RULES name, tied ones once; all others keep their values."""
    unused = {pattern for patterns, _ in RULES for pattern in patterns}
    drawn = set()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for name, parameter in model.named_parameters(remove_duplicate=False):
            for patterns, draw in RULES:
                if fitting := {pattern for pattern in patterns if fnmatchcase(name, pattern)}:
                    unused -= fitting
                    if id(parameter) not in drawn:
                        drawn.add(id(parameter))
                        value = torch.empty(parameter.shape)
                        draw(value)
                        parameter.copy_(value)
                    break
    if unused:
        raise ValueError(f"no parameter is named {sorted(unused)}")
