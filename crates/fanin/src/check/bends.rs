//! What activations do to what enters them: their shape far out, and their slopes.

use fanin_engine::activations::{self, Activation};

use super::statistics::{self, Slopes};
use crate::spec::{Bend, LayerWires, Network};

/// What an activation does far from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    FlatOnBothSides,
    ZeroOnOneSide,
    Other,
}

impl Shape {
    /// Told by the slope far out on both sides.
    fn of(activation: &dyn Activation, steepest: f64) -> Self {
        const FAR: f64 = 1e3;
        let (left, right) = (activation.at(1, -FAR).abs(), activation.at(1, FAR).abs());
        let flat = statistics::FLAT * steepest;
        match (left, right) {
            (left, right) if left < flat && right < flat => Self::FlatOnBothSides,
            (0.0, right) if right > 0.0 => Self::ZeroOnOneSide,
            _ => Self::Other,
        }
    }
}

/// The largest |φ′| on [−8, 8], on a grid of sixteenths.
pub(super) fn steepest(activation: &dyn Activation) -> f64 {
    (-128..=128).map(|i| activation.at(1, f64::from(i) / 16.0).abs()).fold(0.0, f64::max)
}

/// Activations that the registry knows, each looked at once.
pub(super) struct Bends(Vec<(String, Option<Known>)>);

struct Known {
    activation: Box<dyn Activation>,
    shape: Shape,
    steepest: f64,
}

impl Bends {
    /// Those behind `layers`.
    pub fn of(layers: &[LayerWires]) -> Self {
        let mut known: Vec<(String, Option<Known>)> = Vec::new();
        for bend in layers.iter().filter_map(|layer| layer.bend.as_ref()) {
            if known.iter().all(|(name, _)| *name != bend.name) {
                known.push((bend.name.clone(), Known::of(&bend.name)));
            }
        }
        Self(known)
    }

    /// The shape of a bend and the slopes of these inputs, if the registry knows it.
    pub fn slopes(
        &self,
        bend: &Bend,
        input: &[f32],
        units: usize,
    ) -> (Option<Shape>, Option<Slopes>) {
        let known = self.0.iter().find(|(name, _)| *name == bend.name);
        let Some(Known { activation, shape, steepest }) = known.and_then(|(_, of)| of.as_ref())
        else {
            return (None, None);
        };
        let mut slope = vec![0.0; input.len()];
        activation.apply_f32(1, input, &mut slope);
        (Some(*shape), Some(statistics::slopes(&slope, units, *steepest)))
    }
}

impl Known {
    fn of(name: &str) -> Option<Self> {
        let activation = activations::find(name)?;
        let steepest = steepest(&*activation);
        Some(Self { shape: Shape::of(&*activation, steepest), steepest, activation })
    }
}

/// The least and the greatest number that a network can give; none where its last operator is no activation
/// whose values are bounded.
pub(super) fn output_range(network: &Network) -> Option<[f64; 2]> {
    let last = network.layers.last()?;
    let bend = last.bend.as_ref()?;
    let mut wire = network.output;
    for node in network.graph.nodes().iter().rev() {
        let keeps_numbers = ["reshape", "transpose"].contains(&node.operator.name());
        if keeps_numbers && node.outputs.contains(&wire) {
            wire = node.inputs[0];
        }
    }
    let mut nodes = network.graph.nodes().iter();
    let is_bent = nodes.any(|n| n.outputs.contains(&wire) && n.inputs.contains(&bend.input));
    if wire != last.activation || !is_bent {
        return None;
    }
    range(&*activations::find(&bend.name)?)
}

/// The least and the greatest value of an activation, infinite where it goes on growing; none where it does
/// on both sides.
fn range(activation: &dyn Activation) -> Option<[f64; 2]> {
    /// So far out bounded activations have come to their limit, up to rounding in f32.
    const FAR: f64 = 1e8;
    /// Slopes below this are those of a limit.
    const LEVEL: f64 = 1e-9;
    let near = (-128..=128).map(|i| activation.at(0, f64::from(i) / 16.0));
    let (mut low, mut high) =
        near.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    for x in [-FAR, FAR] {
        let (y, outward) = (activation.at(0, x), activation.at(1, x) * x.signum());
        match outward {
            slope if slope.abs() < LEVEL => (low, high) = (low.min(y), high.max(y)),
            slope if slope > 0.0 => high = f64::INFINITY,
            slope if slope < 0.0 => low = f64::NEG_INFINITY,
            _ => (low, high) = (f64::NEG_INFINITY, f64::INFINITY),
        }
    }
    (low.is_finite() || high.is_finite()).then_some([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Loss, Mode, Model};

    #[test]
    fn bounded_activations_have_a_range() {
        let of = |name: &str| range(&*activations::find(name).unwrap());
        assert_eq!(of("sigmoid"), Some([0.0, 1.0]));
        assert_eq!(of("tanh"), Some([-1.0, 1.0]));
        assert_eq!(of("hardtanh"), Some([-1.0, 1.0]));
        assert_eq!(of("relu"), Some([0.0, f64::INFINITY]));
        assert_eq!(of("elu"), Some([-1.0, f64::INFINITY]));
        for name in ["identity", "leaky_relu"] {
            assert_eq!(of(name), None, "{name}");
        }
        let [low, high] = of("softsign").unwrap();
        assert!((low + 1.0).abs() < 1e-6 && (high - 1.0).abs() < 1e-6, "{low} to {high}");
    }

    #[test]
    fn a_network_gives_what_its_last_activation_does() {
        let of = |text: &str| {
            let model: Model = text.parse().unwrap();
            let network = Network::new(&model, &Loss::MeanSquaredError, 2, Mode::Probe);
            output_range(&network.unwrap())
        };
        assert_eq!(of("4 -> 3 relu -> 4 sigmoid"), Some([0.0, 1.0]));
        assert_eq!(of("4 -> 3 sigmoid -> 4"), None);
        assert_eq!(of("4 -> 4 sigmoid residual"), None, "what is added has any size");
    }
}
