//! The curves of the chosen run, or of the marked runs over each other with their legend.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::super::super::layout;
use super::super::super::model::{Curves, Line, RunRow};
use super::super::super::state::plots::Metric;
use super::super::super::state::{Pane, State};
use super::super::super::theme::Role;
use super::super::super::widgets::chart::{Chart, Form, Scale, Series, smoothed, value_at};
use super::super::super::widgets::text::{number, put, put_right};
use super::super::{line, pieces};
use super::{below_head, letter, sign};

/// The charts in sight with their places: what is drawn and what the mouse points at.
pub(crate) fn charts(state: &State) -> Vec<(Rect, Chart<'_>)> {
    let training = &state.training;
    let main = layout::runs_main(state);
    match (training.current(), training.curves()) {
        _ if training.pane != Pane::Curves => Vec::new(),
        (Some(run), Some(curves)) if training.marked.is_empty() => {
            own(state, curves, below_head(state, run, main))
        }
        _ => overlaid(state, overlay_areas(state, main).0),
    }
}

/// One run: an overview, or one metric large.
fn own<'a>(state: &'a State, curves: &'a Curves, area: Rect) -> Vec<(Rect, Chart<'a>)> {
    let area = Rect { width: area.width.saturating_sub(1), ..area };
    let metric = state.training.plots.metric;
    if metric != Metric::Overview {
        return vec![(area, chart(state, metric, series(state, curves, metric)))];
    }
    let [loss, dice, rate] = overview(area);
    let part = |area, metric| (area, chart(state, metric, series(state, curves, metric)));
    let mut parts = vec![part(loss, Metric::Loss), part(dice, Metric::Dice), part(rate, Metric::Rate)];
    parts.retain(|(area, _)| !area.is_empty());
    parts
}

/// The runs over each other: one metric, or loss above Dice.
fn overlaid(state: &State, area: Rect) -> Vec<(Rect, Chart<'_>)> {
    let part = |area, metric| (area, chart(state, metric, overlaid_series(state, metric)));
    match state.training.plots.metric {
        Metric::Overview if area.height >= 14 => {
            let [loss, dice, _] = overview(Rect { width: area.width.min(89), ..area });
            [(loss, Metric::Loss), (dice, Metric::Dice)]
                .map(|(place, metric)| part(Rect { width: area.width, ..place }, metric))
                .into()
        }
        Metric::Overview => vec![part(area, Metric::Loss)],
        metric => vec![part(area, metric)],
    }
}

fn chart<'a>(state: &'a State, metric: Metric, series: Vec<Series<'a>>) -> Chart<'a> {
    let plots = &state.training.plots;
    let highest = || series.iter().flat_map(|s| s.points.iter()).map(|p| p.1).filter(|v| v.is_finite());
    // Shares and rates are read from zero on, unless one looks closely.
    let y_range = match metric {
        Metric::Dice if !plots.zoomed() => Some((0.0, 1.0)),
        Metric::Load => Some((0.0, 100.0)),
        Metric::Rate => Some((0.0, highest().fold(0.0, f64::max))),
        _ => None,
    };
    let logarithmic = if plots.scale == Scale::Log { ", log" } else { "" };
    let mean = match plots.weight() {
        weight if weight > 0.0 => format!(", mean {weight}"),
        _ => String::new(),
    };
    Chart {
        title: format!("{}{logarithmic}{mean}", metric.title()).into(),
        x: plots.span(state.training.extent().0),
        scale: plots.scale,
        y_range,
        cursor: plots.cursor,
        legend: state.training.marked.is_empty(),
        theme: state.ink.theme,
        series,
    }
}

/// The curves of one run, the last drawn on top.
fn series<'a>(state: &State, curves: &'a Curves, metric: Metric) -> Vec<Series<'a>> {
    let known = |line: &Line| curves.has(*line) || metric.lines().len() == 1;
    let lines: Vec<Line> = metric.lines().iter().copied().filter(known).rev().collect();
    let each = |(n, line): (usize, &Line)| {
        let (label, role) = match line {
            Line::Train => ("train", Role::Train),
            Line::Validation => ("validation", Role::Validation),
            Line::Dice => ("validation", Role::Dice),
            Line::Rate => ("rate", Role::Rate),
            Line::Pace => ("patches/s", Role::Train),
            Line::Memory => ("memory", Role::Rate),
            Line::Gpu => ("GPU", Role::Dice),
            Line::Cpu => ("CPU", Role::Train),
        };
        one(state, curves.line(*line), label.to_owned(), role, n)
    };
    lines.iter().enumerate().map(each).collect()
}

/// The same curve of each marked run.
fn overlaid_series(state: &State, metric: Metric) -> Vec<Series<'_>> {
    fn each<'a>(state: &State, metric: Metric, row: &RunRow, curves: &'a Curves) -> Option<Series<'a>> {
        let n = state.training.mark(row)?;
        let line = metric.lines().iter().copied().find(|line| curves.has(*line))?;
        let series = one(state, curves.line(line), row.name.clone(), Role::Run(n as u8), n);
        // Faint values beneath many means would be a tangle.
        Some(Series { letter: Some(letter(n)), raw: None, ..series })
    }
    state.training.overlaid().filter_map(|(row, curves)| each(state, metric, row, curves)).collect()
}

