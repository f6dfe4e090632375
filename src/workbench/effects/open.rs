//! Opening a project, or a dataset for which a project is found or made. The dataset itself is never written.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::{Effects, said, sentence, survey};
use crate::dataset::{DatasetError, Project, SETTINGS_FILE, Settings};
use crate::workbench::memory::Memory;
use crate::workbench::message::Msg;
use crate::workbench::model::ProjectCard;
use crate::workbench::state::Level;

/// Opens a path in the background.
pub(super) fn open(path: PathBuf, effects: &Effects) {
    let (shared, sender, findings) =
        (effects.project.clone(), effects.sender.clone(), effects.findings.clone());
    let recent = effects.memory.as_deref().map(Memory::read).unwrap_or_default().recent;
    effects.work(move || {
        sender.send(Msg::Cluster(crate::runs::slurm::is_there())).ok();
        let opened = find_or_make(&path, &recent).map(|(project, note)| {
            if let Some(note) = note {
                sender.send(said(Level::Info, note)).ok();
            }
            let rows = project.scans().iter().map(survey::bare_row).collect();
            let card = card(&project);
            findings.lock().unwrap_or_else(PoisonError::into_inner).clear();
            shared.send_replace(Some(Arc::new(project)));
            (card, rows)
        });
        Some(Msg::Opened(opened.map_err(|e| sentence(&e))))
    });
}

fn card(project: &Project) -> ProjectCard {
    let name = project.dir().file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut contrasts: Vec<&str> = project.scans().iter().map(|s| s.contrast.name()).collect();
    contrasts.sort_unstable();
    contrasts.dedup();
    ProjectCard { name, dir: project.dir().to_owned(), contrast: contrasts.join(", ") }
}

/// The project in a folder; else the recent one of this dataset; else a new one beside the caller, not inside the dataset.
fn find_or_make(path: &Path, recent: &[PathBuf]) -> Result<(Project, Option<String>), DatasetError> {
    if path.join(SETTINGS_FILE).is_file() {
        return Ok((Project::open(path)?, None));
    }
    let root = path.canonicalize().map_err(|_| DatasetError::NotAProject(path.to_owned()))?;
    let mut known = recent.iter().filter_map(|dir| Project::open(dir).ok());
    if let Some(project) = known.find(|p| p.settings().root == root) {
        let note = format!("opened the project {} of this dataset", project.dir().display());
        return Ok((project, Some(note)));
    }
    let name = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let dir = PathBuf::from(format!("{name}-deepseg"));
    let (project, problems) = Project::create(&dir, Settings::new(root))?;
    let odd = if problems.is_empty() { String::new() } else { format!("; {} remarks", problems.len()) };
    let note = format!("made the project {} for this dataset{odd}", project.dir().display());
    Ok((project, Some(note)))
}
