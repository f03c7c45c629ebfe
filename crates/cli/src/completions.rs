//! `fanin completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::output::{self, Exit};

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:
  fanin completions bash > ~/.local/share/bash-completion/completions/fanin")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub fn run(&self) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::Cli::command(), "fanin", &mut script);
        output::text(&String::from_utf8_lossy(&script));
        Exit::Done
    }
}
