//! The known name that was meant by one that nothing has.

/// The least letters of a name that is searched for at the beginning of others.
const FEWEST_LETTERS: usize = 2;

/// The least letters of a beginning that a mistyped name is compared with.
const FEWEST_OF_A_PART: usize = 4;

/// One letter in so many may be mistyped.
const LETTERS_PER_MISTAKE: usize = 3;

/// The known name most like `name`, if any is like it at all.
///
/// The first that begins with it, else the first with a word that begins so; else that with the
/// fewest letters to change in all of it or in its first words, up to a third of those of `name`.
pub(crate) fn nearest(name: &str, known: &[String]) -> Option<String> {
    within(name, known, name.chars().count() / LETTERS_PER_MISTAKE)
}

/// The same of names of files, where the ending, which many share, counts for no letter.
pub(super) fn nearest_file(name: &str, known: &[String]) -> Option<String> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    within(name, known, stem.chars().count() / LETTERS_PER_MISTAKE)
}

fn within(name: &str, known: &[String], mistakes: usize) -> Option<String> {
    let name = plain(name);
    let known: Vec<(String, &String)> = known.iter().map(|k| (plain(k), k)).collect();
    let is_long = name.chars().count() >= FEWEST_LETTERS;
    let begins = known.iter().find(|(k, _)| is_long && k.starts_with(&name));
    let holds = || known.iter().find(|(k, _)| is_long && has_word(k, &name));
    if let Some((_, shown)) = begins.or_else(holds) {
        return Some((*shown).clone());
    }
    let whole = known.iter().map(|(k, shown)| (k.as_str(), *shown));
    let parts = known.iter().flat_map(|(k, shown)| beginnings(k).map(move |part| (part, *shown)));
    whole
        .chain(parts)
        .map(|(text, shown)| (strsim::osa_distance(&name, text), text, shown))
        .filter(|(distance, ..)| *distance <= mistakes)
        .min_by(|a, b| {
            let likeness = |text: &str| strsim::jaro_winkler(&name, text);
            a.0.cmp(&b.0).then_with(|| likeness(b.1).total_cmp(&likeness(a.1)))
        })
        .map(|(_, _, shown)| shown.clone())
}

/// In small letters, with one sign between words.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', ' '], "-")
}

/// Whether a word in `text` begins with `part`.
fn has_word(text: &str, part: &str) -> bool {
    text.match_indices(part).any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
}

/// What stands before each hyphen of `text`, where that is long enough to be told.
fn beginnings(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.match_indices('-').map(move |(end, _)| &text[..end]);
    parts.filter(|part| part.chars().count() >= FEWEST_OF_A_PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, known: &[&str], expected: Option<&str>) {
        let known: Vec<String> = known.iter().map(|k| (*k).to_owned()).collect();
        assert_eq!(nearest(name, &known).as_deref(), expected, "{name}");
    }

    #[test]
    fn a_beginning_goes_before_a_likeness() {
        let known = ["admin", "lora", "sparse-torch", "glorot-uniform", "pytorch-default"];
        check("glorot", &known, Some("glorot-uniform"));
        check("PyTorch", &known, Some("pytorch-default"));
        check("torch", &known, Some("sparse-torch"));
        check("glorot_uni", &known, Some("glorot-uniform"));
    }

    #[test]
    fn mistyped_letters_are_found_in_all_and_in_the_first_words() {
        check("kaming", &["admin", "kaiming-uniform", "kaiming-normal"], Some("kaiming-uniform"));
        check("he-normel", &["he-uniform", "he-normal"], Some("he-normal"));
        check("zerro", &["zero-hadamard", "zero"], Some("zero"));
        check("adamm", &["adamw", "adam"], Some("adam"));
        check("tahn", &["relu", "tanh"], Some("tanh"));
    }

    #[test]
    fn what_is_far_is_not_suggested() {
        check("kaming", &["admin"], None);
        check("", &["relu"], None);
        check("x", &["xor"], None);
        let files = ["const.csv", "scale.html", "name.csv"].map(str::to_owned);
        for name in ["nosuch.csv", "spec.toml", "nope.csv"] {
            assert_eq!(nearest_file(name, &files), None, "{name}");
        }
        assert_eq!(nearest_file("cosnt.csv", &files).as_deref(), Some("const.csv"));
    }
}
