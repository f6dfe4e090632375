//! Which scans a run uses and on which side of the split each is: decided once, then frozen in the configuration.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::data::lesion_voxels;
use super::error::TrainingError;
use super::held_out::{HELD_OUT_FILE, HeldOut};
use super::split::{Candidate, split};
use super::{CropConfig, DataEntry, Part, TrainConfig};
use crate::dataset::{Project, Scan};
use crate::files::content_hash;
use crate::preprocess::{CropSettings, Preset, StageState, load_crop, stage_state};

/// At most this many scans or subjects are named in a note.
const NAMED: usize = 5;

/// A configuration with its data, and what the user should know about it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Ready to be frozen.
    pub config: TrainConfig,
    /// Subjects that this plan is the first to hold out for testing; to be kept before it is used.
    pub first_held_out: Option<HeldOut>,
    /// One for each of the configuration's scans, in their order: voxels of lesion in its crop.
    pub lesion_voxels: Vec<u64>,
    /// Sentences.
    pub notes: Vec<String>,
}

/// Fills `config.data` from the project: every scan of the contrast that has a mask and a current crop, split by subject.
/// Nothing is written.
pub fn plan(project: &Project, mut config: TrainConfig) -> Result<Plan, TrainingError> {
    config.validate()?;
    let mut notes = Vec::new();
    let scans = usable(project, &config, &mut notes)?;
    let candidates = scans.par_iter().map(|scan| candidate(project, scan)).collect::<Result<Vec<_>, _>>()?;
    let held_out = HeldOut::read(project)?;
    let sides = split(&candidates, held_out.as_ref(), &config.split, config.seed)?;
    let first_held_out = match &held_out {
        Some(held) => {
            note_held(&mut notes, held, &config, &candidates);
            None
        }
        None => first_held_out(project, &config, &candidates, &sides)?,
    };
    let lesion_voxels = candidates.iter().map(|candidate| candidate.lesion_voxels).collect();
    let entry = |((scan, candidate), split): ((&&Scan, Candidate), _)| DataEntry {
        id: scan.id.to_string(),
        subject: candidate.subject,
        split,
        image: candidate.content,
    };
    config.data = scans.iter().zip(candidates).zip(sides).map(entry).collect();
    config.project = project.dir().to_owned();
    config.crop = crop_config(&CropSettings::of_project(project)?);
    Ok(Plan { config, first_held_out, lesion_voxels, notes })
}

impl TrainConfig {
    /// Whether the frozen data let somebody train or validate whom the project holds out by now.
    pub(super) fn uses_held_out(&self, held_out: &HeldOut) -> bool {
        let is_held = |entry: &DataEntry| {
            let (subject, content) = (entry.subject.clone(), entry.image.clone());
            held_out.holds(&Candidate { subject, content, lesion_voxels: 0 })
        };
        self.data.iter().any(|entry| entry.split != Part::Test && is_held(entry))
    }
}

/// The test side of the first split by shares is held out from then on. A fold's is not: the next fold has another.
fn first_held_out(
    project: &Project,
    config: &TrainConfig,
    candidates: &[Candidate],
    sides: &[Part],
) -> Result<Option<HeldOut>, TrainingError> {
    let tests = candidates.iter().zip(sides).filter(|(_, side)| **side == Part::Test);
    let subjects: Vec<String> = tests.map(|(candidate, _)| candidate.subject.clone()).collect();
    if config.split.fold.is_some() || subjects.is_empty() {
        return Ok(None);
    }
    HeldOut::of(project, &subjects, Some(config.seed)).map(Some)
}

fn note_held(notes: &mut Vec<String>, held: &HeldOut, config: &TrainConfig, candidates: &[Candidate]) {
    if !candidates.iter().any(|candidate| held.holds(candidate)) {
        notes.push(format!(
            "none of the subjects held out for testing has a scan of contrast `{}`: nobody tests",
            config.contrast
        ));
    }
    let new: BTreeSet<&str> =
        candidates.iter().map(|c| c.subject.as_str()).filter(|name| held.is_new(name)).collect();
    if !new.is_empty() {
        let names = listed(new.iter().copied(), new.len());
        notes.push(format!(
            "{} subjects came after the test side was named on {} and are not part of it: {names}",
            new.len(),
            held.named
        ));
    }
    if let Some(fold) = &config.split.fold {
        notes.push(format!("fold {fold} validates: the test side is held out ({HELD_OUT_FILE})"));
    }
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
    let names = listed(scans.iter().map(|scan| scan.id.as_str()), scans.len());
    notes.push(format!("{} scans have {what}: {names}", scans.len()));
}

/// The first of `count` names.
fn listed<'n>(names: impl Iterator<Item = &'n str>, count: usize) -> String {
    let more = if count > NAMED { ", ..." } else { "" };
    format!("{}{more}", names.take(NAMED).collect::<Vec<_>>().join(", "))
}

fn candidate(project: &Project, scan: &Scan) -> Result<Candidate, TrainingError> {
    let content = content_hash(&scan.image)
        .map_err(|source| TrainingError::Read { path: scan.image.clone(), source })?;
    let lesion_voxels = lesion_voxels(&load_crop(project, scan)?);
    Ok(Candidate { subject: scan.subject.clone(), content, lesion_voxels })
}

fn crop_config(settings: &CropSettings) -> CropConfig {
    let preset = match settings.preset {
        Preset::Recipe => "recipe",
        Preset::Sct => "sct",
    };
    CropConfig { spacing_mm: settings.spacing_mm, size: settings.size, preset: preset.to_owned() }
}
