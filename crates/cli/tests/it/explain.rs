//! `fanin explain`: the questions listed, one answered, in a terminal, as JSON and as a page.

use serde_json::Value;

use crate::command::{Folder, fanin};

#[test]
fn every_topic_stands_in_the_list_and_in_the_help() {
    let (list, help) = (fanin(&["explain"]), fanin(&["explain", "--help"]));
    let json = fanin(&["explain", "--json"]).out;
    let found: Value = serde_json::from_str(&json).unwrap();
    let topics = found["topics"].as_array().unwrap();
    assert_eq!(topics.len(), fanin::explain::TOPICS.len());
    for topic in topics {
        let name = topic["topic"].as_str().unwrap();
        assert!(list.out.contains(&format!("fanin explain {name}")), "{}", list.out);
        assert!(help.out.contains(name), "{}", help.out);
    }
}

#[test]
fn a_lesson_is_told_written_as_json_and_as_a_page() {
    let folder = Folder::new();
    let told = folder.fanin(&["explain", "zero", "--quick", "--report", "zero.html"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.starts_with("Why do weights not start at exactly zero?\n"), "{}", told.out);
    let page = std::fs::read_to_string(folder.path().join("zero.html")).unwrap();
    assert!(page.contains("Content-Security-Policy") && page.contains("units that differ"));
    let json = folder.fanin(&["explain", "zero", "--quick", "--json"]).out;
    let found: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(found["schema"], "fanin.explain/1");
    assert_eq!(found["figure"]["frames"][0]["zone"], "stuck");
}

#[test]
fn a_page_without_a_topic_is_refused() {
    let ended = fanin(&["explain", "--report", "x.html"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("zero, scale, depth, fan-in, data"), "{}", ended.err);
}
