//! Line charts in braille dots: fixed nice ticks, an x axis that grows in steps, gaps where a value is not a number.
//!
//! A steady axis keeps an update to a few bytes over a slow link. Knows values and roles, nothing of runs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::super::theme::{Role, Theme};
use super::text::{number, put, put_right};

/// One curve: x ascending, y not a number where there is a gap.
pub(crate) struct Series<'a> {
    pub(crate) label: &'a str,
    pub(crate) role: Role,
    pub(crate) points: &'a [(f64, f64)],
}

/// A chart of some curves over the same x.
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) series: Vec<Series<'a>>,
    /// The last x the curves can reach, when it is known.
    pub(crate) x_total: Option<f64>,
    /// A fixed y range, else one that holds the data.
    pub(crate) y_range: Option<(f64, f64)>,
    pub(crate) theme: Theme,
}

impl Widget for Chart<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.width < 16 || area.height < 4 {
            return;
        }
        self.legend(area, buffer);
        let ticks = self.y_ticks(area.height);
        let gutter = ticks.iter().map(|t| number(*t).len()).max().unwrap_or(0) as u16 + 1;
        let plot = Rect::new(area.x + gutter + 1, area.y + 1, area.width - gutter - 1, area.height - 3);
        let frame = Frame { plot, x: (0.0, self.x_end()), y: span(&ticks) };
        self.axes(&frame, &ticks, gutter, buffer);
        if self.series.iter().all(|s| s.points.iter().all(|p| !p.1.is_finite())) {
            let at = Rect::new(plot.x + 2, plot.y + plot.height / 2, plot.width.saturating_sub(2), 1);
            put(buffer, at, "waiting for the first epoch", self.theme.style(Role::Dim));
        }
        let mut dots = Dots::new(plot);
        for series in &self.series {
            dots.trace(series, &frame);
        }
        dots.write(buffer, self.theme);
    }
}

impl Chart<'_> {
    /// Title, then each curve's name and last value.
    fn legend(&self, area: Rect, buffer: &mut Buffer) {
        let mut x = put(buffer, area, self.title, self.theme.style(Role::Title)) + 2;
        for (i, series) in self.series.iter().enumerate() {
            let last = series.points.iter().rev().find(|p| p.1.is_finite());
            let value = last.map(|p| format!(" {}", number(p.1))).unwrap_or_default();
            let line = if i == 0 { "━━ " } else { "╍╍ " };
            for (text, role) in [(line, series.role), (series.label, Role::Dim), (&value, Role::Text)] {
                let rest = Rect { x, width: area.right().saturating_sub(x), height: 1, ..area };
                x = put(buffer, rest, text, self.theme.style(role));
            }
            x += 2;
        }
    }

    fn x_end(&self) -> f64 {
        let reached = self.series.iter().filter_map(|s| s.points.last()).map(|p| p.0).fold(0.0, f64::max);
        grown(reached, self.x_total)
    }

    fn y_ticks(&self, height: u16) -> Vec<f64> {
        let most = (usize::from(height.saturating_sub(3)) / 2).clamp(2, 6);
        let values = || self.series.iter().flat_map(|s| s.points).map(|p| p.1).filter(|v| v.is_finite());
        let (low, high) = self.y_range.unwrap_or_else(|| {
            let low = values().fold(f64::INFINITY, f64::min);
            let high = values().fold(f64::NEG_INFINITY, f64::max);
            if low > high { (0.0, 1.0) } else { (low, high) }
        });
        ticks(low, high, most)
    }

    fn axes(&self, frame: &Frame, ticks: &[f64], gutter: u16, buffer: &mut Buffer) {
        let (plot, rule, dim) = (frame.plot, self.theme.style(Role::Rule), self.theme.style(Role::Dim));
        for y in plot.y..plot.bottom() {
            put(buffer, Rect::new(plot.x - 1, y, 1, 1), "│", rule);
        }
        for tick in ticks {
            let y = frame.row(*tick);
            put_right(buffer, Rect::new(plot.x - 1 - gutter, y, gutter - 1, 1), &number(*tick), dim);
            put(buffer, Rect::new(plot.x - 1, y, 1, 1), "┤", rule);
        }
        let bottom = plot.bottom();
        put(buffer, Rect::new(plot.x - 1, bottom, 1, 1), "└", rule);
        for x in plot.x..plot.right() {
            put(buffer, Rect::new(x, bottom, 1, 1), "─", rule);
        }
        self.x_labels(frame, dim, rule, buffer);
    }

    fn x_labels(&self, frame: &Frame, dim: Style, rule: Style, buffer: &mut Buffer) {
        let plot = frame.plot;
        let most = (usize::from(plot.width) / 12).clamp(1, 8);
        // There is no half epoch.
        let whole = |tick: &f64| *tick <= frame.x.1 && tick.fract().abs() < 1e-9;
        for tick in ticks(0.0, frame.x.1, most).into_iter().filter(whole) {
            let text = number(tick);
            let x = frame.column(tick);
            let left = x.min(plot.right().saturating_sub(text.len() as u16));
            put(buffer, Rect::new(x, plot.bottom(), 1, 1), "┴", rule);
            put(buffer, Rect::new(left, plot.bottom() + 1, text.len() as u16, 1), &text, dim);
        }
    }
}

