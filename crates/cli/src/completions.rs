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
        output::text(&script(self.shell));
        Exit::Done
    }
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::Cli::command(), "fanin", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_schemes_are_completed() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            assert!(script.contains("xavier-uniform"), "{shell}");
        }
    }
}
