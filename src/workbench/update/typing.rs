//! Lines that are typed: filter, palette, path, comment, rank, and the fields of the form.

use crossterm::event::KeyCode;

use super::super::keys::Key;
use super::super::message::Effect;
use super::super::state::{Modal, State};
use super::act::takes_text;
use super::{marks, show_chosen};

/// Takes a key that types or deletes; `None` when it is for the table of actions.
pub(super) fn take(state: &mut State, key: Key) -> Option<Vec<Effect>> {
    if !takes_text(state) {
        return None;
    }
    if key.code == KeyCode::Backspace {
        return Some(edit(state, None));
    }
    key.typed().map(|c| edit(state, Some(c)))
}

/// Takes pasted text, as if typed, without its line ends.
pub(super) fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    if !takes_text(state) {
        return Vec::new();
    }
    text.chars().filter(|c| !c.is_control()).flat_map(|c| edit(state, Some(c))).collect()
}

/// Adds a character to the line that is open, or deletes its last one.
fn edit(state: &mut State, typed: Option<char>) -> Vec<Effect> {
    let change = |line: &mut String| match typed {
        Some(c) => line.push(c),
        None => {
            line.pop();
        }
    };
    match &mut state.modal {
        Some(Modal::Palette { query, selected }) => {
            change(query);
            *selected = 0;
        }
        Some(Modal::Path { text } | Modal::Comment { text } | Modal::Epochs { text }) => change(text),
        Some(Modal::Rank) => return marks::rank(state, typed),
        Some(Modal::Form) => match typed {
            Some(c) => state.training.form.type_char(c),
            None => state.training.form.delete(),
        },
        Some(Modal::Filter) => {
            let mut filter = state.subjects.filter.clone();
            change(&mut filter);
            state.subjects.set_filter(filter);
            return show_chosen(state, false);
        }
        _ => {}
    }
    Vec::new()
}
