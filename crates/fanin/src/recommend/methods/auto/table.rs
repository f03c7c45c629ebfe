//! A function of z by its values at many places, straight between them.

/// How far the table goes to both sides: ten deviations of the largest z that is tried.
const REACH: f64 = 40.0;
/// Places for each unit of z.
const PER_UNIT: f64 = 256.0;
/// Deviations of z from a few places of the table to all of it, at which functions are held against each other.
const SCALES: [f64; 4] = [1.0 / 64.0, 0.125, 1.0, 10.0];

/// Values of a function at [`Table::places`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table(Vec<f64>);

impl Table {
    /// The places, ascending, in equal steps.
    pub fn places() -> Vec<f64> {
        let steps = (2.0 * REACH * PER_UNIT) as u32;
        (0..=steps).map(|step| f64::from(step) / PER_UNIT - REACH).collect()
    }

    /// The function of these values; none if there are not as many as places, or one is no number.
    pub fn new(values: Vec<f64>) -> Option<Self> {
        let is_whole = values.len() == Self::places().len();
        (is_whole && values.iter().all(|value| value.is_finite())).then_some(Self(values))
    }

    /// Value and slope at `z`, the slope as straight as the value; beyond the table, as at its last places.
    pub fn at(&self, z: f64) -> (f64, f64) {
        let place = (z + REACH) * PER_UNIT;
        let step = (place.max(1.0) as usize).min(self.0.len() - 3);
        let part = place - step as f64;
        let between = |left: f64, right: f64| left + part * (right - left);
        let [before, left, right, behind] = [step - 1, step, step + 1, step + 2].map(|i| self.0[i]);
        let slope = between(right - before, behind - left) * 0.5 * PER_UNIT;
        (between(left, right), slope)
    }

    /// Second moments of the function and of its slope, for z ~ N(0, q), by the midpoint rule up to 9
    /// deviations, in steps of 1/32 of one and no longer than the table's.
    pub fn moments(&self, q: f64) -> (f64, f64) {
        const DEVIATIONS: f64 = 9.0;
        let deviation = q.sqrt();
        let count = (2.0 * DEVIATIONS * (PER_UNIT * deviation).max(32.0)).ceil();
        let step = 2.0 * DEVIATIONS / count;
        let mut sums = [0.0; 2];
        for index in 0..count as u32 {
            let x = (f64::from(index) + 0.5) * step - DEVIATIONS;
            let weight = step * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
            let (value, slope) = self.at(deviation * x);
            sums[0] += weight * value * value;
            sums[1] += weight * slope * slope;
        }
        sums.into()
    }

    /// Whether the function is a multiple of z, be z small or large.
    pub fn is_linear(&self) -> bool {
        let by = self.at(1.0).0;
        self.is(|z| by * z)
    }

    /// Whether the same values stand in both, be z small or large.
    pub fn is_like(&self, other: &Self) -> bool {
        self.is(|z| other.at(z).0)
    }

    /// Whether it is this function at every scale of z.
    pub fn is(&self, other: impl Fn(f64) -> f64) -> bool {
        SCALES.iter().all(|&deviation| self.is_at(deviation, &other))
    }

    /// The frequency a, if the function is sin(a·z).
    pub fn frequency(&self) -> Option<f64> {
        let frequency = self.at(1.0 / PER_UNIT).0.asin() * PER_UNIT;
        let is_sine = || self.is_at(1.0, |z| (frequency * z).sin());
        (frequency.is_finite() && frequency != 0.0 && is_sine()).then_some(frequency)
    }

    /// Whether it is this function where z of such a deviation mostly lies: at places of the table, up to four
    /// deviations from 0.
    fn is_at(&self, deviation: f64, other: impl Fn(f64) -> f64) -> bool {
        /// How far the function may be off, as a share of its root mean square.
        const NEAR: f64 = 1e-3;
        /// Places to each side, about.
        const PLACES: usize = 400;
        let last = (4.0 * deviation * PER_UNIT) as usize;
        let places = || {
            let steps = (0..=last).step_by(last.div_ceil(PLACES));
            steps.flat_map(|step| [-1.0, 1.0].map(|side| side * step as f64 / PER_UNIT))
        };
        let squares: f64 = places().map(|z| other(z).powi(2)).sum();
        let apart: f64 = places().map(|z| (other(z) - self.at(z).0).powi(2)).sum();
        apart <= NEAR * NEAR * squares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(f: impl Fn(f64) -> f64) -> Table {
        Table::new(Table::places().into_iter().map(f).collect()).unwrap()
    }

    #[test]
    fn moments_are_those_of_closed_forms() {
        // E sin(az)² = (1 − e^(−2a²q))/2 and E (a cos az)² = a² (1 + e^(−2a²q))/2; E z⁴ = 3q².
        for (a, q) in [(1.0, 1.0), (5.0, 0.05), (30.0, 1e-3), (30.0, 1.0)] {
            let (second, slope) = table(|z| (a * z).sin()).moments(q);
            let damped = f64::exp(-2.0 * a * a * q);
            let wanted = (0.5 * (1.0 - damped), 0.5 * a * a * (1.0 + damped));
            // Straight lines of 1/256 leave off (a/256)²/3 or so.
            let off = 1e-4 + (a / PER_UNIT).powi(2);
            assert!((second / wanted.0 - 1.0).abs() < off, "{a} {q}: {second} {wanted:?}");
            assert!((slope / wanted.1 - 1.0).abs() < off, "{a} {q}: {slope} {wanted:?}");
        }
        let (second, slope) = table(|z| z * z).moments(0.5);
        assert!((second / 0.75 - 1.0).abs() < 1e-4 && (slope / 2.0 - 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_function_is_known_again() {
        assert!(table(|z| 0.3 * z).is_linear() && !table(|z| 0.3 * z + 0.1).is_linear());
        assert!(table(f64::tanh).is(f64::tanh) && !table(|z| (1.1 * z).tanh()).is(f64::tanh));
        assert!(table(|z| z.max(0.0).powi(2)).is(|z| z.max(0.0).powi(2)));
        assert!(table(|z| (300.0 * z).sin()).is(|z| (300.0 * z).sin()));
        let [one, other] = [5.0, 5.1].map(|a: f64| table(move |z| (a * z).tanh()));
        assert!(one.is_like(&one.clone()) && !one.is_like(&other) && !other.is_like(&one));
    }

    #[test]
    fn what_bends_only_near_0_or_far_from_it_is_not_linear() {
        let shrunk = |z: f64| z.signum() * (z.abs() - 1e-3).max(0.0);
        assert!(!table(shrunk).is_linear() && !table(|z| z.clamp(-6.0, 6.0)).is_linear());
    }

    #[test]
    fn sines_are_known_by_their_frequency() {
        for a in [1.0, 5.0, 30.0, -30.0] {
            let found = table(move |z| (a * z).sin()).frequency().unwrap();
            assert!((found / a - 1.0).abs() < 1e-6, "{found} {a}");
        }
        assert_eq!(table(f64::tanh).frequency(), None);
        assert_eq!(table(|z| 2.0 * (30.0 * z).sin()).frequency(), None);
    }

    #[test]
    fn what_is_no_number_somewhere_has_no_table() {
        let logs = Table::places().into_iter().map(f64::ln).collect();
        assert_eq!(Table::new(logs), None);
        assert_eq!(Table::new(vec![0.0; 3]), None);
    }
}
