//! Statistics of activations and gradients over the rows of a batch.
//!
//! Layout: `x` is (rows, columns), row-major; a column is a unit.

use fanin_kernels::matmul::{Matrix, matmul};
use fanin_kernels::reduce;

/// Columns that are the same in every row.
pub fn constant_columns(x: &[f32], columns: usize) -> usize {
    let first = &x[..columns];
    let mut same: Vec<usize> = (0..columns).collect();
    for row in x.chunks_exact(columns) {
        same.retain(|&column| row[column] == first[column]);
        if same.is_empty() {
            break;
        }
    }
    same.len()
}

/// The standard deviation of every column over the rows.
pub fn deviations_over_rows(x: &[f32], columns: usize) -> Vec<f64> {
    let rows = x.len() / columns;
    let squares = reduce::column_squares(x, &column_means(x, rows));
    squares.into_iter().map(|sum| (sum / rows as f64).sqrt()).collect()
}

/// The mean square of every row.
pub fn row_second_moments(x: &[f32], columns: usize) -> Vec<f64> {
    x.chunks_exact(columns).map(|row| reduce::sum_of_squares(row) / columns as f64).collect()
}

/// The standard error, over rows, of ln(mean of `top` / mean of `bottom`); 0 for a single row.
///
/// Both are means over the same rows, so the rows' shares of the two are subtracted before their
/// spread is taken (delta method).
pub fn log_ratio_error(top: &[f64], bottom: &[f64]) -> f64 {
    let rows = top.len() as f64;
    let (mean_top, mean_bottom) =
        (top.iter().sum::<f64>() / rows, bottom.iter().sum::<f64>() / rows);
    let squares = top.iter().zip(bottom).map(|(t, b)| (t / mean_top - b / mean_bottom).powi(2));
    let error = (squares.sum::<f64>() / (rows * (rows - 1.0).max(1.0))).sqrt();
    if error.is_finite() { error } else { 0.0 }
}

/// The part of a gradient that tells rows apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Telling {
    /// ‖Σ (δ − δ̄)(x − x̄)ᵀ‖ over the rows.
    pub norm: f64,
    /// The root mean square over rows of ‖rows·(δ − δ̄)(x − x̄)ᵀ‖.
    pub of_rows: f64,
}

/// What tells rows apart of the gradient G = Σ δxᵀ over the rows: it is G − rows·δ̄x̄ᵀ.
pub fn telling(gradient: &[f32], delta: &[f32], x: &[f32], rows: usize) -> Telling {
    let (mean_delta, mean_x) = (column_means(delta, rows), column_means(x, rows));
    let of_units = gradient.chunks_exact(mean_x.len()).zip(&mean_delta);
    let squares: f64 =
        of_units.map(|(row, d)| reduce::squares_beside(row, rows as f64 * d, &mean_x)).sum();
    let (off_delta, off_x) =
        (reduce::row_squares(delta, &mean_delta), reduce::row_squares(x, &mean_x));
    let products = off_delta.into_iter().zip(off_x).map(|(d, x)| d * x);
    Telling { norm: squares.sqrt(), of_rows: (products.sum::<f64>() * rows as f64).sqrt() }
}

/// The root mean square over rows of ‖rows·δxᵀ‖, the gradient of a row's own loss.
pub fn row_gradient_norm(delta: &[f32], x: &[f32], rows: usize) -> f64 {
    let squares = |x: &[f32]| -> Vec<f64> {
        x.chunks_exact(x.len() / rows).map(reduce::sum_of_squares).collect()
    };
    let sum: f64 = squares(delta).iter().zip(squares(x)).map(|(d, x)| d * x).sum();
    (sum * rows as f64).sqrt()
}

fn column_means(x: &[f32], rows: usize) -> Vec<f64> {
    let columns = x.len() / rows;
    let mut mean = vec![0.0; columns];
    reduce::sum_columns(x, columns, 0, &mut mean);
    mean.iter_mut().for_each(|m| *m /= rows as f64);
    mean
}

