//! `deepseg predict MODEL IMAGE... -o DIR`: a model on new images, each into its own space.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::ValueEnum;
use serde::Serialize;

use super::interrupt;
use super::output::{self, CommandResult, Failure, Outcome, Progress};
use crate::centerline::{self, Curve, Fit, Method, Search, Tools};
use crate::dataset::Contrast;
use crate::files;
use crate::inference::{LoadedModel, PredictOptions, Prediction, predict_volume};
use crate::network::{Device, DeviceChoice};
use crate::preprocess::{self, CropSettings};
use crate::volume::{Components, Connectivity, Volume, read_image, read_mask, write_image, write_mask};

/// Segment images with a model, each into its own space.
///
/// For IMAGE.nii.gz writes DIR/IMAGE_lesion.nii.gz (0 and 1), a JSON that says how it was made, and with --prob the probabilities.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model file, a network from elsewhere (.h5, .onnx), or a run directory (its best model)
    #[arg(value_name = "MODEL_OR_RUN")]
    model: PathBuf,
    /// Images (NIfTI), in any orientation
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Folder for the results
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// How the cord is found: mask (--cord), file (--centerline), a method that looks for it (see `deepseg centerline --help`),
    /// or auto: what is given, else the first believable answer
    #[arg(long, default_value = Method::AUTO)]
    method: String,
    /// A folder with models for the methods that look for the cord, beside those of $SCT_DIR
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Cord mask; with several images once for each, in their order
    #[arg(long, value_name = "F")]
    cord: Vec<PathBuf>,
    /// Centerline (CSV or one-voxel mask); with several images once for each, in their order
    #[arg(long, value_name = "F")]
    centerline: Vec<PathBuf>,
    /// Write the probabilities, too
    #[arg(long)]
    prob: bool,
    /// A voxel is lesion from this probability on (default: what the model found best on its validation subjects)
    #[arg(long, value_name = "X", value_parser = probability)]
    threshold: Option<f32>,
    /// Average over the eight mirror images: eight times the work
    #[arg(long)]
    tta: bool,
    /// Leave out lesions smaller than this, mm3
    #[arg(long, value_name = "MM3", default_value_t = 0.0)]
    min_volume: f64,
    /// Leave out what lies outside the cord mask
    #[arg(long, requires = "cord")]
    inside_cord: bool,
    /// Prepare the image as `recipe` or as `sct` does (default: as in the model's training)
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// auto, cpu, cuda or cuda:1
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Print one JSON object: predictions [image, mask, threshold, lesions, volume_mm3], failed [image, message]
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Preset {
    Recipe,
    Sct,
}

impl From<Preset> for preprocess::Preset {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Recipe => Self::Recipe,
            Preset::Sct => Self::Sct,
        }
    }
}

fn probability(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("a probability lies between 0 and 1".to_owned()),
    }
}

/// What was made of one image; also the JSON beside the mask.
#[derive(Debug, Serialize)]
struct Predicted {
    image: PathBuf,
    mask: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<PathBuf>,
    model: PathBuf,
    threshold: f32,
    lesions: usize,
    volume_mm3: f64,
    /// Slices of the image's RPI grid that have a centerline, first and last: nothing is looked for elsewhere.
    centerline: String,
    tool: String,
}

#[derive(Debug, Serialize)]
struct Refused {
    image: PathBuf,
    message: String,
}

#[derive(Debug, Serialize)]
struct Report {
    predictions: Vec<Predicted>,
    failed: Vec<Refused>,
}

