//! NIfTI files in and out: NIfTI-1 and -2, `.nii`, `.hdr` + `.img`, compressed or not, both byte orders, every real number type.
//!
//! The `nifti` crate parses the NIfTI-1 header. The rest is here, as that crate has no NIfTI-2, stops after the first gzip
//! member, applies the slope after the cast, panics on common qforms, and its writer renames files and drops the slope.
//! Nothing is allocated on a header's word before the file is seen to be large enough.

mod datatype;
mod error;
mod header;
mod layout;
mod quaternion;
mod reading;
mod source;
mod writing;

pub use datatype::Datatype;
pub use error::VolumeError;
pub use header::{AffineSource, Header, read_header};
pub use reading::{read_image, read_mask};
pub use writing::{write_image, write_mask};
