//! Patterns on names: `*` stands for any characters, `?` for any one.

/// Whether the whole of `name` fits `pattern`; in time of at most their lengths' product.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut last_star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                last_star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match last_star {
                Some((star, start)) => {
                    last_star = Some((star, start + 1));
                    p = star + 1;
                    n = start + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks_fit_what_they_stand_for() {
        for (pattern, name) in [
            ("0.weight", "0.weight"),
            ("*.weight", "10.weight"),
            ("*", ""),
            ("?.bias", "4.bias"),
            ("*.branch.*.weight", "3.branch.0.weight"),
            ("**a*b", "aab_ab"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("0.weight", "0.weights"),
            ("*.weight", "0.bias"),
            ("?.bias", "10.bias"),
            ("", "0.bias"),
            ("a*b", "ab_"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
