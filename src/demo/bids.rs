//! Names and small text files of the BIDS dataset the cohort is written as. Knows no voxels.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::files;

use super::DemoError;
use super::contrast::Sequence;
use super::scanner::Protocol;
use super::truth::SubjectTruth;

/// What marks a folder as ours: a dataset description that names this generator.
const GENERATOR: &str = "deepseg demo";

/// Paths of one scan, relative to the dataset.
pub(super) struct ScanNames {
    pub(super) image: PathBuf,
    pub(super) lesion: PathBuf,
    pub(super) cord: PathBuf,
}

impl ScanNames {
    pub(super) fn new(subject: &str, protocol: &Protocol) -> Self {
        let stem = format!("{subject}_acq-{}_{}", protocol.acquisition, protocol.sequence.suffix());
        let anat = Path::new(subject).join("anat");
        let labels = Path::new("derivatives").join("labels").join(&anat);
        Self {
            image: anat.join(format!("{stem}.nii.gz")),
            lesion: labels.join(format!("{stem}_lesion-manual.nii.gz")),
            cord: labels.join(format!("{stem}_seg-manual.nii.gz")),
        }
    }
}

/// The JSON beside an image or mask: `a.nii.gz` to `a.json`.
pub(super) fn sidecar(path: &Path) -> PathBuf {
    path.with_extension("").with_extension("json")
}

/// Whether a folder may be filled: it is absent, empty, or a demo dataset, finished or not.
pub(super) fn is_ours(dataset: &Path) -> bool {
    let description = std::fs::read_to_string(dataset.join("dataset_description.json"));
    is_empty(dataset) || description.is_ok_and(|text| text.contains(GENERATOR))
}

/// Whether a folder is absent or has nothing in it; what cannot be listed counts as full.
pub(super) fn is_empty(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Writes the description of the dataset and of its labels.
pub(super) fn write_descriptions(dataset: &Path, seed: u64) -> Result<(), DemoError> {
    let generator = json!([{"Name": GENERATOR, "Version": env!("CARGO_PKG_VERSION"), "Seed": seed}]);
    let raw = json!({"Name": "Synthetic spinal-cord lesions", "BIDSVersion": "1.9.0", "DatasetType": "raw",
        "License": "CC0", "GeneratedBy": generator});
    let labels = json!({"Name": "Masks of the synthetic spinal-cord lesions", "BIDSVersion": "1.9.0",
        "DatasetType": "derivative", "GeneratedBy": generator});
    write_json(&dataset.join("dataset_description.json"), &raw)?;
    write_json(&dataset.join("derivatives/labels/dataset_description.json"), &labels)?;
    let readme = "A synthetic cohort: a physical phantom of the neck with known lesions and a known centerline.\n\
        Nobody was scanned. What is exactly true is in derivatives/truth/demo_truth.json.\n\
        Two subjects carry a fault on purpose; `deepseg check` finds them.\n";
    write_text(&dataset.join("README"), readme)
}

/// Writes `participants.tsv`.
pub(super) fn write_participants(dataset: &Path, subjects: &[SubjectTruth]) -> Result<(), DemoError> {
    let mut table = String::from("participant_id\tpathology\tlesions\n");
    for subject in subjects {
        let pathology = if subject.lesions.is_empty() { "HC" } else { "synthetic" };
        table += &format!("{}\t{pathology}\t{}\n", subject.id, subject.lesions.len());
    }
    write_text(&dataset.join("participants.tsv"), &table)
}

/// Writes the acquisition's sidecar; times in seconds, as BIDS wants them.
pub(super) fn write_image_sidecar(path: &Path, protocol: &Protocol) -> Result<(), DemoError> {
    let (tr, te, flip) = protocol.sequence.timing();
    let thickness = protocol.spacing.into_iter().fold(0.0, f64::max);
    let kind = match protocol.sequence {
        Sequence::SpinEcho => "SE",
        Sequence::GradientEcho => "GR",
    };
    let fields = json!({"Modality": "MR", "MagneticFieldStrength": 3, "Manufacturer": "none (simulated)",
        "BodyPartExamined": "SPINE", "ScanningSequence": kind, "SliceThickness": thickness,
        "RepetitionTime": tr / 1000.0, "EchoTime": te / 1000.0, "FlipAngle": flip});
    write_json(&sidecar(path), &fields)
}

/// Writes a mask's sidecar.
pub(super) fn write_mask_sidecar(path: &Path) -> Result<(), DemoError> {
    write_json(
        &sidecar(path),
        &json!({"Author": GENERATOR, "Label": "known by construction", "SpatialReference": "orig"}),
    )
}

fn write_json(path: &Path, value: &Value) -> Result<(), DemoError> {
    write_text(path, &format!("{value:#}\n"))
}

fn write_text(path: &Path, text: &str) -> Result<(), DemoError> {
    files::write_bytes(path, text.as_bytes()).map_err(DemoError::io(path))
}
