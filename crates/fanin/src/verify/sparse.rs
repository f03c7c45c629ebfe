//! Tensors of which every unit, or every input, has the same number of zeros.

use super::fit::{ROUGHEST, agreement, round};
use crate::init::{Distribution, Matrix, Parameter, find};

/// A sparse scheme, and what its weights other than 0 are drawn from.
pub struct Sparse {
    /// The text of the scheme.
    pub label: String,
    /// What they are drawn from.
    pub distribution: Distribution,
    /// Probability that draws of it lie as far from it as these.
    pub agreement: f64,
}

/// Share of zeros below which no sparse scheme is looked for.
const FEWEST: f64 = 0.02;

/// The sparse scheme that fits, if zeros are spread as one spreads them.
pub fn fit(values: &[f32], parameter: &Parameter, zeros: usize) -> Option<Sparse> {
    let is_sparse = zeros as f64 >= FEWEST * values.len() as f64 && zeros < values.len();
    if !is_sparse || !parameter.axes.batch.is_empty() {
        return None;
    }
    let matrix = Matrix::of(parameter).ok()?;
    let is_zero = |unit, input| values[matrix.index(unit, input)] == 0.0;
    let of_unit = |unit| (0..matrix.columns).filter(|&input| is_zero(unit, input)).count();
    let of_input = |input| (0..matrix.rows).filter(|&unit| is_zero(unit, input)).count();
    let rule = if let Some(zeros) = common(matrix.rows, of_unit) {
        format!("sparse-martens:{}", matrix.columns - zeros)
    } else {
        let zeros = common(matrix.columns, of_input)?;
        format!("sparse-torch:{}", share(zeros, matrix.rows))
    };
    let mut kept: Vec<f32> = values.iter().copied().filter(|x| *x != 0.0).collect();
    kept.sort_by(f32::total_cmp);
    let square: f64 = kept.iter().map(|x| f64::from(*x).powi(2)).sum();
    let error = 3.0 / (2.0 * kept.len() as f64).sqrt();
    let deviation = round((square / kept.len() as f64).sqrt(), error.min(3.0 * ROUGHEST));
    let distribution = Distribution::normal(deviation);
    let agreement = agreement(&kept, &distribution);
    let label = find(&format!("{rule},{deviation}")).ok()?.label();
    Some(Sparse { label, distribution, agreement })
}

/// What `count` gives for every line, if it is the same and not 0.
fn common(lines: usize, count: impl Fn(usize) -> usize) -> Option<usize> {
    let first = count(0);
    (first > 0 && (1..lines).all(|line| count(line) == first)).then_some(first)
}

/// The roundest sparsity of which so many of `rows` come by rounding up.
fn share(zeros: usize, rows: usize) -> f64 {
    // Half a row below, so that rounding up meets it from either side.
    let middle = (zeros as f64 - 0.5) / rows as f64;
    let exact = zeros as f64 / rows as f64;
    let fits = |share: &f64| (share * rows as f64).ceil() as usize == zeros;
    let rounded = (1..=4).map(|digits| {
        let scale = 10_f64.powi(digits);
        [(exact * scale).round() / scale, (middle * scale).round() / scale]
    });
    rounded.flatten().find(fits).unwrap_or(middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Source, Values};

    #[track_caller]
    fn check(scheme: &str) {
        let parameter = Parameter::linear("w", 60, 90);
        let maker = find(scheme).unwrap();
        let values = Values::new(&parameter, Source::Scheme(&*maker), 99).into_all().unwrap();
        let zeros = values.iter().filter(|x| **x == 0.0).count();
        let found = fit(&values, &parameter, zeros).unwrap();
        assert_eq!(found.label, scheme);
        assert!(found.agreement > 1e-3, "{scheme}: {}", found.agreement);
    }

    #[test]
    fn sparse_schemes_are_told_by_their_zeros() {
        check("sparse-martens:15");
        check("sparse-martens:20,0.3");
        check("sparse-torch:0.9");
        check("sparse-torch:0.55,0.2");
    }

    #[test]
    fn zeros_spread_by_chance_are_no_sparse_scheme() {
        let parameter = Parameter::linear("w", 60, 90);
        let maker = find("normal:1").unwrap();
        let mut values = Values::new(&parameter, Source::Scheme(&*maker), 4).into_all().unwrap();
        values.iter_mut().filter(|x| **x > 0.5).for_each(|x| *x = 0.0);
        let zeros = values.iter().filter(|x| **x == 0.0).count();
        assert!(fit(&values, &parameter, zeros).is_none());
    }
}
