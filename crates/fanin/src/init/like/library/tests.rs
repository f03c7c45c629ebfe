//! Whole models as each library starts them; golden bits are those of the libraries themselves.

use super::*;
use crate::init::fans::Axes;
use crate::init::like::flax::{Layer, linen};
use crate::init::like::jax::Key;
use crate::init::manifest::{Entry, Manifest, Settings};
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
        ("jax", "sparse-torch:0.5", "jax.nn.initializers"),
        ("keras:jax", "identity", "keras.initializers"),
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

fn listed(weights: &Weights) -> Vec<Parameter> {
    let entry =
        |(name, tensor): &(String, fanin_engine::Tensor)| Entry::new(name, tensor.shape().axes());
    let entries = weights.tensors.iter().map(entry).collect();
    Manifest::new(Settings::default(), entries).unwrap().parameters().unwrap().parameters
}

/// `flax::linen` has golden bits of its own; a list of names and shapes must lead to the same.
#[test]
fn trees_of_flax_are_drawn_by_their_paths_in_any_order() {
    let (inputs, outputs, bias) = (6, 8, true);
    let attention = Layer::Attention { heads: 2, inputs, features: 8, outputs, bias };
    let (kernel, groups) = (vec![3, 3], 2);
    let convolution = Layer::Conv { kernel: kernel.clone(), inputs, outputs, groups, bias };
    let layers = [
        ("encoder/Dense_3", Layer::Dense { inputs, outputs, bias }),
        ("MultiHeadDotProductAttention_0", attention),
        ("LSTMCell_0", Layer::LstmCell { inputs, features: 4 }),
        ("Conv_0", convolution),
        ("ConvTranspose_0", Layer::ConvTranspose { kernel, inputs, outputs, bias }),
        ("Embed_0", Layer::Embed { embeddings: 7, features: 3 }),
        ("LayerNorm_0", Layer::LayerNorm { features: 8 }),
        ("BatchNorm_0", Layer::BatchNorm { features: 8 }),
    ];
    let expected = linen(Key::new(42), &layers).unwrap();
    let mut parameters = listed(&expected);
    parameters.reverse();
    let found = find("flax").unwrap().initialize(&parameters, None, 42).unwrap();
    for (name, tensor) in &expected.tensors {
        assert_eq!(found.get(name), Some(tensor), "{name}");
    }
    assert_eq!(found.tensors.len(), expected.tensors.len());
    let unknown = Parameter::linear("Dense_0/weights", 2, 3);
    let kernel = Parameter::linear("Dense_0/kernel", 2, 3);
    let refused = find("flax").unwrap().initialize(&[kernel, unknown], None, 1).unwrap_err();
    assert!(refused.to_string().contains("no layer of Flax makes"), "{refused}");
}

