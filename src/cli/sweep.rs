//! `deepseg sweep P`: many trainings from lists of settings, as a queue here or as a job array on a cluster.

use std::ffi::OsString;
use std::path::PathBuf;

use super::output::{self, CommandResult, Failure, Outcome};
use super::slurm::{self, SlurmArgs};
use super::sweep_report as report;
use crate::dataset::{Project, SETTINGS_FILE};
use crate::network::{Device, DeviceChoice};
use crate::runs::sweep::{self, Axis, Point, Sweep, SweepDir, SweepStatus};
use crate::runs::{self, RunState, RunsError};
use crate::training::{RunDir, RunError, StopSignal, TrainConfig, Wishes, settings, settings_like};

/// Train with every combination of lists of settings, one after another on each device
///
/// Every option that takes a list makes one training per value; several lists make every combination. All are checked before the
/// first starts. One that fails does not stop the others. Each is a run like any other: watch, stop, resume, evaluate it alone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project [default: the folder here]
    #[arg(value_name = "P")]
    project: Option<PathBuf>,
    /// Networks: small,t2s or TOML files
    #[arg(long, value_name = "LIST")]
    network: Option<String>,
    /// Learning rates: 1e-3,3e-4
    #[arg(long, value_name = "LIST")]
    lr: Option<String>,
    /// Folds: all/5, or 1/5,2/5
    #[arg(long, value_name = "LIST")]
    fold: Option<String>,
    /// Seeds: 0,1,2
    #[arg(long, value_name = "LIST")]
    seed: Option<String>,
    /// Epochs to reach
    #[arg(long, value_name = "LIST")]
    epochs: Option<String>,
    /// Patches in a batch
    #[arg(long, value_name = "LIST")]
    batch: Option<String>,
    /// Weights to start from: models, run directories, SCT's .h5 or .onnx
    #[arg(long, value_name = "LIST")]
    init: Option<String>,
    /// Sets of settings: fine-tune, recipe, nnunet
    #[arg(long, value_name = "LIST")]
    preset: Option<String>,
    /// Random changes of the patches: none,flips,standard,strong
    #[arg(long, value_name = "LIST")]
    augment: Option<String>,
    /// Start from the settings and the split of an earlier run (its name or directory)
    #[arg(long, value_name = "R", conflicts_with = "resume")]
    like: Option<String>,
    /// The contrast to learn, where the project has several
    #[arg(long)]
    contrast: Option<String>,
    /// Any setting of a run's config.toml and its values: schedule.patience=5,10; may be repeated
    #[arg(long, value_name = "KEY=LIST")]
    set: Vec<String>,
    /// A TOML file with a section [[point]] for each training, instead of every combination; lists multiply it
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Devices, one training at a time on each: cuda:0,cuda:1; auto takes every GPU [default: one at a time]
    #[arg(long, value_name = "LIST", conflicts_with = "slurm")]
    devices: Option<String>,
    /// A name for the sweep
    #[arg(long, default_value = "sweep")]
    name: String,
    /// List the trainings and start none
    #[arg(long)]
    dry_run: bool,
    /// Work the queue off in the background and return at once
    #[arg(long, conflicts_with = "slurm")]
    detach: bool,
    /// Go on with a sweep: what is finished is passed over, what was stopped, crashed or failed is continued
    #[arg(long)]
    resume: bool,
    /// The sweep to go on with [default: the newest]
    #[arg(long, value_name = "S", requires = "resume")]
    sweep_dir: Option<PathBuf>,
    /// Print one JSON object: sweep, status, points, table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    slurm: SlurmArgs,
    /// With --slurm: tasks at a time [default: as many as the cluster has room for]
    #[arg(long, requires = "slurm", value_name = "N")]
    at_once: Option<usize>,
    /// Play a script instead of training
    #[arg(long, hide = true, value_name = "SCRIPT")]
    fake: Option<PathBuf>,
}

impl Args {
    /// Makes the sweep, and works it off or has it worked off.
    pub fn run(self) -> CommandResult {
        let dir = if self.resume { self.existing()? } else { self.new_sweep()? };
        let Some(dir) = dir else { return Ok(Outcome::Done) };
        if self.slurm.slurm {
            return self.submit(&dir);
        }
        if self.detach {
            return self.detached(&dir);
        }
        let stop = StopSignal::new(dir.as_run())?;
        let start = |run: &RunDir, device: Option<&str>| launch(run, device, self.fake.as_ref());
        let status = sweep::work_off(&dir, &start, &stop, &mut report::tell)?;
        report::print(&status, self.json)?;
        Ok(outcome(&status, stop.requested().is_some()))
    }

