//! Whole models as each library starts them; golden bits are those of the libraries themselves.

use super::*;
use crate::init::fans::Axes;
use crate::init::{find as scheme, parameters};
use crate::spec::Model;

fn network(text: &str) -> Vec<Parameter> {
    let model: Model = text.parse().unwrap();
    parameters(&model).unwrap()
}

#[track_caller]
fn check_bits(library: &str, scheme: Option<&str>, text: &str, expected: &[(&str, &[u32])]) {
    let weights = find(library).unwrap().initialize(&network(text), scheme, 42).unwrap();
    for (name, bits) in expected {
        let tensor = weights.get(name).unwrap_or_else(|| panic!("no `{name}`"));
        let found: Vec<u32> = tensor.data()[..bits.len()].iter().map(|x| x.to_bits()).collect();
        assert_eq!(found, *bits, "{library} {name}: {found:x?}");
    }
}

/// `torch.manual_seed(42); Linear(3, 2)`.
#[test]
fn torch_starts_a_linear_layer_with_these_bits() {
    check_bits(
        "torch",
        None,
        "3 -> 2",
        &[
            ("0.weight", &[0x3ee2_0009, 0x3ef5_5a65, 0xbe0a_80e2, 0x3f07_c5b4]),
            ("0.bias", &[0xbe8f_ea7d, 0x3ead_9a4b]),
        ],
    );
}

/// `jax.nn.initializers.he_normal()(jax.random.split(key(42), 1)[0], (4, 3))` has the layout
/// (in, out).
#[test]
fn jax_keeps_weights_as_inputs_times_outputs() {
    let weights = find("jax").unwrap().initialize(&network("4 -> 3"), Some("he-normal"), 42);
    assert_eq!(weights.unwrap().get("0.weight").unwrap().shape().axes(), [4, 3]);
}

#[test]
fn every_library_starts_a_network_its_own_way() {
    for library in LIBRARIES {
        for scheme in [None, Some("xavier-uniform")] {
            let started = library.initialize(&network("6 -> 5 batch_norm relu -> 2"), scheme, 1);
            let has_layers = !["numpy", "jax", "tensorflow"].contains(&library.name());
            let takes_schemes = library.name() != "flax";
            if if scheme.is_some() { !takes_schemes } else { !has_layers } {
                assert!(started.is_err(), "{} {scheme:?}", library.name());
                continue;
            }
            let weights = started.unwrap();
            assert!(weights.elements() >= 6 * 5 + 5 + 4 * 5 + 5 * 2 + 2, "{}", library.name());
            let again = library.initialize(&network("6 -> 5 batch_norm relu -> 2"), scheme, 1);
            assert_eq!(again.unwrap(), weights, "{}", library.name());
        }
        assert!(!library.exact().is_empty() && !library.program().is_empty());
    }
}

#[test]
fn what_a_library_has_not_is_refused_by_name() {
    let network = network("6 -> 5");
    for (library, wish, part) in [
        ("numpy", "orthogonal", "NumPy"),
        ("torch", "sparse-martens:15", "other libraries do not have"),
        ("jax", "uniform:0.1", "jax.nn.initializers"),
        ("flax", "he-normal", "none"),
    ] {
        scheme(wish).unwrap_or_else(|error| panic!("{wish}: {error}"));
        let refused = find(library).unwrap().initialize(&network, Some(wish), 1).unwrap_err();
        assert!(refused.to_string().contains(part), "{library} {wish}: {refused}");
    }
    assert!(find("keras").unwrap_err().to_string().contains("keras:jax"));
    assert!(find("keras:jax").unwrap().initialize(&network, None, 1 << 32).is_err());
}

#[test]
fn convolutions_and_embeddings_are_layers_of_their_own() {
    let conv = Parameter::weight("0.weight", [8, 2, 3, 3], Axes::convolution(2)).unwrap();
    let table = Parameter::new("1.weight", [10, 4], crate::init::Role::Embedding);
    for (library, names) in [
        ("flax", ["params/Conv_0/kernel", "params/Embed_0/embedding"]),
        ("keras:jax", ["conv2d/kernel", "embedding/embeddings"]),
    ] {
        let network = [conv.clone(), table.clone()];
        let weights = find(library).unwrap().initialize(&network, None, 1).unwrap();
        assert_eq!(weights.get(names[0]).unwrap().shape().axes(), [3, 3, 2, 8], "{library}");
        assert_eq!(weights.get(names[1]).unwrap().shape().axes(), [10, 4], "{library}");
    }
}
