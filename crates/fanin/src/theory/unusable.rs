//! Why theory can say nothing of an activation: its squares have no mean, or one that no number holds.

use fanin_engine::activations::Activation;

use super::gaussian::Gaussian;

/// What is the matter with the averages of `activation` at q = 1, with a remedy; `None` if nothing is.
pub fn unusable(activation: &dyn Activation) -> Option<String> {
    let gaussian = Gaussian::new(activation);
    let moments = gaussian.moments(1.0);
    if !moments.second.is_finite() || moments.slope_second.is_nan() {
        // Near 0 already beyond what has a square.
        let near = largest(activation, 1.0);
        if near > f64::MAX.sqrt() * 1e-4 {
            return Some(format!(
                "it is too large: |φ(x)| is up to {near:.0e} within one deviation, and its square is beyond the \
                 numbers of a computer; a factor in front is one that weights take back, so leave it out"
            ));
        }
        return Some(too_fast(activation, &gaussian));
    }
    (moments.second < f64::MIN_POSITIVE).then(|| too_small(activation))
}

/// Its largest value within ten deviations says whether it is 0, or small.
fn too_small(activation: &dyn Activation) -> String {
    let largest = largest(activation, 10.0);
    if largest == 0.0 {
        return "it is 0 at every x within ten deviations, so that no signal passes: let it take another \
                value somewhere between -10 and 10"
            .to_owned();
    }
    format!(
        "it is too small: |φ(x)| is {largest:.0e} at most within ten deviations, and its square is below the \
         numbers of a computer; a factor in front is one that weights take back, so leave it out"
    )
}

/// The largest |φ(x)| for |x| up to about `end`.
fn largest(activation: &dyn Activation, end: f64) -> f64 {
    let places = (-1000..=1000).map(|k| end * (1e-3 * f64::from(k) + 1e-4));
    places.fold(0.0_f64, |most, x| most.max(activation.at(0, x).abs()))
}

/// Where φ² grows as e^(gx²), its mean is infinite from q = 1/2g on.
fn too_fast(activation: &dyn Activation, gaussian: &Gaussian<'_>) -> String {
    const REMEDY: &str = "let it grow slower, as with x/2 or clip(x, -5, 5) in place of x";
    let largest = |q: f64| gaussian.moments(q).second.is_finite();
    let known = (1..=60).map(|k| f64::powi(0.8, k)).find(|q| largest(*q));
    let known = known.map_or_else(String::new, |q| format!(" (at q = {q:.2} it is a number)"));
    match growth(activation) {
        Some(growth) if 0.5 / growth <= 1.0 => format!(
            "it grows so fast that E φ(x)² is infinite from a second moment of x of q = {:.3} on, and so at q \
             = 1{known}; {REMEDY}",
            0.5 / growth
        ),
        Some(growth) => format!(
            "it grows so fast that E φ(x)² is infinite from a second moment of x of q = {:.3} on, and at q = 1 \
             decided by inputs beyond the 37 deviations whose density is a number{known}; {REMEDY}",
            0.5 / growth
        ),
        None => format!(
            "it grows so fast that E φ(x)² is infinite, or beyond the numbers of a computer, at a second \
             moment of x of q = 1{known}; {REMEDY}"
        ),
    }
}

/// g where φ² grows as e^(gx²), read where it is large and still a number; `None` where it grows otherwise.
fn growth(activation: &dyn Activation) -> Option<f64> {
    /// Two readings of one growth differ by no more, as a share.
    const ALIKE: f64 = 0.02;
    let height = |x: f64| {
        let most = activation.at(0, x).abs().max(activation.at(0, -x).abs());
        2.0 * most.ln()
    };
    let far = (8..=160).map(|k| 0.25 * f64::from(k)).filter(|x| height(*x).is_finite());
    let far = far.reduce(f64::max)?;
    // Between two places, so that a factor in front falls out.
    let between = |near: f64, far: f64| (height(far) - height(near)) / (far * far - near * near);
    let [inner, outer] = [between(0.5 * far, 0.75 * far), between(0.75 * far, far)];
    (outer > 0.0 && (inner / outer - 1.0).abs() < ALIKE).then_some(outer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let activation = crate::theory::activation(text).unwrap_or_else(|error| panic!("{error}"));
        let found = unusable(&*activation);
        if expected.is_empty() {
            assert_eq!(found, None, "{text}");
            return;
        }
        let found = found.unwrap_or_else(|| panic!("{text} is no matter"));
        for part in expected {
            assert!(found.contains(part), "{text}: {found}");
        }
    }

    #[test]
    fn what_is_the_matter_is_told_with_its_place_and_a_remedy() {
        check("1e-200*x", &["too small", "1e-199", "leave it out"]);
        check("0*x", &["it is 0 at every x"]);
        check("exp(0.249*x^2)", &["infinite from", "q = 1.004", "37 deviations", "x/2"]);
        check("3*exp(0.3*x^2)", &["E φ(x)² is infinite from", "q = 0.833", "and so at q = 1"]);
        check("1e200*x", &["too large", "1e200", "leave it out"]);
        check("1e160*exp(0.1*x^2)", &["too large"]);
        check("exp(17*x)", &["beyond the numbers of a computer", "clip"]);
        check("exp(0.2*x^2)", &[]);
        check("1e-100*x", &[]);
        check("tanh(x)", &[]);
    }
}
