//! Terminal events become messages, on a thread of their own, because reading them blocks.

use crossterm::event::{self, Event, KeyCode, KeyEventKind, MouseEventKind};
use ratatui::layout::Size;
use tokio::sync::mpsc::UnboundedSender;

use super::keys::Key;
use super::message::Msg;

/// Starts reading; ends when nobody listens any more or the terminal is gone.
pub(crate) fn listen(sender: UnboundedSender<Msg>) {
    std::thread::spawn(move || {
        let mut late = LateAnswer::default();
        while let Ok(event) = event::read() {
            let message = message(event).filter(|m| !late.swallows(m));
            if message.is_some_and(|m| sender.send(m).is_err()) {
                return;
            }
        }
        sender.send(Msg::Terminate).ok();
    });
}

fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(key.into())),
        Event::Mouse(mouse) if mouse.kind != MouseEventKind::Moved => Some(Msg::Mouse(mouse)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resize(Size::new(width, height))),
        _ => None,
    }
}

/// A terminal that answers the question about truecolour too late would seem to type `P1$r…`: ESC P is read as alt-P, the end
/// ESC \ as alt-backslash, and no key of ours is alt-P.
#[derive(Default)]
struct LateAnswer {
    inside: bool,
}

impl LateAnswer {
    fn swallows(&mut self, message: &Msg) -> bool {
        let Msg::Key(Key { code: KeyCode::Char(letter), alt, .. }) = message else { return false };
        match (self.inside, letter, alt) {
            (false, 'P', true) => self.inside = true,
            (true, '\\', true) => {
                self.inside = false;
                return true;
            }
            (true, '0'..='9' | '$' | 'r' | 'm' | ';' | ':', false) => {}
            (true, ..) => self.inside = false,
            (false, ..) => {}
        }
        self.inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_types_nothing_and_keys_after_it_work() {
        let key = |text: &str| Msg::Key(Key::parse(text).unwrap());
        let mut late = LateAnswer::default();
        let answer = ["alt-P", "1", "$", "r", "4", "8", ";", "5", "m", "alt-\\"];
        assert!(answer.iter().all(|k| late.swallows(&key(k))));
        assert!(["r", "m", "1", "up"].iter().all(|k| !late.swallows(&key(k))));
    }
}
