//! How fast attention makes all tokens alike at initialization.
//!
//! Key: q the second moment of a token, p the product of two, cos = p/q; n tokens, α the factor on
//! the branch, `σ_v²` the variance of value and output weights together, τ² that of the logits.
//!
//! A row of attention at initialization is the softmax of n normal logits. Logits of one row share
//! τ²·cos, which softmax does not see; so the weights' squares sum to o = e^{τ²(1 − cos)}/n, and
//! those of two rows overlap in o′ = e^{τ²·cos(1 − cos)}/n, for n ≫ e^{τ²}. Then
//!
//! ```text
//! q′ = s·q + α²σ_v²(p + o(q − p)),  p′ = s·p + α²σ_v²(p + o′(q − p)),  s = 1 with a skip, else 0
//! ```
//!
//! τ = 0 is uniform attention (Noci et al. 2022). Without a skip 1 − cos falls with its cube, which
//! is the doubly exponential collapse of Dong et al. 2021.

use serde::Serialize;

use crate::error::{Error, Result};

/// Blocks of attention alone, at initialization.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Attention {
    /// n, the tokens that each token sees.
    pub tokens: usize,
    /// α, the factor on the branch.
    pub branch: f64,
    /// Whether the branch is added to its input.
    pub has_skip: bool,
    /// `σ_v²`, the variance of value and output weights together, times their fan-ins.
    pub value_variance: f64,
    /// τ², the variance of a logit; 0 for uniform attention.
    pub logit_variance: f64,
}

/// Two tokens of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tokens {
    /// q, the second moment of one.
    pub second_moment: f64,
    /// The cosine between two.
    pub cosine: f64,
}

impl Attention {
    /// After each of `depth` blocks, from `start` on.
    ///
    /// # Errors
    /// [`Error::Setting`] for no token, or a setting that is negative or no number.
    ///
    /// ```
    /// use fanin::theory::{Attention, Tokens};
    /// let attention = Attention {
    ///     tokens: 8, branch: 1.0, has_skip: true, value_variance: 1.0, logit_variance: 0.0,
    /// };
    /// let start = Tokens { second_moment: 1.0, cosine: 0.0 };
    /// let course = attention.course(start, 12)?;
    /// assert!((course[11].cosine - 0.998_050_207).abs() < 1e-9);
    /// # Ok::<(), fanin::Error>(())
    /// ```
    pub fn course(&self, start: Tokens, depth: usize) -> Result<Vec<Tokens>> {
        if self.tokens == 0 {
            return Err(Error::Setting {
                place: "attention's tokens".to_owned(),
                found: "0".to_owned(),
                expected: "at least one token".to_owned(),
            });
        }
        let settings = [
            ("branch", self.branch),
            ("value variance", self.value_variance),
            ("logit variance", self.logit_variance),
        ];
        for (name, value) in settings {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::Setting {
                    place: format!("attention's {name}"),
                    found: format!("{value}"),
                    expected: "a number that is not negative".to_owned(),
                });
            }
        }
        // 1 − cos is carried by itself, for it falls below any digit of cos.
        let (mut q, mut gap) = (start.second_moment, 1.0 - start.cosine);
        let mut course = Vec::with_capacity(depth);
        for _ in 0..depth {
            (q, gap) = self.step(q, gap);
            course.push(Tokens { second_moment: q, cosine: 1.0 - gap });
        }
        Ok(course)
    }

    fn step(&self, q: f64, gap: f64) -> (f64, f64) {
        let skip = if self.has_skip { 1.0 } else { 0.0 };
        let scale = self.branch * self.branch * self.value_variance;
        let cosine = 1.0 - gap;
        let overlap = |logit: f64| (logit.exp() / self.tokens as f64).min(1.0);
        let own = overlap(self.logit_variance * gap);
        // exp(τ²·gap) − exp(τ²·cos·gap) = exp(τ²·cos·gap)·(exp(τ²·gap²) − 1).
        let other = overlap(self.logit_variance * cosine * gap);
        let excess = if own < 1.0 {
            other * (self.logit_variance * gap * gap).exp_m1()
        } else {
            own - other
        };
        let next = q * (skip + scale * (cosine + own * gap));
        (next, gap * q * (skip + scale * excess) / next)
    }
}
