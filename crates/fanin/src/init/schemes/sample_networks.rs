//! Lists of parameters as real networks have them, on which schemes show what they do.
//!
//! Key: w width between blocks.

use crate::init::fans::Axes;
use crate::init::{Component, Packing, Parameter, Place, Position, Stack};
use crate::spec::Role;

/// Fewest elements of a sample: enough for statistics and for slices.
const LARGE: usize = 2048;
/// Rows of the embeddings.
const VOCABULARY: usize = 100;

/// A decoder like GPT-2's: embeddings, blocks with query, key and value packed, and a head.
pub fn gpt2(blocks: usize, w: usize) -> Vec<Parameter> {
    let stack = Place {
        decoder_blocks: blocks,
        residual_sums: 2 * blocks,
        width: Some(w),
        ..Place::default()
    };
    let mut network = vec![
        embedding("wte.weight", VOCABULARY, w, &stack),
        embedding("wpe.weight", VOCABULARY, w, &stack),
    ];
    for block in 0..blocks {
        let place =
            Place { block: Some(Position { index: block, count: blocks }), ..stack.clone() };
        let name = |layer: &str| format!("h.{block}.{layer}.weight");
        let mut packed = layer(&name("attn.c_attn"), w, w, &place, None);
        packed.shape = [3 * w, w].into();
        let parts = vec![(Component::Query, w), (Component::Key, w), (Component::Value, w)];
        packed.packing = Some(Packing { axis: 0, parts });
        network.push(packed);
        let output = Some(Component::AttentionOutput);
        network.push(layer(&name("attn.c_proj"), w, w, &place, output));
        network.push(layer(&name("mlp.c_fc"), 4 * w, w, &place, Some(Component::Up)));
        network.push(layer(&name("mlp.c_proj"), w, 4 * w, &place, Some(Component::Down)));
    }
    network.push(head("lm_head.weight", w, &stack));
    network
}

/// An encoder and a decoder that attends to it, as in translation.
pub fn translator(encoder_blocks: usize, decoder_blocks: usize, w: usize) -> Vec<Parameter> {
    let both = Place { encoder_blocks, decoder_blocks, width: Some(w), ..Place::default() };
    let mut network = Vec::new();
    let stacks = [
        ("encoder", Stack::Encoder, encoder_blocks, &["self_attn"][..]),
        ("decoder", Stack::Decoder, decoder_blocks, &["self_attn", "encoder_attn"]),
    ];
    for (name, stack, blocks, attentions) in stacks {
        let residual_sums = blocks * (attentions.len() + 1);
        let stack = Place { stack, residual_sums, ..both.clone() };
        network.push(embedding(&format!("{name}.embed_tokens.weight"), VOCABULARY, w, &stack));
        for block in 0..blocks {
            let place =
                Place { block: Some(Position { index: block, count: blocks }), ..stack.clone() };
            let of = |layer: &str| format!("{name}.layers.{block}.{layer}.weight");
            for attention in attentions {
                for (projection, component) in [
                    ("q_proj", Component::Query),
                    ("k_proj", Component::Key),
                    ("v_proj", Component::Value),
                    ("out_proj", Component::AttentionOutput),
                ] {
                    let name = of(&format!("{attention}.{projection}"));
                    network.push(layer(&name, w, w, &place, Some(component)));
                }
            }
            network.push(layer(&of("fc1"), 4 * w, w, &place, Some(Component::Up)));
            network.push(layer(&of("fc2"), w, 4 * w, &place, Some(Component::Down)));
        }
    }
    network
}

