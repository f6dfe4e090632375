//! Keys as the table of actions writes them ("ctrl-c", "shift-left", "P") and as people read them ("^C", "⇧←", "P").
//!
//! Knows crossterm's key events; knows nothing of actions.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key press, normalised: a capital letter carries no shift, so that it equals however the terminal reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) code: KeyCode,
    pub(crate) ctrl: bool,
    pub(crate) alt: bool,
    pub(crate) shift: bool,
}

impl Key {
    /// A key without modifiers.
    pub(crate) const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// Reads the table's notation; `None` when the name is unknown.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut key = Self::plain(KeyCode::Null);
        let mut rest = text;
        while let Some((modifier, tail)) =
            rest.split_once('-').filter(|(m, t)| !m.is_empty() && !t.is_empty())
        {
            match modifier {
                "ctrl" => key.ctrl = true,
                "alt" => key.alt = true,
                "shift" => key.shift = true,
                _ => return None,
            }
            rest = tail;
        }
        key.code = code(rest)?;
        Some(key)
    }

    /// The character typed, when the key types one.
    pub(crate) fn typed(&self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        let has = |m| event.modifiers.contains(m);
        let code = if event.code == KeyCode::BackTab { KeyCode::Tab } else { event.code };
        let typed = matches!(code, KeyCode::Char(_));
        Self {
            code,
            ctrl: has(KeyModifiers::CONTROL),
            alt: has(KeyModifiers::ALT),
            shift: (has(KeyModifiers::SHIFT) && !typed) || event.code == KeyCode::BackTab,
        }
    }
}

const NAMED: &[(&str, KeyCode, &str)] = &[
    ("up", KeyCode::Up, "↑"),
    ("down", KeyCode::Down, "↓"),
    ("left", KeyCode::Left, "←"),
    ("right", KeyCode::Right, "→"),
    ("enter", KeyCode::Enter, "⏎"),
    ("esc", KeyCode::Esc, "esc"),
    ("tab", KeyCode::Tab, "tab"),
    ("space", KeyCode::Char(' '), "space"),
    ("backspace", KeyCode::Backspace, "⌫"),
    ("delete", KeyCode::Delete, "del"),
    ("pgup", KeyCode::PageUp, "pgup"),
    ("pgdn", KeyCode::PageDown, "pgdn"),
    ("home", KeyCode::Home, "home"),
    ("end", KeyCode::End, "end"),
];

fn code(name: &str) -> Option<KeyCode> {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some(one), None) => Some(KeyCode::Char(one)),
        _ => NAMED.iter().find(|(n, ..)| *n == name).map(|(_, code, _)| *code),
    }
}

/// How a key in the table's notation is shown to people.
pub(crate) fn shown(text: &str) -> String {
    let Some(key) = Key::parse(text) else { return text.to_owned() };
    let name = match NAMED.iter().find(|(_, code, _)| *code == key.code) {
        Some((_, _, shown)) => (*shown).to_owned(),
        None => match key.code {
            KeyCode::Char(c) if key.ctrl => c.to_uppercase().to_string(),
            KeyCode::Char(c) => c.to_string(),
            _ => text.to_owned(),
        },
    };
    let mark = |on: bool, sign: &'static str| if on { sign } else { "" };
    format!("{}{}{}{name}", mark(key.ctrl, "^"), mark(key.alt, "⌥"), mark(key.shift, "⇧"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notation_and_events_meet() {
        let event = |code, modifiers| Key::from(KeyEvent::new(code, modifiers));
        let same = [
            ("ctrl-c", event(KeyCode::Char('c'), KeyModifiers::CONTROL)),
            ("P", event(KeyCode::Char('P'), KeyModifiers::SHIFT)),
            ("shift-left", event(KeyCode::Left, KeyModifiers::SHIFT)),
            ("shift-tab", event(KeyCode::BackTab, KeyModifiers::SHIFT)),
            ("-", event(KeyCode::Char('-'), KeyModifiers::NONE)),
            ("space", event(KeyCode::Char(' '), KeyModifiers::NONE)),
        ];
        for (text, key) in same {
            assert_eq!(Key::parse(text), Some(key), "{text}");
        }
        assert_eq!(Key::parse("hyper-x"), None);
        assert_eq!(Key::parse("rewind"), None);
    }

    #[test]
    fn people_read_signs() {
        let shown = ["ctrl-c", "shift-left", "P", "enter", "space"].map(shown);
        assert_eq!(shown, ["^C", "⇧←", "P", "⏎", "space"]);
    }
}
