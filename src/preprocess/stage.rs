//! The stage for one scan: is its crop there and current, make it, load it. The only place that joins dataset, centerline,
//! cropping and storage.

use std::sync::atomic::AtomicBool;

use crate::centerline::{self, CenterlineError, Curve, Method, Standing, Trial};
use crate::dataset::{Project, Scan};
use crate::fault::caught;
use crate::files::{self, Source};
use crate::volume::read_header;

use super::cache::{self, Parameters};
use super::curve::curve_for;
use super::record::{self, FailureRecord, Record};
use super::store::CropFiles;
use super::{Crop, Landmarks, PreprocessError, StageSettings, crop};

/// Where the preprocessing of a scan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StageState {
    /// Never tried.
    Missing,
    /// There is a crop, but its sources, the settings or this program changed since.
    Stale,
    /// The crop is there and current.
    Ready,
    /// Tried, with these sources and settings, and failed: why, in a sentence.
    Failed(String),
}

/// How a scan came out of [`process`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// The crop was made now.
    Fresh,
    /// It was there already.
    Cached,
}

/// The state of a scan's crop, by the project's settings and the files' sizes and times; nothing is hashed, no voxel is read.
pub fn stage_state(project: &Project, scan: &Scan) -> StageState {
    stage_states(project, [scan]).pop().unwrap_or(StageState::Missing)
}

/// [`stage_state`] of many scans, in order; the settings are read once.
pub fn stage_states<'a>(project: &Project, scans: impl IntoIterator<Item = &'a Scan>) -> Vec<StageState> {
    let settings = StageSettings::of(project);
    let state = |scan| match &settings {
        Ok(settings) => find(project, scan, settings, &CropFiles::of(project, scan)).0,
        Err(error) => StageState::Failed(error.to_string()),
    };
    scans.into_iter().map(state).collect()
}

/// Reads the scan's crop. Refuses a stale one, so that nobody trains on what the settings no longer say.
pub fn load_crop(project: &Project, scan: &Scan) -> Result<Crop, PreprocessError> {
    let files = CropFiles::of(project, scan);
    let id = || scan.id.clone();
    match find(project, scan, &StageSettings::of(project)?, &files) {
        (StageState::Ready, Some(record)) => files.read(record),
        (StageState::Failed(reason), _) => Err(PreprocessError::Failed { scan: id(), reason }),
        (StageState::Stale, _) => Err(PreprocessError::Stale { scan: id() }),
        (StageState::Missing | StageState::Ready, _) => Err(PreprocessError::Missing { scan: id() }),
    }
}

/// State and, when it is [`StageState::Ready`], the record.
fn find(
    project: &Project,
    scan: &Scan,
    settings: &StageSettings,
    crop: &CropFiles,
) -> (StageState, Option<Record>) {
    let method = match centerline::standing(project, scan) {
        Ok(Standing::Settled(trial)) => Some(trial.method),
        Ok(Standing::Failed(reason, _)) => return (StageState::Failed(reason), None),
        Ok(Standing::Open | Standing::Nothing) | Err(_) => None,
    };
    let wanted = Parameters::of(project, scan, settings, method);
    let now = cache::sources(project, scan, method).unwrap_or_default();
    let current = |parameters: &Parameters, sources: &[Source]| {
        *parameters == wanted && files::look_the_same(sources, &now)
    };
    let failure = record::read::<FailureRecord>(&crop.error).ok().flatten();
    if let Some(failure) = failure.filter(|f| current(&f.parameters, &f.sources)) {
        return (StageState::Failed(failure.message), None);
    }
    match record::read::<Record>(&crop.record) {
        Ok(Some(record)) if current(&record.parameters, &record.sources) && crop.are_whole(&record) => {
            (StageState::Ready, Some(record))
        }
        Ok(None) => (StageState::Missing, None),
        _ => (StageState::Stale, None),
    }
}

