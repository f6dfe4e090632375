//! One scan under examination: how its problems are worded, and which fixes were taken already.

use std::path::{Path, PathBuf};

use crate::dataset::{Code, Decision, Fix, Problem, Project, Scan, Severity};
use crate::volume::VolumeError;

/// A scan, its project and what was decided about it.
pub(super) struct Case<'a> {
    pub(super) scan: &'a Scan,
    project: &'a Project,
    decision: Decision,
}

impl<'a> Case<'a> {
    pub(super) fn new(project: &'a Project, scan: &'a Scan) -> Self {
        Self { scan, project, decision: project.decision(&scan.id) }
    }

    pub(super) fn excluded(&self) -> bool {
        self.decision.excluded
    }

    /// A file as messages name it: inside the dataset where it lies there.
    pub(super) fn name(&self, path: &Path) -> String {
        path.strip_prefix(&self.project.settings().root).unwrap_or(path).display().to_string()
    }

    /// A problem of this scan that only the user can repair.
    pub(super) fn problem(&self, code: Code, message: String, fix: impl Into<String>) -> Problem {
        Problem::new(code, message, fix).of(&self.scan.id)
    }

    /// A problem with a fix the program can take; once taken, the problem is only worth knowing.
    pub(super) fn offer(&self, code: Code, message: String, advice: &str, fix: Fix) -> Problem {
        let command = fix.command(self.project.dir(), &self.scan.id);
        if self.decision.has(fix) {
            let taken =
                format!("the fix {fix} is taken; take it back with `{}`", command.replace("--fix", "--undo"));
            return Problem { severity: Severity::Info, ..self.problem(code, message, taken) };
        }
        Problem { offer: Some(fix), ..self.problem(code, message, format!("{advice}: `{command}`")) }
    }

    /// A file that cannot be read, in the volume room's words.
    pub(super) fn unreadable(&self, error: &VolumeError) -> Problem {
        let text = error.to_string();
        let (message, advice) = text.rsplit_once("; ").unwrap_or((&text, "copy the file again"));
        let code = match error {
            VolumeError::SeveralVolumes { .. } => Code::FourDimensional,
            _ => Code::Unreadable,
        };
        self.offer(code, message.to_owned(), &format!("{advice}, or leave the scan out"), Fix::Exclude)
    }

    /// The mask and the cord mask, as far as there are any.
    pub(super) fn labels(&self) -> [Option<&'a PathBuf>; 2] {
        [self.scan.mask.as_ref(), self.scan.cord.as_ref()]
    }
}
