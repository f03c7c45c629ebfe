//! Units that compute the same feature at the start, up to a factor.
//!
//! Equal incoming weights give equal activations; under an odd activation opposite ones give
//! opposite activations; under a positively homogeneous one, such as relu, w and k·w give a and
//! kᵖ·a. Such units add no feature until training parts them, and it does unless their outgoing
//! weights agree as well: no finding, but worth knowing (`docs/theory/symmetry.md`).

use fanin_kernels::reduce;

use super::units::groups;
use super::wiring::{View, Wiring};
use crate::spec::Sequential;
use crate::weights::Weights;

/// Half of what entries of equal rows may differ by, as a share of the largest: a product of f32
/// numbers is rounded by up to 6·10⁻⁸.
const ROUNDING: f64 = 2.5e-7;

/// For every hidden set of units, by module, the groups of several units with one feature.
///
/// Rows are compared entry by entry; units without any input are left out, for they have no
/// feature at all.
///
/// # Panics
/// If `weights` lack a tensor of the model.
pub fn shared_features(model: &Sequential, weights: &Weights) -> Vec<(String, Vec<Vec<usize>>)> {
    let wiring = Wiring::new(model, weights);
    let shared = |set: usize| groups(&features(&wiring, wiring.stream(set)));
    wiring.hidden().map(|set| (wiring.sets[set].module.clone(), shared(set))).collect()
}

/// What a unit gets: its incoming weights and its own numbers.
struct Rows<'a, 'w> {
    incoming: Vec<View<'w>>,
    own: Vec<(&'w [f32], bool)>,
    wiring: &'a Wiring<'w>,
    set: usize,
    /// Of a projection, one for each number of a row.
    weights: Vec<f32>,
}

impl Rows<'_, '_> {
    /// A unit's incoming weights, of one layer after the other.
    fn slices(&self, unit: usize) -> impl Iterator<Item = &[f32]> {
        self.incoming.iter().map(move |view| view.incoming_row(unit))
    }

    /// A unit's own numbers that scale with its pre-activation.
    fn scaling(&self, unit: usize) -> impl Iterator<Item = f32> {
        self.own.iter().filter(|own| own.1).map(move |own| own.0[unit])
    }

    /// All numbers of a unit that scale with its pre-activation.
    fn row(&self, unit: usize) -> impl Iterator<Item = f64> {
        self.slices(unit).flatten().copied().chain(self.scaling(unit)).map(f64::from)
    }

    /// The factor that makes a row comparable, and a number by which equal rows are found; none of
    /// a row of zeros.
    fn normalize(&self, unit: usize) -> Option<(f64, f64)> {
        let set = &self.wiring.sets[self.set];
        let (mut squares, mut projection) = (0.0, 0.0);
        let mut weights = &self.weights[..];
        for slice in self.slices(unit) {
            let (own, others) = weights.split_at(slice.len());
            squares += reduce::sum_of_squares(slice);
            projection += reduce::dot(slice, own);
            weights = others;
        }
        for (x, weight) in self.scaling(unit).map(f64::from).zip(weights) {
            squares += x * x;
            projection += x * f64::from(*weight);
        }
        let length = f64::sqrt(squares);
        let sign = if set.nature.odd && projection < 0.0 { -1.0 } else { 1.0 };
        let factor = sign / if set.nature.homogeneous { length } else { 1.0 };
        (squares != 0.0).then_some((factor, sign * projection / length))
    }

    fn same(&self, (a, a_factor): (usize, f64), (b, b_factor): (usize, f64)) -> bool {
        let mut gains = self.own.iter().filter(|own| !own.1);
        let largest = self.row(a).fold(0.0_f64, |max, x| max.max((x * a_factor).abs()));
        let mut pairs = self.row(a).zip(self.row(b));
        gains.all(|own| own.0[a] == own.0[b])
            && pairs.all(|(x, y)| (x * a_factor - y * b_factor).abs() <= 2.0 * ROUNDING * largest)
    }
}

/// Fixed weights of a projection in (−½, ½): multiples of the golden ratio, modulo 1.
fn weight_of(i: usize) -> f32 {
    (((i + 1) as f64 * 0.618_033_988_749_894_9).fract() - 0.5) as f32
}

/// The feature of each unit, numbered.
fn features(wiring: &Wiring<'_>, set: usize) -> Vec<usize> {
    let views = wiring.views(set).into_iter().filter(|view| view.incoming);
    let own = wiring.own.iter().filter(|own| own.set == set);
    let mut rows = Rows {
        incoming: views.collect(),
        own: own.map(|own| (own.values, own.flips)).collect(),
        wiring,
        set,
        weights: Vec::new(),
    };
    rows.weights = (0..rows.row(0).count()).map(weight_of).collect();
    let mut keys: Vec<(usize, f64, f64)> = (0..wiring.sets[set].width)
        .filter_map(|unit| rows.normalize(unit).map(|(factor, found)| (unit, factor, found)))
        .collect();
    keys.sort_by(|a, b| a.2.total_cmp(&b.2));
    let mut features: Vec<usize> = (0..wiring.sets[set].width).collect();
    // The projections of equal rows differ by the rounding of all their entries at most.
    let reach = ROUNDING * rows.weights.len() as f64;
    for (i, &(unit, factor, projection)) in keys.iter().enumerate() {
        let near = |key: &&(usize, f64, f64)| projection - key.2 <= reach;
        let mut earlier = keys[..i].iter().rev().take_while(near);
        let same = earlier.find(|key| rows.same((key.0, key.1), (unit, factor)));
        features[unit] = same.map_or(unit, |key| features[key.0]);
    }
    super::refine::renumber(features.into_iter())
}
