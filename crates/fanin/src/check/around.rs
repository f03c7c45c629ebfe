//! Layers without gradient that the data get around on their way to the loss.
//!
//! In a plain chain a layer without gradient stops all that stands before it. Where ways part, what goes
//! another way is learned all the same: of a recurrent network in both directions whose last step alone is
//! read, the direction that runs backward has seen one row there, and its later steps reach no output.

use std::collections::HashSet;

use fanin_engine::Wire;

use super::measurement::LayerMeasurement;
use crate::spec::Network;

/// Marks the layers outside residual branches that get no gradient and that the data get around: some layer
/// that is learned and tells rows apart has them from none of these.
///
/// No layer is marked while a matrix of zeros is about to leave 0, since those before it only wait.
pub(super) fn mark(network: &Network, layers: &mut [LayerMeasurement]) {
    let opens = |l: &LayerMeasurement| l.weight_norm == 0.0 && l.gradient_norm > 0.0;
    let is_still = |l: &LayerMeasurement| !l.in_branch() && l.gradient_norm == 0.0;
    if !layers.iter().any(is_still) || layers.iter().any(|l| !l.in_branch() && opens(l)) {
        return;
    }
    let still = network.layers.iter().zip(&*layers).filter(|(_, l)| is_still(l));
    let stops: HashSet<Wire> = still.map(|(wires, _)| wires.pre_activation).collect();
    let reached = reached(network, &stops);
    let learns = |l: &LayerMeasurement| l.gradient_norm > 0.0 && l.signal > 0.0;
    let mut both = network.layers.iter().zip(&*layers);
    if both.any(|(wires, l)| learns(l) && reached.contains(&wires.input)) {
        layers.iter_mut().filter(|l| is_still(l)).for_each(|l| l.is_passed_by = true);
    }
}

/// The wires that the features reach without passing one of `stops`.
fn reached(network: &Network, stops: &HashSet<Wire>) -> HashSet<Wire> {
    let graph = &network.graph;
    let mut reached = HashSet::from([graph.inputs()[Network::FEATURES]]);
    for node in graph.nodes() {
        if node.inputs.iter().any(|wire| reached.contains(wire)) {
            reached.extend(node.outputs.iter().filter(|wire| !stops.contains(wire)));
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::check::evidence::Horizon;
    use crate::check::{Diagnosis, Severity, Verdict};
    use crate::data::{LoadOptions, PrepareOptions, load, prepare};
    use crate::init::{Rules, for_model};
    use crate::spec::{Loss, Model, Spec};

    fn judged(file: &str) -> Diagnosis {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx").join(file);
        let mut spec = Spec { model: path.to_str().unwrap().parse().unwrap(), ..Spec::default() };
        "normal".clone_into(&mut spec.data.source);
        let model = crate::import::model(&path, &(&spec.reading).into()).unwrap();
        let data = crate::data::for_network(&spec, model.architecture()).unwrap().train;
        let weights = model.weights().unwrap();
        Diagnosis::new(&model, &Loss::CrossEntropy, weights, &data, Horizon::SAMPLE).unwrap()
    }

    #[test]
    fn steps_that_no_output_reads_do_not_hold_up_the_others() {
        let found = judged("rnn_last_step.onnx");
        let layers = &found.measurement.layers;
        let still = layers.iter().filter(|l| l.gradient_norm == 0.0).count();
        assert_eq!((still, layers.iter().filter(|l| l.is_passed_by).count()), (2, 2));
        assert_ne!(found.forecast, Verdict::Stuck, "{:?}", found.findings);
        let own = found.findings.iter().find(|f| f.code == "no-gradient").unwrap();
        assert_eq!(own.severity, Severity::Warn, "{}", own.why);
        assert!(own.why.contains("no output is computed from"), "{}", own.why);
        assert!(found.escape_steps.is_some());
    }

    #[test]
    fn what_a_dead_layer_of_a_chain_stops_is_not_passed_by() {
        let data =
            prepare(load("digits", &LoadOptions::default()).unwrap(), &PrepareOptions::default());
        let data = data.unwrap().train;
        let model: Model = "64 -> 3x32 relu -> 10".parse().unwrap();
        let mut weights = for_model(&model, &Rules::new("he-normal"), 0).unwrap();
        let dead = weights.tensors.iter_mut().find(|(name, _)| name == "2.bias").unwrap();
        dead.1.data_mut().fill(-1e3);
        let found = Diagnosis::new(&model, &Loss::CrossEntropy, &weights, &data, Horizon::SAMPLE);
        let found = found.unwrap();
        assert!(found.measurement.layers.iter().all(|l| !l.is_passed_by));
        assert_eq!(found.forecast, Verdict::Stuck);
    }
}
