//! How fast an activation that is given as text grows: far out, and beside a place where its slope has no end.
//!
//! Key: as in `gaussian`. Averages of what grows no faster than a line are over within ten deviations; e^(5x)
//! at q = 1 puts the weight of E φ² at ten deviations, that of E φ⁴ at twenty.

use fanin_engine::activations::Activation;

use super::quadrature::REACH;

/// The growth of a slope from which on its square has no finite mean: d^(−1/2) at a distance d.
const ENDLESS: f64 = 0.5;
/// The same for its fourth power.
const ENDLESS_FOURTH: f64 = 0.25;

/// What an activation does that quadrature must heed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// Whether it may grow faster than a line.
    is_fast: bool,
    /// a of the steepest place, where φ′ grows as d^(−a) or, for a = 0, slower than any power; `None`
    /// where slopes are bounded.
    steepest: Option<f64>,
    /// That place and its a, where it is the only one.
    alone: Option<(f64, f64)>,
}

impl Growth {
    /// Of an activation of the registry: no faster than its averages are made for.
    pub const TAME: Self = Self { is_fast: false, steepest: None, alone: None };

    /// As samples of an [`Expression`](super::Expression) show it.
    pub fn of(activation: &dyn Activation) -> Self {
        /// Times |x| that a value may be and count as a line.
        const LINE: f64 = 100.0;
        let far = (2..=16).flat_map(|k| {
            let x = f64::powf(10.0, 0.5 * f64::from(k));
            [x, -x]
        });
        let is_line = |x: f64| activation.at(0, x).abs() <= LINE * x.abs();
        let is_fast = !far.into_iter().all(is_line);
        let growths = activation.kinks().iter().filter_map(|kink| {
            let nearest = 1e-9 * kink.abs().max(1.0);
            Some((*kink, slope_growth(&|x| activation.at(1, x), *kink, nearest)?))
        });
        let steep: Vec<(f64, f64)> = growths.collect();
        let alone = if let [only] = steep[..] { Some(only) } else { None };
        let steepest = steep.iter().map(|(_, growth)| *growth).reduce(f64::max);
        Self { is_fast, steepest, alone }
    }

    /// The only kink towards which the slope grows without bound, and p, where φ goes as d^p at the distance d
    /// from it.
    pub fn lone_power(&self) -> Option<(f64, f64)> {
        self.alone.map(|(kink, growth)| (kink, 1.0 - growth))
    }

    /// Whether the slope grows without bound at a kink.
    pub fn is_steep(&self) -> bool {
        self.steepest.is_some()
    }

    /// Whether E φ′⁴ is infinite for the slope's growth at a kink.
    pub fn has_endless_fourth(&self) -> bool {
        self.steepest.is_some_and(|growth| growth >= ENDLESS_FOURTH - 0.01)
    }

    /// The share of E φ′² that lies within 2^(−`halvings`) of the steepest kink: ∫ d^(−2a).
    pub fn beside_kinks(&self, halvings: i32) -> f64 {
        self.steepest.map_or(0.0, |growth| f64::exp2(f64::from(-halvings) * (1.0 - 2.0 * growth)))
    }

    /// Deviations of x to both sides that the averages of |φ|^`power` and |φ′|^`power` take at
    /// standard deviation `deviation`; `None` where they have no end, or none within the numbers of a
    /// computer.
    pub fn reach(&self, activation: &dyn Activation, deviation: f64, power: f64) -> Option<f64> {
        /// Between places that are looked at.
        const STEP: f64 = 0.5;
        /// Further out the normal density itself is next to the smallest number.
        const PLACES: u32 = 74;
        /// −ln of what may be left out.
        const SMALL: f64 = 30.0;
        if !self.is_fast {
            return Some(REACH);
        }
        let height = |z: f64| {
            let x = deviation * z;
            let values = [activation.at(0, x), activation.at(0, -x)];
            let slopes = [activation.at(1, x), activation.at(1, -x)];
            if values.into_iter().any(|value| !value.is_finite()) {
                return f64::INFINITY;
            }
            let all =
                values.into_iter().chain(slopes.into_iter().filter(|slope| slope.is_finite()));
            power * all.fold(0.0_f64, |most, x| most.max(x.abs())).ln() - 0.5 * z * z
        };
        let (mut most, mut before) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for place in 1..=PLACES {
            let z = STEP * f64::from(place);
            let here = height(z);
            if here == f64::INFINITY {
                return None;
            }
            most = most.max(here);
            // Two in turn, for a value may be 0 by chance.
            if z >= REACH && here.max(before) <= most - SMALL {
                return Some(z);
            }
            before = here;
        }
        None
    }
}

