//! Moving tissue: turned, tilted, scaled, shifted and bent in one go, so that every voxel is interpolated once. Image and mask
//! follow the same map. What moves in from beyond the crop's sides repeats its border; beyond its ends is padding.

use ndarray::{Array3, ArrayView3, s};
use pulp::Arch;
use rand::Rng;

use super::super::patches::Sample;
use super::field::Field;
use super::{AugmentConfig, Dice, Stream};

/// A map from voxels of the patch to places in the crop, about the patch's centre, voxels.
#[derive(Clone, Debug)]
pub(super) struct Warp {
    turn: Option<Turn>,
    bend: Option<Bend>,
}

/// An affine change as drawn.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// Degrees about x, y and z.
    degrees: [f64; 3],
    /// Above 1 enlarges.
    scale: f64,
    shift_mm: [f64; 3],
    spacing_mm: f64,
}

/// A displacement for every voxel.
#[derive(Clone, Debug)]
struct Bend {
    /// Along x, y and z, voxels.
    displacement: [Field; 3],
    /// No displacement is longer along any axis.
    most_voxels: f32,
    most_mm: f64,
}

impl Warp {
    /// Draws whether a patch of `shape` is moved, and how.
    pub(super) fn draw(
        config: &AugmentConfig,
        dice: Dice,
        shape: [usize; 3],
        spacing_mm: f64,
    ) -> Option<Self> {
        let turn = Turn::draw(config, dice, spacing_mm);
        let bend = Bend::draw(config, dice, shape, spacing_mm);
        (turn.is_some() || bend.is_some()).then_some(Self { turn, bend })
    }

    /// In words.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let turn = self.turn.map(|turn| turn.words());
        let bend = self.bend.as_ref().map(|bend| format!("bent by up to {:.1} mm", bend.most_mm));
        turn.into_iter().chain(bend)
    }

    /// Image and mask of the patch that begins at slice `start` and has `size` slices.
    pub(super) fn apply(&self, sample: &Sample, start: usize, size: usize) -> (Array3<f32>, Array3<u8>) {
        let (x, y, _) = sample.image.dim();
        let map = Map::new(self.turn, [x, y, size]);
        let most = self.bend.as_ref().map_or(0.0, |bend| bend.most_voxels);
        // One slice more for the second neighbour.
        let margin = (map.reach_z() + most).ceil() as usize + 1;
        let slab = Slab::cut(sample, start as isize - margin as isize, size + 2 * margin);
        let map = Map { origin: [map.origin[0], map.origin[1], map.origin[2] + margin as f32], ..map };
        let (mut image, mut mask) = (vec![0.0; x * y * size], vec![0; x * y * size]);
        let mut bends = self.bend.as_ref().map(|bend| bend.displacement.each_ref().map(Field::lines));
        let still = vec![0.0; size];
        let mut cells = Cells::new(size);
        let mut lines = image.chunks_exact_mut(size).zip(mask.chunks_exact_mut(size));
        for i in 0..x {
            bends.iter_mut().flatten().for_each(|lines| lines.at_x(i));
            for (j, (image, mask)) in (0..y).zip(&mut lines) {
                let moves = match &mut bends {
                    Some([a, b, c]) => [a.at_y(j), b.at_y(j), c.at_y(j)],
                    None => [still.as_slice(); 3],
                };
                cells.fill(&slab, map.line(i, j), map.along_z(), moves);
                slab.read(&cells, image, mask);
            }
        }
        (shaped(image, [x, y, size]), shaped(mask, [x, y, size]))
    }
}

impl Turn {
    fn draw(config: &AugmentConfig, dice: Dice, spacing_mm: f64) -> Option<Self> {
        let mut rng = dice.of(Stream::Affine);
        if rng.random::<f64>() >= config.affine {
            return None;
        }
        let mut within = |most: f64| rng.random_range(-1.0..=1.0) * most;
        let degrees = [within(config.tilt_deg), within(config.tilt_deg), within(config.rotation_deg)];
        let scale = within((1.0 + config.scale).ln()).exp();
        let shift_mm = [(); 3].map(|()| within(config.shift_mm));
        Some(Self { degrees, scale, shift_mm, spacing_mm })
    }

    fn words(self) -> String {
        let [x, y, z] = self.degrees;
        let [right, back, up] = self.shift_mm;
        format!(
            "turned {z:.0}\u{b0}, tilted {x:.0}\u{b0} and {y:.0}\u{b0}, scaled {:.2}, shifted {right:.1} {back:.1} {up:.1} mm",
            self.scale
        )
    }