/// Makes the scan's crop unless it is there and current. A failure, a panic included, is noted on disk and returned; a stop is
/// not noted. A crop from before stays where it is until there is a new one.
pub(super) fn process(
    project: &Project,
    scan: &Scan,
    settings: &StageSettings,
    force: bool,
    cancel: &AtomicBool,
) -> Result<Made, PreprocessError> {
    let crop = CropFiles::of(project, scan);
    let mut method = None;
    let result = guarded(|| {
        // An image that is none is the image's fault, not that of every method that would try it.
        read_header(&scan.image).map_err(PreprocessError::Read)?;
        let found = centerline::resolve(project, scan, cancel)?;
        let found = found.ok_or_else(|| PreprocessError::NoCenterline { scan: scan.id.clone() })?;
        method = Some(found.method);
        attempt(project, scan, &crop, settings, found, force)
    });
    match &result {
        Ok(_) | Err(PreprocessError::Centerline(CenterlineError::Cancelled)) => {}
        Err(error) => note_failure(project, scan, settings, &crop, method, error),
    }
    result
}

fn note_failure(
    project: &Project,
    scan: &Scan,
    settings: &StageSettings,
    crop: &CropFiles,
    method: Option<Method>,
    error: &PreprocessError,
) {
    let failure = FailureRecord {
        deepseg: env!("CARGO_PKG_VERSION").into(),
        sources: cache::sources(project, scan, method).unwrap_or_default(),
        stage: error.stage().into(),
        message: error.to_string(),
        parameters: Parameters::of(project, scan, settings, method),
    };
    // Where even this cannot be written, the error itself still reaches the user.
    crop.write_failure(&failure).ok();
}

fn attempt(
    project: &Project,
    scan: &Scan,
    crops: &CropFiles,
    settings: &StageSettings,
    found: Trial,
    force: bool,
) -> Result<Made, PreprocessError> {
    let parameters = Parameters::of(project, scan, settings, Some(found.method));
    let now = cache::sources(project, scan, Some(found.method))?;
    // A record that cannot be read is no reason to stop: the crop is made again.
    let old = if force { None } else { record::read::<Record>(&crops.record).ok().flatten() };
    let old = old.filter(|record| record.parameters == parameters && crops.are_whole(record));
    if old.as_ref().is_some_and(|record| files::look_the_same(&record.sources, &now)) {
        return Ok(Made::Cached);
    }
    let sources = cache::hashed(now)?;
    let key = cache::key(&parameters, &sources);
    if let Some(same) = old.filter(|record| record.key == key) {
        // Touched or copied, but the same content: note the new times, so that the next look is quick.
        record::write(&crops.record, &Record { sources, ..same })?;
        return Ok(Made::Cached);
    }
    let (crop, curve) = make(project, scan, found, settings)?;
    let record = Record {
        deepseg: env!("CARGO_PKG_VERSION").into(),
        key,
        parameters,
        sources,
        outputs: Vec::new(),
        curve_method: curve.method,
        curve_confidence: curve.confidence,
        percentiles: crop.percentiles,
        landmarks: Landmarks::preset(&scan.contrast),
        mask: crop.mask_report,
        frame: crop.frame.clone(),
    };
    crops.write(&crop, record)?;
    Ok(Made::Fresh)
}

fn make(
    project: &Project,
    scan: &Scan,
    found: Trial,
    settings: &StageSettings,
) -> Result<(Crop, Curve), PreprocessError> {
    let StageSettings { crop: settings, fit } = settings;
    let image = project.read_image(scan)?;
    let tube = settings.tube_grid(&image.grid);
    let curve = curve_for(project, scan, found, *fit, &tube)?;
    let mask = project.read_mask(scan)?;
    let crop = crop(&image, mask.as_ref(), &curve, settings)?;
    drop((image, mask));
    match project.read_cord(scan)? {
        Some(cord) => Ok((crop.with_cord(&cord)?, curve)),
        None => Ok((crop, curve)),
    }
}

/// Turns a panic into an error: what one scan does to the program must not reach the others.
fn guarded<T>(work: impl FnOnce() -> Result<T, PreprocessError>) -> Result<T, PreprocessError> {
    caught(work).unwrap_or_else(|said| {
        Err(PreprocessError::Panicked(said.unwrap_or_else(|| "an unnamed panic".into())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_says_where_to_turn() {
        let error = guarded::<()>(|| panic!("index {} out of bounds", 7)).unwrap_err();
        assert!(error.to_string().contains("index 7 out of bounds"));
        assert_eq!(error.stage(), "crop");
    }
}