/// How far rows can still be told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median cosine between two rows; 1 where the rows are all 0.
    pub cosine: f64,
    /// (tr K)² / tr K² of the centered Gram matrix K: in how many directions rows differ.
    pub directions: f64,
}

/// How far the first `rows` rows of `x` can be told apart.
pub fn spread(x: &[f32], columns: usize, rows: usize) -> Spread {
    let (gram, count) = gram_of_first(x, columns, rows);
    Spread { cosine: median_cosine(&gram, count), directions: participation(gram, count) }
}

/// The median cosine alone.
pub fn cosine(x: &[f32], columns: usize, rows: usize) -> f64 {
    let (gram, count) = gram_of_first(x, columns, rows);
    median_cosine(&gram, count)
}

/// The scalar products of the first `rows` rows, and how many there are.
fn gram_of_first(x: &[f32], columns: usize, rows: usize) -> (Vec<f64>, usize) {
    let count = rows.min(x.len() / columns.max(1));
    let rows: Vec<f64> = x[..count * columns].iter().map(|&x| f64::from(x)).collect();
    (gram(&rows, count), count)
}

/// Scalar products of `count` rows, count × count.
pub fn gram(rows: &[f64], count: usize) -> Vec<f64> {
    let mut gram = vec![0.0; count * count];
    let rows = Matrix::new(rows, count, rows.len() / count.max(1));
    matmul(rows, rows.transposed(true), &mut gram, false);
    gram
}

fn median_cosine(gram: &[f64], count: usize) -> f64 {
    let inverse = |square: f64| if square > 0.0 { square.sqrt().recip() } else { 0.0 };
    let sizes: Vec<f64> = (0..count).map(|i| inverse(gram[i * count + i])).collect();
    let mut cosines = Vec::with_capacity(count * count / 2);
    for (i, row) in gram.chunks_exact(count.max(1)).enumerate() {
        let pairs = row.iter().zip(&sizes).take(i);
        cosines.extend(pairs.map(|(product, size)| {
            let size = size * sizes[i];
            if size > 0.0 { product * size } else { 1.0 }
        }));
    }
    let middle = cosines.len() / 2;
    if cosines.is_empty() {
        return 1.0;
    }
    *cosines.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The participation ratio of a Gram matrix after its rows and columns are centered; 0 where
/// nothing is left.
fn participation(mut gram: Vec<f64>, count: usize) -> f64 {
    let n = count as f64;
    let means: Vec<f64> =
        gram.chunks(count.max(1)).map(|row| row.iter().sum::<f64>() / n).collect();
    let mean = means.iter().sum::<f64>() / n;
    let scale = (0..count).map(|i| gram[i * count + i].abs()).fold(0.0, f64::max);
    for i in 0..count {
        for j in 0..count {
            gram[i * count + j] += mean - means[i] - means[j];
        }
    }
    let trace: f64 = (0..count).map(|i| gram[i * count + i]).sum();
    let squares: f64 = gram.iter().map(|k| k * k).sum();
    let rounding = 1e-12 * scale * n;
    if trace > rounding && squares > 0.0 { trace * trace / squares } else { 0.0 }
}

/// Share of the steepest slope below which an activation is flat.
pub const FLAT: f64 = 0.05;

/// What an activation's slope says of its inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slopes {
    /// Share of elements whose slope is below a twentieth of the steepest.
    pub flat: f64,
    /// Share of columns whose slope is 0 in every row.
    pub dead: f64,
    /// Share of columns whose slope is not 0 in any row.
    pub always_on: f64,
}

