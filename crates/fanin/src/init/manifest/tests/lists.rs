//! Lists in TOML and JSON, headers, mistakes in them, and what is done with the result.

use std::fs;

use super::*;
use crate::init::{Component, Rules, Stack, explain};

fn toml(text: &str) -> Result<Manifest> {
    Manifest::from_toml(text, Path::new("model.toml"))
}

fn json(text: &str) -> Result<Manifest> {
    Manifest::from_json(text, Path::new("model.json"))
}

#[test]
fn entries_say_what_names_do_not() {
    let text = r#"
        width = 64
        stack = "encoder"
        activation = "relu"

        [[parameters]]
        name = "up"
        shape = [16, 8, 4, 4]
        role = "weight"
        kind = "conv-transpose"
        groups = 2

        [[parameters]]
        name = "tokens.weight"
        shape = [500, 64]
        role = "embedding"

        [[parameters]]
        name = "mixed.weight"
        shape = [24, 64]
        parts = ["query", "key", "value"]
        part_sizes = [16, 4, 4]
        activation = "tanh"

        [[parameters]]
        name = "kept.weight"
        shape = [3, 5]
        layout = "keras"
        fan_in = 7
    "#;
    let listed = toml(text).unwrap().parameters().unwrap();
    check(
        &listed,
        &[
            ("up", "weight 128->128"),
            ("tokens.weight", "embedding 1->64"),
            ("mixed.weight", "weight [0: query 16, key 4, value 4] 64->16"),
            ("kept.weight", "weight 7->5"),
        ],
    );
    let place = &listed.parameters[0].place;
    assert_eq!((place.width, place.stack), (Some(64), Stack::Encoder));
    let activations: Vec<Option<&str>> =
        listed.parameters.iter().map(|p| p.activation.as_deref()).collect();
    assert_eq!(activations[..3], [Some("relu"), None, Some("tanh")]);
    assert_eq!(listed.parameters[2].part(1).place.component, Some(Component::Key));
}

