//! The two bottom rows: what is going on (cursor, work, news, the next step), and the keys that matter now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::actions::{self, Hint};
use super::super::state::{Job, Level, Modal, Screen, State};
use super::super::theme::Role;
use super::super::update::next_step;
use super::super::widgets::gauge::gauge;
use super::super::widgets::text::{duration, number, put, put_right};
use super::{pieces, viewer};

/// Draws both rows.
pub(super) fn draw(state: &State, status: Rect, keys: Rect, buffer: &mut Buffer) {
    let inner = |area: Rect| Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    draw_status(state, inner(status), buffer);
    draw_keys(state, inner(keys), buffer);
}

fn draw_status(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    if state.modal == Some(Modal::Filter) {
        let filter = format!("{}▏", state.subjects.filter);
        let found = format!("   {} of {}", state.subjects.count(), state.subjects.rows().len());
        pieces(buffer, area, theme, &[("filter ", Role::Key), (&filter, Role::Title), (&found, Role::Dim)]);
        return;
    }
    let typed = match &state.modal {
        Some(Modal::Comment { text }) => Some(("comment ", format!("{text}▏"))),
        Some(Modal::Epochs { text }) => {
            let done = state.training.current().map_or(0, |run| run.epoch);
            Some(("epochs to reach ", format!("{text}▏   it has {done}")))
        }
        Some(Modal::Rank) => Some(("rank ", "▏   0 to 9".to_owned())),
        _ => None,
    };
    if let Some((what, text)) = typed {
        pieces(buffer, area, theme, &[(what, Role::Key), (&text, Role::Title)]);
        return;
    }
    let picture = matches!(state.screen, Screen::Subjects | Screen::Image | Screen::Points);
    let probe = if picture { viewer::probe(state) } else { None };
    let mut x = area.x;
    if let Some((place, value, world)) = probe.filter(|_| state.job.is_none() || area.width >= 110) {
        let world = if area.width >= 110 { world } else { String::new() };
        x = pieces(buffer, area, theme, &[(&place, Role::Dim), (&value, Role::Title), (&world, Role::Dim)])
            + 3;
    }
    let right = Rect { x, width: area.right().saturating_sub(x), ..area };
    if let Some(job) = &state.job {
        draw_job(state, job, right, buffer);
    } else if let Some(entry) = state.log.notice(state.clock) {
        let role = match entry.level {
            Level::Info => Role::Text,
            Level::Done => Role::Good,
            Level::Warning => Role::Warn,
            Level::Error => Role::Bad,
        };
        put_right(buffer, right, &entry.text, theme.style(role));
    } else if let Some((key, words)) = next_step(state) {
        let text = format!("next  {key} {words}");
        put_right(buffer, right, &text, theme.style(Role::Accent));
    }
}

fn draw_job(state: &State, job: &Job, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let label = if job.cancelling { "stopping after the scan at hand" } else { job.kind.label() };
    let count = if job.total > 0 { format!("  {}/{}", job.done, job.total) } else { String::new() };
    let eta = job.eta(state.clock).map(|s| format!("  {} left", duration(s))).unwrap_or_default();
    let x =
        pieces(buffer, area, theme, &[(label, Role::Accent), (&count, Role::Title), (&eta, Role::Dim)]) + 2;
    let width = area.right().saturating_sub(x).min(30);
    gauge(buffer, Rect { x, width, ..area }, job.part(), Role::Accent, theme);
    let rest = Rect { x: x + width + 2, width: area.right().saturating_sub(x + width + 2), ..area };
    put(buffer, rest, &job.current, theme.style(Role::Dim));
}

/// As many hints as there is room for; help, quit and cancel always.
fn draw_keys(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let hints = actions::hints(state);
    let width = |hint: &Hint| (hint.keys.chars().count() + hint.words.chars().count() + 3) as u16;
    let must = |hint: &Hint| matches!(hint.keys, "?" | "q" | "x");
    let reserved: u16 = hints.iter().filter(|h| must(h)).map(width).sum();
    let mut room = area.width.saturating_sub(reserved);
    let mut x = area.x;
    for hint in &hints {
        if !must(hint) {
            if width(hint) > room {
                // A shorter hint further on would be out of order; the first that does not fit ends the row.
                room = 0;
                continue;
            }
            room -= width(hint);
        }
        let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
        let parts = [(hint.keys, Role::Key), (" ", Role::Dim), (hint.words, Role::Dim)];
        x = pieces(buffer, rest, theme, &parts) + 2;
    }
}

/// `[x y z]`, the value there, and the place in world millimetres.
pub(super) fn probe_text(at: [usize; 3], value: f32, world: [f64; 3]) -> (String, String, String) {
    let [x, y, z] = at;
    let [r, a, s] = world;
    (format!("[{x} {y} {z}] "), number(f64::from(value)), format!("   {r:.1} {a:.1} {s:.1} mm RAS"))
}
