//! What can lie over a screen: help, the palette, a question, the log, the filter line, the training form.

use std::path::PathBuf;

use super::Screen;

/// Where to go after a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Go(Screen),
    Quit,
}

/// A question with consequences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Stop a run after its current step, with a checkpoint.
    Stop(PathBuf),
    /// Kill a run that was already asked to stop.
    Kill(PathBuf),
    /// Stop a sweep's trainings and start no more.
    StopSweep(PathBuf),
    /// Leave although a job of this process runs.
    QuitWithJob,
    /// Redo the crops of all scans.
    Redo,
    /// Leave points that are not saved.
    DropPoints(After),
    /// Try other centerline methods on these scans.
    Rescue(Vec<String>),
}

impl Question {
    /// The question, and what follows from yes.
    pub(crate) fn text(&self) -> [String; 2] {
        let words = match self {
            Self::Rescue(ids) => {
                let ask = format!("Try the other centerline methods on {} failing scans?", ids.len());
                let then = "Each takes its first believable one, and its crop is made anew. x stops it; what is found stays.";
                return [ask, then.to_owned()];
            }
            Self::DropPoints(_) => [
                "Leave without saving the points?",
                "n stays; w saves them and makes the crop of this scan anew.",
            ],
            Self::Stop(_) => [
                "Stop this training?",
                "It finishes the step, writes a checkpoint and can be resumed with u.",
            ],
            Self::Kill(_) => [
                "Kill this training now?",
                "It was asked to stop already. At most the current epoch is lost; u resumes.",
            ],
            Self::StopSweep(_) => [
                "Stop this sweep?",
                "Its trainings finish the step and write a checkpoint; the others stay waiting. U goes on.",
            ],
            Self::QuitWithJob => [
                "Quit and cancel the work in progress?",
                "What is finished stays. Trainings go on in any case.",
            ],
            Self::Redo => ["Preprocess every scan again?", "All crops are up to date; this makes them anew."],
        };
        words.map(str::to_owned)
    }
}

/// What lies over the screen and takes the keys first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Modal {
    Help {
        scroll: usize,
    },
    Palette {
        query: String,
        selected: usize,
    },
    Confirm(Question),
    Log {
        back: usize,
    },
    Filter,
    /// What is wrong with the chosen scan is being typed.
    Comment {
        text: String,
    },
    /// A digit is awaited: the chosen scan's rank.
    Rank,
    Form,
    /// A new number of epochs is being typed for a finished run.
    Epochs {
        text: String,
    },
    /// What the form would make: a script, or a list of trainings.
    Script {
        text: String,
        scroll: usize,
    },
    /// A path is being typed on the start screen.
    Path {
        text: String,
    },
}
