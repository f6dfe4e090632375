//! `deepseg patches P -o DIR`: training patches, original and changed, as files for any viewer.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::output::{self, CommandResult, Failure, Outcome};
use crate::dataset::Project;
use crate::training::{Gallery, PatchLook, PatchPage, Wishes, settings};
use crate::volume::{Affine, Grid, Volume, VolumeError, write_image, write_mask};

/// Write training patches with their masks, as cut and as changed at random, to look at before training
///
/// Patches with lesion come first. Intensities are z-scored, as the network sees them; axes are RPI.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project
    #[arg(value_name = "P", default_value = ".")]
    project: PathBuf,
    /// Folder for the files
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Patches to write
    #[arg(long, value_name = "N", default_value_t = 4)]
    count: usize,
    /// Random changes of each
    #[arg(long, value_name = "N", default_value_t = 3)]
    draws: u32,
    /// Random changes: none, flips, standard or strong
    #[arg(long, value_name = "PRESET")]
    augment: Option<String>,
    /// The contrast, where the project has several [default: the most frequent]
    #[arg(long)]
    contrast: Option<String>,
    /// Seed of the changes
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A setting of a run, e.g. augment.noise=0.5; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print one JSON object: patches
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Writes the files and lists what was done to each.
    pub fn run(self) -> CommandResult {
        let project = Project::open(&self.project)?;
        let wishes = Wishes {
            augment: self.augment.clone(),
            contrast: self.contrast.clone(),
            seed: self.seed,
            set: self.set.clone(),
            ..Wishes::default()
        };
        let config = settings(&project, &wishes).map_err(|e| Failure::usage(e.to_string()))?;
        let gallery = Gallery::open(&project, config)?;
        let pages = (0..self.count.min(gallery.count())).filter_map(|n| gallery.page(n, 0..self.draws));
        let patches = pages.map(|page| self.write(&page)).collect::<Result<Vec<_>, VolumeError>>()?;
        if self.json {
            output::json(&json!({ "patches": patches }))?;
        }
        Ok(Outcome::Done)
    }

    fn write(&self, page: &PatchPage) -> Result<Value, VolumeError> {
        let name = format!("patch-{:02}", page.number + 1);
        let image = write_look(&self.output, &format!("{name}_original"), &page.original, page.spacing_mm)?;
        let PatchPage { scan, start, .. } = page;
        self.tell(format_args!("{image}  {scan}, slices from {start}"));
        let mut draws = Vec::new();
        for changed in &page.changed {
            let name = format!("{name}_draw-{}", changed.draw + 1);
            let image = write_look(&self.output, &name, &changed.look, page.spacing_mm)?;
            let words =
                if changed.changes.is_empty() { "unchanged".into() } else { changed.changes.join("; ") };
            self.tell(format_args!("{image}  {words}"));
            draws.push(json!({ "image": image, "changes": changed.changes }));
        }
        Ok(json!({ "scan": scan, "first_slice": start, "image": image, "draws": draws }))
    }

    fn tell(&self, words: std::fmt::Arguments<'_>) {
        if !self.json {
            output::line(words);
        }
    }
}

/// Writes `NAME.nii.gz` and `NAME_mask.nii.gz`; the image's name.
fn write_look(folder: &Path, name: &str, look: &PatchLook, mm: f64) -> Result<String, VolumeError> {
    let (x, y, z) = look.image.dim();
    // RPI: the first axis runs towards the left, against the world's.
    let grid = Grid { shape: [x, y, z], affine: Affine::scaling([-mm, mm, mm], [0.0; 3]) };
    let mut image = Volume::filled(grid, 0.0);
    image.data.assign(&look.image);
    let mut mask = Volume::filled(grid, 0);
    mask.data.assign(&look.mask);
    let file = format!("{name}.nii.gz");
    write_image(&folder.join(&file), &image)?;
    write_mask(&folder.join(format!("{name}_mask.nii.gz")), &mask)?;
    Ok(file)
}
