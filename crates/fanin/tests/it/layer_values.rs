//! What the numbers of layers promise: the pass's own, and gradients that lead downhill.

use fanin::spec::Spec;
use fanin::weights::Weights;

/// The activation is that of the pre-activation, and a step against a gradient makes the loss fall.
#[test]
fn values_are_those_of_the_pass_and_its_gradient() {
    let spec = Spec { model: "64 -> 3 tanh -> 10".parse().unwrap(), ..Spec::default() };
    let data = fanin::load(&spec).unwrap();
    let model = fanin::resolve(&spec, &data).unwrap();
    let weights = fanin::initialize(&spec, &model, 0).unwrap();
    let found = fanin::layer_values(&spec, &model, &weights, &data).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].weights.len(), found[1].weights.len()), (3 * 64, 30));
    assert_eq!(found[0].pre_activations.len(), 128 * 3);
    for (z, a) in found[0].pre_activations.iter().zip(&found[0].activations) {
        assert!((z.tanh() - a).abs() < 1e-6, "{z} {a}");
    }
    let mut moved = weights.clone();
    let step = 1e-2_f32;
    let place = found[1].gradients.iter().map(|g| g.abs()).enumerate();
    let (place, _) = place.max_by(|x, y| x.1.total_cmp(&y.1)).unwrap();
    let gradient = found[1].gradients[place];
    let loss = |weights: &Weights| {
        let measured = fanin::check(&spec, &model, weights, &data).unwrap().measurement;
        measured.loss
    };
    let name = "2.weight";
    let tensor = &mut moved.tensors.iter_mut().find(|(n, _)| n == name).unwrap().1;
    tensor.data_mut()[place] -= step * gradient.signum();
    let fall = loss(&weights) - loss(&moved);
    assert!(fall > 0.0, "a step against the gradient makes the loss fall: {fall}");
}
