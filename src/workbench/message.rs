//! What happens to the workbench (messages) and what it asks for (effects). Plain values on both sides.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::MouseEvent;
use ratatui::layout::Size;

use super::keys::Key;
use super::model::{Curves, Evaluation, MarkChange, PatchRequest, ProjectCard, QcNote, RunRow, SubjectRow};
use super::scene::Scene;
use super::side::{Side, SideKind};
use super::state::points::Opened;
use super::state::{JobKind, Level, Pane};
use super::trial::TrialNews;
use crate::training::{EpochSample, PatchPage};

/// Something that happened.
pub(crate) enum Msg {
    Key(Key),
    Mouse(MouseEvent),
    Paste(String),
    Resize(Size),
    /// Unix time, seconds.
    Tick(f64),
    /// The system asks the process to end.
    Terminate,
    /// The system asks the process to stop until it is continued.
    Suspend,
    /// A project is open, its scans listed with nothing known of them but their names and files.
    Opened(Result<(ProjectCard, Vec<SubjectRow>), String>),
    /// What is known of some scans now.
    Rows(Vec<SubjectRow>),
    Scene {
        generation: u64,
        answer: Result<Arc<Scene>, String>,
    },
    /// News of the centerline methods of the scan that is compared.
    Trials {
        generation: u64,
        news: TrialNews,
    },
    /// The centerline of a scan comes from another method now, or why it does not.
    CenterlineChosen {
        id: String,
        result: Result<String, String>,
    },
    /// What the project knows of the points of the scan they are placed on.
    PointsOpened {
        generation: u64,
        answer: Result<Opened, String>,
    },
    /// That scan from the side.
    Sided {
        generation: u64,
        side: Arc<Side>,
    },
    /// Augmented patches to look at.
    Patches {
        generation: u64,
        answer: Result<Arc<PatchPage>, String>,
    },
    /// The mark of a scan was written.
    Marked {
        id: String,
        result: Result<QcNote, String>,
    },
    /// These scans have another centerline now: their crops are to follow.
    CenterlinesChanged(Vec<String>),
    Job(JobNews),
    Runs(Box<RunNews>),
    /// Jobs can be handed to a cluster from this machine.
    Cluster(bool),
    /// What a sweep or a job would be, in lines.
    Preview(Result<String, String>),
    /// A sweep was asked to end, or goes on; a sentence.
    Swept(Result<&'static str, String>),
    /// A training was started or resumed in this directory.
    Launched(Result<PathBuf, String>),
    /// A run was asked to stop.
    StopAsked(Result<PathBuf, String>),
    Evaluations {
        evaluations: Vec<Evaluation>,
        prefer: Option<PathBuf>,
    },
}

/// The runs of the project, and more of those that are looked at.
#[derive(Default)]
pub(crate) struct RunNews {
    /// Newest first.
    pub(crate) runs: Vec<RunRow>,
    pub(crate) curves: Vec<(PathBuf, Arc<Curves>)>,
    /// The samples of the chosen run, by epoch.
    pub(crate) film: Option<(PathBuf, Vec<Arc<EpochSample>>)>,
    /// The last lines of the chosen run's console.
    pub(crate) console: Option<(PathBuf, Vec<String>)>,
}

/// What the training screen shows of the runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Look {
    pub(crate) selected: Option<PathBuf>,
    pub(crate) marked: Vec<PathBuf>,
    pub(crate) pane: Pane,
}

/// A scan's scene in an effect: equal to itself only, for nobody compares voxels.
#[derive(Clone)]
pub(crate) struct Seen(pub(crate) Arc<Scene>);

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.key)
    }
}

/// News of the job in the background.
pub(crate) enum JobNews {
    Progress {
        done: usize,
        total: usize,
        current: String,
    },
    /// One entry for the log.
    Said(Level, String),
    /// The job has ended; one sentence about how.
    Ended {
        kind: JobKind,
        level: Level,
        text: String,
        made: Option<PathBuf>,
    },
}

/// Something to do outside the state. Every one is answered by a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    Open(PathBuf),
    /// Look at the stages of all scans anew.
    Survey,
    /// Look at all headers, and at the stages again.
    CheckHeaders,
    /// Decode a scan; afterwards, if nothing newer is asked for, decode the neighbours too.
    LoadScene {
        key: String,
        generation: u64,
        neighbours: Vec<String>,
        fresh: bool,
    },
    /// Tell what is known of every centerline method of a scan and try those of which nothing is; with `again`, that one method
    /// anew. Ends whatever an earlier request still does.
    TryMethods {
        key: String,
        generation: u64,
        again: Option<String>,
    },
    /// End what the last `TryMethods` still does.
    DropTrials,
    /// Read what was placed on a scan earlier.
    OpenPoints {
        key: String,
        generation: u64,
    },
    /// Save the points of a scan (RPI voxels) and decide for them.
    SavePoints {
        id: String,
        points: Vec<[f64; 3]>,
    },
    /// Make a picture of a scan from the side, along a line (x on every slice) where there is one.
    LookFromSide {
        scene: Seen,
        generation: u64,
        line: Option<Vec<f64>>,
        wanted: Option<SideKind>,
    },
    /// Cut patches and change them at random.
    LookAtPatches {
        request: PatchRequest,
        generation: u64,
    },
    /// Let go what was read for the patches.
    DropPatches,
    /// Change the quality-control mark of a scan.
    Mark {
        id: String,
        change: MarkChange,
    },
    /// Try the other centerline methods of scans, each until one is believable, and decide for that.
    Rescue {
        ids: Vec<String>,
    },
    /// Decide which method a scan's centerline comes from.
    ChooseCenterline {
        id: String,
        method: String,
    },
    Preprocess {
        ids: Option<Vec<String>>,
        force: bool,
    },
    Check,
    Evaluate {
        run: PathBuf,
    },
    MakeDemo,
    CancelJob,
    PollRuns(Look),
    Launch {
        arguments: Vec<OsString>,
    },
    /// Have this program make a sweep or a job: the command and its options.
    Order {
        command: &'static str,
        options: Vec<OsString>,
    },
    /// Tell what [`Effect::Order`] would do.
    Preview {
        command: &'static str,
        options: Vec<OsString>,
    },
    StopSweep(PathBuf),
    ResumeSweep(PathBuf),
    /// Go on with a run, to a larger number of epochs when one is given.
    Resume {
        run: PathBuf,
        epochs: Option<u32>,
    },
    Stop {
        run: PathBuf,
        now: bool,
    },
    LoadEvaluations {
        prefer: Option<PathBuf>,
    },
}
