//! `deepseg train P`: train here, or detached; new or resumed. What is said while it goes is read from the run directory, as any
//! other viewer would.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;

use super::narrator::Narrator;
use super::output::{self, CommandResult, Failure, Outcome};
use super::run_report;
use super::slurm::{self, SlurmArgs};
use crate::dataset::{Project, SETTINGS_FILE};
use crate::runs::slurm::JobScript;
use crate::runs::{self, FakeScript, Live, Liveness, RunState, RunStatus};
use crate::training::{
    RunDir, RunError, RunWriter, StopSignal, TrainConfig, WishError, Wishes, fits_here, guarded,
    prepare_and_train, settings, settings_like,
};

/// Train a network on a project's crops
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project [default: the folder here, or the one a resumed run names]
    #[arg(value_name = "P")]
    project: Option<PathBuf>,
    /// The contrast to learn, where the project has several: t2, t2_ax, t2s, t1 or another name [default: the most frequent]
    #[arg(long)]
    contrast: Option<String>,
    /// Epochs to reach; with --resume a larger number goes on from there
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    epochs: Option<u32>,
    /// Patches in a batch
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Learning rate at the start
    #[arg(long, value_name = "X")]
    lr: Option<f64>,
    /// The network: small, t2s, t2_ax, or a TOML file that describes one
    #[arg(long, value_name = "NAME|FILE")]
    network: Option<String>,
    /// Weights to start from, with their network: a model, a run directory (its best model), or SCT's .h5 or .onnx [default: fresh]
    #[arg(long, value_name = "MODEL|FILE")]
    init: Option<PathBuf>,
    /// A set of settings: fine-tune (with --init), recipe (the published networks'), nnunet; other options still change them
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// auto, cpu, cuda or cuda:1
    #[arg(long)]
    device: Option<String>,
    /// Seed of weights, order, augmentation and split
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Cross-validation: fold K of N validates, or tests where the project holds nobody out for testing
    #[arg(long, value_name = "K/N")]
    fold: Option<String>,
    /// Random changes of the patches: none, flips, standard or strong [default: flips]
    #[arg(long, value_name = "PRESET")]
    augment: Option<String>,
    /// Any setting of the run's config.toml, e.g. schedule.patience=5; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Start from the settings and the split of an earlier run (its name or directory); other options change them
    #[arg(long, value_name = "R", conflicts_with = "resume")]
    like: Option<String>,
    /// The run directory [default: P/runs/<utc>-<network>; with --resume the newest run]
    #[arg(long, value_name = "R")]
    run_dir: Option<PathBuf>,
    /// Start in the background, in a session of its own, and return at once
    #[arg(long, conflicts_with = "slurm")]
    detach: bool,
    /// Go on with a stopped, crashed or finished run
    #[arg(long)]
    resume: bool,
    /// Use the crops as they are; without this, missing and stale ones are made first
    #[arg(long, conflicts_with = "slurm")]
    no_preprocess: bool,
    /// Print one JSON object: run, epochs, best, status
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    slurm: SlurmArgs,
    /// With --slurm: print the script and hand nothing in
    #[arg(long, requires = "slurm")]
    dry_run: bool,
    /// Play a script instead of training
    #[arg(long, hide = true, value_name = "SCRIPT", conflicts_with = "slurm")]
    fake: Option<PathBuf>,
}

impl Args {
    /// Trains, or starts a trainer.
    pub fn run(self) -> CommandResult {
        let dir = self.directory()?;
        if self.slurm.slurm {
            return self.submitted(&dir);
        }
        if self.detach {
            return self.detached(&dir);
        }
        let status = match self.already_done(&dir) {
            Some(status) => status,
            None => self.train(dir)?,
        };
        run_report::print(&status, self.json)?;
        match status.state {
            RunState::Failed(message) if self.json => Err(Failure::work(message)),
            RunState::Failed(_) | RunState::Crashed => Ok(Outcome::Problems),
            RunState::Stopped => Ok(Outcome::Interrupted),
            _ => Ok(Outcome::Done),
        }
    }

