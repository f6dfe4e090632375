//! Below the cards: everything there is to say of the chosen one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::super::state::State;
use super::super::super::state::compare::{Panel, Progress};
use super::super::super::theme::Role;
use super::super::super::trial::{Apart, Drawn, Grade, Tried};
use super::super::super::widgets::text::{put, wrapped};
use super::super::{line, pieces};
use super::card::took;
use super::grade_role;

/// Draws the details under a rule.
pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let (theme, compare) = (state.ink.theme, &state.compare);
    put(buffer, line(area, 0), &"─".repeat(usize::from(area.width)), theme.style(Role::Rule));
    let inner = Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area };
    if let Some(why) = &compare.refused {
        return sentences(state, &[(why.clone(), Role::Bad)], inner, buffer);
    }
    match compare.current() {
        Some(panel) => draw_panel(state, panel, inner, buffer),
        None if compare.absent.is_empty() => {
            put(buffer, line(inner, 0), "looking for methods…", theme.style(Role::Dim));
        }
        None => {
            let rows: Vec<_> =
                compare.absent.iter().map(|(name, why)| (format!("{name}: {why}"), Role::Dim)).collect();
            sentences(state, &rows, inner, buffer);
        }
    }
}

fn draw_panel(state: &State, panel: &Panel, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let heading = line(area, 0);
    let below = Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area };
    let name = (panel.method.as_str(), Role::Title);
    match &panel.progress {
        Progress::Ended(Tried { outcome: Ok(drawn), seconds, .. }) => {
            let grade = Grade::of(drawn.confidence);
            let sure = format!("  {} {:.2}", grade.word(), drawn.confidence);
            let time = format!("  in {}", took(*seconds));
            let hint = if state.compare.accepted.as_ref() == Some(&panel.method) {
                "   ✓ the centerline in use"
            } else {
                "   ⏎ takes it and makes the crop anew"
            };
            let parts = [name, (&sure, grade_role(grade)), (&time, Role::Dim), (hint, Role::Dim)];
            pieces(buffer, heading, theme, &parts);
            let doubt = |i: usize| if i == 0 { Role::Text } else { Role::Warn };
            let mut rows: Vec<_> =
                drawn.reasons.iter().enumerate().map(|(i, r)| (format!("· {r}"), doubt(i))).collect();
            rows.extend(apart(state, panel, drawn).map(|words| (words, Role::Text)));
            sentences(state, &rows, below, buffer);
        }
        Progress::Ended(Tried { outcome: Err(why), seconds, .. }) => {
            let time = format!("  failed after {}", took(*seconds));
            pieces(buffer, heading, theme, &[name, (&time, Role::Bad)]);
            sentences(state, &[(why.clone(), Role::Text)], below, buffer);
        }
        Progress::Queued | Progress::Running(_) => {
            pieces(buffer, heading, theme, &[name, ("  is still to answer", Role::Dim)]);
        }
    }
}

/// How far the curve runs from the one to compare with: the accepted one, else the best of the others.
fn apart(state: &State, panel: &Panel, drawn: &Drawn) -> Option<String> {
    let others = || state.compare.panels.iter().filter(|other| other.method != panel.method);
    let accepted = others().find(|other| Some(&other.method) == state.compare.accepted.as_ref());
    let trust = |other: &&Panel| other.drawn().map_or(-1.0, |d| d.confidence);
    let other = accepted.or_else(|| others().max_by(|a, b| trust(a).total_cmp(&trust(b))))?;
    let Apart { mean_mm, most_mm, at } = drawn.apart(other.drawn()?, state.viewer.scene.as_ref()?.spacing)?;
    Some(format!(
        "· {mean_mm:.1} mm from {} on average, {most_mm:.1} mm at most (slice {})",
        other.method,
        at + 1
    ))
}

/// Sentences one below the other; where there is much room in width and little in height, in two columns.
fn sentences(state: &State, rows: &[(String, Role)], area: Rect, buffer: &mut Buffer) {
    let columns = if area.width >= 120 { 2 } else { 1 };
    let width = area.width / columns - (columns - 1);
    let lines: Vec<(String, Role)> = rows
        .iter()
        .flat_map(|(text, role)| wrapped(text, usize::from(width)).into_iter().map(|l| (l, *role)))
        .collect();
    for (i, (text, role)) in lines.iter().enumerate().take(usize::from(area.height * columns)) {
        let (column, row) = (i as u16 / area.height.max(1), i as u16 % area.height.max(1));
        let place = Rect { x: area.x + column * (width + 2), width, ..line(area, row) };
        put(buffer, place, text, state.ink.theme.style(*role));
    }
}
