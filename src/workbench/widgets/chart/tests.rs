use super::super::super::theme::{Depth, ThemeName};
use super::*;

fn chart(points: &[(f64, f64)]) -> Chart<'_> {
    let series = Series {
        label: "train".into(),
        role: Role::Train,
        form: Form::Solid,
        letter: None,
        raw: None,
        points: points.into(),
    };
    Chart {
        title: "Loss".into(),
        series: vec![series],
        x: (0.0, 10.0),
        scale: Scale::Linear,
        y_range: Some((0.0, 1.0)),
        cursor: None,
        legend: true,
        theme: Theme::new(ThemeName::Dark, Depth::Indexed),
    }
}

fn draw(chart: Chart<'_>) -> Vec<String> {
    let area = Rect::new(0, 0, 30, 9);
    let mut buffer = Buffer::empty(area);
    chart.render(area, &mut buffer);
    buffer.content().chunks(30).map(|row| row.iter().map(|c| c.symbol()).collect()).collect()
}

#[test]
fn a_chart_has_legend_axes_and_curve() {
    let lines = draw(chart(&[(0.0, 1.0), (5.0, 0.5), (10.0, 0.0)]));
    assert!(lines[0].starts_with("Loss  ━━ train 0"), "{lines:#?}");
    assert!(lines[1].contains("1 ┤") && lines[6].contains("0 ┤"), "{lines:#?}");
    assert!(lines[8].contains('0') && lines[8].trim_end().ends_with("10"), "{lines:#?}");
    let first = lines[1].chars().nth(5).unwrap();
    assert!(('\u{2801}'..='\u{28ff}').contains(&first), "the curve starts top left: {lines:#?}");
}

/// The plot's columns of dots in some rows, as text.
fn plot(lines: &[String]) -> Vec<String> {
    lines.iter().skip(1).take(6).map(|l| l.chars().skip(5).collect()).collect()
}

#[test]
fn what_is_not_a_number_is_a_gap() {
    let blank = |points: &[(f64, f64)]| {
        let lines = draw(chart(points));
        lines.iter().skip(1).take(6).filter_map(|l| l.chars().nth(17)).all(|c| c == ' ')
    };
    assert!(!blank(&[(0.0, 0.5), (5.0, 0.5), (10.0, 0.5)]));
    assert!(blank(&[(0.0, 0.5), (2.0, 0.5), (5.0, f64::NAN), (8.0, 0.5), (10.0, 0.5)]));
}

#[test]
fn the_cursor_reads_the_nearest_epoch() {
    let points = [(0.0, 1.0), (5.0, 0.5), (8.0, f64::NAN), (10.0, 0.0)];
    let at = |x| draw(Chart { cursor: Some(x), ..chart(&points) });
    assert!(at(5.2)[0].contains("epoch 5.2  ━━ train 0.5"), "{:#?}", at(5.2));
    assert!(at(8.0)[0].contains("train gap"));
    assert_eq!(plot(&at(5.2)).iter().filter(|l| l.contains('┊')).count(), 5, "but for the cell of the curve");
}

#[test]
fn zooming_fits_the_values_to_what_is_in_sight() {
    let points = [(0.0, 9.0), (4.0, 0.5), (6.0, 0.4), (10.0, 0.3)];
    let lines = draw(Chart { x: (4.0, 6.0), y_range: None, ..chart(&points) });
    assert!(lines[1].trim_start().starts_with("0.5"), "{lines:#?}");
    assert!(lines[8].contains('4') && !lines[8].contains("10"), "{lines:#?}");
}

#[test]
fn a_logarithmic_axis_gives_equal_factors_equal_heights() {
    let points = [(0.0, 0.001), (5.0, 0.03), (10.0, 1.0)];
    let lines = draw(Chart { scale: Scale::Log, y_range: None, ..chart(&points) });
    assert!(lines[1].contains("1 ┤") && lines[6].contains("0.001 ┤"), "{lines:#?}");
    let zero = draw(Chart { scale: Scale::Log, y_range: None, ..chart(&[(0.0, 0.0), (5.0, 0.0)]) });
    assert!(zero[0].starts_with("Loss"), "nothing that can be shown is no crash");
}

#[test]
fn without_colour_lines_differ_by_form_and_letter() {
    let mono = Theme::new(ThemeName::Dark, Depth::Mono);
    let points: Vec<(f64, f64)> = (0..=10).map(|x| (f64::from(x), 0.5)).collect();
    let drawn = |form, letter| {
        let mut chart = Chart { theme: mono, ..chart(&points) };
        (chart.series[0].form, chart.series[0].letter) = (form, letter);
        plot(&draw(chart))
    };
    let forms = [0, 1, 2, 3].map(|n| drawn(Form::nth(n), None));
    for (i, a) in forms.iter().enumerate() {
        assert!(forms[i + 1..].iter().all(|b| a != b), "{forms:#?}");
    }
    assert!(drawn(Form::Solid, Some('b')).iter().any(|l| l.trim_end().ends_with('b')));
}

#[test]
fn curves_that_end_together_both_have_their_letter() {
    let points: Vec<(f64, f64)> = (0..=10).map(|x| (f64::from(x), 0.5)).collect();
    let mut both = chart(&points);
    both.series.push(both.series[0].clone());
    (both.series[0].letter, both.series[1].letter) = (Some('a'), Some('b'));
    let lines = plot(&draw(both));
    assert!(lines.iter().any(|l| l.contains('b') && l.trim_end().ends_with('a')), "{lines:#?}");
}

#[test]
fn the_mouse_finds_the_epoch_under_it() {
    let points = [(0.0, 1.0), (10.0, 0.0)];
    let frame = chart(&points).frame(Rect::new(0, 0, 30, 9)).unwrap();
    assert!(frame.x_at(frame.plot.x) < 0.5 && frame.x_at(frame.plot.right() - 1) > 9.5);
    assert!(chart(&points).frame(Rect::new(0, 0, 10, 9)).is_none());
}
