"""Makes keras_cells.onnx: an LSTM of Keras that reads both ways, one behind it, and a dense layer; and
keras_loops.onnx: a GRU, a plain cell and a dense layer, of which the exporter writes cells as loops.

Keras 3.15.1, tf2onnx 1.17.
"""

import keras, onnx, tensorflow as tf, tf2onnx

layers = keras.layers


def save(name, cells):
    keras.utils.set_random_seed(1)
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input((6, 5)), *cells, layers.Dense(2)])
    signature = [tf.TensorSpec((None, 6, 5), tf.float32, name="x")]
    call = tf.function(lambda x: model(x))
    file, _ = tf2onnx.convert.from_function(call, input_signature=signature, opset=17)
    for node in file.graph.node:
        node.ClearField("doc_string")
    onnx.save(file, name)


both = layers.Bidirectional(layers.LSTM(4, return_sequences=True))
save("keras_cells.onnx", [both, layers.LSTM(3)])
save("keras_loops.onnx", [layers.GRU(4, return_sequences=True), layers.SimpleRNN(3)])
