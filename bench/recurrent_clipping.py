"""Can a plain recurrent layer of 24 units learn the sequences of bench/fix, over 200 steps?

    python3 bench/recurrent_clipping.py

Needs NumPy alone. The data are made by the rule of bench/fix (four rhythms under as much noise, 480 rows to
train on and 120 to test) and the training is its own: momentum 0.9, batches of 64, 480 steps. It trains from
several starts, with and without clipped gradients, three seeds each, and prints the best score of every run,
the steps until 0.9, and the norms of the gradient at the first step and at most.
"""

import numpy as np

ROWS, STEPS, UNITS, PERIODS = 600, 200, 24, (20, 14, 10, 7)
EPOCHS, BATCH, TARGET = 60, 64, 0.9


def sequences():
    rng = np.random.default_rng(0)
    labels = np.arange(ROWS) % 4
    turns = np.arange(STEPS) / np.array(PERIODS)[labels, None] + rng.random((ROWS, 1))
    x = (rng.normal(size=(ROWS, STEPS)) + np.sqrt(2) * np.sin(2 * np.pi * turns)) / np.sqrt(2)
    order = rng.permutation(ROWS)
    return x[order].astype(np.float32), labels[order]


def orthogonal(rng, size):
    q, r = np.linalg.qr(rng.normal(size=(size, size)))
    return q * np.sign(np.diag(r))


def rotations(size, kept):
    """Planes that turn once in 5 to 30 steps, even in the logarithm, and keep so much at each step."""
    u = np.zeros((size, size))
    for plane, period in enumerate(np.geomspace(5, 30, size // 2)):
        c, s = np.cos(2 * np.pi / period), np.sin(2 * np.pi / period)
        u[2 * plane : 2 * plane + 2, 2 * plane : 2 * plane + 2] = [[c, -s], [s, c]]
    return kept * u


def start(rng, is_relu, kind, drive):
    """Weights from the input, from the state, bias, head and its bias; relu gets units with twins."""
    units = UNITS // 2 if is_relu else UNITS
    u = orthogonal(rng, units) if kind == "orthogonal" else rotations(units, 0.95)
    w = drive * rng.normal(size=units)
    if is_relu:
        u, w = np.block([[u, -u], [-u, u]]), np.concatenate([w, -w])
    head = rng.normal(size=(4, UNITS)) / np.sqrt(UNITS)
    return [a.astype(np.float32) for a in (w, u, np.zeros(UNITS), head, np.zeros(4))]


def forward(parameters, x, is_relu):
    w, u, b, head, c = parameters
    h = [np.zeros((len(x), UNITS), np.float32)]
    for step in range(STEPS):
        z = x[:, step, None] * w + h[-1] @ u.T + b
        h.append(np.maximum(z, 0) if is_relu else np.tanh(z))
    return h, h[-1] @ head.T + c


def gradients(parameters, x, y, is_relu):
    w, u, b, head, c = parameters
    h, logits = forward(parameters, x, is_relu)
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    p /= len(y)
    d, d_w, d_u, d_b = p @ head, 0 * w, 0 * u, 0 * b
    for step in range(STEPS, 0, -1):
        d = d * (h[step] > 0) if is_relu else d * (1 - h[step] ** 2)
        d_w += d.T @ x[:, step - 1]
        d_u += d.T @ h[step - 1]
        d_b += d.sum(0)
        d = d @ u
    return [d_w, d_u, d_b, p.T @ h[-1], p.sum(0)]


def run(data, is_relu, kind, drive, rate, clip, seed):
    x, labels = data
    rng = np.random.default_rng(seed)
    parameters = start(rng, is_relu, kind, drive)
    moving = [0 * p for p in parameters]
    best, steps, norms = 0.0, 0, []
    for _ in range(EPOCHS):
        order = rng.permutation(480)
        for rows in np.split(order, range(BATCH, 480, BATCH)):
            found = gradients(parameters, x[rows], labels[rows], is_relu)
            norm = float(np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in found)))
            norms.append(norm)
            if not np.isfinite(norm):
                return best, "diverges", norms
            factor = min(1.0, clip / norm) if clip else 1.0
            steps += 1
            for p, m, g in zip(parameters, moving, found):
                m *= 0.9
                m += np.float32(factor) * g
                p -= np.float32(rate) * m
        with np.errstate(all="ignore"):
            score = (forward(parameters, x[480:], is_relu)[1].argmax(1) == labels[480:]).mean()
        best = max(best, score)
        if score >= TARGET:
            return best, f"{steps} steps", norms
    return best, "–", norms


if __name__ == "__main__":
    np.seterr(all="ignore")
    data = sequences()
    for is_relu, kind, drive, rate, clip in [
        (False, "orthogonal", 0.1, 0.02, None),
        (False, "orthogonal", 0.1, 0.02, 1.0),
        (False, "rotations", 0.1, 0.02, 0.3),
        (True, "orthogonal", 0.07, 0.02, None),
        (True, "rotations", 0.1, 0.006, None),
        (True, "rotations", 0.1, 0.02, 0.3),
    ]:
        told = []
        for seed in range(3):
            best, end, norms = run(data, is_relu, kind, drive, rate, clip, seed)
            finite = [norm for norm in norms if np.isfinite(norm)]
            told.append(f"{best:.2f} {end} (‖g‖ {norms[0]:.1g}, at most {max(finite):.0e})")
        name = "relu with twins" if is_relu else "tanh"
        print(f"{name}, {kind}, rate {rate}, clipped at {clip}: " + "; ".join(told), flush=True)
