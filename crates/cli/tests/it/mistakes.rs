//! Mistakes that people make, and the answers they get: the place, what was found, what to do.

#[cfg(target_os = "linux")]
use crate::command::Ended;
use crate::command::{Folder, fanin};

/// Runs a command that must fail with code 2 and say every one of `parts`.
#[track_caller]
fn check(folder: &Folder, arguments: &[&str], parts: &[&str]) {
    let ended = folder.fanin(arguments);
    assert_eq!(ended.code, 2, "{}{}", ended.out, ended.err);
    for part in parts {
        assert!(ended.err.contains(part), "`{part}` is not in: {}", ended.err);
    }
}

#[test]
fn unknown_scheme_suggests_the_nearest() {
    let folder = Folder::new();
    let arguments = ["compare", "--schemes", "he-normall"];
    check(&folder, &arguments, &["unknown scheme `he-normall`; did you mean `he-normal`?"]);
}

#[test]
fn weights_of_another_shape_are_named() {
    let folder = Folder::new();
    assert_eq!(folder.fanin(&["init", "4 -> 8 relu -> 2"]).code, 0);
    check(
        &folder,
        &["check", "--weights", "weights.safetensors"],
        &["0.weight", "(8, 4)", "(64, 64)"],
    );
}

/// The weights fit into the memory that is allowed, the values of a pass do not.
#[cfg(target_os = "linux")]
#[test]
fn a_pass_that_memory_does_not_hold_is_told() {
    let binary = env!("CARGO_BIN_EXE_fanin");
    for (arguments, network) in [
        ("train --batch-size full --epochs 1", "64 -> 100000 relu -> 10"),
        ("check --seeds 1", "64 -> 400000 relu -> 10"),
        ("compare --schemes he-normal --seeds 1 --epochs 1", "64 -> 400000 relu -> 10"),
    ] {
        let limited =
            format!("ulimit -v 500000; exec '{binary}' {arguments} --threads 1 '{network}'");
        let folder = Folder::new();
        let mut shell = std::process::Command::new("sh");
        let output = shell.args(["-c", &limited]).current_dir(folder.path()).output().unwrap();
        let ended = Ended::from(output);
        assert_eq!(ended.code, 2, "{arguments}: {}{}", ended.out, ended.err);
        for part in ["B of memory beside its parameters", "a smaller batch", "fewer units"] {
            assert!(ended.err.contains(part), "`{part}` is not in: {}", ended.err);
        }
    }
}

#[test]
fn outputs_that_do_not_fit_the_data_are_shown_with_a_caret() {
    let folder = Folder::new();
    for command in ["check", "train", "compare"] {
        check(&folder, &[command, "64 -> 32"], &["32 outputs", "expected 10", "^^"]);
    }
}

#[test]
fn a_loss_that_does_not_fit_the_task_names_those_that_do() {
    let folder = Folder::new();
    let arguments = ["train", "--task", "auto-encoder", "--loss", "cross-entropy"];
    check(&folder, &arguments, &["cross-entropy for auto-encoder", "squared-error"]);
}

#[test]
fn a_run_does_not_go_on_with_other_data() {
    let folder = Folder::new();
    let row = |i: usize| format!("{},{},{}\n", i % 7, i % 5, i % 2);
    let table = |last: &str| {
        let rows: String = (0..30).map(row).collect();
        format!("a,b,class\n{rows}{last}")
    };
    folder.write("t.csv", table("1,2,0\n"));
    assert_eq!(folder.fanin(&["train", "--data", "t.csv", "--name", "a"]).code, 0);
    folder.write("t.csv", table("1,3,0\n"));
    check(&folder, &["train", "--resume", "a"], &["other rows", "start a new run"]);
}

#[test]
fn a_missing_target_column_lists_the_columns() {
    let folder = Folder::new();
    folder.write("flowers.csv", "petal,sepal,species\n1,2,a\n3,4,b\n");
    let arguments = ["data", "flowers.csv", "--target", "specis"];
    check(&folder, &arguments, &["unknown column `specis`; did you mean `species`?", "petal"]);
}

#[test]
fn nan_in_a_csv_cell_is_named_by_row_and_column() {
    let folder = Folder::new();
    folder.write("t.csv", "a,b,class\n1,2,x\n3,NaN,y\n5,6,x\n");
    check(&folder, &["train", "--data", "t.csv"], &["t.csv", "row 2", "column `b`", "--missing"]);
    let ended = folder.fanin(&["data", "t.csv"]);
    assert_eq!(ended.code, 0, "described as it is: {}", ended.err);
}

#[test]
fn truncated_idx_is_named_by_byte() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("mnist")).unwrap();
    for name in ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"] {
        folder.write(&format!("mnist/{name}"), [0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 2, 7]);
    }
    for name in ["train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"] {
        folder.write(&format!("mnist/{name}"), [0, 0, 8, 1, 0, 0, 0, 9, 1, 2, 3]);
    }
    check(&folder, &["data", "mnist"], &["idx", "found", "expected"]);
}