/// `keras::model` has golden bits of its own; a list of names and shapes must lead to the same.
#[test]
fn models_of_keras_are_known_by_the_names_of_their_variables() {
    use crate::init::like::keras::{Backend, Kind, Layer, Order, model};
    let (inputs, units, bias, kernel) = (6, 4, true, || vec![3, 3]);
    let plain = [
        Layer::new("fc1", Kind::Dense { inputs, units, bias }),
        Layer::new("conv2d", Kind::Conv { kernel: kernel(), inputs, filters: 8, groups: 1, bias }),
        Layer::new(
            "conv2d_transpose",
            Kind::ConvTranspose { kernel: kernel(), inputs, filters: 5, bias },
        ),
        Layer::new(
            "depthwise_conv2d",
            Kind::DepthwiseConv { kernel: kernel(), inputs, multiplier: 2, bias },
        ),
        Layer::new(
            "separable_conv2d",
            Kind::SeparableConv { kernel: kernel(), inputs, filters: 5, multiplier: 2, bias },
        ),
        Layer::new("embedding", Kind::Embedding { inputs: 7, outputs: 3 }),
        Layer::new("lstm", Kind::Lstm { inputs, units }),
        Layer::new("gru", Kind::Gru { inputs, units }),
        Layer::new("simple_rnn", Kind::SimpleRnn { inputs, units }),
        Layer::new("batch_normalization", Kind::BatchNormalization { features: 8 }),
        Layer::new("layer_normalization", Kind::LayerNormalization { features: 8 }),
    ];
    let attention = Kind::MultiHeadAttention { inputs, heads: 2, head: 3, bias };
    let attending = [Layer::new("multi_head_attention", attention), plain[0].clone()];
    for (layers, order) in
        [(&plain[..], Order::ConstructFirst), (&attending[..], Order::BuildAtOnce)]
    {
        for (library, backend) in [
            ("keras:tensorflow", Backend::TensorFlow),
            ("keras:jax", Backend::Jax),
            ("keras:torch", Backend::Torch),
            ("keras:numpy", Backend::Numpy),
        ] {
            let expected = model(backend, 42, order, layers).unwrap();
            let found = find(library).unwrap().initialize(&listed(&expected), None, 42).unwrap();
            assert_eq!(found, expected, "{library}");
        }
    }
    let alone = Parameter::linear("lstm/lstm_cell/kernel", 4, 3);
    let refused = find("keras:jax").unwrap().initialize(&[alone], None, 1).unwrap_err();
    assert!(refused.to_string().contains("not known here"), "{refused}");
}

/// `torch.manual_seed(42); w = Linear(5, 4, bias=False).weight; torch.nn.init.sparse_(w, 0.5)`.
#[test]
fn torch_draws_sparse_weights_with_these_bits() {
    let expected = [0, 0, 0, 0, 0x39b7_0a8e, 0x3b52_7025, 0x3c80_e8c9, 0xbc0a_8579, 0, 0x3be1_2b20];
    let weight = Parameter::linear("0.weight", 4, 5);
    let torch = find("torch").unwrap();
    let weights =
        torch.initialize(std::slice::from_ref(&weight), Some("sparse-torch:0.5"), 42).unwrap();
    let found: Vec<u32> = weights.tensors[0].1.data()[..10].iter().map(|x| x.to_bits()).collect();
    assert_eq!(found, expected, "{found:x?}");
    let identity = torch.initialize(&[weight], Some("identity"), 42).unwrap();
    assert_eq!(identity.tensors[0].1.data()[..7], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

/// `jax-he-normal` is JAX's own function of the name, as `he-normal` is when JAX is asked.
#[test]
fn truncated_names_of_jax_and_keras_are_their_own_functions() {
    let network = network("6 -> 5");
    for library in ["jax", "keras:tensorflow"] {
        let library = find(library).unwrap();
        let of = |scheme: &str| library.initialize(&network, Some(scheme), 7).unwrap();
        assert_eq!(of("jax-he-normal"), of("he-normal"), "{}", library.name());
        assert_eq!(of("jax-glorot-normal"), of("xavier-normal"), "{}", library.name());
    }
    let torch = find("torch").unwrap();
    let of = |scheme: &str| torch.initialize(&network, Some(scheme), 7).unwrap();
    assert_ne!(of("jax-he-normal"), of("he-normal"), "PyTorch does not cut");
}

#[test]
fn transposed_convolutions_are_not_taken_for_others() {
    let weight = Parameter::weight("0.weight", [6, 8, 3, 3], Axes::transposed_convolution(1));
    let weight = weight.unwrap();
    for (library, name, shape) in [
        ("flax", "params/ConvTranspose_0/kernel", [3, 3, 6, 8]),
        ("keras:jax", "conv2d_transpose/kernel", [3, 3, 8, 6]),
    ] {
        let weights =
            find(library).unwrap().initialize(std::slice::from_ref(&weight), None, 1).unwrap();
        assert_eq!(weights.get(name).unwrap().shape().axes(), shape, "{library}");
    }
    let grouped = Parameter::weight("0.weight", [6, 8, 3, 3], Axes::transposed_convolution(2));
    assert!(find("flax").unwrap().initialize(&[grouped.unwrap()], None, 1).is_err());
}
