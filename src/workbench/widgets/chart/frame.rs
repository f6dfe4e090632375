//! A chart's cells and the values at its edges: the one map between both, for drawing and for the mouse.

use ratatui::layout::Rect;

use super::axis::Scale;

/// Where a chart's curves are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) plot: Rect,
    /// Values at the left and right edge.
    pub(super) x: (f64, f64),
    /// Values at the lower and upper edge.
    pub(super) y: (f64, f64),
    pub(super) scale: Scale,
}

impl Frame {
    /// Whether x is between the edges.
    pub(super) fn holds(&self, x: f64) -> bool {
        (self.x.0..=self.x.1).contains(&x)
    }

    /// Dot column and row (2 by 4 to a cell) of a value, row 0 at the top; `None` where a value has no place.
    pub(super) fn dot(&self, x: f64, y: f64) -> Option<(i32, i32)> {
        let part = |v: f64, low: f64, high: f64| ((v - low) / (high - low)).clamp(0.0, 1.0);
        let (low, high) = (self.scale.place(self.y.0)?, self.scale.place(self.y.1)?);
        let (width, height) =
            (f64::from(self.plot.width) * 2.0 - 1.0, f64::from(self.plot.height) * 4.0 - 1.0);
        let across = part(x, self.x.0, self.x.1) * width;
        let down = (1.0 - part(self.scale.place(y)?, low, high)) * height;
        Some((across.round() as i32, down.round() as i32))
    }

    /// The cell row of a value, clamped to the edges.
    pub(super) fn row(&self, y: f64) -> u16 {
        self.plot.y + self.dot(self.x.0, y).map_or(0, |dot| dot.1 / 4) as u16
    }

    /// The cell column of x, clamped to the edges.
    pub(super) fn column(&self, x: f64) -> u16 {
        self.plot.x + self.dot(x, self.y.1).map_or(0, |dot| dot.0 / 2) as u16
    }

    /// The value of x in the middle of a column.
    pub(crate) fn x_at(&self, column: u16) -> f64 {
        let part = (f64::from(column.saturating_sub(self.plot.x)) + 0.5) / f64::from(self.plot.width.max(1));
        self.x.0 + part.min(1.0) * (self.x.1 - self.x.0)
    }
}
