"""The networks that ../training.py times, their first weights and rows, and what a step needs.

A layer is a list: its kind, then its sizes. Modules are numbered and parameters named as in
PyTorch's `nn.Sequential`.
"""

import numpy as np
from safetensors.numpy import save_file

CLASSES = 10
RATES = {"sgd": 0.01, "adam": 0.001}
# Smaller ones where losses would part by rounding: maxima of F's pools change hands, and Adam's
# quotients of small gradients differ by where a library adds epsilon, the more the more layers follow.
GENTLE = {
    ("B", "adam"): 0.0001,
    ("C", "adam"): 0.00002,
    ("D", "adam"): 0.0001,
    ("E", "adam"): 0.00005,
    ("F", "sgd"): 0.0005,
    ("F", "adam"): 0.00005,
}


def mlp(sizes, activation):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [["linear", inputs, outputs], [activation]]
    return layers[:-1]


LENET = [
    ["image", 1, 28, 28],
    ["conv", 1, 6, 5, 2], ["relu"], ["max_pool", 2],
    ["conv", 6, 16, 5, 0], ["relu"], ["max_pool", 2],
    ["flatten"], ["linear", 400, 120], ["relu"], ["linear", 120, 84], ["relu"], ["linear", 84, 10],
]

# name: (layers, rows of a batch); G has no loss and no steps: it goes forward, and backward from a
# given gradient to input, weight and bias.
WORKLOADS = {
    "A": (mlp([784, 64, 10], "sigmoid"), 32),
    "B": (mlp([784, 256, 256, 10], "relu"), 128),
    "C": (mlp([784] + 20 * [256] + [10], "tanh"), 128),
    "D": (mlp([784, 2048, 2048, 2048, 10], "relu"), 512),
    "E": (mlp([64] + 10 * [64] + [10], "relu"), 64),
    "F": (LENET, 128),
    "G": ([["image", 64, 32, 32], ["conv", 64, 64, 3, 1]], 32),
}


def optimizers(name):
    """Those that the workload is timed with."""
    return ["none"] if name == "G" else list(RATES)


def learning_rate(name, optimizer):
    return GENTLE.get((name, optimizer), RATES.get(optimizer, 0.0))


def is_chain_of_linear_layers(layers):
    return not any(layer[0] in ("image", "conv") for layer in layers)


def short_text(layers):
    """The network as fanin reads it, `784 -> 64 sigmoid -> 10`; none if text cannot say it."""
    if not is_chain_of_linear_layers(layers):
        return None
    parts = [str(layers[0][1])]
    for layer in layers:
        if layer[0] == "linear":
            parts.append(str(layer[2]))
        else:
            parts[-1] += f" {layer[0]}"
    return " -> ".join(parts)


def shapes(layers):
    """The shape of a row behind each layer; the first is that of the input."""
    kind, *sizes = layers[0]
    found = [tuple(sizes) if kind == "image" else (sizes[0],)]
    for kind, *sizes in layers:
        shape = found[-1]
        if kind == "linear":
            shape = (sizes[1],)
        elif kind == "conv":
            shape = (sizes[1], *(side + 2 * sizes[3] - sizes[2] + 1 for side in shape[1:]))
        elif kind == "max_pool":
            shape = (shape[0], *(side // sizes[0] for side in shape[1:]))
        elif kind == "flatten":
            shape = (int(np.prod(shape)),)
        found.append(shape)
    return found


def operations(name):
    """Floating-point operations of the products of one step, without the first input's gradient.

    G asks for that gradient, so there it counts.
    """
    layers, batch = WORKLOADS[name]
    products = []
    for (kind, *sizes), shape in zip(layers, shapes(layers)[1:]):
        if kind == "linear":
            products.append(sizes[0] * sizes[1])
        elif kind == "conv":
            products.append(int(np.prod(shape)) * sizes[0] * sizes[2] ** 2)
    return 2 * batch * (3 * sum(products) - (0 if name == "G" else products[0]))


def share_of_peak(result, peaks):
    """Of what as many threads multiply and add in registers."""
    return result["gigaflops"] / peaks[min(result["threads"], len(peaks)) - 1]


def needed_bytes(name, optimizer):
    """(weights and the optimizer's state, activations that backpropagation needs).

    These are what enters each layer with weights, what leaves each activation or pool where that
    is not the same, and the logits.
    """
    layers, batch = WORKLOADS[name]
    behind = shapes(layers)
    weights = sum(value.size for value in first_weights(layers).values())
    kept = {len(layers)}
    for index, (kind, *_) in enumerate(layers):
        if kind in ("linear", "conv"):
            kept.add(index)
        elif kind not in ("image", "flatten"):
            kept.add(index + 1)
    # A reshape is no copy: places on both of its sides are one.
    same = {i + 1: i for i, (kind, *_) in enumerate(layers) if kind in ("image", "flatten")}
    places = {same.get(place, place) for place in kept}
    numbers = batch * sum(int(np.prod(behind[place])) for place in places)
    states = {"none": 0, "sgd": 1, "adam": 2}[optimizer]
    return 4 * weights * (1 + states), 4 * numbers


def first_weights(layers):
    random = np.random.default_rng(0)
    weights = {}
    for index, (kind, *sizes) in enumerate(layers):
        if kind not in ("linear", "conv"):
            continue
        kernel = (sizes[2], sizes[2]) if kind == "conv" else ()
        taps = int(np.prod(kernel))
        limit = np.sqrt(6 / (taps * (sizes[0] + sizes[1])))
        shape = (sizes[1], sizes[0], *kernel)
        weights[f"{index}.weight"] = random.uniform(-limit, limit, shape).astype(np.float32)
        weights[f"{index}.bias"] = np.zeros(sizes[1], np.float32)
    return weights


def write_inputs(folder, name):
    layers, batch = WORKLOADS[name]
    save_file(first_weights(layers), folder / "weights.safetensors")
    random = np.random.default_rng(1)
    behind = shapes(layers)
    columns = int(np.prod(behind[0]))
    if name == "G":
        features = random.normal(0, 1, (batch, columns))
        targets = random.normal(0, 1, (batch, int(np.prod(behind[-1]))))
    else:
        rows = batch * max(2, 6400 // batch)
        labels = random.integers(0, CLASSES, rows)
        centers = random.normal(0, 1, (CLASSES, columns))
        features = 0.3 * centers[labels] + random.normal(0, 1, (rows, columns))
        targets = np.eye(CLASSES)[labels]
    data = {"features": features.astype(np.float32), "targets": targets.astype(np.float32)}
    save_file(data, folder / "data.safetensors")
