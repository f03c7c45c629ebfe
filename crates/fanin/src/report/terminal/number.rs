//! Numbers as people read them: few digits, honest about scale.

use crate::spec::Task;
use crate::train::metrics::Spread;

pub use crate::check::rules::wording::{count, number, steps, whole};

/// Two significant digits: `0.54`, `0.0083`, `12`, `3e-9`; exactly zero is `0`.
pub fn compact(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        return "0".to_owned();
    }
    if !size.is_finite() {
        return if x.is_nan() { "NaN".to_owned() } else { "inf".to_owned() };
    }
    match size {
        _ if (0.995..99.5).contains(&size) => {
            if size < 9.95 {
                format!("{x:.1}")
            } else {
                format!("{x:.0}")
            }
        }
        _ if (0.0995..0.995).contains(&size) => format!("{x:.2}"),
        _ if (0.00995..0.0995).contains(&size) => format!("{x:.3}"),
        _ if (99.5..9999.5).contains(&size) => format!("{x:.0}"),
        _ => format!("{x:.0e}"),
    }
}

/// A fixed number of decimals up to 1000, then a power of ten; never a zero with a sign.
///
/// `–` stands for what is not a number.
pub fn fixed(x: f64, decimals: usize) -> String {
    const LARGEST: f64 = 1000.0;
    if !x.is_finite() {
        return "–".to_owned();
    }
    if x.abs() > LARGEST {
        return format!("{x:.1e}");
    }
    let text = format!("{x:.decimals$}");
    match text.strip_prefix('-') {
        Some(size) if size.chars().all(|c| matches!(c, '0' | '.')) => size.to_owned(),
        _ => text,
    }
}

/// A loss: four decimals up to 1000, then a power of ten.
pub fn loss(x: f64) -> String {
    fixed(x, 4)
}

/// A mean with its deviation over seeds; the mean alone for one seed.
pub fn spread(spread: &Spread) -> String {
    let mean = fixed(spread.mean, 3);
    if spread.count < 2 || !spread.mean.is_finite() {
        return mean;
    }
    format!("{mean} ± {}", fixed(spread.deviation, 3))
}

/// What the score of a task is called.
pub fn score_name(task: Task) -> &'static str {
    match task {
        Task::Classification | Task::MultiLabel => "accuracy",
        Task::Regression | Task::AutoEncoder => "R²",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_two_digits_and_their_scale() {
        let cases = [
            (0.0, "0"),
            (0.5432, "0.54"),
            (0.0832, "0.083"),
            (0.996, "1.0"),
            (1.25, "1.2"),
            (12.4, "12"),
            (1234.0, "1234"),
            (0.001_04, "1e-3"),
            (3.2e-12, "3e-12"),
            (-0.25, "-0.25"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ];
        for (x, text) in cases {
            assert_eq!(compact(x), text);
        }
    }

    #[test]
    fn losses_stay_short_at_any_size() {
        let texts = [0.084_66, 999.5, 1e33, -0.000_01, f64::NAN, f64::INFINITY].map(loss);
        assert_eq!(texts, ["0.0847", "999.5000", "1.0e33", "0.0000", "–", "–"]);
        assert_eq!([fixed(-0.000_4, 3), fixed(-0.25, 3)].join(" "), "0.000 -0.250");
    }

    #[test]
    fn a_spread_says_only_what_is_known() {
        let texts = [&[0.9, 0.92][..], &[0.9], &[f64::NAN, 0.9], &[]];
        let texts = texts.map(|values| spread(&Spread::of(values)));
        assert_eq!(texts, ["0.910 ± 0.014", "0.900", "–", "–"]);
    }
}
