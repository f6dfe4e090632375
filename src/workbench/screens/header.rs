//! The top: name, project, the screens as tabs, and a rule that is heavy below the current one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::layout;
use super::super::state::{Screen, State};
use super::super::theme::Role;
use super::super::widgets::text::put;
use super::pieces;

const TABS: [(Screen, &str); 3] =
    [(Screen::Subjects, "1 Subjects"), (Screen::Training, "2 Training"), (Screen::Results, "3 Results")];

/// The tabs and where they are; none before a project is open.
pub(crate) fn tabs(state: &State) -> Vec<(Screen, Rect)> {
    let header = layout::page(state.area()).header;
    let shown = state.project.is_some() && state.screen != Screen::Image;
    let mut x = header.right();
    let mut places: Vec<(Screen, Rect)> = TABS
        .iter()
        .rev()
        .map(|(screen, label)| {
            let width = label.len() as u16 + 2;
            x = x.saturating_sub(width + 1);
            (*screen, Rect { x, width, ..header })
        })
        .collect();
    places.reverse();
    if shown { places } else { Vec::new() }
}

/// Draws header and rule.
pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let tabs = tabs(state);
    let end = tabs.first().map_or(area.right(), |(_, tab)| tab.x.saturating_sub(1));
    let left = Rect { x: area.x + 1, width: end.saturating_sub(area.x + 1), ..area };
    let name = state.project.as_ref().map(|p| format!("  {}", p.name)).unwrap_or_default();
    let contrast = match &state.project {
        Some(p) if !p.contrast.is_empty() => format!("  {}", p.contrast),
        _ => String::new(),
    };
    pieces(buffer, left, theme, &[("deepseg", Role::Key), (&name, Role::Title), (&contrast, Role::Dim)]);
    let below = Rect { y: area.y + 1, ..area };
    put(buffer, below, &"─".repeat(usize::from(area.width)), theme.style(Role::Rule));
    for ((screen, label), (_, tab)) in TABS.iter().zip(tabs) {
        let shown = match state.screen {
            Screen::Compare | Screen::Points => Screen::Subjects,
            Screen::Patches => Screen::Training,
            other => other,
        };
        let here = *screen == shown;
        let role = if here { Role::Title } else { Role::Dim };
        let inner = Rect { x: tab.x + 1, width: tab.width, ..tab };
        let x = put(buffer, inner, label, theme.style(role));
        if *screen == Screen::Training && state.training.any_alive() {
            put(buffer, Rect::new(x, tab.y, 1, 1), "•", theme.style(Role::Good));
        }
        if here {
            let under = Rect { y: tab.y + 1, ..tab };
            put(buffer, under, &"━".repeat(usize::from(tab.width)), theme.style(Role::Accent));
        }
    }
}