    fn project(&self) -> Result<Project, Failure> {
        let here = PathBuf::from(".");
        match &self.project {
            Some(path) => Ok(Project::open(path)?),
            None if here.join(SETTINGS_FILE).is_file() => Ok(Project::open(&here)?),
            None => {
                Err(Failure::usage("which project? `deepseg sweep P`, or run it inside a project folder"))
            }
        }
    }

    fn existing(&self) -> Result<Option<SweepDir>, Failure> {
        if self.wishes() != Wishes::default() || !self.axes()?.is_empty() || self.list.is_some() {
            return Err(Failure::usage(
                "a sweep that goes on keeps its settings; only --devices may be given with --resume",
            ));
        }
        let dir = match &self.sweep_dir {
            Some(path) => SweepDir::new(path),
            None => sweep::latest_sweep(self.project()?.dir())?,
        };
        let mut list = Sweep::read(&dir)?;
        if self.dry_run {
            report::print(&SweepStatus::of(dir)?, self.json)?;
            return Ok(None);
        }
        if let Some(devices) = self.devices()? {
            list.devices = devices;
            list.write(&dir)?;
        }
        Ok(Some(dir))
    }

    /// Checks every point; makes the sweep, unless it is only to be shown.
    fn new_sweep(&self) -> Result<Option<SweepDir>, Failure> {
        let project = self.project()?;
        let devices = self.devices()?.unwrap_or_default();
        let points = self.points(&project)?;
        if self.dry_run && self.slurm.slurm {
            slurm::show(&self.script(
                &SweepDir::propose(project.dir(), &self.name),
                points.len(),
                &project,
            )?)?;
            return Ok(None);
        }
        if self.dry_run {
            report::show(&points, self.json)?;
            return Ok(None);
        }
        let dir = sweep::freeze(&project, &self.name, &points)?;
        Sweep { devices, ..Sweep::read(&dir)? }.write(&dir)?;
        Ok(Some(dir))
    }

    fn points(&self, project: &Project) -> Result<Vec<Point>, Failure> {
        let usage = |e: sweep::SweepError| Failure::usage(e.to_string());
        let product = sweep::product(&self.axes()?).map_err(usage)?;
        let listed = match &self.list {
            Some(file) => sweep::points_in_file(file).map_err(usage)?,
            None => vec![Vec::new()],
        };
        let join = |a: &Vec<(String, String)>, b: &Vec<(String, String)>| {
            a.iter().chain(b).cloned().collect::<Vec<_>>()
        };
        let all: Vec<_> = listed.iter().flat_map(|a| product.iter().map(move |b| join(a, b))).collect();
        let earlier = match &self.like {
            Some(like) => Some(TrainConfig::read(&runs::find(&project.runs_dir(), like)?.config())?),
            None => None,
        };
        let checked = |wishes: &Wishes| match &earlier {
            Some(earlier) => settings_like(project.dir(), earlier, wishes),
            None => settings(project, wishes),
        };
        sweep::plan(checked, &self.wishes(), &all).map_err(usage)
    }

    fn axes(&self) -> Result<Vec<Axis>, Failure> {
        let named = [
            ("network", &self.network),
            ("init", &self.init),
            ("preset", &self.preset),
            ("augment", &self.augment),
            ("lr", &self.lr),
            ("batch", &self.batch),
            ("epochs", &self.epochs),
            ("split.fold", &self.fold),
            ("seed", &self.seed),
        ];
        let listed = named.into_iter().filter_map(|(key, text)| Some(Axis::parse(key, text.as_deref()?)));
        let set = self.set.iter().map(|text| Axis::parse_assignment(text));
        listed.chain(set).collect::<Result<_, _>>().map_err(|e| Failure::usage(e.to_string()))
    }

    fn wishes(&self) -> Wishes {
        Wishes { contrast: self.contrast.clone(), ..Wishes::default() }
    }

