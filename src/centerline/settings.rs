//! The section `[centerline]` of a project's settings: which fit draws the curve through a cord mask, and how smoothly.

use super::{CenterlineError, Fit};
use crate::dataset::Project;
use serde::Deserialize;

/// How a project draws its curves. In `deepseg.toml`: `fit = "bspline"` and `smooth = 20`, both optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "Section")]
pub struct CenterlineSettings {
    /// The fit through the centres of a cord mask.
    pub fit: Fit,
}

impl CenterlineSettings {
    /// The settings of a project; the usual ones where it says nothing.
    pub fn of(project: &Project) -> Result<Self, CenterlineError> {
        Ok(project.section("centerline")?)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Section {
    fit: Option<String>,
    smooth: Option<f64>,
}

impl TryFrom<Section> for CenterlineSettings {
    type Error = String;

    fn try_from(section: Section) -> Result<Self, String> {
        let fit = section.fit.map_or(Ok(Fit::default()), |name| name.parse::<Fit>())?;
        let fit = section.smooth.map_or(Ok(fit), |strength| fit.with_strength(strength))?;
        Ok(CenterlineSettings { fit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_mean_what_they_say() {
        let read = |text: &str| toml::from_str::<CenterlineSettings>(text).map(|s| s.fit);
        assert_eq!(read("").unwrap(), Fit::Bspline { smooth: 20.0 });
        assert_eq!(read("smooth = 30").unwrap(), Fit::Bspline { smooth: 30.0 });
        assert_eq!(read("fit = \"polyfit\"\nsmooth = 3").unwrap(), Fit::Polyfit { degree: 3 });
        assert!(read("fit = \"spline\"").unwrap_err().to_string().contains("choose bspline"));
        assert!(read("smooth = -1").unwrap_err().to_string().contains("0 or more"));
        assert!(read("smoth = 1").is_err());
    }
}
