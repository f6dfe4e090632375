//! The screens: each draws a part of the state into the buffer and changes nothing.

mod compare;
mod confirm;
mod facts;
mod footer;
mod form;
pub(crate) mod header;
mod help;
mod log;
mod palette;
mod patches;
mod points;
mod results;
mod script;
mod start;
mod subjects;
pub(crate) mod training;
pub(crate) mod viewer;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::layout;
use super::state::{Modal, Screen, State};
use super::theme::{Role, Theme};
use super::widgets::text::{put, put_centred, put_right};

/// Draws the whole screen.
pub(crate) fn draw(state: &State, buffer: &mut Buffer) {
    let area = buffer.area;
    if area.width < 40 || area.height < 10 {
        let middle = Rect { y: area.height / 2, height: 1.min(area.height), ..area };
        return put_centred(buffer, middle, "please make the terminal larger (80x24 is fine)", Style::new());
    }
    let page = layout::page(area);
    header::draw(state, page.header, buffer);
    match state.screen {
        Screen::Start => start::draw(state, page.body, buffer),
        Screen::Subjects => subjects::draw(state, page.body, buffer),
        Screen::Training => training::draw(state, buffer),
        Screen::Results => results::draw(state, page.body, buffer),
        Screen::Compare => compare::draw(state, page.body, buffer),
        Screen::Points => points::draw(state, page.body, buffer),
        Screen::Patches => patches::draw(state, page.body, buffer),
        Screen::Image => viewer::draw(state, page.body, buffer),
    }
    footer::draw(state, page.status, page.footer, buffer);
    match &state.modal {
        Some(Modal::Help { scroll }) => help::draw(state, *scroll, area, buffer),
        Some(Modal::Palette { query, selected }) => palette::draw(state, query, *selected, area, buffer),
        Some(Modal::Confirm(question)) => confirm::draw(state, question, area, buffer),
        Some(Modal::Script { text, scroll }) => script::draw(state, text, *scroll, area, buffer),
        Some(Modal::Log { back }) => log::draw(state, *back, area, buffer),
        Some(Modal::Form) => form::draw(state, area, buffer),
        Some(Modal::Path { text }) => start::draw_path(state, text, area, buffer),
        Some(Modal::Filter | Modal::Comment { .. } | Modal::Rank | Modal::Epochs { .. }) | None => {}
    }
}

/// Draws an empty box with a title over the screen; the place inside.
fn panel(title: &str, area: Rect, theme: Theme, buffer: &mut Buffer) -> Rect {
    Clear.render(area, buffer);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.style(Role::Accent))
        .title(format!(" {title} "))
        .title_style(theme.style(Role::Title));
    let inner = block.inner(area);
    block.render(area, buffer);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// A vertical rule.
fn rule(area: Rect, theme: Theme, buffer: &mut Buffer) {
    for y in area.y..area.bottom() {
        put(buffer, Rect::new(area.x, y, area.width, 1), "│", theme.style(Role::Rule));
    }
}

/// Row `n` of an area, empty below its end.
fn line(area: Rect, n: u16) -> Rect {
    let n = n.min(area.height);
    Rect { y: area.y + n, height: 1.min(area.height - n), ..area }
}

/// Writes pieces one after the other; the column after them.
fn pieces(buffer: &mut Buffer, area: Rect, theme: Theme, parts: &[(&str, Role)]) -> u16 {
    let mut x = area.x;
    for (text, role) in parts {
        let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
        x = put(buffer, rest, text, theme.style(*role));
    }
    x
}

/// A quiet remark at the right.
fn put_detail(buffer: &mut Buffer, area: Rect, text: &str, theme: Theme) {
    put_right(buffer, area, text, theme.style(Role::Dim));
}

#[cfg(test)]
mod tests;
