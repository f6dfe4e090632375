//! The project directory: everything that is written, beside a dataset that is only read.
//!
//! `deepseg.toml` holds the settings, `scans.json` the list of scans, `decisions.json` what was decided about single scans,
//! `qc.json` what somebody thought of their labels.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::decisions::{Decision, Decisions};
use super::qc::QcMarks;
use super::{DatasetError, Discovery, Fix, Problem, Scan, ScanId, Settings, discover};
use crate::files::write_bytes;

/// The settings file; a folder with one is a project.
pub const SETTINGS_FILE: &str = "deepseg.toml";
const SCANS_FILE: &str = "scans.json";
const DECISIONS_FILE: &str = "decisions.json";
/// The version of `scans.json` this program writes and reads.
const VERSION: u32 = 1;

/// What [`Project::create_with`] may do beyond the usual.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permissions {
    /// The project may lie inside the dataset's folder.
    pub inside_dataset: bool,
    /// The project of another dataset in the same folder may be replaced.
    pub replace: bool,
}

/// An open project.
#[derive(Clone, Debug)]
pub struct Project {
    dir: PathBuf,
    settings: Settings,
    scans: Vec<Scan>,
    by_id: HashMap<ScanId, usize>,
    decisions: Decisions,
}

#[derive(Serialize, Deserialize)]
struct ScanList {
    version: u32,
    scans: Vec<Scan>,
}

impl Project {
    /// [`Project::create_with`] without special permissions.
    pub fn create(dir: &Path, settings: Settings) -> Result<(Project, Vec<Problem>), DatasetError> {
        Self::create_with(dir, settings, Permissions::default())
    }

    /// Lists a dataset and writes a project for it in `dir`, which may be new or the project of the same dataset: its
    /// decisions, and all settings that are not given anew, are then kept. Returns what was odd about the dataset.
    pub fn create_with(
        dir: &Path,
        mut settings: Settings,
        permissions: Permissions,
    ) -> Result<(Project, Vec<Problem>), DatasetError> {
        settings.root = settings.root.canonicalize().map_err(DatasetError::io(&settings.root))?;
        if let Some(list) = &mut settings.list {
            *list = list.canonicalize().map_err(DatasetError::io(list))?;
        }
        let dir = std::path::absolute(dir).map_err(DatasetError::io(dir))?;
        refuse_inside(&dir, &settings.root, permissions)?;
        let same = keep_older(&dir, &mut settings, permissions)?;
        let Discovery { scans, problems } = discover(&settings.root, &settings)?;
        write(&dir.join(SETTINGS_FILE), settings.text().as_bytes())?;
        let list = serde_json::to_vec_pretty(&ScanList { version: VERSION, scans });
        write(&dir.join(SCANS_FILE), &list.map_err(io::Error::from).map_err(DatasetError::io(&dir))?)?;
        if !same {
            Decisions::default().write(&dir.join(DECISIONS_FILE))?;
            QcMarks::forget(&dir)?;
        }
        Ok((Self::open(&dir)?, problems))
    }

    /// Opens the project in `dir`. Reads three small files; looks at no image and needs no dataset in place.
    pub fn open(dir: &Path) -> Result<Project, DatasetError> {
        let settings_file = dir.join(SETTINGS_FILE);
        if !settings_file.is_file() {
            return Err(DatasetError::NotAProject(dir.to_owned()));
        }
        let mut settings = Settings::read(&settings_file)?;
        let dir = dir.canonicalize().map_err(DatasetError::io(dir))?;
        settings.root = dir.join(&settings.root);
        let scans = read_scans(&dir.join(SCANS_FILE), &settings.root)?;
        let by_id = scans.iter().enumerate().map(|(index, scan)| (scan.id.clone(), index)).collect();
        let decisions = Decisions::read(&dir.join(DECISIONS_FILE))?;
        Ok(Self { dir, settings, scans, by_id, decisions })
    }

    /// The project folder, absolute.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The settings of the dataset.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The settings of another room, from its section of `deepseg.toml`: `preprocess`, `centerline` or `train`.
    pub fn section<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, DatasetError> {
        Settings::section(&self.dir.join(SETTINGS_FILE), name)
    }

    /// Every scan, excluded ones too, in the order of the files' paths.
    pub fn scans(&self) -> &[Scan] {
        &self.scans
    }

    /// The scans that are not excluded.
    pub fn active_scans(&self) -> impl Iterator<Item = &Scan> {
        self.scans.iter().filter(|scan| !self.decisions.of(&scan.id).excluded)
    }

    /// The scan with this id.
    pub fn scan(&self, id: &ScanId) -> Result<&Scan, DatasetError> {
        let found = self.by_id.get(id).and_then(|index| self.scans.get(*index));
        found.ok_or_else(|| DatasetError::UnknownScan(id.to_string()))
    }

    /// Number of different subjects.
    pub fn subjects(&self) -> usize {
        self.scans.iter().map(|scan| scan.subject.as_str()).collect::<std::collections::HashSet<_>>().len()
    }

    /// What was decided about a scan.
    pub fn decision(&self, id: &ScanId) -> Decision {
        self.decisions.of(id)
    }

