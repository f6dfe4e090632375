//! Intensities as the detector sees them: each voxel against its surroundings, so that neither contrast, coil nor field of
//! view matters much.

use ndarray::{Array3, Axis};

/// Half-width of the surroundings, voxels of the working grid.
const REACH: usize = 16;

/// Share of the image's range that counts as no structure at all: noise in air is not blown up.
const FLAT: f32 = 0.05;

/// Values beyond this many standard deviations say no more.
const MOST: f32 = 4.0;

/// Share of voxels that may be extreme at either end.
const EXTREME: f64 = 0.005;

/// Each voxel less the mean of the box around it, over the box's standard deviation; -4..4. A constant image is 0 everywhere.
/// The box ends where the image does.
pub(super) fn local_contrast(image: &Array3<f32>) -> Array3<f32> {
    let Some((low, high)) = range(image) else { return Array3::zeros(image.raw_dim()) };
    let scaled = image.mapv(|value| ((value - low) / (high - low)).clamp(-0.5, 1.5));
    let mean = box_mean(scaled.clone());
    let squares = box_mean(scaled.mapv(|value| value * value));
    let mut result = scaled;
    ndarray::Zip::from(&mut result).and(&mean).and(&squares).for_each(|value, &mean, &square| {
        let variance = (square - mean * mean).max(0.0);
        *value = ((*value - mean) / (variance + FLAT * FLAT).sqrt()).clamp(-MOST, MOST);
    });
    result
}

/// The low and high percentile, or the extremes where these are equal; `None` for a constant image.
fn range(image: &Array3<f32>) -> Option<(f32, f32)> {
    let mut values: Vec<f32> = image.iter().copied().collect();
    let last = values.len().checked_sub(1)?;
    let mut nth = |share: f64| {
        let index = (share * last as f64).round() as usize;
        *values.select_nth_unstable_by(index, f32::total_cmp).1
    };
    let inner = (nth(EXTREME), nth(1.0 - EXTREME));
    let outer = (nth(0.0), nth(1.0));
    [inner, outer].into_iter().find(|(low, high)| low < high && (high - low).is_finite())
}

/// The mean of the box around each voxel: running sums along one axis after the other.
fn box_mean(mut image: Array3<f32>) -> Array3<f32> {
    for axis in 0..3 {
        let n = image.len_of(Axis(axis));
        let mut sums = vec![0.0f64; n + 1];
        for mut lane in image.lanes_mut(Axis(axis)) {
            for (k, value) in lane.iter().enumerate() {
                sums[k + 1] = sums[k] + f64::from(*value);
            }
            for (k, value) in lane.iter_mut().enumerate() {
                let (from, to) = (k.saturating_sub(REACH), (k + REACH + 1).min(n));
                *value = ((sums[to] - sums[from]) / (to - from) as f64) as f32;
            }
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gain_and_offset_do_not_matter() {
        let image = Array3::from_shape_fn((20, 30, 12), |(i, j, k)| ((i * 7 + j * 3 + k * 11) % 17) as f32);
        let (a, b) = (local_contrast(&image), local_contrast(&image.mapv(|v| 250.0 * v + 3000.0)));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-3));
        assert!(a.iter().any(|v| v.abs() > 1.0));
    }

    #[test]
    fn a_constant_image_is_nothing_and_a_hot_voxel_does_not_hide_the_rest() {
        assert!(local_contrast(&Array3::from_elem((4, 5, 6), 7.0)).iter().all(|v| *v == 0.0));
        let mut image = Array3::from_shape_fn((20, 20, 20), |(i, ..)| i as f32);
        let plain = local_contrast(&image);
        image[[3, 3, 3]] = 1e9;
        let hot = local_contrast(&image);
        assert!((plain[[15, 15, 15]] - hot[[15, 15, 15]]).abs() < 0.1);
    }
}
