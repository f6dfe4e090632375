//! From the samples of one cell to a character and its two colours.

use ratatui::style::Color;
use ratatui::symbols::pixel::OCTANTS;

use super::super::super::theme::Role;
use super::raster::{Mark, Sample};
use super::{Ink, Mode};

/// A character with its colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Glyph {
    pub(crate) symbol: char,
    pub(crate) fg: Color,
    pub(crate) bg: Color,
}

const EMPTY: Glyph = Glyph { symbol: ' ', fg: Color::Reset, bg: Color::Reset };
const RAMP: &[u8] = b" .:-=+*#%@";

/// Draws one cell.
pub(crate) fn draw(block: &[Sample], ink: Ink) -> Glyph {
    if block.iter().all(|s| s.level.is_none()) {
        return EMPTY;
    }
    match ink.mode {
        Mode::Half256 | Mode::Half64 | Mode::Rgb => half(block, ink),
        Mode::Octant => octant(block, ink),
        Mode::Braille => braille(block, ink),
        Mode::Ascii => ascii(block, ink),
    }
}

fn half(block: &[Sample], ink: Ink) -> Glyph {
    match (shade(&block[0], ink), shade(&block[1], ink)) {
        (None, None) => EMPTY,
        (Some(top), None) => Glyph { symbol: '▀', fg: top, bg: Color::Reset },
        (None, Some(bottom)) => Glyph { symbol: '▄', fg: bottom, bg: Color::Reset },
        (Some(top), Some(bottom)) if top == bottom => Glyph { symbol: ' ', fg: Color::Reset, bg: top },
        (Some(top), Some(bottom)) => Glyph { symbol: '▀', fg: top, bg: bottom },
    }
}

/// The colour of a sample: its mark's, else its grey. Without colours a mark is white where its form is drawn, else black.
fn shade(sample: &Sample, ink: Ink) -> Option<Color> {
    let level = sample.level?;
    Some(match sample.mark {
        None => grey(level, ink.mode),
        Some(mark) => ink
            .theme
            .colour(role(mark))
            .unwrap_or_else(|| grey(if mark.form(sample.at[0], sample.at[1]) { 1.0 } else { 0.0 }, ink.mode)),
    })
}

/// Brightness 0..1 as a grey of the mode.
fn grey(level: f32, mode: Mode) -> Color {
    match mode {
        Mode::Rgb => rgb((level * 255.0).round()),
        Mode::Half64 => rgb(((level * 63.0).round() * 255.0 / 63.0).round()),
        _ => Color::Indexed(ramp(level)),
    }
}

fn rgb(value: f32) -> Color {
    let value = value as u8;
    Color::Rgb(value, value, value)
}

/// The xterm-256 grey nearest to a brightness: black is 16, the ramp 232-255 is 8, 18, … 238, white is 231.
fn ramp(level: f32) -> u8 {
    let value = level * 255.0;
    if value < 4.0 {
        16
    } else if value > 246.5 {
        231
    } else {
        232 + ((value - 8.0) / 10.0).round().clamp(0.0, 23.0) as u8
    }
}

fn role(mark: Mark) -> Role {
    match mark {
        Mark::Crop => Role::Crop,
        Mark::Mask => Role::Mask,
        Mark::Prediction => Role::Prediction,
        Mark::Centerline | Mark::Spot => Role::Centerline,
        Mark::Point => Role::Letter,
        Mark::Cursor => Role::Cursor,
    }
}

/// The mark a cell shows: the last layer's, which is the greatest by order of the block.
fn marked(block: &[Sample]) -> Option<Mark> {
    block.iter().rev().find_map(|s| s.mark)
}

/// Two greys and the glyph that approach eight samples best: sort, try every threshold, keep the least squared error.
fn octant(block: &[Sample], ink: Ink) -> Glyph {
    let levels: Vec<f32> = block.iter().map(|s| s.level.unwrap_or(0.0)).collect();
    if let Some(mark) = marked(block) {
        let pattern = pattern(block, |s| s.mark == Some(mark) && mark.form(s.at[0], s.at[1]));
        let rest: Vec<f32> = block.iter().filter(|s| s.mark.is_none()).filter_map(|s| s.level).collect();
        let fg = ink.theme.colour(role(mark)).unwrap_or(grey(1.0, ink.mode));
        return Glyph { symbol: OCTANTS[pattern], fg, bg: grey(mean(&rest), ink.mode) };
    }
    let (threshold, dark, bright) = best_split(&levels);
    let (fg, bg) = (grey(bright, ink.mode), grey(dark, ink.mode));
    if fg == bg {
        return Glyph { symbol: ' ', fg: Color::Reset, bg };
    }
    Glyph { symbol: OCTANTS[pattern(block, |s| s.level.unwrap_or(0.0) >= threshold)], fg, bg }
}