/// Residual blocks of two 3×3 convolutions, each with a factor on its branch.
pub fn residual_convolutions(blocks: usize, channels: usize) -> Vec<Parameter> {
    let stack = Place { decoder_blocks: blocks, residual_sums: blocks, ..Place::default() };
    let mut network = Vec::new();
    for block in 0..blocks {
        for index in 0..2 {
            let name = format!("layer1.{block}.conv{}.weight", index + 1);
            let place = Place {
                block: Some(Position { index: block, count: blocks }),
                branch: Some(Position { index, count: 2 }),
                is_residual_output: index == 1,
                module: module(&name),
                ..stack.clone()
            };
            let shape = [channels, channels, 3, 3];
            let fans = (channels * 9, channels * 9);
            let weight = Parameter::new(&name, shape, Role::Weight).followed_by("relu");
            let axes = Axes::convolution(1);
            network.push(Parameter { axes, fan_in: fans.0, fan_out: fans.1, place, ..weight });
        }
        let scale = Parameter::new(&format!("layer1.{block}.scale"), [1], Role::ResidualScale);
        let block = Some(Position { index: block, count: blocks });
        network.push(Parameter { place: Place { block, ..stack.clone() }, ..scale });
    }
    network.push(head("fc.weight", channels, &stack));
    network
}

/// An LSTM's two weights and two biases, their gates packed, as `PyTorch` names and orders them.
pub fn lstm(inputs: usize, hidden: usize) -> Vec<Parameter> {
    let gates =
        [Component::InputGate, Component::ForgetGate, Component::Candidate, Component::OutputGate];
    let packed = |parameter: Parameter| {
        let parts = gates.map(|gate| (gate, hidden)).to_vec();
        Parameter { packing: Some(Packing { axis: 0, parts }), ..parameter }
    };
    let weight = |name: &str, role: Role, inputs: usize| {
        let weight = Parameter::linear(name, 4 * hidden, inputs);
        packed(Parameter { role, fan_out: hidden, ..weight })
    };
    let bias = |name: &str, inputs: usize| {
        let bias = Parameter::new(name, [4 * hidden], Role::Bias);
        packed(Parameter { fan_in: inputs, fan_out: hidden, ..bias })
    };
    vec![
        weight("lstm.weight_ih_l0", Role::Weight, inputs),
        weight("lstm.weight_hh_l0", Role::Recurrent, hidden),
        bias("lstm.bias_ih_l0", inputs),
        bias("lstm.bias_hh_l0", hidden),
    ]
}

/// The matrices A and B of a low-rank update of a linear layer.
pub fn low_rank_pair(out: usize, inputs: usize, rank: usize) -> Vec<Parameter> {
    let place = Place::default();
    let down = layer("q_proj.lora_A.weight", rank, inputs, &place, Some(Component::LoraDown));
    vec![down, layer("q_proj.lora_B.weight", out, rank, &place, Some(Component::LoraUp))]
}

/// The large matrices among the parameters, parts of packed ones by themselves.
pub fn matrices(network: &[Parameter]) -> Vec<Parameter> {
    let parts = network.iter().flat_map(|parameter| match &parameter.packing {
        Some(packing) => (0..packing.parts.len()).map(|part| parameter.part(part)).collect(),
        None => vec![parameter.clone()],
    });
    parts.filter(|p| p.role.is_matrix() && p.shape.elements() >= LARGE).collect()
}

fn layer(
    name: &str,
    out: usize,
    inputs: usize,
    place: &Place,
    component: Option<Component>,
) -> Parameter {
    let is_residual_output =
        matches!(component, Some(Component::AttentionOutput | Component::Down));
    let place = Place { component, is_residual_output, module: module(name), ..place.clone() };
    Parameter { place, ..Parameter::linear(name, out, inputs) }
}

fn embedding(name: &str, rows: usize, w: usize, place: &Place) -> Parameter {
    let table = Parameter::new(name, [rows, w], Role::Embedding);
    Parameter { fan_in: rows, fan_out: w, axes: Axes::new(0, 1), place: place.clone(), ..table }
}

fn head(name: &str, w: usize, place: &Place) -> Parameter {
    let place = Place { is_head: true, module: module(name), ..place.clone() };
    Parameter { place, ..Parameter::linear(name, VOCABULARY, w) }
}

fn module(name: &str) -> String {
    name.rsplit_once('.').map_or(String::new(), |(module, _)| module.to_owned())
}
