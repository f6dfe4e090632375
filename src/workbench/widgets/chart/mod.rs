//! Line charts in braille dots: fixed nice ticks, gaps where a value is not a number, a cursor to read values at.
//!
//! Knows values and roles, nothing of runs.

mod axis;
mod dots;
mod frame;
mod smooth;

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget;

use super::super::theme::{Role, Theme};
use super::text::{number, put, put_right};
pub(crate) use axis::{Scale, grown};
use dots::Dots;
pub(crate) use dots::Form;
pub(crate) use frame::Frame;
pub(crate) use smooth::smoothed;

/// One curve: x ascending, y not a number where there is a gap.
#[derive(Clone)]
pub(crate) struct Series<'a> {
    pub(crate) label: Cow<'a, str>,
    pub(crate) role: Role,
    /// Its form where there are no colours.
    pub(crate) form: Form,
    /// Written at its end.
    pub(crate) letter: Option<char>,
    /// Drawn faintly beneath, e.g. the values of which the points are the mean.
    pub(crate) raw: Option<&'a [(f64, f64)]>,
    pub(crate) points: Cow<'a, [(f64, f64)]>,
}

/// A chart of some curves over the same x.
pub(crate) struct Chart<'a> {
    pub(crate) title: Cow<'a, str>,
    pub(crate) series: Vec<Series<'a>>,
    /// Values of x at the edges.
    pub(crate) x: (f64, f64),
    pub(crate) scale: Scale,
    /// A y range to hold in any case, else one that holds the data.
    pub(crate) y_range: Option<(f64, f64)>,
    /// The x whose values the legend shows, instead of the last.
    pub(crate) cursor: Option<f64>,
    /// Whether the title row names the curves.
    pub(crate) legend: bool,
    pub(crate) theme: Theme,
}

/// The value of a curve nearest to `x`, not a number where there is a gap; the last value without an `x`.
pub(crate) fn value_at(points: &[(f64, f64)], x: Option<f64>) -> Option<f64> {
    match x {
        None => points.iter().rev().find(|p| p.1.is_finite()).map(|p| p.1),
        Some(x) => points.iter().min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs())).map(|p| p.1),
    }
}

impl Widget for Chart<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let Some((frame, ticks, gutter)) = self.measured(area.intersection(buffer.area)) else { return };
        self.legend(area, buffer);
        self.axes(&frame, &ticks, gutter, buffer);
        let plot = frame.plot;
        if self.series.iter().all(|s| s.points.iter().all(|p| !p.1.is_finite())) {
            let at = Rect::new(plot.x + 2, plot.y + plot.height / 2, plot.width.saturating_sub(2), 1);
            put(buffer, at, "waiting for the first epoch", self.theme.style(Role::Dim));
        }
        self.cursor_line(&frame, buffer);
        let mut dots = Dots::new(plot);
        for series in &self.series {
            let faint = self.theme.style(Role::Dim);
            dots.trace(series.raw.unwrap_or_default(), &frame, Form::Solid, faint);
        }
        for series in &self.series {
            dots.trace(&series.points, &frame, self.form(series), self.theme.style(series.role));
        }
        dots.write(buffer);
        let mut taken = Vec::new();
        self.series.iter().for_each(|series| self.letter(series, &frame, &mut taken, buffer));
    }
}

impl<'a> Chart<'a> {
    /// Where the curves are drawn in `area`; `None` where there is no room.
    pub(crate) fn frame(&self, area: Rect) -> Option<Frame> {
        self.measured(area).map(|(frame, ..)| frame)
    }

    /// The frame, the ticks of y, and the columns their labels take.
    fn measured(&self, area: Rect) -> Option<(Frame, Vec<f64>, u16)> {
        if area.width < 16 || area.height < 4 {
            return None;
        }
        let ticks = self.y_ticks(area.height);
        let gutter = ticks.iter().map(|t| number(*t).len()).max().unwrap_or(0) as u16 + 1;
        let width = area.width.checked_sub(gutter + 1)?;
        let plot = Rect::new(area.x + gutter + 1, area.y + 1, width, area.height - 3);
        let x = if self.x.1 > self.x.0 { self.x } else { (self.x.0, self.x.0 + 1.0) };
        let scale = if ticks.first().is_some_and(|t| *t > 0.0) { self.scale } else { Scale::Linear };
        Some((Frame { plot, x, y: span(&ticks), scale }, ticks, gutter))
    }

