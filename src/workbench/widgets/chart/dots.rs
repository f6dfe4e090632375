//! Braille dots, two by four to a cell, and the forms of lines that need no colour.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::frame::Frame;

/// How a line is drawn where colours cannot tell lines apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    #[default]
    Solid,
    Dashed,
    Dotted,
    Mixed,
}

impl Form {
    /// The form of the `n`th line of a chart.
    pub(crate) fn nth(n: usize) -> Self {
        [Self::Solid, Self::Dashed, Self::Dotted, Self::Mixed][n % 4]
    }

    /// Whether the `n`th dot along a line is drawn.
    fn draws(self, n: i32) -> bool {
        match self {
            Self::Solid => true,
            Self::Dashed => n % 7 < 4,
            Self::Dotted => n % 3 == 0,
            Self::Mixed => matches!(n % 10, 0..=4 | 7),
        }
    }

    /// Two columns of it for a legend.
    pub(crate) fn sample(self) -> &'static str {
        match self {
            Self::Solid => "━━",
            Self::Dashed => "╍╍",
            Self::Dotted => "┈┈",
            Self::Mixed => "━·",
        }
    }
}

/// A field of braille dots; each cell takes the style of the last line through it.
pub(super) struct Dots {
    plot: Rect,
    cells: Vec<(u8, Style)>,
}

impl Dots {
    pub(super) fn new(plot: Rect) -> Self {
        let count = usize::from(plot.width) * usize::from(plot.height);
        Self { plot, cells: vec![(0, Style::new()); count] }
    }

    /// Draws a line through the points, broken where one has no place.
    pub(super) fn trace(&mut self, points: &[(f64, f64)], frame: &Frame, form: Form, style: Style) {
        let mut previous: Option<(i32, i32)> = None;
        let mut along = 0;
        for (x, y) in points.iter().filter(|p| frame.holds(p.0)) {
            let here = frame.dot(*x, *y);
            if let Some(here) = here {
                along = self.line(previous.unwrap_or(here), here, along, form, style);
            }
            previous = here;
        }
    }

    /// Draws one piece; `along` counts the dots of the whole line.
    fn line(&mut self, from: (i32, i32), to: (i32, i32), along: i32, form: Form, style: Style) -> i32 {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for step in 0..=steps {
            let between =
                |a: i32, b: i32| a + ((b - a) as f64 * f64::from(step) / f64::from(steps)).round() as i32;
            if form.draws(along + step) {
                self.set(between(from.0, to.0), between(from.1, to.1), style);
            }
        }
        along + steps
    }

    fn set(&mut self, x: i32, y: i32, style: Style) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let index = (y / 4) as usize * usize::from(self.plot.width) + (x / 2) as usize;
        if let Some(cell) = self.cells.get_mut(index) {
            cell.0 |= BITS[(y % 4) as usize][(x % 2) as usize];
            cell.1 = style;
        }
    }

    pub(super) fn write(&self, buffer: &mut Buffer) {
        let width = usize::from(self.plot.width);
        for (i, (bits, style)) in self.cells.iter().enumerate().filter(|(_, cell)| cell.0 > 0) {
            let Some(symbol) = char::from_u32(0x2800 + u32::from(*bits)) else { continue };
            let at = (self.plot.x + (i % width) as u16, self.plot.y + (i / width) as u16);
            buffer[at].set_char(symbol).set_style(*style);
        }
    }
}
