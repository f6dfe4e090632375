//! Decodes everything there is to see of one scan and turns it into RPI order on the image's grid.

use std::error::Error;
use std::path::Path;

use ndarray::Array3;

use super::results;
use crate::centerline::{self, Curve};
use crate::dataset::{Project, Scan, ScanId};
use crate::preprocess::{self, Crop, CropSettings, Frame, StageState};
use crate::volume::{Grid, Volume, read_image, read_mask, resample_nearest};
use crate::workbench::scene::{CropBox, CropScene, Scene};
use crate::workbench::slice::window;
use crate::workbench::{ImageFiles, WorkbenchError};

/// Any error of the rooms that are asked; all that is done with it is to show it.
type Failure = Box<dyn Error + Send + Sync>;

/// What was read of a scan, each in its own orientation.
struct Parts {
    key: String,
    image: Volume<f32>,
    mask: Option<Volume<u8>>,
    prediction: Option<Volume<u8>>,
    curve: Option<Curve>,
    crop: Option<Crop>,
    /// Width of the box drawn where there is no crop yet, mm; none draws none.
    planned_mm: Option<f64>,
    facts: Vec<(&'static str, String)>,
}

/// A scan of a project. What cannot be read beside the image is left out here; the list says why.
pub(super) fn of_scan(project: &Project, id: &ScanId) -> Result<Scene, Failure> {
    let scan = project.scan(id)?;
    let image = project.read_image(scan)?;
    let ready = preprocess::stage_state(project, scan) == StageState::Ready;
    let settings = CropSettings::of_project(project).unwrap_or_default();
    let parts = Parts {
        key: id.to_string(),
        facts: facts(scan),
        mask: project.read_mask(scan).ok().flatten(),
        prediction: results::prediction(project, scan).and_then(|path| read_mask(&path).ok()),
        curve: centerline::glance(project, scan).ok().flatten(),
        crop: ready.then(|| preprocess::load_crop(project, scan).ok()).flatten(),
        planned_mm: Some(settings.spacing_mm * settings.size as f64),
        image,
    };
    Ok(parts.compose())
}

/// A single image with the files named for it.
pub(crate) fn of_image(files: &ImageFiles) -> Result<Scene, WorkbenchError> {
    let image = read_image(&files.image)?;
    let mask = files.mask.as_deref().map(read_mask).transpose()?;
    let curve =
        files.centerline.as_deref().map(|path| centerline::from_file(path, &files.image)).transpose()?;
    let (key, facts) = (name(&files.image), Vec::new());
    Ok(Parts { key, image, mask, prediction: None, curve, crop: None, planned_mm: None, facts }.compose())
}

impl Parts {
    fn compose(self) -> Scene {
        let stored = self.image.grid.orientation();
        let image = self.image.to_rpi();
        let grid = image.grid;
        let mut facts = self.facts;
        facts.extend(geometry(&grid, &stored.to_string()));
        let mask = self.mask.map(|m| onto(&m, &grid));
        let prediction = self.prediction.map(|m| onto(&m, &grid));
        let volume = |m: &Volume<u8>| {
            let voxels = m.data.iter().filter(|v| **v > 0).count();
            format!("{:.0} mm³ in {voxels} voxels", voxels as f64 * grid.voxel_volume())
        };
        facts.extend(mask.as_ref().map(|m| ("mask", volume(m))));
        facts.extend(prediction.as_ref().map(|m| ("prediction", volume(m))));
        facts.extend(self.curve.as_ref().map(|c| ("centerline", curve_fact(c))));
        let curve = self.curve.map(|c| on_slices(&c, &grid)).unwrap_or_default();
        let (boxes, crop) = match self.crop {
            Some(crop) => {
                facts.push((
                    "crop",
                    format!("{} slices of {:.2} mm", crop.frame.depth(), spacing(&crop.frame)),
                ));
                (boxes(&crop.frame, &grid), Some(crop_scene(crop, &grid, prediction.as_ref())))
            }
            None => (self.planned_mm.map(|mm| planned(&curve, &grid, mm)).unwrap_or_default(), None),
        };
        Scene {
            key: self.key,
            spacing: grid.spacing(),
            affine: grid.affine.0,
            window: window(image.data.view()),
            image: image.data,
            mask: mask.map(|m| m.data),
            prediction: prediction.map(|m| m.data),
            curve,
            boxes,
            crop,
            facts,
        }
    }
}

/// A mask in RPI order on the image's grid, resampled only when it lies on another one.
fn onto(mask: &Volume<u8>, grid: &Grid) -> Volume<u8> {
    let mask = mask.to_rpi();
    if mask.grid.shape == grid.shape { mask } else { resample_nearest(&mask, grid) }
}

/// The curve's (x, y) in every slice of the grid.
pub(super) fn on_slices(curve: &Curve, grid: &Grid) -> Vec<Option<[f64; 2]>> {
    let curve = if curve.grid == *grid { curve.clone() } else { curve.on_grid(grid) };
    (0..grid.shape[2]).map(|z| curve.at(z)).collect()
}

/// Where the crop will be, around the curve, where there is none yet.
fn planned(curve: &[Option<[f64; 2]>], grid: &Grid, mm: f64) -> Vec<Option<CropBox>> {
    let half = grid.spacing().map(|s| mm / 2.0 / s);
    curve.iter().map(|c| c.map(|[x, y]| [x - half[0], x + half[0], y - half[1], y + half[1]])).collect()
}

/// The crop's slice that is nearest to each slice of the image.
fn slices(frame: &Frame, grid: &Grid) -> Vec<Option<usize>> {
    let Some(to_tube) = grid.voxel_to(&frame.tube) else { return Vec::new() };
    let nearest = |z: usize| {
        let tube = to_tube.apply([0.0, 0.0, z as f64])[2].round();
        let k = tube - frame.first_z as f64;
        (k >= 0.0 && k < frame.depth() as f64).then_some(k as usize)
    };
    (0..grid.shape[2]).map(nearest).collect()
}

/// The crop's edges in every slice of the image. Tube and image are both in RPI order, so that x and y stay apart.
fn boxes(frame: &Frame, grid: &Grid) -> Vec<Option<CropBox>> {
    let Some(to_image) = frame.tube.voxel_to(grid) else { return Vec::new() };
    let edge = |k: usize| {
        let z = (frame.first_z + k) as f64;
        let [x, y] = frame.starts[k].map(|start| start as f64 - 0.5);
        let low = to_image.apply([x, y, z]);
        let high = to_image.apply([x + frame.size as f64, y + frame.size as f64, z]);
        [low[0], high[0], low[1], high[1]]
    };
    slices(frame, grid).into_iter().map(|k| k.map(edge)).collect()
}

fn crop_scene(crop: Crop, grid: &Grid, prediction: Option<&Volume<u8>>) -> CropScene {
    CropScene {
        prediction: prediction.and_then(|p| in_crop(p, &crop.frame)),
        slice_of: slices(&crop.frame, grid),
        spacing: spacing(&crop.frame),
        window: window(crop.image.view()),
        image: crop.image,
        mask: crop.mask,
    }
}

/// A mask of the image (RPI) as the crop sees it: the nearest voxel of each crop voxel.
fn in_crop(mask: &Volume<u8>, frame: &Frame) -> Option<Array3<u8>> {
    let to_image = frame.tube.voxel_to(&mask.grid)?;
    Some(Array3::from_shape_fn(frame.shape(), |(x, y, k)| {
        let at = to_image.apply(frame.tube_index([x, y, k]).map(|v| v as f64)).map(f64::round);
        let inside = at.iter().all(|v| *v >= 0.0);
        if inside { mask.data.get(at.map(|v| v as usize)).copied().unwrap_or(0) } else { 0 }
    }))
}

fn spacing(frame: &Frame) -> f64 {
    frame.tube.spacing()[0]
}

fn facts(scan: &Scan) -> Vec<(&'static str, String)> {
    vec![("image", name(&scan.image)), ("contrast", scan.contrast.name().to_owned())]
}

fn geometry(grid: &Grid, stored: &str) -> [(&'static str, String); 3] {
    let [nx, ny, nz] = grid.shape;
    let [x, y, z] = grid.spacing();
    [
        ("size", format!("{nx} × {ny} × {nz} voxels")),
        ("stored as", stored.to_owned()),
        ("voxel", format!("{x:.2} × {y:.2} × {z:.2} mm")),
    ]
}

fn curve_fact(curve: &Curve) -> String {
    let range = curve.z_range();
    let sure = curve.confidence.as_ref().map(|c| format!(", confidence {:.2}", c.value)).unwrap_or_default();
    format!("{}, {} slices{sure}", curve.method, range.len())
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
