//! A summary as files: one table of scans, one of lesions, and everything as JSON.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::files;

use super::{EvaluationError, MEASURES, SubjectScores, Summary};

/// Writes `scores.csv` (a row per scan, worst first), `lesions.csv` (a row per reference lesion and predicted component) and
/// `summary.json` into a folder; returns their paths.
pub fn write_report(folder: &Path, summary: &Summary) -> Result<Vec<PathBuf>, EvaluationError> {
    let json = serde_json::to_vec_pretty(summary)
        .map_err(|e| EvaluationError::Format { format: "JSON", reason: e.to_string() })?;
    let contents =
        [("scores.csv", scores(summary)?), ("lesions.csv", lesions(summary)?), ("summary.json", json)];
    contents
        .into_iter()
        .map(|(name, content)| {
            let path = folder.join(name);
            files::write_bytes(&path, &content)
                .map_err(|source| EvaluationError::Write { path: path.clone(), source })?;
            Ok(path)
        })
        .collect()
}

/// One row per scan; a measure that is not defined is an empty cell.
fn scores(summary: &Summary) -> Result<Vec<u8>, EvaluationError> {
    let heads = std::iter::once("scan").chain(MEASURES.iter().map(|m| m.name));
    let rows = summary.subjects.iter().map(|subject| {
        let values = MEASURES.iter().map(|m| (m.value)(&subject.scores));
        std::iter::once(subject.scan.clone())
            .chain(values.map(|v| v.map(|v| v.to_string()).unwrap_or_default()))
    });
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(heads).map_err(bad_csv)?;
    for row in rows {
        table.write_record(row).map_err(bad_csv)?;
    }
    table.into_inner().map_err(|e| bad_csv(e.into_error().into()))
}

/// A row of `lesions.csv`. World coordinates are RAS+ mm.
#[derive(Serialize)]
struct LesionRow<'a> {
    scan: &'a str,
    /// `reference` or `predicted`.
    mask: &'a str,
    volume_mm3: f64,
    length_mm: f64,
    x_mm: f64,
    y_mm: f64,
    z_mm: f64,
    /// Fraction inside the other mask.
    overlap: f64,
    /// `found` or `missed` for a reference lesion, `true` or `false` for a predicted one.
    outcome: &'a str,
}

fn lesions(summary: &Summary) -> Result<Vec<u8>, EvaluationError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    for row in summary.subjects.iter().flat_map(lesion_rows) {
        table.serialize(row).map_err(bad_csv)?;
    }
    table.into_inner().map_err(|e| bad_csv(e.into_error().into()))
}

fn lesion_rows(subject: &SubjectScores) -> impl Iterator<Item = LesionRow<'_>> {
    let lesions = &subject.scores.lesion;
    let sets = [
        ("reference", &lesions.reference, ["missed", "found"]),
        ("predicted", &lesions.predicted, ["false", "true"]),
    ];
    sets.into_iter().flat_map(move |(mask, set, outcomes)| {
        set.iter().map(move |lesion| LesionRow {
            scan: &subject.scan,
            mask,
            volume_mm3: lesion.volume_mm3,
            length_mm: lesion.length_mm,
            x_mm: lesion.centre[0],
            y_mm: lesion.centre[1],
            z_mm: lesion.centre[2],
            overlap: lesion.overlap,
            outcome: outcomes[usize::from(lesion.matched)],
        })
    })
}

fn bad_csv(error: csv::Error) -> EvaluationError {
    EvaluationError::Format { format: "CSV", reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::summarise;
    use crate::evaluation::summary::tests::subject;

    #[test]
    fn the_files_say_what_the_summary_says() {
        let dir = tempfile::tempdir().unwrap();
        let summary = summarise(&[subject("sub-02", 0..10, 5..15), subject("sub-01, twice", 0..4, 0..0)]);
        let paths = write_report(&dir.path().join("report"), &summary).unwrap();
        let text = |i: usize| std::fs::read_to_string(&paths[i]).unwrap();
        let rows: Vec<String> = text(0).lines().map(str::to_owned).collect();
        assert!(rows[0].starts_with("scan,dice,sensitivity,ppv,relative_volume_error,lesion_sensitivity"));
        assert!(rows[1].starts_with("\"sub-01, twice\",0,0,0,,,0,0,,,0,4,0,0,1"), "{}", rows[1]);
        assert!(rows[2].starts_with("sub-02,0.5,0.5,0.5,0,1,1,1,"), "{}", rows[2]);
        let lesions = text(1);
        assert!(lesions.contains("sub-02,reference,10.0,1.0,9.5,0.0,0.0,0.5,found"), "{lesions}");
        assert!(lesions.contains("predicted,4.0,1.0,1.5,0.0,0.0,0.0,false"), "{lesions}");
        assert_eq!(serde_json::from_str::<Summary>(&text(2)).unwrap(), summary);
    }
}
