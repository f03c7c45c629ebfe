"""Starting weights for `gru`, found by fanin's method `auto`."""

import keras

init = keras.initializers


def stacked(*draws):
    """Draws each row on its own."""

    def draw(seed):
        def call(shape, dtype):
            drawn = [d(seed + 8 * n)(shape[1:], dtype) for n, d in enumerate(draws)]
            return keras.ops.stack(drawn, 0)

        return call

    return draw



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
    (1152, lambda s: init.RandomNormal(0.0, 0.2, seed=s)),
    (1728, parts(1, [24, 24, 24], *[lambda s: init.Orthogonal(1.0, seed=s)] * 3)),
    (144, stacked(parts(1, [24, 24, 24], lambda s: lambda shape, dtype: keras.ops.linspace(0.0, 5.2933, shape[-1], dtype=dtype), lambda s: init.Zeros(), lambda s: init.Zeros()), lambda s: init.Zeros())),
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
