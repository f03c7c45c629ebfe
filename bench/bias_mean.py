"""Does a mean of the biases help where activations have a mean?

Trains `10x64 sigmoid` or `10x64 softplus` on digits from the start of `auto`, with all hidden biases shifted by
one number, and prints the median of steps to 0.9. Needs torch and scikit-learn, and the start as code:

    fanin fix "64 -> 10x64 softplus -> 10" --data digits --method auto --no-proof \\
        --code numpy --code-output softplus.py
    python3 bench/bias_mean.py softplus softplus.py -0.5 0 0.5 1
"""

import math
import runpy
import sys

import numpy as np
import torch
from sklearn.datasets import load_digits

STEPS, ROWS, TRAINED, SEEDS, RATES = 345, 64, 1437, 12, (0.02, 0.06, 0.006, 0.002)
NEVER = 10**6

torch.set_num_threads(1)
name, code, *means = sys.argv[1:]
activation = {"sigmoid": torch.sigmoid, "softplus": torch.nn.functional.softplus}[name]
initialize = runpy.run_path(code)["initialize"]
features, labels = load_digits(return_X_y=True)
deviation = features.std(0)
features = (features - features.mean(0)) / np.where(deviation == 0, 1, deviation)
features, labels = torch.tensor(features.astype(np.float32)), torch.tensor(labels)


def steps_to_learn(seed, rate, mean):
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(features), generator=generator)
    train, test = order[:TRAINED], order[TRAINED:]
    drawn = initialize(seed)
    names = sorted((n for n in drawn if n.endswith("weight")), key=lambda n: int(n.split(".")[0]))
    weights = [torch.tensor(drawn[n]) for n in names]
    biases = [torch.full((len(w),), mean) for w in weights[:-1]] + [torch.zeros(len(weights[-1]))]
    parameters = weights + biases
    for parameter in parameters:
        parameter.requires_grad_()
    optimizer = torch.optim.SGD(parameters, rate, momentum=0.9)

    def network(x):
        for weight, bias in zip(weights[:-1], biases):
            x = activation(x @ weight.T + bias)
        return x @ weights[-1].T + biases[-1]

    step = 0
    while True:
        shuffled = train[torch.randperm(TRAINED, generator=generator)]
        for start in range(0, TRAINED - ROWS + 1, ROWS):
            batch = shuffled[start : start + ROWS]
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(features[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            step += 1
            if step % 5 == 0:
                with torch.no_grad():
                    right = network(features[test]).argmax(1) == labels[test]
                if right.float().mean() >= 0.9:
                    return step
            if step >= STEPS or not math.isfinite(loss.item()):
                return NEVER


for mean in map(float, means):
    runs = {rate: sorted(steps_to_learn(s, rate, mean) for s in range(SEEDS)) for rate in RATES}
    rate, steps = min(runs.items(), key=lambda own: own[1][len(own[1]) // 2])
    told = ["never" if s == NEVER else s for s in steps]
    print(f"{name}: mean {mean}: median {told[len(told) // 2]} at rate {rate} of {told}", flush=True)
