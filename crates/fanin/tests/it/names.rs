//! All rooms that walk the layers of a network agree on its parameters.

use fanin::check::symmetry::effective_units;
use fanin::init::{Rules, for_model};
use fanin::spec::{Loss, Mode, Model, Network, Parameter, Role};
use fanin::weights::Weights;
use fanin_engine::Tensor;

/// Every kind of layer, branches within branches, and layers with and without a bias.
const MODELS: &[&str] = &[
    "5 -> 3",
    "5 -> 4 batch_norm relu dropout:0.1 -> 4 no_bias prelu -> 3",
    "5 -> 4 layer_norm -> (6 layer_norm tanh -> (6 batch_norm prelu -> dropout:0.2 -> 6) residual \
     -> 4 batch_norm) residual -> 4 prelu -> 3",
    "4 -> prelu -> batch_norm -> 6 -> (7 relu -> 6) residual -> (6 no_bias) residual -> 3",
];

fn models() -> impl Iterator<Item = (Model, Vec<Parameter>)> {
    MODELS.iter().map(|text| {
        let model: Model = text.parse().unwrap();
        let parameters = model.parameters().unwrap();
        (model, parameters)
    })
}

#[test]
fn a_graph_has_the_parameters_of_its_model() {
    for (model, parameters) in models() {
        for mode in [Mode::Train, Mode::Probe, Mode::Evaluate] {
            let network = Network::new(&model, &Loss::SquaredError, 2, mode).unwrap();
            let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
            assert_eq!(network.names, names);
            for (parameter, &wire) in parameters.iter().zip(network.graph.parameters()) {
                assert_eq!(network.graph.shape(wire), &parameter.shape, "{}", parameter.name);
            }
            let trained: Vec<usize> =
                (0..parameters.len()).filter(|&i| parameters[i].role.is_trained()).collect();
            assert_eq!(network.trained, trained, "{names:?}");
            for statistic in &network.running {
                let role = parameters[statistic.parameter].role;
                assert!(!role.is_trained(), "{role:?} is no running statistic");
            }
            let linear: Vec<String> =
                network.layers.iter().map(|l| names[l.weight].into()).collect();
            let weights = parameters.iter().filter(|p| p.role == Role::Weight);
            assert!(weights.map(|p| &p.name).eq(&linear), "{linear:?}");
        }
    }
}

#[test]
fn starting_weights_have_the_parameters_of_their_model() {
    for (model, parameters) in models() {
        let weights = for_model(&model, &Rules::new("he-normal"), 0).unwrap();
        let named = weights.tensors.iter().map(|(name, tensor)| (name, tensor.shape()));
        assert!(named.eq(parameters.iter().map(|p| (&p.name, &p.shape))), "{parameters:?}");
    }
}

#[test]
fn classes_of_units_depend_on_every_parameter_of_hidden_units() {
    for (model, parameters) in models() {
        let constant = |p: &Parameter| (p.name.clone(), Tensor::filled(p.shape.clone(), 0.5));
        let equal = Weights { tensors: parameters.iter().map(constant).collect() };
        let is_split = |weights: &Weights| {
            effective_units(&model, weights).iter().any(|units| units.effective_width() > 1)
        };
        assert!(!is_split(&equal), "{model:?}");
        let of_units = |p: &Parameter| {
            let is_hidden = p.place.layer.is_some() && !p.place.is_head;
            is_hidden && p.role.is_trained() && p.role != Role::Slope
        };
        for (i, parameter) in parameters.iter().enumerate().filter(|(_, p)| of_units(p)) {
            let mut changed = equal.clone();
            changed.tensors[i].1.data_mut()[0] = 2.0;
            assert!(is_split(&changed), "{} is not looked at", parameter.name);
        }
    }
}
