//! Averages of squashes over normal inputs, by few places: what gates need at every step.

/// Places from −6 to 6 deviations, half a deviation apart. The error of such a sum falls as e^(−4πa) with
/// the distance a of the nearest pole: 10⁻⁸ for tanh at variance 1, 10⁻⁴ at 4, less for a sigmoid.
const PLACES: i32 = 12;

/// A squash of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Squash {
    Sigmoid,
    Tanh,
}

/// Averages over z ~ N(bias, variance).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Averages {
    pub mean: f64,
    pub second: f64,
    pub slope_second: f64,
}

impl Squash {
    fn at(self, z: f64) -> (f64, f64) {
        match self {
            Self::Sigmoid => {
                let value = 1.0 / (1.0 + (-z).exp());
                (value, value * (1.0 - value))
            }
            Self::Tanh => {
                let value = z.tanh();
                (value, 1.0 - value * value)
            }
        }
    }

    pub fn averages(self, bias: f64, variance: f64) -> Averages {
        let deviation = variance.max(0.0).sqrt();
        let add = |sum: Averages, (place, weight): (f64, f64)| {
            let (value, slope) = self.at(bias + deviation * place);
            Averages {
                mean: sum.mean + weight * value,
                second: sum.second + weight * value * value,
                slope_second: sum.slope_second + weight * slope * slope,
            }
        };
        places().fold(Averages::default(), add)
    }

    /// The mean product of the squash of two numbers of this covariance.
    pub fn product(self, bias: f64, variance: f64, covariance: f64) -> f64 {
        let covariance = covariance.clamp(-variance, variance);
        let (common, own) = (covariance.abs().sqrt(), (variance - covariance.abs()).max(0.0));
        // Given what both have in common they are independent.
        let given = |place: f64| self.averages(bias + common * place, own).mean;
        let sign = covariance.signum();
        places().map(|(place, weight)| weight * given(place) * given(sign * place)).sum()
    }
}

/// Places in deviations and their weights.
fn places() -> impl Iterator<Item = (f64, f64)> {
    const STEP: f64 = 0.5;
    (-PLACES..=PLACES).map(|k| {
        let z = STEP * f64::from(k);
        (z, STEP * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt())
    })
}

#[cfg(test)]
mod tests {
    use fanin_engine::activations;
    use fanin_engine::moments::gaussian_moments;

    use super::*;
    use crate::theory::Gaussian;

    #[test]
    fn few_places_say_what_many_do() {
        for (squash, name) in [(Squash::Sigmoid, "sigmoid"), (Squash::Tanh, "tanh")] {
            let activation = activations::find(name).unwrap();
            for (bias, variance) in [(0.0, 1.0), (2.0, 1.0), (-3.0, 2.0), (0.0, 0.0)] {
                let (found, exact) = (
                    squash.averages(bias, variance),
                    gaussian_moments(&*activation, bias, variance),
                );
                assert!((found.mean - exact.mean).abs() < 1e-5, "{name} {found:?} {exact:?}");
                assert!((found.second - exact.second).abs() < 1e-5, "{name}");
                assert!((found.slope_second - exact.slope_second).abs() < 1e-4, "{name}");
            }
            for correlation in [-0.5, 0.0, 0.3, 1.0] {
                let exact = Gaussian::new(&*activation).product(1.0, correlation);
                let found = squash.product(0.0, 1.0, correlation);
                assert!((found - exact).abs() < 1e-5, "{name} at {correlation}: {found} {exact}");
            }
        }
    }
}