/// The plot's cells and the values at its edges.
struct Frame {
    plot: Rect,
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    /// Dot column and row (2 by 4 to a cell) of a value, row 0 at the top.
    fn dot(&self, x: f64, y: f64) -> (i32, i32) {
        let part = |v: f64, (low, high): (f64, f64)| ((v - low) / (high - low)).clamp(0.0, 1.0);
        let (width, height) =
            (f64::from(self.plot.width) * 2.0 - 1.0, f64::from(self.plot.height) * 4.0 - 1.0);
        ((part(x, self.x) * width).round() as i32, ((1.0 - part(y, self.y)) * height).round() as i32)
    }

    fn row(&self, y: f64) -> u16 {
        self.plot.y + (self.dot(self.x.0, y).1 / 4) as u16
    }

    fn column(&self, x: f64) -> u16 {
        self.plot.x + (self.dot(x, self.y.0).0 / 2) as u16
    }
}

/// A field of braille dots; each cell takes the colour of the last curve through it.
struct Dots {
    plot: Rect,
    cells: Vec<(u8, Option<Role>)>,
}

impl Dots {
    fn new(plot: Rect) -> Self {
        Self { plot, cells: vec![(0, None); usize::from(plot.width) * usize::from(plot.height)] }
    }

    fn trace(&mut self, series: &Series<'_>, frame: &Frame) {
        let mut previous: Option<(i32, i32)> = None;
        for (x, y) in series.points {
            let here = y.is_finite().then(|| frame.dot(*x, *y));
            if let Some(here) = here {
                self.line(previous.unwrap_or(here), here, series.role);
            }
            previous = here;
        }
    }

    fn line(&mut self, from: (i32, i32), to: (i32, i32), role: Role) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for step in 0..=steps {
            let along =
                |a: i32, b: i32| a + ((b - a) as f64 * f64::from(step) / f64::from(steps)).round() as i32;
            self.set(along(from.0, to.0), along(from.1, to.1), role);
        }
    }

    fn set(&mut self, x: i32, y: i32, role: Role) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let index = (y / 4) as usize * usize::from(self.plot.width) + (x / 2) as usize;
        if let Some(cell) = self.cells.get_mut(index) {
            cell.0 |= BITS[(y % 4) as usize][(x % 2) as usize];
            cell.1 = Some(role);
        }
    }

    fn write(&self, buffer: &mut Buffer, theme: Theme) {
        let width = usize::from(self.plot.width);
        for (i, (bits, role)) in self.cells.iter().enumerate() {
            let (Some(role), Some(symbol)) = (role, char::from_u32(0x2800 + u32::from(*bits))) else {
                continue;
            };
            let at = (self.plot.x + (i % width) as u16, self.plot.y + (i / width) as u16);
            buffer[at].set_char(symbol).set_style(theme.style(*role));
        }
    }
}