impl Args {
    /// Segments the images one after the other; one that fails never stops the others.
    pub fn run(self) -> CommandResult {
        self.agree()?;
        let (device, note) = Device::choose(self.device)?;
        output::note(note);
        let model = LoadedModel::load(&self.model, &device)?;
        let stop = interrupt::flag()?;
        let bar = Progress::new("predict");
        let mut report = Report { predictions: Vec::new(), failed: Vec::new() };
        for (index, image) in self.images.iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            match self.one(&model, index) {
                Ok(done) => report.predictions.push(done),
                Err(failure) => {
                    report.failed.push(Refused { image: image.clone(), message: failure.to_string() });
                }
            }
            bar.show(index + 1, self.images.len(), &stem(image));
        }
        bar.finish();
        self.print(&report)?;
        Ok(match (stop.load(Ordering::Relaxed), report.failed.is_empty()) {
            (true, _) => Outcome::Interrupted,
            (false, true) => Outcome::Done,
            (false, false) => Outcome::Problems,
        })
    }

    /// Every image has its own curve, and no two results have one name.
    fn agree(&self) -> Result<(), Failure> {
        let n = self.images.len();
        for (option, given) in [("--cord", self.cord.len()), ("--centerline", self.centerline.len())] {
            if given != 0 && given != n {
                return Err(Failure::usage(format!(
                    "{n} images but {given} times {option}: give it once for each image"
                )));
            }
        }
        let missing = match self.chosen()? {
            Some(Method::Mask) if self.cord.is_empty() => "the method mask needs --cord CORD_MASK.nii.gz",
            Some(Method::File) if self.centerline.is_empty() => {
                "the method file needs --centerline CURVE.csv"
            }
            Some(Method::Points) => {
                "draw the points' curve first (`deepseg centerline IMAGE --points F.csv -o CURVE.csv`) and give it as --centerline"
            }
            _ => "",
        };
        if !missing.is_empty() {
            return Err(Failure::usage(missing));
        }
        let mut names: Vec<_> = self.images.iter().map(|image| stem(image)).collect();
        names.sort();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Failure::usage(format!(
                "two images are named {}: their results would overwrite each other; predict them into two folders",
                pair[0]
            ))),
            None => Ok(()),
        }
    }

    fn one(&self, model: &LoadedModel, index: usize) -> Result<Predicted, Failure> {
        let path = &self.images[index];
        let mut image = read_image(path)?;
        image.zero_non_finite();
        let cord = self.cord.get(index).map(|cord| read_mask(cord)).transpose()?;
        let mut settings = model.card.crop;
        settings.preset = self.preset.map_or(settings.preset, Into::into);
        let curve = self.curve(index, cord.as_ref(), &image, &model.card.contrast, &settings)?;
        let options = PredictOptions {
            preset: self.preset.map(Into::into),
            threshold: self.threshold,
            flips: self.tta,
            least_mm3: self.min_volume,
            inside: cord.as_ref().filter(|_| self.inside_cord),
        };
        let prediction = predict_volume(&model.model(), &image, &curve, &options)?;
        self.keep(path, &prediction, &curve)
    }

    fn curve(
        &self,
        index: usize,
        cord: Option<&Volume<u8>>,
        image: &Volume<f32>,
        contrast: &Contrast,
        settings: &CropSettings,
    ) -> Result<Curve, Failure> {
        let chosen = self.chosen()?;
        let may = |method| chosen.is_none_or(|chosen| chosen == method);
        let file = self.centerline.get(index).filter(|_| may(Method::File));
        match (file, cord.filter(|_| may(Method::Mask))) {
            (Some(file), _) => Ok(centerline::from_file(file, &self.images[index])?),
            (None, Some(cord)) => {
                Ok(preprocess::curve_from_cord(cord, Fit::default(), &settings.tube_grid(&image.grid))?)
            }
            (None, None) => self.found(chosen, &image.to_rpi(), contrast),
        }
    }

    fn chosen(&self) -> Result<Option<Method>, Failure> {
        Method::choice(&self.method).map_err(|e| Failure::usage(e.to_string()))
    }

    /// Looks for the cord; the model's contrast is the image's.
    fn found(
        &self,
        method: Option<Method>,
        image: &Volume<f32>,
        contrast: &Contrast,
    ) -> Result<Curve, Failure> {
        let (tools, cancel) = (Tools::found(self.models.clone()), interrupt::flag()?);
        let search = Search { image, contrast, tools: &tools, cancel: &cancel };
        let (curve, _) = centerline::look(method, &search)
            .map_err(|error| Failure::work(format!("{error}; give the cord with --cord or --centerline")))?;
        Ok(curve)
    }

    /// Writes mask, probabilities and their JSON, the mask last but one: it is there only when the rest could be made.
    fn keep(&self, image: &Path, prediction: &Prediction, curve: &Curve) -> Result<Predicted, Failure> {
        let place = |end: &str| self.output.join(format!("{}_lesion{end}", stem(image)));
        let probability = self.prob.then(|| place("-prob.nii.gz"));
        if let Some(path) = &probability {
            write_image(path, &prediction.probability)?;
        }
        let voxels = prediction.mask.data.iter().filter(|v| **v > 0).count();
        let done = Predicted {
            image: image.to_owned(),
            mask: place(".nii.gz"),
            probability,
            model: self.model.clone(),
            threshold: prediction.threshold,
            lesions: Components::of(&prediction.mask.data.view(), Connectivity::Faces).count(),
            volume_mm3: voxels as f64 * prediction.mask.grid.voxel_volume(),
            centerline: format!("{}, {} slices", curve.method, curve.xy.len()),
            tool: concat!("deepseg ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        write_mask(&done.mask, &prediction.mask)?;
        files::write_bytes(&place(".json"), &serde_json::to_vec_pretty(&done)?)?;
        Ok(done)
    }

    fn print(&self, report: &Report) -> Result<(), Failure> {
        if self.json {
            return output::json(report);
        }
        for done in &report.predictions {
            output::line(format_args!(
                "{}  {} lesions, {:.1} mm3",
                done.mask.display(),
                done.lesions,
                done.volume_mm3
            ));
        }
        for refused in &report.failed {
            output::line(format_args!("not segmented: {}: {}", refused.image.display(), refused.message));
        }
        Ok(())
    }
}

/// A file's name without folder and NIfTI ending.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let endings = [".nii.gz", ".nii", ".hdr.gz", ".img.gz", ".hdr", ".img"];
    endings.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name).to_owned()
}