    fn devices(&self) -> Result<Option<Vec<String>>, Failure> {
        let Some(text) = &self.devices else { return Ok(None) };
        if text.trim() == "auto" {
            return Ok(Some(Device::every_gpu().iter().map(ToString::to_string).collect()));
        }
        let name =
            |part: &str| part.trim().parse::<DeviceChoice>().map(|d| d.to_string()).map_err(Failure::usage);
        text.split(',').map(name).collect::<Result<_, _>>().map(Some)
    }

    fn detached(&self, dir: &SweepDir) -> CommandResult {
        let mut arguments: Vec<OsString> =
            vec!["sweep".into(), "--resume".into(), "--sweep-dir".into(), absolute(dir).into()];
        if let Some(script) = &self.fake {
            arguments.extend(["--fake".into(), script.into()]);
        }
        let pid = runs::launch(&std::env::current_exe()?, &arguments, dir.as_run())?;
        output::note(format_args!(
            "the queue is process {pid}; see it with `deepseg watch {0}`, end it with `deepseg stop {0}`",
            dir.path().display()
        ));
        self.say_where(dir)
    }

    fn submit(&self, dir: &SweepDir) -> CommandResult {
        let list = Sweep::read(dir)?;
        let project = Project::open(&list.project)?;
        let status = report::with_queue(SweepStatus::of(dir.clone())?);
        if matches!(status.word(), "running" | "waiting") {
            return Err(RunError::Busy(dir.path().into()).into());
        }
        let runs = left(&status);
        let lines: String = runs.iter().map(|run| format!("{}\n", run.path().display())).collect();
        let file = dir.file(RUNS_FILE);
        crate::files::write_bytes(&file, lines.as_bytes())?;
        let script = self.script(dir, runs.len(), &project)?;
        let job = runs::slurm::submit(&script, dir.file(runs::slurm::SCRIPT_FILE), &runs);
        if job.is_err() && !self.resume {
            sweep::discard(dir)?;
        }
        let job = job?;
        output::note(format_args!("handed in as job array {} with {} tasks", job.job, runs.len()));
        self.say_where(dir)
    }

    fn script(
        &self,
        dir: &SweepDir,
        tasks: usize,
        project: &Project,
    ) -> Result<runs::slurm::JobScript, Failure> {
        let place = SweepDir::new(absolute(dir));
        Ok(runs::slurm::JobScript {
            name: dir.name(),
            output: place.as_run().console(),
            array: Some(runs::slurm::Array { tasks, at_once: self.at_once }),
            options: self.slurm.over_those_of(project)?,
            program: slurm::program()?,
            work: runs::slurm::Work::TrainListed { list: place.file(RUNS_FILE) },
        })
    }

    fn say_where(&self, dir: &SweepDir) -> CommandResult {
        if self.json {
            output::json(&report::as_json(&report::with_queue(SweepStatus::of(dir.clone())?)))?;
        } else {
            output::line(dir.path().display());
        }
        Ok(Outcome::Done)
    }
}

/// The runs that are not done.
fn left(status: &SweepStatus) -> Vec<RunDir> {
    let open = status.points.iter().filter(|point| point.run.state != RunState::Done);
    open.map(|point| point.run.dir.clone()).collect()
}

/// One run directory per line, in the order of the tasks.
const RUNS_FILE: &str = "runs.txt";

fn absolute(dir: &SweepDir) -> PathBuf {
    std::path::absolute(dir.path()).unwrap_or_else(|_| dir.path().to_owned())
}

fn launch(run: &RunDir, device: Option<&str>, fake: Option<&PathBuf>) -> Result<u32, RunsError> {
    let mut arguments: Vec<OsString> =
        vec!["train".into(), "--run-dir".into(), run.path().into(), "--resume".into()];
    if let Some(device) = device {
        arguments.extend(["--device".into(), device.into()]);
    }
    if let Some(script) = fake {
        arguments.extend(["--fake".into(), script.into()]);
    }
    let program =
        std::env::current_exe().map_err(|source| RunsError::Spawn { program: "deepseg".into(), source })?;
    runs::launch(&program, &arguments, run)
}

fn outcome(status: &SweepStatus, stopped: bool) -> Outcome {
    match (stopped, status.count(|s| *s == RunState::Done) == status.points.len()) {
        (_, true) => Outcome::Done,
        (true, false) => Outcome::Interrupted,
        (false, false) => Outcome::Problems,
    }
}
