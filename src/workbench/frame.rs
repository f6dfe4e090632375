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
