"""scikit-learn as a peer: `MLPClassifier`, a pass over all rows at a time.

Run by ../../training.py: sklearn_peer.py JOB.json fit
"""

import os
import sys

from talk import read_job, refuse, serve_many

job = read_job(sys.argv[1])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(job["threads"])
kinds = {layer[0] for layer in job["layers"]}
activations = kinds - {"linear"}
if "linear" not in kinds or not activations <= {"relu", "tanh", "sigmoid"} or len(activations) != 1:
    refuse("MLPClassifier cannot say this network")

import numpy as np
from sklearn.neural_network import MLPClassifier

rows = job["batch"]
batches = len(job["features"]) // rows
features = np.ascontiguousarray(job["features"][: batches * rows])
labels = job["labels"][: batches * rows]
activation = activations.pop()
hidden = [layer[2] for layer in job["layers"] if layer[0] == "linear"][:-1]
network = MLPClassifier(
    hidden, activation={"sigmoid": "logistic"}.get(activation, activation), alpha=0.0,
    solver=job["optimizer"], batch_size=rows, learning_rate_init=job["learning_rate"],
    momentum=job["momentum"], nesterovs_momentum=False, shuffle=False, tol=0.0,
)
# A first call makes room; then the job's weights take the place of its own, and its optimizer goes.
network.partial_fit(features[:rows], labels[:rows], classes=np.arange(10))
places = [index for index, layer in enumerate(job["layers"]) if layer[0] == "linear"]
for index, weight, bias in zip(places, network.coefs_, network.intercepts_):
    weight[...] = job["weight_arrays"][f"{index}.weight"].T
    bias[...] = job["weight_arrays"][f"{index}.bias"]
del network._optimizer


def steps(first, count):
    # `loss_` is the mean over a call; only the comparison, which begins at step 0, asks for losses.
    if first > 0:
        for _ in range(count // batches):
            network.partial_fit(features, labels)
        return
    losses = []
    for number in range(first, first + count):
        part = slice(number % batches * rows, (number % batches + 1) * rows)
        network.partial_fit(features[part], labels[part])
        losses.append(network.loss_)
    return losses


serve_many(job, steps, batches)
