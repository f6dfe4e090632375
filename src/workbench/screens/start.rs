//! The start screen: recent projects, open, demo.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::layout::centred;
use super::super::state::State;
use super::super::state::start::Entry;
use super::super::theme::Role;
use super::super::widgets::text::{put, put_centred};
use super::{line, panel, pieces};

/// Draws the screen.
pub(super) fn draw(state: &State, body: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let entries = state.start.entries();
    let height = entries.len() as u16 + 10;
    let area = centred(body, 64, height.max(12));
    put_centred(buffer, line(area, 0), "d e e p s e g", theme.style(Role::Key));
    put_centred(buffer, line(area, 1), "train spinal-cord lesion segmentation", theme.style(Role::Dim));
    let mut row = 4;
    for (i, entry) in entries.iter().enumerate() {
        if i > 0 && matches!(entry, Entry::Open) {
            row += 1;
        }
        draw_entry(state, entry, i == state.start.selected, line(area, row), buffer);
        row += 1;
    }
    let job = "look at every scan  →  preprocess  →  train  →  score";
    put_centred(buffer, line(area, row + 2), job, theme.style(Role::Dim));
    if state.opening {
        put_centred(buffer, line(area, row + 4), "opening…", theme.style(Role::Accent));
    }
}

fn draw_entry(state: &State, entry: &Entry, chosen: bool, row: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    if chosen {
        buffer.set_style(row, theme.style(Role::Selection));
        put(buffer, Rect { width: 1, ..row }, "▸", theme.style(Role::Accent));
    }
    let (name, detail) = match entry {
        Entry::Open => ("Open a project or a dataset…".to_owned(), "BIDS, or folders of .nii.gz".to_owned()),
        Entry::Demo => ("Try the demo".to_owned(), "a synthetic cohort with known truth".to_owned()),
        Entry::Recent(path) => {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let parent = path.parent().map(|p| p.display().to_string()).unwrap_or_default();
            (name, parent)
        }
    };
    let role = if chosen { Role::Title } else { Role::Text };
    let inner = Rect { x: row.x + 2, width: row.width.saturating_sub(3), ..row };
    let x = put(buffer, inner, &name, theme.style(role)) + 2;
    let rest = Rect { x, width: inner.right().saturating_sub(x + 1), ..inner };
    super::put_detail(buffer, rest, &detail, theme);
}

/// Draws the line a path is typed on.
pub(super) fn draw_path(state: &State, text: &str, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let inner = panel("Open a project or a dataset", centred(area, 70, 5), theme, buffer);
    let shown: String = text.chars().rev().take(usize::from(inner.width.saturating_sub(9))).collect();
    let shown: String = shown.chars().rev().collect();
    pieces(
        buffer,
        line(inner, 1),
        theme,
        &[("path  ", Role::Dim), (&shown, Role::Title), ("▏", Role::Accent)],
    );
}
