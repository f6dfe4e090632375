//! Which scans of a project a command is about.

use crate::dataset::{Project, Scan};

use super::output::Failure;

/// The scans that are not excluded, or the ones of one subject (`sub-01` or `01`, or a scan's id).
pub(super) fn chosen<'a>(project: &'a Project, subject: Option<&str>) -> Result<Vec<&'a Scan>, Failure> {
    let bare = |name: &str| name.strip_prefix("sub-").unwrap_or(name).to_owned();
    let wanted = |scan: &&Scan| {
        subject.is_none_or(|name| bare(&scan.subject) == bare(name) || scan.id.as_str() == name)
    };
    let scans: Vec<_> = project.active_scans().filter(wanted).collect();
    match subject {
        Some(name) if scans.is_empty() => Err(Failure::usage(format!(
            "the project has no subject or scan called {name:?}; see scans.json in {}",
            project.dir().display()
        ))),
        _ => Ok(scans),
    }
}
