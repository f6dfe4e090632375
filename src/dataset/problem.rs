//! What can be wrong with a dataset, as data: a stable code, how bad it is, a sentence, and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Fix, ScanId};

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing to repair.
    Info,
    /// The scan can be used, but perhaps not as intended.
    Warning,
    /// The scan cannot be used as it is.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// The kinds of problems. The kebab-case names are stable: scripts match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// Something was not said and had to be assumed.
    Assumed,
    /// A folder that may not be listed.
    UnreadableFolder,
    /// A file name that is not UTF-8.
    OddName,
    /// A label file that belongs to no image.
    StrayLabel,
    /// Several files could be the same thing.
    SeveralCandidates,
    /// A suffix was asked for and nothing has it.
    NothingMatches,
    /// A row of a list that cannot be used as written.
    BadRow,
    /// A file that is missing, forbidden, truncated or no NIfTI.
    Unreadable,
    /// More than one time point.
    FourDimensional,
    /// Mask and image have different numbers of voxels.
    ShapeMismatch,
    /// Same shape, but the headers place mask and image differently.
    HeaderMismatch,
    /// The two transforms of one header disagree.
    SformQform,
    /// NaN or infinite voxels.
    NonFinite,
    /// A mask with values other than 0 and 1.
    MaskValues,
    /// A mask that is its image.
    MaskEqualsImage,
    /// An image with one value everywhere.
    BlankImage,
    /// A lesion mask without any voxel set.
    EmptyMask,
    /// A cord mask without any voxel set.
    EmptyCord,
    /// A lesion so small that it vanishes on the 0.5 mm grid.
    LesionLost,
    /// Two scans with the same voxels.
    Duplicate,
    /// Two subjects whose names say that they are one person.
    SamePerson,
    /// No lesion mask.
    NoMask,
    /// Neither a cord mask nor a centerline file.
    NoCenterline,
}

impl Code {
    /// How bad this kind of problem is while no fix is taken.
    pub fn severity(self) -> Severity {
        use Code::*;
        match self {
            Assumed | EmptyMask | NoMask | NoCenterline => Severity::Info,
            BadRow | Unreadable | FourDimensional | ShapeMismatch | MaskEqualsImage | BlankImage => {
                Severity::Error
            }
            UnreadableFolder | OddName | StrayLabel | SeveralCandidates | NothingMatches | HeaderMismatch
            | SformQform | NonFinite | MaskValues | EmptyCord | LesionLost | Duplicate | SamePerson => {
                Severity::Warning
            }
        }
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        use Code::*;
        match self {
            Assumed => "assumed",
            UnreadableFolder => "unreadable-folder",
            OddName => "odd-name",
            StrayLabel => "stray-label",
            SeveralCandidates => "several-candidates",
            NothingMatches => "nothing-matches",
            BadRow => "bad-row",
            Unreadable => "unreadable",
            FourDimensional => "four-dimensional",
            ShapeMismatch => "shape-mismatch",
            HeaderMismatch => "header-mismatch",
            SformQform => "sform-qform",
            NonFinite => "non-finite",
            MaskValues => "mask-values",
            MaskEqualsImage => "mask-equals-image",
            BlankImage => "blank-image",
            EmptyMask => "empty-mask",
            EmptyCord => "empty-cord",
            LesionLost => "lesion-lost",
            Duplicate => "duplicate",
            SamePerson => "same-person",
            NoMask => "no-mask",
            NoCenterline => "no-centerline",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One thing found wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// A sentence naming the file and the numbers.
    pub message: String,
    /// What to do about it: a sentence, with the exact command where there is one.
    pub fix: String,
    /// The fix the program can take by itself.
    #[serde(skip)]
    pub offer: Option<Fix>,
    /// The scan it is about, when it is about one.
    #[serde(skip)]
    pub scan: Option<ScanId>,
}

impl Problem {
    /// A problem with the usual severity of its code.
    pub fn new(code: Code, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            fix: fix.into(),
            offer: None,
            scan: None,
        }
    }

    /// The same problem, naming its scan.
    pub fn of(mut self, scan: &ScanId) -> Self {
        self.scan = Some(scan.clone());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_name_is_the_one_in_json() {
        for code in
            [Code::FourDimensional, Code::SformQform, Code::EmptyMask, Code::NoCenterline, Code::BadRow]
        {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{code}\""));
        }
    }

    #[test]
    fn json_has_the_four_published_fields() {
        let problem = Problem::new(Code::NoMask, "m", "f").of(&ScanId::new("a"));
        let json = serde_json::to_value(problem).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["code", "severity", "message", "fix"]);
    }
}
