//! Beside the picture: the legend of the marks with their keys, what is wrong with the scan, and facts about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::super::scene::Scene;
use super::super::state::State;
use super::super::theme::Role;
use super::super::widgets::text::{put, wrapped};
use super::subjects::verdict_sign;
use super::{line, pieces};

/// Draws the legend and, where there is room beside it, what is wrong and the facts.
pub(super) fn draw(state: &State, scene: &Scene, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    draw_legend(state, scene, Rect { width: area.width.min(16), ..area }, buffer);
    if area.width >= 50 {
        let right = Rect { x: area.x + 17, width: area.width - 17, ..area };
        // Some rows are always left for the facts.
        let used = draw_trouble(state, Rect { height: right.height * 3 / 5, ..right }, buffer);
        let below = Rect { y: right.y + used, height: right.height.saturating_sub(used), ..right };
        draw_facts(state, scene, below, buffer);
    }
}

/// Draws what is wrong over the bottom rows of a small viewer, which has no other place for a sentence.
pub(super) fn draw_strip(state: &State, area: Rect, buffer: &mut Buffer) {
    let lines = trouble_lines(state, area.width);
    let shown = lines.len().min(3) as u16;
    let strip = Rect { y: area.bottom().saturating_sub(shown), height: shown.min(area.height), ..area };
    Clear.render(strip, buffer);
    for (i, (text, role)) in lines.iter().take(usize::from(strip.height)).enumerate() {
        put(buffer, line(strip, i as u16), text, state.ink.theme.style(*role));
    }
}

/// One line for every mark.
fn draw_legend(state: &State, scene: &Scene, area: Rect, buffer: &mut Buffer) {
    let (theme, on) = (state.ink.theme, state.viewer.overlays);
    let marks = [
        ("m", "mask", Role::Mask, on.mask, scene.mask.is_some()),
        ("o", "prediction", Role::Prediction, on.prediction, scene.prediction.is_some()),
        ("l", "centerline", Role::Centerline, on.centerline, !scene.curve.is_empty()),
        ("b", "crop box", Role::Crop, on.crop, !scene.boxes.is_empty()),
    ];
    for (i, (key, word, role, on, there)) in marks.into_iter().enumerate() {
        let (sign, sign_role) = if on && there { ("■ ", role) } else { ("□ ", Role::Dim) };
        let word_role = if there { Role::Text } else { Role::Rule };
        let parts = [(key, Role::Key), (" ", Role::Dim), (sign, sign_role), (word, word_role)];
        pieces(buffer, line(area, i as u16), theme, &parts);
    }
}

/// What is wrong with the chosen scan and what to do; the rows used.
fn draw_trouble(state: &State, area: Rect, buffer: &mut Buffer) -> u16 {
    let lines = trouble_lines(state, area.width);
    let room = usize::from(area.height);
    for (i, (text, role)) in lines.iter().take(room).enumerate() {
        put(buffer, line(area, i as u16), text, state.ink.theme.style(*role));
    }
    if lines.is_empty() { 0 } else { lines.len().min(room) as u16 + 1 }
}

/// The trouble of the chosen scan, the findings and their fixes, broken into lines.
fn trouble_lines(state: &State, width: u16) -> Vec<(String, Role)> {
    let Some(row) = state.subjects.current().filter(|_| state.project.is_some()) else { return Vec::new() };
    let trouble = row.trouble();
    let mut lines: Vec<(String, Role)> = Vec::new();
    let mut add = |text: &str, role| {
        lines.extend(wrapped(text, usize::from(width)).into_iter().map(|l| (l, role)));
    };
    if let Some(text) = &trouble {
        add(text, Role::Bad);
    }
    if let Some(words) = row.qc.words() {
        add(&words, row.qc.verdict.map_or(Role::Dim, |v| verdict_sign(v).1));
    }
    for finding in &row.findings {
        if trouble.as_ref() != Some(&finding.message) {
            add(&finding.message, if finding.severe { Role::Bad } else { Role::Warn });
        }
        if !finding.fix.is_empty() {
            add(&finding.fix, Role::Dim);
        }
    }
    lines
}

fn draw_facts(state: &State, scene: &Scene, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    for (i, (name, value)) in scene.facts.iter().take(usize::from(area.height)).enumerate() {
        let row = line(area, i as u16);
        put(buffer, row, name, theme.style(Role::Dim));
        let place = Rect { x: row.x + 11, width: row.width.saturating_sub(11), ..row };
        put(buffer, place, value, theme.style(Role::Text));
    }
}