/// The threshold that splits values into two groups with the least squared error, and the groups' means.
fn best_split(values: &[f32]) -> (f32, f32, f32) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let error = |part: &[f32]| part.iter().map(|v| (v - mean(part)).powi(2)).sum::<f32>();
    let cost = |k: usize| error(&sorted[..k]) + error(&sorted[k..]);
    let split = (1..sorted.len()).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(0);
    (sorted[split], mean(&sorted[..split]), mean(&sorted[split..]))
}

fn mean(values: &[f32]) -> f32 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f32>() / values.len() as f32 }
}

/// Bits of the samples that `on` accepts, row by row.
fn pattern(block: &[Sample], on: impl Fn(&Sample) -> bool) -> usize {
    block.iter().enumerate().filter(|(_, s)| on(s)).map(|(i, _)| 1 << i).sum()
}

/// Ordered dither (Bayer 4x4). A cell with a mark shows the mark alone, so that it stands clear of the dots.
fn braille(block: &[Sample], ink: Ink) -> Glyph {
    const BAYER: [[u8; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    const DOTS: [u32; 8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
    let mark = marked(block);
    if let Some(mark @ (Mark::Spot | Mark::Cursor)) = mark {
        return inked(if mark == Mark::Spot { '+' } else { 'x' }, Some(mark), ink);
    }
    let lit = |s: &Sample| match mark {
        Some(mark) => s.mark == Some(mark) && mark.form(s.at[0], s.at[1]),
        None => s.level.unwrap_or(0.0) > (f32::from(BAYER[s.at[1] % 4][s.at[0] % 4]) + 0.5) / 16.0,
    };
    let dots: u32 = block.iter().zip(DOTS).filter(|(s, _)| lit(s)).map(|(_, dot)| dot).sum();
    inked(char::from_u32(0x2800 + dots).unwrap_or(' '), mark, ink)
}

fn ascii(block: &[Sample], ink: Ink) -> Glyph {
    let symbol = match block[0].mark {
        Some(Mark::Crop) => ':',
        Some(Mark::Mask) => '#',
        Some(Mark::Prediction) => 'o',
        Some(Mark::Centerline | Mark::Spot) => '+',
        Some(Mark::Point) => '*',
        Some(Mark::Cursor) => 'x',
        None => {
            let step = block[0].level.unwrap_or(0.0) * (RAMP.len() - 1) as f32;
            char::from(RAMP[step.round() as usize])
        }
    };
    inked(symbol, block[0].mark, ink)
}

fn inked(symbol: char, mark: Option<Mark>, ink: Ink) -> Glyph {
    let fg = mark.and_then(|m| ink.theme.colour(role(m))).unwrap_or(Color::Reset);
    Glyph { symbol, fg, bg: Color::Reset }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grey_ramp_is_monotonic_and_spans_black_to_white() {
        let brightness = |index: u8| match index {
            16 => 0,
            231 => 255,
            _ => 8 + 10 * (i32::from(index) - 232),
        };
        let levels: Vec<i32> = (0..=255).map(|v| brightness(ramp(v as f32 / 255.0))).collect();
        assert!(levels.windows(2).all(|w| w[0] <= w[1]));
        assert!(levels.iter().enumerate().all(|(v, l)| (v as i32 - l).abs() <= 9), "{levels:?}");
    }

    #[test]
    fn two_groups_are_split_exactly() {
        let (threshold, dark, bright) = best_split(&[0.9, 0.1, 0.1, 0.9, 0.1, 0.1, 0.9, 0.1]);
        assert!(threshold > 0.1 && threshold <= 0.9);
        assert!((dark - 0.1).abs() < 1e-6 && (bright - 0.9).abs() < 1e-6);
    }
}
