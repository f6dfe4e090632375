//! Reads a growing `events.jsonl` from where it last stopped, in time-boxed chunks, knowing nothing of what the events mean.
//!
//! A half-written last line is not yet there. A line that is no event is counted and passed over. A file that shrank or was
//! replaced is read again from its beginning.

use crate::training::{Event, RunDir};
use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const CHUNK: usize = 1 << 16;
/// No event is as long as this: what is longer is damage, and is not kept in memory.
const LONGEST_LINE: usize = 1 << 20;

/// An incremental reader of one run's events.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    /// The open file, and its inode to notice when the name leads elsewhere.
    file: Option<(File, u64)>,
    offset: u64,
    half: Vec<u8>,
    overlong: bool,
    corrupt: usize,
}

/// What one look brought.
#[derive(Debug, Default)]
pub struct Batch {
    /// New events in file order.
    pub events: Vec<Event>,
    /// The file is another or shorter one: forget everything read before these events.
    pub restarted: bool,
    /// Nothing more is there now (false when the time was up first).
    pub caught_up: bool,
}

impl Tail {
    /// A reader at the beginning of a run's events; the file need not exist yet.
    pub fn new(dir: &RunDir) -> Self {
        Self { path: dir.events(), file: None, offset: 0, half: Vec::new(), overlong: false, corrupt: 0 }
    }

    /// Lines so far that were no events.
    pub fn corrupt(&self) -> usize {
        self.corrupt
    }

    /// Reads what is new, for about `budget` at most. A file that cannot be read is one without news.
    pub fn poll(&mut self, budget: Duration) -> Batch {
        let begin = Instant::now();
        let mut batch = Batch { restarted: self.reopen(), ..Batch::default() };
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = self.file.as_mut().map_or(0, |(file, _)| file.read(&mut chunk).unwrap_or(0));
            if count == 0 {
                batch.caught_up = true;
                return batch;
            }
            self.offset += count as u64;
            self.take(&chunk[..count], &mut batch.events);
            if begin.elapsed() >= budget {
                return batch;
            }
        }
    }

    /// Opens the file when it is new here; true when what was read before no longer counts.
    fn reopen(&mut self) -> bool {
        let Ok(now) = std::fs::metadata(&self.path) else { return false };
        if self.file.as_ref().is_some_and(|(_, inode)| self.is_same(*inode, &now)) {
            return false;
        }
        let had_read = self.offset > 0;
        let mut fresh = Self { path: std::mem::take(&mut self.path), ..Self::new(&RunDir::new("")) };
        fresh.file = File::open(&fresh.path).ok().and_then(|mut file| {
            file.seek(SeekFrom::Start(0)).ok()?;
            Some((file, now.ino()))
        });
        *self = fresh;
        had_read
    }

    fn is_same(&self, inode: u64, now: &Metadata) -> bool {
        inode == now.ino() && now.len() >= self.offset
    }

    fn take(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            if self.half.len() + piece.len() > LONGEST_LINE {
                self.overlong = true;
                self.half.clear();
            }
            if !self.overlong {
                self.half.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                self.finish_line(events);
            }
        }
    }

    fn finish_line(&mut self, events: &mut Vec<Event>) {
        let overlong = std::mem::take(&mut self.overlong);
        let line = self.half.trim_ascii();
        match Event::from_line(line) {
            Some(event) => events.push(event),
            None if overlong || !line.is_empty() => self.corrupt += 1,
            None => {}
        }
        self.half.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{EVENT_VERSION, EventKind};
    use proptest::prelude::*;
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    const LONG: Duration = Duration::from_secs(60);

    fn line(seq: u64) -> Vec<u8> {
        let kind = EventKind::Warning { message: "\u{e9}".repeat(seq as usize % 7) };
        Event { v: EVENT_VERSION, seq, time: 0.0, epoch: 0, step: 0, kind }.to_line()
    }

    fn run_with(bytes: &[u8]) -> (tempfile::TempDir, RunDir) {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        fs::write(dir.events(), bytes).unwrap();
        (place, dir)
    }

    fn append(dir: &RunDir, bytes: &[u8]) {
        OpenOptions::new().append(true).open(dir.events()).unwrap().write_all(bytes).unwrap();
    }

    fn seqs(batch: &Batch) -> Vec<u64> {
        batch.events.iter().map(|e| e.seq).collect()
    }

    #[test]
    fn half_a_line_is_not_there_yet() {
        let whole = line(0);
        let (_place, dir) = run_with(&whole[..10]);
        let mut tail = Tail::new(&dir);
        assert!(tail.poll(LONG).events.is_empty());
        append(&dir, &whole[10..]);
        assert_eq!(seqs(&tail.poll(LONG)), [0]);
        assert_eq!(tail.corrupt(), 0);
    }

    #[test]
    fn damage_is_counted_and_passed_over() {
        let mut bytes = [line(0), b"{\"v\":1,\"se\n\n\xff\xfe\n".to_vec(), line(1)].concat();
        bytes.extend(vec![b'x'; 2 * LONGEST_LINE]);
        bytes.push(b'\n');
        bytes.extend(line(2));
        let (_place, dir) = run_with(&bytes);
        let mut tail = Tail::new(&dir);
        assert_eq!(seqs(&tail.poll(LONG)), [0, 1, 2]);
        assert_eq!(tail.corrupt(), 3);
    }

    #[test]
    fn a_shorter_or_other_file_is_read_again() {
        let (_place, dir) = run_with(&[line(0), line(1)].concat());
        let mut tail = Tail::new(&dir);
        assert_eq!(seqs(&tail.poll(LONG)), [0, 1]);
        fs::write(dir.events(), line(5)).unwrap();
        let batch = tail.poll(LONG);
        assert!(batch.restarted);
        assert_eq!(seqs(&batch), [5]);
        crate::files::write_bytes(&dir.events(), &[line(7), line(8), line(9)].concat()).unwrap();
        let batch = tail.poll(LONG);
        assert!(batch.restarted);
        assert_eq!(seqs(&batch), [7, 8, 9]);
        assert!(!tail.poll(LONG).restarted);
    }

    #[test]
    fn a_spent_budget_leaves_the_rest_for_the_next_look() {
        let all: Vec<u8> = (0..20_000).flat_map(line).collect();
        let (_place, dir) = run_with(&all);
        let mut tail = Tail::new(&dir);
        let first = tail.poll(Duration::ZERO);
        assert!(!first.caught_up && first.events.len() < 20_000);
        let mut seen = seqs(&first);
        loop {
            let batch = tail.poll(Duration::ZERO);
            seen.extend(seqs(&batch));
            if batch.caught_up {
                break;
            }
        }
        assert_eq!(seen, (0..20_000).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn any_cutting_of_the_file_gives_the_same_events(cuts in proptest::collection::vec(0usize..400, 0..12)) {
            let all: Vec<u8> = (0..5).flat_map(line).collect();
            let (_place, dir) = run_with(b"");
            let mut tail = Tail::new(&dir);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(all.len())).collect();
            cuts.push(all.len());
            cuts.sort_unstable();
            let (mut at, mut seen) = (0, Vec::new());
            for cut in cuts {
                append(&dir, &all[at..cut]);
                at = cut;
                seen.extend(seqs(&tail.poll(LONG)));
            }
            prop_assert_eq!(seen, [0, 1, 2, 3, 4]);
        }
    }
}
