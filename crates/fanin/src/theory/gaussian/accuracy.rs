//! What quadrature must do for an activation that is given as text, and how far it may be off.

use fanin_engine::activations::Formula;

use super::super::Expression;
use super::super::quadrature::{HALVINGS, PIECES, halvings};
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
        if found.pieces == MOST && found.change(1.0) >= self.change(1.0) { self } else { found }
    }

    /// How far averages over inputs of variance `q` may be off, as a share; 0 for activations of the
    /// registry.
    pub(in crate::theory) fn doubt(&self, q: f64) -> f64 {
        if self.activation.name() != Expression::NAME {
            return 0.0;
        }
        self.change(q).max(self.growth.beside_kinks(HALVINGS))
    }

    /// The same of the average of a product over pairs of correlation `c`.
    pub(in crate::theory) fn doubt_of_pairs(&self, q: f64, c: f64) -> f64 {
        /// Up to here the terms of a series that are left out weigh less than 10⁻⁶.
        const RESOLVED: f64 = 0.89;
        let is_near = c.abs() > RESOLVED && c.abs() < 1.0;
        if !is_near || self.knows_pairs() {
            return 0.0;
        }
        if self.is_fast() {
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

    /// Whether slopes are bounded and pairs averaged exactly at any correlation.
    pub(in crate::theory) fn knows_pairs(&self) -> bool {
        !self.is_fast() && !self.growth.is_steep()
    }

    /// By how much averages change, as a share, if every piece is halved; 0 where they are infinite either
    /// way.
    fn change(&self, q: f64) -> f64 {
        let finer = Self { width: 0.5 * self.width, pieces: 2.0 * self.pieces, ..*self };
        let (own, other) = (self.moments(q), finer.moments(q));
        off(own.second, other.second).max(off(own.slope_second, other.slope_second))
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