#[test]
fn an_output_folder_that_is_missing_is_told() {
    let folder = Folder::new();
    let arguments = ["init", "4 -> 2", "--output", "no/such/folder/w.safetensors"];
    check(&folder, &arguments, &["no/such/folder/w.safetensors", "because"]);
}

#[test]
fn existing_outputs_are_kept() {
    let folder = Folder::new();
    folder.write("weights.safetensors", "precious");
    check(&folder, &["init", "4 -> 2"], &["exists already", "--force"]);
    let kept = std::fs::read(folder.path().join("weights.safetensors")).unwrap();
    assert_eq!(kept, b"precious");
}

#[test]
fn zero_and_absurd_numbers_of_units_are_shown_with_a_caret() {
    let folder = Folder::new();
    check(&folder, &["init", "4 -> 0 relu -> 2"], &["0 units", "\n       ^"]);
    check(&folder, &["init", "4 -> 1000000000000 -> 2"], &["1000000000000", "^^^^"]);
    check(&folder, &["init", "4 -> 8 rleu -> 2"], &["did you mean `relu`?", "^^^^"]);
}

#[test]
fn a_batch_larger_than_the_data_says_both_numbers() {
    let folder = Folder::new();
    check(&folder, &["train", "--batch-size", "5000"], &["5000", "1,437 rows", "smaller batch"]);
    assert!(!folder.path().join("runs").exists(), "nothing is written before all is checked");
}

#[test]
fn a_batch_for_an_optimizer_of_all_rows_is_refused() {
    let folder = Folder::new();
    for optimizer in ["gradient-descent", "lbfgs"] {
        let train = ["train", "--epochs", "1", "--optimizer", optimizer, "--batch-size"];
        let parts = ["--batch-size", optimizer, "all rows", "`full`", "adam"];
        check(&folder, &[&train[..], &["64"]].concat(), &parts);
        assert_eq!(folder.fanin(&[&train[..], &["full"]].concat()).code, 0);
    }
}

#[test]
fn what_training_always_refuses_is_not_offered() {
    let help = fanin(&["train", "--help"]).out;
    assert!(help.contains("[possible values: error, drop, mean, zero]"), "{help}");
}

#[test]
fn a_file_that_is_no_model_is_no_mistyped_network() {
    let folder = Folder::new();
    for command in ["train", "check", "init", "model"] {
        check(&folder, &[command, "net.pt"], &["found the path net.pt", ".toml", ".onnx"]);
        check(&folder, &[command, "4 -> 8.5x"], &["cannot read the model"]);
    }
}

#[test]
fn numbers_below_zero_are_values_that_do_not_fit() {
    let folder = Folder::new();
    for (command, option) in [
        ("train", "seed"),
        ("train", "threads"),
        ("train", "epochs"),
        ("train", "warmup-steps"),
        ("train", "watch"),
        ("compare", "seeds"),
        ("check", "seeds"),
        ("fix", "seeds"),
        ("fix", "seconds"),
        ("theory", "depth"),
        ("theory", "tokens"),
    ] {
        let option = format!("--{option}");
        check(&folder, &[command, &option, "-1"], &["invalid value '-1'", &option]);
    }
    check(&folder, &["train", "--batch-size", "-1"], &["found `-1`", "a whole number of rows"]);
    check(&folder, &["train", "--watch", "0"], &["a whole number of at least 1"]);
    let attention = ["theory", "--network", "attention", "--cosine", "-0.5"];
    check(&folder, &attention, &["-0.5", "a cosine from 0 to 1"]);
}

#[test]
fn a_wrong_path_says_which() {
    let folder = Folder::new();
    check(&folder, &["data", "nope.csv"], &["nope.csv", "because", "there is no `nope.csv` in "]);
    check(&folder, &["data", "no/such/nope.csv"], &["there is no `no` in "]);
    folder.write("digits_of_mine.csv", "a,b\n");
    check(&folder, &["data", "digits_of_mime.csv"], &["did you mean `digits_of_mine.csv`?"]);
    check(&folder, &["train", "nope.toml"], &["nope.toml", "because"]);
    check(&folder, &["data", "digitz"], &["did you mean `digits`?"]);
}

#[test]
fn a_mistake_in_a_toml_file_is_named_by_line_and_key() {
    let folder = Folder::new();
    folder.write("spec.toml", "model = \"4 -> 2\"\n[train]\nepoch = 3\n");
    check(&folder, &["train", "spec.toml"], &["spec.toml", "line 3", "epoch", "epochs"]);
}

#[test]
fn no_command_at_all_says_where_to_begin() {
    let ended = fanin(&[]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert!(ended.out.contains("\n  fanin compare\n"), "{}", ended.out);
    let ended = fanin(&["--json"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("--json needs a command"), "{}", ended.err);
}

#[test]
fn a_word_that_is_no_command_suggests_one() {
    let ended = fanin(&["compair"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("compare"), "{}", ended.err);
}

#[test]
fn divergence_is_caught_and_named() {
    let folder = Folder::new();
    let ended = folder.fanin(&["train", "--learning-rate", "1e9", "--epochs", "3"]);
    assert_eq!(ended.code, 1, "{}", ended.err);
    assert!(ended.out.contains("diverged at step"), "{}", ended.out);
}
