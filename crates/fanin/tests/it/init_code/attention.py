"""Attention of four frameworks, initialized by pasted files and held against what it is to be."""

import os, runpy, sys
os.environ['KERAS_BACKEND'] = 'jax'
import jax, jax.numpy as jnp, keras, numpy as np, torch
from flax import linen, nnx
def run(file, *arguments):
    return runpy.run_path(file)['initialize'](*arguments)
def look(kind, first, second, qkv, outputs, biases):
    for part, own, expected in zip('qkv', first, (0.1, 0.1, 0.3)):
        assert own.shape == (24, 24) and abs(own.std() / expected - 1) < 0.15, (kind, part, own.std())
    for own in (*second, *qkv):
        assert np.allclose(own @ own.T, 0.25 * np.eye(24), atol=1e-5), kind
    for own in outputs:
        assert np.allclose(own @ own.T, np.eye(24), atol=1e-5), kind
    assert len(biases) == 8 and not any(b.any() for b in biases), kind
class Torch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = (torch.nn.MultiheadAttention(24, 4) for _ in range(2))
        self.qkv, self.head = torch.nn.Linear(24, 72, bias=False), torch.nn.Linear(24, 4, bias=False)
model = Torch()
for own in (model.first, model.second):
    torch.nn.init.ones_(own.in_proj_bias), torch.nn.init.ones_(own.out_proj.bias)
run(sys.argv[1], model, 7)
flat = lambda t: t.detach().numpy()
both = (model.first, model.second)
three = lambda t: [flat(w) for w in t.chunk(3)]
look('torch', three(both[0].in_proj_weight), three(both[1].in_proj_weight), three(model.qkv.weight),
     [flat(m.out_proj.weight) for m in both],
     [b for m in both for b in (*three(m.in_proj_bias), flat(m.out_proj.bias))])
x = keras.Input((5, 24))
first, second = (keras.layers.MultiHeadAttention(4, 6) for _ in range(2))
qkv = keras.layers.Dense(72, use_bias=False)
y = qkv(second(first(x, x), first(x, x)))
model = keras.Model(x, keras.layers.Dense(4, use_bias=False)(y[..., :24]))
for variable in model.trainable_variables:
    variable.assign(variable + 1.0)
run(sys.argv[2], model, 7)
names = lambda m, leaf: [np.array(v).reshape(24, -1) for v in m.trainable_variables if leaf in v.path]
vectors = lambda m: [np.array(v) for v in m.trainable_variables if 'bias' in v.path]
one, two = names(first, 'kernel'), names(second, 'kernel')
look('keras', one[:3], two[:3], np.split(np.array(qkv.kernel), 3, -1),
     [np.array(m.trainable_variables[-2]).reshape(-1, 24) for m in (first, second)],
     vectors(first) + vectors(second))
class Linen(linen.Module):
    def setup(self):
        self.first, self.second = (linen.MultiHeadDotProductAttention(4) for _ in range(2))
        self.qkv, self.head = linen.Dense(72, use_bias=False), linen.Dense(4, use_bias=False)
    def __call__(self, x):
        return self.head(self.qkv(self.second(self.first(x, x), x))[..., :24])
class Nnx(nnx.Module):
    def __init__(self, rngs):
        self.first, self.second = (nnx.MultiHeadAttention(4, 24, decode=False, rngs=rngs) for _ in range(2))
        self.qkv = nnx.Linear(24, 72, use_bias=False, rngs=rngs)
        self.head = nnx.Linear(24, 4, use_bias=False, rngs=rngs)
params = Linen().init(jax.random.key(0), jnp.zeros((1, 5, 24)))['params']
params = jax.tree.map(lambda v: v + 1.0, params)
linen_tree = jax.tree.map(np.array, run(sys.argv[3], params, 7))
model = Nnx(nnx.Rngs(0))
state = nnx.state(model, nnx.Param)
nnx_tree = jax.tree.map(np.array, nnx.to_pure_dict(run(sys.argv[3], state, 7)))
for kind, tree in (('linen', linen_tree), ('nnx', nnx_tree)):
    parts = lambda m: [tree[m][p]['kernel'].reshape(24, -1) for p in ('query', 'key', 'value')]
    look(kind, parts('first'), parts('second'), np.split(tree['qkv']['kernel'], 3, -1),
         [tree[m]['out']['kernel'].reshape(-1, 24) for m in ('first', 'second')],
         [tree[m][p]['bias'] for m in ('first', 'second') for p in ('query', 'key', 'value', 'out')])
