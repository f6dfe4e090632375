//! `--set key=value`: dotted keys checked against the configuration's own shape, with near names offered for a wrong one.

use super::config::{ConfigError, NetworkChoice, TrainConfig};
use toml::{Table, Value};

/// Facts of the run, not settings: frozen by the program.
const FIXED: [&str; 5] = ["version", "project", "data", "crop", "init_hash"];

impl TrainConfig {
    /// Every key that [`TrainConfig::set`] takes, sorted.
    pub fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        collect(&self.shape(), "", &mut keys);
        keys.sort();
        keys
    }

    /// Applies `key=value`. The value is TOML (`0.5`, `true`, `"text"`), quotes optional; an empty one clears an optional key.
    ///
    /// # Errors
    /// An unknown key (with the near ones), a value of the wrong type or out of range. The configuration is then unchanged.
    pub fn set(&mut self, assignment: &str) -> Result<(), ConfigError> {
        self.set_all([assignment])
    }

    /// As [`TrainConfig::set`] for several; only together need they make sense.
    ///
    /// # Errors
    /// As [`TrainConfig::set`]; the configuration is then unchanged.
    pub fn set_all<'a>(&mut self, assignments: impl IntoIterator<Item = &'a str>) -> Result<(), ConfigError> {
        let mut changed = self.clone();
        assignments.into_iter().try_for_each(|assignment| changed.set_one(assignment))?;
        changed.validate()?;
        *self = changed;
        Ok(())
    }

    fn set_one(&mut self, assignment: &str) -> Result<(), ConfigError> {
        let Some((key, text)) = assignment.split_once('=') else {
            return Err(value_error(assignment, "write it as key=value".into()));
        };
        let (key, text) = (key.trim(), text.trim());
        let value = leaf(&self.shape(), key).map(|example| parse_like(text, example));
        self.assign(key, value.ok_or_else(|| self.unknown(key))?)
    }

    /// Applies every value of a table shaped like the configuration, such as a project's `[train]` section. Only together need they
    /// make sense.
    ///
    /// # Errors
    /// As [`TrainConfig::set`]; the values before the wrong one stay applied.
    pub fn overlay(&mut self, table: &Table) -> Result<(), ConfigError> {
        if let Some(network) = table.get("network") {
            self.assign("network", Some(network.clone()))?;
        }
        let mut keys = Vec::new();
        collect(table, "", &mut keys);
        // A preset takes back what was said before it.
        keys.sort_by_key(|key| !is_preset(key));
        for key in keys {
            let shape = self.shape();
            let value = leaf(table, &key).filter(|_| leaf(&shape, &key).is_some());
            self.assign(&key, Some(value.ok_or_else(|| self.unknown(&key))?.clone()))?;
        }
        self.validate()
    }

    fn assign(&mut self, key: &str, value: Option<Value>) -> Result<(), ConfigError> {
        let mut table = Table::try_from(&*self).map_err(|e| value_error(key, e.to_string()))?;
        if let Some((section, _)) = key.split_once('.').filter(|_| is_preset(key)) {
            table
                .insert(section.into(), Value::Table(Table::from_iter([("preset".into(), Value::from(""))])));
        }
        replace(&mut table, key, value);
        *self = table.try_into().map_err(|e: toml::de::Error| value_error(key, e.message().to_owned()))?;
        Ok(())
    }

    /// The settable part as a table, with an example in each optional key.
    fn shape(&self) -> Table {
        let mut complete = self.clone();
        complete.init.get_or_insert_default();
        complete.split.fold.get_or_insert_default();
        complete.data.clear();
        let mut table = Table::try_from(&complete).unwrap_or_default();
        table.retain(|key, _| !FIXED.contains(&key));
        table
    }

    fn unknown(&self, key: &str) -> ConfigError {
        let keys = self.keys();
        let last = key.rsplit('.').next().unwrap_or(key);
        let score = |k: &str| {
            let k_last = k.rsplit('.').next().unwrap_or(k);
            strsim::jaro_winkler(key, k).max(strsim::jaro_winkler(last, k_last))
        };
        let mut near: Vec<&String> = keys.iter().filter(|k| score(k) > 0.8).collect();
        near.sort_by(|a, b| score(b).total_cmp(&score(a)));
        near.truncate(4);
        let hint = if near.is_empty() {
            format!("settings are: {}", keys.join(", "))
        } else {
            format!("near are: {}", near.into_iter().cloned().collect::<Vec<_>>().join(", "))
        };
        ConfigError::UnknownKey { key: key.into(), hint }
    }
}