/// a where `slope` grows as d^(−a) towards `place`, read at the distances `nearest`, ten and a hundred
/// times that; 0 where it grows slower than any power, `None` where it does not.
pub fn slope_growth(slope: &dyn Fn(f64) -> f64, place: f64, nearest: f64) -> Option<f64> {
    /// A rise of |φ′| over a tenth of the distance, as a share, that is no smooth one.
    const RISES: f64 = 1e-3;
    let beside = |sign: f64| {
        let at = |times: f64| slope(place + sign * times * nearest).abs();
        let [near, middle, far] = [1.0, 10.0, 100.0].map(at);
        if !near.is_finite() {
            return Some(f64::INFINITY);
        }
        if near - middle <= RISES * middle.max(f64::MIN_POSITIVE) || middle <= far {
            return None;
        }
        Some(((near - middle) / (middle - far)).log10().max(0.0))
    };
    [-1.0, 1.0].into_iter().filter_map(beside).reduce(f64::max)
}

/// A place near which `slope` has no finite mean square, of those that stand out among many between −40 and
/// 40: there its largest value grows as d^(−1/2) or faster, the closer it is looked at.
pub fn pole(slope: &dyn Fn(f64) -> f64) -> Option<f64> {
    const FURTHEST: f64 = 40.0;
    const PLACES: usize = 1 << 15;
    /// The steepest places that are looked at closer.
    const LOOKED_AT: usize = 64;
    /// A look is so many times closer than the one before, at so many places to both sides.
    const CLOSER: f64 = 8.0;
    const BESIDE: i32 = 16;
    /// Looks at most, and those of which the growth is read.
    const LOOKS: i32 = 12;
    const READ: i32 = 5;
    let step = 2.0 * FURTHEST / PLACES as f64;
    let at = |index: usize| (index as f64 + 0.5) * step - FURTHEST;
    let size = |x: f64| Some(slope(x).abs()).filter(|size| !size.is_nan()).unwrap_or(f64::INFINITY);
    let sizes: Vec<f64> = (0..PLACES).map(|index| size(at(index))).collect();
    let is_peak = |index: &usize| {
        let beside = [index.wrapping_sub(1), index + 1].map(|own| sizes.get(own).copied());
        beside.into_iter().flatten().all(|other| sizes[*index] >= other)
    };
    let mut peaks: Vec<usize> = (0..PLACES).filter(is_peak).collect();
    peaks.sort_by(|a, b| sizes[*b].total_cmp(&sizes[*a]));
    let closer = |peak: &usize| {
        let (mut place, mut half) = (at(*peak), step);
        let mut largest = Vec::new();
        while largest.len() < LOOKS as usize && half > 1e-13 * place.abs().max(1e-3) {
            let beside =
                (-BESIDE..=BESIDE).map(|k| place + half * f64::from(k) / f64::from(BESIDE));
            let sized = beside.map(|x| (size(x), x));
            let (most, x) = sized.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, place));
            if most == f64::INFINITY {
                return Some(x);
            }
            largest.push(most);
            (place, half) = (x, half / CLOSER);
        }
        let [.., before, _, _, _, _, last] = largest[..] else { return None };
        let growth = (last / before).ln() / (f64::from(READ) * CLOSER.ln());
        is_endless(growth).then_some(place)
    };
    peaks.iter().take(LOOKED_AT).find_map(closer)
}

/// Whether φ itself jumps at a kink.
///
/// A jump is as high at any distance. Where φ is only steep its rise falls as one looks closer: as d^p it
/// falls over the 10⁴ between both distances to a hundredth or less if φ′² has a mean, which takes p > 1/2.
pub fn jumps(activation: &dyn Activation, kink: f64) -> bool {
    const BESIDE: f64 = 1e-9;
    const NEARER: f64 = 1e-13;
    /// Of the rise, between the hundredth and all of it.
    const KEPT: f64 = 0.5;
    /// A rise that is no rounding, as a share of the values, of which none counts as below `LEAST`.
    const NOTABLE: f64 = 1e-4;
    const LEAST: f64 = 0.01;
    let at = |distance: f64| {
        let distance = distance * kink.abs().max(1.0);
        [activation.at(0, kink - distance), activation.at(0, kink + distance)]
    };
    let rise = |[left, right]: [f64; 2]| (right - left).abs();
    let [left, right] = at(BESIDE);
    let all = rise([left, right]);
    all > NOTABLE * left.abs().max(right.abs()).max(LEAST) && rise(at(NEARER)) > KEPT * all
}

