//! A prediction of one validation scan as an epoch left it: a few axial slices with image, truth and probability, in one small
//! file per epoch. Trainer and viewers share this file's type; `watch` decides what is kept.
//!
//! The file is a gzipped safetensors file (Python: `safetensors.numpy.load(gzip.open(path).read())`) with three tensors of bytes,
//! `image`, `truth` and `probability` (0 to 255), each of shape (x, y, slice) in RPI order; scan, epoch and slice numbers are
//! in its metadata.

mod watch;

pub(super) use watch::Watch;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use ndarray::Array3;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::path::Path;

/// No sample is as long as this: what is longer is damage or worse.
const LONGEST: u64 = 1 << 24;
const ENDING: &str = ".safetensors.gz";

/// What an epoch's network saw in some slices of one scan.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochSample {
    /// The scan.
    pub scan: String,
    /// Epoch from 1.
    pub epoch: u32,
    /// The slices along z, each a number in the crop.
    pub slices: Vec<usize>,
    /// Grey values, (x, y, slice) in RPI order.
    pub image: Array3<u8>,
    /// The mask: 0 or 255.
    pub truth: Array3<u8>,
    /// Probability of a lesion: 255 is 1.
    pub probability: Array3<u8>,
}

impl EpochSample {
    /// The file of an epoch below a run's `samples` folder.
    pub fn name(epoch: u32) -> String {
        format!("epoch-{epoch:05}{ENDING}")
    }

    /// The epoch a file name stands for.
    pub fn epoch_of(name: &str) -> Option<u32> {
        name.strip_prefix("epoch-")?.strip_suffix(ENDING)?.parse().ok()
    }

    /// Writes the file whole.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let shape = [self.image.dim().0, self.image.dim().1, self.slices.len()];
        let tensors = [("image", &self.image), ("truth", &self.truth), ("probability", &self.probability)]
            .map(|(name, array)| (name, array.iter().copied().collect::<Vec<u8>>()));
        let views: Vec<(&str, TensorView<'_>)> = tensors
            .iter()
            .map(|(name, bytes)| Ok((*name, TensorView::new(Dtype::U8, shape.to_vec(), bytes)?)))
            .collect::<Result<_, safetensors::SafeTensorError>>()
            .map_err(io::Error::other)?;
        let slices: Vec<String> = self.slices.iter().map(usize::to_string).collect();
        let about =
            [("scan", self.scan.clone()), ("epoch", self.epoch.to_string()), ("slices", slices.join(","))];
        let about: HashMap<String, String> = about.map(|(key, value)| (key.to_owned(), value)).into();
        let whole = safetensors::serialize(views, Some(about)).map_err(io::Error::other)?;
        let mut zipped = GzEncoder::new(Vec::new(), Compression::default());
        zipped.write_all(&whole)?;
        crate::files::write_bytes(path, &zipped.finish()?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The system's; `InvalidData` when the file is not a sample.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut whole = Vec::new();
        GzDecoder::new(std::fs::File::open(path)?).take(LONGEST).read_to_end(&mut whole)?;
        Self::parse(&whole).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: not a sample of a run", path.display()))
        })
    }

    fn parse(whole: &[u8]) -> Option<Self> {
        let (_, header) = SafeTensors::read_metadata(whole).ok()?;
        let about = header.metadata().as_ref()?;
        let tensors = SafeTensors::deserialize(whole).ok()?;
        let array = |name: &str| {
            let tensor = tensors.tensor(name).ok().filter(|t| t.dtype() == Dtype::U8)?;
            let [x, y, n] = *tensor.shape() else { return None };
            Array3::from_shape_vec((x, y, n), tensor.data().to_vec()).ok()
        };
        let slices: Vec<usize> = about.get("slices")?.split(',').map_while(|s| s.parse().ok()).collect();
        let (image, truth, probability) = (array("image")?, array("truth")?, array("probability")?);
        let fits = [&image, &truth, &probability].iter().all(|a| a.dim() == image.dim());
        (fits && !image.is_empty() && slices.len() == image.dim().2).then_some(())?;
        let (scan, epoch) = (about.get("scan")?.clone(), about.get("epoch")?.parse().ok()?);
        Some(Self { scan, epoch, slices, image, truth, probability })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> EpochSample {
        let ramp = |factor: usize| {
            Array3::from_shape_fn((4, 3, 2), |(x, y, z)| (factor * (x + 5 * y + 20 * z)) as u8)
        };
        EpochSample {
            scan: "sub-01_T2w".into(),
            epoch: 12,
            slices: vec![7, 31],
            image: ramp(1),
            truth: ramp(2),
            probability: ramp(3),
        }
    }

    #[test]
    fn a_sample_reads_back_as_written() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(EpochSample::name(12));
        sample().write(&path).unwrap();
        assert_eq!(EpochSample::read(&path).unwrap(), sample());
        assert_eq!(EpochSample::epoch_of("epoch-00012.safetensors.gz"), Some(12));
        assert_eq!(EpochSample::epoch_of("notes.txt"), None);
    }

    #[test]
    fn what_is_no_sample_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x");
        sample().write(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for bytes in [&whole[..whole.len() / 2], b"hello", b""] {
            std::fs::write(&path, bytes).unwrap();
            assert!(EpochSample::read(&path).is_err());
        }
    }
}
