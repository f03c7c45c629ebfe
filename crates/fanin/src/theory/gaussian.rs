//! Averages of an activation over normal inputs, and over pairs of correlated ones.
//!
//! Key: φ the activation, q the variance of its input x = √q·z, z ~ N(0, 1), c the correlation of
//! two such inputs.
//!
//! The line is cut at the kinks of φ, and each piece integrated by Gauss–Legendre; for a pair the
//! axes are turned to its sum and difference, where the kinks are straight lines that cross at
//! known places, so the digits hold up to c = ±1. Where a closed form is known, it is used.

mod accuracy;
mod at_zero;

use std::sync::{Mutex, PoisonError};

use fanin_engine::activations::{Activation, Formula};

use super::Expression;
use super::closed_form::ClosedForm;
use super::growth::{Growth, jumps};
use super::quadrature::{PIECES, REACH, bends, cuts_of, cuts_within, eighths, visit};

/// Averages of one activation over normal inputs of any variance.
///
/// ```
/// use fanin::theory::Gaussian;
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let relu = Gaussian::new(&*relu);
/// assert_eq!(relu.moments(1.0).second, 0.5);
/// assert!((relu.pair(1.0, 0.0).product - 0.159_154_943_091_895_3).abs() < 1e-15); // 1/(2π)
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gaussian<'a> {
    activation: &'a dyn Activation,
    closed: Option<ClosedForm>,
    /// Width of a piece over which φ is smooth to a rule of 16 nodes.
    width: f64,
    /// Pieces of equal width at most at q = 1; more than [`PIECES`] where φ changes fast all over the line.
    pieces: f64,
    growth: Growth,
    jumps: bool,
    /// What may be left out, as a share.
    tolerance: f64,
}

/// Averages over x = √q·z, z ~ N(0, 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// E φ(x).
    pub mean: f64,
    /// E φ(x)².
    pub second: f64,
    /// E φ(x)⁴.
    pub fourth: f64,
    /// E φ′(x)²; infinite where φ jumps.
    pub slope_second: f64,
    /// E φ′(x)⁴; infinite where φ jumps.
    pub slope_fourth: f64,
    /// d/dq E φ(x)² = E φ′(x)² + E φ(x)φ″(x), right at kinks too.
    pub second_slope: f64,
}

/// Averages over two inputs of variance q and correlation c.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// E φ(x)φ(x′).
    pub product: f64,
    /// E φ′(x)φ′(x′), which is d/dc E φ(x)φ(x′) over q.
    pub slopes: f64,
}

/// The part of E φ² that a series may leave out.
pub(super) const EXACT: f64 = 1e-13;
/// Kinks up to which every crossing of two is cut at, in time that grows with their cube.
const FEW_KINKS: usize = 16;
/// Pieces of a plane that is not cut at kinks: 400 nodes a side.
const COARSE: f64 = 0.8;
/// a² + b² beyond which the plane weighs less than 10⁻¹⁹ in all, and where averages are coarse, or
/// kinks too many to be cut at, less than 2·10⁻¹⁰.
const FAR: f64 = 90.0;
const FAR_OF_COARSE: f64 = 46.0;
/// The widest pieces of a plane, and of one whose averages are coarse.
const WIDEST: f64 = 2.0;
const WIDEST_OF_COARSE: f64 = 4.0;
/// A second moment of the input from which on φ bends within a small part of its range.
pub(super) const WIDE: f64 = 100.0;

/// The width for an activation of the registry, by its label, and a tolerance: found once.
fn known_width(label: &str, tolerance: f64, find: impl FnOnce() -> f64) -> f64 {
    static WIDTHS: Mutex<Vec<(String, f64, f64)>> = Mutex::new(Vec::new());
    let known = || WIDTHS.lock().unwrap_or_else(PoisonError::into_inner);
    let is_it = |(other, of, _): &&(String, f64, f64)| other == label && *of == tolerance;
    let width = known().iter().find(is_it).map(|(_, _, width)| *width);
    width.unwrap_or_else(|| {
        let width = find();
        known().push((label.to_owned(), tolerance, width));
        width
    })
}

impl Moments {
    /// Where E φ² is infinite, or beyond the numbers of a computer.
    const ENDLESS: Self = Self {
        mean: f64::NAN,
        second: f64::INFINITY,
        fourth: f64::INFINITY,
        slope_second: f64::INFINITY,
        slope_fourth: f64::INFINITY,
        second_slope: f64::INFINITY,
    };

