//! NumPy's older interface: `numpy.random.RandomState` and `numpy.random.seed`.

use crate::init::like::mersenne_twister::MersenneTwister;

/// `numpy.random.RandomState(seed)`: a Mersenne Twister and the polar method.
///
/// ```
/// let mut generator = fanin::init::like::numpy::RandomState::new(42);
/// let mut values = [0.0; 2];
/// generator.standard_normal(&mut values);
/// assert_eq!(values, [0.4967141530112327, -0.13826430117118466]);
/// ```
#[derive(Clone, Debug)]
pub struct RandomState {
    bits: MersenneTwister,
    spare_normal: Option<f64>,
}

impl RandomState {
    /// The generator that NumPy makes of a seed below 2³².
    pub fn new(seed: u32) -> Self {
        Self { bits: MersenneTwister::new(seed), spare_normal: None }
    }

    /// Fills `out` as `random_sample` and `rand`: uniform in [0, 1).
    pub fn random(&mut self, out: &mut [f64]) {
        out.fill_with(|| self.next_f64());
    }

    /// Fills `out` as `uniform(low, high)`.
    pub fn uniform(&mut self, out: &mut [f64], low: f64, high: f64) {
        let range = high - low;
        out.fill_with(|| low + range * self.next_f64());
    }

    /// Fills `out` as `standard_normal` and `randn`.
    pub fn standard_normal(&mut self, out: &mut [f64]) {
        out.fill_with(|| self.next_normal());
    }

    /// Fills `out` as `normal(mean, deviation)`.
    pub fn normal(&mut self, out: &mut [f64], mean: f64, deviation: f64) {
        out.fill_with(|| mean + deviation * self.next_normal());
    }

    fn next_f64(&mut self) -> f64 {
        let high = f64::from(self.bits.next_u32() >> 5);
        let low = f64::from(self.bits.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// Marsaglia's polar method: the second coordinate first, the first one kept for later.
    fn next_normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        loop {
            let x = 2.0 * self.next_f64() - 1.0;
            let y = 2.0 * self.next_f64() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare_normal = Some(factor * x);
                return factor * y;
            }
        }
    }
}
