"""Starting weights for `autoencoder_conv.onnx`, found by fanin's method `auto`."""

import keras

init = keras.initializers


def delta(gain):
    """Orthogonal at the central tap, 0 elsewhere (Xiao et al. 2018)."""

    def draw(seed):
        def call(shape, dtype):
            center = tuple((size - 1) // 2 for size in shape[:-2])
            pads = [(c, size - 1 - c) for c, size in zip(center, shape[:-2])]
            tap = init.Orthogonal(gain, seed=seed)(shape[-2:], dtype)
            tap = keras.ops.reshape(tap, (1,) * len(center) + tuple(shape[-2:]))
            return keras.ops.pad(tap, [*pads, (0, 0), (0, 0)])

        return call

    return draw


# In the order of the model's trainable variables: how many, elements of each, and what is
# drawn for a seed; None keeps the values that are there.
RULES = [
    (72, delta(1.25)),
    (8, lambda s: init.Zeros()),
    (1152, delta(1.25)),
    (16, lambda s: init.Zeros()),
    (1152, lambda s: init.RandomNormal(0.0, 0.05, seed=s)),
    (8, lambda s: init.Zeros()),
    (72, lambda s: init.RandomNormal(0.0, 0.05, seed=s)),
    (1, lambda s: init.Zeros()),
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
