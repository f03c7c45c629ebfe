//! The distribution of φ′² over normal inputs: the diagonal factor of a Jacobian.

use super::complex::Complex;
use super::gaussian::Gaussian;
use super::jacobian::Weights;
use super::layer::Layer;
use super::quadrature::{cuts, visit};

/// The distribution of φ′² at one q, as places with their weights, ascending.
pub struct Slopes {
    /// Places and weights; equal ones are one.
    pub squares: Vec<(f64, f64)>,
    /// Places that hold a mass, because φ is straight there.
    pub masses: Vec<(f64, f64)>,
    /// The largest φ′².
    pub highest: f64,
}

/// E s/(z − s), E z/(z − s) = 1 + E s/(z − s), and the derivative of both by ln z, s = φ′².
pub struct MomentSeries {
    pub value: Complex,
    pub one_more: Complex,
    pub slope: Complex,
}

impl Slopes {
    /// As the spectrum of `depth` layers needs them: where it is that of φ′² itself, finely.
    pub fn of(layer: &Layer<'_>, q: f64, depth: usize, weights: Weights) -> Self {
        let alone = depth == 1 && weights == Weights::Orthogonal;
        Self::new(&layer.gaussian, q, if alone { 1024 } else { 0 })
    }

    /// At inputs of variance `q`, with `further` pieces of quadrature over the line.
    fn new(gaussian: &Gaussian<'_>, q: f64, further: usize) -> Self {
        /// Weight below which a place does not count.
        const NOTHING: f64 = 1e-15;
        /// Nodes of one value that are more than chance and symmetry make.
        const MANY: usize = 32;
        let (activation, deviation) = (gaussian.activation(), q.sqrt());
        let kinks = activation.kinks().iter().map(|kink| kink / deviation);
        let finer = (1..further).map(|i| 16.0 * i as f64 / further as f64 - 8.0);
        let mut all: Vec<(f64, f64)> = Vec::new();
        visit(&cuts(1.0 / deviation, kinks.chain(finer)), |z, weight| {
            let slope = activation.at(1, deviation * z);
            all.push((slope * slope, weight));
        });
        all.retain(|(_, weight)| *weight > NOTHING);
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = all.iter().map(|(_, weight)| weight).sum();
        let mut merged: Vec<(f64, f64, usize)> = Vec::new();
        for (square, weight) in all {
            match merged.last_mut() {
                Some(last) if square - last.0 <= 4.0 * f64::EPSILON * square => {
                    last.1 += weight / total;
                    last.2 += 1;
                }
                _ => merged.push((square, weight / total, 1)),
            }
        }
        let is_mass = |place: &&(f64, f64, usize)| place.2 >= MANY && place.1 > 1e-9;
        Self {
            masses: merged.iter().filter(is_mass).map(|place| (place.0, place.1)).collect(),
            highest: merged.last().map_or(0.0, |place| place.0),
            squares: merged.into_iter().map(|place| (place.0, place.1)).collect(),
        }
    }

    /// The probability that φ′ = 0.
    pub fn mass_at_zero(&self) -> f64 {
        self.masses.first().map_or(0.0, |place| if place.0 == 0.0 { place.1 } else { 0.0 })
    }

    /// The z > sup φ′² with E φ′²/(z − φ′²) = `m`, which falls in z.
    pub fn inverse_moments(&self, m: f64) -> f64 {
        let moments = |z: f64| -> f64 {
            self.squares.iter().map(|(square, weight)| weight * square / (z - square)).sum()
        };
        // By steps of z − sup in powers of 2, then bisection, both in the logarithm.
        let (mut low, mut high) = (-60.0, 60.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            let z = self.highest * (1.0 + f64::exp2(middle));
            if moments(z) > m { low = middle } else { high = middle }
        }
        self.highest * (1.0 + f64::exp2(f64::midpoint(low, high)))
    }

    /// The series at a `z` off the positive real axis.
    pub fn series(&self, z: Complex) -> MomentSeries {
        let mut sums = [Complex::ZERO; 3];
        for &(square, weight) in &self.squares {
            let part = Complex::new(weight, 0.0) / (z - Complex::new(square, 0.0));
            let [value, one_more, slope] = sums;
            let here = part.scaled(square);
            let also = part * z;
            sums = [value + here, one_more + also, slope - (here * also).scaled(1.0 / weight)];
        }
        let [value, one_more, slope] = sums;
        MomentSeries { value, one_more, slope }
    }
}
