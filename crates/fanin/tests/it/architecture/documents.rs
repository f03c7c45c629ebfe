//! What the documents say of the code: commands, dependencies, tests and files that exist.

use super::{CRATES, dependencies, folder, read, root, sources};

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The cells of the rows of a Markdown table whose first cell is a name in backticks.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The section of a document under a heading of the second level.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let start = text.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let body = &text[start + 1..];
    body.find("\n## ").map_or(body, |end| &body[..end])
}

#[test]
fn every_direct_dependency_has_its_line() {
    let architecture = read("ARCHITECTURE.md");
    let table = rows(section(&architecture, "Dependencies"));
    let mut used = 0;
    for row in &table {
        let [name, crates, purpose, reason] = row[..] else { panic!("{row:?} has other columns") };
        let name = name.trim_matches('`');
        let users: Vec<String> = CRATES
            .iter()
            .filter(|c| dependencies(c, &SECTIONS).iter().any(|d| d == name))
            .map(|c| folder(c).trim_start_matches("crates/").to_owned())
            .collect();
        assert_eq!(users.join(", "), crates, "the crates that use {name}");
        assert!(purpose.len() > 10 && reason.len() > 10, "{name} is not explained");
        used += users.len();
    }
    for name in CRATES {
        let mut named = dependencies(name, &SECTIONS);
        named.retain(|dependency| !CRATES.contains(&dependency.as_str()));
        named.sort();
        named.dedup();
        for dependency in &named {
            let explained = table.iter().any(|row| row[0] == format!("`{dependency}`"));
            assert!(explained, "ARCHITECTURE.md does not say why {name} uses {dependency}");
        }
        used -= named.len();
    }
    assert_eq!(used, 0, "a dependency has two lines");
}

#[test]
fn documents_name_the_test_command_that_runs_before_a_change_lands() {
    let script = read(".ci/run");
    let commands: Vec<&str> = script.lines().filter(|l| l.starts_with("cargo test")).collect();
    let [command] = commands[..] else { panic!(".ci/run has {commands:?}") };
    let files = std::fs::read_dir(root()).unwrap().map(|file| file.unwrap().file_name());
    let names: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name == "CONTRIBUTING.md"));
    for document in names.iter().filter(|n| ["README.md", "CONTRIBUTING.md"].contains(&n.as_str()))
    {
        let text = read(document);
        let lines = text.lines().map(|line| line.strip_prefix("$ ").unwrap_or(line));
        let said: Vec<&str> = lines.filter(|line| line.starts_with("cargo test")).collect();
        assert!(said.contains(&command), "{document} says {said:?} instead of {command}");
    }
}

#[test]
fn tests_that_the_architecture_names_exist() {
    let architecture = read("ARCHITECTURE.md");
    let tests: Vec<String> = sources("crates").into_iter().map(|source| source.text).collect();
    let invariants = section(&architecture, "Invariants");
    let mut named = 0;
    for name in invariants.split('`').skip(1).step_by(2).filter(|text| is_test_name(text)) {
        let exists = tests.iter().any(|text| text.contains(&format!("fn {name}(")));
        assert!(exists, "there is no test {name}");
        named += 1;
    }
    assert!(named > 10, "the invariants name {named} tests");
}

/// Names of tests are facts of at least three words.
fn is_test_name(text: &str) -> bool {
    text.matches('_').count() >= 2
        && text.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
}

#[test]
fn files_that_the_documents_name_exist() {
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(document);
        for path in text.split('`').skip(1).step_by(2).filter(|text| is_path(text)) {
            assert!(root().join(path).exists(), "{document} names {path}, which is not there");
        }
    }
}

fn is_path(text: &str) -> bool {
    let beginnings = ["crates/", "docs/", "bench/", ".ci/"];
    beginnings.iter().any(|start| text.starts_with(start)) && !text.contains([' ', '…', '*', 'X'])
}
