//! NIfTI's qform: a rotation as a quaternion, voxel sizes and a handedness. Formulas of the standard (nifti1.h, method 2).

use crate::volume::Affine;

/// The affine of quaternion parts b, c, d, the position of voxel (0, 0, 0), voxel sizes and `qfac` (-1 mirrors axis 2).
pub(super) fn affine_from_qform(bcd: [f64; 3], origin: [f64; 3], sizes: [f64; 3], qfac: f64) -> Affine {
    let [mut b, mut c, mut d] = bcd;
    let mut a = 1.0 - (b * b + c * c + d * d);
    if a < 1e-7 {
        // A half turn: 32-bit parts may be a little longer than 1.
        let length = (b * b + c * c + d * d).sqrt();
        (b, c, d) = (b / length, c / length, d / length);
        a = 0.0;
    } else {
        a = a.sqrt();
    }
    let rotation = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    let steps = [sizes[0], sizes[1], sizes[2] * qfac];
    Affine(std::array::from_fn(|row| {
        let r = rotation[row];
        [r[0] * steps[0], r[1] * steps[1], r[2] * steps[2], origin[row]]
    }))
}

/// Quaternion parts b, c, d and `qfac` of an affine's nearest rotation (its voxel sizes and origin are stored as they are).
pub(super) fn qform_from_affine(affine: &Affine) -> ([f64; 3], f64) {
    let mut r = affine.nearest_rotation();
    let qfac = if affine.determinant() < 0.0 { -1.0 } else { 1.0 };
    r.iter_mut().for_each(|row| row[2] *= qfac);
    // The largest of the four parts is taken from the diagonal, the others from it, so that nothing small is divided by.
    let squares = [
        1.0 + r[0][0] + r[1][1] + r[2][2],
        1.0 + r[0][0] - r[1][1] - r[2][2],
        1.0 + r[1][1] - r[0][0] - r[2][2],
        1.0 + r[2][2] - r[0][0] - r[1][1],
    ];
    let largest = (0..4).fold(0, |best, i| if squares[i] > squares[best] { i } else { best });
    let half = squares[largest].sqrt() / 2.0;
    let (x, y, z) = (r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]);
    let (xy, xz, yz) = (r[1][0] + r[0][1], r[2][0] + r[0][2], r[2][1] + r[1][2]);
    let scale = 4.0 * half;
    let [a, b, c, d] = match largest {
        0 => [half, x / scale, y / scale, z / scale],
        1 => [x / scale, half, xy / scale, xz / scale],
        2 => [y / scale, xy / scale, half, yz / scale],
        _ => [z / scale, xz / scale, yz / scale, half],
    };
    // a is not stored: it is taken as positive.
    let sign = if a < 0.0 { -1.0 } else { 1.0 };
    ([sign * b, sign * c, sign * d], qfac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_rotation_and_mirror_comes_back(
            quaternion in prop::array::uniform4(-1.0..1.0f64),
            sizes in prop::array::uniform3(0.2..6.0f64),
            mirrored: bool,
        ) {
            let length = quaternion.iter().map(|q| q * q).sum::<f64>().sqrt();
            prop_assume!(length > 0.1);
            let sign = if quaternion[0] < 0.0 { -1.0 } else { 1.0 };
            let bcd = [1, 2, 3].map(|i| sign * quaternion[i] / length);
            let affine = affine_from_qform(bcd, [1.0, 2.0, 3.0], sizes, if mirrored { -1.0 } else { 1.0 });
            let (again, qfac) = qform_from_affine(&affine);
            let back = affine_from_qform(again, [1.0, 2.0, 3.0], affine.spacing(), qfac);
            for row in 0..3 {
                for col in 0..4 {
                    prop_assert!((back.0[row][col] - affine.0[row][col]).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn half_turns_come_back() {
        for bcd in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.6, 0.8, 0.0]] {
            let affine = affine_from_qform(bcd, [0.0; 3], [1.0; 3], 1.0);
            let (again, qfac) = qform_from_affine(&affine);
            let back = affine_from_qform(again, [0.0; 3], [1.0; 3], qfac);
            assert!((0..3).all(|r| (0..3).all(|c| (back.0[r][c] - affine.0[r][c]).abs() < 1e-9)), "{bcd:?}");
        }
    }
}
