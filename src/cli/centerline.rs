//! `deepseg centerline IMAGE` draws one curve; `deepseg centerline P` looks at the curves of a project.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use crate::centerline::{Finding, Fit, Method, Points, Summary, from_file, from_mask, from_points, survey};
use crate::dataset::{Project, Scan, ScanId};
use crate::volume::{read_header, read_mask, write_mask};

use super::interrupt;
use super::output::{self, CommandResult, Failure, Outcome, Progress};

/// Draw the cord's centerline on an image, or look at (and choose) the centerlines of a project.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An image (NIfTI), or a project directory
    #[arg(value_name = "IMAGE_OR_PROJECT")]
    place: PathBuf,
    /// mask, points, file, or auto: the first of these whose file is given
    #[arg(long, default_value = Method::AUTO)]
    method: String,
    /// Cord mask to follow (method mask)
    #[arg(long)]
    mask: Option<PathBuf>,
    /// Points to draw through, CSV: x,y,z in RPI voxels or x_mm,y_mm,z_mm (method points)
    #[arg(long)]
    points: Option<PathBuf>,
    /// Centerline file, CSV or one-voxel mask (method file)
    #[arg(long)]
    centerline: Option<PathBuf>,
    /// Curve through the centres or points: bspline, linear, polyfit or nurbs
    #[arg(long, default_value = "bspline")]
    fit: Fit,
    /// Strength of smoothing (bspline, linear) or degree (polyfit)
    #[arg(long)]
    smooth: Option<f64>,
    /// Where to write the curve (CSV: z,x,y in RPI voxels, then x_mm,y_mm,z_mm)
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Write it as one voxel a slice on the image's grid, too
    #[arg(long)]
    voxels: Option<PathBuf>,
    /// Project: only this subject (or scan)
    #[arg(long)]
    subject: Option<String>,
    /// Project: choose this method (or auto) for the subject
    #[arg(long, requires = "subject")]
    set: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Runs on an image or on a project, whichever `place` is.
    pub fn run(self) -> CommandResult {
        match (self.place.is_dir(), &self.set) {
            (true, Some(method)) => self.choose(method),
            (true, None) => self.look(),
            (false, Some(_)) => Err(Failure::usage("--set goes with a project directory, not with an image")),
            (false, None) => self.draw(),
        }
    }

    fn draw(&self) -> CommandResult {
        let (method, file) = self.input()?;
        let Some(csv) = &self.output else {
            return Err(Failure::usage("say where to write the curve: -o OUT.csv"));
        };
        let grid = read_header(&self.place)?.grid;
        let drawn = match method {
            Method::Mask => from_mask(&read_mask(file)?, self.fit()?).map_err(|e| e.about(file))?,
            Method::Points => {
                from_points(&Points::read_csv(file)?, &grid, self.fit()?).map_err(|e| e.about(file))?
            }
            Method::File => from_file(file, &self.place)?,
        };
        let curve = drawn.placed_on(&grid).map_err(|e| e.about(file))?;
        curve.write_csv(csv)?;
        if let Some(voxels) = &self.voxels {
            write_mask(voxels, &curve.to_voxels().reoriented(grid.orientation()))?;
        }
        self.report(&curve.summary(), csv)
    }

    /// The method and the file it works on.
    fn input(&self) -> Result<(Method, &Path), Failure> {
        let given = |method| match method {
            Method::File => self.centerline.as_deref().map(|file| (method, file)),
            Method::Mask => self.mask.as_deref().map(|file| (method, file)),
            Method::Points => self.points.as_deref().map(|file| (method, file)),
        };
        match Method::choice(&self.method).map_err(|e| Failure::usage(e.to_string()))? {
            Some(method) => given(method).ok_or_else(|| {
                let option = if method == Method::File { "centerline" } else { method.name() };
                Failure::usage(format!("the method {method} needs a file: --{option} F"))
            }),
            None => Method::ALL.into_iter().find_map(given).ok_or_else(|| {
                Failure::usage(
                    "say what to draw the centerline from: --mask F, --points F.csv or --centerline F",
                )
            }),
        }
    }

    fn fit(&self) -> Result<Fit, Failure> {
        self.smooth.map_or(Ok(self.fit), |strength| self.fit.with_strength(strength).map_err(Failure::usage))
    }

    fn report(&self, summary: &Summary, csv: &Path) -> CommandResult {
        if self.json {
            output::json(summary)?;
        } else {
            output::line(format_args!("{} ({})", csv.display(), described(summary)));
        }
        Ok(Outcome::Done)
    }

    /// Lists the curves of a project's scans, those that need attention first.
    fn look(&self) -> CommandResult {
        let project = Project::open(&self.place)?;
        let scans = self.scans(&project)?;
        let progress = Progress::new("centerlines");
        let done = AtomicUsize::new(0);
        let stop = interrupt::flag()?;
        let on_done = |id: &ScanId| {
            progress.show(done.fetch_add(1, Ordering::Relaxed) + 1, scans.len(), id.as_str());
        };
        let findings = survey(&project, &scans, &on_done, &stop);
        progress.finish();
        if self.json {
            output::json(&Listing { scans: findings.iter().map(Line::from).collect() })?;
        } else {
            findings.iter().map(Line::from).for_each(|line| output::line(line.text()));
        }
        let fine = findings.iter().all(|f| matches!(f.curve, Ok(Some(_))));
        Ok(match (stop.load(Ordering::Relaxed), fine) {
            (true, _) => Outcome::Interrupted,
            (false, true) => Outcome::Done,
            (false, false) => Outcome::Problems,
        })
    }

    /// Records the method for a subject's scans.
    fn choose(&self, method: &str) -> CommandResult {
        let chosen = Method::choice(method).map_err(|e| Failure::usage(e.to_string()))?;
        let mut project = Project::open(&self.place)?;
        let ids: Vec<ScanId> = self.scans(&project)?.into_iter().map(|scan| scan.id.clone()).collect();
        project.choose_centerline(&ids, chosen.map(Method::name))?;
        self.look()
    }

    fn scans<'a>(&self, project: &'a Project) -> Result<Vec<&'a Scan>, Failure> {
        let wanted = |scan: &&Scan| match &self.subject {
            Some(name) => scan.subject == *name || scan.id.as_str() == name,
            None => true,
        };
        let scans: Vec<&Scan> = project.active_scans().filter(wanted).collect();
        match &self.subject {
            Some(name) if scans.is_empty() => {
                Err(Failure::usage(format!("the project has no subject or scan called {name:?}")))
            }
            _ => Ok(scans),
        }
    }
}

#[derive(Serialize)]
struct Listing<'a> {
    scans: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a ScanId,
    #[serde(flatten)]
    summary: Option<&'a Summary>,
    problem: Option<String>,
}

impl<'a> From<&'a Finding> for Line<'a> {
    fn from(finding: &'a Finding) -> Self {
        let (summary, problem) = match &finding.curve {
            Ok(Some(summary)) => (Some(summary), None),
            Ok(None) => {
                (None, Some("no centerline: the scan has neither a centerline file nor a cord mask".into()))
            }
            Err(error) => (None, Some(error.to_string())),
        };
        Line { id: &finding.id, summary, problem }
    }
}

impl Line<'_> {
    fn text(&self) -> String {
        let what = match (&self.problem, self.summary) {
            (Some(problem), _) => problem.clone(),
            (None, Some(summary)) => described(summary),
            (None, None) => String::new(),
        };
        format!("{:<32}  {what}", self.id)
    }
}

fn described(summary: &Summary) -> String {
    let confidence = summary.confidence.map(|c| format!(", confidence {c:.2}")).unwrap_or_default();
    format!("{}{confidence}: {}", summary.method, summary.reasons.join("; "))
}
