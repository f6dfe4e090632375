//! One sentence out of everything a failed program printed: how it ended, and the line that says why.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Words that mark the line with the reason; compared in lower case.
const TELLING: [&str; 8] =
    ["error", "exception", "failed", "cannot", "not found", "no such", "invalid", "must be"];
/// Longest line that is passed on, in characters.
const LONGEST: usize = 240;

/// "failed (exit status 1): RuntimeError: …", to be read after the program's name.
pub(super) fn sentence(status: ExitStatus, said: &str) -> String {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "killed, as the system does when memory runs out".to_owned(),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "no exit status".to_owned(),
    };
    match reason(said) {
        Some(reason) => format!("failed ({how}): {reason}"),
        None => format!("failed ({how}) and said nothing; run it by hand to see more"),
    }
}

/// The last line with a telling word, else the last with a letter in it.
fn reason(said: &str) -> Option<String> {
    let plain = without_escapes(said);
    // A progress bar rewrites its line: what stands after the last carriage return is what a reader sees.
    let lines =
        plain.lines().map(|line| line.rsplit('\r').find(|part| !part.trim().is_empty()).unwrap_or("").trim());
    let lines: Vec<&str> = lines.filter(|line| line.chars().any(char::is_alphabetic)).collect();
    let telling = |line: &&&str| {
        let lower = line.to_lowercase();
        TELLING.iter().any(|word| lower.contains(word))
    };
    let line = lines.iter().rev().find(telling).or(lines.last())?;
    let cut: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    Some(if cut.chars().count() == LONGEST { format!("{cut}…") } else { cut })
}

/// The text without the terminal's colour and cursor sequences.
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if rest.next() == Some('[') {
            // A sequence ends with its first letter.
            rest.by_ref().find(|c| ('@'..='~').contains(c));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(said: &str) -> String {
        sentence(ExitStatus::from_raw(1 << 8), said)
    }

    #[test]
    fn the_telling_line_is_passed_on() {
        let traceback = "Cropping...\nTraceback (most recent call last):\n  File \"x.py\", line 3, in main\n    raise ValueError(1)\n\
                         ValueError: no cord in image\n\nTotal runtime; 3.2 seconds\n---\n";
        assert_eq!(failed(traceback), "failed (exit status 1): ValueError: no cord in image");
        let coloured = "\u{1b}[91mERROR: -c is a mandatory argument\u{1b}[0m\n";
        assert_eq!(failed(coloured), "failed (exit status 1): ERROR: -c is a mandatory argument");
        let bar = "10%\r50%\rLoading\r  stopped at 55%\n======\n";
        assert_eq!(failed(bar), "failed (exit status 1): stopped at 55%");
    }

    #[test]
    fn silence_noise_and_signals_make_sentences_too() {
        assert!(failed("").contains("said nothing"));
        assert!(failed("\n--- 12 ---\n").contains("said nothing"));
        assert!(sentence(ExitStatus::from_raw(9), "").contains("memory"));
        assert!(sentence(ExitStatus::from_raw(11), "").contains("signal 11"));
        let endless = failed(&"ä".repeat(100_000));
        assert!(endless.ends_with('…') && endless.chars().count() < LONGEST + 40);
    }
}
