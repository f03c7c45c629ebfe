"""Starting weights for `lstm`, found by fanin's method `auto`."""

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
    (["rnn.weight_hh_l0"], parts(0, [24, 24, 24, 24], *[lambda w: torch.nn.init.orthogonal_(w, 1.0)] * 4)),
    (["rnn.bias_ih_l0"], parts(0, [24, 24, 24, 24], lambda w: w.copy_(torch.linspace(0.0, -5.2933, w.numel()).view_as(w)), lambda w: w.copy_(torch.linspace(0.0, 5.2933, w.numel()).view_as(w)), lambda w: torch.nn.init.zeros_(w), lambda w: torch.nn.init.zeros_(w))),
    (["rnn.bias_hh_l0"], lambda w: torch.nn.init.zeros_(w)),
    (["rnn.weight_ih_l0", "head.weight"], lambda w: torch.nn.init.normal_(w, 0.0, 0.2)),
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
