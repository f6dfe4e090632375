//! What a label's name says it is: a lesion mask, a cord mask, a centerline, or something else. Pure text rules.

use super::names::{canonical, is_centerline};

/// What a file does for its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    /// The lesion mask: what is learnt.
    Mask,
    /// The spinal cord mask.
    Cord,
    /// The centerline, as voxels or points.
    Centerline,
}

impl Role {
    /// The word for it in messages, and the name of its setting and option.
    pub(super) fn name(self) -> &'static str {
        match self {
            Role::Mask => "mask",
            Role::Cord => "cord",
            Role::Centerline => "centerline",
        }
    }
}

/// Words that say nothing about what was drawn.
const NEUTRAL: [&str; 12] = [
    "manual",
    "auto",
    "seg",
    "mask",
    "label",
    "dseg",
    "bin",
    "final",
    "corrected",
    "deepseg",
    "propseg",
    "2d",
];

/// Words for the spinal cord.
const CORD: [&str; 6] = ["sc", "cord", "spinalcord", "spinal", "cordseg", "scseg"];

/// What a label of this name most likely is; `None` when it is neither lesion, cord nor centerline.
///
/// A bare `seg` is the cord, as everywhere in SCT; a bare `mask` is the lesion, as in the deepseg-training recipe.
pub(super) fn of_label(label: &str) -> Option<Role> {
    let name = canonical(label);
    let words: Vec<&str> = name.split('_').filter(|w| !w.is_empty()).collect();
    let telling: Vec<&&str> = words.iter().filter(|w| !NEUTRAL.contains(w)).collect();
    if is_centerline(&name) || words.contains(&"ctr") {
        Some(Role::Centerline)
    } else if name.contains("lesion") || words.iter().any(|w| matches!(*w, "les" | "roi" | "rois")) {
        Some(Role::Mask)
    } else if telling.iter().any(|w| CORD.contains(w)) {
        Some(Role::Cord)
    } else if telling.is_empty() && words.contains(&"mask") {
        Some(Role::Mask)
    } else if telling.is_empty() && words.iter().any(|w| w.ends_with("seg")) {
        Some(Role::Cord)
    } else {
        None
    }
}

/// Whether a name sounds like a segmentation at all (`gmseg-manual`), as opposed to point labels or maps.
pub(super) fn is_segmentation(label: &str) -> bool {
    let name = canonical(label);
    (name.contains("seg") || name.contains("mask"))
        && !["disc", "labels", "warp", "softseg"].iter().any(|w| name.contains(w))
}

/// Whether part of a file name marks the file as a label rather than an image.
pub(super) fn sounds_like_label(part: &str) -> bool {
    let name = canonical(part);
    let inside = ["seg", "mask", "lesion", "label", "centerline", "centreline", "manual"];
    inside.iter().any(|w| name.contains(w))
        || name.split('_').any(|w| CORD.contains(&w) || matches!(w, "roi" | "ctr"))
}

/// What a folder's name says about all files in it (`imagesTr`, `Masks`, `cord`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folder {
    /// Images.
    Images,
    /// Labels of one role.
    Labels(Role),
}

/// The meaning of a folder name in the flat layout, or `None` when it has none.
pub(super) fn of_folder(name: &str) -> Option<Folder> {
    let name = canonical(name);
    let any = |words: &[&str]| words.iter().any(|w| name.contains(w));
    if is_centerline(&name) {
        Some(Folder::Labels(Role::Centerline))
    } else if any(&["cord"]) || name == "sc" || name.starts_with("sc_") || name.ends_with("_sc") {
        Some(Folder::Labels(Role::Cord))
    } else if any(&["mask", "label", "lesion", "seg"]) {
        Some(Folder::Labels(Role::Mask))
    } else if any(&["image", "img", "nii", "scan"]) {
        Some(Folder::Images)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_names_in_use() {
        let mask = [
            "lesion-manual",
            "lesion_manual",
            "label-lesion_seg",
            "mask",
            "lesion-seg-rater1",
            "ROI",
            "lesion_sc",
        ];
        let cord = ["seg-manual", "seg", "label-SC_seg", "SC_mask", "sc_seg", "cord", "seg-deepseg_sc-2d"];
        let centerline = ["centerline-manual", "label-centerline", "seg_centerline"];
        let none = ["gmseg-manual", "labels-disc-manual", "label-rootlets_dseg", "pmj", "T2w_reg"];
        for (names, role) in [
            (&mask[..], Some(Role::Mask)),
            (&cord[..], Some(Role::Cord)),
            (&centerline[..], Some(Role::Centerline)),
            (&none[..], None),
        ] {
            for name in names {
                assert_eq!(of_label(name), role, "{name}");
            }
        }
        assert!(is_segmentation("gmseg-manual") && !is_segmentation("labels-disc-manual"));
    }

    #[test]
    fn folder_names_in_use() {
        assert_eq!(of_folder("imagesTr"), Some(Folder::Images));
        assert_eq!(of_folder("Only_NIIs"), Some(Folder::Images));
        assert_eq!(of_folder("labelsTr"), Some(Folder::Labels(Role::Mask)));
        assert_eq!(of_folder("Masks"), Some(Folder::Labels(Role::Mask)));
        assert_eq!(of_folder("cord_masks"), Some(Folder::Labels(Role::Cord)));
        assert_eq!(of_folder("code"), None);
    }
}
