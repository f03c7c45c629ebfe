//! Signals in the middle of a command, and files that may not grow.
#![cfg(unix)]

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::command::{Ended, Folder};

/// Many epochs, so that only a signal ends it.
const LONG: &str = "train '2 -> 3 tanh -> 2' --data xor --epochs 1000000 --name a";

/// A child that does not outlive its test, and the folder of what it prints.
struct Running(Child, Folder);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, unless the test failed before.
        let _ = self.0.kill();
    }
}

/// Begins a command by a shell that `prepares` first.
fn begin(folder: &Folder, prepares: &str, arguments: &str) -> Running {
    let (binary, prints) = (env!("CARGO_BIN_EXE_fanin"), Folder::new());
    let place = prints.path().display();
    let line = format!("{prepares}; exec '{binary}' {arguments} > '{place}/out' 2> '{place}/err'");
    let mut shell = Command::new("sh");
    let child = shell.args(["-c", &line]).current_dir(folder.path()).spawn().unwrap();
    Running(child, prints)
}

fn send(signals: &[&str], child: &Running) {
    let kill = |signal: &&str| format!("kill -{signal} {}", child.0.id());
    let line = signals.iter().map(kill).collect::<Vec<String>>().join(" && ");
    assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
}

#[track_caller]
fn wait_until(child: &mut Running, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(child.0.try_wait().unwrap().is_none(), "the command ended before");
        assert!(since.elapsed() < Duration::from_secs(60), "it never came to it");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn end(mut child: Running) -> Ended {
    let code = child.0.wait().unwrap().code().unwrap_or(-1);
    let read = |name: &str| std::fs::read_to_string(child.1.path().join(name)).unwrap();
    Ended { code, out: read("out"), err: read("err") }
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

/// Whether this process was started with the signal ignored, which its children cannot change.
fn is_ignored(signal: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| (mask >> (signal - 1)) & 1 == 1)
}

/// A run that ignores some signals goes on after them, and saves at one that it answers.
#[track_caller]
fn check_stopped(ignored: &[&str], by: &str) {
    let folder = Folder::new();
    let prepares = match ignored {
        [] => ":".to_owned(),
        ignored => format!("trap '' {}", ignored.join(" ")),
    };
    let mut child = begin(&folder, &prepares, LONG);
    let metrics = folder.path().join("runs/a/metrics.jsonl");
    wait_until(&mut child, || lines(&metrics) > 1);
    if !ignored.is_empty() {
        send(ignored, &child);
        let before = lines(&metrics);
        wait_until(&mut child, || lines(&metrics) > before + 1);
    }
    send(&[by], &child);
    let ended = end(child);
    assert_eq!(ended.code, 130, "{}", ended.err);
    assert!(ended.out.contains("fanin train --resume a"), "{}", ended.out);
}

#[test]
fn a_request_to_end_saves_a_run() {
    check_stopped(&[], "TERM");
    // Elsewhere nobody tells whether hang-ups are ignored.
    if cfg!(target_os = "linux") && !is_ignored(1) {
        check_stopped(&[], "HUP");
    }
}

/// As under `nohup`, and in the background of a shell without job control.
#[cfg(target_os = "linux")]
#[test]
fn what_is_ignored_does_not_keep_the_others_from_saving() {
    if !is_ignored(2) {
        check_stopped(&["HUP"], "INT");
    }
    check_stopped(&["INT"], "TERM");
    check_stopped(&["HUP", "INT"], "TERM");
}

#[test]
fn a_second_signal_ends_at_once_and_leaves_no_temporary_file() {
    let folder = Folder::new();
    let large = "init '16000 -> 16000 -> 16000' --threads 1";
    let mut child = begin(&folder, ":", large);
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    wait_until(&mut child, || files() > 0);
    send(&["TERM", "HUP", "TERM"], &child);
    end(child);
    assert_eq!(files(), 0);
}

/// A limit of the shell is told as a full disk is, and leaves no file behind.
#[test]
fn a_file_that_may_not_grow_is_an_error() {
    let folder = Folder::new();
    let ended = end(begin(&folder, "ulimit -f 16", "init '500 -> 500 -> 10'"));
    assert_eq!(ended.code, 2, "{}{}", ended.out, ended.err);
    for part in ["cannot write weights.safetensors", "because", "ulimit -f"] {
        assert!(ended.err.contains(part), "`{part}` is not in: {}", ended.err);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
