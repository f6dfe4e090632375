//! What headers alone tell: files that cannot be opened, more than one volume, masks that lie elsewhere than their image, and
//! two transforms in one header that disagree.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::case::Case;
use crate::dataset::{Code, Fix, Problem};
use crate::volume::{Affine, Grid, Header, Orientation, VolumeError, read_header};

/// The headers of a scan that are fit for use; what is wrong with the others is in `unfit`.
pub(super) struct Headers {
    pub(super) image: Option<Header>,
    pub(super) mask: Option<Header>,
    pub(super) cord: Option<Header>,
    unfit: Vec<Problem>,
}

impl Headers {
    pub(super) fn read(case: &Case<'_>) -> Self {
        let mut unfit = Vec::new();
        let mut open = |path: &Path| usable(path).map_err(|error| unfit.push(case.unreadable(&error))).ok();
        let image = open(&case.scan.image);
        let [mask, cord] = case.labels().map(|path| path.and_then(|path| open(path)));
        Self { image, mask, cord, unfit }
    }

    pub(super) fn orientation(&self) -> Option<Orientation> {
        self.image.as_ref().map(|header| header.grid.orientation())
    }

    pub(super) fn problems(&self, case: &Case<'_>) -> Vec<Problem> {
        let mut problems = self.unfit.clone();
        let [mask, cord] = case.labels();
        let files = [(Some(&case.scan.image), &self.image), (mask, &self.mask), (cord, &self.cord)];
        let fit: Vec<(&PathBuf, &Header)> =
            files.into_iter().filter_map(|(path, header)| path.zip(header.as_ref())).collect();
        // Masks inherit their image's header: the same disagreement in all files is said once.
        problems.extend(fit.iter().find_map(|(path, header)| transforms(case, path, header)));
        if let Some(image) = &self.image {
            let labels = fit.iter().filter(|(path, _)| **path != case.scan.image);
            problems
                .extend(labels.filter_map(|(path, label)| geometry(case, path, &label.grid, &image.grid)));
        }
        problems.extend(centerline(case));
        problems
    }
}

/// Whether the centerline file is there; where it lies is the curve's affair, as it may have a grid of its own.
fn centerline(case: &Case<'_>) -> Option<Problem> {
    let path = case.scan.centerline.as_deref()?;
    let table = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let opened = if table {
        File::open(path).map(drop).map_err(|source| VolumeError::Read { path: path.to_owned(), source })
    } else {
        usable(path).map(drop)
    };
    opened.err().map(|error| case.unreadable(&error))
}

fn usable(path: &Path) -> Result<Header, VolumeError> {
    let header = read_header(path)?;
    match header.volumes() {
        1 => Ok(header),
        count => Err(VolumeError::SeveralVolumes { path: path.to_owned(), count }),
    }
}

/// Whether a label lies on its image.
fn geometry(case: &Case<'_>, path: &Path, label: &Grid, image: &Grid) -> Option<Problem> {
    let difference = label.difference(image)?;
    let (name, image_name) = (case.name(path), case.name(&case.scan.image));
    if difference.shapes.is_some() {
        return Some(case.offer(
            Code::ShapeMismatch,
            format!("{name} does not fit its image {image_name}: {difference}"),
            "redraw or resample the mask, or leave the scan out",
            Fix::Exclude,
        ));
    }
    let apart = farthest(label.shape, &label.affine, &image.affine);
    Some(case.offer(
        Code::HeaderMismatch,
        format!("{name} lies differently from its image {image_name}: {difference}; voxels are up to {apart:.2} mm apart"),
        "if it was drawn on this image's voxels, use the image's header",
        Fix::UseImageHeader,
    ))
}

/// Whether sform and qform of one header agree.
fn transforms(case: &Case<'_>, path: &Path, header: &Header) -> Option<Problem> {
    let (sform, qform) = (header.sform?, header.qform?);
    let shape = header.grid.shape;
    let difference = Grid { shape, affine: sform }.difference(&Grid { shape, affine: qform })?;
    let apart = farthest(shape, &sform, &qform);
    let [in_sform, in_qform] = [sform, qform].map(|affine| Orientation::of(&affine));
    Some(case.problem(
        Code::SformQform,
        format!(
            "sform and qform of {} disagree: {difference}; voxels are up to {apart:.2} mm apart \
             (sform {in_sform} at {}, qform {in_qform} at {})",
            case.name(path),
            place(&sform),
            place(&qform)
        ),
        "the sform is used; if the qform is the right one, copy it over the sform, e.g. with `sct_image -set-sform-to-qform`",
    ))
}

/// World position of voxel (0, 0, 0).
fn place(affine: &Affine) -> String {
    let [x, y, z] = affine.apply([0.0; 3]);
    format!("({x:.2}, {y:.2}, {z:.2}) mm")
}

/// The largest distance (mm) between the places two affines give to the same voxel: an affine difference peaks at a corner.
fn farthest(shape: [usize; 3], a: &Affine, b: &Affine) -> f64 {
    let distance = |corner: usize| {
        let voxel =
            std::array::from_fn(|axis| if corner >> axis & 1 == 1 { (shape[axis] - 1) as f64 } else { 0.0 });
        let (p, q) = (a.apply(voxel), b.apply(voxel));
        (0..3).map(|axis| (p[axis] - q[axis]).powi(2)).sum::<f64>().sqrt()
    };
    (0..8).map(distance).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farthest_voxel_is_found_at_a_corner() {
        let a = Affine::scaling([1.0, 1.0, 2.0], [0.0; 3]);
        let b = Affine::scaling([1.0, 1.0, 2.1], [0.0; 3]);
        assert!((farthest([5, 5, 11], &a, &b) - 1.0).abs() < 1e-12);
    }
}
