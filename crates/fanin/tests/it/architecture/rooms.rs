//! A room of the product uses only rooms before it.

use super::{Source, read, sources};

/// The rooms in the order of the data, as `lib.rs` lists them.
const ROOMS: [&str; 15] = [
    "error",
    "weights",
    "spec",
    "formats",
    "data",
    "init",
    "theory",
    "import",
    "check",
    "verify",
    "recommend",
    "train",
    "compare",
    "explain",
    "report",
];

const FOLDER: &str = "crates/fanin/src";

#[test]
fn rooms_are_those_of_the_facade() {
    let facade = read("crates/fanin/src/lib.rs");
    let modules = facade.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    assert!(modules.eq(ROOMS), "lib.rs lists other rooms, or in another order");
}

#[test]
fn a_room_uses_only_rooms_before_it() {
    let mut mistakes = Vec::new();
    for source in sources(FOLDER).iter().filter(|s| s.path != "crates/fanin/src/lib.rs") {
        let own = position(room(source)).expect("every file lies in a room");
        for used in used_names(source) {
            match position(&used) {
                Some(other) if other <= own => {}
                Some(_) => mistakes.push(format!("{} uses the later room {used}", source.path)),
                None => mistakes.push(format!("{} uses `crate::{used}`, no room", source.path)),
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn names_are_found_in_every_form_of_use() {
    let text = "//! [`x`](crate::report::x)\nuse crate::spec::{self, Model};\nuse crate::{\n    \
                Error, check::{probe, rules},\n    data,\n};\nfn f() { crate::train::run() }\n\
                use super::super::init;\n    use super::rules;";
    let source = Source { path: format!("{FOLDER}/data/split.rs"), text: text.to_owned() };
    assert_eq!(used_names(&source), ["spec", "error", "check", "data", "train", "init"]);
}

fn position(name: &str) -> Option<usize> {
    ROOMS.iter().position(|room| *room == name)
}

/// The room of a file: `spec` for `crates/fanin/src/spec/model.rs`.
fn room(source: &Source) -> &str {
    let inside = &source.path[FOLDER.len() + 1..];
    inside.split('/').next().unwrap().trim_end_matches(".rs")
}

/// What a file names right behind `crate::`, or behind enough `super::` to get there.
fn used_names(source: &Source) -> Vec<String> {
    let code: String = source.code().flat_map(|(_, line)| [line, "\n"]).collect();
    let parts = source.path[FOLDER.len() + 1..].split('/').count();
    let depth = if source.path.ends_with("/mod.rs") { parts - 1 } else { parts };
    let to_the_root = "super::".repeat(depth);
    let mut names = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        names.extend(heads(&code[start + "crate::".len()..]));
    }
    for (start, _) in code.match_indices(&to_the_root) {
        let rooms = heads(&code[start + to_the_root.len()..]);
        names.extend(rooms.into_iter().filter(|name| position(name).is_some()));
    }
    names
}

/// The first names of a path or of a group of paths; `Error` and `Result` live in the room error.
fn heads(path: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let (mut depth, mut name, mut fresh) = (0, String::new(), true);
    for c in path.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            c if fresh && (c.is_alphanumeric() || c == '_') => {
                name.push(c);
                continue;
            }
            ',' if depth == 1 => fresh = true,
            c if c.is_whitespace() => {}
            _ => fresh = false,
        }
        if !name.is_empty() {
            heads.push(std::mem::take(&mut name));
            fresh = c == ',' && depth == 1;
        }
        if depth == 0 {
            break;
        }
    }
    heads.extend((!name.is_empty()).then_some(name));
    let in_error = |head: &String| ["Error", "Result"].contains(&head.as_str());
    heads.into_iter().map(|head| if in_error(&head) { "error".to_owned() } else { head }).collect()
}
