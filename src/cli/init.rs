//! `deepseg init DATASET --project P`: list a dataset and write a project for it.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde::Serialize;

use super::interrupt;
use super::output::{self, CommandResult, Outcome, Progress};
use super::problems;
use crate::dataset::{Contrast, Permissions, Problem, Project, Settings, Severity, check_headers};

/// List a dataset and write a project for it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The dataset: BIDS, images/ + masks/ folders, or Subject/Contrast/ folders. It is only read
    dataset: PathBuf,
    /// The project folder, new or of the same dataset (what was decided there is kept)
    #[arg(long, value_name = "P")]
    project: PathBuf,
    /// The contrast of all images: t1, t2, t2_ax, t2s or another name [default: as the file names suggest]
    #[arg(long)]
    contrast: Option<Contrast>,
    /// Images to use, by the end of their names: T2starw; several with commas [default: those that have masks]
    #[arg(long, value_name = "SUFFIX", value_delimiter = ',')]
    image: Vec<String>,
    /// Lesion masks, by what follows the image's name in theirs: lesion-manual [default: the most likely]
    #[arg(long, value_name = "SUFFIX")]
    mask: Option<String>,
    /// Spinal cord masks, likewise: seg-manual
    #[arg(long, value_name = "SUFFIX")]
    cord: Option<String>,
    /// Centerline files, likewise
    #[arg(long, value_name = "SUFFIX")]
    centerline: Option<String>,
    /// CSV or TSV with the columns subject, image and, where known, session, run, contrast, mask, cord, centerline
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Let the project lie inside the dataset
    #[arg(long)]
    inside_dataset: bool,
    /// Replace the project of another dataset in the same folder
    #[arg(long)]
    replace: bool,
    /// Print one JSON object: subjects, scans, with_mask, with_cord, problems
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Summary {
    subjects: usize,
    scans: usize,
    with_mask: usize,
    with_cord: usize,
    problems: Vec<Problem>,
}

impl Args {
    /// Lists the dataset, writes the project, and looks at the headers.
    pub fn run(self) -> CommandResult {
        let permissions = Permissions { inside_dataset: self.inside_dataset, replace: self.replace };
        let (json, dir) = (self.json, self.project.clone());
        let (project, mut problems) = Project::create_with(&dir, self.settings(), permissions)?;
        let bar = Progress::new("headers");
        let cancel = interrupt::flag()?;
        let headers = check_headers(&project, &|tick| bar.show(tick.done, tick.total, ""), &cancel);
        bar.finish();
        problems.extend(headers.scans.into_iter().flat_map(|scan| scan.problems));
        let summary = summary(&project, problems);
        if json {
            output::json(&summary)?
        } else {
            print(&summary, project.dir())
        }
        let errors = summary.problems.iter().any(|p| p.severity == Severity::Error);
        Ok(match (cancel.load(Ordering::Relaxed), errors) {
            (true, _) => Outcome::Interrupted,
            (false, true) => Outcome::Problems,
            (false, false) => Outcome::Done,
        })
    }

    fn settings(self) -> Settings {
        Settings {
            list: self.list,
            image: self.image,
            mask: self.mask,
            cord: self.cord,
            centerline: self.centerline,
            contrast: self.contrast,
            ..Settings::new(self.dataset)
        }
    }
}

fn summary(project: &Project, problems: Vec<Problem>) -> Summary {
    let scans = project.scans();
    Summary {
        subjects: project.subjects(),
        scans: scans.len(),
        with_mask: scans.iter().filter(|s| s.mask.is_some()).count(),
        with_cord: scans.iter().filter(|s| s.cord.is_some()).count(),
        problems,
    }
}

fn print(summary: &Summary, dir: &Path) {
    let Summary { subjects, scans, with_mask, with_cord, problems } = summary;
    output::line(format_args!(
        "{subjects} subjects, {scans} scans: {with_mask} with mask, {with_cord} with cord mask"
    ));
    problems::print(problems.iter(), dir);
    output::line(format_args!(
        "wrote the project {}; next: `deepseg check`, `deepseg preprocess`",
        dir.display()
    ));
}
