//! Parameters that get the same, named by as few patterns as possible.

use super::Language;
use super::draw::{Draw, Drawn};
use crate::spec::glob;

/// Parameters that get the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    /// Names or patterns; the first group of which one fits a parameter decides.
    pub patterns: Vec<String>,
    /// What is drawn for each part, or for the whole.
    pub draws: Vec<Draw>,
    /// The axis along which parts lie, and the length of each.
    pub parts: Option<(usize, Vec<usize>)>,
    /// Whether units are laid out by head.
    pub is_by_head: bool,
    /// Whether inputs come first.
    pub is_turned: bool,
    /// Whether each matrix along the first axis is drawn on its own.
    pub is_apart: bool,
}

/// Groups of `drawn`, small ones first, in which `names` gives a parameter's own name; `all` are
/// the names of all parameters that the framework's model may have. Where they are not known, names
/// are told one by one: a pattern could fit what it is not meant for.
pub(super) fn groups(
    drawn: &[Drawn<'_>],
    names: &dyn Fn(&str) -> String,
    all: Option<&[String]>,
    language: Language,
) -> Vec<Group> {
    let mut groups: Vec<(Group, Vec<String>)> = Vec::new();
    for own in drawn {
        let name = names(&own.parameter.name);
        let group = Group {
            patterns: Vec::new(),
            draws: own.draws.clone(),
            parts: own.parts.clone(),
            is_by_head: own.is_by_head,
            is_turned: own.is_turned,
            is_apart: own.is_apart(language),
        };
        match groups.iter_mut().find(|(other, _)| *other == group) {
            Some((_, members)) => members.push(name),
            None => groups.push((group, vec![name])),
        }
    }
    groups.sort_by_key(|(_, members)| members.len());
    let mut decided: Vec<String> = Vec::new();
    let named = groups.into_iter().map(|(group, members)| {
        let is_other = |name: &&String| !members.contains(name) && !decided.contains(name);
        let others = all.map(|all| all.iter().filter(is_other).collect::<Vec<&String>>());
        let patterns = others.map_or_else(|| members.clone(), |others| patterns(&members, &others));
        decided.extend(members);
        Group { patterns, ..group }
    });
    named.collect()
}

/// Patterns that fit all `members` and none of `others`.
pub(super) fn patterns(members: &[String], others: &[&String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for member in members {
        if found.iter().any(|pattern| glob::matches(pattern, member)) {
            continue;
        }
        let wide = without_numbers(member);
        let serves = members.iter().filter(|other| glob::matches(&wide, other)).count() > 1
            && !others.iter().any(|other| glob::matches(&wide, other));
        found.push(if serves { wide } else { member.clone() });
    }
    found
}

/// Patterns of Python's `fnmatch` as a list, on lines of its own where it is long.
pub(super) fn for_python(patterns: &[String], indent: &str) -> String {
    let texts: Vec<String> = patterns.iter().map(|p| quoted(&p.replace('[', "[[]"))).collect();
    on_lines(&texts, indent)
}

/// A text as Python's literal.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", for_rust(text))
}

/// Texts as a list of Python, on lines of its own where it is long.
pub(super) fn on_lines(texts: &[String], indent: &str) -> String {
    const LONGEST: usize = 88;
    let line = format!("[{}]", texts.join(", "));
    if line.len() <= LONGEST {
        return line;
    }
    let mut lines = "[".to_owned();
    let mut room = 0;
    for text in texts {
        if text.len() + 2 > room {
            lines = format!("{}\n{indent}    ", lines.trim_end());
            room = LONGEST;
        }
        room = room.saturating_sub(text.len() + 2);
        lines.push_str(text);
        lines.push_str(", ");
    }
    format!("{}\n{indent}]", lines.trim_end())
}

/// What each part gets, as arguments of a call of Python; once where all get the same.
pub(super) fn each(draws: &[Draw], text: &dyn Fn(&Draw) -> String) -> String {
    match draws {
        [first, rest @ ..] if !rest.is_empty() && rest.iter().all(|draw| draw == first) => {
            format!("*[{}] * {}", text(first), draws.len())
        }
        _ => draws.iter().map(text).collect::<Vec<String>>().join(", "),
    }
}

/// A pattern as text between quotation marks.
pub(super) fn for_rust(pattern: &str) -> String {
    pattern.replace('\\', "\\\\").replace('"', "\\\"")
}

/// `name` with `*` for every run of digits.
fn without_numbers(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for letter in name.chars() {
        match (letter.is_ascii_digit(), pattern.ends_with('*')) {
            (true, true) => {}
            (true, false) => pattern.push('*'),
            (false, _) => pattern.push(letter),
        }
    }
    pattern
}
