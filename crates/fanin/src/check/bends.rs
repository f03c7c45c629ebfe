//! What activations do to what enters them: their shape far out, and their slopes.

use fanin_engine::activations::{self, Activation};

use super::statistics::{self, Slopes};
use crate::spec::Bend;

/// What an activation does far from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    FlatOnBothSides,
    ZeroOnOneSide,
    Other,
}

impl Shape {
    /// Told by the slope far out on both sides.
    fn of(activation: &dyn Activation) -> Self {
        const FAR: f64 = 1e3;
        let (left, right) = (activation.at(1, -FAR).abs(), activation.at(1, FAR).abs());
        let flat = statistics::FLAT * steepest(activation);
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

/// The shape of a bend and the slopes of these inputs, of an activation that the registry knows.
pub(super) fn slopes(bend: &Bend, input: &[f32], units: usize) -> (Option<Shape>, Option<Slopes>) {
    let Some(activation) = activations::find(&bend.name) else { return (None, None) };
    let mut slope = vec![0.0; input.len()];
    activation.apply_f32(1, input, &mut slope);
    let told = statistics::slopes(&slope, units, steepest(&*activation));
    (Some(Shape::of(&*activation)), Some(told))
}
