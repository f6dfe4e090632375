//! Actions and answers of the screen of augmented patches.

use std::sync::Arc;

use super::super::actions::Action;
use super::super::layout;
use super::super::message::Effect;
use super::super::state::{Modal, Screen, State};
use super::act::go;
use crate::training::PatchPage;

/// Does an action of the screen; `None` when it is none of its.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    if action == Action::LookAtPatches {
        return Some(open(state));
    }
    if state.screen != Screen::Patches || state.modal.is_some() {
        return None;
    }
    let shown = shown(state);
    let patches = &mut state.patches;
    match action {
        Action::PreviousPatch => patches.step(-1),
        Action::NextPatch => patches.step(1),
        Action::NextDraw => patches.turn(1, shown),
        Action::PreviousDraw => patches.turn(-1, shown),
        Action::NextPreset => {
            if let Some(preset) = patches.next_preset() {
                state.training.form.set("--augment", preset);
            }
        }
        // The head is above: up is a higher slice.
        Action::Up => return Some(slide(state, 1)),
        Action::Down => return Some(slide(state, -1)),
        Action::LeavePatches => {
            let modal = state.patches.from_form.then_some(Modal::Form);
            let effects = go(state, Screen::Training);
            state.modal = modal;
            return Some(effects);
        }
        _ => return None,
    }
    Some(ask(state))
}

/// Opens the screen with what the form says.
fn open(state: &mut State) -> Vec<Effect> {
    let form = &state.training.form;
    let [preset, seed, fold] = ["--augment", "--seed", "--fold"].map(|option| form.value(option).to_owned());
    state.screen = Screen::Patches;
    state.patches.from_form = state.modal.take() == Some(Modal::Form);
    state.patches.open(&preset, &seed, &fold);
    ask(state)
}

/// Closes it, if it is open; what was read for it is let go.
pub(super) fn close(state: &mut State) -> Vec<Effect> {
    if state.patches.wanted.is_none() {
        return Vec::new();
    }
    state.patches.close();
    vec![Effect::DropPatches]
}

/// Takes pictures in.
pub(super) fn answered(state: &mut State, generation: u64, answer: Result<Arc<PatchPage>, String>) {
    state.patches.accept(generation, answer);
}

/// Walks along the patches.
pub(super) fn slide(state: &mut State, by: isize) -> Vec<Effect> {
    state.patches.slide(by);
    Vec::new()
}

fn ask(state: &mut State) -> Vec<Effect> {
    let asked = state.patches.ask();
    asked.map(|(request, generation)| Effect::LookAtPatches { request, generation }).into_iter().collect()
}

/// Draws in sight.
fn shown(state: &State) -> u32 {
    let cells = layout::patches(layout::page(state.area()).body).cells.len();
    (cells as u32).saturating_sub(1).max(1)
}

#[cfg(test)]
mod tests {
    use crate::workbench::state::form::Order;
    use ndarray::Array3;

    use super::super::super::message::Msg;
    use super::super::super::model::{Stage, SubjectRow};
    use super::super::tests::{opened, press};
    use super::super::update;
    use super::*;
    use crate::training::PatchLook;

    fn page(number: usize) -> Arc<PatchPage> {
        let mut mask = Array3::zeros((4, 4, 9));
        mask[[1, 2, 6 - number]] = 1;
        let original = PatchLook { image: Array3::zeros((4, 4, 9)), mask };
        let scan = "sub-00_T2w".to_owned();
        Arc::new(PatchPage {
            number,
            count: 3,
            scan,
            start: 0,
            spacing_mm: 0.5,
            original,
            changed: Vec::new(),
        })
    }

    fn answer(state: &mut State, generation: u64, number: usize) {
        update(state, Msg::Patches { generation, answer: Ok(page(number)) });
    }

    /// A project with a crop, on the training screen.
    fn training() -> State {
        let mut state = opened();
        let row = SubjectRow { id: "sub-00_T2w".into(), crop: Stage::Ready, ..SubjectRow::default() };
        update(&mut state, Msg::Rows(vec![row]));
        press(&mut state, "t");
        state
    }

    /// What was asked for.
    fn asked(effects: &[Effect]) -> (&str, usize, u32, u64) {
        match effects {
            [Effect::LookAtPatches { request, generation }] => {
                (&request.preset, request.number, request.draws.start, *generation)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_form_leads_there_and_back_and_its_preset_follows() {
        let mut state = training();
        press(&mut state, "n");
        state.training.form.set("--augment", "standard");
        let effects = press(&mut state, "ctrl-p");
        assert_eq!(state.screen, Screen::Patches);
        let (preset, _, _, generation) = asked(&effects);
        assert_eq!(preset, "standard");
        answer(&mut state, generation, 0);
        assert_eq!(asked(&press(&mut state, "tab")).0, "strong");
        let effects = press(&mut state, "esc");
        assert!(effects.contains(&Effect::DropPatches), "{effects:?}");
        assert!(state.screen == Screen::Training && state.modal == Some(Modal::Form));
        assert_eq!(state.training.form.value("--augment"), "strong");
        let Order::Here(arguments) = state.training.form.order() else { panic!("one training here") };
        assert!(arguments.contains(&"strong".into()));
    }

    #[test]
    fn patches_draws_and_slices_are_walked_and_late_answers_dropped() {
        let mut state = training();
        let first = asked(&press(&mut state, "p")).3;
        answer(&mut state, first, 0);
        assert_eq!(state.patches.slice, 6, "the slice with most lesion");
        assert!(press(&mut state, "up up up up").is_empty());
        assert_eq!(state.patches.slice, 8, "the last there is");
        let effects = press(&mut state, "left");
        assert_eq!(asked(&effects).1, 2, "round the end");
        answer(&mut state, first, 1);
        assert_eq!(state.patches.page.as_ref().map(|page| page.number), Some(0), "an answer too late");
        answer(&mut state, asked(&effects).3, 2);
        assert_eq!(state.patches.slice, 4);
        let later = asked(&press(&mut state, "n")).2;
        assert!(later > 0);
        assert_eq!(asked(&press(&mut state, "N")).2, 0);
        press(&mut state, "esc");
        assert!(state.screen == Screen::Training && state.modal.is_none());
    }
}
