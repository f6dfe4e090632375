//! Which scans a run uses and on which side of the split each is: decided once, then frozen in the configuration.

use rayon::prelude::*;

use super::data::has_lesion;
use super::error::TrainingError;
use super::split::{Candidate, split};
use super::{CropConfig, DataEntry, TrainConfig};
use crate::dataset::{Project, Scan};
use crate::files::content_hash;
use crate::preprocess::{CropSettings, Preset, StageState, load_crop, stage_state};

/// At most this many scans are named in a note.
const NAMED: usize = 5;

/// A configuration with its data, and what the user should know about it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Ready to be frozen.
    pub config: TrainConfig,
    /// Sentences.
    pub notes: Vec<String>,
}

/// Fills `config.data` from the project: every scan of the contrast that has a mask and a current crop, split by subject.
pub fn plan(project: &Project, mut config: TrainConfig) -> Result<Plan, TrainingError> {
    config.validate()?;
    let mut notes = Vec::new();
    let scans = usable(project, &config, &mut notes)?;
    let candidates = scans.par_iter().map(|scan| candidate(project, scan)).collect::<Result<Vec<_>, _>>()?;
    let sides = split(&candidates, &config.split, config.seed)?;
    let entry = |((scan, candidate), split): ((&&Scan, Candidate), _)| DataEntry {
        id: scan.id.to_string(),
        subject: candidate.subject,
        split,
        image: candidate.content,
    };
    config.data = scans.iter().zip(candidates).zip(sides).map(entry).collect();
    config.project = project.dir().to_owned();
    config.crop = crop_config(&CropSettings::of_project(project)?);
    Ok(Plan { config, notes })
}

fn usable<'a>(
    project: &'a Project,
    config: &TrainConfig,
    notes: &mut Vec<String>,
) -> Result<Vec<&'a Scan>, TrainingError> {
    let (scans, others): (Vec<&Scan>, Vec<&Scan>) =
        project.active_scans().partition(|scan| scan.contrast.name() == config.contrast);
    let (scans, unlabelled): (Vec<_>, Vec<_>) = scans.into_iter().partition(|scan| scan.mask.is_some());
    let (scans, uncropped): (Vec<_>, Vec<_>) =
        scans.into_iter().partition(|scan| stage_state(project, scan) == StageState::Ready);
    note(notes, &unlabelled, "no mask and cannot be trained on");
    note(notes, &uncropped, "no current crop and are left out; run `deepseg preprocess` to include them");
    if !scans.is_empty() {
        return Ok(scans);
    }
    let reason = match (uncropped.is_empty(), unlabelled.is_empty(), others.first()) {
        (false, ..) => format!(
            "{} scans have a mask but no current crop; run `deepseg preprocess` first",
            uncropped.len()
        ),
        (_, false, _) => {
            format!("none of the {} scans of contrast `{}` has a mask", unlabelled.len(), config.contrast)
        }
        (.., Some(other)) => {
            let (wanted, found) = (&config.contrast, &other.contrast);
            format!("no scan has contrast `{wanted}`; there are scans of `{found}` (--contrast {found})")
        }
        _ => "the project has no scans".to_owned(),
    };
    Err(TrainingError::NoData(reason))
}

fn note(notes: &mut Vec<String>, scans: &[&Scan], what: &str) {
    if scans.is_empty() {
        return;
    }
    let named: Vec<&str> = scans.iter().take(NAMED).map(|scan| scan.id.as_str()).collect();
    let more = if scans.len() > NAMED { ", ..." } else { "" };
    notes.push(format!("{} scans have {what}: {}{more}", scans.len(), named.join(", ")));
}

fn candidate(project: &Project, scan: &Scan) -> Result<Candidate, TrainingError> {
    let content = content_hash(&scan.image)
        .map_err(|source| TrainingError::Read { path: scan.image.clone(), source })?;
    let has_lesion = has_lesion(&load_crop(project, scan)?);
    Ok(Candidate { subject: scan.subject.clone(), content, has_lesion })
}

fn crop_config(settings: &CropSettings) -> CropConfig {
    let preset = match settings.preset {
        Preset::Recipe => "recipe",
        Preset::Sct => "sct",
    };
    CropConfig { spacing_mm: settings.spacing_mm, size: settings.size, preset: preset.to_owned() }
}
