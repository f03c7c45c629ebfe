//! Averages over pairs of inputs of one variance, whose series is worked out once for all correlations.
//!
//! Key: as in `gaussian`. By Mehler, E φ(x)φ(x′) = ∑ aₖ²·cᵏ with aₖ = E φ(x)·heₖ(z), heₖ the normalized
//! Hermite polynomials, and E φ′(x)φ′(x′) = ∑ k·aₖ²·cᵏ⁻¹/q; what the terms left out add at most is
//! known, for at c = 1 all terms add up to E φ² and E φ′². The first terms are integrated; where they
//! do not suffice, those that kinks decide follow, as many as a correlation asks for.
//!
//! Where kinks are many and two inputs nearer to each other than any two kinks, no such number is
//! enough; but there each kink stands alone. With δ = 1 − c, J the jumps of dφ/dz and p the normal density,
//! aₖ² falls as A·k^(−5/2), A = Σ J²p/2π, and with Γ(−3/2) = 4√π/3
//!
//! ```text
//! E φφ̃ = E φ² − q·E φ′²·δ + (4√π/3)·A·δ^(3/2) + q²·E φ″²·δ²/2,   E φ″² between kinks
//! ```
//!
//! up to δ^(5/2) and e^(−Δ²/4δ), Δ the least distance of two kinks in z; and E φ′φ̃′ is −1/q of its slope in δ.
//!
//! Where one kink alone has a slope without bound beside it, its coefficients follow each other (`steep_series`).

use std::f64::consts::PI;

use super::gaussian::{Gaussian, Moments, Pair, WIDE};
use super::kink_series::KinkSeries;
use super::mehler::Mehler;
use super::steep_series::{NearPairs, SteepSeries};

/// Terms that are integrated.
const TERMS: usize = 128;
/// The same where kinks decide none of what follows, and the plane would take ten times as long.
const MANY_TERMS: usize = 1024;
/// Integrated coefficients that those of the kinks are held against, from the last backwards.
const HELD: usize = 16;
/// Terms at most.
const MOST: usize = 1 << 13;
/// The same for more kinks than crossings are cut at.
const MOST_OF_MANY: usize = 1 << 15;

/// What a series may leave out where kinks are many.
const COARSE: f64 = 1e-11;
/// What it may leave out of E φφ̃ and E φ′φ̃′ beside a kink where the slope has no bound: E φ′² itself is known
/// to about 10⁻⁶ there.
const STEEP: [f64; 2] = [1e-11, 1e-7];

/// Pairs of inputs to one activation, of one variance.
///
/// ```
/// use fanin::theory::Gaussian;
/// let gelu = fanin::engine::activations::find("gelu").expect("it is registered");
/// let gelu = Gaussian::new(&*gelu);
/// let mut pairs = gelu.pairs(1.3);
/// for c in [0.2, 0.7, 0.9] {
///     assert_eq!(pairs.pair(c), gelu.pair(1.3, c));
/// }
/// ```
#[derive(Debug)]
pub struct Pairs<'a> {
    gaussian: Gaussian<'a>,
    q: f64,
    moments: Option<Moments>,
    series: Option<Series>,
}

/// Coefficients so far.
#[derive(Debug)]
struct Series {
    /// E φ² and E φ′².
    sizes: [f64; 2],
    coefficients: Vec<f64>,
    /// What goes on where the integrated ones end.
    far: Option<KinkSeries>,
    /// The same of a kink beside which the slope has no bound.
    steep: Option<SteepSeries>,
    /// Pairs beyond the reach of that.
    near_steep: Option<NearPairs>,
    /// The mean square of what kinks say otherwise than integrals.
    gap: f64,
    /// q²·E φ″² between kinks, where it was asked for.
    curvature: Option<f64>,
}

impl<'a> Gaussian<'a> {
    /// Pairs of inputs of variance `q`; each is what [`pair`](Self::pair) and
    /// [`product`](Self::product) give, faster from the second on.
    pub fn pairs(&self, q: f64) -> Pairs<'a> {
        Pairs { gaussian: *self, q, moments: None, series: None }
    }
}

