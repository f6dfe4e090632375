//! Test-time flips: a network that saw mirrored patches in training is asked about all eight mirror images, and the answers,
//! mirrored back, are averaged.

use ndarray::{Array3, Axis};

use super::model::ask;
use super::{InferenceError, PatchModel};

/// The mirror images of a box: each of three axes flipped or not.
const MIRRORS: u8 = 8;

/// Mean probability of each patch over all eight mirror images. Patches are asked mirror by mirror, so no more than
/// `patches.len()` are in the network at once.
pub(super) fn mean_over_flips(
    net: &dyn PatchModel,
    patches: &[Array3<f32>],
) -> Result<Vec<Array3<f32>>, InferenceError> {
    let mut sums: Vec<Array3<f32>> = patches.iter().map(|patch| Array3::zeros(patch.dim())).collect();
    for axes in 0..MIRRORS {
        let mirrored: Vec<_> = patches.iter().map(|patch| mirror(patch, axes)).collect();
        for (sum, answer) in sums.iter_mut().zip(ask(net, &mirrored)?) {
            *sum += &mirror(&answer, axes);
        }
    }
    sums.iter_mut().for_each(|sum| *sum /= f32::from(MIRRORS));
    Ok(sums)
}

/// Flips the axes whose bit is set; doing it twice gives the array back.
fn mirror(array: &Array3<f32>, axes: u8) -> Array3<f32> {
    let mut view = array.view();
    (0..3).filter(|axis| axes >> axis & 1 == 1).for_each(|axis| view.invert_axis(Axis(axis)));
    view.as_standard_layout().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers with a value that depends on the place in the patch and on what is there.
    struct Lopsided;

    impl PatchModel for Lopsided {
        fn probabilities(&self, patches: &[Array3<f32>]) -> Result<Vec<Array3<f32>>, InferenceError> {
            let answer = |p: &Array3<f32>| {
                Array3::from_shape_fn(p.dim(), |(i, j, k)| {
                    p[[i, j, k]] + 0.1 * i as f32 + 0.01 * (j * k) as f32
                })
            };
            Ok(patches.iter().map(answer).collect())
        }
    }

    #[test]
    fn answers_are_mirrored_back_before_they_are_averaged() {
        let patch = Array3::from_shape_fn((4, 3, 2), |(i, j, k)| (100 * i + 10 * j + k) as f32);
        let mean = mean_over_flips(&Lopsided, std::slice::from_ref(&patch)).unwrap().remove(0);
        // What follows the content stays; what follows the place becomes its mean over the mirrored places.
        for ((i, j, k), value) in mean.indexed_iter() {
            let expected = patch[[i, j, k]] + 0.1 * 1.5 + 0.01 * (1.0 * 0.5);
            assert!((value - expected).abs() < 1e-3, "{value} {expected}");
        }
    }

    #[test]
    fn a_mirror_undoes_itself() {
        let patch = Array3::from_shape_fn((4, 3, 2), |(i, j, k)| (100 * i + 10 * j + k) as f32);
        for axes in 0..MIRRORS {
            assert_eq!(mirror(&mirror(&patch, axes), axes), patch);
        }
        assert_eq!(mirror(&patch, 0b101)[[0, 1, 0]], patch[[3, 1, 1]]);
    }
}
