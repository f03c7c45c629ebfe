//! Weights whose axes lie otherwise than (units, inputs, taps…).

use fanin::init::fans::Axes;
use fanin::init::{Parameter, Position};
use fanin::recommend::{Language, Recommendation, code};
use fanin::spec::{Architecture, Body, Ground, Model};
use fanin::weights::Weights;

use super::{ARRAYS, check_pasted, found, python_with};

/// Kernels of which inputs come first, and matrices behind one another, known by their parameters alone.
#[derive(Debug)]
struct Layouts;

impl Architecture for Layouts {
    fn label(&self) -> String {
        "layouts".to_owned()
    }

    fn inputs(&self) -> usize {
        16
    }

    fn output(&self) -> fanin::engine::Shape {
        [4].into()
    }

    fn parameters(&self) -> fanin::Result<Vec<Parameter>> {
        let kernel = |name: &str, shape: [usize; 4], groups| {
            Parameter::weight(name, shape, Axes::transposed_convolution(groups)).unwrap()
        };
        let mut mirrored = kernel("1.weight", [8, 6, 3, 3], 1);
        mirrored.place.layer = Some(Position { index: 1, count: 3 });
        let experts = Axes { batch: vec![0], ..Axes::new(2, 1) };
        Ok(vec![
            kernel("0.weight", [16, 8, 4, 4], 1),
            mirrored,
            kernel("2.weight", [8, 10, 3, 3], 1),
            Parameter::weight("3.weight", [3, 6, 10], experts).unwrap(),
        ])
    }

    fn build(&self, _ground: Ground) -> fanin::Result<Body> {
        unreachable!("code needs no graph")
    }
}

/// Isometries in each of them.
fn layouts() -> (Model, Recommendation) {
    let model = Model::graph(Layouts);
    let scheme = |name: &str| match name {
        "1.weight" => Some("looks-linear:2"),
        "2.weight" => Some("delta-orthogonal:2"),
        _ => Some("orthogonal:2"),
    };
    let found = Recommendation { method: "balanced", ..found(&model, scheme) };
    (model, found)
}

#[test]
fn isometries_are_drawn_along_the_axes_that_a_weight_has() {
    let repaired = layouts();
    for (language, call) in [
        (Language::Torch, "turned(lambda w: torch.nn.init.orthogonal_(w, 2.0))"),
        (Language::Numpy, "turned(lambda rng, shape: orthogonal(rng, 2.0, shape))"),
        (Language::Keras, "turned(lambda s: init.Orthogonal(2.0, seed=s))"),
    ] {
        let text = code(&repaired.0, &repaired.1, language).unwrap();
        assert!(text.contains(call) && text.contains("\ndef turned("), "{text}");
        let mirrored = text.contains("turned(lambda w: mirrored_(")
            || text.contains("turned(mirrored(")
            || text.contains("turned(lambda rng, shape: mirrored(");
        assert!(
            mirrored && text.contains("apart(lambda ") && text.contains("\ndef apart("),
            "{text}"
        );
    }
    // Flax has the inputs of a transposed kernel before its units.
    let text = code(&repaired.0, &repaired.1, Language::Flax).unwrap();
    assert!(text.contains("apart(init.orthogonal(2.0))") && !text.contains("turned("), "{text}");
}

/// The same parameters in the module of `torch.nn`, with means and deviations behind their names.
const PASTED_LAYOUTS: &str = "\
import runpy, sys, torch
t = torch.nn.ConvTranspose2d
model = torch.nn.Sequential(t(16, 8, 4, bias=False), t(8, 6, 3, bias=False), t(8, 10, 3, bias=False))
model.add_module('3', torch.nn.Module())
model[3].weight = torch.nn.Parameter(torch.zeros(3, 6, 10))
runpy.run_path(sys.argv[1])['initialize'](model, 7)
for matrix in model[3].weight:
    assert torch.allclose(matrix @ matrix.T, 4.0 * torch.eye(6), atol=1e-4)
rows = model[0].weight.transpose(0, 1).flatten(1)
assert torch.allclose(rows @ rows.T, 4.0 * torch.eye(8), atol=1e-4)
for name, parameter in model.named_parameters():
    print(name, parameter.mean().item(), parameter.square().mean().sqrt().item())
";

#[test]
fn pasted_code_of_transposed_kernels_draws_the_stated_deviations() {
    let (model, found) = layouts();
    let tensors = model.parameters().unwrap().into_iter();
    let zeros = |own: Parameter| (own.name, fanin::engine::Tensor::filled(own.shape, 0.0));
    let weights = Weights { tensors: tensors.map(zeros).collect() };
    let repaired = (model, weights, found);
    let known = [("torch", Language::Torch, PASTED_LAYOUTS), ("numpy", Language::Numpy, ARRAYS)];
    for (module, language, program) in known {
        match python_with(module) {
            Some(python) => check_pasted(&repaired, language, &python, program),
            None => eprintln!("skipped: no python3 here has {module}; FANIN_TORCH may name one"),
        }
    }
}
