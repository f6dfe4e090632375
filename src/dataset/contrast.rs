//! The contrast of a scan: it decides which intensity landmarks and which published models apply. Knows names only, no files.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An MRI contrast, by the names the Spinal Cord Toolbox uses on its command line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Contrast {
    /// T1-weighted, `t1`.
    T1,
    /// T2-weighted, sagittal or isotropic, `t2`.
    T2,
    /// T2-weighted with thick axial slices, `t2_ax`.
    T2Ax,
    /// T2*-weighted, `t2s`.
    T2s,
    /// Anything else, by its own lower-case name.
    Other(String),
}

impl Contrast {
    /// The name used on the command line, in settings and in models.
    pub fn name(&self) -> &str {
        match self {
            Self::T1 => "t1",
            Self::T2 => "t2",
            Self::T2Ax => "t2_ax",
            Self::T2s => "t2s",
            Self::Other(name) => name,
        }
    }

    /// What a file name says about its contrast (`sub-01_acq-ax_T2w` is `t2_ax`), or `None` when it says nothing.
    ///
    /// The last word that names a contrast counts, so that a folder or subject called "T1" earlier in the name does not.
    pub fn guess(name: &str) -> Option<Contrast> {
        let lower = name.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric() && c != '*').collect();
        let axial = words.iter().any(|w| w.starts_with("ax") || w.starts_with("tra"));
        words.iter().rev().find_map(|word| match *word {
            w if w.starts_with("t2star") || w.starts_with("t2s") || w.starts_with("t2*") => Some(Self::T2s),
            "megre" | "gre" => Some(Self::T2s),
            "t2ax" => Some(Self::T2Ax),
            w if w.starts_with("t2") => Some(if axial { Self::T2Ax } else { Self::T2 }),
            w if w.starts_with("t1") => Some(Self::T1),
            _ => None,
        })
    }
}

impl From<String> for Contrast {
    fn from(name: String) -> Self {
        let lower = name.trim().to_lowercase();
        match lower.as_str() {
            "t1" => Self::T1,
            "t2" => Self::T2,
            "t2_ax" | "t2ax" => Self::T2Ax,
            "t2s" => Self::T2s,
            _ => Self::Other(lower),
        }
    }
}

impl From<Contrast> for String {
    fn from(contrast: Contrast) -> Self {
        contrast.name().to_owned()
    }
}

impl FromStr for Contrast {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(name.to_owned().into())
    }
}

impl fmt::Display for Contrast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_tell_the_contrast() {
        let cases = [
            ("sub-01_T2starw", Some(Contrast::T2s)),
            ("sub-01_T2star", Some(Contrast::T2s)),
            ("sub-01_part-mag_MEGRE", Some(Contrast::T2s)),
            ("sub-01_T2w", Some(Contrast::T2)),
            ("sub-01_acq-axial_T2w", Some(Contrast::T2Ax)),
            ("sub-01_acq-sag_T2w", Some(Contrast::T2)),
            ("t1-study_case 4_T1w", Some(Contrast::T1)),
            ("aa1", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Contrast::guess(name), expected, "{name}");
        }
    }

    #[test]
    fn names_survive_settings_files() {
        for name in ["t1", "t2", "t2_ax", "t2s", "psir"] {
            let contrast: Contrast = name.parse().unwrap();
            assert_eq!(serde_json::to_string(&contrast).unwrap(), format!("\"{name}\""));
        }
    }
}
