//! What this terminal can do: colours, the shape of its cells, whether it is far away. Asked once, at the start.

use std::io::{self, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::theme::Depth;
use super::widgets::picture::{CellShape, Mode};

/// How many colours to use. NO_COLOR (https://no-color.org) switches all off; truecolour is used only when proven.
pub(crate) fn depth() -> Depth {
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    if !set("NO_COLOR").is_empty() {
        return Depth::Mono;
    }
    if matches!(set("COLORTERM").as_str(), "truecolor" | "24bit") || answers_truecolour() {
        return Depth::True;
    }
    Depth::Indexed
}

/// Whether the terminal is one of those that draw octants themselves, whatever the font. A multiplexer in between may not
/// know how wide they are.
pub(crate) fn octants() -> bool {
    let is = |name: &str, known: &[&str]| {
        std::env::var(name).is_ok_and(|value| known.iter().any(|k| value.starts_with(k)))
    };
    let multiplexed = std::env::var_os("TMUX").is_some() || is("TERM", &["screen", "tmux"]);
    let known =
        is("TERM_PROGRAM", &["ghostty", "WezTerm"]) || is("TERM", &["xterm-kitty", "xterm-ghostty", "foot"]);
    known && !multiplexed
}

/// Whether the terminal is known to show OSC 9 as a notification. Others print it, take it for progress, or, multiplexers
/// like tmux, swallow it.
pub(crate) fn notifies() -> bool {
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    let multiplexed = !set("TMUX").is_empty() || !set("STY").is_empty() || set("TERM").starts_with("screen");
    let programs = ["iTerm.app", "WezTerm", "ghostty"];
    let known = programs.contains(&set("TERM_PROGRAM").as_str())
        || ["xterm-kitty", "xterm-ghostty", "foot"].contains(&set("TERM").as_str());
    known && !multiplexed
}

/// The picture mode to begin with.
pub(crate) fn first_mode(depth: Depth, remembered: Option<Mode>) -> Mode {
    match remembered {
        _ if depth == Depth::Mono => Mode::Braille,
        Some(Mode::Rgb | Mode::Half64) if depth != Depth::True => Mode::Half256,
        Some(mode) => mode,
        None => Mode::Half256,
    }
}

/// Width and height of a cell in pixels by the terminal's own account; 1:2 when it gives none or an absurd one.
pub(crate) fn cell_shape() -> CellShape {
    let Ok(size) = crossterm::terminal::window_size() else { return CellShape::default() };
    let per_cell = |pixels: u16, cells: u16| f64::from(pixels) / f64::from(cells.max(1));
    plausible(per_cell(size.width, size.columns), per_cell(size.height, size.rows)).unwrap_or_default()
}

fn plausible(width: f64, height: f64) -> Option<CellShape> {
    let sane = width >= 3.0 && (1.2..=3.5).contains(&(height / width));
    sane.then_some(CellShape { width, height })
}

/// The least time between two frames: 30 a second, 10 over SSH.
pub(crate) fn frame_pause() -> Duration {
    let far = std::env::var_os("SSH_CONNECTION").is_some() || std::env::var_os("SSH_TTY").is_some();
    Duration::from_millis(if far { 100 } else { 33 })
}

/// How long to wait for the terminal's word; one that answers at all answers the last question at once.
const PATIENCE: Duration = Duration::from_millis(300);

/// Sets a truecolour background, asks for it back (DECRQSS), and asks for the device (DA1), which every terminal answers,
/// so that one that does not know the first question costs no wait. Needs raw mode.
fn answers_truecolour() -> bool {
    let question = b"\x1b[48:2:1:2:3m\x1bP$qm\x1b\\\x1b[0m\x1b[c";
    let mut out = io::stdout();
    if !io::stdin().is_terminal() || out.write_all(question).and_then(|()| out.flush()).is_err() {
        return false;
    }
    proves_truecolour(&read_answer())
}

fn proves_truecolour(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    text.contains("P1$r")
        && [":1:2:3", ";1;2;3"]
            .iter()
            .any(|colour| text.contains(&format!("48{}2", &colour[..1])) && text.contains(colour))
}

/// Reads until the answer to DA1 (ESC [ ? … c) or until patience ends.
fn read_answer() -> Vec<u8> {
    let mut answer = Vec::new();
    let stdin = io::stdin();
    let until = Instant::now() + PATIENCE;
    loop {
        let rest = until.saturating_duration_since(Instant::now());
        let wait = Timespec { tv_sec: 0, tv_nsec: rest.subsec_nanos().into() };
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        if rest.is_zero() || !poll(&mut fds, Some(&wait)).is_ok_and(|n| n > 0) {
            return answer;
        }
        let mut bytes = [0; 256];
        match stdin.lock().read(&mut bytes) {
            Ok(n) if n > 0 => answer.extend_from_slice(&bytes[..n]),
            _ => return answer,
        }
        let device = answer.windows(3).rposition(|w| w == b"\x1b[?");
        if device.is_some_and(|at| answer[at..].contains(&b'c')) {
            return answer;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_echo_of_the_colour_proves_truecolour() {
        assert!(proves_truecolour(b"\x1bP1$r0;48:2:1:2:3m\x1b\\\x1b[?62;c"));
        assert!(proves_truecolour(b"\x1bP1$r48;2;1;2;3m\x1b\\\x1b[?62;c"));
        assert!(proves_truecolour(b"\x1bP1$r48:2::1:2:3m\x1b\\\x1b[?62;c"));
        assert!(!proves_truecolour(b"\x1bP1$r48;5;16m\x1b\\\x1b[?62;c"));
        assert!(!proves_truecolour(b"\x1bP0$r\x1b\\\x1b[?62;c"));
        assert!(!proves_truecolour(b""));
    }

    #[test]
    fn absurd_cells_are_refused() {
        assert_eq!(plausible(8.0, 17.0), Some(CellShape { width: 8.0, height: 17.0 }));
        assert_eq!(plausible(0.0, 0.0), None);
        assert_eq!(plausible(8.0, 80.0), None);
    }

    #[test]
    fn without_colour_pictures_are_braille_and_truecolour_modes_need_proof() {
        assert_eq!(first_mode(Depth::Mono, Some(Mode::Rgb)), Mode::Braille);
        assert_eq!(first_mode(Depth::Indexed, Some(Mode::Rgb)), Mode::Half256);
        assert_eq!(first_mode(Depth::True, Some(Mode::Rgb)), Mode::Rgb);
        assert_eq!(first_mode(Depth::Indexed, None), Mode::Half256);
    }
}
