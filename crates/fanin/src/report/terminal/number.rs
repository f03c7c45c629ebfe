//! Numbers as people read them: few digits, honest about scale.

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

/// A whole number with commas: `1,437`.
pub fn whole(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits are ASCII"))
        .collect();
    groups.join(",")
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
    fn whole_numbers_get_commas() {
        assert_eq!(
            [whole(0), whole(999), whole(1437), whole(1_234_567)].join(" "),
            "0 999 1,437 1,234,567"
        );
    }
}
