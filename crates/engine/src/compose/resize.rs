//! Resizing by interpolation, axis by axis, as image libraries and ONNX define it.
//!
//! Key: output position i of `n_out`, input coordinate u of `n_in` positions, s the scale
//! `n_out` / `n_in`.

use fanin_kernels::resample::Weights;

use crate::error::Result;
use crate::graph::{Graph, Wire, misfit};

/// Where an output position lies in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coordinates {
    /// u = (i + ½)/s − ½: centers of pixels of both grids share the plane.
    HalfPixel,
    /// As half pixels, centered anew where `n_out` is not s·`n_in`.
    HalfPixelSymmetric,
    /// As half pixels, but u = 0 for a single output position.
    HalfPixelOrFirst,
    /// u = (i + ½)/s, as TensorFlow once had it for nearest neighbors.
    HalfPixelEdge,
    /// u = i (`n_in` − 1)/(`n_out` − 1): first and last positions coincide.
    AlignCorners,
    /// u = i/s.
    Asymmetric,
}

/// Which input a coordinate takes that lies between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearest {
    /// The nearer one, the lower one in the middle.
    RoundDown,
    /// The nearer one, the upper one in the middle.
    RoundUp,
    /// The lower one.
    Floor,
    /// The upper one.
    Ceil,
}

/// How values between input positions are found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Interpolation {
    /// One input.
    Nearest(Nearest),
    /// The two neighbors, by distance.
    Linear,
    /// Four neighbors, by the cubic of Keys (1981) with this coefficient: −0.75 in PyTorch.
    Cubic(f64),
}

/// How an axis is resized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resize {
    /// How values between input positions are found.
    pub interpolation: Interpolation,
    /// Where an output position lies in the input.
    pub coordinates: Coordinates,
    /// When shrinking, widen the interpolation so that every input counts.
    pub antialias: bool,
    /// Leave out neighbors beyond the ends and scale the others up; else the ends are repeated.
    pub exclude_outside: bool,
}

impl Resize {
    /// This interpolation and these coordinates, without the rarer options.
    pub fn new(interpolation: Interpolation, coordinates: Coordinates) -> Self {
        Self { interpolation, coordinates, antialias: false, exclude_outside: false }
    }

    /// The map from `from` to `to` positions, where `scale` is output over input positions.
    pub fn weights(&self, from: usize, to: usize, scale: f64) -> Weights {
        Weights::new(
            from,
            (0..to).map(|i| self.row(self.coordinate(i, from, to, scale), from, scale)),
        )
    }

    fn coordinate(&self, i: usize, from: usize, to: usize, scale: f64) -> f64 {
        let (i, n_in, n_out) = (i as f64, from as f64, to as f64);
        let half = (i + 0.5) / scale - 0.5;
        match self.coordinates {
            Coordinates::HalfPixelOrFirst | Coordinates::AlignCorners if to == 1 => 0.0,
            Coordinates::HalfPixel | Coordinates::HalfPixelOrFirst => half,
            Coordinates::HalfPixelSymmetric => half + n_in / 2.0 * (1.0 - n_out / (scale * n_in)),
            Coordinates::HalfPixelEdge => half + 0.5,
            Coordinates::AlignCorners => i * (n_in - 1.0) / (n_out - 1.0),
            Coordinates::Asymmetric => i / scale,
        }
    }

    fn row(&self, coordinate: f64, from: usize, scale: f64) -> Vec<(usize, f64)> {
        let inside = |j: f64| j.clamp(0.0, (from - 1) as f64) as usize;
        let u = snapped(coordinate);
        let (radius, kernel): (f64, &dyn Fn(f64) -> f64) = match self.interpolation {
            Interpolation::Nearest(nearest) => return vec![(inside(nearest.pick(u)), 1.0)],
            Interpolation::Linear => (1.0, &|d| (1.0 - d).max(0.0)),
            Interpolation::Cubic(a) => (2.0, &move |d| cubic(a, d)),
        };
        let shrink = if self.antialias { scale.min(1.0) } else { 1.0 };
        let reach = radius / shrink;
        let mut row: Vec<(usize, f64)> = Vec::new();
        let mut total = 0.0;
        let mut j = (u - reach).ceil();
        while j <= u + reach {
            let weight = kernel((j - u).abs() * shrink);
            let outside = j < 0.0 || j > (from - 1) as f64;
            if weight != 0.0 && !(outside && self.exclude_outside) {
                total += weight;
                match row.last_mut() {
                    Some(last) if last.0 == inside(j) => last.1 += weight,
                    _ => row.push((inside(j), weight)),
                }
            }
            j += 1.0;
        }
        if self.antialias || self.exclude_outside {
            row.iter_mut().for_each(|entry| entry.1 /= total);
        }
        row
    }
}

impl Nearest {
    fn pick(self, u: f64) -> f64 {
        match self {
            Self::RoundDown => (u - 0.5).ceil(),
            Self::RoundUp => (u + 0.5).floor(),
            Self::Floor => u.floor(),
            Self::Ceil => u.ceil(),
        }
    }
}

/// A coordinate that is a multiple of ½ up to rounding, made exactly that: 7/(14/6) is below 3 in
/// floating point, and a floor would take the wrong neighbor.
fn snapped(u: f64) -> f64 {
    let nearest = (2.0 * u).round() / 2.0;
    if (u - nearest).abs() < 1e-9 * (1.0 + u.abs()) { nearest } else { u }
}

