//! The one place that prints: results on stdout, everything said along the way on stderr, exit codes.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

/// How a command that ran ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything asked for was done: exit code 0.
    Done,
    /// The work was done as far as it went and its problems were listed: exit code 1.
    Problems,
    /// The user stopped it: exit code 130.
    Interrupted,
}

/// What every command returns.
pub type CommandResult = Result<Outcome, Failure>;

/// Why a command could not do its work: one sentence for the user and an exit code.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The command was called wrongly: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    /// The work failed: exit code 1.
    pub fn work(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into() }
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl<E: Error> From<E> for Failure {
    /// The error and its causes in one line, each said once.
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = inner.source();
        }
        Self::work(message)
    }
}

/// Prints one JSON object on stdout.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    Ok(raw(&text)?)
}

/// Whether results of commands are said on stderr: they are then stages of a command whose own result is something else.
static ASIDE: AtomicBool = AtomicBool::new(false);

/// Sends the lines of result to stderr from now on, or to stdout again.
pub(super) fn results_aside(aside: bool) {
    ASIDE.store(aside, Ordering::Relaxed);
}

/// Prints one line of result on stdout. A reader that went away (`| head`) is no error.
pub fn line(text: impl Display) {
    if ASIDE.load(Ordering::Relaxed) {
        return note(text);
    }
    raw(format!("{text}\n").as_bytes()).ok();
}

/// Writes bytes on stdout. A reader that went away is no error.
pub fn raw(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(gone) if gone.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Says something along the way, on stderr.
pub fn note(text: impl Display) {
    writeln!(io::stderr(), "{text}").ok();
}

/// A progress line on stderr: rewritten in place on a terminal, a line now and then elsewhere.
#[derive(Debug)]
pub struct Progress {
    live: bool,
    label: &'static str,
}

impl Progress {
    /// A progress line that starts with `label`.
    pub fn new(label: &'static str) -> Self {
        Self { live: io::stderr().is_terminal(), label }
    }

    /// Shows `done` of `total` and what is being worked on.
    pub fn show(&self, done: usize, total: usize, what: &str) {
        let width = 24;
        let filled = (done * width).checked_div(total).unwrap_or(0).min(width);
        if self.live {
            let bar = format!("{}{}", "█".repeat(filled), "░".repeat(width - filled));
            write!(io::stderr(), "\r\x1b[K{} {bar} {done}/{total} {what:.40}", self.label).ok();
        } else if done == total || done.is_multiple_of((total / 10).max(1)) {
            note(format_args!("{} {done}/{total}", self.label));
        }
    }

    /// Clears the live line.
    pub fn finish(&self) {
        if self.live {
            write!(io::stderr(), "\r\x1b[K").ok();
        }
    }
}

/// Sends the library's log to stderr when the user asked for it.
pub(super) fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("DEEPSEG_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).try_init().ok();
}

/// Lets clap print its own message (help, version, or what was wrong) and turns it into an exit code.
pub(super) fn clap_exit(error: &clap::Error) -> ExitCode {
    error.print().ok();
    if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
}

/// Prints a failure's sentence and gives the exit code.
pub(super) fn exit_code(result: CommandResult) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Problems) => ExitCode::from(1),
        Ok(Outcome::Interrupted) => ExitCode::from(130),
        Err(failure) => {
            note(format_args!("deepseg: {}", failure.message));
            ExitCode::from(failure.code)
        }
    }
}
