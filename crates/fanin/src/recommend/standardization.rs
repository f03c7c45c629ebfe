//! Standardization of features folded into the layers that read them.
//!
//! Key: μ and σ center and scale of a feature; W·(x − μ)/σ + b = (W/σ)·x + (b − W·μ/σ).

use fanin_kernels::random::{Stream, fill_normal};

use crate::data::Fitted;
use crate::error::{Error, Result};
use crate::spec::{Loss, Mode, Model, Network};
use crate::weights::Weights;

/// Weights with which the network computes on raw features what `weights` do on those that
/// `fitted` has scaled.
///
/// # Errors
/// If what reads the features is no fully connected layer with a bias, or if a path goes round it.
pub fn fold_standardization(
    model: &Model,
    loss: &Loss,
    weights: &Weights,
    fitted: &Fitted,
) -> Result<Weights> {
    const ROWS: usize = 8;
    let refused = |found: &str| Error::Setting {
        place: "folding of the standardization".to_owned(),
        found: found.to_owned(),
        expected: "features that enter fully connected layers with biases and nothing else; \
                   standardize the data instead"
            .to_owned(),
    };
    let columns = model.inputs();
    if fitted.center.len() != columns {
        return Err(refused(&format!("{} columns for {columns} features", fitted.center.len())));
    }
    let network = Network::new(model, loss, ROWS, Mode::Probe)?;
    let features = network.graph.inputs()[Network::FEATURES];
    let before = network.arrange(weights)?;
    let mut after = before.clone();
    let readers = network.layers.iter().filter(|layer| layer.input == features);
    for layer in readers {
        let bias = layer.bias.ok_or_else(|| refused("a layer without a bias"))?;
        let (w, b) = (&before[layer.weight], &before[bias]);
        let units = b.len();
        let ([input], [output]) = (&layer.weight_axes.input[..], &layer.weight_axes.output[..])
        else {
            return Err(refused("a weight that is no matrix"));
        };
        if w.len() != units * columns || input + output != 1 {
            return Err(refused("a weight that is no matrix of all features"));
        }
        for unit in 0..units {
            let mut shift = 0.0;
            for column in 0..columns {
                let index =
                    if *output == 0 { unit * columns + column } else { column * units + unit };
                let scaled = f64::from(w[index]) / fitted.scale[column];
                shift += scaled * fitted.center[column];
                after[layer.weight][index] = scaled as f32;
            }
            after[bias][unit] = (f64::from(b[unit]) - shift) as f32;
        }
    }
    let mut scaled = vec![0.0; ROWS * columns];
    fill_normal(Stream::new(0, "folding"), 0, 0.0, 1.0, &mut scaled);
    let places = (0..columns).cycle();
    let raw: Vec<f32> = scaled
        .iter()
        .zip(places)
        .map(|(&x, c)| (f64::from(x) * fitted.scale[c] + fitted.center[c]) as f32)
        .collect();
    let plan = fanin_engine::Plan::new(&network.graph, &[network.output])?;
    let output = |parameters: &[Vec<f32>], features: &[f32]| {
        let mut workspace = plan.workspace::<f32>();
        workspace.feed(Network::FEATURES).copy_from_slice(features);
        plan.run(parameters, &mut workspace);
        workspace.read(0).to_vec()
    };
    let (wanted, found) = (output(&before, &scaled), output(&after, &raw));
    if !agree(&wanted, &found) {
        return Err(refused("features that also go another way"));
    }
    let mut folded = weights.clone();
    for (name, values) in network.names.iter().zip(after) {
        if let Some((_, tensor)) = folded.tensors.iter_mut().find(|(own, _)| own == name) {
            tensor.data_mut().copy_from_slice(&values);
        }
    }
    Ok(folded)
}

/// Whether outputs differ by no more than f32 loses where large means cancel.
fn agree(wanted: &[f32], found: &[f32]) -> bool {
    const SAME: f64 = 1e-3;
    let difference: f64 =
        wanted.iter().zip(found).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
    let size = fanin_kernels::reduce::sum_of_squares(wanted).sqrt();
    difference <= SAME * size.max(1e-6) || !size.is_finite()
}
