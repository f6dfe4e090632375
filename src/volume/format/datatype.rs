//! The number types of NIfTI and how their bytes become values. Knows no file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Type of one voxel, as the header's `datatype` code names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Datatype {
    /// Code 2.
    U8,
    /// Code 256.
    I8,
    /// Code 4.
    I16,
    /// Code 512.
    U16,
    /// Code 8.
    I32,
    /// Code 768.
    U32,
    /// Code 1024.
    I64,
    /// Code 1280.
    U64,
    /// Code 16.
    F32,
    /// Code 64.
    F64,
    /// Any other code: complex, RGB, 128-bit or unknown; its voxels cannot be read.
    Other(i16),
}

impl Datatype {
    /// The type of a header's code.
    pub fn from_code(code: i16) -> Self {
        match code {
            2 => Self::U8,
            256 => Self::I8,
            4 => Self::I16,
            512 => Self::U16,
            8 => Self::I32,
            768 => Self::U32,
            1024 => Self::I64,
            1280 => Self::U64,
            16 => Self::F32,
            64 => Self::F64,
            other => Self::Other(other),
        }
    }

    /// Bytes of one voxel; `None` for types that cannot be read.
    pub fn bytes(self) -> Option<usize> {
        match self {
            Self::U8 | Self::I8 => Some(1),
            Self::I16 | Self::U16 => Some(2),
            Self::I32 | Self::U32 | Self::F32 => Some(4),
            Self::I64 | Self::U64 | Self::F64 => Some(8),
            Self::Other(_) => None,
        }
    }

    /// Appends the values of whole voxels to `out`, each as f64 (64-bit integers are rounded beyond 2^53) through `finish`.
    pub(super) fn decode<T>(
        self,
        bytes: &[u8],
        big_endian: bool,
        finish: &impl Fn(f64) -> T,
        out: &mut Vec<T>,
    ) {
        match self {
            Self::U8 => out.extend(bytes.iter().map(|b| finish(f64::from(*b)))),
            Self::I8 => out.extend(bytes.iter().map(|b| finish(f64::from(*b as i8)))),
            Self::I16 => each(bytes, big_endian, |b| finish(f64::from(i16::from_le_bytes(b))), out),
            Self::U16 => each(bytes, big_endian, |b| finish(f64::from(u16::from_le_bytes(b))), out),
            Self::I32 => each(bytes, big_endian, |b| finish(f64::from(i32::from_le_bytes(b))), out),
            Self::U32 => each(bytes, big_endian, |b| finish(f64::from(u32::from_le_bytes(b))), out),
            Self::I64 => each(bytes, big_endian, |b| finish(i64::from_le_bytes(b) as f64), out),
            Self::U64 => each(bytes, big_endian, |b| finish(u64::from_le_bytes(b) as f64), out),
            Self::F32 => each(bytes, big_endian, |b| finish(f64::from(f32::from_le_bytes(b))), out),
            Self::F64 => each(bytes, big_endian, |b| finish(f64::from_le_bytes(b)), out),
            Self::Other(_) => {}
        }
    }
}

fn each<const N: usize, T>(bytes: &[u8], big_endian: bool, value: impl Fn([u8; N]) -> T, out: &mut Vec<T>) {
    let (voxels, _) = bytes.as_chunks::<N>();
    out.extend(voxels.iter().map(|voxel| {
        let mut little = *voxel;
        if big_endian {
            little.reverse();
        }
        value(little)
    }));
}

impl fmt::Display for Datatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::U16 => "uint16",
            Self::I32 => "int32",
            Self::U32 => "uint32",
            Self::I64 => "int64",
            Self::U64 => "uint64",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::Other(1) => "one-bit",
            Self::Other(32 | 1792 | 2048) => "complex",
            Self::Other(128 | 2304) => "colour (RGB)",
            Self::Other(1536) => "128-bit float",
            Self::Other(code) => return write!(f, "unknown (datatype code {code})"),
        };
        f.pad(name)
    }
}
