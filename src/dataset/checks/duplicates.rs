//! Scans that are the same image under two names: a subject that is in the training and in the test set at once.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::dataset::{Code, Fix, Problem, Project, Scan, ScanId};
use crate::files::content_hash;
use crate::volume::Volume;

/// Members that a message names; a dataset of links may have hundreds.
const NAMED: usize = 3;

/// Scans that are the same, in the project's order.
pub(super) struct Group {
    ids: Vec<ScanId>,
    /// What is the same: "file" or "voxels".
    what: &'static str,
}

/// Identifies an image by shape and voxels, whatever the compression, the number type or the name.
pub(super) fn fingerprint(image: &Volume<f32>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for length in image.grid.shape {
        hasher.update(&(length as u64).to_le_bytes());
    }
    let mut chunk = Vec::with_capacity(1 << 16);
    // In Fortran order, which is the order in memory.
    for value in image.data.t().iter() {
        chunk.extend_from_slice(&value.to_le_bytes());
        if chunk.len() == chunk.capacity() {
            hasher.update(&chunk);
            chunk.clear();
        }
    }
    hasher.update(&chunk).finalize()
}

/// Groups of scans with the same fingerprint.
pub(super) fn same_voxels(project: &Project, prints: HashMap<ScanId, blake3::Hash>) -> Vec<Group> {
    let key = |scan: &Scan| prints.get(&scan.id).map(|hash| hash.to_hex().to_string());
    group(project.active_scans(), key, "voxels")
}

/// Groups of scans whose files have the same content. Only files of equal size are read, and no file twice.
pub(super) fn same_files(project: &Project) -> Vec<Group> {
    let size = |scan: &Scan| std::fs::metadata(&scan.image).ok().map(|m| m.len());
    let sizes: BTreeMap<&ScanId, u64> =
        project.active_scans().filter_map(|s| Some((&s.id, size(s)?))).collect();
    let mut count: HashMap<u64, usize> = HashMap::new();
    sizes.values().for_each(|size| *count.entry(*size).or_default() += 1);
    let suspects = || project.active_scans().filter(|s| sizes.get(&s.id).is_some_and(|size| count[size] > 1));
    // Links to one file are one file.
    let real: HashMap<&ScanId, PathBuf> =
        suspects().filter_map(|s| Some((&s.id, s.image.canonicalize().ok()?))).collect();
    let mut files: Vec<&Path> = real.values().map(PathBuf::as_path).collect();
    files.sort_unstable();
    files.dedup();
    let hashes: HashMap<&Path, String> =
        files.into_par_iter().filter_map(|file| Some((file, content_hash(file).ok()?))).collect();
    group(suspects(), |scan| hashes.get(real.get(&scan.id)?.as_path()).cloned(), "file")
}

fn group<'a>(
    scans: impl Iterator<Item = &'a Scan>,
    key: impl Fn(&Scan) -> Option<String>,
    what: &'static str,
) -> Vec<Group> {
    let mut by_key: HashMap<String, Group> = HashMap::new();
    let mut order = Vec::new();
    for scan in scans {
        let Some(key) = key(scan) else { continue };
        let group = by_key.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            Group { ids: Vec::new(), what }
        });
        group.ids.push(scan.id.clone());
    }
    let groups = order.iter().filter_map(|key| by_key.remove(key));
    groups.filter(|group| group.ids.len() > 1).collect()
}

/// One problem for every member but the first, which may stay.
pub(super) fn problems(project: &Project, group: &Group) -> Vec<Problem> {
    let (first, others) = (&group.ids[0], &group.ids[1..]);
    let mut others_of_first: Vec<&str> = others.iter().take(NAMED).map(ScanId::as_str).collect();
    let more = others.len().saturating_sub(NAMED);
    let tail = format!("{more} more");
    if more > 0 {
        others_of_first.push(&tail);
    }
    let about = |id: &ScanId, text: String, fix: String| Problem::new(Code::Duplicate, text, fix).of(id);
    let what = group.what;
    let leak = "a person must not be in training and test at once";
    let mut problems = vec![about(
        first,
        format!("{first} has the same {what} as {}", others_of_first.join(", ")),
        format!("{leak}; exclude the copies, this one may stay"),
    )];
    problems.extend(others.iter().map(|id| {
        let command = Fix::Exclude.command(project.dir(), id);
        let text = format!("{id} has the same {what} as {first}");
        Problem {
            offer: Some(Fix::Exclude),
            ..about(id, text, format!("{leak}; leave this copy out: `{command}`"))
        }
    }));
    problems
}
