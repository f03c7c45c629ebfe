"""The lines of `fanin help export` for Keras, JAX and scikit-learn, run for real.

    pip install numpy keras tensorflow tf2onnx jax jax2onnx flax equinox scikit-learn skl2onnx
    cargo build -p fanin-cli
    python3 onnx_exports.py ../../../../target/debug/fanin [keras jax sklearn]

Each model is exported by the line that the help shows, `fanin run` computes what the framework
does, and `fanin model` must know the role of every parameter that the framework trains. Says the
largest relative difference of each, and `0 mistakes`.
"""

import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy

program = pathlib.Path(sys.argv[1]).resolve()
LIMIT = 1e-4
MATRICES = ["kernel", "recurrent_kernel", "embeddings"]
draw = numpy.random.default_rng(0)


def floats(*shape):
    return draw.standard_normal(shape).astype("float32")


def keras(folder):
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    image = keras.Sequential([
        keras.Input((28, 28, 1)), layers.Conv2D(8, 3, use_bias=False), layers.BatchNormalization(),
        layers.ReLU(), layers.MaxPooling2D(2), layers.Conv2D(16, 3, activation="gelu"),
        layers.Flatten(), layers.Dense(32, activation="relu"), layers.Dropout(0.2), layers.Dense(10)])
    ids = keras.Input((12,), dtype="int32")
    h = layers.LSTM(20, return_sequences=True)(layers.Embedding(50, 16)(ids))
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 8)(h, h))
    text = keras.Model(ids, layers.Dense(50)(h))
    for name, model, x in [
        ("image", image, floats(4, 28, 28, 1)),
        ("text", text, draw.integers(0, 50, (4, 12)).astype("int32")),
    ]:
        y = model(x)
        model.export(folder / "model.onnx", format="onnx", verbose=False)
        # Biases of 0 are left out, and batch normalization is folded in, as the help says.
        matrices = sum(v.name in MATRICES for v in model.trainable_variables)
        yield name, x, y, [], matrices, ["weight", "embedding", "recurrent"]


def jax(folder):
    import equinox
    import flax.linen
    import jax
    from flax import nnx
    from jax2onnx import to_onnx

    class Plain(nnx.Module):
        def __init__(self, rngs):
            self.a, self.b = nnx.Linear(784, 64, rngs=rngs), nnx.Linear(64, 10, rngs=rngs)
            self.norm = nnx.LayerNorm(64, rngs=rngs)

        def __call__(self, x):
            return self.b(nnx.gelu(self.norm(self.a(x))))

    class Image(nnx.Module):
        def __init__(self, rngs):
            self.a = nnx.Conv(1, 8, (3, 3), rngs=rngs)
            self.norm, self.drop = nnx.BatchNorm(8, rngs=rngs), nnx.Dropout(0.1, rngs=rngs)
            self.b = nnx.Linear(8 * 14 * 14, 10, rngs=rngs)

        def __call__(self, x):
            x = nnx.relu(self.norm(self.a(x)))
            x = nnx.max_pool(x, window_shape=(2, 2), strides=(2, 2))
            return self.b(self.drop(x.reshape(x.shape[0], -1)))

    class Linen(flax.linen.Module):
        @flax.linen.compact
        def __call__(self, x):
            return flax.linen.Dense(10)(flax.linen.relu(flax.linen.Dense(64)(x)))

    module, wide = Linen(), floats(4, 784)
    variables = module.init(jax.random.key(0), wide)
    image = Image(nnx.Rngs(0))
    image.eval()
    w = floats(784, 10)
    for name, model, x, parameters in [
        ("nnx", Plain(nnx.Rngs(0)), wide, 6),
        ("nnx image", image, floats(4, 28, 28, 1), 6),
        ("linen", lambda x: module.apply(variables, x), wide, 4),
        ("equinox", jax.vmap(equinox.nn.MLP(784, 10, 64, 2, key=jax.random.key(0))), wide, 6),
        ("function", lambda x: jax.nn.relu(x @ w), wide, 1),
    ]:
        to_onnx(model, [("B", *x.shape[1:])], return_mode="file",
                output_path=str(folder / "model.onnx"))
        yield name, x, model(x), [], parameters, None


def sklearn(folder):
    from skl2onnx import to_onnx
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    digits = load_digits()
    x, y = digits.data.astype("float32"), digits.target
    classifier = lambda: MLPClassifier((30, 20), max_iter=5)
    for name, model in [
        ("classifier", classifier().fit(x, y)),
        ("two classes", classifier().fit(x, y > 4)),
        ("regressor", MLPRegressor(hidden_layer_sizes=(30, 20), max_iter=5).fit(x, y)),
        ("pipeline", make_pipeline(StandardScaler(), classifier()).fit(x, y)),
    ]:
        open(folder / "model.onnx", "wb").write(
            to_onnx(model, x[:1], target_opset=20).SerializeToString())
        tells = hasattr(model, "predict_proba")
        wanted = model.predict_proba(x[:5]) if tells else model.predict(x[:5])[:, None]
        said = ["--output-name", "output_probability"] if tells else []
        yield name, x[:5], wanted, said, 6, None


def fanin(*arguments):
    ended = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    assert ended.returncode == 0, (arguments, ended.stderr)
    return ended.stdout


def mistake(folder, x, y, said, parameters, roles):
    """What is wrong, or how far fanin is from the framework."""
    numpy.savez(folder / "x.npz", input_0=x)
    fanin("run", folder / "model.onnx", "--data", folder / "x.npz", *said,
          "--output", folder / "out.npz", "--force")
    found, wanted = numpy.load(folder / "out.npz")["output/0"], numpy.asarray(y)
    apart = abs(found - wanted).max() / abs(wanted).max()
    if not apart < LIMIT:
        return f"{apart:.1e} apart"
    told = json.loads(fanin("model", folder / "model.onnx", "--json"))["parameters"]
    told = [one for one in told if roles is None or one["role"] in roles]
    if len(told) != parameters:
        return f"{len(told)} parameters for {parameters}: {[one['name'] for one in told]}"
    print(f"{apart:.1e} apart, {len(told)} parameters")
    return None


mistakes = 0
for framework in sys.argv[2:] or ["keras", "jax", "sklearn"]:
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, *case in globals()[framework](folder):
            print(framework, name, end=": ", flush=True)
            if wrong := mistake(folder, *case):
                mistakes += 1
                print("WRONG", wrong)
print(mistakes, "mistakes")
