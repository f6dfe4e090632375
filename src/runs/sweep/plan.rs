//! From wishes to checked points: each a whole configuration, refused together when one of them cannot be.

use super::{PointEntry, Sweep, SweepDir, SweepError};
use crate::dataset::Project;
use crate::runs::RunState;
use crate::training::{RunDir, TrainConfig, WishError, Wishes};
use std::path::{Path, PathBuf};

/// One training of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What it sets: (key, value), in the order of the lists.
    pub settings: Vec<(String, String)>,
    /// Everything it is trained with, without data.
    pub config: TrainConfig,
}

impl Point {
    /// What it sets, in a line.
    pub fn words(&self) -> String {
        words(&self.settings)
    }
}

pub(super) fn words(settings: &[(String, String)]) -> String {
    settings.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

/// The points: `common` wishes, and over them what each of `points` sets, made settings by `settings`. All are checked before any
/// is returned.
///
/// # Errors
/// The first point that cannot be, or two that are the same training.
pub fn plan(
    settings: impl Fn(&Wishes) -> Result<TrainConfig, WishError>,
    common: &Wishes,
    points: &[Vec<(String, String)>],
) -> Result<Vec<Point>, SweepError> {
    let mut planned: Vec<Point> = Vec::with_capacity(points.len());
    for (index, set) in points.iter().enumerate() {
        let config = settings(&with(common, set)).map_err(|source| SweepError::Point {
            number: index + 1,
            settings: words(set),
            source: Box::new(source),
        })?;
        if let Some(first) = planned.iter().position(|p| p.config == config) {
            return Err(SweepError::Twice { first: first + 1, second: index + 1, settings: words(set) });
        }
        planned.push(Point { settings: set.clone(), config });
    }
    Ok(planned)
}

/// Files and names of presets, which only their own wishes know; everything else is a setting.
fn with(common: &Wishes, set: &[(String, String)]) -> Wishes {
    let mut wishes = common.clone();
    for (key, value) in set {
        match key.as_str() {
            "network" => wishes.network = Some(value.clone()),
            "init" => wishes.init = Some(PathBuf::from(value)),
            "preset" => wishes.preset = Some(value.clone()),
            "augment" => wishes.augment = Some(value.clone()),
            _ => wishes.set.push(format!("{key}={value}")),
        }
    }
    wishes
}

/// Makes the run directory of every point, its settings frozen, and then the sweep that lists them.
///
/// # Errors
/// A file cannot be written.
pub fn freeze(project: &Project, name: &str, points: &[Point]) -> Result<SweepDir, SweepError> {
    let dir = SweepDir::propose(project.dir(), name);
    let stem = dir.name();
    let varying = varying(points);
    let mut entries = Vec::with_capacity(points.len());
    for (index, point) in points.iter().enumerate() {
        let slug = slug(&point.settings, &varying);
        let run = RunDir::named(&project.runs_dir(), &format!("{stem}-{:02}{slug}", index + 1));
        run.create()?;
        point.config.write(&run.config())?;
        entries.push(PointEntry {
            run: run.name(),
            settings: point.settings.clone(),
            state: RunState::Waiting.word().into(),
            message: String::new(),
            device: None,
        });
    }
    let sweep = Sweep { project: project.dir().to_owned(), devices: Vec::new(), varying, points: entries };
    sweep.write(&dir)?;
    Ok(dir)
}

/// Takes back a sweep that could not be handed in: its directory, and those of its runs that no trainer ever took.
///
/// # Errors
/// The list cannot be read.
pub fn discard(dir: &SweepDir) -> Result<(), SweepError> {
    for run in Sweep::read(dir)?.runs().iter().filter(|run| !run.run_json().exists()) {
        // What cannot be removed is seen in the list of runs; the user is being told of a worse error.
        std::fs::remove_dir_all(run.path()).ok();
    }
    std::fs::remove_dir_all(dir.path()).ok();
    Ok(())
}

/// The keys whose values differ among the points, in the order in which they come.
fn varying(points: &[Point]) -> Vec<String> {
    let value =
        |point: &Point, key: &str| point.settings.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    let mut keys: Vec<String> = Vec::new();
    for (key, _) in points.iter().flat_map(|p| &p.settings) {
        let differs = || points.windows(2).any(|pair| value(&pair[0], key) != value(&pair[1], key));
        if !keys.contains(key) && differs() {
            keys.push(key.clone());
        }
    }
    keys
}

/// `-t2s-lr3e-4-fold1of5`: what tells the points apart, for the name of the directory.
fn slug(settings: &[(String, String)], varying: &[String]) -> String {
    let part = |(key, value): &(String, String)| {
        let stem = || Path::new(value).file_stem().unwrap_or_default().to_string_lossy();
        match key.rsplit('.').next().unwrap_or(key) {
            "network" => format!("-{}", stem()),
            "init" => format!("-init-{}", stem()),
            key => format!("-{key}{}", value.replace('/', "of")),
        }
    };
    settings.iter().filter(|(key, _)| varying.contains(key)).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(settings: &[(&str, &str)]) -> Point {
        let settings = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Point { settings, config: TrainConfig::default() }
    }

    #[test]
    fn names_tell_what_differs() {
        let points = [
            point(&[("network", "t2s"), ("lr", "1e-3"), ("epochs", "5"), ("split.fold", "1/5")]),
            point(&[("network", "small"), ("lr", "3e-4"), ("epochs", "5"), ("split.fold", "2/5")]),
        ];
        let varying = varying(&points);
        assert_eq!(varying, ["network", "lr", "split.fold"]);
        assert_eq!(slug(&points[0].settings, &varying), "-t2s-lr1e-3-fold1of5");
    }

    #[test]
    fn a_file_of_a_network_gives_its_stem() {
        let points = [point(&[("network", "/a/b/wide.toml")]), point(&[("network", "small")])];
        assert_eq!(slug(&points[0].settings, &varying(&points)), "-wide");
    }
}
