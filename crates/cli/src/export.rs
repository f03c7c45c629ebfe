//! `fanin help export`.

use clap::{Args, CommandFactory};

use crate::output::{self, Exit};

/// How to export a model from PyTorch, Keras, JAX or scikit-learn
#[derive(Debug, Args)]
#[command(after_help = "\
PyTorch
  torch.onnx.export(model, (x,), \"model.onnx\", dynamo=True, optimize=False)

  optimize=False keeps every parameter with its name, shape and ties. Without it the exporter merges
  equal tensors (all zeros, all ones) of a fresh model into one, folds batch normalization into
  convolutions under their old names, and splits tied weights. To keep batch normalization in
  training mode:
  torch.onnx.export(model, (x,), \"model.onnx\", dynamo=False, do_constant_folding=False,
                    training=torch.onnx.TrainingMode.TRAINING)

Keras
  model(x)
  model.export(\"model.onnx\", format=\"onnx\")

  A model that was never called is not exported. Biases that are all zero, as those of a fresh
  model, are left out, and batch normalization is folded into the layer beside it. GELU may become
  the operator Erfc, which ONNX does not have and other programs refuse: for them use
  keras.activations.gelu(x, approximate=True).

JAX, Flax, Equinox
  from jax2onnx import to_onnx
  to_onnx(model, [(\"B\", 784)], return_mode=\"file\", output_path=\"model.onnx\")

  The model is a function of a batch: an nnx module after model.eval(), for Flax's linen
  lambda x: module.apply(variables, x), for Equinox jax.vmap(model). Pools take their settings by
  name (window_shape=..., strides=...). Names of parameters are lost.

scikit-learn
  from skl2onnx import to_onnx
  open(\"model.onnx\", \"wb\").write(to_onnx(model, x[:1], target_opset=20).SerializeToString())

  Of a classifier fanin takes the scores before the softmax, not the labels, which no gradient
  reaches; fanin run wants --output-name output_probability. One of two classes ends in a sigmoid:
  --output-name add_result1 (one hidden layer; add_result2 for two) takes the score before it.

What came of it: fanin model model.onnx")]
pub struct Export {}

impl Export {
    /// Tells it.
    pub fn run() -> Exit {
        let mut command = crate::Cli::command();
        let export = command.find_subcommand_mut("export");
        output::text(&export.map_or_else(String::new, |export| export.render_help().to_string()));
        Exit::Done
    }
}
