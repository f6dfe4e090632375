//! One slice as text, for `deepseg view --print`: works without a terminal.

use std::fmt::Write;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::widgets::Widget;

use super::effects::scene::of_image;
use super::scene::{Overlays, Scene};
use super::slice::Cut;
use super::theme::{Depth, Theme, ThemeName};
use super::widgets::picture::{CellShape, Ink, Mode, Picture, View};
use super::{ImageFiles, WorkbenchError};

/// How to print a slice.
#[derive(Clone, Copy, Debug)]
pub struct Printed {
    /// The cut.
    pub cut: Cut,
    /// The slice from 0; by default the one with most mask, else the middle of the centerline, else the middle.
    pub slice: Option<usize>,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The picture mode.
    pub mode: Mode,
    /// Whether colours may be used.
    pub colour: bool,
}

/// The slice as lines, with colour codes when colours are used and the mode needs them, and a line that names it.
pub fn print_slice(files: &ImageFiles, how: Printed) -> Result<String, WorkbenchError> {
    let scene = of_image(files)?;
    let mut at = scene.first_look();
    let axis = how.cut.axis();
    if let Some(slice) = how.slice {
        let last = scene.shape()[axis].saturating_sub(1);
        if slice > last {
            let (path, cut) = (files.image.clone(), how.cut.label());
            return Err(WorkbenchError::NoSlice { path, cut, slice, last });
        }
        at[axis] = slice;
    }
    let mut text = lines(&draw(&scene, at, how));
    writeln!(text, "{} {} {}/{}", scene.key, how.cut.label(), at[axis], scene.shape()[axis] - 1).ok();
    Ok(text)
}

fn draw(scene: &Scene, at: [usize; 3], how: Printed) -> Buffer {
    let depth = match (how.colour, how.mode) {
        (false, _) => Depth::Mono,
        (true, Mode::Rgb | Mode::Half64) => Depth::True,
        (true, _) => Depth::Indexed,
    };
    // Grey half-blocks cannot be shown without colours.
    let mode = if depth == Depth::Mono && how.mode.needs_colour() { Mode::Braille } else { how.mode };
    let ink = Ink { theme: Theme::new(ThemeName::Dark, depth), mode, cell: CellShape::default() };
    let area = Rect::new(0, 0, how.size.0.max(1), how.size.1.max(1));
    let mut buffer = Buffer::empty(area);
    if let Some(plane) = scene.plane(how.cut, at) {
        let layers = scene.layers(how.cut, at, Overlays::default());
        let view = View::default();
        Picture { plane: &plane, window: scene.window, layers: &layers, view, ink }.render(area, &mut buffer);
    }
    buffer
}

/// The buffer as lines of text; a colour code only where a colour changes, no spaces at the ends.
fn lines(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let mut text = String::new();
    for row in buffer.content().chunks(width) {
        let plain = |c: &ratatui::buffer::Cell| c.symbol() == " " && c.bg == Color::Reset;
        let used = row.iter().rposition(|c| !plain(c)).map_or(0, |last| last + 1);
        let mut now = (Color::Reset, Color::Reset);
        for cell in &row[..used] {
            if (cell.fg, cell.bg) != now {
                now = (cell.fg, cell.bg);
                write!(text, "\x1b[0{}{}m", code(now.0, 38), code(now.1, 48)).ok();
            }
            text.push_str(cell.symbol());
        }
        text.push_str(if now == (Color::Reset, Color::Reset) { "\n" } else { "\x1b[0m\n" });
    }
    text
}

/// Parameters of SGR for a colour, after the reset that begins each code.
fn code(colour: Color, ground: u8) -> String {
    match colour {
        Color::Indexed(index) => format!(";{ground};5;{index}"),
        Color::Rgb(r, g, b) => format!(";{ground};2;{r};{g};{b}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::tests::sample_scene;
    use super::*;

    fn how(mode: Mode, colour: bool) -> Printed {
        Printed { cut: Cut::Axial, slice: None, size: (24, 10), mode, colour }
    }

    #[test]
    fn without_colour_nothing_but_text_is_printed() {
        let scene = sample_scene("a");
        for mode in [Mode::Half256, Mode::Braille, Mode::Ascii] {
            let text = lines(&draw(&scene, [12, 9, 4], how(mode, false)));
            assert!(!text.contains('\x1b'), "{mode:?}");
            assert_eq!(text.lines().count(), 10);
        }
        let ascii = lines(&draw(&scene, [12, 9, 4], how(Mode::Ascii, false)));
        assert!(ascii.contains('#') && ascii.contains('+') && ascii.contains(':'), "{ascii}");
    }

    #[test]
    fn colours_are_reset_at_the_end_of_every_line() {
        let text = lines(&draw(&sample_scene("a"), [12, 9, 4], how(Mode::Half256, true)));
        assert!(text.lines().all(|l| l.is_empty() || l.ends_with("\x1b[0m")), "{text:?}");
        assert!(text.contains(";48;5;"));
    }
}