    /// Where the run is or will be. Checks the wishes on the way, so that mistakes are answered before anything is made.
    fn directory(&self) -> Result<RunDir, Failure> {
        if self.resume {
            self.refuse_changes()?;
            return match &self.run_dir {
                Some(path) => Ok(RunDir::new(path)),
                None => Ok(runs::latest(&self.project()?.runs_dir())?),
            };
        }
        if self.fake.is_some() {
            let path = self.run_dir.as_ref().ok_or_else(|| Failure::usage("--fake needs --run-dir"))?;
            return Ok(RunDir::new(path));
        }
        let project = self.project()?;
        let config = self.settings(&project)?;
        // On a cluster the job asks its own machine.
        if !self.slurm.slurm {
            fits_here(&config).map_err(|error| Failure::usage(error.to_string()))?;
        }
        Ok(self
            .run_dir
            .as_ref()
            .map_or_else(|| RunDir::propose(&project.runs_dir(), config.network.name()), RunDir::new))
    }

    /// Resuming a finished run without wanting more epochs is no work; so a job that is queued again does no harm.
    fn already_done(&self, dir: &RunDir) -> Option<RunStatus> {
        let status = Live::open(dir.clone()).ok().filter(|_| self.resume)?.status();
        let enough = self.epochs.is_none_or(|epochs| epochs <= status.epoch);
        (status.state == RunState::Done && enough).then_some(status)
    }

    fn train(&self, dir: RunDir) -> Result<RunStatus, Failure> {
        let is_new = !dir.path().exists() && self.fake.is_none();
        let stop = StopSignal::new(&dir)?;
        let (mut run, config) = self.open(&dir)?;
        let narrator = Narrator::start(&dir)?;
        // The failure, if any, is the run's last word, which the status below repeats.
        let _ = guarded(&mut run, |run| self.work(run, config, &stop));
        drop(run);
        drop(narrator);
        let status = Live::open(dir.clone())?.status();
        match &status.state {
            RunState::Failed(message) if is_new && status.epochs == 0 => Err(discard(&dir, message)),
            _ => Ok(status),
        }
    }

    /// Takes the run: a new one with the settings wished for, a resumed one with its own.
    fn open(&self, dir: &RunDir) -> Result<(RunWriter, TrainConfig), Failure> {
        if self.resume {
            let (run, mut config) = RunWriter::resume(dir.clone())?;
            self.changes().apply(&mut config)?;
            run.freeze(&config)?;
            return Ok((run, config));
        }
        let config = match self.fake {
            Some(_) => TrainConfig::default(),
            None => self.settings(&self.project()?)?,
        };
        Ok((RunWriter::create(dir.clone(), &config)?, config))
    }

    fn work(
        &self,
        run: &mut RunWriter,
        config: TrainConfig,
        stop: &StopSignal,
    ) -> Result<(), Box<dyn Error>> {
        match &self.fake {
            Some(script) => runs::play(&FakeScript::read(script)?, run, stop)?,
            None => prepare_and_train(config, run, stop, !self.no_preprocess).map(|_| ())?,
        }
        Ok(())
    }

    fn detached(&self, dir: &RunDir) -> CommandResult {
        let exe = std::env::current_exe()?;
        let pid = runs::launch(&exe, &arguments_for_child(dir, self.run_dir.is_some()), dir)?;
        output::note(format_args!(
            "training in process {pid}; follow it with `deepseg watch`, end it with `deepseg stop`"
        ));
        if self.json {
            output::json(&run_report::as_json(&Live::open(dir.clone())?.status()))?;
        } else {
            output::line(dir.path().display());
        }
        Ok(Outcome::Done)
    }

