"""Deviations and bounds of the starting values that frameworks give their layers.

    python framework_defaults.py > framework_defaults.csv

Made with torch 2.15.0, keras 3.15.1 (TensorFlow 2.21), flax 0.12.8 and transformers 5.23.0. Every
row: framework, a name that `defaults/tests.rs` knows, number of elements, mean, deviation, largest
magnitude. Layers are large, so that a deviation is known to a percent or better.
"""

import os
import subprocess
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np

INPUTS, HIDDEN, OUT, VOCABULARY, WIDTH = 96, 64, 160, 300, 128


def row(framework, name, values):
    x = np.asarray(values, dtype=np.float64).ravel()
    print(f"{framework},{name},{x.size},{x.mean():.8f},{x.std():.8f},{np.abs(x).max():.8f}")


def torch_rows():
    import torch
    from torch import nn

    torch.manual_seed(0)
    of = lambda name, tensor: row("torch-default", name, tensor.detach().numpy())
    linear = nn.Linear(INPUTS, OUT)
    of("linear.weight", linear.weight)
    of("linear.bias", linear.bias)
    of("embedding.weight", nn.Embedding(VOCABULARY, WIDTH).weight)
    of("grouped.weight", nn.Conv2d(64, 96, 3, groups=4).weight)
    of("transposed.weight", nn.ConvTranspose2d(64, 96, 3, groups=4).weight)
    lstm = nn.LSTM(INPUTS, HIDDEN)
    for name in ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0"]:
        of(f"lstm.{name}", getattr(lstm, name))
    attention = nn.MultiheadAttention(WIDTH, 4)
    of("attention.in_proj_weight", attention.in_proj_weight)
    of("attention.out_proj.weight", attention.out_proj.weight)
    of("attention.in_proj_bias", attention.in_proj_bias)
    of("attention.out_proj.bias", attention.out_proj.bias)
    of("prelu.weight", nn.PReLU().weight)


def keras_rows():
    import keras

    keras.utils.set_random_seed(0)
    of = lambda name, values: row("keras-default", name, values)
    linear = keras.layers.Dense(OUT)
    linear.build((None, INPUTS))
    of("linear.weight", linear.kernel)
    of("linear.bias", linear.bias)
    embedding = keras.layers.Embedding(VOCABULARY, WIDTH)
    embedding.build((None,))
    of("embedding.weight", embedding.embeddings)
    grouped = keras.layers.Conv2D(96, 3, groups=4)
    grouped.build((None, 8, 8, 64))
    of("grouped.weight", grouped.kernel)
    lstm = keras.layers.LSTM(HIDDEN)
    lstm.build((None, 5, INPUTS))
    of("lstm.weight_ih_l0", lstm.cell.kernel)
    of("lstm.weight_hh_l0", lstm.cell.recurrent_kernel)
    of("lstm.bias_ih_l0", lstm.cell.bias)
    prelu = keras.layers.PReLU()
    prelu.build((None, 4))
    of("prelu.weight", prelu.alpha)


def flax_rows():
    import jax
    import jax.numpy as jnp
    from flax import linen as nn

    key = jax.random.key(0)
    of = lambda name, values: row("flax-default", name, values)
    linear = nn.Dense(OUT).init(key, jnp.zeros((1, INPUTS)))["params"]
    of("linear.weight", linear["kernel"])
    of("linear.bias", linear["bias"])
    table = nn.Embed(VOCABULARY, WIDTH).init(key, jnp.zeros((1,), int))["params"]
    of("embedding.weight", table["embedding"])
    grouped = nn.Conv(96, (3, 3), feature_group_count=4).init(key, jnp.zeros((1, 8, 8, 64)))
    of("grouped.weight", grouped["params"]["kernel"])
    cell = nn.OptimizedLSTMCell(HIDDEN)
    carry = cell.initialize_carry(key, (1, INPUTS))
    gates = cell.init(key, carry, jnp.zeros((1, INPUTS)))["params"]
    of("lstm.weight_ih_l0", np.stack([gates["i" + g]["kernel"] for g in "ifgo"]))
    of("lstm.weight_hh_l0", np.stack([gates["h" + g]["kernel"] for g in "ifgo"]))
    of("lstm.bias_ih_l0", np.stack([gates["h" + g]["bias"] for g in "ifgo"]))
    of("prelu.weight", nn.PReLU().init(key, jnp.zeros((1, 4)))["params"]["negative_slope"])


def transformers_rows():
    import torch
    from torch import nn
    from transformers import BertConfig, GPT2Config, GPT2Model, PreTrainedModel

    torch.manual_seed(0)
    of = lambda name, tensor: row("transformers-default", name, tensor.detach().numpy())

    class Layers(PreTrainedModel):
        config_class = BertConfig

        def __init__(self, config):
            super().__init__(config)
            self.linear = nn.Linear(INPUTS, OUT)
            self.embedding = nn.Embedding(VOCABULARY, WIDTH)
            self.grouped = nn.Conv2d(64, 96, 3, groups=4)
            self.lstm = nn.LSTM(INPUTS, HIDDEN)
            self.attention = nn.MultiheadAttention(WIDTH, 4)
            self.post_init()

    model = Layers(BertConfig())
    of("linear.weight", model.linear.weight)
    of("linear.bias", model.linear.bias)
    of("embedding.weight", model.embedding.weight)
    of("grouped.weight", model.grouped.weight)
    of("lstm.weight_ih_l0", model.lstm.weight_ih_l0)
    of("lstm.weight_hh_l0", model.lstm.weight_hh_l0)
    of("lstm.bias_ih_l0", model.lstm.bias_ih_l0)
    of("attention.in_proj_weight", model.attention.in_proj_weight)
    of("attention.in_proj_bias", model.attention.in_proj_bias)

    config = GPT2Config(n_layer=6, n_embd=WIDTH, n_head=4, vocab_size=VOCABULARY, n_positions=64)
    gpt2 = GPT2Model(config)
    for name in ["attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight"]:
        row("gpt2", name, gpt2.get_parameter(f"h.3.{name}").detach().numpy())
    row("gpt2", "wte.weight", gpt2.wte.weight.detach().numpy())
    row("gpt2", "wpe.weight", gpt2.wpe.weight.detach().numpy())


# TensorFlow and torch do not live in one process everywhere, so each library gets its own.
ROWS = {"torch": torch_rows, "keras": keras_rows, "flax": flax_rows, "transformers": transformers_rows}

if len(sys.argv) > 1:
    ROWS[sys.argv[1]]()
else:
    print("framework,name,elements,mean,deviation,largest", flush=True)
    for library in ROWS:
        subprocess.run([sys.executable, __file__, library], check=True)
