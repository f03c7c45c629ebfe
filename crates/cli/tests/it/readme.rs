//! Every command that the README shows runs and ends as it says.

use crate::command::Folder;

const README: &str = include_str!("../../../../README.md");

/// The commands of the README's console blocks, as words, `fanin` itself left out.
fn commands() -> Vec<Vec<String>> {
    let shown = README.lines().filter_map(|line| line.strip_prefix("$ "));
    let ours = shown.filter_map(|line| {
        line.strip_prefix("fanin ").or_else(|| line.strip_prefix("cargo run --release -- "))
    });
    ours.map(words).collect()
}

/// Splits at spaces outside double quotes; a comment ends the line.
fn words(line: &str) -> Vec<String> {
    let line = line.split("  #").next().unwrap_or(line);
    line.split('"')
        .enumerate()
        .flat_map(|(part, text)| match part % 2 {
            0 => text.split_whitespace().map(str::to_owned).collect(),
            _ => vec![text.to_owned()],
        })
        .collect()
}

#[test]
fn every_command_of_the_readme_runs() {
    let commands = commands();
    assert!(commands.len() >= 8, "the README shows {} commands", commands.len());
    let folder = Folder::new();
    for words in commands {
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = folder.fanin(&arguments);
        let expected = if words[0] == "check" { [0, 1] } else { [0, 0] };
        assert!(expected.contains(&ended.code), "fanin {}: {}", words.join(" "), ended.err);
        assert!(!ended.out.is_empty(), "fanin {} says nothing", words.join(" "));
    }
}

#[test]
fn the_test_command_is_that_of_ci() {
    let ci = include_str!("../../../../.ci/run");
    assert!(README.contains("$ cargo test --workspace\n"));
    assert!(ci.lines().any(|line| line == "cargo test --workspace"));
}

#[test]
fn the_command_suggested_after_a_comparison_runs_on_the_same_data() {
    let folder = Folder::new();
    let compare = ["compare", "--data", "xor", "--depths", "2", "--schemes", "zeros,he-normal"];
    let ended = folder.fanin(&[&compare[..], &["--epochs", "2", "--seeds", "1"]].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    let suggested = ended.out.lines().find_map(|line| line.strip_prefix("  fanin check "));
    let words = words(&format!("check {}", suggested.expect("a check is suggested")));
    let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = folder.fanin(&arguments);
    assert_eq!(ended.code, 1, "zeros are found wanting: {}", ended.err);
    assert!(ended.out.contains("unit-symmetry"), "{}", ended.out);
}