impl NetworkChoice {
    /// A preset's name, or the description's own `name`, for naming a run.
    pub fn name(&self) -> &str {
        match self {
            Self::Preset(name) => name,
            Self::Described(table) => table.get("name").and_then(Value::as_str).unwrap_or("network"),
        }
    }
}

/// Whether a key stands for values of the other keys of its section.
fn is_preset(key: &str) -> bool {
    key == "augment.preset"
}

fn collect(table: &Table, prefix: &str, keys: &mut Vec<String>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            Value::Table(inner) => collect(inner, &format!("{key}."), keys),
            _ => keys.push(key),
        }
    }
}

/// The value at a dotted key, unless it is a whole section (a described network may be replaced by a preset's name).
fn leaf<'t>(table: &'t Table, key: &str) -> Option<&'t Value> {
    if key == "network" {
        return table.get(key);
    }
    match key.split_once('.') {
        Some((section, rest)) => leaf(table.get(section)?.as_table()?, rest),
        None => table.get(key).filter(|v| !v.is_table()),
    }
}

/// `None` stands for "remove": an empty text.
fn parse_like(text: &str, example: &Value) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
    match parsed {
        Some(value) if value.is_str() || !example.is_str() => Some(value),
        _ => Some(Value::String(text.into())),
    }
}

fn replace(table: &mut Table, key: &str, value: Option<Value>) {
    if let Some((section, rest)) = key.split_once('.') {
        if let Some(inner) = table.get_mut(section).and_then(Value::as_table_mut) {
            replace(inner, rest, value);
        }
    } else if let Some(value) = value {
        table.insert(key.into(), value);
    } else {
        table.remove(key);
    }
}

