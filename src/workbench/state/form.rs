//! The form that starts a training: sane values to begin with, each checked as it is typed. A field that holds a list makes a
//! training of each value; several lists make every combination.

mod field;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use super::super::model::RunRow;
use super::patches::PRESETS;
use crate::training::TrainConfig;
pub(crate) use field::{Field, Kind};
use field::{HERE, SLURM};

/// The form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Form {
    pub(crate) fields: Vec<Field>,
    pub(crate) selected: usize,
    /// The run this one is to be like; only what differs from it is asked for.
    pub(crate) like: Option<String>,
    /// The next character replaces the value instead of adding to it.
    fresh: bool,
}

/// No set of settings.
const NO_PRESET: &str = "none";

/// What the form asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Order {
    /// One training here: options of `deepseg train`.
    Here(Vec<OsString>),
    /// Several trainings, or a cluster's: the command, `train` or `sweep`, and its options.
    Elsewhere(&'static str, Vec<OsString>),
}

impl Default for Form {
    fn default() -> Self {
        let fields = [learning(), surroundings()].concat();
        Self { fields, selected: 0, like: None, fresh: true }
    }
}

fn field(label: &'static str, option: &'static str, kind: Kind, value: String, help: &'static str) -> Field {
    Field { label, help, option, kind, value, was: None }
}

fn whole(least: u64, step: u64) -> Kind {
    Kind::Whole { least, step }
}

/// What is learnt, and how.
fn learning() -> Vec<Field> {
    let config = TrainConfig::default();
    vec![
        field("Epochs", "--epochs", whole(1, 10), "50".into(), "rounds over all training patches"),
        field(
            "Batch",
            "--batch",
            whole(1, 1),
            config.batch.to_string(),
            "patches per step; more needs more memory",
        ),
        field(
            "Learning rate",
            "--lr",
            Kind::Rate,
            config.lr.to_string(),
            "of the first steps; halves on a plateau",
        ),
        field(
            "Network",
            "--network",
            Kind::Choice(&["small", "t2s", "t2_ax"]),
            "small".into(),
            "small learns fast; t2s and t2_ax are SCT's",
        ),
        field(
            "Start from",
            "--init",
            Kind::Start,
            String::new(),
            "a model, .h5 or .onnx file, with its network; ←→ an earlier run",
        ),
        field(
            "Preset",
            "--preset",
            Kind::Choice(&["none", "fine-tune", "recipe", "nnunet"]),
            NO_PRESET.into(),
            "rate, epochs, loss, ...; what is changed here still counts",
        ),
    ]
}

/// On what, where and from which numbers.
fn surroundings() -> Vec<Field> {
    let config = TrainConfig::default();
    vec![
        field(
            "Device",
            "--device",
            Kind::Choice(&["auto", "cpu", "cuda"]),
            "auto".into(),
            "auto takes a GPU when one answers",
        ),
        field("Seed", "--seed", whole(0, 1), config.seed.to_string(), "the same seed repeats the same run"),
        field(
            "Augmentation",
            "--augment",
            Kind::Choice(&PRESETS),
            "flips".into(),
            "random changes; ^P shows the patches",
        ),
        field(
            "Fold",
            "--fold",
            Kind::Fold,
            String::new(),
            "K/N, e.g. 1/5; all/5 takes every one; none splits 60/20/20",
        ),
        field("Where", "", Kind::Where, HERE.into(), "on this machine, or as a job of the cluster"),
    ]
}

impl Form {
    /// The form filled in as an earlier run was trained.
    pub(crate) fn like(run: &RunRow) -> Self {
        let mut form = Self { like: Some(run.name.clone()), ..Self::default() };
        for field in form.fields.iter_mut().filter(|f| !f.option.is_empty()) {
            let value = match field.option {
                "--network" => run.network.clone(),
                "--fold" => run.setting("split.fold").to_owned(),
                "--augment" => run.setting("augment.preset").to_owned(),
                option => run.setting(option.trim_start_matches('-')).to_owned(),
            };
            field.value.clone_from(&value);
            field.was = Some(value);
        }
        form
    }

    /// Back to a form of its own, unless it is one.
    pub(crate) fn forget_like(&mut self) {
        if self.like.is_some() {
            *self = Self::default();
        }
    }

    /// The chosen field.
    pub(crate) fn field(&self) -> Option<&Field> {
        self.fields.get(self.selected)
    }

    /// What the field of a command line option says, of a list the first; empty without such a field.
    pub(crate) fn value(&self, option: &str) -> &str {
        self.fields.iter().find(|f| f.option == option).map_or("", Field::first)
    }

