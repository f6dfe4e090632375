//! The section `[centerline]` of a project's settings: the fit through a cord mask, the chain of methods, where models are.

use super::{CenterlineError, Fit, Method, Tools};
use crate::dataset::Project;
use serde::Deserialize;
use std::path::PathBuf;

/// A curve at least this sure is taken without asking, unless the project says otherwise.
pub const BELIEVABLE: f32 = 0.5;

/// How a project finds its centerlines. In `deepseg.toml`, all optional: `fit = "bspline"`, `smooth = 20`,
/// `chain = ["points", "file", "mask"]`, `believable = 0.5`, `models = "/data/models"`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Section")]
pub struct CenterlineSettings {
    /// The fit through the centres of a cord mask.
    pub fit: Fit,
    /// The methods `auto` tries, in this order.
    pub chain: Vec<Method>,
    /// The confidence from which `auto` takes a curve, 0..1.
    pub believable: f32,
    /// A folder with models, looked into before all others.
    pub models: Option<PathBuf>,
}

impl Default for CenterlineSettings {
    fn default() -> Self {
        Self { fit: Fit::default(), chain: Method::CHAIN.to_vec(), believable: BELIEVABLE, models: None }
    }
}

impl CenterlineSettings {
    /// The settings of a project; the usual ones where it says nothing.
    pub fn of(project: &Project) -> Result<Self, CenterlineError> {
        Ok(project.section("centerline")?)
    }

    /// Where models and programs are: the folder of the settings, the project's own `models`, the Spinal Cord Toolbox.
    pub fn tools(&self, project: &Project) -> Tools {
        let own = self.models.iter().map(|folder| project.dir().join(folder));
        Tools::found(own.chain([project.dir().join("models")]))
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Section {
    fit: Option<String>,
    smooth: Option<f64>,
    chain: Option<Vec<String>>,
    believable: Option<f32>,
    models: Option<PathBuf>,
}

impl TryFrom<Section> for CenterlineSettings {
    type Error = String;

    fn try_from(section: Section) -> Result<Self, String> {
        let fit = section.fit.map_or(Ok(Fit::default()), |name| name.parse::<Fit>())?;
        let fit = section.smooth.map_or(Ok(fit), |strength| fit.with_strength(strength))?;
        let usual = CenterlineSettings::default();
        let chain = section.chain.map_or(Ok(usual.chain), |names| {
            names.iter().map(|name| name.parse::<Method>().map_err(|e| e.to_string())).collect()
        })?;
        let believable = section.believable.unwrap_or(usual.believable);
        if !(0.0..=1.0).contains(&believable) {
            return Err(format!("believable = {believable} is not between 0 and 1"));
        }
        Ok(CenterlineSettings { fit, chain, believable, models: section.models })
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
        let chain = |text: &str| toml::from_str::<CenterlineSettings>(text).map(|s| s.chain);
        assert_eq!(chain("chain = [\"mask\", \"file\"]").unwrap(), [Method::Mask, Method::File]);
        assert!(chain("chain = [\"magic\"]").unwrap_err().to_string().contains("choose points"));
        assert!(chain("believable = 7").unwrap_err().to_string().contains("between 0 and 1"));
    }
}
