//! The end of what a trainer wrote on its console, as plain lines.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use crate::training::RunDir;

/// Bytes looked at: some hundred lines.
const TAIL: u64 = 1 << 16;

/// The last lines, oldest first; none when there is no file (a run of this terminal writes none).
pub(super) fn tail(dir: &RunDir) -> Vec<String> {
    let Ok(mut file) = File::open(dir.console()) else { return Vec::new() };
    let length = file.seek(SeekFrom::End(0)).unwrap_or(0);
    let from = length.saturating_sub(TAIL);
    let mut bytes = Vec::new();
    let read = file.seek(SeekFrom::Start(from)).and_then(|_| file.take(TAIL).read_to_end(&mut bytes));
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    // The first line of a part is half a line.
    text.lines().skip(usize::from(from > 0)).map(plain).collect()
}

/// A line as it stood last: what a carriage return wrote over is gone, and so are colours and other controls.
fn plain(line: &str) -> String {
    let last = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let mut kept = String::with_capacity(last.len());
    let mut letters = last.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // CSI: up to its final byte (ECMA-48).
            '\u{1b}' => {
                if letters.next() == Some('[') {
                    letters.by_ref().find(|c| ('\u{40}'..='\u{7e}').contains(c));
                }
            }
            '\t' => kept.push_str("    "),
            c if c.is_control() => {}
            c => kept.push(c),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_never_reach_the_screen() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\tend\u{7}"), "red    end");
        assert_eq!(plain("10 %\r50 %\r"), "50 %");
        assert_eq!(plain("cut \u{1b}["), "cut ");
    }

    #[test]
    fn a_long_console_is_read_from_its_end() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        assert!(tail(&dir).is_empty());
        let text: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
        std::fs::write(dir.console(), text).unwrap();
        let lines = tail(&dir);
        assert_eq!(lines.last().unwrap(), "line 19999");
        assert!(lines.len() > 1000 && lines.iter().all(|l| l.starts_with("line ")));
    }
}
