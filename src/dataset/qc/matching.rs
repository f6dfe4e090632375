//! Which scans a name in somebody's list means. The lists are written elsewhere: only the ends of paths can be compared.

use std::collections::HashMap;
use std::path::Path;

use crate::dataset::{Project, Scan, ScanId};

/// The scans of a project by the names under which others know them.
pub(super) struct Finder<'a> {
    by_file: HashMap<&'a str, Vec<&'a Scan>>,
    by_person: HashMap<String, Vec<&'a Scan>>,
}

impl<'a> Finder<'a> {
    pub(super) fn of(project: &'a Project) -> Self {
        let mut finder = Self { by_file: HashMap::new(), by_person: HashMap::new() };
        for scan in project.scans() {
            finder.by_file.entry(stem(file_name(&scan.image))).or_default().push(scan);
            for name in person_names(scan) {
                finder.by_person.entry(name).or_default().push(scan);
            }
        }
        finder
    }

    /// The scans that a path, a file name, a subject, `subject/session` or a scan's own name means; else why none.
    ///
    /// A file made from an image (`sub-01_T2w_seg.nii.gz`) means that image. Of images with the same name, the one whose folders
    /// agree furthest is meant.
    pub(super) fn find(&self, name: &str) -> Result<Vec<ScanId>, String> {
        let path = name.trim().replace('\\', "/");
        let path = path.trim_end_matches('/');
        let file = path.rsplit('/').next().unwrap_or(path);
        let is_file = file.to_lowercase().contains(".nii");
        let persons = self.by_person.get(path).or_else(|| self.by_person.get(file));
        if let Some(scans) = persons.filter(|_| !is_file) {
            return Ok(scans.iter().map(|scan| scan.id.clone()).collect());
        }
        let named = images(stem(file)).find_map(|image| self.by_file.get(image));
        match named.map(|scans| nearest(scans, path)).as_deref() {
            None => Err("no scan of this project has that name".to_owned()),
            Some([scan]) => Ok(vec![scan.id.clone()]),
            Some(several) => {
                let ids: Vec<&str> = several.iter().take(3).map(|scan| scan.id.as_str()).collect();
                Err(format!("{} scans fit ({}, …); give more of its path", several.len(), ids.join(", ")))
            }
        }
    }
}

/// The names of the images that a file may have been made from, itself first: without its last word, if that is one, and so on.
fn images(stem: &str) -> impl Iterator<Item = &str> {
    let is_word = |word: &str| word.contains(|c: char| c.is_alphabetic());
    std::iter::successors(Some(stem), move |stem| {
        stem.rsplit_once('_').filter(|(_, word)| is_word(word)).map(|(image, _)| image)
    })
}

/// The scans whose folders have most in common with those of `path`, from the file up.
fn nearest<'a>(scans: &[&'a Scan], path: &str) -> Vec<&'a Scan> {
    let agreeing = |scan: &Scan| {
        let folders = scan.image.parent().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
        let wanted = path.rsplit('/').skip(1);
        folders.rsplit('/').zip(wanted).take_while(|(a, b)| a == b && !a.is_empty()).count()
    };
    let best = scans.iter().map(|scan| agreeing(scan)).max().unwrap_or(0);
    scans.iter().copied().filter(|scan| agreeing(scan) == best).collect()
}

fn person_names(scan: &Scan) -> Vec<String> {
    let session = scan.session.as_ref().map(|session| format!("{}/{session}", scan.subject));
    let mut names = vec![scan.id.to_string(), scan.subject.clone()];
    names.extend(session);
    names.dedup();
    names
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or("")
}

/// The name up to its NIfTI ending.
fn stem(name: &str) -> &str {
    let ending = name.to_ascii_lowercase().rfind(".nii").or_else(|| name.rfind(".hdr"));
    ending.map_or(name, |at| &name[..at])
}
