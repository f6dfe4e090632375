//! One write per frame: ratatui's bytes are gathered and sent between the marks of a synchronized update (DEC 2026).

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// A writer that gathers; flushing does nothing, because ratatui flushes several times a frame.
#[derive(Clone, Default)]
pub(crate) struct Gather(Rc<RefCell<Vec<u8>>>);

impl Gather {
    /// Sends what was gathered as one frame; nothing when nothing changed.
    pub(crate) fn send(&self, out: &mut impl Write) -> io::Result<()> {
        let bytes = std::mem::take(&mut *self.0.borrow_mut());
        if bytes.is_empty() {
            return Ok(());
        }
        out.write_all(&[BEGIN, &bytes, END].concat())?;
        out.flush()
    }

    /// Has the next frame ring the bell and, where the terminal is known to show them, send a notification (OSC 9).
    pub(crate) fn ring(&mut self, text: &str, notifies: bool) -> io::Result<()> {
        self.write_all(b"\x07")?;
        if notifies {
            let plain: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
            write!(self, "\x1b]9;{plain}\x1b\\")?;
        }
        Ok(())
    }
}

impl Write for Gather {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_rings_and_says_nothing_a_terminal_could_mistake() {
        let sent = |notifies| {
            let mut gather = Gather::default();
            gather.ring("run a\x1b]0;x\x07 ended", notifies).unwrap();
            let mut out = Vec::new();
            gather.send(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(sent(false), "\x1b[?2026h\x07\x1b[?2026l");
        assert_eq!(sent(true), "\x1b[?2026h\x07\x1b]9;run a]0;x ended\x1b\\\x1b[?2026l");
    }

    #[test]
    fn a_frame_is_one_bracketed_write() {
        let mut gather = Gather::default();
        gather.clone().write_all(b"ab").unwrap();
        gather.write_all(b"c").unwrap();
        let mut out = Vec::new();
        gather.send(&mut out).unwrap();
        gather.send(&mut out).unwrap();
        assert_eq!(out, b"\x1b[?2026habc\x1b[?2026l");
    }
}
