//! What a mark is about, by the headings of the toolbox's lists.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The part of the work that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum QcKind {
    /// The spinal cord's mask, `FILES_SEG`.
    Seg,
    /// The lesion mask, `FILES_LESION`.
    Lesion,
    /// The grey matter's mask, `FILES_GMSEG`.
    GmSeg,
    /// Vertebral or disc labels, `FILES_LABEL`.
    Label,
    /// The pontomedullary junction, `FILES_PMJ`.
    Pmj,
    /// The centerline, `FILES_CENTERLINE`.
    Centerline,
    /// A registration, `FILES_REG`.
    Reg,
    /// A time series, `FILES_TIMESERIES`.
    TimeSeries,
    /// A heading that only its writer knows, word for word.
    Other(String),
}

/// The known kinds, each with its heading, its name on the command line and the command that usually makes what is looked at.
const KNOWN: [(QcKind, &str, &str, &str); 8] = [
    (QcKind::Seg, "FILES_SEG", "seg", "sct_deepseg_sc"),
    (QcKind::Lesion, "FILES_LESION", "lesion", "sct_deepseg_lesion"),
    (QcKind::GmSeg, "FILES_GMSEG", "gmseg", "sct_deepseg_gm"),
    (QcKind::Label, "FILES_LABEL", "label", "sct_label_vertebrae"),
    (QcKind::Pmj, "FILES_PMJ", "pmj", "sct_detect_pmj"),
    (QcKind::Centerline, "FILES_CENTERLINE", "centerline", "sct_get_centerline"),
    (QcKind::Reg, "FILES_REG", "reg", "sct_register_to_template"),
    (QcKind::TimeSeries, "FILES_TIMESERIES", "timeseries", "sct_fmri_moco"),
];

impl QcKind {
    /// The heading in the toolbox's lists, e.g. `FILES_SEG`.
    pub fn heading(&self) -> &str {
        match self {
            QcKind::Other(heading) => heading,
            known => KNOWN.iter().find(|(kind, ..)| kind == known).map_or("", |(_, heading, ..)| heading),
        }
    }

    /// The kind that the toolbox's report assigns to what a command made.
    pub fn of_command(command: &str) -> QcKind {
        match command {
            "sct_get_centerline" => QcKind::Centerline,
            "sct_analyze_lesion" | "sct_deepseg_lesion" => QcKind::Lesion,
            "sct_deepseg_gm" => QcKind::GmSeg,
            "sct_detect_pmj" => QcKind::Pmj,
            "sct_label_utils" | "sct_label_vertebrae" => QcKind::Label,
            "sct_dmri_moco" | "sct_fmri_moco" => QcKind::TimeSeries,
            "sct_image_stitch"
            | "sct_register_multimodal"
            | "sct_register_to_template"
            | "sct_warp_template" => QcKind::Reg,
            "sct_analyze_texture"
            | "sct_create_mask"
            | "sct_crop_image"
            | "sct_deepseg"
            | "sct_deepseg_sc"
            | "sct_process_segmentation"
            | "sct_propseg"
            | "sct_resample"
            | "sct_smooth_spinalcord"
            | "sct_straighten_spinalcord" => QcKind::Seg,
            other => QcKind::Other(format!("{UNKNOWN_BEFORE}{other}{UNKNOWN_AFTER}")),
        }
    }

    /// A command that the toolbox's report files under this kind.
    pub(super) fn command(&self) -> &str {
        let unknown = |heading: &str| {
            heading.strip_prefix(UNKNOWN_BEFORE).and_then(|rest| rest.strip_suffix(UNKNOWN_AFTER)).is_some()
        };
        match self {
            QcKind::Other(heading) if unknown(heading) => {
                &heading[UNKNOWN_BEFORE.len()..heading.len() - UNKNOWN_AFTER.len()]
            }
            QcKind::Other(heading) => heading,
            known => KNOWN.iter().find(|(kind, ..)| kind == known).map_or("", |(.., command)| command),
        }
    }
}

/// What the toolbox's report writes around the name of a command it has no kind for.
const UNKNOWN_BEFORE: &str = "FILES_GENERATED_BY_";
const UNKNOWN_AFTER: &str = "_FILE_KIND_UNKNOWN";

impl From<String> for QcKind {
    fn from(heading: String) -> Self {
        let known = KNOWN.into_iter().find(|(_, known, ..)| *known == heading);
        known.map_or(QcKind::Other(heading), |(kind, ..)| kind)
    }
}

impl From<QcKind> for String {
    fn from(kind: QcKind) -> Self {
        kind.heading().to_owned()
    }
}

impl FromStr for QcKind {
    type Err = String;

    /// By heading or by name: `FILES_SEG` and `seg` are the same.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = KNOWN.into_iter().find(|(_, heading, short, _)| *heading == name || *short == name);
        known.map(|(kind, ..)| kind).ok_or_else(|| {
            let names: Vec<&str> = KNOWN.iter().map(|(_, _, short, _)| *short).collect();
            format!("there is no kind {name:?}; choose {}", names.join(", "))
        })
    }
}

impl fmt::Display for QcKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.heading())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_names_and_headings_lead_to_the_same_kind() {
        for (kind, heading, short, command) in KNOWN {
            assert_eq!(QcKind::of_command(command), kind);
            assert_eq!(heading.parse::<QcKind>().unwrap(), kind);
            assert_eq!(short.parse::<QcKind>().unwrap(), kind);
            assert_eq!((QcKind::from(heading.to_owned()), kind.command()), (kind.clone(), command));
        }
        let own = QcKind::of_command("sct_my_own");
        assert_eq!(own.heading(), "FILES_GENERATED_BY_sct_my_own_FILE_KIND_UNKNOWN");
        assert_eq!(
            (QcKind::of_command(own.command()), own.to_string().parse::<QcKind>().is_err()),
            (own, true)
        );
        assert!("seq".parse::<QcKind>().unwrap_err().contains("choose seg, lesion"));
    }
}
