//! A list that draws only the rows in sight, so that thousands of subjects cost what twenty do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::theme::{Role, Theme};
use super::text::put;

/// Which row is chosen and which is the first in sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scroll {
    pub(crate) selected: usize,
    pub(crate) first: usize,
}

impl Scroll {
    /// Chooses row `to` of `count` (clamped) and keeps it in sight of `height` rows, with a margin of context.
    pub(crate) fn select(&mut self, to: usize, count: usize, height: usize) {
        self.selected = to.min(count.saturating_sub(1));
        let margin = (height / 4).min(2);
        let lowest = (self.selected + margin + 1).saturating_sub(height);
        let highest = self.selected.saturating_sub(margin);
        self.first = self.first.clamp(lowest.min(highest), highest).min(count.saturating_sub(height));
    }

    /// [`Scroll::select`] by a signed distance.
    pub(crate) fn step(&mut self, by: isize, count: usize, height: usize) {
        self.select(self.selected.saturating_add_signed(by), count, height);
    }
}

/// Draws the rows in sight with `row(index, line, selected)` and a scroll bar when not all fit.
pub(crate) fn list(
    buffer: &mut Buffer,
    area: Rect,
    scroll: Scroll,
    count: usize,
    theme: Theme,
    mut row: impl FnMut(&mut Buffer, usize, Rect),
) {
    let height = usize::from(area.height);
    let bar = count > height;
    let width = area.width.saturating_sub(u16::from(bar));
    for (i, index) in (scroll.first..count).take(height).enumerate() {
        let line = Rect::new(area.x, area.y + i as u16, width, 1);
        if index == scroll.selected {
            buffer.set_style(line, theme.style(Role::Selection));
        }
        row(buffer, index, line);
    }
    if bar {
        scroll_bar(buffer, area, scroll.first, count, theme);
    }
}

fn scroll_bar(buffer: &mut Buffer, area: Rect, first: usize, count: usize, theme: Theme) {
    let height = usize::from(area.height);
    let length = (height * height / count).max(1);
    let top = first * (height - length) / (count - height).max(1);
    for i in 0..height {
        let thumb = (top..top + length).contains(&i);
        let (symbol, role) = if thumb { ("┃", Role::Dim) } else { ("│", Role::Rule) };
        put(buffer, Rect::new(area.right() - 1, area.y + i as u16, 1, 1), symbol, theme.style(role));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_stays_in_sight_with_context() {
        let mut scroll = Scroll::default();
        scroll.select(50, 1000, 20);
        assert_eq!(scroll, Scroll { selected: 50, first: 33 });
        scroll.step(-1, 1000, 20);
        assert_eq!(scroll, Scroll { selected: 49, first: 33 });
        scroll.select(5000, 1000, 20);
        assert_eq!(scroll, Scroll { selected: 999, first: 980 });
        scroll.select(0, 1000, 20);
        assert_eq!(scroll, Scroll { selected: 0, first: 0 });
    }

    #[test]
    fn a_short_list_never_scrolls() {
        let mut scroll = Scroll { selected: 0, first: 7 };
        scroll.select(2, 3, 20);
        assert_eq!(scroll, Scroll { selected: 2, first: 0 });
        scroll.select(0, 0, 20);
        assert_eq!(scroll, Scroll::default());
    }
}