    /// E φ(x)φ″(x), in the sense of distributions: a kink adds its jump of φ′ times the density.
    pub fn curvature(&self) -> f64 {
        self.second_slope - self.slope_second
    }

    /// E φ⁴/(E φ²)²: 3 for the identity, 6 for relu. A layer of width N adds (kurtosis − 1)/N to
    /// the variance of ln q over seeds.
    pub fn kurtosis(&self) -> f64 {
        self.fourth / (self.second * self.second)
    }

    /// E φ′⁴/(E φ′²)²: 1 for the identity, 2 for relu.
    pub fn slope_kurtosis(&self) -> f64 {
        self.slope_fourth / (self.slope_second * self.slope_second)
    }

    /// Var φ(x).
    pub fn variance(&self) -> f64 {
        self.second - self.mean * self.mean
    }
}

impl<'a> Gaussian<'a> {
    /// Averages of `activation`, which may be of the registry or an
    /// [`Expression`](super::Expression), of which averages that are infinite, or beyond the numbers
    /// of a computer, are told as infinite.
    pub fn new(activation: &'a dyn Activation) -> Self {
        Self::with(activation, EXACT)
    }

    /// As [`new`](Self::new), in a tenth of the time or less where there is no closed form: to about
    /// 10⁻⁶, and 10⁻⁴ over pairs.
    pub fn coarse(activation: &'a dyn Activation) -> Self {
        Self::with(activation, 1e-6)
    }

    fn with(activation: &'a dyn Activation, tolerance: f64) -> Self {
        const FINEST: f64 = 1.0 / 64.0;
        /// The same for a text, which may bend within any part of its range.
        const FINEST_WRITTEN: f64 = 1.0 / 1_073_741_824.0;
        let closed = ClosedForm::of(activation);
        let jumps = activation.kinks().iter().any(|&kink| jumps(activation, kink));
        let is_written = activation.name() == Expression::NAME;
        let growth = if is_written { Growth::of(activation) } else { Growth::TAME };
        let pieces = PIECES;
        let mut found = Self { activation, closed, width: 2.0, pieces, growth, jumps, tolerance };
        if closed.is_some_and(|closed| !closed.is_broken()) {
            return found;
        }
        if is_written {
            found.width = found.settled(FINEST_WRITTEN).unwrap_or(FINEST);
            return found.in_more_pieces(FINEST);
        }
        let settled = || found.settled(FINEST).unwrap_or(FINEST);
        found.width = known_width(&activation.label(), tolerance, settled);
        found
    }

    /// The width of pieces at which narrower ones change nothing, above `finest`.
    fn settled(&self, finest: f64) -> Option<f64> {
        let is_written = self.activation.name() == Expression::NAME;
        let mut found = *self;
        let mut last = found.integrated(4.0);
        while found.width > finest {
            let finer = Self { width: 0.5 * found.width, ..found };
            let next = finer.integrated(4.0);
            let agree =
                |a: f64, b: f64| (a - b).abs() <= self.tolerance * b.abs() || !b.is_finite();
            let agrees =
                agree(last.second, next.second) && agree(last.slope_fourth, next.slope_fourth);
            // Two that both pass over a step agree, too.
            if agrees && !(is_written && found.passes_over(4.0)) {
                return Some(found.width);
            }
            (found, last) = (finer, next);
        }
        None
    }

