//! Every option of data, training and reading is repeated, and read back as what it was.

use clap::{Args, CommandFactory, Parser};

use super::*;
use crate::args::{DataArgs, ReadingArgs, StartArgs, TrainArgs};

/// The options that change a spec.
#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    start: StartArgs,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    training: TrainArgs,
}

fn spec(words: &[String]) -> Spec {
    let words = std::iter::once("fanin").chain(words.iter().map(String::as_str));
    let line = Line::try_parse_from(words).unwrap();
    let mut spec = Spec::default();
    line.start.apply(&mut spec);
    line.reading.apply(&mut spec);
    line.data.apply(&mut spec).unwrap();
    line.training.apply(&mut spec).unwrap();
    spec
}

/// A value that an option does not have by itself.
fn example(option: &str) -> &'static str {
    match option {
        "batch" | "noise" | "warmup-steps" | "epochs" => "7",
        "batch-norm" => "running",
        "batch-size" => "full",
        "clip-norm" | "momentum" | "test-fraction" => "0.3",
        "data" => "a table.csv",
        "dropout" => "off",
        "input" => "x y=1x3x8",
        "label-smoothing" | "learning-rate" | "target-accuracy" | "weight-decay" => "0.125",
        "loss" => "squared-error",
        "max-elements" => "4096",
        "missing" => "mean",
        "optimizer" => "adam",
        "role" => "*.w=bias",
        "rule" => "*.weight=zeros",
        "schedule" => "cosine",
        "standardize" => "min-max",
        "task" => "regression",
        "categorical" | "features" | "freeze" | "ignore" | "output-name" | "params" | "target"
        | "targets-file" => "it's a \"name\"",
        other => panic!("no example of --{other}"),
    }
}

/// The words of a command as a shell reads them.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            (' ', None) => words.extend(word.take()),
            ('\\', None) => word.get_or_insert_default().extend(letters.next()),
            ('"' | '\'', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (letter, Some(open)) if letter == open => quote = None,
            (letter, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[test]
fn every_option_that_changes_a_spec_is_repeated() {
    for argument in Line::command().get_arguments() {
        let Some(name) = argument.get_long().filter(|name| !["help", "scheme"].contains(name))
        else {
            continue;
        };
        let mut given = vec![format!("--{name}")];
        if argument.get_action().takes_values() {
            given.push(example(name).to_owned());
        }
        let wanted = spec(&given);
        assert_ne!(wanted, Spec::default(), "--{name}");
        let asked = Asked::default();
        let told = asked.rules(&wanted) + &asked.arguments(&wanted);
        assert_eq!(spec(&words(&told)), wanted, "{told}");
    }
}

#[test]
fn a_command_takes_what_it_is_suggested() {
    let command = crate::Cli::command();
    let suggested = [("check", Asked::CHECK), ("fix", Asked::FIX), ("train", Asked::TRAIN)];
    for (name, options) in suggested {
        let own = command.find_subcommand(name).unwrap();
        for option in options {
            let arguments = || own.get_arguments().chain(command.get_arguments());
            assert!(arguments().any(|a| a.get_long() == Some(option)), "{name} --{option}");
        }
    }
}

#[test]
fn options_of_every_command_are_asked_for() {
    #[derive(Debug, Parser)]
    struct Any {
        #[command(flatten)]
        common: Common,
    }
    let repeated = |words: &[&str]| {
        let any = Any::try_parse_from(std::iter::once(&"fanin").chain(words)).unwrap();
        let own = vec![("method", Some("auto".to_owned()))];
        asked(Some("64 -> 10"), Spec::default(), &any.common, own).options(Asked::FIX)
    };
    assert_eq!(repeated(&[]), " --method auto");
    assert_eq!(repeated(&["--seed", "3", "--threads", "2"]), " --method auto --seed 3 --threads 2");
    let names: Vec<String> = Common::augment_args(clap::Command::new("fanin"))
        .get_arguments()
        .filter_map(|argument| argument.get_long().map(str::to_owned))
        .collect();
    assert_eq!(names, ["json", "seed", "threads"], "a new one is repeated or left out");
}

/// The file may have changed meanwhile, or be gone.
#[test]
fn a_file_is_not_read_again() {
    let read = Spec { model: "64 -> 10".parse().unwrap(), ..Spec::default() };
    let common = Common { json: false, seed: None, threads: None };
    let asked = asked(Some("gone.toml"), read.clone(), &common, Vec::new());
    assert_eq!(asked.file, Some((PathBuf::from("gone.toml"), read)));
}