#[test]
fn maps_of_shapes_and_lists_say_the_same_in_toml_and_json() {
    let map = json(r#"{"a.weight": [3, 4], "a.bias": [3]}"#).unwrap();
    let listed = map.parameters().unwrap();
    for other in [
        json(r#"[{"name": "a.weight", "shape": [3, 4]}, {"name": "a.bias", "shape": [3]}]"#),
        json(r#"{"parameters": {"a.weight": [3, 4], "a.bias": [3]}}"#),
        toml("\"a.weight\" = [3, 4]\n\"a.bias\" = [3]"),
        toml("[parameters]\n\"a.weight\" = [3, 4]\n\"a.bias\" = [3]"),
    ] {
        assert_eq!(other.unwrap().parameters().unwrap(), listed);
    }
    assert!(json("{}").unwrap().entries.is_empty());
}

#[test]
fn the_last_layer_of_a_plain_list_is_its_head() {
    let listed = model("convolutions");
    check(
        &listed,
        &[
            ("0.weight", "weight 27->72"),
            ("1.bias", "norm-shift"),
            ("1.num_batches_tracked", "counter"),
            ("6.weight", "weight 12->5 head"),
        ],
    );
    let last = listed.guesses.last().unwrap();
    assert_eq!((&*last.name, &*last.taken_as), ("6.weight", "head: the last layer of the list"));
    let first = &listed.guesses[0];
    assert_eq!(first.name, "0.weight");
    assert!(first.taken_as.contains("say `role`"), "{first:?}");
}

#[test]
fn what_neither_name_nor_rank_tells_is_a_buffer_and_said_so() {
    let listed = list(&[("table", &[4, 4]), ("x", &[])]);
    assert!(listed.parameters.iter().all(|p| p.role == Role::Buffer));
    assert_eq!(listed.guesses.len(), 2);
    let rules = Rules::new("he-normal");
    let message = explain(&listed.parameters, &rules).unwrap_err().to_string();
    assert!(message.contains("parameter `table`: found one of the buffers"), "{message}");
}

#[track_caller]
fn check_error(manifest: Result<Manifest>, message: &str) {
    let error = manifest.and_then(|m| m.parameters().map(|_| ())).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(message), "{text}\nis not\n{message}");
}

#[test]
fn mistakes_are_told_with_file_line_entry_and_key() {
    let entry = "[[parameters]]\nname = \"a\"\nshape = ";
    let with = |more: &str| toml(&format!("{entry}[2, 3]\n{more}"));
    check_error(
        with("rank = 2"),
        "model.toml: line 4, key `parameters[0].rank`: found an unknown key, expected one of name",
    );
    check_error(
        with("role = \"wheight\""),
        "model.toml: line 4, key `parameters[0].role`: found `wheight`, expected one of weight",
    );
    check_error(
        toml(&format!("{entry}[2, -3]")),
        "model.toml: line 3, key `parameters[0].shape[1]`: found",
    );
    check_error(
        toml(&format!("{entry}[2, 0]")),
        "model.toml: line 3: parameters[0].shape: found shape (2, 0) of `a`, expected at least 1",
    );
    check_error(
        with("[[parameters]]\nname = \"a\"\nshape = [1]"),
        "model.toml: line 5: parameters[1].name: found a second tensor called `a`",
    );
    check_error(
        toml(&format!("{entry}[1, 1, 1, 1, 1, 1, 1, 1, 1]")),
        "model.toml: line 3: parameters[0].shape: found shape (1, 1, 1, 1, 1, 1, 1, 1, 1) of `a`, \
         expected at most 8 axes",
    );
    check_error(
        toml(&format!("{entry}[4294967296, 4294967296, 4294967296]")),
        "model.toml: line 3: parameters[0].shape: found shape (4294967296, 4294967296, 4294967296)",
    );
    check_error(
        with("role = \"weight\"\ngroups = 5"),
        "model.toml: line 5: parameters[0].groups: found 5 groups for 2 channels for `a`",
    );
    check_error(
        with("activation = \"rellu\""),
        "model.toml: line 4: parameters[0].activation: found `rellu` for `a`, expected an activation",
    );
    check_error(
        with("role = \"weight\"\nparts = [\"query\", \"key\"]\npart_sizes = [3, 1]"),
        "model.toml: line 6: parameters[0].part_sizes: found [3, 1] for `a`, expected sizes of 1",
    );
    check_error(toml("layers = 3"), "model.toml: line 1, key `layers`: found");
    check_error(toml("\"w\" = [2]\n\"w\" = [3]"), "model.toml: line 2");
    check_error(toml("w = [2, 0]"), "model.toml: line 1: w.shape: found shape (2, 0) of `w`");
    check_error(
        Manifest::read(Path::new("model.yaml")),
        "model.yaml: found a file name whose ending tells no list",
    );
}

#[test]
fn mistakes_in_json_are_told_as_well() {
    check_error(
        json("[\n  {\"name\": \"a\", \"shape\": [1]},\n  {\"name\": \"b\", \"form\": 1}\n]"),
        "model.json: line 3, key `[1].",
    );
    check_error(
        json("{\"parameters\": [\n{\"name\": \"b\",\n \"shape\": [1, \"x\"]}]}"),
        "model.json: line 3, key `parameters[0].shape[1]`: found string \"x\", expected a whole",
    );
    check_error(
        json("{\"a\": [1],\n \"b\": [2, 0]}"),
        "model.json: line 2: b.shape: found shape (2, 0) of `b`",
    );
    check_error(
        json("{\"a\": [1], \"a\": [1]}"),
        "model.json: line 1: a.name: found a second tensor",
    );
    check_error(json("{\"a\": [1"), "model.json: line 1");
    check_error(json("3"), "model.json: line 1");
}

#[test]
fn damaged_texts_never_panic() {
    let text = r#"{"layers": 2, "parameters": [{"name": "a\"é.weight", "shape": [2, 3], "kind": "conv"}]}"#;
    assert!(json(text).unwrap().parameters().is_ok());
    for (position, _) in text.char_indices() {
        assert!(json(&text[..position]).is_err());
        for new in ["\"", "{", "]", ",", "\\", "0", "-"] {
            let next = position + text[position..].chars().next().unwrap().len_utf8();
            let damaged = [&text[..position], new, &text[next..]].concat();
            let _ = json(&damaged).and_then(|manifest| manifest.parameters());
        }
    }
}

#[test]
fn a_header_alone_gives_the_same_parameters_with_their_types() {
    let entries = entries("gpt2");
    let mut end = 0;
    let tensors: Vec<String> = entries
        .iter()
        .map(|entry| {
            let start = end;
            end += 2 * entry.shape.iter().product::<usize>();
            let (name, shape) = (&entry.name, &entry.shape);
            format!(
                r#""{name}":{{"dtype":"BF16","shape":{shape:?},"data_offsets":[{start},{end}]}}"#
            )
        })
        .collect();
    let header = format!("{{{}}}", tensors.join(","));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    fs::write(&path, [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()).unwrap();
    let manifest = Manifest::read(&path).unwrap();
    assert!(manifest.entries.iter().all(|entry| entry.dtype.as_deref() == Some("bf16")));
    let mut expected = model("gpt2").parameters;
    for parameter in &mut expected {
        parameter.place.layer = None;
    }
    assert_eq!(manifest.parameters().unwrap().parameters, expected);
}

#[test]
fn rules_apply_the_fans_of_a_library() {
    let text = "[[parameters]]\nname = \"c.weight\"\nshape = [4, 1, 3, 3]\ngroups = 4\n\
                [[parameters]]\nname = \"c.bias\"\nshape = [4]";
    let parameters = toml(text).unwrap().parameters().unwrap().parameters;
    let with = |fans: Option<&str>| {
        let fans = fans.map(str::to_owned);
        explain(&parameters, &Rules { fans, ..Rules::new("he-normal") })
    };
    let fans = |name| {
        let lines = with(name).unwrap();
        lines.iter().map(|line| (line.fan_in, line.fan_out)).collect::<Vec<_>>()
    };
    assert_eq!(fans(None), [(9, 9); 2]);
    assert_eq!(fans(Some("exact")), [(9, 9); 2]);
    assert_eq!(fans(Some("torch")), [(9, 36); 2]);
    assert_eq!(fans(Some("mlx")), [(36, 36); 2]);
    let message = with(Some("pytorch")).unwrap_err().to_string();
    assert!(message.contains("unknown fan convention `pytorch`"), "{message}");
}
