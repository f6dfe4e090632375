//! The rows of the table, by context; within one, the order of the footer.

use super::super::model::SubjectRow;
use super::super::state::{JobKind, Screen, State};
use super::{Action, Binding, Context};

type Enabled = fn(&State) -> bool;
type Hint = Option<super::Hint>;

const ALWAYS: Enabled = |_| true;
const CROPS: Enabled = |s| PROJECT(s) && s.subjects.tally().crops > 0;
const PAGED: Enabled = |s| s.patches.page.is_some();
const PROJECT: Enabled = |s| s.project.is_some();
const IDLE: Enabled = |s| PROJECT(s) && s.job.is_none() && s.subjects.tally().scans > 0;
/// The demo cohort is quick and is made as a whole or not at all.
const JOB: Enabled = |s| s.job.as_ref().is_some_and(|j| !j.cancelling && j.kind != JobKind::Demo);
const SCENE: Enabled = |s| s.viewer.scene.is_some();
const MASK: Enabled = |s| s.viewer.scene.as_ref().is_some_and(|v| v.mask.is_some());
const CURVE: Enabled = |s| s.viewer.scene.as_ref().is_some_and(|v| !v.curve.is_empty());
const BOX: Enabled = |s| s.viewer.scene.as_ref().is_some_and(|v| !v.boxes.is_empty());
const PREDICTION: Enabled = |s| s.viewer.scene.as_ref().is_some_and(|v| v.prediction.is_some());
const FAILING: Enabled = |s| s.subjects.tally().failing > 0;
const FILTERED: Enabled = |s| !s.subjects.filter.is_empty() || s.viewer.wide;
const ALIVE: Enabled = |s| s.training.current().is_some_and(|r| r.state.is_alive());
const RUN: Enabled = |s| s.training.current().is_some();
const SEVERAL_RUNS: Enabled = |s| s.training.runs.len() > 1;
const RESUMABLE: Enabled = |s| s.training.current().is_some_and(|r| r.state.can_resume());
const FRAMES: Enabled = |s| !s.training.film.frames.is_empty();
const SWEPT: Enabled = |s| s.training.current().is_some_and(|r| r.sweep.is_some());
const EVALUABLE: Enabled = |s| IDLE(s) && s.training.current().is_some_and(|r| r.epoch > 0);
const SCORED: Enabled = |s| s.results.current().is_some();
const SEVERAL: Enabled = |s| s.results.evaluations.len() > 1;
/// The chosen card shows a curve.
const CURVED: Enabled = |s| s.compare.current().is_some_and(|p| p.drawn().is_some());
const CARDS: Enabled = |s| s.compare.cards() > 1;
const CHOSEN: Enabled = |s| PROJECT(s) && s.subjects.current().is_some();
const AT_HAND: Enabled = |s| PROJECT(s) && s.viewer.current() && s.viewer.error.is_none();
const PLACING: Enabled = |s| s.points.known.is_some() && !s.points.saving;
const POINTED: Enabled = |s| PLACING(s) && s.points.edit.on(s.points.z()).is_some();
const POINTS: Enabled = |s| PLACING(s) && s.points.edit.count() > 0;
const SAVEABLE: Enabled =
    |s| PLACING(s) && s.points.curve.is_some() && (s.points.edit.count() > 1 || s.points.flat());
const EARLIER: Enabled = |s| s.points.scene.as_ref().is_some_and(|v| !v.curve.is_empty());
const LISTED: Enabled = |s| s.screen != Screen::Image;

const fn row(
    context: Context,
    keys: &'static [&'static str],
    action: Action,
    label: &'static str,
    help: &'static str,
    hint: Hint,
    enabled: Enabled,
) -> Binding {
    Binding { context, keys, action, label, help, hint, enabled }
}

/// Keys and words in the footer; lower ranks come first.
const fn hint(rank: u8, keys: &'static str, words: &'static str) -> Hint {
    Some(super::Hint { rank, keys, words })
}

use Action as A;
use Context as C;

