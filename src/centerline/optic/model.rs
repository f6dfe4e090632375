//! The cord detectors that the Spinal Cord Toolbox publishes for OptiC: a linear classifier of gradient histograms, as text in
//! OpenCV's storage format. Reads the few keys it needs; knows no images.

use crate::centerline::CenterlineError;
use std::collections::HashMap;
use std::path::Path;

/// Numbers per block: 2 x 2 cells of 9 directions.
pub(super) const BLOCK: usize = 36;
/// Blocks along one side of a window.
pub(super) const SIDE: usize = 4;

/// What the histograms of [`super::hog`] are made for; a model made for others would be read as nonsense.
const HISTOGRAM: [(&str, &[f64]); 11] = [
    ("winSize", &[32.0, 32.0]),
    ("blockSize", &[8.0, 8.0]),
    ("blockStride", &[8.0, 8.0]),
    ("cellSize", &[4.0, 4.0]),
    ("nbins", &[9.0]),
    ("derivAperture", &[1.0]),
    ("winSigma", &[2.0]),
    ("histogramNormType", &[0.0]),
    ("L2HysThreshold", &[0.2]),
    ("gammaCorrection", &[1.0]),
    ("signedGradient", &[1.0]),
];

/// A linear classifier of windows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Model {
    /// Weights of the 4 x 4 blocks (x outer, y inner), each of 2 x 2 cells (likewise) of 9 directions.
    pub weights: Vec<f32>,
    /// Added to the weighted sum.
    pub bias: f32,
    /// Pixel size (mm) along x and y of the images it was trained on.
    pub pixel: [f64; 2],
}

impl Model {
    /// Reads a model file.
    pub fn read(path: &Path) -> Result<Self, CenterlineError> {
        let text = std::fs::read_to_string(path).map_err(|e| CenterlineError::from(e).about(path))?;
        Self::parse(&text).map_err(|problem| CenterlineError::Model { path: path.to_path_buf(), problem })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let values = values(text)?;
        for (key, expected) in HISTOGRAM {
            let given = numbers(&values, key)?;
            if given != expected {
                return Err(format!(
                    "{key} is {given:?}, and only models with {expected:?} can be used: take the one of the Spinal Cord Toolbox"
                ));
            }
        }
        let mut weights: Vec<f32> = numbers(&values, "SVMDetector")?.into_iter().map(|w| w as f32).collect();
        let given = weights.len();
        let Some(bias) = weights.pop().filter(|_| given == SIDE * SIDE * BLOCK + 1) else {
            return Err(format!(
                "SVMDetector has {given} numbers instead of {}: fetch the file again",
                SIDE * SIDE * BLOCK + 1
            ));
        };
        Ok(Self { weights, bias, pixel: [pixel(&values, "ps0")?, pixel(&values, "ps1")?] })
    }
}

/// Every key with the text after its colon, lists over several lines joined.
fn values(text: &str) -> Result<HashMap<&str, String>, String> {
    let mut lines = text.lines();
    if !lines.next().is_some_and(|line| line.trim_start_matches('\u{feff}').starts_with("%YAML")) {
        return Err("this is not an OptiC model: its first line should say %YAML".into());
    }
    let mut values: HashMap<&str, String> = HashMap::new();
    let mut last = "";
    for line in lines {
        let text = match line.split_once(':') {
            Some((key, value)) => {
                last = key.trim();
                value
            }
            None => line,
        };
        values.entry(last).or_default().extend([text, " "]);
    }
    Ok(values)
}

fn numbers(values: &HashMap<&str, String>, key: &str) -> Result<Vec<f64>, String> {
    let text = values.get(key).ok_or_else(|| {
        format!("the key {key} is missing: is this an OptiC model of the Spinal Cord Toolbox, and whole?")
    })?;
    let words = text.trim().trim_start_matches('[').trim_end_matches(']').split(',');
    words.map(|word| number(word.trim(), key)).collect()
}

fn number(word: &str, key: &str) -> Result<f64, String> {
    let found = word.parse::<f64>().ok().filter(|number| number.is_finite());
    found.ok_or_else(|| format!("{key} holds \"{word}\", which is not a number: fetch the file again"))
}

fn pixel(values: &HashMap<&str, String>, key: &str) -> Result<f64, String> {
    match numbers(values, key)?.as_slice() {
        [size] if *size > 0.0 => Ok(*size),
        other => Err(format!("{key} is {other:?} instead of one pixel size in mm: fetch the file again")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shared;

    fn text() -> String {
        let weights = vec!["1.5e-01"; 576].join(", ");
        let histogram: String = HISTOGRAM
            .iter()
            .map(|(key, value)| match value {
                [one] => format!("   {key}: {one}\n"),
                more => format!("   {key}: {more:?}\n"),
            })
            .collect();
        format!(
            "%YAML:1.0\nHOG: !!opencv\n{histogram}   SVMDetector: [ {weights},\n       -2. ]\nps0: 1.\nps1: .5\n"
        )
    }

    #[test]
    fn reads_lists_over_several_lines() {
        let model = Model::parse(&text()).unwrap();
        assert_eq!((model.weights.len(), model.weights[575], model.bias), (576, 0.15, -2.0));
        assert_eq!(model.pixel, [1.0, 0.5]);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let told = |from: &str, to: &str| Model::parse(&text().replace(from, to)).unwrap_err();
        assert!(told("%YAML:1.0", "<html>").contains("not an OptiC model"));
        assert!(told("nbins: 9", "nbins: 8").contains("nbins is [8.0]"));
        assert!(told("winSigma: 2", "sigma: 2").contains("winSigma is missing"));
        assert!(told("-2. ]", "2, 1 ]").contains("578 numbers instead of 577"));
        assert!(told("-2. ]", "two ]").contains("SVMDetector holds \"two\""));
        assert!(told("ps0: 1.", "ps0: 0").contains("ps0"));
        let absent = Model::read(Path::new("/nowhere/t2_model.yml")).unwrap_err();
        assert!(absent.to_string().starts_with("/nowhere/t2_model.yml: "), "{absent}");
    }

    #[test]
    fn reads_the_published_models() {
        for (contrast, bias, first) in [
            ("t1", -2.144_106_9_f32, -0.088_337_794_f32),
            ("t2", -1.263_542_8, 0.010_380_701),
            ("t2s", -0.840_129, 0.001_884_833_6),
            ("dwi", -1.219_622_7, -0.011_415_332),
        ] {
            let Some(path) = shared(&format!("data/models/optic/{contrast}_model.yml")) else { return };
            let model = Model::read(&path).unwrap();
            assert_eq!((model.bias, model.weights[0], model.pixel), (bias, first, [1.0; 2]));
        }
    }
}
