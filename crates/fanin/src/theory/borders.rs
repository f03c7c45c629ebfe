//! What zero padding does to signals and gradients near the border of an image.
//!
//! Key: `q_p` the second moment of the pre-activations at position p, K × K a kernel of stride 1
//! whose output is as large as its input, W(p) the positions of the input that it sees at p.
//!
//! ```text
//! q′_p = σ_w²/K²·Σ E φ²(q_r) over r in W(p) + σ_b²
//! E δ_r² = σ_w²/K²·E φ′²(q_r)·Σ E δ′_p² over p with r in W(p)
//! ```
//!
//! Positions outside of the image are 0 and add nothing, so that a corner of a 3 × 3 kernel has 4
//! of its 9 inputs. The rest of the theory is that of an image without borders.

use serde::Serialize;

use super::layer::Layer;
use crate::error::{Error, Result};

/// Images at most so high and wide: every position is followed on its own.
pub const LARGEST_IMAGE: usize = 512;

/// Where a zero-padded convolution begins, and how large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// K, odd: rows and columns of the kernel.
    pub kernel: usize,
}

/// What zero padding does over some layers, beside an image without borders.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Borders {
    /// The image.
    pub image: Image,
    /// q in the middle of the image.
    pub center: f64,
    /// q in a corner.
    pub corner: f64,
    /// q in the middle of the upper edge.
    pub edge: f64,
    /// Mean of q over all positions.
    pub mean: f64,
    /// Without borders.
    pub without: f64,
    /// log₁₀ of the factor on the mean of E δ² over positions, from last to first layer, where
    /// all positions of the last have the same.
    pub gradient_log10: f64,
    /// The same without borders.
    pub gradient_log10_without: f64,
}

impl Image {
    /// Holds that the kernel is odd, and that the image is neither empty nor too large.
    ///
    /// # Errors
    /// [`Error::Setting`] where it is not so.
    pub fn check(&self) -> Result<()> {
        let sides = 1..=LARGEST_IMAGE;
        let is_fine = sides.contains(&self.height)
            && sides.contains(&self.width)
            && self.kernel % 2 == 1
            && self.kernel <= LARGEST_IMAGE;
        if is_fine {
            return Ok(());
        }
        Err(Error::Setting {
            place: "image and kernel".to_owned(),
            found: format!("{} × {}, kernel {}", self.height, self.width, self.kernel),
            expected: format!("sides from 1 to {LARGEST_IMAGE}, and an odd kernel"),
        })
    }

    /// Σ over the window of every position.
    fn windows(&self, values: &[f64]) -> Vec<f64> {
        let across: Vec<f64> =
            values.chunks(self.width).flat_map(|row| sums(row, self.kernel)).collect();
        let mut found = vec![0.0; values.len()];
        for column in 0..self.width {
            let down: Vec<f64> =
                (0..self.height).map(|row| across[row * self.width + column]).collect();
            for (row, sum) in sums(&down, self.kernel).into_iter().enumerate() {
                found[row * self.width + column] = sum;
            }
        }
        found
    }
}

/// Positions over all layers, whose slopes are kept for the way back: half a gigabyte.
const MOST_SLOPES: usize = 1 << 26;

/// Sums over windows of `kernel` values, 0 outside.
fn sums(values: &[f64], kernel: usize) -> Vec<f64> {
    let half = kernel / 2;
    let window = |at: usize| {
        let end = (at + half + 1).min(values.len());
        values[at.saturating_sub(half)..end].iter().sum()
    };
    (0..values.len()).map(window).collect()
}

/// What `depth` layers of zero-padded convolutions do to an image whose positions all begin with
/// second moment `q`.
///
/// # Errors
/// As [`Image::check`], and where image and depth together are too large to keep.
///
/// ```
/// use fanin::theory::{Image, Layer, Point, borders};
/// let relu = fanin::engine::activations::find("relu").expect("it is registered");
/// let layer = Layer::new(&*relu, Point::new(2.0, 0.0));
/// let found = borders(&layer, Image { height: 9, width: 9, kernel: 3 }, 1.0, 1)?;
/// assert!((found.center - 1.0).abs() < 1e-12 && (found.corner - 4.0 / 9.0).abs() < 1e-12);
/// # Ok::<(), fanin::Error>(())
/// ```
pub fn borders(layer: &Layer<'_>, image: Image, q: f64, depth: usize) -> Result<Borders> {
    image.check()?;
    let slopes = image.height * image.width * depth;
    if slopes > MOST_SLOPES {
        return Err(Error::Setting {
            place: "image and depth".to_owned(),
            found: format!("{} × {} through {depth} layers", image.height, image.width),
            expected: format!("at most {MOST_SLOPES} positions over all layers"),
        });
    }
    let area = (image.kernel * image.kernel) as f64;
    let weight = layer.point.weight_variance / area;
    let mut q_p = vec![q; image.height * image.width];
    let (mut slopes, mut without, mut log_without) = (Vec::with_capacity(depth), q, 0.0);
    for _ in 0..depth {
        let (second, slope) = averages(layer, &q_p);
        slopes.push(slope);
        let sums = image.windows(&second).into_iter();
        q_p = sums.map(|sum| weight * sum + layer.point.bias_variance).collect();
        log_without += layer.gradient_factor(without).log10();
        without = layer.second_moment(without);
    }
    let (mut delta, mut log) = (vec![1.0; q_p.len()], 0.0);
    for slope in slopes.iter().rev() {
        let sums = image.windows(&delta);
        delta = sums.iter().zip(slope).map(|(sum, slope)| weight * sum * slope).collect();
        let mean = mean(&delta);
        log += mean.log10();
        delta.iter_mut().for_each(|value| *value /= mean);
    }
    let at = |row: usize, column: usize| q_p[row * image.width + column];
    Ok(Borders {
        image,
        center: at(image.height / 2, image.width / 2),
        corner: at(0, 0),
        edge: at(0, image.width / 2),
        mean: mean(&q_p),
        without,
        gradient_log10: log,
        gradient_log10_without: log_without,
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// E φ² and E φ′² at every q; most positions have that of another.
fn averages(layer: &Layer<'_>, q: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut known = std::collections::BTreeMap::new();
    let pairs = q.iter().map(|&q| {
        *known.entry(q.to_bits()).or_insert_with(|| {
            let moments = layer.gaussian.moments(q);
            (moments.second, moments.slope_second)
        })
    });
    pairs.unzip()
}
