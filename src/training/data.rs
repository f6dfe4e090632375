//! From the frozen list of scans to arrays in memory: crops read, intensities measured once, standardised and z-scored.

use rayon::prelude::*;

use super::error::TrainingError;
use super::patches::Sample;
use super::start::model_intensities;
use super::{LandmarkSource, Part, TrainConfig, ZscoreSource};
use crate::dataset::{Contrast, Project, ScanId};
use crate::preprocess::{Crop, CropSettings, Intensities, Landmarks, Percentiles, Preset, load_crop};

/// Everything a run learns from and validates on.
#[derive(Debug)]
pub(crate) struct TrainingData {
    pub(crate) train: Vec<Sample>,
    pub(crate) val: Vec<Sample>,
    pub(crate) crop: CropSettings,
    pub(crate) intensities: Intensities,
    /// Sentences for the user.
    pub(crate) notes: Vec<String>,
}

/// Reads the scans of `config.data`; `known` are the intensities of the run when it is resumed.
pub(crate) fn load(config: &TrainConfig, known: Option<Intensities>) -> Result<TrainingData, TrainingError> {
    let project = Project::open(&config.project)?;
    let crop = CropSettings::of_project(&project)?;
    let mut notes = Vec::new();
    let mut train = read(&project, config, Part::Train)?;
    let val = read(&project, config, Part::Val)?;
    leave_out_empty(&mut train, config, &mut notes)?;
    if val.is_empty() {
        notes
            .push("no subject validates: the best epoch is the one with the lowest training loss".to_owned());
    }
    let intensities = match known {
        Some(known) => known,
        None => measure(config, &train)?,
    };
    let padding = match crop.preset {
        Preset::Recipe => 0.0,
        // Zeros before the z-score.
        Preset::Sct => (-intensities.mean / intensities.std) as f32,
    };
    let prepare = |crops: Vec<(String, Crop)>| -> Vec<Sample> {
        crops.into_par_iter().map(|(scan, crop)| sample(scan, &crop, &intensities, padding)).collect()
    };
    Ok(TrainingData { train: prepare(train), val: prepare(val), crop, intensities, notes })
}

fn read(project: &Project, config: &TrainConfig, part: Part) -> Result<Vec<(String, Crop)>, TrainingError> {
    let ids: Vec<&str> = config.part(part).map(|entry| entry.id.as_str()).collect();
    let read_one = |id: &&str| {
        let scan = project.scan(&ScanId::new(id))?;
        Ok((scan.id.to_string(), load_crop(project, scan)?))
    };
    ids.par_iter().map(read_one).collect()
}

fn leave_out_empty(
    train: &mut Vec<(String, Crop)>,
    config: &TrainConfig,
    notes: &mut Vec<String>,
) -> Result<(), TrainingError> {
    if !config.patch.include_empty {
        let before = train.len();
        train.retain(|(_, crop)| lesion_voxels(crop) > 0);
        if train.len() < before {
            let left_out = before - train.len();
            notes.push(format!(
                "scans left out of training because their mask is empty: {left_out} (--set patch.include_empty=true keeps them)"
            ));
        }
    }
    if train.is_empty() {
        return Err(TrainingError::NoData("no training scan has a lesion in its mask".to_owned()));
    }
    Ok(())
}

pub(super) fn lesion_voxels(crop: &Crop) -> u64 {
    crop.mask.as_ref().map_or(0, |mask| mask.iter().filter(|&&value| value > 0).count() as u64)
}

fn measure(config: &TrainConfig, train: &[(String, Crop)]) -> Result<Intensities, TrainingError> {
    let contrast = Contrast::from(config.contrast.clone());
    let missing = |what, hint| TrainingError::NoConstants { what, contrast: config.contrast.clone(), hint };
    let landmarks = match config.intensities.landmarks {
        LandmarkSource::None => None,
        LandmarkSource::Model => model_intensities(config)?.landmarks,
        LandmarkSource::Preset => {
            let preset = Landmarks::preset(&contrast);
            Some(preset.ok_or_else(|| missing("landmarks", "intensities.landmarks=learnt"))?)
        }
        LandmarkSource::Learnt => {
            let percentiles: Vec<Percentiles> = train.iter().map(|(_, crop)| crop.percentiles).collect();
            Landmarks::learn(&percentiles)
        }
    };
    match config.intensities.zscore {
        ZscoreSource::Model => Ok(Intensities { landmarks, ..model_intensities(config)? }),
        ZscoreSource::Measured => Ok(Intensities::measure(landmarks, train.iter().map(|(_, crop)| crop))),
        ZscoreSource::Preset => {
            let preset = Intensities::preset(&contrast);
            let preset =
                preset.ok_or_else(|| missing("mean and deviation", "intensities.zscore=measured"))?;
            Ok(Intensities { landmarks, ..preset })
        }
    }
}

fn sample(scan: String, crop: &Crop, intensities: &Intensities, padding: f32) -> Sample {
    let image = intensities.apply(crop);
    let mask = crop.network_mask().unwrap_or_else(|| ndarray::Array3::zeros(image.dim()));
    Sample { scan, image, mask, padding }
}
