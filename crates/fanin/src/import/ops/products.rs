//! Matrix products whose leading axes stretch as NumPy's do.

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

/// a · b over the last two axes; each has two axes or more.
pub(super) fn matmul(g: &mut Graph, a: Wire, b: Wire) -> Result<Wire> {
    let split = |g: &Graph, w: Wire| {
        let axes = g.shape(w).axes().to_vec();
        let lead = axes.len().saturating_sub(2);
        (axes[..lead].to_vec(), axes[lead..].to_vec())
    };
    let ((lead_a, last_a), (lead_b, last_b)) = (split(g, a), split(g, b));
    if lead_a == lead_b || lead_a.is_empty() || lead_b.is_empty() {
        return g.matmul(a, b);
    }
    let lead = stretched(&lead_a, &lead_b);
    let whole = |last: Vec<usize>| [lead.clone(), last].concat();
    let (a, b) = (g.broadcast_to(a, whole(last_a))?, g.broadcast_to(b, whole(last_b))?);
    g.matmul(a, b)
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
