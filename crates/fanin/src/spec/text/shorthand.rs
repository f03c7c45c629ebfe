//! Sizes that are written as papers and tutorials do, `784-256-10 relu`, put into the text of a network.

use super::parser;

/// The text with arrows that `784-256-256-10 relu` or `784, 256, 10` stands for, if it stands for one:
/// words follow every hidden layer. A text that has arrows stands for itself.
pub fn with_arrows(text: &str) -> Option<String> {
    if text.contains("->") || text.contains('→') {
        return None;
    }
    let is_size = |c: char| c.is_ascii_digit() || matches!(c, 'x' | '×');
    let end = text.find(|c: char| !is_size(c) && !" -–,;/>".contains(c)).unwrap_or(text.len());
    let (sizes, words) = text.split_at(end);
    let sizes: Vec<_> = sizes.split(|c| !is_size(c)).filter(|size| !size.is_empty()).collect();
    let [inputs, hidden @ .., outputs] = sizes.as_slice() else { return None };
    let words = words.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
    if hidden.is_empty() && !words.is_empty() {
        return None;
    }
    let hidden = hidden.iter().map(|units| format!("{} {words}", units.replace('×', "x")));
    let parts: Vec<_> = std::iter::once(inputs.to_string())
        .chain(hidden.map(|layer| layer.trim_end().to_owned()))
        .chain([outputs.to_string()])
        .collect();
    let arrows = parts.join(" -> ");
    parser::read_arrows(&arrows).is_ok().then_some(arrows)
}
