//! `fanin` alone.

use clap::error::ErrorKind;

use crate::args::Common;
use crate::output::{self, Exit};

const WELCOME: &str = "\
Starting weights from which neural networks can learn.

Three commands to begin with, on data that come with the program:

  fanin compare
      one network, nine starting points, trained side by side in seconds
  fanin fix \"features -> 10x64 relu -> outputs\" --scheme normal:0.01
      say why a start cannot learn, find one that can, prove it by training
  fanin explain zero
      why weights do not start at exactly zero

Your own network and data:

  fanin check model.onnx --data images.npz

All commands: fanin --help
";

/// Tells a newcomer where to begin; a program that asks for JSON is told that it named no command.
pub fn welcome(common: &Common) -> Exit {
    if common.json {
        let error = clap::Error::raw(ErrorKind::MissingSubcommand, "--json needs a command\n");
        // Standard error may be closed; the code tells as much.
        let _ = error.print();
        return Exit::Error;
    }
    output::text(WELCOME);
    Exit::Done
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn every_command_of_the_welcome_is_one() {
        let lines = WELCOME.lines().filter_map(|line| line.strip_prefix("  fanin "));
        let mut commands = 0;
        for line in lines {
            let quoted = line.split('"').enumerate();
            let words = quoted.flat_map(|(n, part)| match n % 2 {
                0 => part.split_whitespace().collect(),
                _ => vec![part],
            });
            let parsed = crate::Cli::try_parse_from(std::iter::once("fanin").chain(words));
            assert!(parsed.is_ok_and(|cli| cli.command.is_some()), "{line}");
            commands += 1;
        }
        assert_eq!(commands, 4);
        assert!(WELCOME.lines().all(|line| line.len() <= 80));
    }
}
