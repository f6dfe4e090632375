//! Work space that a thread keeps from one use to the next, so that a step allocates nothing after the first.

use std::cell::RefCell;

use super::transform::Bench;

/// A buffer whose values begin at a cache line, so that whole vectors do not lie across two.
#[derive(Default)]
pub(super) struct Buffer(Vec<Line>);

/// Values of a cache line.
const LINE: usize = 16;

#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

impl Buffer {
    /// The first `count` values, whatever they were left at.
    pub(super) fn sized(&mut self, count: usize) -> &mut [f32] {
        let lines = count.div_ceil(LINE);
        if self.0.len() < lines {
            self.0.resize(lines, Line([0.0; LINE]));
        }
        &mut bytemuck::cast_slice_mut(&mut self.0)[..count]
    }
}

/// What one task works in.
#[derive(Default)]
pub(super) struct Scratch {
    /// Transformed inputs of a strip.
    pub(super) inputs: Buffer,
    /// Transformed results, or gradients, of a strip.
    pub(super) results: Buffer,
    pub(super) bench: Bench,
}

thread_local!(static KEPT: RefCell<Vec<Scratch>> = const { RefCell::new(Vec::new()) });

impl Scratch {
    /// Lends the thread's work space to `work`. A task that runs inside another one's gets a space of its own.
    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        let mut scratch = KEPT.with_borrow_mut(Vec::pop).unwrap_or_default();
        let result = work(&mut scratch);
        KEPT.with_borrow_mut(|kept| kept.push(scratch));
        result
    }
}
