//! Colours by role. A screen names what a thing is (`Role::Bad`), the theme says how that looks on this terminal.
//!
//! Four themes; the mono one uses no colour at all, only bold, dim, underline and reverse. Knows nothing of screens.

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Serialize};

/// How many colours the terminal is proven to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    Mono,
    Indexed,
    True,
}

/// The themes a user can choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ThemeName {
    #[default]
    Dark,
    Light,
    ColourBlind,
    Mono,
}

impl ThemeName {
    /// The next theme in the cycle.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::ColourBlind,
            Self::ColourBlind => Self::Mono,
            Self::Mono => Self::Dark,
        }
    }

    /// The name people read.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::ColourBlind => "colour-blind",
            Self::Mono => "mono",
        }
    }
}

/// What a piece of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Text,
    Dim,
    Rule,
    Accent,
    Title,
    Good,
    Warn,
    Bad,
    Selection,
    Key,
    Mask,
    Prediction,
    Centerline,
    Crop,
    Cursor,
    Letter,
    Train,
    Validation,
    Dice,
    Rate,
    /// One of several runs in a chart, by its number.
    Run(u8),
}

/// A theme on a terminal of a given depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    pub(crate) name: ThemeName,
    depth: Depth,
}

type Rgb = (u8, u8, u8);

impl Theme {
    /// The theme as the terminal can show it: without colour every theme is the mono one.
    pub(crate) fn new(name: ThemeName, depth: Depth) -> Self {
        Self { name: if depth == Depth::Mono { ThemeName::Mono } else { name }, depth }
    }

    /// The next theme in the cycle, on the same terminal.
    pub(crate) fn next(self) -> Self {
        Self::new(self.name.next(), self.depth)
    }

    /// True when roles differ by colour.
    pub(crate) fn coloured(&self) -> bool {
        self.name != ThemeName::Mono
    }

    /// The style of a role.
    pub(crate) fn style(&self, role: Role) -> Style {
        if !self.coloured() {
            return mono(role);
        }
        let colour = self.shown(self.rgb(role));
        match role {
            Role::Text => Style::new(),
            Role::Selection => Style::new().bg(colour),
            Role::Title | Role::Key => Style::new().fg(colour).add_modifier(Modifier::BOLD),
            _ => Style::new().fg(colour),
        }
    }

    /// The colour of a role, or `None` without colours.
    pub(crate) fn colour(&self, role: Role) -> Option<Color> {
        self.coloured().then(|| self.shown(self.rgb(role)))
    }

    fn shown(&self, (r, g, b): Rgb) -> Color {
        match self.depth {
            Depth::True => Color::Rgb(r, g, b),
            _ => Color::Indexed(nearest_indexed((r, g, b))),
        }
    }

    fn rgb(&self, role: Role) -> Rgb {
        match self.name {
            ThemeName::Light => light(role),
            ThemeName::ColourBlind => colour_blind(role),
            _ => dark(role),
        }
    }
}

fn dark(role: Role) -> Rgb {
    match role {
        Role::Text | Role::Title => (228, 228, 228),
        Role::Dim => (138, 138, 138),
        Role::Rule => (78, 78, 78),
        Role::Accent | Role::Key => (95, 175, 255),
        Role::Good => (135, 215, 95),
        Role::Warn => (255, 215, 95),
        Role::Bad => (255, 95, 95),
        Role::Selection => (62, 70, 92),
        Role::Mask => (255, 95, 95),
        Role::Prediction => (0, 215, 255),
        Role::Centerline => (135, 255, 95),
        Role::Crop => (255, 215, 0),
        Role::Cursor => (255, 135, 255),
        Role::Letter => (255, 175, 95),
        Role::Train => (95, 175, 255),
        Role::Validation => (255, 175, 95),
        Role::Dice => (135, 215, 95),
        Role::Rate => (215, 135, 255),
        Role::Run(n) => nth(n, &RUNS_ON_DARK),
    }
}

/// The colour of the `n`th run; after the last they begin again, and letters tell.
fn nth(n: u8, palette: &[Rgb; 8]) -> Rgb {
    palette[usize::from(n) % palette.len()]
}

const RUNS_ON_DARK: [Rgb; 8] = [
    (95, 175, 255),
    (255, 175, 95),
    (135, 215, 95),
    (255, 135, 175),
    (215, 175, 255),
    (95, 215, 215),
    (255, 215, 95),
    (215, 135, 95),
];

const RUNS_ON_LIGHT: [Rgb; 8] = [
    (0, 95, 215),
    (215, 95, 0),
    (0, 135, 0),
    (215, 0, 95),
    (135, 0, 175),
    (0, 135, 135),
    (135, 95, 0),
    (95, 95, 95),
];

