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

/// Of averages at second moments and correlations `at`, and of those at the `schemes` of the table beside; what
/// is no number is left out.
pub(super) fn averages(
    gaussian: &Gaussian<'_>,
    at: &[(f64, f64)],
    schemes: &[(f64, f64)],
) -> Averages {
    let [alone, paired] = errors(gaussian, at);
    let of_schemes = errors(gaussian, schemes).into_iter().fold(0.0, f64::max);
    let error = alone.max(paired).max(of_schemes);
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
    } else if of_schemes > STATED {
        Some(format!(
            "where a scheme of the table takes signals far from q = 1 or inputs close together, averages are \
             off by up to {} of themselves, as this activation changes too fast there: take those rows with \
             care; all above the table stands",
            digits(of_schemes)
        ))
    } else {
        None
    };
    Averages { error, warning: told }
}

/// The error that averages of a text are held to.
const STATED: f64 = 1e-6;

/// The largest errors of averages over one input and over pairs.
fn errors(gaussian: &Gaussian<'_>, at: &[(f64, f64)]) -> [f64; 2] {
    let error = |doubt: &dyn Fn(&(f64, f64)) -> f64| {
        at.iter().filter(|(q, _)| *q > 0.0 && q.is_finite()).map(doubt).fold(0.0, f64::max)
    };
    [error(&|(q, _)| gaussian.doubt(*q)), error(&|(q, c)| gaussian.doubt_of_pairs(*q, *c))]
}

fn digits(error: f64) -> String {
    if error < 1.0 { format!("{error:.0e}") } else { "1".to_owned() }
}
