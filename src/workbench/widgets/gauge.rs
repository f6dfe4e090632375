//! A thin progress bar in half-cell steps.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::theme::{Role, Theme};
use super::text::put;

/// Draws `part` (0..1) of the first row of `area` as done.
pub(crate) fn gauge(buffer: &mut Buffer, area: Rect, part: f64, role: Role, theme: Theme) {
    let halves = (part.clamp(0.0, 1.0) * f64::from(area.width) * 2.0).round() as u16;
    for i in 0..area.width {
        let (symbol, role) = match halves.saturating_sub(2 * i) {
            0 => ("─", Role::Rule),
            1 => ("╸", role),
            _ => ("━", role),
        };
        put(buffer, Rect::new(area.x + i, area.y, 1, 1), symbol, theme.style(role));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::theme::{Depth, ThemeName};
    use super::*;

    #[test]
    fn half_cells_count() {
        let area = Rect::new(0, 0, 10, 1);
        let mut buffer = Buffer::empty(area);
        gauge(&mut buffer, area, 0.25, Role::Good, Theme::new(ThemeName::Dark, Depth::Indexed));
        let line: String = buffer.content().iter().map(|c| c.symbol()).collect();
        assert_eq!(line, "━━╸───────");
    }
}