    /// Changes what was decided about a scan and writes it. The file is read first: another process may have written it.
    pub fn decide(&mut self, id: &ScanId, change: impl FnOnce(&mut Decision)) -> Result<(), DatasetError> {
        self.decide_all(std::slice::from_ref(id), change_once(change))
    }

    /// Takes a fix for several scans at once.
    pub fn take_fix(&mut self, ids: &[ScanId], fix: Fix) -> Result<(), DatasetError> {
        self.decide_all(ids, |decision| decision.take(fix))
    }

    /// Takes a fix back for several scans at once.
    pub fn undo_fix(&mut self, ids: &[ScanId], fix: Fix) -> Result<(), DatasetError> {
        self.decide_all(ids, |decision| decision.undo(fix))
    }

    /// Chooses where the centerline of several scans comes from; `None` leaves it to the usual order. Writes only a change.
    pub fn choose_centerline(&mut self, ids: &[ScanId], method: Option<&str>) -> Result<(), DatasetError> {
        let differs = |id: &&ScanId| self.decision(id).centerline.as_deref() != method;
        let changed: Vec<ScanId> = ids.iter().filter(differs).cloned().collect();
        if changed.is_empty() {
            return Ok(());
        }
        self.decide_all(&changed, |decision| decision.centerline = method.map(str::to_owned))
    }

    fn decide_all(
        &mut self,
        ids: &[ScanId],
        mut change: impl FnMut(&mut Decision),
    ) -> Result<(), DatasetError> {
        let path = self.dir.join(DECISIONS_FILE);
        let mut decisions = Decisions::read(&path)?;
        for id in ids {
            let mut decision = decisions.of(&self.scan(id)?.id);
            change(&mut decision);
            decisions.set(id, decision);
        }
        decisions.write(&path)?;
        self.decisions = decisions;
        Ok(())
    }

    /// Where training runs are kept.
    pub fn runs_dir(&self) -> PathBuf {
        self.dir.join("runs")
    }

    /// Where everything computed from the scans is kept.
    pub fn derivatives_dir(&self) -> PathBuf {
        self.dir.join("derivatives").join("deepseg")
    }

    /// A file computed from a scan: `derivatives/deepseg/<subject>/[<session>/]anat/<scan>_desc-<end>`.
    pub fn derivative(&self, scan: &Scan, end: &str) -> PathBuf {
        let mut folder = self.derivatives_dir().join(labelled("sub", &scan.subject));
        if let Some(session) = &scan.session {
            folder.push(labelled("ses", session));
        }
        folder.join("anat").join(format!("{}_desc-{end}", scan.id))
    }
}

/// `sub-01` from `01` or `sub-01`, without characters that a folder name cannot have.
fn labelled(prefix: &str, name: &str) -> String {
    let safe: String =
        name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    if safe.starts_with(&format!("{prefix}-")) { safe } else { format!("{prefix}-{safe}") }
}

/// A change that is made once, in the form of one that could be made often.
fn change_once(change: impl FnOnce(&mut Decision)) -> impl FnMut(&mut Decision) {
    let mut change = Some(change);
    move |decision| {
        if let Some(change) = change.take() {
            change(decision);
        }
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), DatasetError> {
    write_bytes(path, content).map_err(DatasetError::io(path))
}

/// The data directory is never written, unless the user insists.
fn refuse_inside(dir: &Path, root: &Path, permissions: Permissions) -> Result<(), DatasetError> {
    // The project folder may not exist yet: look at the nearest folder above it that does.
    let existing = dir.ancestors().find_map(|above| above.canonicalize().ok());
    let inside = existing.is_some_and(|above| above.starts_with(root));
    if inside && !permissions.inside_dataset {
        return Err(DatasetError::InsideDataset { dir: dir.to_owned(), root: root.to_owned() });
    }
    Ok(())
}

/// Keeps what an existing project of the same dataset says and `settings` do not; whether there is one.
fn keep_older(dir: &Path, settings: &mut Settings, permissions: Permissions) -> Result<bool, DatasetError> {
    let path = dir.join(SETTINGS_FILE);
    if !path.exists() {
        return Ok(false);
    }
    let old = match Settings::read(&path) {
        Ok(old) => old,
        Err(_) if permissions.replace => return Ok(false),
        Err(error) => return Err(error),
    };
    if old.root == settings.root {
        settings.fill_from(old);
        return Ok(true);
    }
    if permissions.replace {
        return Ok(false);
    }
    Err(DatasetError::OtherDataset { dir: dir.to_owned(), root: old.root })
}

fn read_scans(path: &Path, root: &Path) -> Result<Vec<Scan>, DatasetError> {
    let text = std::fs::read(path).map_err(DatasetError::io(path))?;
    let again = "run `deepseg init` again, which keeps your decisions";
    let damaged = |message: String| DatasetError::Damaged { path: path.to_owned(), message };
    let list: ScanList =
        serde_json::from_slice(&text).map_err(|e| damaged(format!("cannot be understood ({e}); {again}")))?;
    if list.version > VERSION {
        return Err(damaged("was written by a newer deepseg; update deepseg".to_owned()));
    }
    Ok(list.scans.into_iter().map(|scan| scan.map_paths(|path| root.join(path))).collect())
}
