//! The one table of actions. Dispatch, footer, help, palette and the README's key list are all read from it.
//!
//! A binding belongs to a context; the contexts of a screen form a chain, the innermost first. Within one chain a key means one thing.

use super::keys::{Key, shown};
use super::layout::viewer_area;
use super::state::{Modal, Pane, Screen, State};

mod table;

pub(crate) use table::BINDINGS;

/// Where a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Context {
    Global,
    Start,
    Subjects,
    Viewer,
    Compare,
    Points,
    Training,
    RunTable,
    Film,
    Console,
    Patches,
    Results,
    Image,
    Help,
    Palette,
    Confirm,
    Log,
    Filter,
    Comment,
    Rank,
    Form,
    Epochs,
    Script,
    Path,
}

impl Context {
    /// The heading of its part of the help.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Start => "Start",
            Self::Subjects => "Subjects",
            Self::Viewer => "Slice viewer",
            Self::Compare => "Comparing centerlines",
            Self::Points => "Placing points",
            Self::Training => "Training",
            Self::RunTable => "Table of runs",
            Self::Film => "Film strip",
            Self::Console => "Console of a run",
            Self::Patches => "Augmented patches",
            Self::Results => "Results",
            Self::Image => "Image",
            Self::Help => "Help",
            Self::Palette => "Palette",
            Self::Confirm => "Question",
            Self::Log => "Log",
            Self::Filter => "Filter",
            Self::Comment => "Comment",
            Self::Rank => "Rank",
            Self::Form => "Training form",
            Self::Epochs => "More epochs",
            Self::Script => "Preview",
            Self::Path => "Open",
        }
    }
}

/// What a key can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Quit,
    Suspend,
    Redraw,
    Help,
    Palette,
    ShowLog,
    GoSubjects,
    GoTraining,
    GoResults,
    NextTheme,
    NextMode,
    CancelJob,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Choose,
    Close,
    OpenPath,
    MakeDemo,
    Filter,
    ClearFilter,
    NextOrder,
    NextFailing,
    PreviousFailing,
    PreprocessOne,
    PreprocessAll,
    Compare,
    CardBack,
    CardOn,
    AcceptCenterline,
    TryAgain,
    LeaveCompare,
    Points,
    PlacePoint,
    PlaceAndGo,
    DeletePoint,
    GrabPoint,
    SnapPoint,
    NextPoint,
    PreviousPoint,
    UndoPoints,
    RedoPoints,
    SavePoints,
    LeavePoints,
    OtherPane,
    NextSide,
    LeapLeft,
    LeapRight,
    LeapUp,
    LeapDown,
    Rescue,
    MarkPass,
    MarkFail,
    MarkArtifact,
    Comment,
    Rank,
    Check,
    Enlarge,
    SliceBack,
    SliceOn,
    Axial,
    Sagittal,
    Coronal,
    ToggleMask,
    ToggleCenterline,
    ToggleCrop,
    TogglePrediction,
    ToggleAll,
    ZoomIn,
    ZoomOut,
    ResetView,
    CursorLeft,
    CursorRight,
    CursorUp,
    CursorDown,
    Brighter,
    Darker,
    MoreContrast,
    LessContrast,
    NewRun,
    LookAtPatches,
    PreviousPatch,
    NextPatch,
    PreviousDraw,
    NextDraw,
    NextPreset,
    LeavePatches,
    /// Show what the form would make.
    Preview,
    StopSweep,
    ResumeSweep,
    StopRun,
    ResumeRun,
    CloneRun,
    MarkRun,
    NextMetric,
    Smooth,
    LogAxis,
    EpochBack,
    EpochOn,
    PanBack,
    PanOn,
    ClearPlots,
    ShowTable,
    ShowFilm,
    ShowConsole,
    LeavePane,
    NextRanking,
    ToggleBell,
    Evaluate,
    ValueUp,
    ValueDown,
    PreviousEvaluation,
    NextEvaluation,
    Yes,
    No,
}

/// A few words in the footer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// Lower ranks come first.
    pub(crate) rank: u8,
    pub(crate) keys: &'static str,
    pub(crate) words: &'static str,
}

/// One row of the table.
pub(crate) struct Binding {
    pub(crate) context: Context,
    pub(crate) keys: &'static [&'static str],
    pub(crate) action: Action,
    /// Name in palette and help.
    pub(crate) label: &'static str,
    /// A sentence for the help.
    pub(crate) help: &'static str,
    /// Its place in the footer; `None` keeps it out of there.
    pub(crate) hint: Option<Hint>,
    pub(crate) enabled: fn(&State) -> bool,
}

impl Binding {
    /// Its keys as people read them.
    pub(crate) fn shown_keys(&self) -> String {
        self.keys.iter().map(|k| shown(k)).collect::<Vec<_>>().join(" ")
    }
}

/// The contexts that hold now, the innermost first. Something over the screen takes all keys but the terminal's own.
pub(crate) fn contexts(state: &State) -> Vec<Context> {
    match &state.modal {
        Some(Modal::Help { .. }) => vec![Context::Help],
        Some(Modal::Palette { .. }) => vec![Context::Palette],
        Some(Modal::Confirm(_)) => vec![Context::Confirm],
        Some(Modal::Log { .. }) => vec![Context::Log],
        Some(Modal::Filter) => vec![Context::Filter],
        Some(Modal::Comment { .. }) => vec![Context::Comment],
        Some(Modal::Rank) => vec![Context::Rank],
        Some(Modal::Form) => vec![Context::Form],
        Some(Modal::Epochs { .. }) => vec![Context::Epochs],
        Some(Modal::Script { .. }) => vec![Context::Script],
        Some(Modal::Path { .. }) => vec![Context::Path],
        None => holding(state),
    }
}

