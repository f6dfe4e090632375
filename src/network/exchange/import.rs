//! Any file that holds a network as a model: ours as it is, those of other programs with what is known of the published networks.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::recognise::tensors_of;
use crate::dataset::Contrast;
use crate::fault::caught;
use crate::network::architecture::Architecture;
use crate::network::error::NetworkError;
use crate::network::model_file::{ModelFile, Provenance};
use crate::network::weights::{NamedTensor, Weights};
use crate::preprocess::{CropSettings, Intensities, Preset};
use crate::weights::{Graph, read_keras, read_onnx_notes};

/// The threshold the Spinal Cord Toolbox uses with the published networks.
const PUBLISHED_THRESHOLD: f32 = 0.1;

/// The contrast of a foreign network where nothing tells it.
const UNKNOWN: &str = "unknown";

/// Names of the texts in an ONNX file of ours: the model's card, and tensors that only training uses.
pub(super) const CARD: &str = "deepseg";
pub(super) const APART: &str = "deepseg.training_only";

/// Of which format a file is, by its first bytes.
enum Format {
    Model,
    Keras,
    Onnx,
}

impl ModelFile {
    /// Reads a model file, or a network that another program saved (`.h5` of Keras, `.onnx`), whatever the file is called.
    ///
    /// See [`ModelFile::import`] for what a file without a card of ours gets; its contrast is guessed from the file's name.
    pub fn load_any(path: &Path) -> Result<(Self, Weights), NetworkError> {
        Self::import(path, None)
    }

    /// [`ModelFile::load_any`] with the contrast to assume where the file has no card of ours.
    ///
    /// A foreign network gets what the published networks of its contrast were made with: the Spinal Cord Toolbox's order of
    /// steps, intensity landmarks, mean and deviation, and its threshold of 0.1.
    ///
    /// Where nothing says the contrast, the card says that it is unknown (see [`ModelFile::must_know_contrast`]).
    ///
    /// # Errors
    /// A file that holds no network this version can build, or a contrast without published networks.
    pub fn import(path: &Path, contrast: Option<Contrast>) -> Result<(Self, Weights), NetworkError> {
        let loaded = Loaded::read(path)?;
        let card = match loaded.card {
            Some(card) => card,
            None => published(path, loaded.architecture, contrast)?,
        };
        Ok((card, loaded.weights))
    }

    /// Whether it is known what to do to an image's intensities.
    pub fn knows_contrast(&self) -> bool {
        self.contrast.name() != UNKNOWN
    }

    /// Refuses a foreign network of which nobody said what images it is for; `path` is its file.
    pub fn must_know_contrast(&self, path: &Path) -> Result<(), NetworkError> {
        if self.knows_contrast() {
            return Ok(());
        }
        let reason = "nothing says which contrast it was trained on".into();
        Err(NetworkError::Contrast { path: path.to_owned(), reason })
    }
}

/// Only the network of any file that [`ModelFile::load_any`] reads; its contrast need not be known.
pub fn load_network(path: &Path) -> Result<(Architecture, Weights), NetworkError> {
    let loaded = Loaded::read(path)?;
    Ok((loaded.architecture, loaded.weights))
}

/// What a file holds; a card only where it is of our own making.
struct Loaded {
    architecture: Architecture,
    weights: Weights,
    card: Option<ModelFile>,
}

impl Loaded {
    fn read(path: &Path) -> Result<Self, NetworkError> {
        let malformed = |reason: String| NetworkError::malformed(path, reason);
        let parsed = match format(path)? {
            Format::Model => {
                let (card, weights) = ModelFile::load(path)?;
                return Ok(Self { architecture: card.architecture.clone(), weights, card: Some(card) });
            }
            Format::Keras => caught(|| read_keras(path).map(|graph| (graph, HashMap::new()))),
            Format::Onnx => caught(|| read_onnx_notes(path)),
        };
        let unreadable = |why: Option<String>| {
            malformed(format!("it is damaged: fetch it again ({})", why.unwrap_or_default()))
        };
        let (graph, notes) = parsed.map_err(unreadable)?.map_err(|e| malformed(e.reason()))?;
        let loaded = Self::of(path, &graph, &notes)
            .map_err(|error| if error.names_file() { error } else { malformed(error.to_string()) })?;
        if !loaded.weights.is_finite() {
            return Err(malformed("its weights hold values that are not numbers".into()));
        }
        Ok(loaded)
    }

    fn of(path: &Path, graph: &Graph, notes: &HashMap<String, String>) -> Result<Self, NetworkError> {
        let (mut architecture, mut tensors) = tensors_of(graph)?;
        let card = notes.get(CARD).map(|card| ModelFile::from_card(path, card)).transpose()?;
        if let Some(card) = &card {
            architecture.deep_supervision = card.architecture.deep_supervision;
            if card.architecture != architecture {
                return Err(NetworkError::Architecture(format!(
                    "its layers are a U-Net of {architecture}, its description says {}",
                    card.architecture
                )));
            }
            tensors.extend(apart(path, notes)?);
        }
        let weights = Weights::for_architecture(&architecture, tensors)?;
        Ok(Self { architecture, weights, card })
    }
}

/// The tensors that no layer of the file has.
fn apart(path: &Path, notes: &HashMap<String, String>) -> Result<Vec<NamedTensor>, NetworkError> {
    let Some(text) = notes.get(APART) else { return Ok(Vec::new()) };
    let tensors: Vec<(String, Vec<usize>, Vec<f32>)> = serde_json::from_str(text).map_err(|error| {
        NetworkError::malformed(path, format!("its text {APART} is unreadable ({error})"))
    })?;
    Ok(tensors.into_iter().map(|(name, shape, data)| NamedTensor { name, shape, data }).collect())
}

fn format(path: &Path) -> Result<Format, NetworkError> {
    let unreadable = |source| NetworkError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut start = Vec::new();
    file.by_ref().take(9).read_to_end(&mut start).map_err(unreadable)?;
    match start.as_slice() {
        [0x89, b'H', b'D', b'F', ..] => Ok(Format::Keras),
        // The length of a JSON text, and its beginning.
        [header @ .., b'{'] if read_length(header).is_some_and(|header| header < length) => Ok(Format::Model),
        // A field of an ONNX file's outermost message (version, producer, domain, documentation, network, ...).
        [0x08 | 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42 | 0x72, _, ..] => Ok(Format::Onnx),
        _ => Err(NetworkError::malformed(
            path,
            "it is neither a model of deepseg, nor a network saved by Keras (.h5), nor ONNX; is it the right file, and whole?",
        )),
    }
}

fn read_length(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_le_bytes)
}

/// The card of a foreign network.
fn published(
    path: &Path,
    architecture: Architecture,
    contrast: Option<Contrast>,
) -> Result<ModelFile, NetworkError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let crop = CropSettings { preset: Preset::Sct, ..CropSettings::default() };
    let card = |intensities, contrast| {
        let mut card = ModelFile::new(architecture, crop, intensities, contrast, Provenance::of(&name));
        card.threshold = PUBLISHED_THRESHOLD;
        card
    };
    let Some(contrast) = contrast.or_else(|| Contrast::guess(&name)) else {
        let plain = Intensities { landmarks: None, mean: 0.0, std: 1.0 };
        return Ok(card(plain, Contrast::Other(UNKNOWN.into())));
    };
    let intensities = Intensities::preset(&contrast).ok_or_else(|| NetworkError::Contrast {
        path: path.to_owned(),
        reason: format!("there are no published intensity constants for the contrast {contrast}"),
    })?;
    Ok(card(intensities, contrast))
}