impl Pairs<'_> {
    /// The variance of the inputs.
    pub fn variance(&self) -> f64 {
        self.q
    }

    /// Averages over one of them.
    pub fn moments(&mut self) -> Moments {
        let (gaussian, q) = (self.gaussian, self.q);
        *self.moments.get_or_insert_with(|| gaussian.moments(q))
    }

    /// As [`Gaussian::pair`].
    pub fn pair(&mut self, c: f64) -> Pair {
        let (gaussian, q) = (self.gaussian, self.q);
        if let Some(pair) = gaussian.pair_without_series(q, c).or_else(|| self.near(c)) {
            return pair;
        }
        let exact = self.reached([self.tolerance(); 2]);
        let series = self.sum(c, exact);
        if !series.is_finite() {
            return Pair { product: f64::NAN, slopes: f64::NAN };
        }
        // Where φ changes fast all over the line, no plane is cut as finely as it would take.
        if !gaussian.jumps() && (series.holds(exact) || gaussian.takes_series()) {
            return Pair { product: series.sums[0], slopes: series.sums[1] };
        }
        gaussian.pair_in_the_plane(q, c)
    }

    /// As [`Gaussian::product`].
    pub fn product(&mut self, c: f64) -> f64 {
        let (gaussian, q) = (self.gaussian, self.q);
        if let Some(pair) = gaussian.pair_without_series(q, c).or_else(|| self.near(c)) {
            return pair.product;
        }
        let tolerances = self.reached([if q > WIDE { 1e-4 } else { self.tolerance() }, f64::MAX]);
        if c.abs() < 1.0 {
            let series = self.sum(c, tolerances);
            if !series.is_finite() {
                return f64::NAN;
            }
            if series.holds(tolerances) || gaussian.takes_series() {
                return series.sums[0];
            }
        }
        gaussian.product_in_the_plane(q, c)
    }

    /// What a series may leave out, as a share.
    fn tolerance(&self) -> f64 {
        if self.gaussian.has_many_kinks() {
            COARSE.max(self.gaussian.tolerance())
        } else {
            self.gaussian.tolerance()
        }
    }

    /// The series, worked out if it is not yet.
    fn series(&mut self) -> &mut Series {
        let (gaussian, q) = (self.gaussian, self.q);
        self.series.get_or_insert_with(|| Series::new(&gaussian, q))
    }

    /// Shares that may be left out, where these are asked for.
    fn reached(&mut self, [product, slopes]: [f64; 2]) -> [f64; 2] {
        if self.gaussian.lone_power().is_none() || self.series().steep.is_none() {
            return [product, slopes];
        }
        [product.max(STEEP[0]), slopes.max(STEEP[1])]
    }

    /// Two inputs nearer to each other than a series reaches.
    fn near(&mut self, c: f64) -> Option<Pair> {
        self.near_steep(c).or_else(|| self.nearer_than_kinks(c))
    }

    /// Beside one kink where the slope has no bound.
    fn near_steep(&mut self, c: f64) -> Option<Pair> {
        if self.gaussian.jumps() || self.gaussian.lone_power().is_none() || !NearPairs::are(c) {
            return None;
        }
        let power = self.series().steep?.power();
        if self.series().near_steep.is_none() {
            let (q, sizes) = (self.q, self.series().sizes);
            let near = NearPairs::new(q, sizes, power, |c| self.sum(c, [0.0, f64::MAX]).sums[0]);
            self.series().near_steep = Some(near);
        }
        let [product, slopes] = self.series().near_steep?.at(c);
        Some(Pair { product, slopes })
    }

    /// Where kinks are many.
    fn nearer_than_kinks(&mut self, c: f64) -> Option<Pair> {
        /// δ over Δ² at which e^(−Δ²/4δ) is 10⁻¹¹.
        const NEAR: f64 = 0.01;
        let (gaussian, q) = (self.gaussian, self.q);
        if gaussian.jumps() || !gaussian.has_many_kinks() || c < 0.9 {
            return None;
        }
        let known = self.series.get_or_insert_with(|| Series::new(&gaussian, q));
        let far = known.far.as_ref()?;
        let (delta, bend) = (1.0 - c, far.bend());
        if delta > NEAR * far.least_distance().powi(2) {
            return None;
        }
        let curvature = *known.curvature.get_or_insert_with(|| {
            let activation = gaussian.activation();
            let [curvature] = gaussian.sums(q, |z, _, _| [activation.at(2, q.sqrt() * z).powi(2)]);
            q * q * curvature
        });
        let [second, slope] = known.sizes;
        let root = PI.sqrt() * bend * delta.sqrt();
        let product = second - q * slope * delta + 4.0 / 3.0 * root * delta;
        Some(Pair {
            product: product + 0.5 * curvature * delta * delta,
            slopes: slope - (2.0 * root + curvature * delta) / q,
        })
    }

    fn sum(&mut self, c: f64, tolerances: [f64; 2]) -> Mehler {
        let (gaussian, q) = (self.gaussian, self.q);
        let known = self.series.get_or_insert_with(|| Series::new(&gaussian, q));
        let mut sum = Mehler::new(q, c, known.sizes);
        for (k, coefficient) in known.coefficients[..TERMS].iter().enumerate() {
            sum.add(k, *coefficient);
        }
        if sum.holds(tolerances) || gaussian.jumps() {
            return sum;
        }
        if known.far.is_none() && known.steep.is_none() {
            if sum.may_hold(tolerances, MANY_TERMS) {
                known.integrate_more(&gaussian, q);
                for (k, coefficient) in known.coefficients.iter().enumerate().skip(TERMS) {
                    sum.add(k, *coefficient);
                }
            }
            return sum;
        }
        let (before, many) = (sum.left, gaussian.has_many_kinks());
        let (mut next, most) = (TERMS, if many { MOST_OF_MANY } else { MOST });
        while next < most && !sum.holds(tolerances) {
            sum.add(next, known.coefficient(next));
            next += 1;
        }
        sum.doubt(known.gap, TERMS, before);
        if many && c > 0.0 {
            sum.close(next);
        }
        sum
    }
}

