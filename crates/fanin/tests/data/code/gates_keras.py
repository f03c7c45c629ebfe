"""Starting weights for `lstm`, found by fanin's method `auto`."""

import keras

init = keras.initializers


def parts(axis, sizes, *draws):
    """Draws each part along an axis of its own."""

    def draw(seed):
        def call(shape, dtype):
            at = len(shape) - 1 if axis else 0
            shapes = [shape[:at] + (size,) + shape[at + 1 :] for size in sizes]
            drawn = [d(seed + n)(s, dtype) for n, (d, s) in enumerate(zip(draws, shapes))]
            return keras.ops.concatenate(drawn, at)

        return call

    return draw


# In the order of the model's trainable variables: how many, elements of each, and what is
# drawn for a seed; None keeps the values that are there.
RULES = [
    (1536, lambda s: init.RandomNormal(0.0, 0.2, seed=s)),
    (2304, parts(1, [24, 24, 24, 24], *[lambda s: init.Orthogonal(1.0, seed=s)] * 4)),
    (96, parts(1, [24, 24, 24, 24], lambda s: lambda shape, dtype: keras.ops.linspace(0.0, -5.2933, shape[-1], dtype=dtype), lambda s: lambda shape, dtype: keras.ops.linspace(0.0, 5.2933, shape[-1], dtype=dtype), lambda s: init.Zeros(), lambda s: init.Zeros())),
    (96, lambda s: init.RandomNormal(0.0, 0.2, seed=s)),
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