fn span(ticks: &[f64]) -> (f64, f64) {
    match (ticks.first(), ticks.last()) {
        (Some(low), Some(high)) if high > low => (*low, *high),
        _ => (0.0, 1.0),
    }
}

/// Round values (1, 2, 5 times a power of ten) from at or below `low` to at or above `high`, about `most` of them.
pub(crate) fn ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let span = (high - low).max(high.abs().max(1e-12) * 1e-3);
    let rough = span / most as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough * 0.999).unwrap_or(rough);
    let first = (low / step + 1e-9).floor() as i64;
    let last = (high / step - 1e-9).ceil().max(first as f64 + 1.0) as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

/// The end of an x axis that grows in steps 10, 20, 50, 100, … and stops at the total when one is known.
pub(crate) fn grown(reached: f64, total: Option<f64>) -> f64 {
    let mut end = 10.0;
    let mut factors = [2.0, 2.5, 2.0].into_iter().cycle();
    while end < reached {
        end *= factors.next().unwrap_or(2.0);
    }
    total.filter(|t| *t >= reached.max(1.0)).map_or(end, |t| end.min(t))
}

#[cfg(test)]
mod tests {
    use super::super::super::theme::{Depth, ThemeName};
    use super::*;

    #[test]
    fn ticks_are_round_and_enclose_the_data() {
        assert_eq!(ticks(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(0.13, 0.91, 4), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(3.0, 3.0, 4).len(), 2);
    }

    #[test]
    fn the_axis_grows_in_steps_up_to_the_total() {
        let ends = [1.0, 10.0, 11.0, 21.0, 51.0, 101.0].map(|x| grown(x, None));
        assert_eq!(ends, [10.0, 10.0, 20.0, 50.0, 100.0, 200.0]);
        assert_eq!(grown(3.0, Some(5.0)), 5.0);
        assert_eq!(grown(21.0, Some(30.0)), 30.0);
    }

    fn draw(points: &[(f64, f64)]) -> Vec<String> {
        let area = Rect::new(0, 0, 30, 9);
        let mut buffer = Buffer::empty(area);
        let series = vec![Series { label: "train", role: Role::Train, points }];
        let theme = Theme::new(ThemeName::Dark, Depth::Indexed);
        Chart { title: "Loss", series, x_total: Some(10.0), y_range: Some((0.0, 1.0)), theme }
            .render(area, &mut buffer);
        buffer.content().chunks(30).map(|row| row.iter().map(|c| c.symbol()).collect()).collect()
    }

    #[test]
    fn a_chart_has_legend_axes_and_curve() {
        let lines = draw(&[(0.0, 1.0), (5.0, 0.5), (10.0, 0.0)]);
        assert!(lines[0].starts_with("Loss  ━━ train 0"), "{lines:#?}");
        assert!(lines[1].contains("1 ┤") && lines[6].contains("0 ┤"), "{lines:#?}");
        assert!(lines[8].contains('0') && lines[8].trim_end().ends_with("10"), "{lines:#?}");
        let first = lines[1].chars().nth(5).unwrap();
        assert!(('\u{2801}'..='\u{28ff}').contains(&first), "the curve starts top left: {lines:#?}");
    }

    #[test]
    fn what_is_not_a_number_is_a_gap() {
        let blank = |points: &[(f64, f64)]| {
            let middle: Vec<char> =
                draw(points).iter().skip(1).take(6).filter_map(|l| l.chars().nth(17)).collect();
            middle.iter().all(|c| *c == ' ')
        };
        assert!(!blank(&[(0.0, 0.5), (5.0, 0.5), (10.0, 0.5)]));
        assert!(blank(&[(0.0, 0.5), (2.0, 0.5), (5.0, f64::NAN), (8.0, 0.5), (10.0, 0.5)]));
    }
}
