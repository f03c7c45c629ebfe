//! Rows that are brought to mean 0 and variance 1 over their batch, unit by unit.
//!
//! A unit's own mean and variance over few rows are no constants: where some rows are large or all are
//! alike, its values are ratios in which both vary together. And the gradient loses what lies along
//! ones and along the values themselves, on which its own slopes depend. Both are averages over units
//! that are drawn as theory has them: normal over rows.
//!
//! Key: B rows, u a unit's values less their mean, v = |u|²/B, y = u/√v.

use fanin_kernels::random::{Stream, fill_normal};

use super::pairs::Pairs;
use super::{Spread, expansion};

/// Units that are drawn.
const UNITS: usize = 2048;

/// Units drawn with this covariance between rows.
fn units(covariance: &[f64], rows: usize) -> Vec<Vec<f64>> {
    let root = square_root(covariance, rows);
    let unit = |numbers: Vec<f64>| {
        let of_row =
            |row: &[f64]| -> f64 { row.iter().zip(&numbers).map(|(root, z)| root * z).sum() };
        let mut unit: Vec<f64> = root.chunks_exact(rows).map(of_row).collect();
        let mean = unit.iter().sum::<f64>() / rows as f64;
        unit.iter_mut().for_each(|u| *u -= mean);
        unit
    };
    independent(rows).into_iter().map(unit).collect()
}

/// Normal numbers for every unit whose mean products are exactly those of independent ones.
///
/// Norms in a row all take the same draws. What these have in common by chance would else stand in the
/// covariance that the next norm is given, and be drawn again: after ten of them it is 7 % of the variance.
fn independent(rows: usize) -> Vec<Vec<f64>> {
    let mut numbers = vec![0.0_f32; rows * UNITS];
    fill_normal(Stream::new(0, "units"), 0, 0.0, 1.0, &mut numbers);
    let numbers: Vec<f64> = numbers.into_iter().map(f64::from).collect();
    let mut products = vec![0.0; rows * rows];
    numbers.chunks_exact(rows).for_each(|unit| add_square(&mut products, unit, 1.0 / UNITS as f64));
    let root = square_root(&products, rows);
    let solve = |unit: &[f64]| {
        let mut solved = vec![0.0; rows];
        for (row, root) in root.chunks_exact(rows).enumerate() {
            let known: f64 = solved[..row].iter().zip(root).map(|(z, root)| z * root).sum();
            // More rows than units leave some without a direction of their own.
            solved[row] = if root[row] > 0.0 { (unit[row] - known) / root[row] } else { 0.0 };
        }
        solved
    };
    numbers.chunks_exact(rows).map(solve).collect()
}

/// The lower triangle L with L·Lᵀ of this value, rows of L one after another; directions in which
/// nothing is left count as 0.
pub(super) fn square_root(covariance: &[f64], rows: usize) -> Vec<f64> {
    let most = (0..rows).map(|row| covariance[row * (rows + 1)]).fold(0.0, f64::max);
    let mut root = vec![0.0; rows * rows];
    for a in 0..rows {
        for b in 0..=a {
            let known: f64 = (0..b).map(|k| root[a * rows + k] * root[b * rows + k]).sum();
            let left = covariance[a * rows + b] - known;
            let pivot = root[b * (rows + 1)];
            root[a * rows + b] = if a == b {
                if left > 1e-10 * most { left.sqrt() } else { 0.0 }
            } else if pivot > 0.0 {
                left / pivot
            } else {
                0.0
            };
        }
    }
    root
}

impl Spread {
    /// Of x (B, G) or (B, G, 1), whose rows are known: what they are over their deviation over rows; none of
    /// others.
    pub(crate) fn over_batch(&self, epsilon: f64) -> Option<Self> {
        let (own, covariance) = self.batch()?;
        let mut of_rows = vec![0.0; own.rows * own.rows];
        for unit in units(&covariance, own.rows) {
            let by = 1.0 / (variance(&unit) + epsilon) / UNITS as f64;
            add_square(&mut of_rows, &unit, by);
        }
        Some(self.of_units(own, of_rows))
    }

