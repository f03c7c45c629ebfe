"""Starting weights for `48 -> 64 tanh -> 6x64 layer_norm gelu -> 40`, found by fanin's method `auto`."""

from fnmatch import fnmatchcase

import torch

# Patterns of names, and what is drawn for them; the first that fits decides.
RULES = [
    (["0.weight"], lambda w: torch.nn.init.orthogonal_(w, 1.5925)),
    (["0.bias"], lambda w: torch.nn.init.uniform_(w, -0.1, 0.1)),
    (["20.weight"], lambda w: torch.nn.init.trunc_normal_(w, 0.0, 0.02, -0.04, 0.04)),
    (["20.bias"], lambda w: torch.nn.init.constant_(w, 0.5)),
    (["2.weight", "5.weight", "8.weight", "11.weight", "14.weight", "17.weight"], lambda w: torch.nn.init.normal_(w, 0.0, 0.123457)),
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
