//! Sums that stand for integrals against the normal density, over pieces cut at kinks.

use std::sync::LazyLock;

use fanin_engine::moments::{NODES, gauss_legendre};

/// Deviations to both sides that count: what lies beyond weighs less than 10⁻²².
pub const REACH: f64 = 10.0;

/// Pieces of equal width at most over 2·[`REACH`]; wider deviations get further cuts near 0 only.
pub const PIECES: f64 = 64.0;

/// How often the distance to a steep place is halved.
pub const HALVINGS: i32 = 50;

static RULE: LazyLock<[(f64, f64); NODES]> = LazyLock::new(gauss_legendre);

/// Ends of pieces, ascending from −[`REACH`] to [`REACH`], no piece wider than `width` nor than 2.
///
/// `at` are further places to cut; those out of reach, infinite or NaN are left out.
pub fn cuts(width: f64, at: impl IntoIterator<Item = f64>) -> Vec<f64> {
    cuts_within(REACH, width.min(2.0), at)
}

/// The same from −`reach` to `reach`, with pieces as wide as `width`; of 16 nodes each, a piece as
/// wide as 4 gives the density to 10⁻⁸.
pub fn cuts_within(reach: f64, width: f64, at: impl IntoIterator<Item = f64>) -> Vec<f64> {
    cuts_of(PIECES, reach, width, at)
}

/// The same with at most as many `pieces` of equal width over 2·[`REACH`].
pub fn cuts_of(pieces: f64, reach: f64, width: f64, at: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let most = (pieces * reach / REACH).ceil();
    let count = (2.0 * reach / width).ceil().min(most) as usize;
    let mut cuts: Vec<f64> =
        (0..=count).map(|i| -reach + 2.0 * reach * i as f64 / count as f64).collect();
    cuts.extend(at.into_iter().filter(|z| z.abs() < reach));
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    cuts
}

/// Points that halve towards 0, at which a function that bends near 0 only becomes smooth, for
/// deviations so wide that the pieces of [`cuts`] are wider than `width`.
pub fn bends(width: f64) -> impl Iterator<Item = f64> {
    let wide = 2.0 * REACH / PIECES;
    let count = if width < wide { (wide / width).log2().ceil() as i32 + 2 } else { 0 };
    (0..=count.min(60)).flat_map(move |k| {
        let z = width * f64::powi(2.0, k);
        if count == 0 { [f64::NAN; 2] } else { [z, -z] }
    })
}

/// Points that halve towards `place`, beside which a function is steep without bound.
pub fn halvings(place: f64) -> impl Iterator<Item = f64> {
    (0..HALVINGS).flat_map(move |k| [-1.0, 1.0].map(|sign| place + sign * f64::powi(0.5, k)))
}

/// Points that go towards `place` by eighths, `levels` to each side: of a broken power between two of them
/// sixteen nodes give ten digits.
pub fn eighths(place: f64, levels: i32) -> impl Iterator<Item = f64> {
    (0..levels).flat_map(move |k| [-1.0, 1.0].map(|sign| place + sign * f64::powi(0.125, k)))
}

/// Calls `visit` with z and its weight under N(0, 1), for all nodes of the pieces between `cuts`.
pub fn visit(cuts: &[f64], mut visit: impl FnMut(f64, f64)) {
    const DENSITY_AT_0: f64 = 0.398_942_280_401_432_7;
    for pair in cuts.windows(2) {
        let (middle, half) = (f64::midpoint(pair[0], pair[1]), 0.5 * (pair[1] - pair[0]));
        for (node, weight) in *RULE {
            let z = middle + half * node;
            visit(z, half * weight * DENSITY_AT_0 * (-0.5 * z * z).exp());
        }
    }
}

/// Places and weights on [−1, 1], for densities other than the normal one.
pub fn rule() -> impl Iterator<Item = (f64, f64)> {
    RULE.iter().copied()
}
