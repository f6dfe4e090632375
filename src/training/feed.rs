//! Batches made ahead of their use on a thread of their own, so that the device never waits for patches while the processor
//! is fast enough. Their order and content are the source's; only the clock differs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::engine::Batch;
use super::error::TrainingError;
use super::source::PatchSource;
use crate::fault::caught;

/// Batches that wait to be taken; one more may be under way.
const AHEAD: usize = 2;

type Made = Result<Batch, String>;

/// The batches of one run, one after the other over all its epochs.
pub(crate) struct Feed {
    batches: Option<Receiver<Made>>,
    worker: Option<JoinHandle<()>>,
    waited: Duration,
}

impl Feed {
    /// Begins with batch `first` of epoch `epoch`, and goes on from epoch to epoch for as long as batches are taken.
    ///
    /// # Errors
    /// When no thread can be had.
    pub(crate) fn start(source: Arc<PatchSource>, epoch: u32, first: usize) -> Result<Self, TrainingError> {
        Self::of(move || batches(source, epoch, first))
    }

    fn of<I: Iterator<Item = Batch>>(
        batches: impl FnOnce() -> I + Send + 'static,
    ) -> Result<Self, TrainingError> {
        let (sender, receiver) = sync_channel(AHEAD);
        let worker = thread::Builder::new().name("patches".into()).spawn(move || make(batches, &sender));
        let worker = worker.map_err(|error| TrainingError::Feed(error.to_string()))?;
        Ok(Self { batches: Some(receiver), worker: Some(worker), waited: Duration::ZERO })
    }

    /// The next batch, waiting for it where it is not ready.
    ///
    /// # Errors
    /// What went wrong while it was made.
    pub(crate) fn next(&mut self) -> Result<Batch, TrainingError> {
        let asked = Instant::now();
        let made = self.batches.as_ref().and_then(|batches| batches.recv().ok());
        self.waited += asked.elapsed();
        made.unwrap_or_else(|| Err("no batches are left".to_owned())).map_err(TrainingError::Feed)
    }

    /// Time spent waiting since this was last asked.
    pub(crate) fn take_waited(&mut self) -> Duration {
        std::mem::take(&mut self.waited)
    }
}

impl Drop for Feed {
    /// Ends the thread after the batch it is making.
    fn drop(&mut self) {
        // Without a receiver the thread's next send fails, also one that waits now.
        self.batches = None;
        if let Some(worker) = self.worker.take() {
            worker.join().ok();
        }
    }
}

fn batches(source: Arc<PatchSource>, epoch: u32, first: usize) -> impl Iterator<Item = Batch> {
    let has_patches = source.patches_per_epoch() > 0;
    let epochs = (epoch..).take_while(move |_| has_patches);
    let positions = epochs.map(move |each| (each, if each == epoch { first } else { 0 }));
    positions.flat_map(move |(epoch, first)| {
        let source = source.clone();
        let order = source.order(epoch);
        (first..source.batches_per_epoch()).map(move |number| source.batch(epoch, &order, number))
    })
}

/// Sends batches until nobody takes them; a panic is sent as what it said.
fn make<I: Iterator<Item = Batch>>(batches: impl FnOnce() -> I, sender: &SyncSender<Made>) {
    let sent = caught(|| batches().try_for_each(|batch| sender.send(Ok(batch))));
    if let Err(said) = sent {
        let said = said.unwrap_or_else(|| "no message".to_owned());
        sender.send(Err(format!("it broke: {said}"))).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn numbered(number: usize) -> Batch {
        Batch { images: vec![number as f32], targets: vec![0.0], count: 1, shape: [1, 1, 1] }
    }

    #[test]
    fn batches_come_in_order_and_only_a_few_are_made_ahead() {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = made.clone();
        let endless = move || {
            (0..).map(move |number| {
                counter.fetch_add(1, Ordering::SeqCst);
                numbered(number)
            })
        };
        let mut feed = Feed::of(endless).unwrap();
        for number in 0..5 {
            assert_eq!(feed.next().unwrap(), numbered(number));
        }
        thread::sleep(Duration::from_millis(50));
        // Taken, waiting in the queue, and one that waits for its place.
        assert_eq!(made.load(Ordering::SeqCst), 5 + AHEAD + 1);
    }

    #[test]
    fn dropping_it_ends_the_thread_even_when_the_queue_is_full() {
        let alive = Arc::new(());
        let held = alive.clone();
        let endless = move || {
            (0..).map(move |number| {
                let _held = &held;
                numbered(number)
            })
        };
        let mut feed = Feed::of(endless).unwrap();
        feed.next().unwrap();
        drop(feed);
        assert_eq!(Arc::strong_count(&alive), 1, "the thread still holds its source");
    }

    #[test]
    fn a_panic_reaches_the_taker_as_a_sentence_after_the_good_batches() {
        let breaks = || {
            (0..3).map(|number| {
                assert!(number < 2, "voxel {number} is missing");
                numbered(number)
            })
        };
        let mut feed = Feed::of(breaks).unwrap();
        feed.next().unwrap();
        feed.next().unwrap();
        let message = feed.next().unwrap_err().to_string();
        assert!(message.contains("voxel 2 is missing") && message.contains("patches"), "{message}");
        assert!(feed.next().is_err(), "it hangs after an error");
    }

    #[test]
    fn waiting_is_counted_and_overlap_is_not() {
        let slow = || {
            (0..).map(|number| {
                thread::sleep(Duration::from_millis(30));
                numbered(number)
            })
        };
        let mut feed = Feed::of(slow).unwrap();
        feed.next().unwrap();
        assert!(feed.take_waited() >= Duration::from_millis(25));
        thread::sleep(Duration::from_millis(100));
        feed.next().unwrap();
        assert!(feed.take_waited() < Duration::from_millis(25));
    }
}