/// Okabe and Ito's, without black.
const RUNS_FOR_ALL: [Rgb; 8] = [
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (178, 178, 178),
];

fn light(role: Role) -> Rgb {
    match role {
        Role::Text | Role::Title => (28, 28, 28),
        Role::Dim => (98, 98, 98),
        Role::Rule => (188, 188, 188),
        Role::Accent | Role::Key => (0, 95, 175),
        Role::Good => (0, 135, 0),
        Role::Warn => (175, 95, 0),
        Role::Bad => (175, 0, 0),
        Role::Selection => (208, 224, 244),
        Role::Train => (0, 95, 215),
        Role::Validation => (215, 95, 0),
        Role::Dice => (0, 135, 0),
        Role::Rate => (135, 0, 175),
        Role::Run(n) => nth(n, &RUNS_ON_LIGHT),
        // Marks lie on the grey picture, not on the page: the dark theme's colours serve there.
        _ => dark(role),
    }
}

/// Okabe and Ito's palette (https://jfly.uni-koeln.de/color/): told apart with every common colour vision.
fn colour_blind(role: Role) -> Rgb {
    match role {
        Role::Accent | Role::Key | Role::Train | Role::Prediction => (86, 180, 233),
        Role::Good | Role::Dice | Role::Centerline => (0, 158, 115),
        Role::Warn | Role::Crop => (240, 228, 66),
        Role::Bad => (213, 94, 0),
        Role::Mask | Role::Validation | Role::Letter => (230, 159, 0),
        Role::Cursor | Role::Rate => (204, 121, 167),
        Role::Run(n) => nth(n, &RUNS_FOR_ALL),
        _ => dark(role),
    }
}

fn mono(role: Role) -> Style {
    let plain = Style::new();
    match role {
        Role::Title | Role::Accent | Role::Key | Role::Letter => plain.add_modifier(Modifier::BOLD),
        Role::Dim | Role::Rule => plain.add_modifier(Modifier::DIM),
        Role::Bad => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        Role::Warn => plain.add_modifier(Modifier::UNDERLINED),
        Role::Selection => plain.add_modifier(Modifier::REVERSED),
        _ => plain,
    }
}

/// The xterm-256 colour (cube or grey ramp) nearest to an RGB colour.
fn nearest_indexed(rgb: Rgb) -> u8 {
    let channels = [rgb.0, rgb.1, rgb.2];
    let steps = channels
        .map(|c| (0..6u8).min_by_key(|s| i32::from(cube_level(*s)).abs_diff(i32::from(c))).unwrap_or(0));
    let cube = 16 + 36 * steps[0] + 6 * steps[1] + steps[2];
    let mean = channels.iter().map(|c| u32::from(*c)).sum::<u32>() / 3;
    let ramp = (mean.saturating_sub(3) / 10).min(23) as u8;
    let distance = |colour: [u8; 3]| -> u32 {
        colour.iter().zip(channels).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let grey = 8 + 10 * ramp;
    if distance([grey; 3]) < distance(steps.map(cube_level)) { 232 + ramp } else { cube }
}

fn cube_level(step: u8) -> u8 {
    if step == 0 { 0 } else { 55 + 40 * step }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexed_colours_are_the_nearest() {
        assert_eq!(nearest_indexed((255, 0, 0)), 196);
        assert_eq!(nearest_indexed((255, 255, 255)), 231);
        assert_eq!(nearest_indexed((138, 138, 138)), 245);
        assert_eq!(nearest_indexed((95, 175, 255)), 75);
    }

    #[test]
    fn without_colour_every_theme_is_mono() {
        for name in [ThemeName::Dark, ThemeName::Light, ThemeName::ColourBlind] {
            let theme = Theme::new(name, Depth::Mono);
            assert_eq!(theme.style(Role::Bad).fg, None);
            assert_ne!(theme.style(Role::Bad), theme.style(Role::Good));
            assert_eq!(theme.colour(Role::Mask), None);
        }
    }

    #[test]
    fn marks_differ_in_every_coloured_theme() {
        for name in [ThemeName::Dark, ThemeName::Light, ThemeName::ColourBlind] {
            let theme = Theme::new(name, Depth::Indexed);
            let marks = [Role::Mask, Role::Prediction, Role::Centerline, Role::Crop].map(|r| theme.colour(r));
            for (i, a) in marks.iter().enumerate() {
                assert!(marks.iter().skip(i + 1).all(|b| a != b), "{name:?} {marks:?}");
            }
        }
    }
}
