//! File names: stems, BIDS entities, and what comes after the image's name in a label's name. Pure text rules.

/// The name without its NIfTI ending, or `None` for anything else. A pair is known by its `.hdr`.
pub(super) fn nifti_stem(name: &str) -> Option<&str> {
    let endings = [".nii.gz", ".nii", ".hdr", ".hdr.gz"];
    endings.iter().find_map(|ending| {
        let at = name.len().checked_sub(ending.len())?;
        (at > 0
            && name.is_char_boundary(at)
            && name[at..].eq_ignore_ascii_case(ending)
            && !name.starts_with('.'))
        .then(|| &name[..at])
    })
}

/// The name without `.csv` where it says that it is a centerline's, or where its folder does; else `None`.
pub(super) fn table_stem(name: &str, in_centerlines: bool) -> Option<&str> {
    let at = name.len().checked_sub(4).filter(|at| name.is_char_boundary(*at))?;
    let stem = &name[..at];
    let meant = in_centerlines || is_centerline(stem);
    (meant && at > 0 && name[at..].eq_ignore_ascii_case(".csv") && !name.starts_with('.')).then_some(stem)
}

/// Whether a name says centerline.
pub(super) fn is_centerline(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains("centerline") || name.contains("centreline")
}

/// The BIDS entity with this key, whole: `entity("sub-01_run-2_T2w", "run")` is `run-2`.
pub(super) fn entity(stem: &str, key: &str) -> Option<String> {
    let has_key =
        |token: &&str| token.strip_prefix(key).is_some_and(|rest| rest.len() > 1 && rest.starts_with('-'));
    stem.split('_').find(has_key).map(str::to_owned)
}

/// The last `_` word: the suffix of a BIDS name.
pub(super) fn suffix(stem: &str) -> &str {
    stem.rsplit('_').next().unwrap_or(stem)
}

/// The stem without its last `_` word.
pub(super) fn without_suffix(stem: &str) -> &str {
    stem.rsplit_once('_').map_or("", |(entities, _)| entities)
}

/// Every way to see `stem` as `image` + joint + `label`, the longest image first; the joint is `_` or `-`.
/// The whole stem with an empty label comes first of all.
pub(super) fn splits(stem: &str) -> impl Iterator<Item = (&str, &str)> {
    let joints = stem.char_indices().rev().filter(|&(at, c)| at > 0 && matches!(c, '_' | '-'));
    std::iter::once((stem, "")).chain(joints.map(move |(at, _)| (&stem[..at], &stem[at + 1..])))
}

/// A label name in the form in which two of them are compared: lower case, `-` and spaces as `_`.
pub(super) fn canonical(label: &str) -> String {
    label.trim_matches(['_', '-']).to_lowercase().replace(['-', ' '], "_")
}

/// Whether `stem` ends with the suffix a user named (`T2starw`, `acq-ax_T2w`), as whole `_` words.
pub(super) fn has_suffix(stem: &str, wanted: &str) -> bool {
    stem == wanted || stem.strip_suffix(wanted).is_some_and(|rest| rest.ends_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems() {
        assert_eq!(nifti_stem("sub-01_T2w.nii.gz"), Some("sub-01_T2w"));
        assert_eq!(nifti_stem("a.b.NII"), Some("a.b"));
        assert_eq!(nifti_stem("é.hdr"), Some("é"));
        for other in [".nii.gz", "._sub-01.nii.gz", "a.json", "é", "a.img"] {
            assert_eq!(nifti_stem(other), None, "{other}");
        }
    }

    #[test]
    fn tables_are_taken_for_centerlines_only() {
        assert_eq!(table_stem("sub-1_T2w_centerline-manual.csv", false), Some("sub-1_T2w_centerline-manual"));
        assert_eq!(table_stem("a.CSV", true), Some("a"));
        for other in ["participants.csv", "centerline.txt", ".csv", "é"] {
            assert_eq!(table_stem(other, false), None, "{other}");
        }
    }

    #[test]
    fn entities_and_suffixes() {
        assert_eq!(entity("sub-01_ses-a_run-1_T2w", "run").as_deref(), Some("run-1"));
        assert_eq!(entity("sub-01_T2w", "run"), None);
        assert_eq!(entity("sub-_T2w", "sub"), None);
        assert_eq!((suffix("sub-1_T2w"), without_suffix("sub-1_T2w")), ("T2w", "sub-1"));
        assert!(has_suffix("sub-1_acq-ax_T2w", "acq-ax_T2w") && has_suffix("sub-1_T2w", "T2w"));
        assert!(!has_suffix("sub-1_acq-T2w", "T2w") && !has_suffix("sub-1_T2w_seg", "T2w"));
    }

    #[test]
    fn splits_go_from_long_to_short() {
        let all: Vec<_> = splits("a_b-c").collect();
        assert_eq!(all, [("a_b-c", ""), ("a_b", "c"), ("a", "b-c")]);
    }
}
