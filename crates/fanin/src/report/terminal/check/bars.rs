//! Bars on a logarithmic scale that grow from a mark in the middle: left below it, right above.

/// Cells to each side of the mark.
const HALF: usize = 6;
/// Half cells to each side of the mark.
const STEPS: f64 = 2.0 * HALF as f64;
/// The mark.
const MIDDLE: char = '┊';

/// A scale that holds a column of numbers, with 1 in the middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Powers of ten to each side.
    decades: f64,
}

impl Scale {
    /// The narrowest scale of whole powers of ten that holds all `values`; zeros and what is not
    /// finite lie outside of any.
    pub fn holding(values: impl IntoIterator<Item = f64>) -> Self {
        let sizes = values.into_iter().filter(|v| v.is_finite() && *v > 0.0);
        let decades = sizes.map(|v| v.log10().abs().ceil()).fold(1.0, f64::max);
        Self { decades }
    }

    /// What stands at the ends and in the middle: `1e-3  1   1e3`.
    pub fn head(self) -> String {
        let end = |sign: &str| match self.decades {
            1.0 if sign.is_empty() => "10".to_owned(),
            1.0 => "0.1".to_owned(),
            decades => format!("1e{sign}{decades}"),
        };
        format!("{:<HALF$}1{:>HALF$}", end("-"), end(""))
    }

    /// A bar from the middle to `value`; an arrow where it lies outside, a blank for NaN.
    pub fn bar(self, value: f64) -> String {
        let blank = " ".repeat(HALF);
        if value.is_nan() {
            return format!("{blank}{MIDDLE}{blank}");
        }
        let halves = (value.log10() / self.decades * STEPS).round();
        let outside = halves.abs() > STEPS;
        let halves = halves.abs().min(STEPS) as usize;
        let (whole, half) = (halves / 2, halves % 2);
        if value < 1.0 {
            let bar = "▐".repeat(half) + &"█".repeat(whole);
            let bar = if outside { format!("◀{}", "█".repeat(HALF - 1)) } else { bar };
            format!("{bar:>HALF$}{MIDDLE}{blank}")
        } else {
            let bar = "█".repeat(whole) + &"▌".repeat(half);
            let bar = if outside { format!("{}▶", "█".repeat(HALF - 1)) } else { bar };
            format!("{blank}{MIDDLE}{bar:<HALF$}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: f64, bar: &str) {
        let scale = Scale::holding([1e-3, 20.0, 0.0, f64::INFINITY, f64::NAN]);
        assert_eq!(scale.bar(value), bar, "{value}");
        assert_eq!(scale.bar(value).chars().count(), scale.head().chars().count());
    }

    #[test]
    fn bars_grow_from_the_middle_by_powers_of_ten() {
        check(1.0, "      ┊      ");
        check(10.0, "      ┊██    ");
        check(1000.0, "      ┊██████");
        check(0.1, "    ██┊      ");
        check(0.02, "  ▐███┊      ");
        check(1e-3, "██████┊      ");
    }

    #[test]
    fn what_lies_outside_is_an_arrow() {
        check(0.0, "◀█████┊      ");
        check(f64::INFINITY, "      ┊█████▶");
        check(f64::NAN, "      ┊      ");
    }

    #[test]
    fn the_scale_reaches_the_farthest_number_and_at_least_ten() {
        assert_eq!(Scale::holding([1e-3, 20.0]).head(), "1e-3  1   1e3");
        assert_eq!(Scale::holding([1.2]).head(), "0.1   1    10");
        assert_eq!(Scale::holding([1e-38]).head(), "1e-38 1  1e38");
        assert_eq!(Scale::holding([]).head(), "0.1   1    10");
    }
}