fn one<'a>(state: &State, points: &'a [(f64, f64)], label: String, role: Role, n: usize) -> Series<'a> {
    let weight = state.training.plots.weight();
    let (raw, points) =
        if weight > 0.0 { (Some(points), smoothed(points, weight).into()) } else { (None, points.into()) };
    Series { label: label.into(), role, form: Form::nth(n), letter: None, raw, points }
}

/// Loss above Dice; on a large terminal the rate beside Dice.
fn overview(area: Rect) -> [Rect; 3] {
    let upper = area.height * 11 / 20;
    let gap = u16::from(area.height >= 26);
    let loss = Rect { height: upper.saturating_sub(gap), ..area };
    let lower = Rect { y: area.y + upper, height: area.height - upper, ..area };
    if area.width < 90 {
        return [loss, lower, Rect::default()];
    }
    let half = area.width / 2 - 1;
    let dice = Rect { width: half, ..lower };
    [loss, dice, Rect { x: lower.x + half + 2, width: lower.width - half - 2, ..lower }]
}

/// Where the charts and the legend of the marked runs are: a title row, the charts, a row for each run.
fn overlay_areas(state: &State, area: Rect) -> (Rect, Rect) {
    let rows = (state.training.marked.len() as u16 + 1).min(area.height / 2);
    let charts = Rect {
        y: area.y + 1,
        width: area.width.saturating_sub(1),
        height: area.height.saturating_sub(rows + 2),
        ..area
    };
    (charts, Rect { y: charts.bottom() + 1, height: rows.min(area.height), ..area })
}

/// Draws the marked runs over each other, and beneath who is who.
pub(super) fn draw_overlaid(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let marked = state.training.marked.len();
    let count = format!("{marked} {} compared", if marked == 1 { "run" } else { "runs" });
    let hint = "  b shows in what they differ";
    pieces(buffer, line(area, 0), theme, &[(&count, Role::Title), (hint, Role::Dim)]);
    for (place, chart) in charts(state) {
        chart.render(place, buffer);
    }
    let (_, legend) = overlay_areas(state, area);
    let metric = shown(state.training.plots.metric);
    put_right(buffer, Rect { width: 10, ..value_column(legend, 18) }, metric.title(), theme.style(Role::Dim));
    put_right(buffer, Rect { width: 6, ..value_column(legend, 7) }, "Dice", theme.style(Role::Dim));
    for (i, (row, curves)) in state.training.overlaid().enumerate() {
        draw_legend(state, row, curves, metric, line(legend, i as u16 + 1), buffer);
    }
}

/// The metric whose values the legend shows.
fn shown(metric: Metric) -> Metric {
    if metric == Metric::Overview { Metric::Loss } else { metric }
}

/// The place `from` columns before the end of the first row.
fn value_column(area: Rect, from: u16) -> Rect {
    Rect { x: area.right().saturating_sub(from), width: from, height: area.height.min(1), ..area }
}

/// Letter, line, state, name; value under the cursor, else the last; best Dice.
fn draw_legend(
    state: &State,
    row: &RunRow,
    curves: &Curves,
    metric: Metric,
    area: Rect,
    buffer: &mut Buffer,
) {
    let (theme, plots) = (state.ink.theme, &state.training.plots);
    let n = state.training.mark(row).unwrap_or(0);
    let role = Role::Run(n as u8);
    let form = if theme.coloured() { Form::Solid } else { Form::nth(n) };
    let (mark, (sign, state_role)) = (letter(n).to_string(), sign(&row.state));
    let parts = [
        (mark.as_str(), role),
        (" ", role),
        (form.sample(), role),
        (" ", role),
        (sign, state_role),
        (" ", role),
    ];
    let x = pieces(buffer, area, theme, &parts);
    let name = Rect { x, width: area.right().saturating_sub(x + 19), ..area };
    let here = state.training.current().is_some_and(|current| current.dir == row.dir);
    put(buffer, name, &row.short_name(name.width), theme.style(if here { Role::Title } else { Role::Text }));
    let known = metric.lines().iter().find(|line| curves.has(**line));
    let value = known.and_then(|line| value_at(curves.line(*line), plots.cursor));
    let text = match value {
        Some(value) if value.is_finite() => number(value),
        Some(_) => "gap".to_owned(),
        None => "-".to_owned(),
    };
    put_right(buffer, Rect { width: 10, ..value_column(area, 18) }, &text, theme.style(Role::Text));
    let best = row.best.map_or("-".to_owned(), |(_, dice)| format!("{dice:.3}"));
    put_right(buffer, Rect { width: 6, ..value_column(area, 7) }, &best, theme.style(Role::Dice));
}
