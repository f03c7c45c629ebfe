//! Laws of all naming conventions.

use super::*;

#[test]
fn every_convention_tells_what_it_is_and_reads_its_own_sample() {
    for naming in NAMINGS {
        assert!(!naming.name.is_empty() && !naming.about.is_empty() && !naming.lines.is_empty());
        assert_eq!(read(naming.sample).naming, Some(naming.name), "{}", naming.sample);
    }
}

/// A line that an earlier one always covers would never be read.
#[test]
fn every_line_can_be_reached() {
    for naming in NAMINGS {
        for line in naming.lines {
            let name = line.pattern.replace(['*', '?'], "1");
            let parts = parts(&name);
            let (found_in, found) = find(&parts, line.is_tensor).unwrap();
            let same = std::ptr::eq(found, line) || found.meaning == line.meaning;
            assert!(
                same,
                "{} of {} is covered by {} of {}",
                line.pattern, naming.name, found.pattern, found_in.name
            );
        }
    }
}

#[test]
fn only_whole_parts_of_a_name_count() {
    assert!(ends(&["a", "q_proj"], "q_proj") && ends(&["x", "self_attn", "o"], "*attn.o"));
    assert!(!ends(&["a", "xq_proj"], "q_proj") && !ends(&["q_proj"], "self_attn.q_proj"));
    assert_eq!(parts("dense/kernel:0"), ["dense", "kernel"]);
    assert!(read("0.weight").naming.is_none());
}
