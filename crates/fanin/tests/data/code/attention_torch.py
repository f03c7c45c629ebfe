"""Starting weights for `attention`, found by fanin's method `auto`."""

from fnmatch import fnmatchcase

import torch


def parts(axis, sizes, *draws):
    """Draws each part along an axis of its own."""

    def draw(w: torch.Tensor) -> None:
        for part, own in zip(w.split(sizes, axis), draws):
            own(part)

    return draw


# Patterns of names, and what is drawn for them; the first that fits decides.
RULES = [
    (["first.in_proj_weight"], parts(0, [24, 24, 24], lambda w: torch.nn.init.normal_(w, 0.0, 0.1), lambda w: torch.nn.init.normal_(w, 0.0, 0.1), lambda w: torch.nn.init.normal_(w, 0.0, 0.3))),
    (["first.out_proj.weight", "second.out_proj.weight"], lambda w: torch.nn.init.orthogonal_(w, 1.0)),
    (["second.in_proj_weight", "qkv.weight"], parts(0, [24, 24, 24], *[lambda w: torch.nn.init.orthogonal_(w, 0.5)] * 3)),
    ([
        "first.in_proj_bias", "first.out_proj.bias", "second.in_proj_bias",
        "second.out_proj.bias",
    ], lambda w: torch.nn.init.zeros_(w)),
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
