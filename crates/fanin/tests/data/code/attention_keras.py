"""Starting weights for `attention`, found by fanin's method `auto`."""

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



def by_head(draw):
    """Draws (inputs, units), which attention has as (inputs, heads, units of a head)."""

    def drawn(seed):
        def call(shape, dtype):
            flat = (shape[0], shape[1] * shape[2])
            return keras.ops.reshape(draw(seed)(flat, dtype), shape)

        return call

    return drawn


# In the order of the model's trainable variables: how many, elements of each, and what is
# drawn for a seed; None keeps the values that are there.
RULES = [
    *[
        (576, lambda s: init.RandomNormal(0.0, 0.1, seed=s)),
        (24, lambda s: init.Zeros()),
    ] * 2,
    (576, lambda s: init.RandomNormal(0.0, 0.3, seed=s)),
    (24, lambda s: init.Zeros()),
    (576, lambda s: init.Orthogonal(1.0, seed=s)),
    *[
        (24, lambda s: init.Zeros()),
        (576, by_head(lambda s: init.Orthogonal(0.5, seed=s))),
    ] * 3,
    (24, lambda s: init.Zeros()),
    (576, lambda s: init.Orthogonal(1.0, seed=s)),
    (24, lambda s: init.Zeros()),
    (1728, parts(1, [24, 24, 24], *[lambda s: init.Orthogonal(0.5, seed=s)] * 3)),
    (96, None),
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