    fn form(&self, series: &Series<'_>) -> Form {
        if self.theme.coloured() { Form::Solid } else { series.form }
    }

    /// Title, then each curve's name and its value under the cursor, else the last.
    fn legend(&self, area: Rect, buffer: &mut Buffer) {
        let rest = |x: u16| Rect { x, width: area.right().saturating_sub(x), height: 1, ..area };
        let mut x = put(buffer, rest(area.x), &self.title, self.theme.style(Role::Title)) + 2;
        if let Some(at) = self.cursor {
            x = put(buffer, rest(x), &format!("epoch {}", number(at)), self.theme.style(Role::Accent)) + 2;
        }
        for series in self.series.iter().filter(|_| self.legend) {
            let value = match value_at(&series.points, self.cursor) {
                Some(value) if value.is_finite() => format!(" {}", number(value)),
                Some(_) => " gap".to_owned(),
                None => String::new(),
            };
            let line = format!("{} ", self.form(series).sample());
            for (text, role) in
                [(line.as_str(), series.role), (&series.label, Role::Dim), (&value, Role::Text)]
            {
                x = put(buffer, rest(x), text, self.theme.style(role));
            }
            x += 2;
        }
    }

    fn y_ticks(&self, height: u16) -> Vec<f64> {
        let most = (usize::from(height.saturating_sub(3)) / 2).clamp(2, 6);
        let shown = |p: &&(f64, f64)| (self.x.0..=self.x.1).contains(&p.0);
        let lines = || self.series.iter().flat_map(|s| [&*s.points, s.raw.unwrap_or_default()]);
        let values =
            || lines().flatten().filter(shown).map(|p| p.1).filter(|v| self.scale.place(*v).is_some());
        let (low, high) = self.y_range.filter(|_| self.scale == Scale::Linear).unwrap_or_else(|| {
            let low = values().fold(f64::INFINITY, f64::min);
            let high = values().fold(f64::NEG_INFINITY, f64::max);
            if low > high { (0.0, 1.0) } else { (low, high) }
        });
        let scale = if low > 0.0 { self.scale } else { Scale::Linear };
        scale.ticks(low, high, most)
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
        let whole = |tick: &f64| frame.holds(*tick) && tick.fract().abs() < 1e-9;
        for tick in axis::ticks(frame.x.0, frame.x.1, most).into_iter().filter(whole) {
            let text = number(tick);
            let x = frame.column(tick);
            let left = x.min(plot.right().saturating_sub(text.len() as u16));
            put(buffer, Rect::new(x, plot.bottom(), 1, 1), "┴", rule);
            put(buffer, Rect::new(left, plot.bottom() + 1, text.len() as u16, 1), &text, dim);
        }
    }

    /// The line to read values at; curves are drawn over it.
    fn cursor_line(&self, frame: &Frame, buffer: &mut Buffer) {
        let Some(at) = self.cursor.filter(|at| frame.holds(*at)) else { return };
        let column = frame.column(at);
        for y in frame.plot.y..frame.plot.bottom() {
            put(buffer, Rect::new(column, y, 1, 1), "┊", self.theme.style(Role::Accent));
        }
        put(buffer, Rect::new(column, frame.plot.bottom(), 1, 1), "┻", self.theme.style(Role::Accent));
    }

    /// A curve's letter on its last point in sight where no other curve has one.
    fn letter(&self, series: &Series<'_>, frame: &Frame, taken: &mut Vec<(u16, u16)>, buffer: &mut Buffer) {
        let Some(letter) = series.letter else { return };
        let place = |p: &(f64, f64)| {
            let (x, y) = frame.dot(p.0, p.1).filter(|_| frame.holds(p.0))?;
            let at = (frame.plot.x + (x / 2) as u16, frame.plot.y + (y / 4) as u16);
            (!taken.contains(&at)).then_some(at)
        };
        if let Some(at) = series.points.iter().rev().find_map(place) {
            let style = self.theme.style(series.role).add_modifier(Modifier::BOLD);
            buffer[at].set_char(letter).set_style(style);
            taken.push(at);
        }
    }
}

fn span(ticks: &[f64]) -> (f64, f64) {
    match (ticks.first(), ticks.last()) {
        (Some(low), Some(high)) if high > low => (*low, *high),
        _ => (0.0, 1.0),
    }
}

#[cfg(test)]
mod tests;
