//! Deciding where a scan's centerline comes from: the one thing a screen writes into the project.

use std::sync::Arc;

use super::{Effects, Shared, sentence};
use crate::dataset::{DatasetError, Project, ScanId};
use crate::workbench::message::Msg;

/// Chooses the method of a scan in the background; the lanes go on with the project as it is then.
pub(super) fn choose(project: &Arc<Project>, id: String, method: String, effects: &Effects) {
    let (project, shared) = (project.clone(), effects.project.clone());
    effects.work(move || {
        let chosen = decide(&project, &shared, &[ScanId::new(&id)], &method);
        Some(Msg::CenterlineChosen { id, result: chosen.map(|()| method).map_err(|e| sentence(&e)) })
    });
}

/// Writes the choice and hands the changed project to the lanes, unless another one was opened meanwhile.
pub(super) fn decide(
    project: &Project,
    shared: &Shared,
    ids: &[ScanId],
    method: &str,
) -> Result<(), DatasetError> {
    let mut changed = Project::open(project.dir())?;
    changed.choose_centerline(ids, Some(method))?;
    shared.send_if_modified(|held| {
        let same = held.as_ref().is_some_and(|held| held.dir() == changed.dir());
        if same {
            *held = Some(Arc::new(changed));
        }
        same
    });
    Ok(())
}