/// Shares of flat elements, and of columns that never or always let a gradient through.
///
/// `slopes` are φ′ at the inputs of the activation, `steepest` is max |φ′|.
pub fn slopes(slopes: &[f32], columns: usize, steepest: f64) -> Slopes {
    let flat = reduce::count_below(slopes, FLAT * steepest);
    let open = reduce::count_nonzero(slopes, columns);
    let rows = slopes.len() / columns;
    let share = |count: usize| open.iter().filter(|&&o| o as usize == count).count() as f64;
    Slopes {
        flat: flat as f64 / slopes.len() as f64,
        dead: share(0) / columns as f64,
        always_on: share(rows) / columns as f64,
    }
}

#[cfg(test)]
mod tests {
    use fanin_kernels::random::{Stream, fill_normal_f64};

    use super::*;

    #[test]
    fn rows_that_agree_span_nothing_and_orthogonal_rows_span_all() {
        let same = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0];
        let told = spread(&same, 2, 64);
        assert!((told.cosine - 1.0).abs() < 1e-12 && told.directions == 0.0, "{told:?}");
        let mut identity = [0.0; 16];
        (0..4).for_each(|i| identity[5 * i] = 3.0);
        let told = spread(&identity, 4, 64);
        assert_eq!(told.cosine, 0.0);
        assert!((told.directions - 3.0).abs() < 1e-9, "four centered rows span three: {told:?}");
        assert_eq!(spread(&[0.0; 8], 2, 64), Spread { cosine: 1.0, directions: 0.0 });
    }

    #[test]
    fn rows_on_a_line_span_one_direction() {
        let line: Vec<f32> = (0..8).flat_map(|i| [1.0 + i as f32, 2.0 - i as f32]).collect();
        assert!((spread(&line, 2, 64).directions - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_all_rows_share_of_a_gradient_tells_nothing() {
        let (delta, x) = ([1.0, -2.0, 1.0, -2.0], [3.0, 1.0, 2.0, 3.0, 1.0, 2.0]);
        let gradient = [6.0, 2.0, 4.0, -12.0, -4.0, -8.0];
        let shared = telling(&gradient, &delta, &x, 2);
        assert!(shared.norm < 1e-6 && shared.of_rows == 0.0, "{shared:?}");
        assert!((row_gradient_norm(&delta, &x, 2) - 2.0 * 70.0_f64.sqrt()).abs() < 1e-9);
        let apart = [1.0, -1.0];
        let along = [2.0, 3.0, -2.0, -3.0];
        let told = telling(&[4.0, 6.0], &apart, &along, 2);
        assert!((told.norm - 52.0_f64.sqrt()).abs() < 1e-6);
        assert!((told.of_rows - 52.0_f64.sqrt()).abs() < 1e-6, "both rows say the same");
    }

    #[test]
    fn columns_are_dead_always_on_or_between() {
        let got = slopes(&[0.0, 1.0, 1.0, 0.0, 0.0, 1.0], 3, 1.0);
        let third = 1.0 / 3.0;
        assert_eq!((got.flat, got.dead, got.always_on), (0.5, third, third));
    }

    #[test]
    fn the_error_of_a_log_ratio_is_that_of_repeated_draws() {
        let draw = |which: u64| {
            let mut z = [0.0; 200];
            fill_normal_f64(Stream::new(which, "rows"), 0, 0.0, 1.0, &mut z);
            z.map(|z| z * z).to_vec()
        };
        let (mut ratios, mut errors) = (Vec::new(), Vec::new());
        for repeat in 0..400 {
            let (top, bottom) = (draw(2 * repeat), draw(2 * repeat + 1));
            ratios.push((top.iter().sum::<f64>() / bottom.iter().sum::<f64>()).ln());
            errors.push(log_ratio_error(&top, &bottom));
        }
        let spread = reduce::variance(&ratios).sqrt();
        let told = reduce::mean(&errors);
        // The deviation of 400 draws is known to 1/√800 = 3.5 %; 15 % is over four of these.
        assert!((told / spread - 1.0).abs() < 0.15, "{told} for {spread}");
    }
}
