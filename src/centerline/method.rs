//! The ways to find a centerline: their names, what each needs, and which of them can be used on a scan.

use super::{CenterlineError, SctProgram, Tools, cnn, optic, placed, propseg};
use crate::dataset::{Contrast, Project, Scan};
use std::fmt;
use std::str::FromStr;

/// A way to find the cord's centerline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// A centerline file, table or voxel mask, that came with the dataset.
    File,
    /// The centres of mass of a cord mask, and a fit through them.
    Mask,
    /// Points that somebody placed, and a fit through them.
    Points,
    /// OptiC, with the Spinal Cord Toolbox's models.
    Optic,
    /// The centerline network of the Spinal Cord Toolbox.
    Cnn,
    /// The detector that ships with the program: any contrast, nothing else needed.
    Builtin,
    /// A tube that grows along the cord and deforms onto its edge.
    PropSeg,
    /// A command of the Spinal Cord Toolbox.
    Sct(SctProgram),
}

impl Method {
    /// Every method this version has.
    pub const ALL: [Method; 11] = [
        Method::Points,
        Method::File,
        Method::Mask,
        Method::PropSeg,
        Method::Optic,
        Method::Cnn,
        Method::Builtin,
        Method::Sct(SctProgram::GetCenterline),
        Method::Sct(SctProgram::DeepsegSc),
        Method::Sct(SctProgram::Deepseg),
        Method::Sct(SctProgram::PropSeg),
    ];
    /// What is tried for a scan when neither it nor the project says otherwise, in this order.
    pub const CHAIN: [Method; 7] = [
        Method::Points,
        Method::File,
        Method::Mask,
        Method::PropSeg,
        Method::Optic,
        Method::Cnn,
        Method::Builtin,
    ];
    /// The name that stands for the chain.
    pub const AUTO: &str = "auto";

    /// The method's name, as on the command line and in `decisions.json`.
    pub fn name(self) -> &'static str {
        match self {
            Method::File => "file",
            Method::Mask => "mask",
            Method::Points => "points",
            Method::Optic => "optic",
            Method::Cnn => "cnn",
            Method::Builtin => "builtin",
            Method::PropSeg => "propseg",
            Method::Sct(program) => program.name(),
        }
    }

    /// A method by name; `None` for `auto`.
    pub fn choice(name: &str) -> Result<Option<Method>, CenterlineError> {
        if name == Method::AUTO { Ok(None) } else { name.parse().map(Some) }
    }

    /// All names, for messages.
    pub fn names() -> String {
        Method::ALL.map(Method::name).join(", ")
    }

    /// Whether the curve was there before: somebody drew it, or a mask of the cord. The others look for the cord themselves.
    pub fn is_given(self) -> bool {
        matches!(self, Method::File | Method::Mask | Method::Points)
    }

    /// Whether some curve of the scan was there before.
    pub fn any_given(project: &Project, scan: &Scan) -> bool {
        let nowhere = Tools::default();
        Method::ALL.into_iter().any(|m| m.is_given() && m.usable(project, scan, &nowhere).is_ok())
    }

    /// Whether the method can be used on a scan, on this machine; else why not, as a sentence. Opens nothing.
    pub fn usable(self, project: &Project, scan: &Scan, tools: &Tools) -> Result<(), CenterlineError> {
        let given = |has: bool| if has { Ok(()) } else { Err(self.missing(scan)) };
        match self {
            Method::File => given(scan.centerline.is_some()),
            Method::Mask => given(scan.cord.is_some()),
            Method::Points => given(placed::file(project, scan).is_file()),
            _ => self.ready(tools, &scan.contrast),
        }
    }

    /// Whether a detecting method has what it needs on this machine; else why not, as a sentence. Opens nothing.
    pub fn ready(self, tools: &Tools, contrast: &Contrast) -> Result<(), CenterlineError> {
        match self {
            Method::Optic => optic::model_path(tools, contrast).map(drop),
            Method::Cnn => cnn::model_path(tools, contrast).map(drop),
            Method::Builtin => Ok(()),
            Method::PropSeg => propseg::ready(contrast),
            Method::Sct(program) => program.ready(tools, contrast),
            Method::File | Method::Mask | Method::Points => Err(CenterlineError::NotADetector(self)),
        }
    }

    /// The error of a scan that lacks what the method works on.
    pub(super) fn missing(self, scan: &Scan) -> CenterlineError {
        let needs = match self {
            Method::File => "a centerline file",
            Method::Mask => "a cord mask",
            Method::Points => "points that somebody placed",
            _ => "nothing but the image",
        };
        CenterlineError::MissingInput { scan: scan.id.clone(), method: self, needs }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Method {
    type Err = CenterlineError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let plain = name.replace("sct:sct_", "sct:");
        let found = Method::ALL.into_iter().find(|method| method.name() == plain);
        found.ok_or_else(|| CenterlineError::UnknownMethod { name: name.to_owned(), known: Method::names() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_commands_by_their_own_name_too() {
        for method in Method::ALL {
            assert_eq!(method.name().parse::<Method>().unwrap(), method);
            if let Method::Sct(program) = method {
                assert_eq!(format!("sct:{}", program.command()).parse::<Method>().unwrap(), method);
            }
        }
        let refused = "magic".parse::<Method>().unwrap_err().to_string();
        assert!(refused.contains("\"magic\"") && refused.contains("sct:propseg"), "{refused}");
    }
}
