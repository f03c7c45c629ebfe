"""Recurrent cells of a file from Keras, initialized by a pasted file: steps to ln 5, isometries, 0.3."""

import os, runpy, sys
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import keras, numpy as np
layers = keras.layers
model = keras.Sequential([
    keras.Input((6, 5)), layers.Bidirectional(layers.LSTM(4, return_sequences=True)), layers.LSTM(3),
    layers.Dense(2)])
both, behind, dense = model.layers
dense.bias.assign([7.0, 8.0])
runpy.run_path(sys.argv[1])['initialize'](model, 7)
kernels = []
for cell, units in ((both.forward_layer, 4), (both.backward_layer, 4), (behind, 3)):
    kernel, state, bias = (np.array(v) for v in cell.trainable_variables)
    kernels.append(kernel)
    for u in np.split(state, 4, -1):
        assert np.allclose(u @ u.T, np.eye(units), atol=1e-5), cell.name
    steps = np.linspace(0, np.log(5), units)
    for told, own in zip((-steps, steps, 0 * steps, 0 * steps), np.split(bias, 4, -1)):
        assert np.allclose(own, told, atol=1e-3), (cell.name, bias)
    assert abs(kernel.std() - 0.3) < 0.09 and abs(kernel.mean()) < 0.1, cell.name
assert not np.allclose(kernels[0], kernels[1])
kernel, bias = (np.array(v) for v in dense.trainable_variables)
assert np.all(kernel == 0.5) and np.all(bias == [7.0, 8.0])
model = keras.Sequential([
    keras.Input((6, 5)), layers.GRU(4, return_sequences=True), layers.SimpleRNN(3), layers.Dense(2)])
gru, plain, dense = model.layers
gru.cell.bias.assign(np.ones((2, 12)))
runpy.run_path(sys.argv[2])['initialize'](model, 7)
for cell, gates in ((gru, 3), (plain, 1)):
    kernel, state, bias = (np.array(v) for v in cell.trainable_variables)
    assert abs(kernel.std() - 0.3) < 0.15 and abs(kernel.mean()) < 0.2, cell.name
    for u in np.split(state, gates, -1):
        assert np.allclose(u @ u.T, np.eye(len(u)), atol=1e-5), cell.name
    assert np.all(bias == (gates == 3)), cell.name
assert np.all(np.array(dense.kernel) == 0.5)
