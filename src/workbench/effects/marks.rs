//! Quality-control marks: what the list shows of them, and changing the one of a scan's lesion mask, which is what trains.

use std::sync::Arc;

use super::{Effects, sentence};
use crate::dataset::qc::{QcKind, QcMarks};
use crate::dataset::{DatasetError, Project, ScanId};
use crate::workbench::message::Msg;
use crate::workbench::model::{MarkChange, QcNote};

/// What somebody thought of a scan: of its lesion mask if it is marked, else of the first kind of result that is.
pub(super) fn note(marks: &QcMarks, id: &ScanId) -> QcNote {
    let first = || marks.of(id).next().map(|(_, mark)| mark);
    let mark = marks.mark(id, &QcKind::Lesion).or_else(first);
    mark.map_or_else(QcNote::default, |mark| QcNote {
        verdict: mark.verdict,
        rank: mark.rank,
        comment: mark.comment.clone(),
        by: mark.by.clone(),
    })
}

/// Changes the mark of a scan in the background.
pub(super) fn mark(project: &Arc<Project>, id: String, change: MarkChange, effects: &Effects) {
    let project = project.clone();
    effects.work(move || {
        let result = write(&project, &ScanId::new(&id), change).map_err(|e| sentence(&e));
        Some(Msg::Marked { id, result })
    });
}

fn write(project: &Project, id: &ScanId, change: MarkChange) -> Result<QcNote, DatasetError> {
    let mut marks = QcMarks::of_project(project)?;
    marks.change([(id.clone(), QcKind::Lesion)], |_, mark| match &change {
        MarkChange::Verdict(verdict) => mark.verdict = *verdict,
        MarkChange::Rank(rank) => mark.rank = *rank,
        MarkChange::Comment(comment) => comment.trim().clone_into(&mut mark.comment),
    })?;
    Ok(note(&marks, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Settings;
    use crate::dataset::qc::Verdict;

    #[test]
    fn marks_are_kept_in_the_project_and_taken_back() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        for folder in ["images", "masks"] {
            std::fs::create_dir_all(data.join(folder)).unwrap();
            std::fs::write(data.join(folder).join("sub-01.nii.gz"), "").unwrap();
        }
        let (project, _) = Project::create(&place.path().join("project"), Settings::new(data)).unwrap();
        let id = ScanId::new("sub-01_T2w");
        write(&project, &id, MarkChange::Comment(" blurred ".into())).unwrap();
        write(&project, &id, MarkChange::Rank(Some(3))).unwrap();
        let note_of = || note(&QcMarks::of_project(&project).unwrap(), &id);
        write(&project, &id, MarkChange::Verdict(Some(Verdict::Fail))).unwrap();
        let QcNote { verdict, rank, comment, .. } = note_of();
        assert_eq!((verdict, rank, comment.as_str()), (Some(Verdict::Fail), Some(3), "blurred"));
        for change in [MarkChange::Verdict(None), MarkChange::Rank(None), MarkChange::Comment(String::new())]
        {
            write(&project, &id, change).unwrap();
        }
        assert_eq!(note_of(), QcNote::default());
    }
}
