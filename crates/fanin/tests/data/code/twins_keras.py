"""Starting weights for `recurrent`, found by fanin's method `auto`."""

import keras

init = keras.initializers


def mirrored(smaller, units, inputs):
    """[A -A; -A A], A drawn: pairs pass on f(z) - f(-z), for relu z (Balduzzi et al. 2017)."""

    def draw(seed):
        def call(shape, dtype):
            half = (*shape[:-2], shape[-2] // (1 + inputs), shape[-1] // (1 + units))
            a = smaller(seed)(half, dtype)
            a = keras.ops.concatenate([a, -a], -2) if inputs else a
            return keras.ops.concatenate([a, -a], -1) if units else a

        return call

    return draw


# In the order of the model's trainable variables: how many, elements of each, and what is
# drawn for a seed; None keeps the values that are there.
RULES = [
    (384, mirrored(lambda s: init.Orthogonal(0.5, seed=s), True, False)),
    (576, mirrored(lambda s: init.Orthogonal(1.0, seed=s), True, True)),
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
