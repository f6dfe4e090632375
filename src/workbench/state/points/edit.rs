//! Points being placed on one scan: one per slice, one of them perhaps held, every step undone and redone.
//!
//! Pure: knows the image's shape and nothing of pictures, keys or files. Positions are continuous RPI voxels.

use std::collections::BTreeMap;

/// x and y of the point on each slice that has one.
type Places = BTreeMap<usize, [f64; 2]>;

/// The points, and the way back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Edit {
    shape: [usize; 3],
    places: Places,
    held: Option<Held>,
    past: Vec<Places>,
    future: Vec<Places>,
    saved: Places,
}

/// A point on its way: the slice it is on now, the points as they were before, and those it passes over.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    z: usize,
    before: Places,
    others: Places,
}

impl Edit {
    /// The points of an image of this RPI shape as they are saved; those outside it are left out.
    pub(crate) fn new(shape: [usize; 3], saved: &[[f64; 3]]) -> Self {
        let mut edit = Self { shape, ..Self::default() };
        edit.places = saved.iter().filter_map(|at| edit.inside(*at)).collect();
        edit.saved.clone_from(&edit.places);
        edit
    }

    /// Every point `[x, y, z]`, from the feet up.
    pub(crate) fn points(&self) -> impl Iterator<Item = [f64; 3]> + '_ {
        self.places.iter().map(|(z, [x, y])| [*x, *y, *z as f64])
    }

    /// How many points there are.
    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }

    /// x and y of the point on a slice.
    pub(crate) fn on(&self, z: usize) -> Option<[f64; 2]> {
        self.places.get(&z).copied()
    }

    /// The slice of the held point.
    pub(crate) fn held(&self) -> Option<usize> {
        self.held.as_ref().map(|held| held.z)
    }

    /// The next slice with a point towards the head, or towards the feet.
    pub(crate) fn beside(&self, z: usize, up: bool) -> Option<usize> {
        if up {
            self.places.range(z + 1..).next().map(|(z, _)| *z)
        } else {
            self.places.range(..z).next_back().map(|(z, _)| *z)
        }
    }

    /// True when what is here is not what was saved.
    pub(crate) fn unsaved(&self) -> bool {
        self.places != self.saved
    }

    /// True when there is a step to undo, and one to redo.
    pub(crate) fn steps(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }

    /// Places a point, instead of the one on its slice; false when it lies outside the image.
    pub(crate) fn place(&mut self, at: [f64; 3]) -> bool {
        let placed = self.hold_new(at);
        self.release();
        placed
    }

    /// Takes away the point of a slice; false when it has none.
    pub(crate) fn delete(&mut self, z: usize) -> bool {
        self.release();
        let before = self.places.clone();
        let deleted = self.places.remove(&z).is_some();
        if deleted {
            self.remember(before);
        }
        deleted
    }

    /// Takes hold of the point of a slice, to move it; false when it has none.
    pub(crate) fn hold(&mut self, z: usize) -> bool {
        self.release();
        let before = self.places.clone();
        let mut others = before.clone();
        let found = others.remove(&z).is_some();
        self.held = found.then_some(Held { z, before, others });
        found
    }

    /// Places a point and keeps hold of it: placing and moving are one step then. False when it lies outside the image.
    pub(crate) fn hold_new(&mut self, at: [f64; 3]) -> bool {
        self.release();
        let Some((z, place)) = self.inside(at) else { return false };
        let before = self.places.clone();
        self.places.insert(z, place);
        let mut others = before.clone();
        others.remove(&z);
        self.held = Some(Held { z, before, others });
        true
    }

    /// Moves the held point; it stays where it is when the place is outside the image. A point it passes comes back.
    pub(crate) fn move_held(&mut self, to: [f64; 3]) {
        let inside = self.inside(to);
        if let (Some(held), Some((z, place))) = (&mut self.held, inside) {
            held.z = z;
            self.places.clone_from(&held.others);
            self.places.insert(z, place);
        }
    }

    /// Lets go of the held point where it is now.
    pub(crate) fn release(&mut self) {
        if let Some(held) = self.held.take()
            && held.before != self.places
        {
            self.remember(held.before);
        }
    }

    /// Lets go of the held point as if it had never been touched; false when none is held.
    pub(crate) fn give_up(&mut self) -> bool {
        let held = self.held.take();
        held.map(|held| self.places = held.before).is_some()
    }

    /// One step back.
    pub(crate) fn undo(&mut self) {
        self.release();
        if let Some(before) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.places, before));
        }
    }

    /// One step on again.
    pub(crate) fn redo(&mut self) {
        self.release();
        if let Some(after) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.places, after));
        }
    }

    fn remember(&mut self, before: Places) {
        self.past.push(before);
        self.future.clear();
    }

    /// The slice a position belongs to and its place there, when it is inside the image.
    fn inside(&self, at: [f64; 3]) -> Option<(usize, [f64; 2])> {
        let within = |axis: usize| (-0.5..self.shape[axis] as f64 - 0.5).contains(&at[axis]);
        (0..3).all(within).then(|| (at[2].round().max(0.0) as usize, [at[0], at[1]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHAPE: [usize; 3] = [20, 30, 12];

    fn edit() -> Edit {
        Edit::new(SHAPE, &[[5.0, 6.0, 2.0], [7.0, 8.0, 9.0]])
    }

    fn listed(edit: &Edit) -> Vec<[f64; 3]> {
        edit.points().collect()
    }

    #[test]
    fn a_slice_has_one_point_and_the_image_an_edge() {
        let mut edit = edit();
        assert!(edit.place([5.5, 6.5, 2.2]) && edit.place([1.0, 1.0, 5.0]));
        assert_eq!(listed(&edit), [[5.5, 6.5, 2.0], [1.0, 1.0, 5.0], [7.0, 8.0, 9.0]]);
        assert!(!edit.place([1.0, 29.6, 5.0]) && !edit.place([1.0, 1.0, 12.0]) && !edit.place([f64::NAN; 3]));
        assert_eq!(edit.count(), 3);
        assert_eq!(
            (edit.beside(5, true), edit.beside(5, false), edit.beside(9, true)),
            (Some(9), Some(2), None)
        );
        assert_eq!(Edit::new([4, 4, 4], &listed(&edit)).count(), 0);
    }

    #[test]
    fn a_held_point_spares_those_it_passes_and_is_one_step() {
        let mut edit = edit();
        assert!(!edit.hold(4) && edit.hold(2));
        edit.move_held([6.0, 6.0, 9.0]);
        assert_eq!(edit.count(), 1);
        edit.move_held([6.0, 6.0, 10.0]);
        edit.move_held([6.0, 99.0, 11.0]);
        assert_eq!((listed(&edit), edit.held()), (vec![[7.0, 8.0, 9.0], [6.0, 6.0, 10.0]], Some(10)));
        edit.release();
        edit.undo();
        assert_eq!(edit, Edit { future: edit.future.clone(), ..self::edit() });
        edit.redo();
        assert_eq!(edit.held(), None);
        assert!(edit.hold(10));
        edit.move_held([1.0, 1.0, 1.0]);
        assert!(edit.give_up() && !edit.give_up());
        assert_eq!(listed(&edit)[1], [6.0, 6.0, 10.0]);
    }

    #[test]
    fn unsaved_is_what_differs_from_the_file() {
        let mut edit = edit();
        assert!(!edit.unsaved() && edit.steps() == (false, false));
        edit.place([5.0, 7.0, 2.0]);
        assert!(edit.unsaved());
        edit.undo();
        assert!(!edit.unsaved() && edit.steps() == (false, true));
        assert!(edit.delete(9) && !edit.delete(9));
        assert_eq!(edit.steps(), (true, false));
    }

    proptest! {
        /// Whatever was done, undoing all leads to the beginning and redoing all to the end.
        #[test]
        fn undo_and_redo_are_exact(steps in prop::collection::vec((0u8..6, 0usize..14, -2.0..32.0f64), 0..40)) {
            let mut edit = edit();
            let first = listed(&edit);
            for (what, z, y) in steps {
                let at = [y / 2.0, y, z as f64];
                match what {
                    0 => drop(edit.place(at)),
                    1 => drop(edit.delete(z)),
                    2 => drop(edit.hold(z)),
                    3 => edit.move_held(at),
                    4 => drop(edit.give_up()),
                    _ => edit.undo(),
                }
            }
            edit.release();
            let last = listed(&edit);
            let mut undone = 0;
            while edit.steps().0 {
                edit.undo();
                undone += 1;
            }
            prop_assert_eq!(&listed(&edit), &first);
            (0..undone).for_each(|_| edit.redo());
            prop_assert_eq!(listed(&edit), last);
        }
    }
}
