//! Memory of tensors, kept for the next one of the same size: from the second step of a training on, no tensor of ours is
//! allocated, and none is cleared before it is written.

use std::collections::HashMap;
use std::mem::{MaybeUninit, take};
use std::sync::{Mutex, PoisonError};

use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};
use burn_std::{AllocationController, AllocationProperty};

/// Values of a cache line.
const LINE: usize = 16;

/// Sheets begin at a cache line, so that whole vectors do not lie across two.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Memory that nobody uses, by its number of lines.
static SHELF: Mutex<Option<Shelf>> = Mutex::new(None);

#[derive(Default)]
struct Shelf {
    free: HashMap<usize, Vec<Vec<Line>>>,
    /// Lines on the shelf, lines in use, and the most that were ever in use.
    shelved: usize,
    used: usize,
    most: usize,
}

impl Shelf {
    fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        work(SHELF.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
    }

    fn take(&mut self, lines: usize) -> Option<Vec<Line>> {
        let found = self.free.get_mut(&lines).and_then(Vec::pop);
        self.shelved -= found.as_ref().map_or(0, Vec::len);
        self.used += lines;
        self.most = self.most.max(self.used);
        found
    }

    /// Kept are at most twice as much as was ever in use: sizes differ, and one cannot serve for another.
    fn put(&mut self, memory: Vec<Line>) {
        self.used -= memory.len();
        if self.shelved + self.used + memory.len() <= 2 * self.most {
            self.shelved += memory.len();
            self.free.entry(memory.len()).or_default().push(memory);
        }
    }
}

/// Gives what lies unused back to the system when it is dropped. Whoever works with tensors holds one as its last field, so
/// that it is dropped after them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tidy;

impl Drop for Tidy {
    fn drop(&mut self) {
        let unused = Shelf::with(|shelf| {
            shelf.shelved = 0;
            shelf.most = shelf.used;
            take(&mut shelf.free)
        });
        drop(unused);
    }
}

/// Sheets for which there was nothing on the shelf, in this process.
#[cfg(test)]
pub(crate) static MADE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// Values to be written, all of them: they hold what they were left at.
pub(super) struct Sheet {
    memory: Vec<Line>,
    count: usize,
}

impl Sheet {
    pub(super) fn new(count: usize) -> Self {
        let lines = count.div_ceil(LINE);
        let kept = Shelf::with(|shelf| shelf.take(lines));
        let mut memory = kept.unwrap_or_else(|| {
            #[cfg(test)]
            MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            vec![Line([0.0; LINE]); lines]
        });
        if cfg!(test) {
            // What is not written is noticed.
            memory.fill(Line([f32::NAN; LINE]));
        }
        Self { memory, count }
    }

    pub(super) fn values(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.memory)[..self.count]
    }

    /// The values as a tensor; `shape` must hold exactly them.
    #[allow(unsafe_code)]
    pub(super) fn tensor(mut self, shape: impl Into<Shape>) -> FlexTensor {
        let length = self.count * size_of::<f32>();
        let controller = Box::new(Lent { memory: take(&mut self.memory) });
        // SAFETY: the memory holds at least `length` bytes, all of them initialised, for as long as the controller lives.
        let bytes = unsafe { Bytes::from_controller(controller, length) };
        FlexTensor::new(bytes, Layout::contiguous(shape.into()), DType::F32)
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        give_back(take(&mut self.memory));
    }
}

fn give_back(memory: Vec<Line>) {
    if !memory.is_empty() {
        Shelf::with(|shelf| shelf.put(memory));
    }
}

/// Memory of a tensor.
struct Lent {
    memory: Vec<Line>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        give_back(take(&mut self.memory));
    }
}

#[allow(unsafe_code)]
impl AllocationController for Lent {
    fn alloc_align(&self) -> usize {
        align_of::<Line>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut self.memory);
        // SAFETY: the two have the same layout, and the caller promises to write initialised bytes only.
        unsafe { &mut *(std::ptr::from_mut(bytes) as *mut [MaybeUninit<u8>]) }
    }

    fn memory(&self) -> &[MaybeUninit<u8>] {
        let bytes: &[u8] = bytemuck::cast_slice(&self.memory);
        // SAFETY: the two have the same layout.
        unsafe { &*(std::ptr::from_ref(bytes) as *const [MaybeUninit<u8>]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_a_dropped_tensor_serves_the_next_of_its_size_even_after_burn_changed_it() {
        // A size that no other test takes.
        const COUNT: usize = 12_347;
        let mut sheet = Sheet::new(COUNT);
        sheet.values().fill(2.0);
        let place = sheet.memory.as_ptr();
        let mut tensor = sheet.tensor([COUNT]);
        tensor.storage_mut::<f32>()[COUNT - 1] = 3.0;
        let copy = tensor.clone().into_data().into_vec::<f32>().unwrap();
        assert_eq!((copy[0], copy[COUNT - 1], copy.len()), (2.0, 3.0, COUNT));
        let shared = tensor.clone();
        drop(tensor);
        assert_ne!(Sheet::new(COUNT).memory.as_ptr(), place, "memory in use was given away");
        drop(shared);
        let again = [Sheet::new(COUNT), Sheet::new(COUNT)];
        assert!(again.iter().any(|sheet| sheet.memory.as_ptr() == place));
    }
}