    /// Freezes the settings and hands the run to Slurm; a run that is resumed keeps its own.
    fn submitted(&self, dir: &RunDir) -> CommandResult {
        let (project, config) = self.to_submit(dir)?;
        let script = JobScript::training(slurm::program()?, dir, self.slurm.over_those_of(&project)?);
        if self.dry_run {
            slurm::show(&script)?;
            return Ok(Outcome::Done);
        }
        let job = runs::slurm::submit_training(&script, dir, &config)?;
        let run = dir.path().display();
        output::note(format_args!(
            "handed in as job {}; follow it with `deepseg watch {run}`, end it with `deepseg stop {run}`",
            job.job
        ));
        if self.json {
            let status = slurm::with_queue(vec![Live::open(dir.clone())?.status()]);
            status.iter().try_for_each(|s| output::json(&run_report::as_json(s)))?;
        } else {
            output::line(run);
        }
        Ok(Outcome::Done)
    }

    /// The project and the settings to freeze: new ones, or those of the run that is resumed.
    fn to_submit(&self, dir: &RunDir) -> Result<(Project, TrainConfig), Failure> {
        if !self.resume {
            let project = self.project()?;
            if dir.config().exists() {
                return Err(RunError::Exists(dir.path().into()).into());
            }
            let config = self.settings(&project)?;
            return Ok((project, config));
        }
        let status = slurm::with_queue(vec![Live::open(dir.clone())?.status()]);
        if status.iter().any(|s| s.queue.is_some() && s.state.is_alive()) || is_held(dir) {
            return Err(RunError::Busy(dir.path().into()).into());
        }
        let mut config = TrainConfig::read(&dir.config())?;
        self.changes().apply(&mut config)?;
        Ok((Project::open(&config.project)?, config))
    }

    fn project(&self) -> Result<Project, Failure> {
        let here = PathBuf::from(".");
        match &self.project {
            Some(path) => Ok(Project::open(path)?),
            None if here.join(SETTINGS_FILE).is_file() => Ok(Project::open(&here)?),
            None => {
                Err(Failure::usage("which project? `deepseg train P`, or run it inside a project folder"))
            }
        }
    }

    /// The settings of a new run: the project's, or an earlier run's, changed as wished.
    fn settings(&self, project: &Project) -> Result<TrainConfig, Failure> {
        let refuse = |error: WishError| Failure::usage(error.to_string());
        let Some(like) = &self.like else { return settings(project, &self.wishes()).map_err(refuse) };
        let earlier = TrainConfig::read(&runs::find(&project.runs_dir(), like)?.config())?;
        settings_like(project.dir(), &earlier, &self.wishes()).map_err(refuse)
    }

    fn wishes(&self) -> Wishes {
        Wishes {
            contrast: self.contrast.clone(),
            epochs: self.epochs,
            batch: self.batch,
            lr: self.lr,
            network: self.network.clone(),
            init: self.init.clone(),
            preset: self.preset.clone(),
            device: self.device.clone(),
            seed: self.seed,
            fold: self.fold.clone(),
            augment: self.augment.clone(),
            set: self.set.clone(),
        }
    }

    /// What may change when a run is resumed.
    fn changes(&self) -> Wishes {
        Wishes { epochs: self.epochs, device: self.device.clone(), ..Wishes::default() }
    }

    /// A resumed run goes on as it was frozen; only its length and its device may change.
    fn refuse_changes(&self) -> Result<(), Failure> {
        if self.wishes() == self.changes() {
            return Ok(());
        }
        Err(Failure::usage(
            "a resumed run keeps its settings; only --epochs and --device may be given with --resume",
        ))
    }
}

fn is_held(dir: &RunDir) -> bool {
    runs::liveness(dir) == Liveness::Alive
}

/// Takes a directory away that this command made and in which nothing was trained: there is nothing to look at or go on with.
fn discard(dir: &RunDir, message: &str) -> Failure {
    match std::fs::remove_dir_all(dir.path()) {
        Ok(()) => Failure::work(message),
        Err(error) => {
            Failure::work(format!("{message} ({}: cannot be removed, {error})", dir.path().display()))
        }
    }
}

/// This command line again, for the process that really trains.
fn arguments_for_child(dir: &RunDir, says_where: bool) -> Vec<OsString> {
    let own = std::env::args_os().skip(1);
    let mut all: Vec<OsString> = own.filter(|a| a != "--detach" && a != "--json").collect();
    if !says_where {
        all.extend(["--run-dir".into(), dir.path().into()]);
    }
    all
}
