//! The header of a volume's file, checked: what is returned can be relied on. Reads no voxels.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::layout::{self, Fields};
use super::quaternion::affine_from_qform;
use super::{Datatype, VolumeError, source};
use crate::volume::{Affine, Grid};

/// Where a grid's affine comes from; the first that is marked as set and has three independent axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AffineSource {
    /// The sform rows.
    Sform,
    /// The qform quaternion.
    Qform,
    /// Voxel sizes only: orientation taken as `RPI` (nibabel `LAS`) with the centre at 0, as nibabel and so SCT do.
    Pixdim,
}

/// What a file says of its volume. Units are taken as mm, as nibabel does.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Shape of the first three axes and the best affine, always invertible.
    pub grid: Grid,
    /// Where `grid.affine` comes from.
    pub source: AffineSource,
    /// The sform, when its code is above 0.
    pub sform: Option<Affine>,
    /// The qform, when its code is above 0.
    pub qform: Option<Affine>,
    /// Type of the stored numbers.
    pub datatype: Datatype,
    /// All axes, at least three; every length is at least 1.
    pub shape4: Vec<usize>,
    /// `value = slope * stored + inter`; (1, 0) when the header asks for none (slope 0 or not finite).
    pub slope: f64,
    /// See `slope`.
    pub inter: f64,
    /// The voxels begin at this byte of their file.
    pub(super) offset: u64,
    pub(super) big_endian: bool,
    pub(super) pair: bool,
}

impl Header {
    /// Volumes in the file: 1 for a 3D image.
    pub fn volumes(&self) -> usize {
        self.shape4[3..].iter().product()
    }

    /// Voxels of one volume.
    pub(super) fn voxels(&self) -> usize {
        self.grid.shape.iter().product()
    }

    /// Whether stored numbers are the values.
    pub(super) fn unscaled(&self) -> bool {
        self.slope == 1.0 && self.inter == 0.0
    }
}

/// Reads the header of `.nii`, `.hdr` or `.img` (each also compressed) without reading or inflating the voxels.
pub fn read_header(path: &Path) -> Result<Header, VolumeError> {
    let path = source::header_path(path)?;
    let mut head = Vec::with_capacity(layout::NIFTI_2_BYTES);
    let opened = source::open(&path)?;
    let limited = &mut io::Read::take(opened.stream, layout::NIFTI_2_BYTES as u64);
    io::Read::read_to_end(limited, &mut head).map_err(|e| source::reading(&path, e))?;
    let fields =
        layout::parse(&head).map_err(|reason| VolumeError::NotNifti { path: path.clone(), reason })?;
    check(&fields).map_err(|reason| VolumeError::BadHeader { path, reason })
}

fn check(fields: &Fields) -> Result<Header, String> {
    let shape4 = shape(&fields.dim)?;
    let shape = [shape4[0], shape4[1], shape4[2]];
    let sform = (fields.sform_code > 0).then_some(Affine(fields.srow));
    let qform = (fields.qform_code > 0).then(|| qform(fields));
    let (source, affine) = best_affine(sform, qform, fields, shape)?;
    let scaled = fields.slope.is_finite() && fields.slope != 0.0 && fields.inter.is_finite();
    let (slope, inter) = if scaled { (fields.slope, fields.inter) } else { (1.0, 0.0) };
    Ok(Header {
        grid: Grid { shape, affine },
        source,
        sform,
        qform,
        datatype: Datatype::from_code(fields.datatype),
        shape4,
        slope,
        inter,
        offset: offset(fields)?,
        big_endian: fields.big_endian,
        pair: fields.pair,
    })
}

/// The lengths of all axes (at least three), when they are positive and their product can be counted.
fn shape(dim: &[i64; 8]) -> Result<Vec<usize>, String> {
    let axes = dim[0];
    if !(1..=7).contains(&axes) {
        return Err(format!("it announces {axes} axes"));
    }
    let mut lengths = dim[1..=axes as usize].to_vec();
    lengths.resize(lengths.len().max(3), 1);
    if let Some(bad) = lengths.iter().find(|n| **n < 1) {
        return Err(format!("an axis has the length {bad}"));
    }
    // 16 bytes are the largest voxel: a product that fits is safe to calculate with.
    lengths
        .iter()
        .try_fold(16i64, |bytes, n| bytes.checked_mul(*n))
        .ok_or_else(|| format!("it announces more voxels than can be counted ({lengths:?})"))?;
    Ok(lengths.into_iter().map(|n| n as usize).collect())
}

fn qform(fields: &Fields) -> Affine {
    // The standard reads a qfac of 0, and a size of 0, as 1.
    let qfac = if fields.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    affine_from_qform(fields.quaternion, fields.qoffset, sizes(fields), qfac)
}

fn sizes(fields: &Fields) -> [f64; 3] {
    [1, 2, 3].map(|axis| fields.pixdim[axis].abs()).map(|size| if size == 0.0 { 1.0 } else { size })
}

fn best_affine(
    sform: Option<Affine>,
    qform: Option<Affine>,
    fields: &Fields,
    shape: [usize; 3],
) -> Result<(AffineSource, Affine), String> {
    let usable =
        |affine: &Affine| affine.0.iter().flatten().all(|x| x.is_finite()) && affine.inverse().is_some();
    let sizes = sizes(fields);
    let middle: [f64; 3] = std::array::from_fn(|axis| (shape[axis] - 1) as f64 / 2.0 * sizes[axis]);
    let plain = Affine::scaling([-sizes[0], sizes[1], sizes[2]], [middle[0], -middle[1], -middle[2]]);
    [(AffineSource::Sform, sform), (AffineSource::Qform, qform), (AffineSource::Pixdim, Some(plain))]
        .into_iter()
        .filter_map(|(source, affine)| Some((source, affine?)))
        .find(|(_, affine)| usable(affine))
        .ok_or_else(|| {
            format!("neither its sform, its qform nor its voxel sizes ({sizes:?}) place it in space")
        })
}

/// Where the voxels begin: not within the header, and never at a broken byte.
fn offset(fields: &Fields) -> Result<u64, String> {
    let stored = fields.vox_offset;
    let least = if fields.pair { 0.0 } else { layout::NIFTI_1_BYTES as f64 };
    if stored == 0.0 {
        // Some writers leave it 0 in single files, where 352 is meant.
        return Ok(if fields.pair { 0 } else { 352 });
    }
    if !(least..1e15).contains(&stored) {
        return Err(format!("it places the voxels at byte {stored}"));
    }
    Ok(stored as u64)
}