    /// The activation.
    pub fn activation(&self) -> &'a dyn Activation {
        self.activation
    }

    /// Whether φ itself jumps somewhere, so that E φ′² is infinite.
    pub fn jumps(&self) -> bool {
        self.jumps
    }

    /// Averages over inputs of variance `q` ≥ 0, to about 10⁻¹³; NaN for any other `q`.
    ///
    /// At 0 they are the limits from above.
    pub fn moments(&self, q: f64) -> Moments {
        if !(0.0..f64::INFINITY).contains(&q) {
            let nan = f64::NAN;
            return Moments {
                mean: nan,
                second: nan,
                fourth: nan,
                slope_second: nan,
                slope_fourth: nan,
                second_slope: nan,
            };
        }
        match self.closed {
            _ if q == 0.0 => self.at_zero(),
            Some(closed) => closed.moments(q, || self.integrated(q)),
            None => self.integrated(q),
        }
    }

    /// E φ² alone, as [`moments`](Self::moments) gives it, in a third of the time.
    pub(crate) fn second(&self, q: f64) -> f64 {
        if q == 0.0 || !(0.0..f64::INFINITY).contains(&q) {
            return self.moments(q).second;
        }
        if let Some(closed) = self.closed {
            // What a closed form leaves to quadrature is never this.
            return closed.moments(q, || Moments::ENDLESS).second;
        }
        let (deviation, mut sum) = (q.sqrt(), 0.0);
        let Some((reach, _)) = self.reach(deviation) else { return f64::INFINITY };
        visit(&self.line(deviation, reach), |z, weight| {
            let value = self.activation.at(0, deviation * z);
            sum += weight * (value * value);
        });
        sum
    }

    /// Ends of pieces of the line, up to `reach` deviations, for inputs of this deviation.
    fn line(&self, deviation: f64, reach: f64) -> Vec<f64> {
        let kinks = self.activation.kinks().iter().map(|kink| kink / deviation);
        let width = self.width / deviation;
        let at = kinks.chain(bends(width)).chain(self.beside_kinks(deviation));
        cuts_of(self.most_pieces(deviation), reach, width.min(2.0), at)
    }

    fn integrated(&self, q: f64) -> Moments {
        let deviation = q.sqrt();
        let Some((_, has_fourth)) = self.reach(deviation) else { return Moments::ENDLESS };
        let sums = self.sums(q, |z, value, slope| {
            let (value_2, slope_2) = (value * value, slope * slope);
            // By parts, d/dq E φ² = E[φφ′z]/√q, and E[φ²(z² − 1)]/2q also where φ jumps.
            let rise = if self.jumps {
                0.5 * value_2 * (z * z - 1.0) / q
            } else {
                value * slope * z / deviation
            };
            [value, value_2, value_2 * value_2, slope_2, slope_2 * slope_2, rise]
        });
        let [mean, second, fourth, slope_second, slope_fourth, second_slope] = sums;
        let endless = |x: f64, is_endless: bool| if is_endless { f64::INFINITY } else { x };
        let has_no_slope = self.jumps || !has_fourth || self.growth.has_endless_fourth();
        Moments {
            mean,
            second,
            fourth: endless(fourth, !has_fourth),
            slope_second: endless(slope_second, self.jumps),
            slope_fourth: endless(slope_fourth, has_no_slope),
            second_slope,
        }
    }

    /// Averages of `of` z, φ(x) and φ′(x).
    pub(super) fn sums<const N: usize>(
        &self,
        q: f64,
        of: impl Fn(f64, f64, f64) -> [f64; N],
    ) -> [f64; N] {
        let deviation = q.sqrt();
        let mut sums = [0.0; N];
        let Some((reach, _)) = self.reach(deviation) else { return [f64::NAN; N] };
        visit(&self.line(deviation, reach), |z, weight| {
            let value = self.activation.at(0, deviation * z);
            let terms = of(z, value, self.activation.at(1, deviation * z));
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * term);
        });
        sums
    }

    /// Averages over two inputs of variance `q` ≥ 0 and correlation `c` from −1 to 1, to about
    /// 10⁻¹²; NaN for others.
    ///
    /// For more than sixteen kinks, beyond c = 0.999, both are good to 10⁻³ of what they are at c = 1.
    /// Where φ jumps, `slopes` is a difference quotient, good to about 10⁻⁵ below |c| = 1.
    pub fn pair(&self, q: f64, c: f64) -> Pair {
        self.pairs(q).pair(c)
    }

    /// Where a closed form or an average over one input says it, or nothing does.
    pub(super) fn pair_without_series(&self, q: f64, c: f64) -> Option<Pair> {
        if !(0.0..f64::INFINITY).contains(&q) || !(-1.0..=1.0).contains(&c) {
            return Some(Pair { product: f64::NAN, slopes: f64::NAN });
        }
        if self.growth.reach(self.activation, q.sqrt(), 2.0).is_none() {
            return Some(Pair { product: f64::NAN, slopes: f64::NAN });
        }
        if let Some(pair) = self.closed.and_then(|closed| closed.pair(q, c)) {
            return Some(pair);
        }
        (q == 0.0 || c == 1.0).then(|| {
            let moments = self.moments(q);
            Pair { product: moments.second, slopes: moments.slope_second }
        })
    }

    /// By integrals over the plane.
    pub(super) fn pair_in_the_plane(&self, q: f64, c: f64) -> Pair {
        let pair = self.integrated_pair::<true>(q, c);
        if !self.jumps {
            return pair;
        }
        let step = 1e-3 * (1.0 - c.abs()).max(1e-9);
        let [left, right] =
            [c - step, c + step].map(|c| self.integrated_pair::<false>(q, c).product);
        Pair { slopes: (right - left) / (2.0 * step * q), ..pair }
    }

    /// The product alone.
    pub(super) fn product_in_the_plane(&self, q: f64, c: f64) -> f64 {
        self.integrated_pair::<false>(q, c).product
    }

    /// E φ(x)φ(x′) alone, much faster than [`pair`](Self::pair) where φ has kinks.
    ///
    /// For `q` above 100, where φ bends sharply against the width of its input, it is good to
    /// 10⁻⁴ of E φ² only.
    pub fn product(&self, q: f64, c: f64) -> f64 {
        self.pairs(q).product(c)
    }

    /// E f(√q·z)·heₖ(z) for the first k, heₖ the normalized Hermite polynomials; f gets √q·z and the
    /// weight of the place, and bends where φ does.
    pub(super) fn hermite<const N: usize>(
        &self,
        q: f64,
        mut f: impl FnMut(f64, f64) -> f64,
    ) -> [f64; N] {
        let deviation = q.sqrt();
        let width = (self.width / deviation).min(0.5);
        let kinks = self.activation.kinks().iter().map(|kink| kink / deviation);
        let kinks = kinks.chain(bends(width));
        let roots: [(f64, f64); N] =
            std::array::from_fn(|k| ((k as f64).sqrt(), 1.0 / (k as f64 + 1.0).sqrt()));
        let mut terms = [[0.0; SIDE_BY_SIDE]; N];
        let (mut places, mut values) = ([0.0; SIDE_BY_SIDE], [0.0; SIDE_BY_SIDE]);
        let mut filled = 0;
        let reach = self.reach(deviation).map_or(REACH, |(reach, _)| reach);
        let at = kinks.chain(self.beside_kinks(deviation));
        visit(&cuts_of(self.most_pieces(deviation), reach, width, at), |z, weight| {
            (places[filled], values[filled]) = (z, weight * f(deviation * z, weight));
            filled += 1;
            if filled == SIDE_BY_SIDE {
                add_hermite(&mut terms, &places, &values, &roots);
                filled = 0;
            }
        });
        values[filled..].fill(0.0);
        add_hermite(&mut terms, &places, &values, &roots);
        terms.map(|sums| sums.iter().sum())
    }

    /// The relative error to which a root of averages is worth to be known, and the last step of
    /// Newton's method on the way there.
    pub(super) fn searched(&self) -> [f64; 2] {
        if self.tolerance > EXACT { [0.1 * self.tolerance, 1e-4] } else { [0.0, 1e-10] }
    }

    /// What the series of a pair may leave out, as a share: where averages are coarse, a hundred times
    /// as much.
    pub(super) fn tolerance(&self) -> f64 {
        if self.tolerance > EXACT { 100.0 * self.tolerance } else { EXACT }
    }

    /// Whether kinks are so many that their crossings are not cut at.
    pub(super) fn has_many_kinks(&self) -> bool {
        self.activation.kinks().len() > FEW_KINKS
    }

    fn integrated_pair<const SLOPES: bool>(&self, q: f64, c: f64) -> Pair {
        let of = |order: usize, x: f64, y: f64| {
            self.activation.at(order, x) * self.activation.at(order, y)
        };
        // Within the last eighth lies 10⁻¹² of a product, 10⁻⁹ of slopes that grow as d^(−0.3).
        let levels = match (self.growth.is_steep(), SLOPES) {
            (false, _) => [0, 0],
            (true, false) => [8, 0],
            (true, true) => [14, 7],
        };
        let [product, slopes] = self.pair_sums_beside(levels, q, c, |x, y| {
            [of(0, x, y), if SLOPES { of(1, x, y) } else { 0.0 }]
        });
        Pair { product, slopes }
    }

    /// Averages of `of` x and x′, the same if they are exchanged, for q > 0; to about 10⁻³ for more
    /// than sixteen kinks, which are not cut at.
    ///
    /// With x = s(αa + βb) and x′ = ±s(αa − βb) for independent a and b, α ≥ β ≥ 0.
    pub(super) fn pair_sums<const N: usize>(
        &self,
        q: f64,
        c: f64,
        of: impl Fn(f64, f64) -> [f64; N],
    ) -> [f64; N] {
        self.pair_sums_beside([0, 0], q, c, of)
    }

    /// The same with so many further cuts beside kinks, and beside where two cross, for slopes without bound.
    fn pair_sums_beside<const N: usize>(
        &self,
        [beside, across_levels]: [i32; 2],
        q: f64,
        c: f64,
        of: impl Fn(f64, f64) -> [f64; N],
    ) -> [f64; N] {
        let (deviation, sign) = (q.sqrt(), if c < 0.0 { -1.0 } else { 1.0 });
        let alpha = f64::midpoint(1.0, c.abs()).sqrt();
        let beta = (0.5 * (1.0 - c.abs())).sqrt();
        let kinks: Vec<f64> = self.activation.kinks().iter().map(|k| k / deviation).collect();
        let few = if self.has_many_kinks() { &[][..] } else { &kinks[..] };
        let coarse = if self.has_many_kinks() { COARSE } else { f64::INFINITY };
        let crossings = few.iter().flat_map(|k| few.iter().map(move |l| k - sign * l));
        let across = (self.width / (deviation * beta)).min(coarse);
        let along = (self.width / (deviation * alpha)).min(coarse);
        let crossings = crossings.map(|gap| gap / (2.0 * beta)).chain([0.0]);
        let crossings = crossings.flat_map(|z| eighths(z, across_levels).chain(std::iter::once(z)));
        let further = crossings.chain(bends(across));
        let is_coarse = self.tolerance > EXACT || self.has_many_kinks() || self.growth.is_steep();
        let (far, widest) =
            if is_coarse { (FAR_OF_COARSE, WIDEST_OF_COARSE) } else { (FAR, WIDEST) };
        let far = match self.reach(deviation) {
            Some((reach, _)) if reach > REACH => reach * reach,
            _ => far,
        };
        let reach = far.sqrt();
        let mut sums = [0.0; N];
        visit(&cuts_within(reach, across.min(widest), further), |b, weight_of_b| {
            // Exchanging x and x′ turns b to −b.
            let share = if sign < 0.0 {
                1.0
            } else if b < 0.0 {
                return;
            } else {
                2.0
            };
            let first = few.iter().map(|k| (k - beta * b) / alpha);
            let second = few.iter().map(|k| (sign * k + beta * b) / alpha);
            let bent = bends(along).flat_map(|z| [z - beta * b / alpha, z + beta * b / alpha]);
            let reach = (far - b * b).max(0.0).sqrt();
            let at = first.chain(second);
            let at = at.flat_map(|z| eighths(z, beside).chain(std::iter::once(z))).chain(bent);
            visit(&cuts_within(reach, along.min(widest), at), |a, weight_of_a| {
                let weight = share * weight_of_a * weight_of_b;
                let x = deviation * (alpha * a + beta * b);
                let y = sign * deviation * (alpha * a - beta * b);
                let terms = of(x, y);
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * term);
            });
        });
        sums
    }
}

/// Places whose Hermite polynomials are worked out together: each waits for its last two.
const SIDE_BY_SIDE: usize = 8;

/// Adds the values times heₖ at their places, √(k + 1)·heₖ₊₁ = z·heₖ − √k·heₖ₋₁; `roots` are √k and
/// 1/√(k + 1).
fn add_hermite<const N: usize>(
    terms: &mut [[f64; SIDE_BY_SIDE]; N],
    places: &[f64; SIDE_BY_SIDE],
    values: &[f64; SIDE_BY_SIDE],
    roots: &[(f64, f64); N],
) {
    let (mut before, mut here) = ([0.0; SIDE_BY_SIDE], *values);
    for (term, (root, next)) in terms.iter_mut().zip(roots) {
        for index in 0..SIDE_BY_SIDE {
            term[index] += here[index];
            let following = (places[index] * here[index] - root * before[index]) * next;
            (before[index], here[index]) = (here[index], following);
        }
    }
}