/// Keys (1981): 1 at 0, 0 at 1 and 2, with a continuous slope.
fn cubic(a: f64, d: f64) -> f64 {
    if d < 1.0 {
        ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0
    } else if d < 2.0 {
        (((d - 5.0) * d + 8.0) * d - 4.0) * a
    } else {
        0.0
    }
}

impl Graph {
    /// `x` with one axis resized to `length` positions, where `scale` is output over input
    /// positions: `length / before`, unless a scale was asked for that was rounded to a length.
    ///
    /// # Errors
    /// If there is no such axis, or no position, or the scale is not positive.
    pub fn resize_axis(
        &mut self,
        x: Wire,
        axis: usize,
        (length, scale): (usize, f64),
        options: &Resize,
    ) -> Result<Wire> {
        let from = self.shape(x).axes().get(axis).copied().unwrap_or(0);
        if from == 0 || length == 0 || !(scale > 0.0 && scale.is_finite()) {
            let wanted = format!("an axis {axis} to resize to {length} positions by {scale}");
            return Err(misfit("resize", &[self.type_of(x)], wanted));
        }
        self.resample(x, axis, options.weights(from, length, scale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(options: Resize, x: &[f64], (to, scale): (usize, f64), want: &[f64]) {
        let weights = options.weights(x.len(), to, scale);
        for (row, want) in want.iter().enumerate() {
            let got: f64 = weights.row(row).iter().map(|&(j, w)| w * x[j]).sum();
            assert!((got - want).abs() < 1e-6, "{options:?} row {row}: {got} {want}");
        }
        assert_eq!(weights.rows(), want.len());
    }

    /// Digits of `torch.nn.functional.interpolate` in f64 on (1, 2, 3, 5).
    #[test]
    fn interpolation_equals_that_of_pytorch() {
        use Coordinates::{AlignCorners, Asymmetric, HalfPixel};
        let new = Resize::new;
        let (x, cubic) = ([1.0, 2.0, 3.0, 5.0], Interpolation::Cubic(-0.75));
        let bicubic = [
            0.894_531_25,
            1.191_406_25,
            1.667_968_75,
            2.261_718_75,
            2.597_656_25,
            3.558_593_75,
            4.582_031_25,
            5.210_937_5,
        ];
        check(new(cubic, HalfPixel), &x, (8, 2.0), &bicubic);
        let corners = [1.0, 1.406_25, 2.0, 2.406_25, 3.0, 4.093_75, 5.0];
        check(new(cubic, AlignCorners), &x, (7, 1.75), &corners);
        let linear = [1.0, 1.357_142_857, 1.928_571_429, 2.5, 3.142_857_143, 4.285_714_286, 5.0];
        check(new(Interpolation::Linear, HalfPixel), &x, (7, 1.75), &linear);
        let antialias = |interpolation| Resize {
            antialias: true,
            exclude_outside: true,
            ..new(interpolation, HalfPixel)
        };
        check(antialias(Interpolation::Linear), &x, (3, 0.75), &[1.3, 2.5, 4.4]);
        let wide = [1.549_586_777, 3.871_900_826];
        check(antialias(Interpolation::Cubic(-0.5)), &x, (2, 0.5), &wide);
        let floor = new(Interpolation::Nearest(Nearest::Floor), Asymmetric);
        check(floor, &x, (6, 1.5), &[1.0, 1.0, 2.0, 3.0, 3.0, 5.0]);
        let exact = new(Interpolation::Nearest(Nearest::RoundUp), HalfPixel);
        check(exact, &x, (6, 1.5), &[1.0, 2.0, 2.0, 3.0, 5.0, 5.0]);
    }

    #[test]
    fn a_floor_does_not_fall_below_a_whole_number() {
        let options = Resize::new(Interpolation::Nearest(Nearest::Floor), Coordinates::Asymmetric);
        let weights = options.weights(6, 14, 14.0 / 6.0);
        for i in 0..14 {
            assert_eq!(weights.row(i), [(i * 6 / 14, 1.0)]);
        }
    }

    #[test]
    fn every_map_keeps_a_constant() {
        use Coordinates::{
            AlignCorners, Asymmetric, HalfPixel, HalfPixelOrFirst, HalfPixelSymmetric,
        };
        let kinds = [
            Interpolation::Nearest(Nearest::RoundUp),
            Interpolation::Nearest(Nearest::Ceil),
            Interpolation::Linear,
            Interpolation::Cubic(-0.5),
        ];
        let places = [HalfPixel, HalfPixelSymmetric, HalfPixelOrFirst, AlignCorners, Asymmetric];
        for (interpolation, coordinates) in kinds.into_iter().flat_map(|k| places.map(|p| (k, p))) {
            for (antialias, exclude_outside) in [(false, false), (true, false), (true, true)] {
                let options = Resize { interpolation, coordinates, antialias, exclude_outside };
                for (from, to) in [(5, 9), (9, 4), (7, 1), (1, 3)] {
                    let weights = options.weights(from, to, to as f64 / from as f64);
                    for row in 0..to {
                        let sum: f64 = weights.row(row).iter().map(|entry| entry.1).sum();
                        assert!((sum - 1.0).abs() < 1e-12, "{options:?} {from} to {to}: {sum}");
                    }
                }
            }
        }
    }
}