impl Series {
    fn new(gaussian: &Gaussian<'_>, q: f64) -> Self {
        let activation = gaussian.activation();
        let mut sizes = [0.0; 2];
        let known: [f64; TERMS] = gaussian.hermite(q, |x, weight| {
            let (value, slope) = (activation.at(0, x), activation.at(1, x));
            sizes[0] += weight * value * value;
            sizes[1] += weight * slope * slope;
            value
        });
        let has_terms = gaussian.knows_pairs();
        let mut far = if has_terms { KinkSeries::new(activation, q.sqrt()) } else { None };
        let mut squares = 0.0;
        if let Some(far) = &mut far {
            while far.next() < TERMS {
                let k = far.next();
                let gap = known[k] - far.coefficient();
                squares += if k + HELD >= TERMS { gap * gap } else { 0.0 };
            }
        }
        let beside =
            |(kink, power): (f64, f64)| SteepSeries::after(&known, HELD, (kink / q.sqrt(), power));
        let steep = gaussian.lone_power().and_then(beside);
        Self {
            sizes,
            coefficients: known.to_vec(),
            far,
            steep: steep.map(|(series, _)| series),
            near_steep: None,
            gap: steep.map_or(squares / HELD as f64, |(_, gap)| gap),
            curvature: None,
        }
    }

    /// Up to [`MANY_TERMS`], if they are not known yet.
    fn integrate_more(&mut self, gaussian: &Gaussian<'_>, q: f64) {
        if self.coefficients.len() < MANY_TERMS {
            let activation = gaussian.activation();
            let known: [f64; MANY_TERMS] = gaussian.hermite(q, |x, _| activation.at(0, x));
            self.coefficients = known.to_vec();
        }
    }

    /// The k-th; all before it must have been asked for.
    fn coefficient(&mut self, k: usize) -> f64 {
        if k >= self.coefficients.len() {
            let far = self.far.as_mut().map(KinkSeries::coefficient);
            let next = far.or_else(|| self.steep.as_mut().map(SteepSeries::coefficient));
            self.coefficients.extend(next);
        }
        self.coefficients[k]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plane would take a hundred times as long.
    #[test]
    fn one_steep_kink_is_followed_by_a_series_and_two_are_not() {
        for (text, is_followed) in [
            ("abs(x-0.1)^0.7", true),
            ("relu(x+0.3)^0.8 + tanh(0.5*x)", true),
            ("relu(x+0.3)^0.8 + tanh(3*x)", false),
            ("abs(x)^0.6 + 0.1*x", true),
            ("abs(x-0.1)^0.7 + abs(x)^0.8", false),
            ("relu(x-0.1)^0.8 + relu(x)", false),
        ] {
            let activation = crate::theory::activation(text).unwrap();
            let gaussian = Gaussian::new(&*activation);
            assert_eq!(Series::new(&gaussian, 0.9).steep.is_some(), is_followed, "{text}");
        }
    }
}
