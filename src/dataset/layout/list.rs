//! An explicit list: a CSV or TSV file with a header. `subject` and `image` are required; `session`, `run`, `contrast`, `mask`,
//! `cord` and `centerline` may follow. Paths are relative to the dataset, else to the list.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};

use super::names::{nifti_stem, suffix};
use super::{Contrast, Discovery, Settings};
use crate::dataset::{Code, DatasetError, Problem, Scan, ScanId};

/// The columns, each with the names it may have.
const COLUMNS: [(&str, &[&str]); 8] = [
    ("subject", &["subject", "participant_id", "participant", "patient"]),
    ("image", &["image", "img", "image_path"]),
    ("session", &["session", "session_id"]),
    ("run", &["run"]),
    ("contrast", &["contrast"]),
    ("mask", &["mask", "lesion", "lesion_mask"]),
    ("cord", &["cord", "cord_mask", "sc_seg"]),
    ("centerline", &["centerline", "centreline"]),
];

/// One row, by column name.
struct Row<'a> {
    record: &'a StringRecord,
    columns: &'a [Option<usize>; 8],
    line: u64,
}

impl Row<'_> {
    /// The text of a column; `None` when empty or "n/a".
    fn get(&self, column: &str) -> Option<&str> {
        let index = COLUMNS.iter().position(|(name, _)| *name == column).and_then(|at| self.columns[at])?;
        let text = self.record.get(index)?.trim();
        (!text.is_empty() && !text.eq_ignore_ascii_case("n/a")).then_some(text)
    }
}

/// The scans of a list. A row that cannot be used is a problem; a list that cannot be read is an error.
pub(super) fn scans(root: &Path, list: &Path, settings: &Settings) -> Result<Discovery, DatasetError> {
    let list = if list.is_absolute() || list.exists() { list.to_owned() } else { root.join(list) };
    let text = std::fs::read_to_string(&list).map_err(DatasetError::io(&list))?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter(text)).flexible(true).from_reader(text.as_bytes());
    let wrong = |message: String| DatasetError::List { path: list.clone(), message };
    let header = reader.headers().map_err(|e| wrong(e.to_string()))?.clone();
    let columns = columns(&header).map_err(wrong)?;
    let mut discovery = Discovery { problems: ignored(&header, &columns), ..Discovery::default() };
    let mut taken = HashSet::new();
    for record in reader.records() {
        let record = record.map_err(|e| wrong(e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = Row { record: &record, columns: &columns, line };
        let places = Places { root, list: &list };
        discovery.scans.extend(scan(&row, &places, settings, &mut taken, &mut discovery.problems));
    }
    if discovery.scans.is_empty() && discovery.problems.is_empty() {
        return Err(wrong("has a header and no rows; add one row per image".to_owned()));
    }
    Ok(discovery)
}

/// The delimiter of the header line.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    *[b'\t', b',', b';'].iter().find(|d| first.as_bytes().contains(d)).unwrap_or(&b',')
}

fn columns(header: &StringRecord) -> Result<[Option<usize>; 8], String> {
    let found = COLUMNS.map(|(_, names)| {
        header.iter().position(|cell| names.contains(&cell.trim().to_lowercase().replace(' ', "_").as_str()))
    });
    match COLUMNS.iter().zip(&found).take(2).find(|(_, at)| at.is_none()) {
        Some(((name, _), _)) => Err(format!(
            "the header has no column \"{name}\"; the columns are subject, image and, where known, session, run, contrast, \
             mask, cord, centerline"
        )),
        None => Ok(found),
    }
}

/// Tells which columns were not understood, so that a misspelt one is noticed.
fn ignored(header: &StringRecord, columns: &[Option<usize>; 8]) -> Vec<Problem> {
    let unknown: Vec<&str> = header
        .iter()
        .enumerate()
        .filter(|(at, _)| !columns.contains(&Some(*at)))
        .map(|(_, name)| name.trim())
        .collect();
    let tell = || {
        Problem::new(
            Code::Assumed,
            format!("columns of the list that mean nothing here: {}", unknown.join(", ")),
            "the columns are subject, image, session, run, contrast, mask, cord, centerline",
        )
    };
    if unknown.is_empty() { Vec::new() } else { vec![tell()] }
}

/// Where relative paths may start.
struct Places<'a> {
    root: &'a Path,
    list: &'a Path,
}

impl Places<'_> {
    /// The file a cell means: relative to the dataset when inside it, else absolute; `None` when there is no such file.
    fn find(&self, cell: &str) -> Option<PathBuf> {
        if self.root.join(cell).exists() {
            let path = Path::new(cell);
            return Some(path.strip_prefix(self.root).unwrap_or(path).to_owned());
        }
        let beside = self.list.parent()?.join(cell);
        let absolute = beside.exists().then(|| std::path::absolute(beside).ok())??;
        Some(absolute.strip_prefix(self.root).map_or(absolute.clone(), Path::to_owned))
    }
}

fn scan(
    row: &Row<'_>,
    places: &Places<'_>,
    settings: &Settings,
    taken: &mut HashSet<String>,
    problems: &mut Vec<Problem>,
) -> Option<Scan> {
    let line = row.line;
    let mut file = |column: &str| {
        let cell = row.get(column)?;
        let found = places.find(cell);
        if found.is_none() {
            problems.push(bad(line, format!("the {column} {cell} does not exist")));
        }
        found
    };
    let (image, mask, cord, centerline) = (file("image"), file("mask"), file("cord"), file("centerline"));
    let (Some(subject), Some(_)) = (row.get("subject"), row.get("image")) else {
        problems.push(bad(line, "subject and image must both be given".to_owned()));
        return None;
    };
    let image = image?;
    let name = image.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = nifti_stem(&name).unwrap_or(&name);
    let guess = || Contrast::guess(stem).unwrap_or_else(|| Contrast::Other("unknown".to_owned()));
    let stated = row.get("contrast").map(|c| c.to_owned().into());
    Some(Scan {
        id: ScanId::unique(&wish(row, subject, stem), taken),
        subject: subject.to_owned(),
        session: row.get("session").map(str::to_owned),
        run: row.get("run").map(str::to_owned),
        suffix: suffix(stem).to_owned(),
        contrast: stated.or_else(|| settings.contrast.clone()).unwrap_or_else(guess),
        image,
        mask,
        cord,
        centerline,
    })
}

/// The file's name where it names the subject, else the row's own words before it.
fn wish(row: &Row<'_>, subject: &str, stem: &str) -> String {
    if stem.contains(subject) {
        return stem.to_owned();
    }
    let words = [Some(subject), row.get("session"), row.get("run"), Some(stem)];
    words.into_iter().flatten().collect::<Vec<_>>().join("_")
}

fn bad(line: u64, what: String) -> Problem {
    Problem::new(
        Code::BadRow,
        format!("line {line} of the list: {what}"),
        "correct the line and run `deepseg init` again",
    )
}
