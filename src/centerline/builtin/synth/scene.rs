//! One scene: which anatomy there is, and what lies at a point of it.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::canal::Canal;
use super::column::Column;
use super::field::Field;
use super::paint::{Sample, cover};
use super::spine::{Place, Spine};
use super::surroundings::Surroundings;
use super::tissue::Palette;

/// How far the brainstem reaches above the foramen magnum, mm.
const STEM: f32 = 42.0;

/// A body, or a part of one, in one contrast.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    spine: Spine,
    column: Option<(Canal, Column)>,
    surroundings: Surroundings,
    palette: Palette,
    grain: [Field; 2],
    warp: [Field; 3],
    push: f32,
}

impl Scene {
    /// A random body whose cord, if it has one, crosses z = 0 at `offset` (mm).
    pub(super) fn random(offset: [f32; 2], has_spine: bool, rng: &mut ChaCha8Rng) -> Self {
        let canal = Canal::random(rng);
        let (half, shift) = canal.outline();
        let column = Column::random(half, shift, rng);
        Self {
            spine: Spine::random(offset, rng),
            column: has_spine.then_some((canal, column)),
            surroundings: Surroundings::random(rng),
            palette: Palette::random(rng),
            grain: [3.0, 9.0].map(|cell| Field::random([cell; 3], rng)),
            warp: std::array::from_fn(|_| Field::random([18.0, 18.0, 26.0], rng)),
            push: rng.random_range(0.0..5.0),
        }
    }

    /// Signal at a point (mm), and how much of the voxel there is cord.
    pub(super) fn at(&self, point: [f32; 3]) -> [f32; 2] {
        let place = self.spine.place(point);
        let grain = (self.grain[0].at(point) + self.grain[1].at(point)) * 0.7;
        let mut sample = Sample::air(&self.palette, grain);
        let Some((canal, column)) = &self.column else {
            self.surroundings.paint(&self.warped(place, point, 50.0), &mut sample);
            return [sample.signal, 0.0];
        };
        let wall = canal.wall_distance(&place);
        let above = place.w - canal.top;
        if wall > -2.0 || above > -2.0 {
            let around = self.warped(place, point, wall);
            self.surroundings.paint(&around, &mut sample);
            if above < 2.0 {
                column.paint(&around, wall, &mut sample);
            }
            if above > -20.0 {
                self.surroundings.paint_head(&around, above, &mut sample);
            }
        }
        if above < STEM {
            canal.paint(&place, cover(above), cover(above - STEM), &mut sample);
        }
        [sample.signal, canal.cord_cover(&place)]
    }

    /// The place a little displaced, more so away from the cord: nothing in a body is straight or a mirror image.
    fn warped(&self, at: Place, point: [f32; 3], wall: f32) -> Place {
        let push = self.push * (wall / 12.0).clamp(0.0, 1.0);
        let [u, v, w] = [0, 1, 2].map(|k| push * self.warp[k].at(point));
        Place { u: at.u + u, v: at.v + v, w: at.w + w }
    }
}
