//! One slice of a volume as people look at it: which voxel lies where, how many millimetres a pixel is, which side is which.
//!
//! Pure: an array in RPI order (axis 0 right to left, 1 posterior to anterior, 2 inferior to superior) goes in, a
//! [`Plane`] comes out. Radiological convention: the patient's right is on the left; in sagittal view anterior is on the left.

use ndarray::{Array2, ArrayView3};

/// The three ways to cut a volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Cut {
    /// Across the body.
    #[default]
    Axial,
    /// Seen from the side.
    Sagittal,
    /// Seen from the front.
    Coronal,
}

impl Cut {
    /// The RPI axis the cut walks along.
    pub(crate) fn axis(self) -> usize {
        match self {
            Self::Axial => 2,
            Self::Sagittal => 0,
            Self::Coronal => 1,
        }
    }

    /// RPI axes shown across and down, and whether each is shown reversed.
    fn layout(self) -> [(usize, bool); 2] {
        match self {
            Self::Axial => [(0, false), (1, true)],
            Self::Sagittal => [(1, true), (2, true)],
            Self::Coronal => [(0, false), (2, true)],
        }
    }

    /// The side letters: left, right, top, bottom.
    pub(crate) fn letters(self) -> [char; 4] {
        match self {
            Self::Axial => ['R', 'L', 'A', 'P'],
            Self::Sagittal => ['A', 'P', 'S', 'I'],
            Self::Coronal => ['R', 'L', 'S', 'I'],
        }
    }

    /// The word people read.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Axial => "axial",
            Self::Sagittal => "sagittal",
            Self::Coronal => "coronal",
        }
    }

    /// Columns and rows of the plane of a volume of this RPI shape.
    pub(crate) fn size(self, shape_rpi: [usize; 3]) -> [usize; 2] {
        self.layout().map(|(axis, _)| shape_rpi[axis])
    }

    /// Width and height (mm) of the plane's pixels for voxels of this RPI spacing.
    pub(crate) fn size_mm(self, spacing: [f64; 3]) -> [f64; 2] {
        self.layout().map(|(axis, _)| spacing[axis])
    }

    /// Where an RPI voxel (continuous) lies in the plane: column, row; whole numbers are pixel centres.
    pub(crate) fn to_plane(self, shape_rpi: [usize; 3], voxel: [f64; 3]) -> [f64; 2] {
        self.layout().map(
            |(axis, reversed)| {
                if reversed { shape_rpi[axis] as f64 - 1.0 - voxel[axis] } else { voxel[axis] }
            },
        )
    }

    /// The RPI voxel under a plane position (column, row) of slice `index`, clamped to the volume.
    pub(crate) fn to_voxel(self, shape_rpi: [usize; 3], position: [f64; 2], index: usize) -> [usize; 3] {
        let mut voxel = [0; 3];
        voxel[self.axis()] = index;
        for ((axis, reversed), at) in self.layout().into_iter().zip(position) {
            let last = shape_rpi[axis].saturating_sub(1);
            let at = at.round().clamp(0.0, last as f64) as usize;
            voxel[axis] = if reversed { last - at } else { at };
        }
        voxel
    }
}

/// A slice ready to be drawn. Row 0 is the top, column 0 the left.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plane<T> {
    /// Values, indexed `[row, column]`.
    pub(crate) pixels: Array2<T>,
    /// Width and height of one pixel in millimetres.
    pub(crate) mm: [f64; 2],
    /// What lies left, right, top, bottom.
    pub(crate) letters: [char; 4],
}

/// Cuts slice `index` (clamped) out of an RPI array whose voxels are `spacing` mm wide.
pub(crate) fn slice<T: Copy>(
    data_rpi: ArrayView3<'_, T>,
    spacing: [f64; 3],
    cut: Cut,
    index: usize,
) -> Option<Plane<T>> {
    let (nx, ny, nz) = data_rpi.dim();
    let shape = [nx, ny, nz];
    let index = index.min(shape[cut.axis()].checked_sub(1)?);
    let [columns, rows] = cut.size(shape);
    let pixels = Array2::from_shape_fn((rows, columns), |(row, column)| {
        data_rpi[cut.to_voxel(shape, [column as f64, row as f64], index)]
    });
    Some(Plane { pixels, mm: cut.size_mm(spacing), letters: cut.letters() })
}

/// The values shown as black and white: the 0.2 and 99.8 percentiles of the finite voxels, from at most ~200 000 of them.
pub(crate) fn window(values: ArrayView3<'_, f32>) -> (f32, f32) {
    let step = (values.len() / 200_000).max(1);
    let mut sample: Vec<f32> = values.iter().step_by(step).copied().filter(|v| v.is_finite()).collect();
    if sample.is_empty() {
        return (0.0, 1.0);
    }
    let last = sample.len() - 1;
    let mut at = |part: f64| {
        let (_, value, _) =
            sample.select_nth_unstable_by((last as f64 * part).round() as usize, f32::total_cmp);
        *value
    };
    let (low, high) = (at(0.002), at(0.998));
    if high > low { (low, high) } else { (low, low + 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    fn numbered() -> Array3<f32> {
        Array3::from_shape_fn((4, 3, 5), |(x, y, z)| (100 * x + 10 * y + z) as f32)
    }

    #[test]
    fn axial_has_right_on_the_left_and_anterior_on_top() {
        let plane = slice(numbered().view(), [1.0, 2.0, 3.0], Cut::Axial, 4).unwrap();
        assert_eq!(plane.pixels.dim(), (3, 4));
        assert_eq!(plane.pixels[[0, 0]], 24.0); // x 0 (right), y 2 (most anterior), z 4
        assert_eq!(plane.pixels[[2, 3]], 304.0);
        assert_eq!((plane.mm, plane.letters), ([1.0, 2.0], ['R', 'L', 'A', 'P']));
    }

    #[test]
    fn sagittal_and_coronal_have_superior_on_top() {
        let sagittal = slice(numbered().view(), [1.0, 2.0, 3.0], Cut::Sagittal, 1).unwrap();
        assert_eq!(sagittal.pixels[[0, 0]], 124.0); // anterior left, superior top
        assert_eq!(sagittal.mm, [2.0, 3.0]);
        let coronal = slice(numbered().view(), [1.0, 2.0, 3.0], Cut::Coronal, 0).unwrap();
        assert_eq!(coronal.pixels[[0, 0]], 4.0);
        assert_eq!(coronal.pixels[[4, 3]], 300.0);
    }

    #[test]
    fn plane_positions_lead_back_to_their_voxel() {
        let shape = [4, 3, 5];
        for cut in [Cut::Axial, Cut::Sagittal, Cut::Coronal] {
            let voxel = [2, 1, 3];
            let at = cut.to_plane(shape, voxel.map(|v| v as f64));
            assert_eq!(cut.to_voxel(shape, at, voxel[cut.axis()]), voxel, "{cut:?}");
        }
    }

    #[test]
    fn the_window_ignores_what_is_not_a_number_and_is_never_empty() {
        let mut data = Array3::from_shape_fn((10, 10, 10), |(x, y, z)| (100 * x + 10 * y + z) as f32);
        data[[0, 0, 0]] = f32::NAN;
        let (low, high) = window(data.view());
        assert!((1.0..=4.0).contains(&low) && (996.0..=998.0).contains(&high), "{low} {high}");
        assert_eq!(window(Array3::from_elem((3, 3, 3), 7.0).view()), (7.0, 8.0));
    }
}
