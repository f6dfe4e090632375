//! Random scenes of spines in any contrast, orientation and field of view, with the cord known exactly: what the built-in
//! detector is trained on. Knows nothing of networks or files.
//!
//! A scene follows from a seed and an index alone, so that a training can be repeated.

mod canal;
mod column;
mod field;
mod paint;
mod scan;
mod scene;
mod spine;
mod surroundings;
mod tissue;

use ndarray::Array3;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::SPACING;
use super::normalise::local_contrast;
use scan::{Protocol, placed};
use scene::Scene;

/// What the network is shown and what it should answer, both `[x, y, z]` in RPI on the working grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Normalised as an image is before it is searched; 0 outside the field of view.
    pub image: Array3<f32>,
    /// Share (0..1) of each voxel that is cord.
    pub cord: Array3<f32>,
}

/// Number `index` of the endless row of scenes that `seed` stands for, in a patch of `shape` voxels.
pub fn example(seed: u64, index: u64, shape: [usize; 3]) -> Example {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    let protocol = Protocol::random(shape, &mut rng);
    let view = protocol.shape;
    let (clean, cord) = match rng.random_range(0..100) {
        0..3 => (Array3::from_elem(view, rng.random_range(0.0..1.0)), Array3::zeros(view)),
        kind => rendered(&Scene::random(offset(view, &mut rng), kind >= 13, &mut rng), view),
    };
    let image = local_contrast(&protocol.acquire(clean, &mut rng));
    let at = std::array::from_fn(|k| rng.random_range(0..=shape[k] - view[k]));
    Example { image: placed(&image, at, shape), cord: placed(&cord, at, shape) }
}

/// Where the cord crosses the middle of the field of view, mm from its centre: near it as a rule, anywhere in wide views,
/// outside now and then.
fn offset(view: [usize; 3], rng: &mut ChaCha8Rng) -> [f32; 2] {
    let share = [0.25, 0.25, 0.25, 0.45, 1.0][rng.random_range(0..5)];
    [0, 1].map(|k| share * view[k] as f32 * SPACING as f32 * rng.random_range(-1.0..1.0f32))
}

fn rendered(scene: &Scene, view: [usize; 3]) -> (Array3<f32>, Array3<f32>) {
    let (mut signal, mut cord) = (Array3::zeros(view), Array3::zeros(view));
    let pairs = signal.indexed_iter_mut().zip(cord.iter_mut());
    for (((i, j, k), signal), cord) in pairs {
        let index = [i, j, k];
        let point = std::array::from_fn(|axis| {
            (index[axis] as f32 - (view[axis] as f32 - 1.0) / 2.0) * SPACING as f32
        });
        [*signal, *cord] = scene.at(point);
    }
    (signal, cord)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_follows_from_seed_and_index() {
        let shape = [24, 24, 32];
        assert_eq!(example(1, 5, shape), example(1, 5, shape));
        assert_ne!(example(1, 5, shape), example(1, 6, shape));
        assert_ne!(example(1, 5, shape), example(2, 5, shape));
    }

    #[test]
    fn images_are_normalised_and_most_scenes_show_a_cord() {
        let examples: Vec<_> = (0..60).map(|index| example(7, index, [32, 32, 32])).collect();
        for Example { image, cord } in &examples {
            assert!(image.iter().all(|v| v.is_finite() && v.abs() <= 4.0));
            assert!(cord.iter().all(|v| (0.0..=1.0).contains(v)));
        }
        let shown = examples.iter().filter(|e| e.cord.sum() > 20.0).count();
        assert!((25..55).contains(&shown), "{shown}");
    }
}
