//! The toolbox's commands that find a cord: their names, where they are, and how each of their generations wants to be asked.

use super::{FOUND, FOUND_FILE, IMAGE};
use crate::centerline::{CenterlineError, Tools};
use crate::dataset::Contrast;
use std::fmt;
use std::path::PathBuf;

/// The contrasts that the commands take.
const CONTRASTS: [&str; 4] = ["t1", "t2", "t2s", "dwi"];

/// A command of the Spinal Cord Toolbox that finds the cord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SctProgram {
    /// `sct_get_centerline`, by OptiC: a centerline.
    GetCenterline,
    /// `sct_deepseg_sc`: a cord mask by the networks of each contrast.
    DeepsegSc,
    /// `sct_deepseg spinalcord`: a cord mask by the contrast-agnostic network.
    Deepseg,
    /// `sct_propseg`: a cord mask by a deformable tube.
    PropSeg,
}

impl SctProgram {
    /// Every command, the quickest first.
    pub const ALL: [SctProgram; 4] =
        [SctProgram::GetCenterline, SctProgram::PropSeg, SctProgram::DeepsegSc, SctProgram::Deepseg];

    /// The method's name, as on the command line and in `decisions.json`.
    pub fn name(self) -> &'static str {
        match self {
            SctProgram::GetCenterline => "sct:get_centerline",
            SctProgram::DeepsegSc => "sct:deepseg_sc",
            SctProgram::Deepseg => "sct:deepseg",
            SctProgram::PropSeg => "sct:propseg",
        }
    }

    /// The file name of the command.
    pub fn command(self) -> &'static str {
        match self {
            SctProgram::GetCenterline => "sct_get_centerline",
            SctProgram::DeepsegSc => "sct_deepseg_sc",
            SctProgram::Deepseg => "sct_deepseg",
            SctProgram::PropSeg => "sct_propseg",
        }
    }

    /// Where the command is. Fails when this machine does not have it.
    pub fn executable(self, tools: &Tools) -> Result<PathBuf, CenterlineError> {
        let missing = || CenterlineError::NoProgram { method: self.name(), program: self.command() };
        tools.program(self.command()).ok_or_else(missing)
    }

    /// Whether the command can be asked about images of this contrast here. Runs nothing.
    pub(in crate::centerline) fn ready(
        self,
        tools: &Tools,
        contrast: &Contrast,
    ) -> Result<(), CenterlineError> {
        self.executable(tools)?;
        self.arguments(contrast).map(drop)
    }

    /// The arguments of each of the toolbox's generations, the newest first.
    pub(super) fn arguments(self, contrast: &Contrast) -> Result<Vec<Vec<&'static str>>, CenterlineError> {
        let forms = match self {
            SctProgram::GetCenterline => {
                let contrast = self.contrast(contrast)?;
                vec![vec!["-i", IMAGE, "-c", contrast, "-method", "optic", "-o", FOUND]]
            }
            SctProgram::DeepsegSc | SctProgram::PropSeg => {
                vec![vec!["-i", IMAGE, "-c", self.contrast(contrast)?, "-o", FOUND_FILE]]
            }
            SctProgram::Deepseg => vec![
                vec!["spinalcord", "-i", IMAGE, "-o", FOUND_FILE],
                vec!["-task", "seg_sc_contrast_agnostic", "-i", IMAGE, "-o", FOUND_FILE],
            ],
        };
        Ok(forms)
    }

    /// The contrast by the name that the commands take.
    fn contrast(self, contrast: &Contrast) -> Result<&'static str, CenterlineError> {
        let name = if *contrast == Contrast::T2Ax { Contrast::T2.name() } else { contrast.name() };
        CONTRASTS.into_iter().find(|known| *known == name).ok_or_else(|| CenterlineError::NoContrast {
            method: self.name(),
            contrast: contrast.to_string(),
            known: "t1, t2, t2s and dwi",
        })
    }

    /// The error for what happened, to be read after the command's name.
    pub(super) fn failed(self, problem: impl Into<String>) -> CenterlineError {
        CenterlineError::Program { program: self.command(), problem: problem.into() }
    }
}

impl fmt::Display for SctProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
