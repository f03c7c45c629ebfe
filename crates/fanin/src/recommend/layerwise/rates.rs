//! Layers balanced against each other: the weights of all change at the same relative rate.
//!
//! Krähenbühl et al. 2016, algorithm 2. Key: C of a layer is √(Σ E(∂ℓ/∂W)²)/‖W‖ for the random
//! linear loss ℓ = ηᵀ·output, η ~ N(0, 1). Layers scaled by factors s whose product is 1 compute
//! the same together where what lies between is homogeneous; the gradient of each falls by its s
//! and its norm grows by s, so that its C falls by s². A bias is scaled by all s up to its layer.

use fanin_engine::{Type, Wire, pullback};
use fanin_kernels::random::{Stream, fill_normal};
use fanin_kernels::reduce;

use super::per_unit::note;
use super::{is_normalized, repeats};
use crate::error::Result;
use crate::recommend::draft::Draft;
use crate::recommend::observer::{Observer, Watch};
use crate::spec::LayerWires;

/// Exponent on the correction of one round, so that rounds settle: the paper's α.
const DAMPING: f64 = 0.25;

/// Rounds at most, as published.
const MOST_ROUNDS: usize = 10;

/// |ln(C of a layer over the mean)| at which layers count as balanced.
const TOLERANCE: f64 = 0.1;

/// Balances the layers of `observer` and says in `draft` which could not be.
///
/// # Errors
/// If an operator has no derivative.
pub(in crate::recommend) fn balance_rates(
    observer: &mut Observer,
    draft: &mut Draft,
    seed: u64,
) -> Result<()> {
    let layers = observer.network.layers.clone();
    let again = repeats(&layers);
    let links = links(observer, &layers, &again)?;
    if !links.contains(&true) {
        draft.unmet.push(
            "no two layers could be balanced: what lies between them does not pass a scale through"
                .to_owned(),
        );
        return Ok(());
    }
    let mut rates = Rates::new(observer, &layers, seed)?;
    let mut worst = f64::INFINITY;
    for _ in 0..MOST_ROUNDS {
        let logs = rates.logs(observer, &layers);
        worst = 0.0;
        for chain in chains(&links) {
            let finite = chain.clone().all(|layer| logs[layer].is_finite());
            if !finite {
                draft.unmet.push(format!(
                    "`{}` and the layers behind it get no gradient to balance",
                    layers[chain.start].module
                ));
                continue;
            }
            let mean = chain.clone().map(|layer| logs[layer]).sum::<f64>() / chain.len() as f64;
            let mut all = 1.0;
            for layer in chain {
                worst = f64::max(worst, (logs[layer] - mean).abs());
                let s = (0.5 * DAMPING * (logs[layer] - mean)).exp();
                all *= s;
                scale(&mut observer.parameters[layers[layer].weight], s);
                if let Some(bias) = layers[layer].bias {
                    scale(&mut observer.parameters[bias], all);
                }
            }
        }
        if worst < TOLERANCE {
            break;
        }
    }
    draft.unmet.dedup();
    if worst >= TOLERANCE {
        draft.unmet.push(format!(
            "after {MOST_ROUNDS} rounds the rates of layers still differ by {:.1}",
            worst.exp()
        ));
    }
    let apart: Vec<String> = (0..layers.len())
        .filter(|&l| !again[l] && !links[l] && (l == 0 || !links[l - 1]))
        .map(|l| format!("`{}`", layers[l].module))
        .collect();
    if !apart.is_empty() {
        let names = apart.join(", ");
        draft.unmet.push(format!(
            "{names}: balanced with no other layer, for that would change \
                                  what the network computes"
        ));
    }
    for layer in chains(&links).into_iter().flatten() {
        let reason = "units to variance 1, then all layers to one rate of change";
        note(observer, draft, &layers[layer], reason);
    }
    Ok(())
}

/// Runs of layers that are linked one to the next.
fn chains(links: &[bool]) -> Vec<std::ops::Range<usize>> {
    let mut chains = Vec::new();
    let mut start = 0;
    for (layer, &linked) in links.iter().enumerate() {
        if !linked {
            if layer > start {
                chains.push(start..layer + 1);
            }
            start = layer + 1;
        }
    }
    chains
}

/// For every layer whether a scale of it can be undone in the next one: told by trying.
fn links(observer: &mut Observer, layers: &[LayerWires], again: &[bool]) -> Result<Vec<bool>> {
    let mut watch = observer.watch(&[observer.network.output])?;
    observer.run(&mut watch);
    let before = watch.read(0).to_vec();
    let mut links = vec![false; layers.len()];
    for index in 1..layers.len() {
        let (layer, next) = (&layers[index - 1], &layers[index]);
        let shares = |l: &LayerWires| layers.iter().filter(|o| o.weight == l.weight).count() > 1;
        if again[index] || shares(layer) || shares(next) || is_normalized(layer) {
            continue;
        }
        links[index - 1] = keeps_output(observer, &mut watch, (layer, next), &before);
    }
    Ok(links)
}

/// Whether the network computes the same with `layer` doubled and `next` halved.
fn keeps_output(
    observer: &mut Observer,
    watch: &mut Watch,
    (layer, next): (&LayerWires, &LayerWires),
    before: &[f32],
) -> bool {
    /// More than rounding of f32 makes, less than a curved activation does.
    const SAME: f64 = 1e-5;
    let positions = [Some(layer.weight), layer.bias, Some(next.weight)];
    let kept: Vec<(usize, Vec<f32>)> =
        positions.into_iter().flatten().map(|p| (p, observer.parameters[p].clone())).collect();
    for (position, factor) in
        [(Some(layer.weight), 2.0), (layer.bias, 2.0), (Some(next.weight), 0.5)]
    {
        if let Some(position) = position {
            scale(&mut observer.parameters[position], factor);
        }
    }
    observer.run(watch);
    let difference: f64 =
        before.iter().zip(watch.read(0)).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    for (position, values) in kept {
        observer.parameters[position] = values;
    }
    let size = reduce::sum_of_squares(before);
    size > 0.0 && difference <= SAME * SAME * size
}

fn scale(values: &mut [f32], factor: f64) {
    values.iter_mut().for_each(|x| *x = (f64::from(*x) * factor) as f32);
}

/// A plan of the gradients of a random linear loss.
pub(super) struct Rates(Watch);

impl Rates {
    pub fn new(observer: &mut Observer, layers: &[LayerWires], seed: u64) -> Result<Self> {
        let output = observer.network.output;
        let graph = &mut observer.network.graph;
        let input = graph.inputs().len();
        let weights: Vec<Wire> = layers.iter().map(|l| graph.parameters()[l.weight]).collect();
        let eta = graph.input("eta", Type::float(graph.shape(output).clone()));
        let gradients = pullback(graph, &[(output, eta)], &weights)?;
        let mut watch = observer.watch(&gradients)?;
        fill_normal(Stream::new(seed, "balanced"), 0, 0.0, 1.0, watch.feed(input));
        Ok(Self(watch))
    }

    /// ln C of every layer.
    pub fn logs(&mut self, observer: &Observer, layers: &[LayerWires]) -> Vec<f64> {
        observer.run(&mut self.0);
        let rate = |(index, layer): (usize, &LayerWires)| {
            let weight = reduce::sum_of_squares(&observer.parameters[layer.weight]);
            0.5 * (reduce::sum_of_squares(self.0.read(index)) / weight).ln()
        };
        layers.iter().enumerate().map(rate).collect()
    }
}