fn value_error(key: &str, message: String) -> ConfigError {
    ConfigError::Value { key: key.into(), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{AugmentConfig, AugmentPreset, DataEntry, LossKind, Part};
    use std::path::PathBuf;

    fn set(assignment: &str) -> Result<TrainConfig, String> {
        let mut config = TrainConfig::default();
        config.set(assignment).map(|()| config).map_err(|e| e.to_string())
    }

    #[test]
    fn values_are_set_with_or_without_quotes() {
        assert_eq!(set("lr = 1").unwrap().lr, 1.0);
        assert_eq!(set("loss.kind=dice_bce").unwrap().loss.kind, LossKind::DiceBce);
        assert_eq!(set("loss.kind=\"dice_bce\"").unwrap().loss.kind, LossKind::DiceBce);
        assert_eq!(set("split.fold=2/5").unwrap().split.fold, Some("2/5".into()));
        assert_eq!(set("init=/a b/m.h5").unwrap().init, Some(PathBuf::from("/a b/m.h5")));
        assert_eq!(set("contrast=2").unwrap().contrast, "2");
        assert_eq!(set("network=t2s").unwrap().network, NetworkChoice::Preset("t2s".into()));
        let mut config = set("init=m.h5").unwrap();
        config.set("init=").unwrap();
        assert_eq!(config.init, None);
    }

    #[test]
    fn a_preset_is_laid_below_the_keys_around_it() {
        let mut config = set("augment.noise=0.25").unwrap();
        config.set("augment.preset=strong").unwrap();
        assert_eq!(config.augment, AugmentPreset::Strong.values());
        config.set("augment.noise=0.25").unwrap();
        assert_eq!(config.augment, AugmentConfig { noise: 0.25, ..AugmentPreset::Strong.values() });
        let section = "[augment]\nblur = 0.9\npreset = \"standard\"";
        config.overlay(&toml::from_str(section).unwrap()).unwrap();
        assert_eq!(config.augment, AugmentConfig { blur: 0.9, ..AugmentPreset::Standard.values() });
        assert!(set("augment.preset=wild").unwrap_err().contains("standard"));
    }

    #[test]
    fn values_need_make_sense_only_together() {
        let mut config = TrainConfig::default();
        config.set_all(["patch.size=16", "patch.overlap=8"]).unwrap();
        assert!(
            config.set_all(["epochs=3", "patch.size=8"]).unwrap_err().to_string().contains("patch.overlap")
        );
        assert_eq!((config.epochs, config.patch.size), (260, 16));
        config.overlay(&toml::from_str("[patch]\nsize = 6\noverlap = 2").unwrap()).unwrap();
    }

    #[test]
    fn a_described_network_opens_its_own_keys() {
        let mut config = TrainConfig::default();
        assert!(config.set("network.base=16").unwrap_err().to_string().contains("no setting"));
        config.network = NetworkChoice::Described(Table::from_iter([("base".into(), Value::Integer(8))]));
        config.set("network.base=16").unwrap();
        let NetworkChoice::Described(table) = &config.network else { panic!() };
        assert_eq!(table["base"].as_integer(), Some(16));
    }

    #[test]
    fn wrong_keys_and_values_are_explained() {
        let unknown = set("loss.knd=dice").unwrap_err();
        assert!(unknown.contains("`loss.knd`") && unknown.contains("loss.kind"), "{unknown}");
        assert!(set("patience=3").unwrap_err().contains("schedule.patience"));
        assert!(set("loss=dice").unwrap_err().contains("no setting `loss`"));
        assert!(set("project=/x").unwrap_err().contains("no setting"));
        assert!(set("epochs=many").unwrap_err().contains("`epochs`"));
        assert!(set("loss.kind=hinge").unwrap_err().contains("dice_bce"));
        assert!(set("lr=-1").unwrap_err().contains("above 0"));
        assert!(set("lr").unwrap_err().contains("key=value"));
    }

    #[test]
    fn a_table_is_laid_over() {
        let mut config = TrainConfig::default();
        config
            .overlay(&toml::from_str("lr = 0.5\n[schedule]\npatience = 3\n[network]\nbase = 6").unwrap())
            .unwrap();
        assert_eq!((config.lr, config.schedule.patience), (0.5, 3));
        assert!(matches!(config.network, NetworkChoice::Described(_)));
        let error =
            config.overlay(&toml::from_str("[schedule]\npatienc = 3").unwrap()).unwrap_err().to_string();
        assert!(error.contains("schedule.patience"), "{error}");
    }

    #[test]
    fn a_file_reads_back_as_written_and_names_unknown_keys() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let mut config = TrainConfig { init: Some("w.h5".into()), ..TrainConfig::default() };
        config.network = NetworkChoice::Described(Table::from_iter([("base".into(), Value::Integer(8))]));
        let entry =
            DataEntry { id: "a".into(), subject: "s".into(), split: Part::Val, image: "0".repeat(64) };
        config.data = vec![entry.clone(), DataEntry { id: "b".into(), ..entry }];
        config.write(&path).unwrap();
        assert_eq!(TrainConfig::read(&path).unwrap(), config);
        let text = std::fs::read_to_string(&path).unwrap().replace("smooth", "smoooth");
        std::fs::write(&path, text).unwrap();
        let error = TrainConfig::read(&path).unwrap_err().to_string();
        assert!(error.contains("smoooth") && error.contains("config.toml"), "{error}");
    }
}
