//! Runs side by side: one row of best values each, and the settings in which they differ. Reads run directories; draws nothing.

use super::RunsError;
use super::history::History;
use super::live::Live;
use super::status::RunStatus;
use crate::training::{RunDir, TrainConfig};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use toml::{Table, Value};

/// What a table of runs shows of one.
#[derive(Debug, Clone, PartialEq)]
pub struct RunCard {
    /// The run in one line; its best epoch is the kept model's.
    pub status: RunStatus,
    /// Seconds its epochs took together.
    pub seconds: f64,
    /// Its frozen settings, flat: `split.fold` and so on. See [`flat_settings`].
    pub settings: Arc<BTreeMap<String, String>>,
}

/// A setting in which runs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key, e.g. `schedule.patience`.
    pub key: String,
    /// Its value in each run, in the order asked; `None` where it has none.
    pub values: Vec<Option<String>>,
}

impl RunCard {
    /// Reads a run that must exist. A run without a readable configuration has no settings.
    ///
    /// # Errors
    /// When the folder is not a run.
    pub fn read(dir: RunDir) -> Result<Self, RunsError> {
        let live = Live::open(dir)?;
        let settings = read_settings(live.dir()).unwrap_or_default();
        Ok(Self::of(live.status(), live.history(), Arc::new(settings)))
    }

    /// The card of a run that is being followed.
    pub fn of(status: RunStatus, history: &History, settings: Arc<BTreeMap<String, String>>) -> Self {
        let seconds = history.epochs.iter().map(|e| e.seconds).filter(|s| s.is_finite()).sum();
        Self { status, seconds, settings }
    }

    /// A setting's value, or nothing.
    pub fn setting(&self, key: &str) -> &str {
        self.settings.get(key).map_or("", String::as_str)
    }

    /// The network: a preset's name, or depth and width of a described one.
    pub fn network(&self) -> String {
        match (self.setting("network"), self.setting("network.depth"), self.setting("network.base")) {
            ("", "", _) => String::new(),
            ("", depth, base) => format!("depth {depth}, base {base}"),
            (preset, ..) => preset.to_owned(),
        }
    }

    /// Dice of the kept epoch, 0..1.
    pub fn dice(&self) -> Option<f64> {
        self.status.best?.val_dice
    }

    /// Validation loss of the kept epoch.
    pub fn loss(&self) -> Option<f64> {
        self.status.best?.val_loss
    }
}

/// The settings frozen in a run, flat. What an older version did not write yet has its default; what only a newer one knows is
/// taken as it stands.
///
/// # Errors
/// When there is no configuration or it is not TOML.
pub fn read_settings(dir: &RunDir) -> Result<BTreeMap<String, String>, RunsError> {
    let path = dir.config();
    let text = std::fs::read_to_string(&path).map_err(RunsError::file(&path))?;
    let table: Table =
        toml::from_str(&text).map_err(|e| RunsError::Config { path, message: e.to_string() })?;
    let complete =
        table.clone().try_into::<TrainConfig>().ok().and_then(|config| Table::try_from(&config).ok());
    Ok(flat_settings(complete.as_ref().unwrap_or(&table)))
}

/// A configuration as dotted keys and values in words. The list of scans becomes one line for each side of the split: how many
/// scans and subjects, and a fingerprint that is equal for equal images.
pub fn flat_settings(table: &Table) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    for (key, value) in table {
        match (key.as_str(), value) {
            ("data", Value::Array(scans)) => flat.extend(sides(scans)),
            _ => flatten(key.clone(), value, &mut flat),
        }
    }
    flat
}

fn flatten(key: String, value: &Value, flat: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(table) => {
            table.iter().for_each(|(name, inner)| flatten(format!("{key}.{name}"), inner, flat));
        }
        Value::String(text) => drop(flat.insert(key, text.clone())),
        other => drop(flat.insert(key, other.to_string())),
    }
}

fn sides(scans: &[Value]) -> BTreeMap<String, String> {
    let mut sides: BTreeMap<&str, Vec<&Table>> = BTreeMap::new();
    for scan in scans.iter().filter_map(Value::as_table) {
        sides.entry(text(scan, "split")).or_default().push(scan);
    }
    sides.into_iter().map(|(side, scans)| (format!("data.{side}"), summary(&scans))).collect()
}

