"""Starting weights for `48 -> 3x64 relu -> 40`, found by fanin's method `auto`."""

from fnmatch import fnmatchcase

import torch


def mirrored_(w: torch.Tensor, draw, gain: float, units: bool, inputs: bool) -> None:
    """[A -A; -A A], A drawn: pairs pass on f(z) - f(-z), for relu z (Balduzzi et al. 2017)."""
    value = torch.empty(len(w) // (1 + units), w.shape[1] // (1 + inputs), *w.shape[2:])
    draw(value, gain)
    if inputs:
        value = torch.cat([value, -value], 1)
    w.copy_(torch.cat([value, -value], 0) if units else value)


# Patterns of names, and what is drawn for them; the first that fits decides.
RULES = [
    (["0.weight"], lambda w: mirrored_(w, torch.nn.init.orthogonal_, 1.0, True, False)),
    (["6.weight"], lambda w: mirrored_(w, torch.nn.init.orthogonal_, 1.0, False, True)),
    (["*.weight"], lambda w: mirrored_(w, torch.nn.init.orthogonal_, 1.0, True, True)),
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
