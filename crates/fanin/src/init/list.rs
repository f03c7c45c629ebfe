//! Lists of schemes, whose arguments may hold commas themselves.

use super::find;

/// The schemes of a list that has been cut at every comma.
///
/// A piece goes on with the argument before it if it is a setting, as in `key=value`, or if both
/// together are a scheme; one that names a scheme of its own, as in `name:key=value`, does not.
///
/// ```
/// let pieces = ["zeros", "truncated-normal:std=0.02", "cut=2sigma", "corrected", "uniform:-1", "2"];
/// let schemes = fanin::init::list(&pieces);
/// assert_eq!(schemes, ["zeros", "truncated-normal:std=0.02,cut=2sigma,corrected", "uniform:-1,2"]);
/// ```
pub fn list(pieces: &[impl AsRef<str>]) -> Vec<String> {
    let mut schemes: Vec<String> = Vec::new();
    for piece in pieces.iter().map(AsRef::as_ref) {
        let last = schemes.last_mut().filter(|last| last.contains(':'));
        let longer = last.as_ref().map(|last| format!("{last},{piece}"));
        match (last, longer) {
            (Some(last), Some(longer)) if is_setting(piece) || find(&longer).is_ok() => {
                *last = longer;
            }
            _ => schemes.push(piece.to_owned()),
        }
    }
    schemes
}

fn is_setting(piece: &str) -> bool {
    piece.split_once('=').is_some_and(|(key, _)| !key.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let pieces: Vec<&str> = text.split(',').collect();
        assert_eq!(list(&pieces), expected);
    }

    #[test]
    fn commas_of_arguments_do_not_end_a_scheme() {
        check("zeros,he-normal", &["zeros", "he-normal"]);
        check("normal:0.1,zeros", &["normal:0.1", "zeros"]);
        check("normal:0.1,he-normall", &["normal:0.1", "he-normall"]);
        check("normal:1,0.1,orthogonal:1,zeros", &["normal:1,0.1", "orthogonal:1", "zeros"]);
        let scaled = "variance-scaling:scale=2,mode=fan-in,distribution=normal";
        check(&format!("zeros,{scaled},ones"), &["zeros", scaled, "ones"]);
        check("zeros,cut=2", &["zeros", "cut=2"]);
        let cut = "truncated-normal:std=0.02,cut=2sigma";
        check(&format!("normal:0.1,{cut}"), &["normal:0.1", cut]);
    }
}