/// All bindings.
#[rustfmt::skip]
pub(crate) static BINDINGS: &[Binding] = &[
    row(C::Start, &["up", "k"], A::Up, "Line above", "Choose the line above", hint(3, "↑↓", "choose"), ALWAYS),
    row(C::Start, &["down", "j"], A::Down, "Line below", "Choose the line below", None, ALWAYS),
    row(C::Start, &["enter"], A::Choose, "Take the line", "Do what the chosen line says", hint(3, "⏎", "take"), ALWAYS),
    row(C::Start, &["o"], A::OpenPath, "Open a path", "Type the path of a project or a dataset", hint(3, "o", "open a path"), ALWAYS),
    row(C::Start, &["d"], A::MakeDemo, "Demo cohort", "Make a synthetic cohort with known truth and open it", hint(3, "d", "demo"), |s| s.job.is_none()),

    row(C::Subjects, &["up", "k"], A::Up, "Previous subject", "Walk to the subject above", hint(1, "↑↓", "subject"), ALWAYS),
    row(C::Subjects, &["down", "j"], A::Down, "Next subject", "Walk to the subject below", None, ALWAYS),
    row(C::Subjects, &["pgup"], A::PageUp, "Page up", "A page of subjects up", None, ALWAYS),
    row(C::Subjects, &["pgdn"], A::PageDown, "Page down", "A page of subjects down", None, ALWAYS),
    row(C::Subjects, &["home", "g"], A::First, "First subject", "The first of the list", None, ALWAYS),
    row(C::Subjects, &["end", "G"], A::Last, "Last subject", "The last of the list", None, ALWAYS),
    row(C::Viewer, &["left"], A::SliceBack, "Slice back", "One slice back along the cut (wheel too)", hint(2, "←→", "slice"), SCENE),
    row(C::Viewer, &["right"], A::SliceOn, "Slice on", "One slice on along the cut (wheel too)", None, SCENE),
    row(C::Subjects, &["p"], A::PreprocessOne, "Preprocess this scan", "Centerline, resampling and crop of the chosen scan, in the background", hint(9, "p", "preprocess this"), IDLE),
    row(C::Subjects, &["P"], A::PreprocessAll, "Preprocess all", "Every scan that is not up to date; again: everything anew", hint(3, "P", "preprocess all"), IDLE),
    row(C::Subjects, &["n"], A::NextFailing, "Next failing", "The next scan that needs a look", hint(6, "n", "next failing"), FAILING),
    row(C::Subjects, &["N"], A::PreviousFailing, "Previous failing", "The previous scan that needs a look", None, FAILING),
    row(C::Subjects, &["/"], A::Filter, "Filter", "Type words of the name; ! keeps the failing scans, =fail =pass =artifact =none those marked so", hint(7, "/", "filter"), PROJECT),
    row(C::Subjects, &["F"], A::Rescue, "Fix failing centerlines", "The other methods on every scan without a believable centerline, until one is", hint(6, "F", "fix all"), |s| IDLE(s) && s.subjects.rows().iter().any(SubjectRow::needs_centerline)),
    row(C::Subjects, &["f"], A::MarkFail, "Mark fail", "Mark the scan fail; again: take the mark back", hint(13, "f y", "mark"), CHOSEN),
    row(C::Subjects, &["y"], A::MarkPass, "Mark pass", "Mark the scan pass; again: take the mark back", None, CHOSEN),
    row(C::Subjects, &["A"], A::MarkArtifact, "Mark artifact", "Mark the scan spoilt by an artifact; again: take the mark back", None, CHOSEN),
    row(C::Subjects, &["w"], A::Comment, "Comment", "Write a comment on the scan", None, CHOSEN),
    row(C::Subjects, &["R"], A::Rank, "Rank", "Give the scan a rank from 0 to 9", None, CHOSEN),
    row(C::Subjects, &["O"], A::NextOrder, "Order", "Failing scans first, or all by name", None, PROJECT),
    row(C::Subjects, &["enter"], A::Enlarge, "Enlarge", "The slice viewer alone, and back", hint(8, "⏎", "enlarge"), SCENE),
    row(C::Subjects, &["esc"], A::ClearFilter, "Back", "Leave the large viewer, then drop the filter", None, FILTERED),
    row(C::Subjects, &["C"], A::Compare, "Compare centerlines", "Every centerline method on this scan, side by side", hint(7, "C", "compare methods"), CHOSEN),
    row(C::Subjects, &["e"], A::Points, "Place points", "Draw the chosen scan's centerline by points placed by hand", hint(5, "e", "points"), AT_HAND),
    row(C::Subjects, &["K"], A::Check, "Check the dataset", "Read every image and mask and list what is wrong, in the background", None, |s| PROJECT(s) && s.job.is_none()),

    row(C::Image, &["up", "k"], A::SliceOn, "Slice on", "One slice on along the cut", None, SCENE),
    row(C::Image, &["down", "j"], A::SliceBack, "Slice back", "One slice back along the cut", None, SCENE),

    row(C::Points, &["enter"], A::PlacePoint, "Place a point", "Place the point of this slice under the cursor, or drop the one that moves (click too)", hint(1, "⏎", "place"), PLACING),
    row(C::Points, &["space"], A::PlaceAndGo, "Place and go on", "Place a point, then go 20 mm towards the feet", hint(2, "space", "and 20 mm down"), PLACING),
    row(C::Points, &["s"], A::SnapPoint, "Snap", "Place the point on the cord's centre near the cursor", hint(3, "s", "snap"), PLACING),
    row(C::Points, &["d", "delete", "backspace"], A::DeletePoint, "Delete the point", "Take away the point of this slice (right click too)", hint(3, "d", "delete"), POINTED),
    row(C::Points, &["g"], A::GrabPoint, "Grab the point", "Move the point of this slice with the cursor; again: drop it (drag too)", hint(3, "g", "grab"), POINTED),
    row(C::Points, &["w"], A::SavePoints, "Save", "Save the points and make the scan's crop anew", hint(1, "w", "save"), SAVEABLE),
    row(C::Points, &["u"], A::UndoPoints, "Undo", "Take the last step back", hint(3, "u", "undo"), |s| PLACING(s) && s.points.edit.steps().0),
    row(C::Points, &["ctrl-r", "U"], A::RedoPoints, "Redo", "Do the step again that was taken back", hint(3, "^R", "redo"), |s| PLACING(s) && s.points.edit.steps().1),
    row(C::Points, &["n"], A::NextPoint, "Next point", "To the next point towards the feet", hint(3, "n N", "point"), POINTS),
    row(C::Points, &["N"], A::PreviousPoint, "Previous point", "To the next point towards the head", None, POINTS),
    row(C::Points, &["tab"], A::OtherPane, "Other picture", "Move the cursor in the other picture", hint(3, "tab", "side/axial"), PLACING),
    row(C::Points, &["up"], A::CursorUp, "Cursor up", "Move the cursor; from the side it follows the cord (wheel too)", None, PLACING),
    row(C::Points, &["down"], A::CursorDown, "Cursor down", "Move the cursor; from the side it follows the cord (wheel too)", None, PLACING),
    row(C::Points, &["left"], A::CursorLeft, "Cursor left", "Move the cursor", None, PLACING),
    row(C::Points, &["right"], A::CursorRight, "Cursor right", "Move the cursor", None, PLACING),
    row(C::Points, &["shift-up"], A::LeapUp, "Cursor far up", "Five times as far", None, PLACING),
    row(C::Points, &["shift-down"], A::LeapDown, "Cursor far down", "Five times as far", None, PLACING),
    row(C::Points, &["shift-left"], A::LeapLeft, "Cursor far left", "Five times as far", None, PLACING),
    row(C::Points, &["shift-right"], A::LeapRight, "Cursor far right", "Five times as far", None, PLACING),
    row(C::Points, &["pgup"], A::PageUp, "20 mm up", "20 mm towards the head", None, PLACING),
    row(C::Points, &["pgdn"], A::PageDown, "20 mm down", "20 mm towards the feet", None, PLACING),
    row(C::Points, &["v"], A::NextSide, "Other side view", "Along the curve, mean of the middle, brightest of the middle", hint(12, "v", "view"), PLACING),
    row(C::Points, &["l"], A::ToggleCenterline, "Earlier centerline", "The scan's earlier centerline on and off", None, EARLIER),
    row(C::Points, &["b"], A::ToggleCrop, "Crop box", "Box of the crop to come on and off", None, PLACING),
    row(C::Points, &["+", "="], A::ZoomIn, "Zoom in", "Closer, around the cursor", hint(13, "+ -", "zoom"), PLACING),
    row(C::Points, &["-"], A::ZoomOut, "Zoom out", "Farther", None, PLACING),
    row(C::Points, &["0"], A::ResetView, "Reset the view", "The usual zoom, window and side view", None, PLACING),
    row(C::Points, &["."], A::Brighter, "Brighter", "Shift the grey window", None, PLACING),
    row(C::Points, &[","], A::Darker, "Darker", "Shift the grey window", None, PLACING),
    row(C::Points, &[">"], A::MoreContrast, "More contrast", "Narrow the grey window", None, PLACING),
    row(C::Points, &["<"], A::LessContrast, "Less contrast", "Widen the grey window", None, PLACING),
    row(C::Points, &["esc"], A::LeavePoints, "Back", "Put a moving point back; else back to the list, asking when points are not saved", hint(3, "esc", "back"), ALWAYS),

    row(C::Viewer, &["m"], A::ToggleMask, "Mask outline", "Lesion mask on and off", hint(12, "m", "mask"), MASK),
    row(C::Viewer, &["l"], A::ToggleCenterline, "Centerline", "Centerline on and off", hint(12, "l", "line"), CURVE),
    row(C::Viewer, &["b"], A::ToggleCrop, "Crop box", "Box of the crop on and off", hint(12, "b", "box"), BOX),
    row(C::Viewer, &["o"], A::TogglePrediction, "Prediction outline", "The model's output on and off", hint(12, "o", "prediction"), PREDICTION),
    row(C::Viewer, &["v"], A::ToggleAll, "All overlays", "All marks off, and on again", None, SCENE),
    row(C::Viewer, &["a"], A::Axial, "Axial", "Cut across the cord", hint(10, "a s c", "cut"), SCENE),
    row(C::Viewer, &["s"], A::Sagittal, "Sagittal", "Cut seen from the side", None, SCENE),
    row(C::Viewer, &["c"], A::Coronal, "Coronal", "Cut seen from the front", None, SCENE),
    row(C::Viewer, &["+", "="], A::ZoomIn, "Zoom in", "Closer, around the cursor", hint(11, "+ -", "zoom"), SCENE),
    row(C::Viewer, &["-"], A::ZoomOut, "Zoom out", "Farther", None, SCENE),
    row(C::Viewer, &["0"], A::ResetView, "Reset the view", "Whole slice, window from the data, cursor where the lesion is", None, SCENE),
    row(C::Viewer, &["shift-left"], A::CursorLeft, "Cursor left", "Move the cursor (click too)", None, SCENE),
    row(C::Viewer, &["shift-right"], A::CursorRight, "Cursor right", "Move the cursor (click too)", None, SCENE),
    row(C::Viewer, &["shift-up"], A::CursorUp, "Cursor up", "Move the cursor (click too)", None, SCENE),
    row(C::Viewer, &["shift-down"], A::CursorDown, "Cursor down", "Move the cursor (click too)", None, SCENE),
    row(C::Viewer, &["."], A::Brighter, "Brighter", "Shift the grey window (right-drag too)", None, SCENE),
    row(C::Viewer, &[","], A::Darker, "Darker", "Shift the grey window (right-drag too)", None, SCENE),
    row(C::Viewer, &[">"], A::MoreContrast, "More contrast", "Narrow the grey window (right-drag too)", None, SCENE),
    row(C::Viewer, &["<"], A::LessContrast, "Less contrast", "Widen the grey window (right-drag too)", None, SCENE),

    row(C::Compare, &["left", "h"], A::CardBack, "Method before", "Choose the method before (click too)", hint(1, "←→", "method"), CARDS),
    row(C::Compare, &["right", "l"], A::CardOn, "Method after", "Choose the method after (click too)", None, CARDS),
    row(C::Compare, &["up", "k"], A::Up, "Slice up", "One slice towards the head, in all cards (wheel too)", hint(2, "↑↓", "slice"), SCENE),
    row(C::Compare, &["down", "j"], A::Down, "Slice down", "One slice towards the feet, in all cards (wheel too)", None, SCENE),
    row(C::Compare, &["pgup"], A::PageUp, "Five slices up", "Five slices towards the head", None, SCENE),
    row(C::Compare, &["pgdn"], A::PageDown, "Five slices down", "Five slices towards the feet", None, SCENE),
    row(C::Compare, &["enter"], A::AcceptCenterline, "Accept", "Take this method's centerline and make the scan's crop anew (double click too)", hint(3, "⏎", "accept"), CURVED),
    row(C::Compare, &["R"], A::TryAgain, "Try again", "Run the chosen method anew", hint(3, "R", "run again"), |s| s.compare.current().is_some()),
    row(C::Compare, &["n"], A::NextFailing, "Next failing", "Compare the methods on the next scan that needs a look", hint(6, "n", "next failing"), FAILING),
    row(C::Compare, &["N"], A::PreviousFailing, "Previous failing", "Compare the methods on the previous scan that needs a look", None, FAILING),
    row(C::Compare, &["+", "="], A::ZoomIn, "Zoom in", "Closer, around the cord", hint(11, "+ -", "zoom"), SCENE),
    row(C::Compare, &["-"], A::ZoomOut, "Zoom out", "Farther", None, SCENE),
    row(C::Compare, &["0"], A::ResetView, "Reset the view", "The usual width, and the window from the data", None, SCENE),
    row(C::Compare, &["."], A::Brighter, "Brighter", "Shift the grey window", None, SCENE),
    row(C::Compare, &[","], A::Darker, "Darker", "Shift the grey window", None, SCENE),
    row(C::Compare, &[">"], A::MoreContrast, "More contrast", "Narrow the grey window", None, SCENE),
    row(C::Compare, &["<"], A::LessContrast, "Less contrast", "Widen the grey window", None, SCENE),
    row(C::Compare, &["e"], A::Points, "Place points", "None is right: place points by hand and see the curve at once", hint(5, "e", "points"), AT_HAND),
    row(C::Compare, &["esc"], A::LeaveCompare, "Back", "Back to the list; what is still running stops", hint(4, "esc", "back"), ALWAYS),

    row(C::Training, &["n"], A::NewRun, "New training", "Fill in the form and start a training that outlives this terminal", hint(3, "n", "new training"), PROJECT),
    row(C::Training, &["p"], A::LookAtPatches, "Augmented patches", "Training patches with their masks, as the network will see them", None, CROPS),
    row(C::Training, &["N"], A::CloneRun, "New training like this", "The form filled in as the chosen run was, on the same split; only what you change differs", hint(9, "N", "like this"), RUN),
    row(C::Training, &["up", "k"], A::Up, "Run above", "Choose the run above", hint(3, "↑↓", "run"), SEVERAL_RUNS),
    row(C::Training, &["down", "j"], A::Down, "Run below", "Choose the run below", None, SEVERAL_RUNS),
    row(C::Training, &["space"], A::MarkRun, "Mark to compare", "Draw the run into one chart with the other marked ones; again: take it out", hint(4, "space", "compare"), SEVERAL_RUNS),
    row(C::Training, &["s"], A::StopRun, "Stop", "Finish the step, write a checkpoint, stop; asked again: kill", hint(3, "s", "stop"), ALIVE),
    row(C::Training, &["u"], A::ResumeRun, "Resume or extend", "Go on from the last checkpoint; a finished run asks for a new number of epochs", hint(3, "u", "resume"), RESUMABLE),
    row(C::Training, &["S"], A::StopSweep, "Stop the sweep", "Stop the sweep of the chosen run; what waits stays waiting", None, SWEPT),
    row(C::Training, &["U"], A::ResumeSweep, "Resume the sweep", "Go on with the sweep of the chosen run where it was", None, SWEPT),
    row(C::Training, &["e"], A::Evaluate, "Evaluate", "Segment the test side with the best model and score it", hint(3, "e", "evaluate"), EVALUABLE),
    row(C::Training, &["b"], A::ShowTable, "Table of runs", "Best values of all runs, and the settings in which the marked ones differ", hint(6, "b", "best"), RUN),
    row(C::Training, &["f"], A::ShowFilm, "Film strip", "What the network made of one validation scan, epoch after epoch", hint(5, "f", "film"), RUN),
    row(C::Training, &["c"], A::ShowConsole, "Console", "What the trainer wrote, followed", hint(8, "c", "console"), RUN),
    row(C::Training, &["m"], A::NextMetric, "Next curve", "Overview, loss, Dice, learning rate, patches a second, memory, load", hint(7, "m", "curve"), RUN),
    row(C::Training, &["a"], A::Smooth, "Smooth", "Draw the mean of the last epochs over the values: a little, more, not", hint(10, "a", "smooth"), RUN),
    row(C::Training, &["l"], A::LogAxis, "Logarithmic axis", "Values by factors, and back", hint(11, "l", "log"), RUN),
    row(C::Training, &["left"], A::EpochBack, "Epoch before", "Read the values an epoch earlier (click too)", hint(10, "←→", "read"), RUN),
    row(C::Training, &["right"], A::EpochOn, "Epoch after", "Read the values an epoch later (click too)", None, RUN),
    row(C::Training, &["+", "="], A::ZoomIn, "Zoom in", "Fewer epochs (wheel too)", hint(12, "+ -", "zoom"), RUN),
    row(C::Training, &["-"], A::ZoomOut, "Zoom out", "More epochs (wheel too)", None, RUN),
    row(C::Training, &["shift-left"], A::PanBack, "Earlier epochs", "Move the part in sight back", None, RUN),
    row(C::Training, &["shift-right"], A::PanOn, "Later epochs", "Move the part in sight on", None, RUN),
    row(C::Training, &["0"], A::ResetView, "All epochs", "The whole run, nothing read", None, RUN),
    row(C::Training, &["esc"], A::ClearPlots, "Back", "Put away the reading, then the zoom, then the marks", None, RUN),
    row(C::Training, &["B"], A::ToggleBell, "Bell", "Ring the terminal's bell when a training ends, or not; the choice is remembered", None, ALWAYS),

    row(C::RunTable, &["up", "k"], A::Up, "Run above", "Choose the run above", hint(2, "↑↓", "run"), SEVERAL_RUNS),
    row(C::RunTable, &["down", "j"], A::Down, "Run below", "Choose the run below", None, SEVERAL_RUNS),
    row(C::RunTable, &["space"], A::MarkRun, "Mark to compare", "Show in which settings the run differs from the other marked ones", hint(1, "space", "compare"), RUN),
    row(C::RunTable, &["o"], A::NextRanking, "Order", "Best Dice, lowest loss, shortest or newest first", hint(3, "o", "order"), RUN),
    row(C::RunTable, &["esc", "b"], A::LeavePane, "Back", "Back to the curves", hint(4, "esc", "back"), ALWAYS),

    row(C::Film, &["left"], A::EpochBack, "Epoch before", "Walk to the sample before (wheel too)", hint(1, "←→", "epoch"), FRAMES),
    row(C::Film, &["right"], A::EpochOn, "Epoch after", "Walk to the sample after (wheel too)", None, FRAMES),
    row(C::Film, &["pgup"], A::PageUp, "Strip back", "As many samples back as are in sight", None, FRAMES),
    row(C::Film, &["pgdn"], A::PageDown, "Strip on", "As many samples on as are in sight", None, FRAMES),
    row(C::Film, &["home", "g"], A::First, "First epoch", "The first sample", None, FRAMES),
    row(C::Film, &["end", "G"], A::Last, "Newest epoch", "The newest sample, which then follows the training", None, FRAMES),
    row(C::Film, &["up", "k"], A::Up, "Slice up", "The slice towards the head", hint(2, "↑↓", "slice"), FRAMES),
    row(C::Film, &["down", "j"], A::Down, "Slice down", "The slice towards the feet", None, FRAMES),
    row(C::Film, &["esc", "f"], A::LeavePane, "Back", "Back to the curves", hint(3, "esc", "back"), ALWAYS),

    row(C::Console, &["up", "k"], A::Up, "Up", "Older lines (wheel too)", hint(1, "↑↓", "scroll"), ALWAYS),
    row(C::Console, &["down", "j"], A::Down, "Down", "Newer lines (wheel too)", None, ALWAYS),
    row(C::Console, &["pgup"], A::PageUp, "Page up", "A page older", None, ALWAYS),
    row(C::Console, &["pgdn"], A::PageDown, "Page down", "A page newer", None, ALWAYS),
    row(C::Console, &["end", "G"], A::Last, "Follow", "The newest line, and on with it", hint(2, "end", "follow"), ALWAYS),
    row(C::Console, &["esc", "c"], A::LeavePane, "Back", "Back to the curves", hint(3, "esc", "back"), ALWAYS),

    row(C::Patches, &["left", "h"], A::PreviousPatch, "Previous patch", "The patch before; those with lesion come first", hint(2, "←→", "patch"), PAGED),
    row(C::Patches, &["right", "l"], A::NextPatch, "Next patch", "The next patch", None, PAGED),
    row(C::Patches, &["up", "k"], A::Up, "Slice up", "One slice towards the head (wheel too)", hint(3, "↑↓", "slice"), PAGED),
    row(C::Patches, &["down", "j"], A::Down, "Slice down", "One slice towards the feet (wheel too)", None, PAGED),
    row(C::Patches, &["n"], A::NextDraw, "Next draws", "What later epochs will see of the patch", hint(1, "n N", "draws"), PAGED),
    row(C::Patches, &["N"], A::PreviousDraw, "Previous draws", "What earlier epochs will see of the patch", None, PAGED),
    row(C::Patches, &["tab"], A::NextPreset, "Next preset", "Other random changes: none, flips, standard, strong; the form follows", hint(1, "tab", "changes"), ALWAYS),
    row(C::Patches, &["esc"], A::LeavePatches, "Back", "Back to the training", hint(4, "esc", "back"), ALWAYS),

    row(C::Results, &["up", "k"], A::Up, "Scan above", "Choose the scan above", hint(1, "↑↓", "scan"), SCORED),
    row(C::Results, &["down", "j"], A::Down, "Scan below", "Choose the scan below", None, SCORED),
    row(C::Results, &["enter"], A::Choose, "Open the scan", "Show prediction and truth in the slice viewer", hint(2, "⏎", "open"), SCORED),
    row(C::Results, &["["], A::PreviousEvaluation, "Newer run", "Show the scores of a newer run", hint(3, "[ ]", "run"), SEVERAL),
    row(C::Results, &["]"], A::NextEvaluation, "Older run", "Show the scores of an older run", None, SEVERAL),
    row(C::Results, &["e"], A::Evaluate, "Evaluate", "Segment the test side with the chosen run's best model and score it", hint(3, "e", "evaluate"), EVALUABLE),

    row(C::Global, &["x"], A::CancelJob, "Cancel the work", "Stop the work in the background; what is finished stays", hint(0, "x", "cancel"), JOB),
    row(C::Global, &["1"], A::GoSubjects, "Go to subjects", "The list of scans", None, |s| PROJECT(s) && LISTED(s)),
    row(C::Global, &["2", "t"], A::GoTraining, "Go to training", "Runs and their curves", hint(4, "t", "train"), |s| PROJECT(s) && s.screen != Screen::Training),
    row(C::Global, &["3", "r"], A::GoResults, "Go to results", "Scores, worst first", hint(5, "r", "results"), |s| PROJECT(s) && s.screen != Screen::Results),
    row(C::Global, &["i"], A::NextMode, "Picture mode", "Half-blocks, octants, braille, letters; the choice is remembered", None, ALWAYS),
    row(C::Global, &["T"], A::NextTheme, "Theme", "Dark, light, colour-blind, mono; the choice is remembered", None, ALWAYS),
    row(C::Global, &["L"], A::ShowLog, "Log", "What happened, with times", None, ALWAYS),
    row(C::Global, &[":"], A::Palette, "Palette", "Find a command by its name", None, ALWAYS),
    row(C::Global, &["?"], A::Help, "Help", "All keys of this screen", hint(20, "?", "keys"), ALWAYS),
    row(C::Global, &["ctrl-l"], A::Redraw, "Redraw", "Draw everything anew", None, ALWAYS),
    row(C::Global, &["ctrl-z"], A::Suspend, "Suspend", "Back to the shell; fg returns", None, ALWAYS),
    row(C::Global, &["q", "ctrl-c"], A::Quit, "Quit", "Leave; trainings go on", hint(21, "q", "quit"), ALWAYS),

    row(C::Help, &["up", "k"], A::Up, "Up", "Scroll up", hint(3, "↑↓", "scroll"), ALWAYS),
    row(C::Help, &["down", "j"], A::Down, "Down", "Scroll down", None, ALWAYS),
    row(C::Help, &["pgup"], A::PageUp, "Page up", "Scroll a page up", None, ALWAYS),
    row(C::Help, &["pgdn", "space"], A::PageDown, "Page down", "Scroll a page down", None, ALWAYS),
    row(C::Help, &["esc", "q", "?", "enter", "ctrl-c"], A::Close, "Close", "Back to the screen", hint(3, "esc", "close"), ALWAYS),

    row(C::Log, &["up", "k"], A::Up, "Up", "Older entries", hint(3, "↑↓", "scroll"), ALWAYS),
    row(C::Log, &["down", "j"], A::Down, "Down", "Newer entries", None, ALWAYS),
    row(C::Log, &["pgup"], A::PageUp, "Page up", "A page older", None, ALWAYS),
    row(C::Log, &["pgdn", "space"], A::PageDown, "Page down", "A page newer", None, ALWAYS),
    row(C::Log, &["esc", "q", "L", "enter", "ctrl-c"], A::Close, "Close", "Back to the screen", hint(3, "esc", "close"), ALWAYS),

    row(C::Palette, &["up"], A::Up, "Up", "The command above", hint(3, "↑↓", "choose"), ALWAYS),
    row(C::Palette, &["down", "tab"], A::Down, "Down", "The command below", None, ALWAYS),
    row(C::Palette, &["enter"], A::Choose, "Do it", "Do the chosen command", hint(3, "⏎", "do it"), ALWAYS),
    row(C::Palette, &["esc", "ctrl-c"], A::Close, "Close", "Back to the screen", hint(3, "esc", "close"), ALWAYS),

    row(C::Confirm, &["y", "enter"], A::Yes, "Yes", "Do it", hint(3, "y", "yes"), ALWAYS),
    row(C::Confirm, &["n", "esc", "q", "ctrl-c"], A::No, "No", "Leave things as they are", hint(3, "n", "no"), ALWAYS),

    row(C::Filter, &["up"], A::Up, "Previous subject", "Walk to the subject above", hint(3, "↑↓", "subject"), ALWAYS),
    row(C::Filter, &["down"], A::Down, "Next subject", "Walk to the subject below", None, ALWAYS),
    row(C::Filter, &["enter"], A::Choose, "Keep", "Keep the filter", hint(3, "⏎", "keep"), ALWAYS),
    row(C::Filter, &["esc", "ctrl-c"], A::Close, "Drop", "Drop the filter", hint(3, "esc", "drop"), ALWAYS),

    row(C::Comment, &["enter"], A::Choose, "Keep", "Keep the comment", hint(3, "⏎", "keep"), ALWAYS),
    row(C::Comment, &["esc", "ctrl-c"], A::Close, "Close", "Back without a change", hint(3, "esc", "close"), ALWAYS),

    row(C::Rank, &["delete"], A::Choose, "No rank", "Take the rank back", hint(3, "0-9 del", "rank, or none"), ALWAYS),
    row(C::Rank, &["esc", "ctrl-c"], A::Close, "Close", "Back without a change", hint(3, "esc", "close"), ALWAYS),

    row(C::Form, &["up", "shift-tab"], A::Up, "Field above", "The field above", hint(3, "↑↓", "field"), ALWAYS),
    row(C::Form, &["down", "tab"], A::Down, "Field below", "The field below", None, ALWAYS),
    row(C::Form, &["left"], A::ValueDown, "Less", "The previous choice, or a smaller value", hint(3, "←→", "change, or type"), ALWAYS),
    row(C::Form, &["right"], A::ValueUp, "More", "The next choice, or a greater value", None, ALWAYS),
    row(C::Form, &["ctrl-p"], A::LookAtPatches, "Augmented patches", "Training patches with their masks, as the network will see them", hint(4, "^P", "patches"), CROPS),
    row(C::Form, &["enter"], A::Choose, "Start", "Start the training", hint(3, "⏎", "start"), ALWAYS),
    row(C::Form, &["ctrl-o"], A::Preview, "Preview", "Show the script of the job, or the trainings of the sweep", hint(5, "^O", "preview"), ALWAYS),
    row(C::Form, &["esc", "ctrl-c"], A::Close, "Close", "Back without starting", hint(3, "esc", "close"), ALWAYS),

    row(C::Epochs, &["enter"], A::Choose, "Go on", "Train to this many epochs", hint(3, "⏎", "go on"), ALWAYS),
    row(C::Epochs, &["esc", "ctrl-c"], A::Close, "Close", "Leave the run as it is", hint(3, "esc", "close"), ALWAYS),

    row(C::Script, &["up", "k"], A::Up, "Up", "Scroll up", hint(3, "↑↓", "scroll"), ALWAYS),
    row(C::Script, &["down", "j"], A::Down, "Down", "Scroll down", None, ALWAYS),
    row(C::Script, &["pgup"], A::PageUp, "Page up", "Scroll a page up", None, ALWAYS),
    row(C::Script, &["pgdn", "space"], A::PageDown, "Page down", "Scroll a page down", None, ALWAYS),
    row(C::Script, &["esc", "q", "enter", "ctrl-c"], A::Close, "Close", "Back to the form", hint(3, "esc", "back to the form"), ALWAYS),

    row(C::Path, &["enter"], A::Choose, "Open", "Open the path", hint(3, "⏎", "open"), ALWAYS),
    row(C::Path, &["esc", "ctrl-c"], A::Close, "Close", "Back to the start screen", hint(3, "esc", "close"), ALWAYS),
];