    /// Fills in the field of a command line option.
    pub(crate) fn set(&mut self, option: &str, value: &str) {
        if let Some(field) = self.fields.iter_mut().find(|f| f.option == option) {
            field.value = value.to_owned();
        }
    }

    /// Moves to another field, round the end.
    pub(crate) fn step(&mut self, by: isize) {
        let n = self.fields.len() as isize;
        self.selected = (self.selected as isize + by).rem_euclid(n) as usize;
        self.fresh = true;
    }

    /// Types a character into the chosen field.
    pub(crate) fn type_char(&mut self, c: char) {
        let fresh = std::mem::take(&mut self.fresh);
        if let Some(field) = self.fields.get_mut(self.selected) {
            match field.kind {
                Kind::Choice(choices) => field.choose(choices, c),
                Kind::Where => field.choose(&[HERE, SLURM], c),
                _ => {
                    if fresh {
                        field.value.clear();
                    }
                    field.value.push(c);
                }
            }
        }
        self.settle();
    }

    /// Deletes the last character of the chosen field.
    pub(crate) fn delete(&mut self) {
        self.fresh = false;
        let typed = |field: &&mut Field| !matches!(field.kind, Kind::Choice(_) | Kind::Where);
        if let Some(field) = self.fields.get_mut(self.selected).filter(typed) {
            field.value.pop();
        }
    }

    /// Steps the chosen field's value.
    pub(crate) fn nudge(&mut self, up: bool) {
        self.fresh = true;
        if let Some(field) = self.fields.get_mut(self.selected) {
            field.nudge(up);
        }
        self.settle();
    }

    /// Fields that belong to a cluster are there while one is chosen.
    fn settle(&mut self) {
        let wanted = self.fields.iter().any(Field::is_cluster);
        let there = self.fields.iter().any(|f| f.kind == Kind::Word);
        if wanted && !there {
            let field = |label, option, help| Field {
                label,
                help,
                option,
                kind: Kind::Word,
                value: String::new(),
                was: None,
            };
            self.fields.extend([
                field("Partition", "--partition", "empty: as in deepseg.toml, else the cluster's usual one"),
                field("Time limit", "--time", "e.g. 12:00:00; when it is met the job goes on by itself"),
                field("GPUs", "--gpus", "1, or a kind and a number: a100:1; empty: none"),
            ]);
        } else if !wanted {
            self.fields.retain(|f| f.kind != Kind::Word);
        }
    }

    /// How many trainings the lists make.
    pub(crate) fn count(&self) -> usize {
        self.fields.iter().map(Field::count).fold(1, usize::saturating_mul)
    }

    /// What these values ask for.
    pub(crate) fn order(&self) -> Order {
        let several = self.count() > 1;
        let mut options = self.arguments(several);
        match (several, self.fields.iter().any(Field::is_cluster)) {
            (false, false) => return Order::Here(options),
            (true, false) => options.push("--detach".into()),
            (_, true) => options.push("--slurm".into()),
        }
        Order::Elsewhere(if several { "sweep" } else { "train" }, options)
    }

    /// Whether a field that says what it usually says leaves the choice to the model that is started from, or to the preset.
    fn leaves(&self, field: &Field, usual: &str) -> bool {
        let is_usual = field.value.trim() == usual;
        let [start, preset] = ["--init", "--preset"].map(|option| self.value(option));
        match field.option {
            "--network" => is_usual && !start.is_empty(),
            "--epochs" | "--lr" | "--augment" => is_usual && !["", NO_PRESET].contains(&preset),
            "--preset" => field.value.trim() == NO_PRESET,
            _ => false,
        }
    }

    /// Options for these values; beside an earlier run, for those that are changed. A sweep knows the device as a setting, for its
    /// own option is a list of queues.
    fn arguments(&self, several: bool) -> Vec<OsString> {
        let is_said = |f: &Field| f.is_changed() && !f.value.trim().is_empty() && !f.option.is_empty();
        let usual = Self::default();
        let is_given = |f: &&Field| is_said(f) && !self.leaves(f, usual.value(f.option));
        let option = |f: &Field| match (f.option, several) {
            ("--device", true) => ["--set".into(), OsString::from(format!("device={}", f.value.trim()))],
            (option, _) => [option.into(), OsString::from(f.value.trim())],
        };
        let like = self.like.iter().flat_map(|run| [OsString::from("--like"), OsString::from(run)]);
        like.chain(self.fields.iter().filter(is_given).flat_map(option)).collect()
    }
}
