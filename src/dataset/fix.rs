//! The fixes the program can take by itself. A fix is a recorded decision, honoured on reading; the data is never changed.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ScanId;

/// A fix, by the name `deepseg check --fix` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fix {
    /// Place the mask by the image's header: right when both were drawn on the same voxels.
    UseImageHeader,
    /// Take every mask value above 0 as lesion.
    Binarise,
    /// Take NaN and infinite voxels as 0.
    ReplaceNonFinite,
    /// The empty mask is meant: the subject has no lesion.
    KeepAsNegative,
    /// Leave the scan out of everything.
    Exclude,
}

impl Fix {
    /// Every fix, in the order of a dataset's worries.
    pub const ALL: [Fix; 5] =
        [Self::UseImageHeader, Self::Binarise, Self::ReplaceNonFinite, Self::KeepAsNegative, Self::Exclude];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::UseImageHeader => "use-image-header",
            Self::Binarise => "binarise",
            Self::ReplaceNonFinite => "replace-non-finite",
            Self::KeepAsNegative => "keep-as-negative",
            Self::Exclude => "exclude",
        }
    }

    /// The exact command that takes this fix for one scan.
    pub fn command(self, project: &Path, scan: &ScanId) -> String {
        format!("{} --scan {scan}", self.command_for_all(project))
    }

    /// The exact command that takes this fix for every scan it is offered for.
    pub fn command_for_all(self, project: &Path) -> String {
        format!("deepseg check {} --fix {self}", quoted(project))
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Fix {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|fix| fix.name() == name)
            .ok_or_else(|| format!("the fixes are {}", known()))
    }
}

/// A path as a POSIX shell reads it back.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/-_.,+@%:=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let command = Fix::UseImageHeader.command(Path::new("/tmp/my study's"), &ScanId::new("sub-01_T2w"));
        assert_eq!(command, r"deepseg check '/tmp/my study'\''s' --fix use-image-header --scan sub-01_T2w");
    }

    #[test]
    fn one_name_everywhere() {
        for fix in Fix::ALL {
            assert_eq!(serde_json::to_string(&fix).unwrap(), format!("\"{fix}\""));
            assert_eq!(fix.name().parse(), Ok(fix));
        }
        assert!("mend".parse::<Fix>().unwrap_err().contains("use-image-header"));
    }
}