    /// From an offset in the patch to one in the crop: turned about x, then y, then z.
    fn matrix(self) -> [[f64; 3]; 3] {
        let [(sx, cx), (sy, cy), (sz, cz)] = self.degrees.map(|d| d.to_radians().sin_cos());
        let rows = [
            [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
            [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
            [-sy, cy * sx, cy * cx],
        ];
        rows.map(|row| row.map(|value| value / self.scale))
    }
}

impl Bend {
    fn draw(config: &AugmentConfig, dice: Dice, shape: [usize; 3], spacing_mm: f64) -> Option<Self> {
        let mut rng = dice.of(Stream::Elastic);
        if rng.random::<f64>() >= config.elastic {
            return None;
        }
        let most_mm = rng.random::<f64>() * config.elastic_mm;
        let most_voxels = (most_mm / spacing_mm) as f32;
        let step = (config.elastic_grid_mm / spacing_mm) as f32;
        let mut coefficient = || rng.random_range(-1.0..=1.0f32) * most_voxels;
        let displacement = [(); 3].map(|()| Field::draw(shape, step, &mut coefficient));
        Some(Self { displacement, most_voxels, most_mm })
    }
}

/// A [`Turn`] made ready for a patch: place = origin + matrix * voxel.
#[derive(Clone, Copy, Debug)]
struct Map {
    matrix: [[f32; 3]; 3],
    origin: [f32; 3],
    shape: [usize; 3],
}

impl Map {
    fn new(turn: Option<Turn>, shape: [usize; 3]) -> Self {
        let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let matrix = turn.map_or(identity, Turn::matrix);
        let shift = turn.map_or([0.0; 3], |turn| turn.shift_mm.map(|mm| mm / turn.spacing_mm));
        let centre = shape.map(|n| (n as f64 - 1.0) / 2.0);
        let origin = std::array::from_fn(|row| {
            let turned: f64 = (0..3).map(|column| matrix[row][column] * centre[column]).sum();
            // Tissue that moves up is read from further down.
            (centre[row] - turned - shift[row]) as f32
        });
        Self { matrix: matrix.map(|row| row.map(|value| value as f32)), origin, shape }
    }

    fn at(&self, voxel: [usize; 3]) -> [f32; 3] {
        std::array::from_fn(|row| {
            self.origin[row]
                + (0..3).map(|column| self.matrix[row][column] * voxel[column] as f32).sum::<f32>()
        })
    }

    /// Place of the first voxel of a line along z.
    fn line(&self, x: usize, y: usize) -> [f32; 3] {
        self.at([x, y, 0])
    }

    /// From one voxel of such a line to the next.
    fn along_z(&self) -> [f32; 3] {
        self.matrix.map(|row| row[2])
    }

    /// How far beyond the patch's own slices places lie, at most.
    fn reach_z(&self) -> f32 {
        let last = self.shape.map(|n| n - 1);
        let corner = |index: usize| [0, 1, 2].map(|axis| if index >> axis & 1 == 1 { last[axis] } else { 0 });
        let places = (0..8).map(|index| self.at(corner(index))[2]);
        places.fold(0.0, |most, z| most.max(-z).max(z - last[2] as f32))
    }
}

/// The slices of a crop that a warp can reach, z fastest; padding beyond the crop's ends, and one more plane beyond each high
/// side, which repeats the border, so that every place has eight neighbours.
struct Slab {
    shape: [usize; 3],
    image: Vec<f32>,
    mask: Vec<u8>,
    /// First and last voxel of the smallest box that holds the lesions, one voxel larger on the low side, where their influence
    /// begins.
    lesions: Option<[[f32; 2]; 3]>,
}

impl Slab {
    fn cut(sample: &Sample, first: isize, depth: usize) -> Self {
        let (x, y, _) = sample.image.dim();
        let mask = section(&sample.mask.view(), first, depth, 0);
        let image = section(&sample.image.view(), first, depth, sample.padding);
        let shape = [x + 1, y + 1, depth];
        Self { shape, image, lesions: lesion_box(&mask, shape), mask }
    }

    fn strides(&self) -> [usize; 3] {
        [self.shape[1] * self.shape[2], self.shape[2], 1]
    }

    /// Reads the image linearly, and the mask too, where at least half counts as lesion (nearest would fray it).
    fn read(&self, cells: &Cells, image: &mut [f32], mask: &mut [u8]) {
        let strides = self.strides();
        for (z, value) in image.iter_mut().enumerate() {
            *value = blend(&self.image, cells.at(z), strides, |value| value);
        }
        let Some([x, y, depth]) = self.lesions else { return mask.fill(0) };
        for (z, value) in mask.iter_mut().enumerate() {
            let [i, j, k] = [0, 1, 2].map(|axis| cells.index[axis][z]);
            let is_near = x[0] <= i && i <= x[1] && y[0] <= j && j <= y[1] && depth[0] <= k && k <= depth[1];
            let share = || blend(&self.mask, cells.at(z), strides, |value| f32::from(value.min(1)));
            *value = u8::from(is_near && share() >= 0.5);
        }
    }
}

/// The eight voxels around each place of a line: the lowest one's index and the place's distance from it.
struct Cells {
    /// Along each axis; whole numbers.
    index: [Vec<f32>; 3],
    weight: [Vec<f32>; 3],
    first: Vec<u32>,
}

impl Cells {
    fn new(size: usize) -> Self {
        let values = || [(); 3].map(|()| vec![0.0; size]);
        Self { index: values(), weight: values(), first: vec![0; size] }
    }

    /// Places, each `step` and its own move away from the one before, kept inside the slab.
    fn fill(&mut self, slab: &Slab, origin: [f32; 3], step: [f32; 3], moves: [&[f32]; 3]) {
        let strides = slab.strides();
        // The widest instructions of the processor; the numbers are the same with any.
        Arch::new().dispatch(|| {
            self.first.fill(0);
            for axis in 0..3 {
                let last = (slab.shape[axis] - 2) as f32;
                let stride = strides[axis] as u32;
                let places = self.index[axis].iter_mut().zip(&mut self.weight[axis]).zip(&mut self.first);
                for (z, (((index, weight), first), &moved)) in places.zip(moves[axis]).enumerate() {
                    let place = (origin[axis] + z as f32 * step[axis] + moved).max(0.0).min(last);
                    // Truncation is the floor: nothing is below 0.
                    let whole = place as i32;
                    *index = whole as f32;
                    *weight = place - whole as f32;
                    *first += whole as u32 * stride;
                }
            }
        });
    }

    fn at(&self, z: usize) -> (usize, [f32; 3]) {
        (self.first[z] as usize, [self.weight[0][z], self.weight[1][z], self.weight[2][z]])
    }
}

/// Linear in the eight values around a place.
#[inline(always)]
fn blend<T: Copy>(
    values: &[T],
    (first, [wx, wy, wz]): (usize, [f32; 3]),
    [sx, sy, _]: [usize; 3],
    value: impl Fn(T) -> f32,
) -> f32 {
    let along_z = |at: usize| {
        let (a, b) = (value(values[at]), value(values[at + 1]));
        a + wz * (b - a)
    };
    let along_y = |at: usize| {
        let (a, b) = (along_z(at), along_z(at + sy));
        a + wy * (b - a)
    };
    let (a, b) = (along_y(first), along_y(first + sx));
    a + wx * (b - a)
}

/// Values that are known to fill the shape.
fn shaped<T: Copy + Default>(values: Vec<T>, shape: [usize; 3]) -> Array3<T> {
    Array3::from_shape_vec(shape, values).unwrap_or_else(|_| Array3::default(shape))
}

/// `depth` slices from `first` on, z fastest, `padding` where there are none; the last plane of x and of y twice.
fn section<T: Copy>(array: &ArrayView3<'_, T>, first: isize, depth: usize, padding: T) -> Vec<T> {
    let (x, y, slices) = array.dim();
    let from = first.clamp(0, slices as isize);
    let to = (first + depth as isize).clamp(from, slices as isize);
    let into = (from - first).min(depth as isize) as usize;
    let mut section = vec![padding; (x + 1) * (y + 1) * depth];
    for (number, target) in section.chunks_exact_mut(depth).enumerate() {
        let (i, j) = ((number / (y + 1)).min(x - 1), (number % (y + 1)).min(y - 1));
        let values = array.slice(s![i, j, from..to]);
        target[into..].iter_mut().zip(values).for_each(|(to, value)| *to = *value);
    }
    section
}

fn lesion_box(mask: &[u8], [_, y, z]: [usize; 3]) -> Option<[[f32; 2]; 3]> {
    let mut bounds: Option<[[usize; 2]; 3]> = None;
    for (number, line) in mask.chunks_exact(z).enumerate() {
        let Some(first) = line.iter().position(|&value| value > 0) else { continue };
        let last = line.iter().rposition(|&value| value > 0).unwrap_or(first);
        let line = [[number / y; 2], [number % y; 2], [first, last]];
        let known = bounds.unwrap_or(line);
        bounds = Some([0, 1, 2].map(|a| [known[a][0].min(line[a][0]), known[a][1].max(line[a][1])]));
    }
    bounds.map(|bounds| bounds.map(|[first, last]| [first as f32 - 1.0, last as f32]))
}
