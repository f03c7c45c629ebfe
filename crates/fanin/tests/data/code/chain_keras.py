"""Starting weights for `48 -> 64 tanh -> 6x64 layer_norm gelu -> 40`, found by fanin's method `auto`."""

import keras

init = keras.initializers

# In the order of the model's trainable variables: how many, elements of each, and what is
# drawn for a seed; None keeps the values that are there.
RULES = [
    (3072, lambda s: init.Orthogonal(1.5925, seed=s)),
    (64, lambda s: init.RandomUniform(-0.1, 0.1, seed=s)),
    *[
        (4096, lambda s: init.RandomNormal(0.0, 0.123457, seed=s)),
        *[(64, None)] * 3,
    ] * 6,
    (2560, lambda s: init.TruncatedNormal(0.0, 0.02, seed=s)),
    (40, lambda s: init.Constant(0.5)),
]


def initialize(model: keras.Model, seed: int) -> None:
    """Draws the variables for which RULES have a draw; all others keep their values."""
    variables = model.trainable_variables
    if len(variables) != len(RULES):
        raise ValueError(f"{len(variables)} trainable variables, expected {len(RULES)}")
    for number, (variable, (size, draw)) in enumerate(zip(variables, RULES)):
        if size != keras.ops.size(variable):
            raise ValueError(f"{variable.path} has shape {variable.shape}, expected {size} elements")
        if draw is not None:
            own = 1_000_003 * seed + 16 * number
            variable.assign(draw(own)(tuple(variable.shape), variable.dtype))
