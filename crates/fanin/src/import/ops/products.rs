//! Shapes and axes of matrix products.

use fanin_engine::{Graph, Result, Wire};

/// The shape to which two runs of axes stretch; the engine refuses what does not fit.
pub(super) fn stretched(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let axis = |axes: &[usize], i: usize| (i + axes.len()).checked_sub(rank).map_or(1, |i| axes[i]);
    (0..rank)
        .map(|i| match (axis(a, i), axis(b, i)) {
            (1, other) | (other, _) => other,
        })
        .collect()
}

/// `x` with its last two axes exchanged.
pub(super) fn turned(g: &mut Graph, x: Wire) -> Result<Wire> {
    let rank = g.shape(x).rank();
    let mut order: Vec<usize> = (0..rank).collect();
    if rank >= 2 {
        order.swap(rank - 1, rank - 2);
    }
    g.transpose(x, &order)
}
