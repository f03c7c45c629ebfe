"""Cells of Keras and Flax, initialized by pasted files and held against what they are to be."""

import os, runpy, sys
os.environ['KERAS_BACKEND'] = 'jax'
import jax, keras, numpy as np
from flax import nnx
steps = np.linspace(0, np.log(199), 24)
def run(file, *arguments):
    return runpy.run_path(file)['initialize'](*arguments)
def look(kind, gates, kernel, state, bias):
    assert abs(kernel.std() - 0.2) < 0.02, kind
    for u in np.split(state, len(gates), -1):
        assert np.allclose(u @ u.T, np.eye(24), atol=1e-5), kind
    for gate, own in zip(gates, np.split(bias, len(gates), -1)):
        told = {'f': steps, 'i': -steps, 'z': steps}.get(gate, 0 * steps)
        assert np.allclose(own, told, atol=1e-4), (kind, gate, own)
for kind, order, file in (('LSTM', 'ifco', 1), ('GRU', 'zrh', 3)):
    inputs = keras.Input((5, 16))
    cell = getattr(keras.layers, kind)(24)
    model = keras.Model(inputs, keras.layers.Dense(4, use_bias=False)(cell(inputs)))
    run(sys.argv[file], model, 7)
    kernel, state, bias = (np.array(v) for v in cell.trainable_variables)
    if kind == 'GRU':
        assert bias.shape == (2, 72) and not bias[1].any()
        bias = bias[0]
    look('keras ' + kind, order, kernel, state, bias)
from flax import linen, traverse_util
import jax.numpy as jnp
def apart(kind, order, file, params, wrapped):
    # A parameter for each gate, drawn over one that is nowhere 0.
    tree = traverse_util.flatten_dict(run(sys.argv[file], params, 7), sep='/')
    at = 'rnn/cell/' if wrapped else 'rnn/'
    side = lambda s, leaf: [np.array(tree.get(f'params/{at}{s}{g}/{leaf}', 0)) for g in order]
    look(kind, order, np.concatenate(side('i', 'kernel'), -1), np.concatenate(side('h', 'kernel'), -1),
         np.concatenate(side('h' if 'f' in order else 'i', 'bias'), -1))
    if 'z' in order:
        assert not np.array(tree[f'params/{at}hn/bias']).any(), kind
for kind, order, file in (('LSTMCell', 'ifgo', 2), ('OptimizedLSTMCell', 'ifgo', 2), ('GRUCell', 'rzn', 4)):
    for wrapped in (False, True):
        class Linen(linen.Module):
            def setup(self):
                cell = getattr(linen, kind)(24)
                self.rnn = linen.RNN(cell) if wrapped else cell
                self.head = linen.Dense(4, use_bias=False)
            def __call__(self, x):
                if wrapped:
                    return self.head(self.rnn(x))
                return self.head(self.rnn(self.rnn.initialize_carry(jax.random.key(0), x[:, 0].shape), x[:, 0])[1])
        params = Linen().init(jax.random.key(0), jnp.zeros((2, 5, 16)))
        params = jax.tree.map(lambda x: x + 1.0, params)
        apart('linen ' + kind, order, file, params, wrapped)
class Model(nnx.Module):
    def __init__(self, rngs):
        self.rnn = nnx.RNN(nnx.LSTMCell(16, 24, rngs=rngs))
        self.head = nnx.Linear(24, 4, use_bias=False, rngs=rngs)
model = Model(nnx.Rngs(0))
nnx.update(model, run(sys.argv[2], nnx.state(model, nnx.Param), 7))
cell = model.rnn.cell
gates = [getattr(cell, g) for g in ('ii', 'if_', 'ig', 'io')], [getattr(cell, 'h' + g) for g in 'ifgo']
look('nnx.LSTMCell', 'ifgo', *(np.concatenate([np.array(g.kernel[...]) for g in side], -1) for side in gates),
     np.concatenate([np.array(g.bias[...]) for g in gates[1]], -1))
for kind, order, file in (('OptimizedLSTMCell', 'ifgo', 2), ('GRUCell', 'rzn', 4)):
    class Model(nnx.Module):
        def __init__(self, rngs):
            self.rnn = getattr(nnx, kind)(16, 24, rngs=rngs)
            self.head = nnx.Linear(24, 4, use_bias=False, rngs=rngs)
    model = Model(nnx.Rngs(0))
    nnx.update(model, run(sys.argv[file], nnx.state(model, nnx.Param), 7))
    i, h = model.rnn.dense_i, model.rnn.dense_h
    bias = h.bias if kind.endswith('LSTMCell') else i.bias
    look(kind, order, *(np.array(v[...]) for v in (i.kernel, h.kernel, bias)))
