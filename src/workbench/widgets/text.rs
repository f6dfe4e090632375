//! Writing short texts into cells, and the way numbers and durations are written everywhere.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// Writes `text` at the left of the first row of `area`, cut with "…" when it is too long; the column after it.
pub(crate) fn put(buffer: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    if area.is_empty() || area.y >= buffer.area.bottom() || area.x >= buffer.area.right() {
        return area.x;
    }
    let text = cut(text, usize::from(area.width));
    buffer.set_stringn(area.x, area.y, text, usize::from(area.width), style).0
}

/// Writes `text` at the right of the first row of `area`.
pub(crate) fn put_right(buffer: &mut Buffer, area: Rect, text: &str, style: Style) {
    let text = cut(text, usize::from(area.width));
    let width = Line::raw(text.as_str()).width() as u16;
    let x = area.x + area.width.saturating_sub(width);
    put(buffer, Rect { x, width: width.min(area.width), ..area }, &text, style);
}

/// Writes `text` in the middle of the first row of `area`.
pub(crate) fn put_centred(buffer: &mut Buffer, area: Rect, text: &str, style: Style) {
    let width = Line::raw(text).width() as u16;
    let margin = area.width.saturating_sub(width) / 2;
    put(buffer, Rect { x: area.x + margin, width: area.width - margin, ..area }, text, style);
}

/// At most `width` columns of text; a cut end is shown.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if Line::raw(text).width() <= width {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(width.saturating_sub(1)).collect();
    while Line::raw(kept.as_str()).width() >= width.max(1) && !kept.is_empty() {
        kept.pop();
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// Breaks a text into lines of at most `width` columns, at spaces, and inside words that are longer than a line.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let letters = |word: &str| word.chars().collect::<Vec<char>>();
    let words = text.split_whitespace().map(letters).collect::<Vec<_>>();
    for word in words.iter().flat_map(|word| word.chunks(width.max(1))) {
        let word: String = word.iter().collect();
        let full = lines
            .last()
            .is_some_and(|l| !l.is_empty() && l.chars().count() + 1 + word.chars().count() > width);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines
}

/// A number in at most about six characters: 0.0123, 12.5, 3200, 1e-4.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e6).contains(&size) {
        return format!("{value:.1e}").replace(".0e", "e");
    }
    let decimals = if size >= 1000.0 {
        0
    } else if size >= 100.0 {
        1
    } else if size >= 1.0 {
        2
    } else {
        4
    };
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Seconds as people say them: "8 s", "3 min 05 s", "2 h 10 min".
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_short() {
        let shown = [0.0, 0.01234, 0.5, 12.345, 123.45, 3200.4, 1e-4, 2.5e7].map(number);
        assert_eq!(shown, ["0", "0.0123", "0.5", "12.35", "123.5", "3200", "1e-4", "2.5e7"]);
    }

    #[test]
    fn durations_read_naturally() {
        assert_eq!([8.2, 185.0, 7800.0].map(duration), ["8 s", "3 min 05 s", "2 h 10 min"]);
    }

    #[test]
    fn long_texts_are_cut_visibly() {
        assert_eq!(cut("sub-01_T2w", 20), "sub-01_T2w");
        assert_eq!(cut("sub-01_T2w", 6), "sub-0…");
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a/very/long/path", 6), ["a/very", "/long/", "path"]);
    }
}
