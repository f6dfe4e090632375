//! Trying methods on one scan: reads its image once, runs a method, judges the curve and keeps the result.

use super::given::given;
use super::trial::{self, Trial};
use super::{
    CenterlineError, CenterlineSettings, Curve, Found, Method, Search, Tools, Witness, detect, judged,
};
use crate::dataset::{Project, Scan};
use crate::fault::caught;
use crate::volume::{Volume, write_mask};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// One scan of a project, looked at by one method after the other.
pub struct Examination<'a> {
    project: &'a Project,
    scan: &'a Scan,
    settings: CenterlineSettings,
    tools: Tools,
    image: OnceLock<Volume<f32>>,
    witness: Witness,
}

impl<'a> Examination<'a> {
    /// Reads the project's settings; the image only when a method needs it.
    pub fn new(project: &'a Project, scan: &'a Scan) -> Result<Self, CenterlineError> {
        let settings = CenterlineSettings::of(project)?;
        let tools = settings.tools(project);
        Ok(Self { project, scan, settings, tools, image: OnceLock::new(), witness: Witness::default() })
    }

    /// Every method of the project's chain and then all others, each with the reason why it cannot be used here.
    pub fn candidates(&self) -> Vec<(Method, Result<(), CenterlineError>)> {
        let chain = &self.settings.chain;
        let others = Method::ALL.into_iter().filter(|method| !chain.contains(method));
        let usable = |method: Method| (method, method.usable(self.project, self.scan, &self.tools));
        chain.iter().copied().chain(others).map(usable).collect()
    }

    /// The current trial of a method, from disk, or `None`.
    pub fn stored(&self, method: Method) -> Option<Trial> {
        let stored = trial::stored(self.project, self.scan, method, &self.settings);
        stored.map(|(trial, _)| trial).filter(|trial| !trial.stale)
    }

    /// What a method says of the scan: from disk when it is current, else found now, judged and kept. That a method fails is
    /// a result; errors are only a stop and a project that cannot be written.
    pub fn attempt(&self, method: Method, cancel: &AtomicBool) -> Result<Trial, CenterlineError> {
        if let Some((trial, record)) = trial::stored(self.project, self.scan, method, &self.settings) {
            if !trial.stale {
                return Ok(trial);
            }
            let renewed = trial::renewed(self.project, self.scan, method, &self.settings, record);
            if let Ok(Some(trial)) = renewed {
                return Ok(trial);
            }
        }
        self.attempt_anew(method, cancel)
    }

    /// [`Self::attempt`], whatever is on disk.
    pub fn attempt_anew(&self, method: Method, cancel: &AtomicBool) -> Result<Trial, CenterlineError> {
        let started = Instant::now();
        let found = guarded(|| self.find(method, cancel));
        if cancel.load(Ordering::Relaxed) || matches!(found, Err(CenterlineError::Cancelled)) {
            return Err(CenterlineError::Cancelled);
        }
        let trial = Trial {
            method,
            outcome: found.map_err(|error| error.to_string()),
            seconds: started.elapsed().as_secs_f64(),
            made: jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            stale: false,
        };
        trial::store(self.project, self.scan, &self.settings, &trial)?;
        Ok(trial)
    }

    /// The curve by a given method, computed now and not kept; `None` when the method has to look for the cord.
    pub fn glance(&self, method: Method) -> Result<Option<Curve>, CenterlineError> {
        given(self.project, self.scan, method, &self.settings)
    }

    pub(super) fn settings(&self) -> &CenterlineSettings {
        &self.settings
    }

    pub(super) fn tools(&self) -> &Tools {
        &self.tools
    }

    fn find(&self, method: Method, cancel: &AtomicBool) -> Result<Curve, CenterlineError> {
        if let Some(curve) = self.glance(method)? {
            return Ok(curve);
        }
        let image = self.image()?;
        let contrast = &self.scan.contrast;
        let search = Search { image, contrast, tools: &self.tools, cancel };
        let found = detect(method, &search, &self.witness)?;
        self.keep_cord(method, &found)?;
        judged(found, &search, &self.witness)
    }

    /// The image in RPI order, read when it is first asked for.
    fn image(&self) -> Result<&Volume<f32>, CenterlineError> {
        if let Some(image) = self.image.get() {
            return Ok(image);
        }
        let image = self.project.read_image(self.scan)?.to_rpi();
        Ok(self.image.get_or_init(|| image))
    }

    fn keep_cord(&self, method: Method, found: &Found) -> Result<(), CenterlineError> {
        let Some(cord) = &found.cord else { return Ok(()) };
        Ok(write_mask(&trial::drawn_cord(self.project, self.scan, method), cord)?)
    }
}

/// Turns a panic into an error: what one image does to a method must not reach the others.
fn guarded<T>(work: impl FnOnce() -> Result<T, CenterlineError>) -> Result<T, CenterlineError> {
    caught(work).unwrap_or_else(|said| {
        Err(CenterlineError::Panicked(said.unwrap_or_else(|| "an unnamed panic".into())))
    })
}
