//! The contrast of an image that belongs to no project.

use std::path::Path;

use crate::dataset::Contrast;

/// What the file's name suggests, else `unknown`: methods that need to know it then say so.
pub(super) fn contrast_of(image: &Path) -> Contrast {
    let name = image.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Contrast::guess(&name).unwrap_or_else(|| Contrast::Other("unknown".into()))
}