/// Whether a slope that grows so has no finite mean square.
pub fn is_endless(growth: f64) -> bool {
    growth >= ENDLESS - 0.01
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_grow_as_their_powers_say() {
        for (power, growth) in [(0.5, Some(0.5)), (0.7, Some(0.3)), (1.0, None), (1.5, None)] {
            let slope = |x: f64| 100.0 + power * x.abs().powf(power - 1.0);
            let found = slope_growth(&slope, 0.0, 1e-9);
            match growth {
                Some(growth) => assert!((found.unwrap() - growth).abs() < 1e-6, "{found:?}"),
                None => assert_eq!(found, None),
            }
        }
        let logarithm = slope_growth(&|x: f64| x.abs().ln(), 0.0, 1e-9).unwrap();
        assert!(logarithm < 1e-6, "{logarithm}");
    }

    #[test]
    fn steps_jump_and_steep_kinks_do_not() {
        let jumps = |text: &str, kink: f64| {
            let written: crate::theory::Expression = text.parse().unwrap();
            jumps(&written, kink)
        };
        assert!(jumps("sign(x)", 0.0) && jumps("relu(x) + step(x)", 0.0));
        assert!(jumps("relu(x) + step(x - 2)", 2.0) && jumps("1e-3*step(x + 500)", -500.0));
        assert!(!jumps("sign(x)*abs(x)^0.6", 0.0) && !jumps("relu(x)", 0.0));
        assert!(!jumps("1e-200*x", 0.0) && !jumps("1e6*relu(x - 3)", 3.0));
        assert!(!jumps("sign(x - 2)*abs(x - 2)^0.51", 2.0));
    }

    #[test]
    fn a_lone_steep_kink_is_known_with_its_power() {
        let power = |text: &str| {
            let written: crate::theory::Expression = text.parse().unwrap();
            Growth::of(&written).lone_power()
        };
        let (kink, p) = power("abs(x-0.1)^0.7 + tanh(x)").unwrap();
        assert!((kink - 0.1).abs() < 1e-15 && (p - 0.7).abs() < 1e-6, "{kink} {p}");
        assert_eq!(power("abs(x-0.1)^0.7 + abs(x)^0.8"), None);
        assert_eq!(power("relu(x)"), None);
    }

    #[test]
    fn poles_are_found_and_steep_places_without_one_are_not() {
        let reciprocal = |x: f64| -1.0 / (x - 1.23456).powi(2);
        assert!((pole(&reciprocal).unwrap() - 1.23456).abs() < 1e-6);
        assert!(pole(&|x: f64| 1.0 / (x + 7.1)).is_some());
        assert!(pole(&|x: f64| 0.5 / (x - 0.3).abs().sqrt()).is_some());
        assert_eq!(pole(&|x: f64| 0.6 * (x - 0.3).abs().powf(-0.4)), None);
        assert_eq!(pole(&|x: f64| 300.0 * (300.0 * x).cos()), None);
        assert_eq!(pole(&|x: f64| 2.0 * x.max(0.0)), None);
        assert_eq!(pole(&|x: f64| f64::from(u8::from(x > 0.0)) + 1e-9), None);
        assert_eq!(pole(&|_| 1.0), None);
    }

    #[test]
    fn reach_follows_the_weight_of_an_average() {
        let reach = |text: &str, deviation: f64, power: f64| {
            let activation: crate::theory::Expression = text.parse().unwrap();
            Growth::of(&activation).reach(&activation, deviation, power)
        };
        assert_eq!(reach("tanh(x) + x", 1e3, 4.0), Some(REACH));
        // The peak of E φ² lies at 10, and seven deviations beyond it all is said.
        let found = reach("exp(5*x)", 1.0, 2.0).unwrap();
        assert!((17.0..20.0).contains(&found), "{found}");
        assert_eq!(reach("exp(5*x)", 10.0, 2.0), None);
        // E exp(0.4·x²) is finite, its square has no mean.
        assert!(reach("exp(0.2*x^2)", 1.0, 2.0).is_some());
        assert_eq!(reach("exp(0.2*x^2)", 1.0, 4.0), None);
    }
}