/// The contexts of the screen as it is now: without the viewer's where there is no room for it.
pub(crate) fn holding(state: &State) -> Vec<Context> {
    if state.screen == Screen::Training {
        return pane_contexts(state.training.pane);
    }
    let mut contexts = screen_contexts(state.screen);
    if viewer_area(state).is_empty() {
        contexts.retain(|c| *c != Context::Viewer);
    }
    contexts
}

/// The contexts of what the training screen shows.
fn pane_contexts(pane: Pane) -> Vec<Context> {
    let context = match pane {
        Pane::Curves => Context::Training,
        Pane::Table => Context::RunTable,
        Pane::Film => Context::Film,
        Pane::Console => Context::Console,
    };
    vec![context, Context::Global]
}

/// The contexts of a screen with nothing over it.
fn screen_contexts(screen: Screen) -> Vec<Context> {
    match screen {
        Screen::Start => vec![Context::Start, Context::Global],
        Screen::Subjects => vec![Context::Subjects, Context::Viewer, Context::Global],
        Screen::Training => pane_contexts(Pane::Curves),
        Screen::Patches => vec![Context::Patches, Context::Global],
        Screen::Results => vec![Context::Results, Context::Viewer, Context::Global],
        Screen::Compare => vec![Context::Compare, Context::Global],
        Screen::Points => vec![Context::Points, Context::Global],
        Screen::Image => vec![Context::Image, Context::Viewer, Context::Global],
    }
}

/// The bindings that hold now, the innermost context first.
pub(crate) fn active(contexts: &[Context]) -> impl Iterator<Item = &'static Binding> {
    contexts.iter().flat_map(|context| BINDINGS.iter().filter(move |b| b.context == *context))
}

/// What a key does now, if anything.
pub(crate) fn lookup(state: &State, key: Key) -> Option<Action> {
    active(&contexts(state))
        .find(|b| b.keys.iter().any(|k| Key::parse(k) == Some(key)) && (b.enabled)(state))
        .map(|b| b.action)
}

/// Keys and words for the footer, the most useful first.
pub(crate) fn hints(state: &State) -> Vec<Hint> {
    let contexts = contexts(state);
    let enabled = active(&contexts).filter(|b| (b.enabled)(state));
    let mut hints: Vec<Hint> = enabled.filter_map(|b| b.hint).collect();
    hints.sort_by_key(|hint| hint.rank);
    hints
}

/// Commands for the palette whose name or help contains all words of the query.
pub(crate) fn matching(state: &State, query: &str) -> Vec<&'static Binding> {
    let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let contexts = holding(state);
    active(&contexts)
        .filter(|b| (b.enabled)(state))
        .filter(|b| {
            let text = format!("{} {}", b.label, b.help).to_lowercase();
            words.iter().all(|w| text.contains(w.as_str()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const SCREENS: [Screen; 8] = [
        Screen::Start,
        Screen::Subjects,
        Screen::Compare,
        Screen::Points,
        Screen::Training,
        Screen::Patches,
        Screen::Results,
        Screen::Image,
    ];

    /// Every chain of contexts that can hold without anything over the screen.
    fn chains() -> impl Iterator<Item = Vec<Context>> {
        let panes = [Pane::Table, Pane::Film, Pane::Console].map(pane_contexts);
        SCREENS.map(screen_contexts).into_iter().chain(panes)
    }

    #[test]
    fn every_key_can_be_read_and_means_one_thing_on_a_screen() {
        for chain in chains() {
            let mut seen = HashSet::new();
            for binding in active(&chain) {
                for key in binding.keys {
                    let parsed = Key::parse(key);
                    assert!(parsed.is_some(), "{key} of {:?} cannot be read", binding.action);
                    assert!(seen.insert(parsed), "{key} has two meanings in {chain:?}");
                }
            }
        }
    }

    #[test]
    fn every_context_leads_out_and_every_binding_explains_itself() {
        for binding in BINDINGS {
            assert!(!binding.label.is_empty() && !binding.help.is_empty(), "{:?}", binding.action);
            assert!(!binding.keys.is_empty(), "{:?}", binding.action);
        }
        for context in [
            Context::Help,
            Context::Palette,
            Context::Log,
            Context::Filter,
            Context::Comment,
            Context::Rank,
            Context::Form,
            Context::Epochs,
            Context::Script,
            Context::Path,
        ] {
            let leaves = |b: &&Binding| matches!(b.action, Action::Close) && b.keys.contains(&"esc");
            assert!(active(&[context]).any(|b| leaves(&b)), "{context:?}");
        }
    }

    #[test]
    fn the_readme_lists_every_key_of_every_screen() {
        let readme = include_str!("../../README.md");
        for chain in chains().filter(|c| !matches!(c[0], Context::Start | Context::Image)) {
            for binding in active(&chain) {
                let row = format!("| `{}` | {} |", binding.shown_keys(), binding.help);
                assert!(readme.lines().any(|line| line == row), "the README lacks: {row}");
            }
        }
    }

    #[test]
    fn a_hint_names_keys_of_its_binding() {
        for binding in BINDINGS {
            let Some(Hint { keys, .. }) = binding.hint else { continue };
            let known: Vec<String> = binding.keys.iter().map(|k| shown(k)).collect();
            assert!(known.iter().any(|k| keys.contains(k.as_str())), "{keys} shows none of {known:?}");
        }
    }
}
