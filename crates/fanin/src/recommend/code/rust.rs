//! `fanin::init` on weights.

use std::fmt::Write;

use super::groups::{for_rust, patterns};
use crate::init::Parameter;
use crate::recommend::Change;

pub(super) fn code(title: &str, changes: &[Change], parameters: &[Parameter]) -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for change in changes {
        match groups.iter_mut().find(|(scheme, _)| *scheme == change.scheme) {
            Some((_, members)) => members.push(change.parameter.clone()),
            None => groups.push((&change.scheme, vec![change.parameter.clone()])),
        }
    }
    groups.sort_by_key(|(_, members)| members.len());
    let head: String =
        title.lines().map(|line| format!("//! {line}").trim_end().to_owned() + "\n").collect();
    let mut text = format!("{head}\nuse fanin::spec::Model;\nuse fanin::weights::Weights;\n\n");
    text.push_str(
        "/// Patterns of names with the scheme that draws them; the first that fits decides.\n\
         const RULES: &[(&str, &str)] = &[\n",
    );
    let mut decided: Vec<String> = Vec::new();
    for (scheme, members) in groups {
        let is_other = |p: &&Parameter| !members.contains(&p.name) && !decided.contains(&p.name);
        let others: Vec<&String> = parameters.iter().filter(is_other).map(|p| &p.name).collect();
        for pattern in patterns(&members, &others) {
            let _ = writeln!(text, "    (\"{}\", \"{scheme}\"),", for_rust(&pattern));
        }
        decided.extend(members);
    }
    text.push_str("];\n\n");
    text.push_str(INITIALIZE);
    text
}

const INITIALIZE: &str = r"/// `base` with what `RULES` name drawn under `seed`; all else keeps its values.
///
/// # Errors
/// If `model` has no parameter of such a name.
pub fn initialize(model: &Model, base: &Weights, seed: u64) -> fanin::Result<Weights> {
    fanin::recommend::redraw(model, base, RULES, seed)
}
";
