//! What quadrature must do for an activation that is given as text, and how far it may be off.

use fanin_engine::activations::Formula;
use fanin_engine::moments::gauss_legendre;

use super::super::Expression;
use super::super::quadrature::{HALVINGS, PIECES, REACH, halvings};
use super::Gaussian;

impl Gaussian<'_> {
    /// As many pieces as averages take where φ changes fast all over the line, up to 1,024, each as narrow as
    /// `finest` at least.
    pub(super) fn in_more_pieces(self, finest: f64) -> Self {
        const MOST: f64 = 1024.0;
        /// The change of an average from which on pieces are enough.
        const ENOUGH: f64 = 1e-9;
        /// Below it a kink that is not known, or rounding, may be what changes: no matter of pieces.
        const NOTABLE: f64 = 1e-6;
        let mut found = self;
        if self.change(1.0) < NOTABLE.max(self.tolerance) {
            return self;
        }
        while found.pieces < MOST && found.change(1.0) > self.tolerance.max(ENOUGH) {
            found.pieces *= 2.0;
            found.width = found.width.min(finest);
        }
        // What more pieces do not mend is no matter of pieces.
        if found.change(1.0) < NOTABLE { found } else { self }
    }

    /// How far averages over inputs of variance `q` may be off, as a share; 0 for activations of the
    /// registry.
    pub(in crate::theory) fn doubt(&self, q: f64) -> f64 {
        if self.activation.name() != Expression::NAME || self.closed.is_some() {
            return 0.0;
        }
        self.change(q).max(self.growth.beside_kinks(HALVINGS)).max(self.unseen(q))
    }

    /// The same of the average of a product over pairs of correlation `c`.
    pub(in crate::theory) fn doubt_of_pairs(&self, q: f64, c: f64) -> f64 {
        /// Up to here the terms of a series that are left out weigh less than 10⁻⁶.
        const RESOLVED: f64 = 0.89;
        let is_near = c.abs() > RESOLVED && c.abs() < 1.0;
        if !is_near || self.knows_pairs() {
            return 0.0;
        }
        if self.takes_series() {
            return 1.0;
        }
        let finer = Self { width: 0.5 * self.width, ..*self };
        off(self.product(q, c), finer.product(q, c))
    }

    /// Pieces of equal width at most: as many for one width of x as at q = 1, where φ changes fast.
    pub(super) fn most_pieces(&self, deviation: f64) -> f64 {
        /// Deviations up to which pieces are added.
        const FURTHEST: f64 = 16.0;
        (self.pieces * if self.is_fast() { deviation } else { 1.0 })
            .clamp(PIECES, FURTHEST * self.pieces)
    }

    /// Whether φ changes so fast all over the line that pairs of near inputs are averaged roughly.
    pub(in crate::theory) fn is_fast(&self) -> bool {
        self.pieces > PIECES
    }

    /// Whether pairs are averaged by a series alone, as cutting the plane as finely as φ asks for would take
    /// minutes.
    pub(in crate::theory) fn takes_series(&self) -> bool {
        /// Widths of pieces below which that is so.
        const NARROW: f64 = 1.0 / 512.0;
        self.is_fast() || self.width < NARROW
    }

    /// Whether slopes are bounded and pairs averaged exactly at any correlation.
    pub(in crate::theory) fn knows_pairs(&self) -> bool {
        !self.takes_series() && !self.growth.is_steep()
    }

    /// Whether most of a rise of φ lies between the places of the quadrature.
    pub(super) fn passes_over(&self, q: f64) -> bool {
        const MOST: f64 = 0.1;
        self.unseen(q) > MOST
    }

    /// The share of the slope that no place of the quadrature sees: over a piece, what φ rises by and the
    /// integral of φ′ are one number.
    fn unseen(&self, q: f64) -> f64 {
        let deviation = q.sqrt();
        let [mut unseen, mut seen] = [0.0; 2];
        for pair in self.line(deviation, REACH).windows(2) {
            let (middle, half) = (f64::midpoint(pair[0], pair[1]), 0.5 * (pair[1] - pair[0]));
            let at = |order, z: f64| self.activation.at(order, deviation * z);
            let slope = |(node, weight): (f64, f64)| weight * at(1, middle + half * node);
            let integral = deviation * half * gauss_legendre().into_iter().map(slope).sum::<f64>();
            let (rise, density) = (at(0, pair[1]) - at(0, pair[0]), (-0.5 * middle * middle).exp());
            unseen += density * (rise - integral).abs();
            seen += density * integral.abs();
        }
        if unseen > 0.0 { (unseen / seen).min(1.0) } else { 0.0 }
    }

    /// By how much averages change, as a share, if every piece is halved; 0 where they are infinite either
    /// way.
    fn change(&self, q: f64) -> f64 {
        let finer = Self { width: 0.5 * self.width, pieces: 2.0 * self.pieces, ..*self };
        let (own, other) = (self.moments(q), finer.moments(q));
        off(own.second, other.second).max(off(own.slope_second, other.slope_second))
    }

    /// The only kink beside which the slope has no bound, and p, where φ goes as d^p at the distance d from it.
    pub(in crate::theory) fn lone_power(&self) -> Option<(f64, f64)> {
        self.growth.lone_power()
    }

    /// Deviations to both sides that averages take, and whether fourth powers have one; `None` if squares
    /// have none either.
    pub(super) fn reach(&self, deviation: f64) -> Option<(f64, bool)> {
        let within = |power| self.growth.reach(self.activation, deviation, power);
        within(4.0).map(|reach| (reach, true)).or_else(|| Some((within(2.0)?, false)))
    }

    /// Further places to cut at, where slopes grow without bound towards kinks.
    pub(super) fn beside_kinks(&self, deviation: f64) -> impl Iterator<Item = f64> {
        let kinks = self.activation.kinks();
        let steep = if self.growth.is_steep() { kinks } else { &[] };
        steep.iter().flat_map(move |kink| halvings(kink / deviation))
    }
}

/// By how much, as a share; 0 for both infinite, and for both so small that they have no digits left.
fn off(own: f64, finer: f64) -> f64 {
    const TINY: f64 = 1e-280;
    if own.abs().max(finer.abs()) < TINY {
        return 0.0;
    }
    match (own.is_finite(), finer.is_finite()) {
        (true, true) => ((own - finer) / finer).abs(),
        (false, false) => 0.0,
        _ => f64::INFINITY,
    }
}
