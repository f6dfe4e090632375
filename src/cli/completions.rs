//! `deepseg completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::output::{self, CommandResult, Outcome};

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

impl Args {
    /// Prints the script on stdout.
    pub fn run(self) -> CommandResult {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "deepseg", &mut script);
        output::raw(&script)?;
        Ok(Outcome::Done)
    }
}
