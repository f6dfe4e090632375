//! The fields of NIfTI-1 and NIfTI-2 headers that matter here, in one common form. Takes the bytes' word for everything;
//! whether the values make sense is decided in `header`.

use nifti::{Endianness, NiftiHeader};

/// Bytes of a NIfTI-1 header.
pub(super) const NIFTI_1_BYTES: usize = 348;
/// Bytes of a NIfTI-2 header.
pub(super) const NIFTI_2_BYTES: usize = 540;

/// Header fields as stored, whichever version stored them.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) big_endian: bool,
    /// The voxels are in an `.img` file of their own.
    pub(super) pair: bool,
    /// `dim[0]` is the number of axes.
    pub(super) dim: [i64; 8],
    pub(super) datatype: i16,
    pub(super) pixdim: [f64; 8],
    pub(super) vox_offset: f64,
    pub(super) slope: f64,
    pub(super) inter: f64,
    pub(super) qform_code: i32,
    pub(super) sform_code: i32,
    /// Quaternion b, c, d.
    pub(super) quaternion: [f64; 3],
    pub(super) qoffset: [f64; 3],
    pub(super) srow: [[f64; 4]; 3],
}

/// Reads the fields from the first bytes of a file (fewer than 540 only when the file ends there), or says why they are none.
pub(super) fn parse(bytes: &[u8]) -> Result<Fields, String> {
    let size: [u8; 4] = *bytes.first_chunk().ok_or("it is shorter than a header")?;
    let is = |wanted: i32| [wanted.to_le_bytes(), wanted.to_be_bytes()].contains(&size);
    if is(NIFTI_1_BYTES as i32) {
        first_version(bytes)
    } else if is(NIFTI_2_BYTES as i32) {
        second_version(bytes, size == (NIFTI_2_BYTES as i32).to_be_bytes())
    } else {
        Err("it does not begin as one (348 or 540)".to_owned())
    }
}

fn first_version(bytes: &[u8]) -> Result<Fields, String> {
    let head = bytes.get(..NIFTI_1_BYTES).ok_or("it ends within its header")?;
    if !matches!(&head[344..], b"n+1\0" | b"ni1\0") {
        return Err("its header is ANALYZE 7.5, which does not say which side is left".to_owned());
    }
    let h = NiftiHeader::from_reader(head).map_err(|e| e.to_string())?;
    Ok(Fields {
        big_endian: h.endianness == Endianness::Big,
        pair: &h.magic == b"ni1\0",
        // The crate reads these signed fields as unsigned.
        dim: h.dim.map(|n| i64::from(n as i16)),
        datatype: h.datatype,
        pixdim: h.pixdim.map(f64::from),
        vox_offset: f64::from(h.vox_offset),
        slope: f64::from(h.scl_slope),
        inter: f64::from(h.scl_inter),
        qform_code: i32::from(h.qform_code),
        sform_code: i32::from(h.sform_code),
        quaternion: [h.quatern_b, h.quatern_c, h.quatern_d].map(f64::from),
        qoffset: [h.quatern_x, h.quatern_y, h.quatern_z].map(f64::from),
        srow: [h.srow_x, h.srow_y, h.srow_z].map(|row| row.map(f64::from)),
    })
}

fn second_version(bytes: &[u8], big_endian: bool) -> Result<Fields, String> {
    let head = bytes.get(..NIFTI_2_BYTES).ok_or("it ends within its header")?;
    let pair = match &head[4..8] {
        b"n+2\0" => false,
        b"ni2\0" => true,
        _ => return Err("its header has the size of NIfTI-2 but not its mark".to_owned()),
    };
    let at = At { head, big_endian };
    Ok(Fields {
        big_endian,
        pair,
        dim: std::array::from_fn(|i| i64::from_le_bytes(at.bytes(16 + 8 * i))),
        datatype: i16::from_le_bytes(at.bytes(12)),
        pixdim: std::array::from_fn(|i| at.float(104 + 8 * i)),
        vox_offset: i64::from_le_bytes(at.bytes(168)) as f64,
        slope: at.float(176),
        inter: at.float(184),
        qform_code: i32::from_le_bytes(at.bytes(344)),
        sform_code: i32::from_le_bytes(at.bytes(348)),
        quaternion: std::array::from_fn(|i| at.float(352 + 8 * i)),
        qoffset: std::array::from_fn(|i| at.float(376 + 8 * i)),
        srow: std::array::from_fn(|row| std::array::from_fn(|col| at.float(400 + 32 * row + 8 * col))),
    })
}

/// Numbers of a NIfTI-2 header by their offset.
struct At<'a> {
    head: &'a [u8],
    big_endian: bool,
}

impl At<'_> {
    /// `N` bytes in little-endian order.
    fn bytes<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.head[offset..offset + N]);
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    fn float(&self, offset: usize) -> f64 {
        f64::from_le_bytes(self.bytes(offset))
    }
}
