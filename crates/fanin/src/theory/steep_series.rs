//! The far terms of a Mehler series that one kink decides beside which the slope has no bound.
//!
//! Key: f(z) = φ(√q·z), κ its kink, heₖ the normalized Hermite polynomials, aₖ = E f·heₖ, p the power of the
//! distance to κ that f goes as, δ = 1 − c.
//!
//! Of a power on each side, (z − κ)·f′ = p·f; by parts, with z·heₖ = √(k + 1)·heₖ₊₁ + √k·heₖ₋₁, that is
//!
//! ```text
//! √((k + 1)(k + 2))·aₖ₊₂ = κ·√(k + 1)·aₖ₊₁ − (k − p)·aₖ
//! ```
//!
//! and what else is smooth in f adds nothing to the far ones. aₖ² falls as k^(−p − 3/2), so that near c = 1
//!
//! ```text
//! E φφ̃ = E φ² − q·E φ′²·δ + B·δ^s + C·δ² + G·δ^(s + 1) …,   s = p + 1/2
//! ```
//!
//! with B, C and G by the series itself at three places where it has all its digits.

/// δ below which the series is too long, and the first of the three places.
const NEAR: f64 = 2e-3;
/// Those places over [`NEAR`].
const PLACES: [f64; 3] = [1.0, 2.0, 4.0];

/// Coefficients one after the other.
#[derive(Clone, Copy, Debug)]
pub struct SteepSeries {
    kink: f64,
    power: f64,
    /// aₖ₋₂ and aₖ₋₁, k the next.
    last: [f64; 2],
    next: usize,
}

impl SteepSeries {
    /// What goes on after the `known` coefficients, and the mean square of what it says otherwise than the
    /// last `held` of them; none where those do not follow each other as they do beside a kink at `kink` of
    /// this `power`.
    pub fn after(known: &[f64], held: usize, (kink, power): (f64, f64)) -> Option<(Self, f64)> {
        /// The share of a coefficient that it may be off by.
        const SHARE: f64 = 1e-7;
        let from = known.len().checked_sub(held).filter(|from| *from >= 2)?;
        let mut series = Self { kink, power, last: [known[from - 2], known[from - 1]], next: from };
        let [mut gaps, mut sizes] = [0.0; 2];
        for coefficient in &known[from..] {
            let gap = series.coefficient() - coefficient;
            gaps += gap * gap;
            sizes += coefficient * coefficient;
        }
        series.last = [known[known.len() - 2], known[known.len() - 1]];
        (gaps <= SHARE * SHARE * sizes).then_some((series, gaps / held as f64))
    }

    /// The next coefficient.
    pub fn coefficient(&mut self) -> f64 {
        let k = self.next as f64;
        let [before, here] = self.last;
        let sum = self.kink * (k - 1.0).sqrt() * here - (k - 2.0 - self.power) * before;
        let next = sum / (k * (k - 1.0)).sqrt();
        self.last = [here, next];
        self.next += 1;
        next
    }

    /// The power of the distance to the kink.
    pub fn power(&self) -> f64 {
        self.power
    }
}

/// Products and slopes of inputs so near to each other that a kink stands alone.
#[derive(Clone, Copy, Debug)]
pub struct NearPairs {
    q: f64,
    /// E φ² and E φ′².
    sizes: [f64; 2],
    /// s.
    exponent: f64,
    /// B, C and G, with δ over [`NEAR`].
    terms: [f64; 3],
}

impl NearPairs {
    /// Whether a correlation is so near to 1.
    pub fn are(c: f64) -> bool {
        1.0 - c < NEAR
    }

    /// Through what `product` says of three correlations; `sizes` are E φ² and E φ′².
    pub fn new(q: f64, sizes: [f64; 2], power: f64, mut product: impl FnMut(f64) -> f64) -> Self {
        let exponent = power + 0.5;
        let rows = PLACES.map(|t| powers(exponent, t));
        let rest = PLACES.map(|t| {
            let delta = t * NEAR;
            product(1.0 - delta) - sizes[0] + q * sizes[1] * delta
        });
        let whole = determinant(rows);
        // Cramer's rule.
        let terms = std::array::from_fn(|column| {
            let mut replaced = rows;
            replaced.iter_mut().zip(rest).for_each(|(row, rest)| row[column] = rest);
            determinant(replaced) / whole
        });
        Self { q, sizes, exponent, terms }
    }

    /// E φφ̃ and E φ′φ̃′ at the correlation `c`.
    pub fn at(&self, c: f64) -> [f64; 2] {
        let (delta, s) = (1.0 - c, self.exponent);
        let t = delta / NEAR;
        let terms = powers(s, t).into_iter().zip(self.terms).map(|(power, term)| power * term);
        let product = self.sizes[0] - self.q * self.sizes[1] * delta + terms.sum::<f64>();
        // d/dδ, of t^s as s·t^(s − 1) over NEAR.
        let [b, c, g] = self.terms;
        let slope = b * s * t.powf(s - 1.0) + 2.0 * c * t + g * (s + 1.0) * t.powf(s);
        [product, self.sizes[1] - slope / (NEAR * self.q)]
    }
}

fn powers(s: f64, t: f64) -> [f64; 3] {
    [t.powf(s), t * t, t.powf(s + 1.0)]
}

fn determinant([a, b, c]: [[f64; 3]; 3]) -> f64 {
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of |z|^p at κ = 0: E φφ̃ is F(−p/2, −p/2; 1/2; c²) times the square of E|z|^p.
    #[test]
    fn near_pairs_are_those_of_the_closed_form() {
        for p in [0.6, 0.7, 0.9] {
            let product =
                |c: f64| crate::theory::hypergeometric::hypergeometric(-0.5 * p, 0.5, c).unwrap();
            let slopes = |c: f64| {
                let of = crate::theory::hypergeometric::hypergeometric(1.0 - 0.5 * p, 1.5, c);
                p * p * c * of.unwrap()
            };
            let near = NearPairs::new(1.0, [product(1.0), slopes(1.0)], p, product);
            for delta in [2e-3, 1e-3, 1e-4, 1e-5] {
                let [found, slope] = near.at(1.0 - delta);
                assert!((found - product(1.0 - delta)).abs() < 1e-10, "{p} {delta}: {found}");
                let wanted = slopes(1.0 - delta);
                assert!((slope - wanted).abs() < 1e-6, "{p} {delta}: {slope} {wanted}");
            }
        }
    }

    /// a₀ = E|z|^p, a₂ = p·a₀/√2, …
    #[test]
    fn coefficients_follow_each_other() {
        let p = 0.7;
        let mut known = vec![1.0, 0.0];
        for k in 0..30 {
            let k = f64::from(k);
            let next = -(k - p) * known[known.len() - 2] / ((k + 1.0) * (k + 2.0)).sqrt();
            known.push(next);
        }
        let (mut series, gap) = SteepSeries::after(&known[..20], 8, (0.0, p)).unwrap();
        assert!(gap < 1e-30, "{gap}");
        for coefficient in &known[20..] {
            assert!((series.coefficient() - coefficient).abs() < 1e-15);
        }
        assert!(SteepSeries::after(&known[..20], 8, (0.0, 0.701)).is_none());
        assert!(SteepSeries::after(&known[..20], 8, (0.3, p)).is_none());
        assert!(SteepSeries::after(&known[..9], 8, (0.0, p)).is_none());
    }
}
