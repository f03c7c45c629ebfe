//! How exact the averages are that a description stands on.

use serde::Serialize;

use super::gaussian::Gaussian;

/// How far averages over inputs may be off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Averages {
    /// The largest change of an average, as a share, that finer quadrature makes, over all points that
    /// are described; 0 for activations of the registry, whose averages are exact to 10⁻¹².
    pub error: f64,
    /// What is wrong, in words, where that is above 10⁻⁶.
    pub warning: Option<String>,
}

/// Of averages at second moments and correlations `at`; those that are no numbers are left out.
pub(super) fn averages(gaussian: &Gaussian<'_>, at: &[(f64, f64)]) -> Averages {
    /// The error that averages of a text are held to.
    const STATED: f64 = 1e-6;
    let error = |doubt: &dyn Fn(&(f64, f64)) -> f64| {
        at.iter().filter(|(q, _)| *q > 0.0 && q.is_finite()).map(doubt).fold(0.0, f64::max)
    };
    let alone = error(&|(q, _)| gaussian.doubt(*q));
    let paired = error(&|(q, c)| gaussian.doubt_of_pairs(*q, *c));
    let digits = |error: f64| if error < 1.0 { format!("{error:.0e}") } else { "1".to_owned() };
    let told = if alone > STATED {
        Some(format!(
            "averages of this activation are off by about {} of themselves: it changes too fast, or too \
             steeply, for their quadrature, so take all that follows with care",
            digits(alone)
        ))
    } else if paired > STATED {
        Some(format!(
            "averages over two similar inputs are off by up to {} of themselves, as this activation changes \
             too fast, or too steeply, between them: take correlations with care",
            digits(paired)
        ))
    } else {
        None
    };
    Averages { error: alone.max(paired), warning: told }
}