fn summary(scans: &[&Table]) -> String {
    let mut subjects: Vec<&str> = scans.iter().map(|scan| text(scan, "subject")).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let mut images: Vec<&str> = scans.iter().map(|scan| text(scan, "image")).collect();
    images.sort_unstable();
    let print = blake3::hash(images.join("\n").as_bytes()).to_hex();
    format!("{} scans of {} subjects ({})", scans.len(), subjects.len(), &print[..6])
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The keys whose values are not the same in all of these settings, sorted.
pub fn differences(all: &[&BTreeMap<String, String>]) -> Vec<Difference> {
    let mut keys: Vec<&String> = all.iter().flat_map(|settings| settings.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let row = |key: &&String| Difference {
        key: (*key).clone(),
        values: all.iter().map(|settings| settings.get(*key).cloned()).collect(),
    };
    keys.iter().map(row).filter(|d| d.values.windows(2).any(|pair| pair[0] != pair[1])).collect()
}

/// The run somebody means: a directory, or a name or the unambiguous end of one below `runs`.
///
/// # Errors
/// When no run, or more than one, is called so.
pub fn find(runs: &Path, name: &str) -> Result<RunDir, RunsError> {
    let direct = RunDir::new(name);
    if direct.events().exists() {
        return Ok(direct);
    }
    let all = super::list::directories(runs);
    let called: Vec<&RunDir> = match all.iter().find(|dir| dir.name() == name) {
        Some(exact) => vec![exact],
        None => all.iter().filter(|dir| dir.name().contains(name)).collect(),
    };
    match called.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(RunsError::NotARun(runs.join(name))),
        several => Err(RunsError::Ambiguous {
            name: name.to_owned(),
            runs: several.iter().map(|dir| dir.name()).collect::<Vec<_>>().join(", "),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{DataEntry, NetworkChoice, Part};

    fn settings(change: impl FnOnce(&mut TrainConfig)) -> BTreeMap<String, String> {
        let mut config = TrainConfig::default();
        let entry = |subject: &str, split| DataEntry {
            id: format!("{subject}_T2w"),
            subject: subject.into(),
            split,
            image: subject.repeat(3),
        };
        config.data = vec![entry("a", Part::Train), entry("b", Part::Train), entry("c", Part::Val)];
        change(&mut config);
        flat_settings(&Table::try_from(&config).unwrap())
    }

    fn keys(all: &[&BTreeMap<String, String>]) -> Vec<String> {
        differences(all).into_iter().map(|d| d.key).collect()
    }

    #[test]
    fn only_what_differs_is_listed() {
        let (a, b) = (settings(|_| {}), settings(|c| c.schedule.patience = 3));
        assert_eq!(keys(&[&a, &a]), Vec::<String>::new());
        let differences = differences(&[&a, &b]);
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].key, "schedule.patience");
        assert_eq!(differences[0].values, [Some("10".into()), Some("3".into())]);
        let fold = settings(|c| c.split.fold = Some("1/5".into()));
        assert_eq!(super::differences(&[&a, &fold])[0].values, [None, Some("1/5".into())]);
    }

    #[test]
    fn a_run_of_an_older_version_does_not_differ_in_what_it_could_not_say() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        let mut old = Table::try_from(TrainConfig::default()).unwrap();
        old.remove("early_stop").unwrap();
        std::fs::write(dir.config(), old.to_string()).unwrap();
        assert_eq!(read_settings(&dir).unwrap()["early_stop.patience"], "0");
        old.insert("invented".into(), Value::Integer(7));
        std::fs::write(dir.config(), old.to_string()).unwrap();
        assert_eq!(read_settings(&dir).unwrap()["invented"], "7");
    }

    #[test]
    fn lists_of_scans_are_summed_up_by_side() {
        let a = settings(|_| {});
        assert!(a["data.train"].starts_with("2 scans of 2 subjects ("), "{a:?}");
        let other = settings(|c| c.data[1].image = "another".into());
        assert_eq!(keys(&[&a, &other]), ["data.train"]);
        let order = settings(|c| c.data.swap(0, 1));
        assert_eq!(keys(&[&a, &order]), Vec::<String>::new());
    }

    #[test]
    fn a_described_network_is_named_by_its_size() {
        let dir = RunDir::new("/nowhere");
        let status = RunStatus::of(&dir, &History::default(), 0);
        let card = |network| {
            RunCard::of(status.clone(), &History::default(), Arc::new(settings(|c| c.network = network)))
                .network()
        };
        assert_eq!(card(NetworkChoice::Preset("t2s".into())), "t2s");
        let described = toml::from_str("depth = 3\nbase = 12").unwrap();
        assert_eq!(card(NetworkChoice::Described(described)), "depth 3, base 12");
    }

    #[test]
    fn a_run_is_found_by_a_part_of_its_name() {
        let runs = tempfile::tempdir().unwrap();
        for name in ["20260101T000000Z-small", "20260102T000000Z-small", "20260103T000000Z-t2s"] {
            let dir = RunDir::new(runs.path().join(name));
            crate::training::RunWriter::create(dir, &TrainConfig::default()).unwrap();
        }
        assert_eq!(find(runs.path(), "t2s").unwrap().name(), "20260103T000000Z-t2s");
        assert!(matches!(find(runs.path(), "small"), Err(RunsError::Ambiguous { .. })));
        assert!(matches!(find(runs.path(), "huge"), Err(RunsError::NotARun(_))));
        let path = runs.path().join("20260101T000000Z-small");
        assert_eq!(find(Path::new("/elsewhere"), path.to_str().unwrap()).unwrap().path(), path);
    }
}
