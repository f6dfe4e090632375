//! Many pieces of work on a few threads. Plain threads: a task of a pool that waits would start on a second piece.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Does the pieces `0..count`, `hands` at a time, each as soon as a hand is free; begins no further one once `cancel` is set.
pub(super) fn share(count: usize, hands: usize, cancel: &AtomicBool, piece: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        while !cancel.load(Ordering::Relaxed) {
            match next.fetch_add(1, Ordering::Relaxed) {
                at if at < count => piece(at),
                _ => break,
            }
        }
    };
    thread::scope(|scope| (0..hands.min(count)).for_each(|_| drop(scope.spawn(work))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn every_piece_is_done_once_and_none_after_a_stop() {
        let (done, cancel) = (Mutex::new(Vec::new()), AtomicBool::new(false));
        share(20, 3, &cancel, |at| done.lock().unwrap().push(at));
        let mut all = done.into_inner().unwrap();
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
        let begun = AtomicUsize::new(0);
        share(20, 1, &cancel, |at| {
            begun.fetch_add(1, Ordering::Relaxed);
            cancel.store(at == 4, Ordering::Relaxed);
        });
        assert_eq!(begun.into_inner(), 5);
    }
}
