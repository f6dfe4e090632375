//! Named tensors and one JSON text in a `.safetensors` file: the container of models and checkpoints.
//!
//! The same content gives the same bytes: tensors are sorted by the format's own rule and there is one metadata entry
//! (several would be written in the random order of a hash map).

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View};

use super::error::NetworkError;
use super::weights::NamedTensor;
use crate::files;

const CARD: &str = "deepseg";

struct Bytes<'a> {
    shape: &'a [usize],
    bytes: Vec<u8>,
}

impl View for Bytes<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Writes `tensors` and `card` (a JSON text), complete or not at all.
pub(crate) fn write_tensors(path: &Path, tensors: &[NamedTensor], card: String) -> Result<(), NetworkError> {
    let view = |tensor: &NamedTensor| {
        let bytes = tensor.data.iter().flat_map(|value| value.to_le_bytes()).collect();
        Bytes { shape: &[], bytes }
    };
    let views = tensors.iter().map(|tensor| (&tensor.name, Bytes { shape: &tensor.shape, ..view(tensor) }));
    let metadata = HashMap::from([(CARD.to_owned(), card)]);
    let bytes = safetensors::serialize(views, Some(metadata))
        .map_err(|error| NetworkError::malformed(path, format!("it cannot be encoded ({error})")))?;
    files::write_bytes(path, &bytes).map_err(|source| NetworkError::Write { path: path.to_owned(), source })
}

/// Reads what [`write_tensors`] wrote: the tensors by name and the card.
pub(crate) fn read_tensors(path: &Path) -> Result<(Vec<NamedTensor>, String), NetworkError> {
    let bytes = std::fs::read(path).map_err(|source| NetworkError::Read { path: path.to_owned(), source })?;
    let broken = |error: &dyn std::fmt::Display| {
        NetworkError::malformed(path, format!("it is not a complete .safetensors file ({error})"))
    };
    let file = SafeTensors::deserialize(&bytes).map_err(|error| broken(&error))?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| broken(&error))?;
    let card = header.metadata().as_ref().and_then(|metadata| metadata.get(CARD)).ok_or_else(|| {
        NetworkError::malformed(path, "its description is missing; was it written by deepseg?")
    })?;
    let tensors = file.tensors().into_iter().map(|(name, view)| {
        if view.dtype() != Dtype::F32 {
            return Err(NetworkError::malformed(path, format!("`{name}` is not f32")));
        }
        let data =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Ok(NamedTensor { name, shape: view.shape().to_vec(), data })
    });
    Ok((tensors.collect::<Result<_, _>>()?, card.clone()))
}
