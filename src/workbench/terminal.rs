//! The terminal borrowed and given back: raw mode, alternate screen, mouse, bracketed paste, cursor.
//!
//! Given back on return, on an error, on a panic of the drawing thread, on SIGTERM, SIGHUP and SIGTSTP. Knows no state.

use std::io::{self, IsTerminal, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::style::ResetColor;
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute};

use super::WorkbenchError;

/// True while the terminal is ours.
static BORROWED: AtomicBool = AtomicBool::new(false);

/// The terminal, ours until this is dropped.
pub(crate) struct Borrowed(());

impl Borrowed {
    /// Takes the terminal.
    pub(crate) fn take() -> io::Result<Self> {
        give_back_on_panic();
        enter()?;
        Ok(Self(()))
    }

    /// Gives the terminal to the shell, stops the process, and takes the terminal again when it is continued.
    pub(crate) fn suspend(&self) -> io::Result<()> {
        give_back();
        // The whole group stops, so that a shell that runs us through another program regains control too.
        rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
        enter()
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        give_back();
    }
}

/// Checks that there is a terminal that can be drawn on.
pub(crate) fn check() -> Result<(), WorkbenchError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(WorkbenchError::NoTerminal);
    }
    let kind = std::env::var("TERM").unwrap_or_default();
    if kind.is_empty() || kind == "dumb" {
        return Err(WorkbenchError::DumbTerminal);
    }
    Ok(())
}

fn enter() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    BORROWED.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, cursor::Hide)
}

/// Gives the terminal back, once. Errors are ignored: after SIGHUP there may be no terminal left to restore.
fn give_back() {
    if !BORROWED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // The frame in the making, if any, ends first; a terminal would hold back everything after it.
    out.write_all(b"\x1b[?2026l").ok();
    execute!(out, DisableBracketedPaste, DisableMouseCapture, ResetColor, LeaveAlternateScreen, cursor::Show)
        .ok();
    terminal::disable_raw_mode().ok();
}

/// Makes a panic of this thread give the terminal back before it is reported, so that the report can be read.
/// Panics of other threads are reported through their answers; printing them would spoil the screen.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    let drawing: ThreadId = std::thread::current().id();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().id() == drawing {
                give_back();
            }
            if BORROWED.load(Ordering::SeqCst) {
                tracing::error!("{panic}");
            } else {
                report(panic);
            }
        }));
    });
}
