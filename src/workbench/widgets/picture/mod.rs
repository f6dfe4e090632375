//! A slice drawn with characters: grey values, marks of several kinds, side letters.
//!
//! ratatui's canvas keeps one colour per cell; a grey picture needs two, so this is our own widget. It knows planes, marks
//! and the theme; it knows nothing of subjects.

mod fit;
mod glyph;
mod mode;
mod raster;

pub(crate) use fit::{CellShape, Fit, View};
pub use mode::Mode;
pub(crate) use raster::{Layer, Mark, Shape};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::widgets::Widget;

use super::super::slice::Plane;
use super::super::theme::{Role, Theme};
use raster::Raster;

/// How this terminal draws pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ink {
    pub(crate) theme: Theme,
    pub(crate) mode: Mode,
    pub(crate) cell: CellShape,
}

/// A slice to draw.
pub(crate) struct Picture<'a> {
    pub(crate) plane: &'a Plane<f32>,
    /// Values shown as black and white.
    pub(crate) window: (f32, f32),
    /// Marks, the later over the earlier.
    pub(crate) layers: &'a [Layer],
    pub(crate) view: View,
    pub(crate) ink: Ink,
}

impl Picture<'_> {
    /// How the slice lands on the cells of `area`.
    pub(crate) fn fit(&self, area: Rect) -> Fit {
        let (rows, columns) = self.plane.pixels.dim();
        Fit::new([columns, rows], self.plane.mm, area, self.ink, self.view)
    }
}

impl Widget for Picture<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.is_empty() || self.plane.pixels.is_empty() {
            return;
        }
        let fit = self.fit(area);
        let raster = Raster::paint(self.plane, self.window, self.layers, &fit, self.ink.mode);
        let [across, down] = self.ink.mode.samples();
        for y in 0..area.height {
            for x in 0..area.width {
                let block = raster.block(usize::from(x) * across, usize::from(y) * down, across, down);
                let glyph = glyph::draw(&block, self.ink);
                let cell = &mut buffer[(area.x + x, area.y + y)];
                cell.set_char(glyph.symbol);
                cell.set_fg(glyph.fg).set_bg(glyph.bg);
            }
        }
        letters(self.plane.letters, &fit, self.ink, area, buffer);
    }
}

/// Writes the side letters inside the picture's edges, when there is room for them; a space is none.
fn letters(letters: [char; 4], fit: &Fit, ink: Ink, area: Rect, buffer: &mut Buffer) {
    let shown = fit.covered(area, ink.mode);
    if shown.width < 9 || shown.height < 5 {
        return;
    }
    let (middle_x, middle_y) = (shown.x + shown.width / 2, shown.y + shown.height / 2);
    let places = [
        (shown.x, middle_y),
        (shown.right() - 1, middle_y),
        (middle_x, shown.y),
        (middle_x, shown.bottom() - 1),
    ];
    for (letter, at) in letters.into_iter().zip(places).filter(|(letter, _)| *letter != ' ') {
        let cell = &mut buffer[at];
        let black = if ink.theme.coloured() { Color::Indexed(16) } else { Color::Reset };
        cell.set_char(letter).set_bg(black);
        cell.set_style(ink.theme.style(Role::Letter));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::theme::{Depth, ThemeName};
    use super::*;
    use ndarray::Array2;

    fn ink(mode: Mode, depth: Depth) -> Ink {
        Ink { theme: Theme::new(ThemeName::Dark, depth), mode, cell: CellShape { width: 8.0, height: 16.0 } }
    }

    /// A ramp from black (left) to white (right) with a square lesion in the middle.
    fn drawn(mode: Mode, depth: Depth, size: (u16, u16)) -> Buffer {
        let plane = Plane {
            pixels: Array2::from_shape_fn((16, 16), |(_, column)| column as f32),
            mm: [1.0, 1.0],
            letters: ['R', 'L', 'A', 'P'],
        };
        let lesion = Array2::from_shape_fn((16, 16), |(r, c)| (6..10).contains(&r) && (6..10).contains(&c));
        let layers = [Layer { mark: Mark::Mask, shape: Shape::Region(lesion) }];
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buffer = Buffer::empty(area);
        let view = View::default();
        Picture { plane: &plane, window: (0.0, 15.0), layers: &layers, view, ink: ink(mode, depth) }
            .render(area, &mut buffer);
        buffer
    }

    fn text(buffer: &Buffer) -> Vec<String> {
        let width = usize::from(buffer.area.width);
        buffer.content().chunks(width).map(|row| row.iter().map(|c| c.symbol()).collect()).collect()
    }

    #[test]
    fn half_blocks_use_the_grey_ramp_and_the_theme_colour_of_marks() {
        let buffer = drawn(Mode::Half256, Depth::Indexed, (16, 8));
        assert_eq!(buffer[(0, 0)].bg, Color::Indexed(16));
        assert_eq!(buffer[(15, 0)].bg, Color::Indexed(231));
        let mask = ink(Mode::Half256, Depth::Indexed).theme.colour(Role::Mask).unwrap();
        let marked = buffer.content().iter().filter(|c| c.fg == mask || c.bg == mask).count();
        assert_eq!(marked, 8, "the 4x4 outline spans 4 columns and 2 rows of cells");
    }

    #[test]
    fn ascii_and_braille_need_no_colour() {
        let ascii = drawn(Mode::Ascii, Depth::Mono, (16, 8));
        let lines = text(&ascii);
        assert_eq!(lines[1].as_str(), " ..::-==++*##%%@", "{lines:#?}");
        assert!(lines[4].contains("###"), "{lines:#?}");
        for mode in [Mode::Ascii, Mode::Braille] {
            let buffer = drawn(mode, Depth::Mono, (16, 8));
            assert!(
                buffer.content().iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset),
                "{mode:?}"
            );
        }
    }

    #[test]
    fn a_square_stays_square_and_centred_in_a_wide_area() {
        let buffer = drawn(Mode::Half256, Depth::Indexed, (40, 8));
        let filled = |x| buffer[(x, 1)].bg != Color::Reset;
        assert!(!filled(11) && filled(12) && filled(27) && !filled(28), "{:?}", text(&buffer));
    }

    #[test]
    fn side_letters_stand_at_the_edges() {
        let lines = text(&drawn(Mode::Half256, Depth::Indexed, (16, 8)));
        assert!(lines[4].starts_with('R') && lines[4].ends_with('L'), "{lines:?}");
        assert!(lines[0].contains('A') && lines[7].contains('P'), "{lines:?}");
    }
}
