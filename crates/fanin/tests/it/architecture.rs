//! What ARCHITECTURE.md promises of the code, read from the code.

mod documents;
mod registries;
mod rooms;

use std::fs;
use std::path::{Path, PathBuf};

/// Crates in the order of the data; each may depend on those before it.
const CRATES: [&str; 4] = ["fanin-kernels", "fanin-engine", "fanin", "fanin-cli"];

/// Files over [`LONG`] lines, each with the reason why it is not cut.
const LONG_FILES: &[(&str, &str)] = &[];
const LONG: usize = 500;

/// A file of the repository.
struct Source {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// Lines with their numbers, without those that are comments only.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// As [`code`](Self::code), without tests.
    fn product_code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test = self.path.ends_with("/tests.rs") || self.path.contains("/tests/");
        let mut previous = "";
        self.code().take_while(move |(_, line)| {
            let inline_tests = previous == "#[cfg(test)]" && line.ends_with('{');
            previous = line.trim();
            !is_test && !inline_tests
        })
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    let file = root().join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Rust files below `folder`, in the order of their paths.
fn sources(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no Rust file");
    paths.into_iter().map(|path| Source { text: read(&path), path }).collect()
}

/// The folder of a crate: `crates/engine` for `fanin-engine`.
fn folder(name: &str) -> String {
    format!("crates/{}", name.strip_prefix("fanin-").unwrap_or(name))
}

fn manifest(name: &str) -> toml::Table {
    read(&format!("{}/Cargo.toml", folder(name))).parse().unwrap()
}

/// Names of the crates that a crate names in the sections of its manifest.
fn dependencies(name: &str, sections: &[&str]) -> Vec<String> {
    let manifest = manifest(name);
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let of_targets = targets.into_iter().flat_map(|t| t.values()).filter_map(toml::Value::as_table);
    let all = std::iter::once(&manifest).chain(of_targets);
    let tables =
        all.flat_map(|table| sections.iter().filter_map(|section| table.get(*section)?.as_table()));
    tables.flat_map(|table| table.keys().cloned()).collect()
}

/// Whether `word` stands in `line` as a word of its own.
fn has_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        !before.is_some_and(is_name) && !after.is_some_and(is_name)
    })
}

/// No file below the folders says any of the words, but in tests and comments.
#[track_caller]
fn check_absent(folders: &[&str], words: &[&str]) {
    let mut found = Vec::new();
    for source in folders.iter().flat_map(|folder| sources(folder)) {
        for (number, line) in source.product_code() {
            for word in words.iter().filter(|word| has_word(line, word)) {
                found.push(format!("{}:{number} says `{word}`", source.path));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

const ALL: [&str; 4] =
    ["crates/kernels/src", "crates/engine/src", "crates/fanin/src", "crates/cli/src"];

#[test]
fn crates_depend_only_on_those_before_them() {
    for (position, name) in CRATES.iter().enumerate() {
        for dependency in dependencies(name, &["dependencies", "build-dependencies"]) {
            if let Some(other) = CRATES.iter().position(|c| *c == dependency) {
                assert!(other < position, "{name} depends on {dependency}");
            }
        }
    }
    assert_eq!(dependencies("fanin-engine", &["dependencies"]), ["fanin-kernels", "thiserror"]);
}

#[test]
fn unsafe_code_has_its_only_home_in_the_kernels() {
    check_absent(&ALL[1..], &["unsafe"]);
    for file in ["engine/src/lib.rs", "fanin/src/lib.rs", "cli/src/main.rs"] {
        let text = read(&format!("crates/{file}"));
        assert!(text.contains("\n#![forbid(unsafe_code)]\n"), "{file} does not forbid it");
    }
}

#[test]
fn kernels_know_no_graph() {
    check_absent(&ALL[..1], &["Graph", "Wire", "Operator", "fanin_engine", "fanin"]);
}

#[test]
fn kernels_and_engine_touch_no_file_clock_environment_or_terminal() {
    let words = [
        "fs",
        "net",
        "env",
        "io",
        "process",
        "Path",
        "PathBuf",
        "Instant",
        "SystemTime",
        "stdin",
        "stdout",
        "stderr",
        "print",
        "println",
        "eprint",
        "eprintln",
    ];
    check_absent(&ALL[..1], &words);
    let io_is_the_engines_own: Vec<&str> = words.into_iter().filter(|word| *word != "io").collect();
    check_absent(&ALL[1..2], &io_is_the_engines_own);
    check_absent(&ALL[1..2], &["std::io"]);
}

#[test]
fn only_the_command_line_prints() {
    check_absent(&ALL[..3], &["print!", "println!", "eprint!", "eprintln!", "stdout", "stderr"]);
}

#[test]
fn nothing_is_left_undone_or_unwrapped() {
    check_absent(&ALL, &["todo", "unimplemented", "dbg", "TODO", "FIXME", "unwrap"]);
}

#[test]
fn long_files_have_a_reason() {
    let mut long = Vec::new();
    for source in sources("crates") {
        let lines = source.text.lines().count();
        if lines > LONG {
            let listed = LONG_FILES.iter().any(|(path, _)| *path == source.path);
            assert!(listed, "{} has {lines} lines: cut it, or say why not", source.path);
            long.push(source.path);
        }
    }
    for (path, reason) in LONG_FILES {
        assert!(long.iter().any(|l| l == path), "{path} is not long");
        assert!(!reason.is_empty(), "{path} has no reason");
    }
}

#[test]
fn every_file_says_first_what_it_is_for() {
    for source in sources("crates") {
        assert!(source.text.starts_with("//! "), "{} does not begin with `//! `", source.path);
    }
}
