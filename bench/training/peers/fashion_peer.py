"""Fashion-MNIST by 784-256-256-10, ten epochs of Adam, as users of each library write it.

Run by ../../fashion.py: fashion_peer.py VARIANT THREADS FOLDER SEED; prints the test accuracy. The
whole process is timed, imports and reading of files included.
"""

import gzip
import os
import sys

variant, threads, folder, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = str(threads)

import numpy as np

EPOCHS, BATCH, RATE = 10, 128, 0.001


def read(name, header):
    with gzip.open(f"{folder}/{name}.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def rows(part):
    features = read(f"{part}-images-idx3-ubyte", 16).reshape(-1, 784).astype(np.float32)
    return features, read(f"{part}-labels-idx1-ubyte", 8).astype(np.int64)


(x, y), (test_x, test_y) = rows("train"), rows("t10k")
mean, deviation = x.mean(), x.std()
x, test_x = (x - mean) / deviation, (test_x - mean) / deviation


def by_torch(in_memory):
    import torch
    from torch import nn

    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    model = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=in_memory)
    loss_of = nn.CrossEntropyLoss()
    features, labels = torch.from_numpy(x), torch.from_numpy(y)
    data = torch.utils.data.TensorDataset(features, labels)
    loader = torch.utils.data.DataLoader(data, BATCH, shuffle=True)
    for _ in range(EPOCHS):
        order = torch.randperm(len(labels)).split(BATCH) if in_memory else None
        batches = ((features[i], labels[i]) for i in order) if in_memory else loader
        for rows, targets in batches:
            optimizer.zero_grad()
            loss_of(model(rows), targets).backward()
            optimizer.step()
    with torch.no_grad():
        return (model(torch.from_numpy(test_x)).argmax(1).numpy() == test_y).mean()


def by_keras():
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(256, "relu"), keras.layers.Dense(256, "relu"), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((784,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss)
    model.fit(x, y, BATCH, EPOCHS, verbose=0)
    return (model.predict(test_x, 1000, verbose=0).argmax(1) == test_y).mean()


def by_sklearn():
    import warnings

    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    model = MLPClassifier(
        (256, 256), alpha=0.0, batch_size=BATCH, learning_rate_init=RATE, max_iter=EPOCHS,
        random_state=seed,
    )
    return model.fit(x, y).score(test_x, test_y)


RUNS = {
    "torch-loader": lambda: by_torch(in_memory=False),
    "torch-in-memory": lambda: by_torch(in_memory=True),
    "keras": by_keras,
    "scikit-learn": by_sklearn,
}
print(float(RUNS[variant]()))
