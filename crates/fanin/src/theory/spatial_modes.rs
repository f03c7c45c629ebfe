//! What a convolution forgets of where in an image something is.
//!
//! Key: Σ the covariance of the pre-activations at two positions, of one or of two inputs; v the
//! shares of the kernel's places in its variance, Σ v = 1; n positions along an axis.
//!
//! A layer takes Σ at a pair of positions to the mean over the kernel of what the dense maps make of
//! it, both positions shifted alike. So a small deviation from the fixed point that changes as a
//! wave of k periods over the image, at one difference of positions, is multiplied per layer by the
//! slope of the dense map and by
//!
//! ```text
//! λ_k = Σ v_β·cos 2πkβ/n = sin(πkK/n)/(K·sin(πk/n))  for K equal places,   1 for delta-orthogonal kernels
//! ```
//!
//! along every axis (Xiao et al. 2018, for images that close upon themselves; borders:
//! `borders`). Only the wave of no period lives as long as in a dense network. Kernels that are zero
//! off their center have one place, v = 1 there, so every wave does.

use std::f64::consts::PI;

use serde::Serialize;

use super::borders::Image;
use super::fixed_point::FixedPoint;
use super::layer::depth_scale;

/// The waves of an image, and how long each lasts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpatialModes {
    /// The image.
    pub image: Image,
    /// Waves, from that of no period on.
    pub modes: Vec<SpatialMode>,
}

/// A wave over an image, in a covariance near its fixed point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpatialMode {
    /// Periods over the height and over the width.
    pub periods: [usize; 2],
    /// λ of independent weights: its factor per layer beside that of the dense maps.
    pub factor: f64,
    /// Layers in which the wave in the correlation of two inputs shrinks by e, independent weights;
    /// infinite where nothing shrinks it.
    pub correlation_depth: f64,
    /// The same in the second moment of one input.
    pub second_moment_depth: f64,
}

/// λ of a wave of `periods` over `positions`, for a kernel of `kernel` equal places.
///
/// ```
/// use fanin::theory::mode_factor;
/// assert_eq!(mode_factor(0, 32, 3), 1.0);
/// assert!((mode_factor(16, 32, 3) + 1.0 / 3.0).abs() < 1e-15); // every other pixel
/// ```
pub fn mode_factor(periods: usize, positions: usize, kernel: usize) -> f64 {
    let half = (kernel / 2) as i64;
    let angle = 2.0 * PI * periods as f64 / positions as f64;
    let places = -half..=half;
    places.map(|place| (angle * place as f64).cos()).sum::<f64>() / (2 * half + 1) as f64
}

/// Waves from none to one of two pixels, periods doubling, along each axis and along both.
///
/// Only the slopes of `found` matter; where the correlation has no scale of its own (slope 1), that
/// of a wave is −1/ln |λ| alone.
pub fn spatial_modes(found: &FixedPoint, image: Image) -> SpatialModes {
    let most = image.width.max(image.height) / 2;
    let doubling = std::iter::successors(Some(1), |periods| Some(2 * periods));
    let mut periods: Vec<usize> = doubling.take_while(|&periods| periods < most).collect();
    periods.extend((most > 0).then_some(most));
    let of = |periods: [usize; 2]| {
        let factor = mode_factor(periods[0], image.height, image.kernel)
            * mode_factor(periods[1], image.width, image.kernel);
        // Beside a fixed point that attracts nothing, only the averaging is left.
        let slope = |slope: f64| if slope.is_nan() { factor } else { factor * slope };
        let correlation_depth = depth_scale(slope(found.correlation_slope));
        SpatialMode {
            periods,
            factor,
            correlation_depth,
            second_moment_depth: depth_scale(slope(found.second_moment_slope)),
        }
    };
    let along = |periods: usize| {
        let (down, across) = (periods.min(image.height / 2), periods.min(image.width / 2));
        let alone = (image.height != image.width).then_some([down, 0]);
        [Some([0, across]), alone, Some([down, across])].into_iter().flatten()
    };
    let mut all = vec![[0, 0]];
    for wave in periods.into_iter().flat_map(along) {
        if !all.contains(&wave) {
            all.push(wave);
        }
    }
    SpatialModes { image, modes: all.into_iter().map(of).collect() }
}