    /// The gradient through [`over_batch`](Self::over_batch) of x, of which a gradient h·f(y) comes
    /// back: h is this spread, f has these values at these places, and E r² is `factor`, for r the
    /// factor on the gradient.
    pub(super) fn back_over_batch(
        &self,
        x: &Self,
        (places, values): (&[f64], &[f64]),
        factor: f64,
    ) -> Option<Self> {
        let (own, covariance) = x.batch()?;
        let rows = own.rows;
        let h = self.aligned_like(x)?.told_of_rows(own.digit, rows);
        let trace: f64 = (0..rows).map(|row| covariance[row * (rows + 1)]).sum();
        let mean_variance = trace / rows as f64;
        let mut of_rows = vec![0.0; rows * rows];
        let mut gradient = vec![0.0; rows * rows];
        for mut unit in units(&covariance, rows) {
            let own = variance(&unit);
            if own <= 0.0 {
                continue;
            }
            unit.iter_mut().for_each(|u| *u /= own.sqrt());
            let slopes: Vec<f64> =
                unit.iter().map(|y| expansion::on_lines(places, values, *y)).collect();
            for (place, gradient) in gradient.iter_mut().enumerate() {
                *gradient = h.of(0)[place] * slopes[place / rows] * slopes[place % rows];
            }
            let ones = vec![1.0; rows];
            project(&mut gradient, &ones);
            project(&mut gradient, &unit);
            let by = factor * mean_variance / own / UNITS as f64;
            of_rows.iter_mut().zip(&gradient).for_each(|(sum, own)| *sum += by * own);
        }
        Some(x.of_units(own, of_rows))
    }

    /// The rows of (B, G, 1), and the covariance of a unit between them.
    fn batch(&self) -> Option<(&Pairs, Vec<f64>)> {
        let own = self.pairs.as_ref().filter(|own| own.digit == 0 && self.axes.len() > 1)?;
        if self.axes[0] != [own.rows] || self.axes[2..].iter().any(|own| !own.is_empty()) {
            return None;
        }
        let mut covariance = own.of(0).to_vec();
        project(&mut covariance, &vec![1.0; own.rows]);
        Some((own, covariance))
    }

    /// With these factors, or none if it has another shape.
    fn aligned_like(&self, other: &Self) -> Option<Self> {
        let own = if self.shape() == other.shape() {
            self.clone()
        } else {
            self.reshaped(&other.shape())
        };
        (own.axes == other.axes).then_some(own)
    }

    /// Units of this shape that are independent, of mean 0, with these mean products of rows.
    fn of_units(&self, own: &Pairs, of_rows: Vec<f64>) -> Self {
        let mut products = of_rows;
        products.resize(own.products.len(), 0.0);
        let means = vec![0.0; own.rows];
        Self::from_pairs(self.axes.clone(), Pairs { means, products, places: None, ..own.clone() })
    }
}

fn variance(unit: &[f64]) -> f64 {
    unit.iter().map(|u| u * u).sum::<f64>() / unit.len().max(1) as f64
}

/// Adds c·u·uᵀ.
fn add_square(sum: &mut [f64], u: &[f64], by: f64) {
    for (row, a) in sum.chunks_exact_mut(u.len()).zip(u) {
        row.iter_mut().zip(u).for_each(|(sum, b)| *sum += by * a * b);
    }
}

/// P·M·P of a symmetric M, where P takes out what lies along `along`.
fn project(matrix: &mut [f64], along: &[f64]) {
    let rows = along.len();
    let square: f64 = along.iter().map(|x| x * x).sum();
    if square <= 0.0 {
        return;
    }
    let dot = |row: &[f64]| row.iter().zip(along).map(|(m, x)| m * x).sum::<f64>();
    let image: Vec<f64> = matrix.chunks_exact(rows).map(|row| dot(row) / square).collect();
    let both = image.iter().zip(along).map(|(i, x)| i * x).sum::<f64>() / square;
    for (row, (a, image_a)) in matrix.chunks_exact_mut(rows).zip(along.iter().zip(&image)) {
        for (m, (b, image_b)) in row.iter_mut().zip(along.iter().zip(&image)) {
            *m += both * a * b - image_a * b - a * image_b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_covariance_they_are_given_to_the_last_digits() {
        const ROWS: usize = 24;
        let of = |at: usize| {
            let (a, b) = (at / ROWS, at % ROWS);
            let own = if a == b { 1.0 + a as f64 / 8.0 } else { 0.3 };
            own - 0.02 * (a + b) as f64
        };
        let mut covariance: Vec<f64> = (0..ROWS * ROWS).map(of).collect();
        project(&mut covariance, &[1.0; ROWS]);
        let mut found = vec![0.0; ROWS * ROWS];
        for unit in units(&covariance, ROWS) {
            add_square(&mut found, &unit, 1.0 / UNITS as f64);
        }
        let off = found.iter().zip(&covariance).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-9, "off by {off}");
    }
}
