//! What `fanin fix` leaves when it is stopped.

use crate::command::Folder;

/// Ctrl-C in the proof: the start was written before it.
#[cfg(unix)]
#[test]
fn a_proof_that_is_stopped_leaves_the_start() {
    use std::process::{Command, Stdio};

    let folder = Folder::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fanin"));
    let network = "64 -> 20x64 tanh -> 10";
    command.args(["fix", network, "--scheme", "normal:0.01", "--output", "start.npz"]);
    command.args(["--seconds", "600", "--threads", "1"]).current_dir(folder.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = folder.path().join("start.npz");
    while !start.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the command ended without a start");
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("wrote start.npz") && said.contains("the proof was stopped"), "{said}");
    assert!(fanin::formats::read_weights(&start).is_ok());
}
