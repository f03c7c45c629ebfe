//! Everything that can be added has one file, and every such file stands in its registry.

use super::{ALL, read, root, sources};

/// A folder of things of one kind.
struct Registry {
    folder: &'static str,
    slice: &'static str,
    /// Files that serve the others and are no entries.
    helpers: &'static [&'static str],
}

const fn registry(
    folder: &'static str,
    slice: &'static str,
    helpers: &'static [&'static str],
) -> Registry {
    Registry { folder, slice, helpers }
}

const REGISTRIES: &[Registry] = &[
    registry("crates/engine/src/activations", "ACTIVATIONS", &["formula", "gate"]),
    registry(
        "crates/engine/src/ops",
        "OPERATORS",
        &["operator", "broadcast", "window", "span", "fold", "addressing", "convolution_terms"],
    ),
    registry(
        "crates/fanin/src/formats",
        "DATA_FORMATS",
        &[
            "table",
            "array",
            "gzip",
            "picture",
            "event_file",
            "protobuf",
            "write_whole",
            "disk_space",
        ],
    ),
    registry(
        "crates/fanin/src/formats/weights",
        "WEIGHT_FORMATS",
        &[
            "byte_size",
            "dtype",
            "elements",
            "entry",
            "header",
            "pipeline",
            "shards",
            "stream",
            "visit",
        ],
    ),
    registry("crates/fanin/src/import/ops", "IMPORTS", &["window", "products", "recurrent"]),
    registry("crates/fanin/src/data/sets", "DATA_SETS", &[]),
    registry("crates/fanin/src/recommend/methods", "METHODS", &[]),
    registry("crates/fanin/src/recommend/offers", "REMEDIES", &[]),
    registry(
        "crates/fanin/src/init/schemes",
        "SCHEMES",
        &["known_place", "base", "sample_networks"],
    ),
    registry("crates/fanin/src/init/fans/conventions", "CONVENTIONS", &["layer"]),
    registry(
        "crates/fanin/src/init/like/library",
        "LIBRARIES",
        &["rule", "modules", "flax_names", "keras_names"],
    ),
    registry("crates/fanin/src/init/manifest/names", "NAMINGS", &["meaning"]),
    registry("crates/fanin/src/check/rules", "RULES", &["advice", "wording"]),
    registry("crates/fanin/src/train/optimizers", "OPTIMIZERS", &["method", "rule", "state"]),
    registry("crates/fanin/src/train/schedule", "SCHEDULES", &[]),
    registry("crates/fanin/src/explain/topics", "TOPICS", &[]),
    registry("crates/fanin/src/report/sections", "SECTIONS", &["material", "chain", "verdict"]),
];

/// The files directly in a folder, without `.rs`, without `mod` and tests.
fn modules(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(root().join(folder)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let modules = names.filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned()));
    modules.filter(|name| name != "mod" && name != "tests").collect()
}

/// The text between the brackets of a slice.
fn entries(folder: &str, slice: &str) -> String {
    let text = read(&format!("{folder}/mod.rs"));
    let declaration = format!("pub static {slice}: &[");
    let (_, rest) =
        text.split_once(&declaration).unwrap_or_else(|| panic!("no {slice} in {folder}"));
    let (_, rest) = rest.split_once("&[").unwrap();
    rest.split_once("];").unwrap().0.to_owned()
}

/// Whether an entry comes from the module: `x::X`, but not `max::X`.
fn names(entries: &str, module: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let path = format!("{module}::");
    let mut found = entries.match_indices(&path).map(|(start, _)| start);
    found.any(|start| !entries[..start].ends_with(inside))
}

#[test]
fn every_file_of_a_registry_is_registered() {
    for Registry { folder, slice, helpers } in REGISTRIES {
        let (entries, modules) = (entries(folder, slice), modules(folder));
        for module in &modules {
            let listed = names(&entries, module);
            let helps = helpers.contains(&module.as_str());
            assert!(listed || helps, "{folder}/{module}.rs is not in {slice}");
            assert!(!(listed && helps), "{folder}/{module}.rs is an entry of {slice}, no helper");
        }
        for helper in *helpers {
            assert!(modules.iter().any(|m| m == helper), "{folder}/{helper}.rs is not there");
        }
    }
}

#[test]
fn every_registry_is_known_here_and_in_the_architecture() {
    let architecture = read("ARCHITECTURE.md");
    let mut found = 0;
    for source in ALL.iter().flat_map(|folder| sources(folder)) {
        for (_, line) in source.code() {
            let Some(rest) = line.strip_prefix("pub static ") else { continue };
            let Some((slice, _)) = rest.split_once(": &[") else { continue };
            let folder = source.path.trim_end_matches("/mod.rs");
            let known = REGISTRIES.iter().any(|r| r.folder == folder && r.slice == slice);
            assert!(known, "{slice} of {} is not guarded here", source.path);
            assert!(architecture.contains(&format!("`{slice}`")), "ARCHITECTURE.md lacks {slice}");
            found += 1;
        }
    }
    assert_eq!(found, REGISTRIES.len());
}
