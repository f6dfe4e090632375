//! The form that starts a training: sane values to begin with, each checked as it is typed.

use std::ffi::OsString;

use super::super::model::RunRow;
use super::patches::PRESETS;
use crate::training::TrainConfig;

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Whole {
        least: u64,
        step: u64,
    },
    /// Above zero; a step is a factor.
    Rate,
    Choice(&'static [&'static str]),
    /// Empty, or K/N.
    Fold,
}

/// One line of the form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) label: &'static str,
    pub(crate) help: &'static str,
    /// The command line's option.
    option: &'static str,
    pub(crate) kind: Kind,
    pub(crate) value: String,
    /// The value of the run this one is to be like.
    pub(crate) was: Option<String>,
}

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

impl Default for Form {
    fn default() -> Self {
        let config = TrainConfig::default();
        let field =
            |label, option, kind, value: String, help| Field { label, help, option, kind, value, was: None };
        let whole = |least, step| Kind::Whole { least, step };
        let fields = vec![
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
                "Device",
                "--device",
                Kind::Choice(&["auto", "cpu", "cuda"]),
                "auto".into(),
                "auto takes a GPU when one answers",
            ),
            field(
                "Seed",
                "--seed",
                whole(0, 1),
                config.seed.to_string(),
                "the same seed repeats the same run",
            ),
            field(
                "Augmentation",
                "--augment",
                Kind::Choice(&PRESETS),
                "flips".into(),
                "random changes of the patches; ^P shows them",
            ),
            field("Fold", "--fold", Kind::Fold, String::new(), "K/N, e.g. 1/5; none splits 60/20/20"),
        ];
        Self { fields, selected: 0, like: None, fresh: true }
    }
}

impl Field {
    /// What is wrong with the value, in a sentence.
    pub(crate) fn problem(&self) -> Option<String> {
        let text = self.value.trim();
        // What an earlier run was trained with can be, also where the form itself does not offer it.
        if self.was.as_deref() == Some(text) {
            return None;
        }
        match self.kind {
            Kind::Whole { least, .. } => {
                let fine = text.parse::<u64>().is_ok_and(|v| v >= least && v <= u64::from(u32::MAX));
                (!fine).then(|| format!("a whole number from {least}"))
            }
            Kind::Rate => {
                let fine = text.parse::<f64>().is_ok_and(|v| v > 0.0 && v <= 1.0);
                (!fine).then(|| "a number above 0 and at most 1, e.g. 1e-3".to_owned())
            }
            Kind::Choice(choices) => {
                (!choices.contains(&text)).then(|| format!("one of {}", choices.join(", ")))
            }
            Kind::Fold => (!fold_is_fine(text)).then(|| "empty, or K/N with 1 ≤ K ≤ N and N ≥ 2".to_owned()),
        }
    }

    /// Whether the value is another one than that of the run this one is to be like.
    pub(crate) fn is_changed(&self) -> bool {
        self.was.as_deref() != Some(self.value.trim())
    }

    /// Steps the value: the next choice, a little more, the next fold.
    fn nudge(&mut self, up: bool) {
        let text = self.value.trim();
        self.value = match self.kind {
            Kind::Choice(choices) => {
                let at = choices.iter().position(|c| *c == text).unwrap_or(0);
                let n = choices.len();
                choices[if up { (at + 1) % n } else { (at + n - 1) % n }].to_owned()
            }
            Kind::Whole { least, step } => {
                let value = text.parse::<u64>().unwrap_or(least);
                (if up { value + step } else { value.saturating_sub(step) }).max(least).to_string()
            }
            Kind::Rate => {
                let value = text.parse::<f64>().unwrap_or(1e-3);
                next_rate(value, up)
            }
            Kind::Fold => next_fold(text, up),
        };
    }
}

impl Form {
    /// The form filled in as an earlier run was trained.
    pub(crate) fn like(run: &RunRow) -> Self {
        let mut form = Self { like: Some(run.name.clone()), ..Self::default() };
        for field in &mut form.fields {
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

    /// What the field of a command line option says; empty without such a field.
    pub(crate) fn value(&self, option: &str) -> &str {
        self.fields.iter().find(|f| f.option == option).map_or("", |f| f.value.trim())
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
                Kind::Choice(choices) => {
                    let start = |choice: &&&str| choice.starts_with(c.to_ascii_lowercase());
                    if let Some(choice) = choices.iter().find(start) {
                        field.value = (*choice).to_owned();
                    }
                }
                _ => {
                    if fresh {
                        field.value.clear();
                    }
                    field.value.push(c);
                }
            }
        }
    }

    /// Deletes the last character of the chosen field.
    pub(crate) fn delete(&mut self) {
        self.fresh = false;
        let typed = |field: &&mut Field| !matches!(field.kind, Kind::Choice(_));
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
    }

    /// The first field whose value cannot be.
    pub(crate) fn first_problem(&self) -> Option<(usize, String)> {
        self.fields.iter().enumerate().find_map(|(i, f)| Some((i, f.problem()?)))
    }

    /// Options of `deepseg train` for these values; beside an earlier run, for those that are changed.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let given = self.fields.iter().filter(|f| f.is_changed() && !f.value.trim().is_empty());
        let like = self.like.iter().flat_map(|run| [OsString::from("--like"), OsString::from(run)]);
        like.chain(given.flat_map(|f| [OsString::from(f.option), OsString::from(f.value.trim())])).collect()
    }
}

fn fold_is_fine(text: &str) -> bool {
    let parts = || {
        let (k, n) = text.split_once('/')?;
        Some((k.trim().parse::<usize>().ok()?, n.trim().parse::<usize>().ok()?))
    };
    text.is_empty() || parts().is_some_and(|(k, n)| n >= 2 && (1..=n).contains(&k))
}

/// Rates in the steps people use: 1, 2, 5 times a power of ten.
fn next_rate(value: f64, up: bool) -> String {
    let ladder = (-7..=0).flat_map(|e| [1, 2, 5].map(|m| format!("{m}e{e}")));
    let rungs: Vec<(f64, String)> = ladder.filter_map(|t| Some((t.parse::<f64>().ok()?, t))).collect();
    let fits = |rung: &&(f64, String)| if up { rung.0 > value * 1.001 } else { rung.0 < value * 0.999 };
    let next = if up { rungs.iter().find(fits) } else { rungs.iter().rev().find(fits) };
    next.filter(|(v, _)| *v <= 1.0).map_or_else(|| value.to_string(), |(_, t)| t.clone())
}

/// No fold, 1/5, 2/5, … 5/5, no fold.
fn next_fold(text: &str, up: bool) -> String {
    let folds = ["", "1/5", "2/5", "3/5", "4/5", "5/5"];
    let at = folds.iter().position(|f| *f == text).unwrap_or(0);
    folds[if up { (at + 1) % 6 } else { (at + 5) % 6 }].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(label: &str, value: &str) -> Option<String> {
        let mut form = Form::default();
        form.fields.iter_mut().find(|f| f.label == label).unwrap().value = value.to_owned();
        form.first_problem().map(|p| p.1)
    }

    #[test]
    fn the_defaults_are_valid_and_every_bad_value_is_named() {
        assert_eq!(Form::default().first_problem(), None);
        for (label, bad) in [
            ("Epochs", "0"),
            ("Epochs", "many"),
            ("Batch", ""),
            ("Learning rate", "-1"),
            ("Learning rate", "NaN"),
            ("Network", "huge"),
            ("Device", "tpu"),
            ("Seed", "1.5"),
            ("Fold", "6/5"),
            ("Fold", "0/5"),
        ] {
            assert!(with(label, bad).is_some(), "{label} {bad}");
        }
        for (label, good) in [("Fold", "2/3"), ("Fold", ""), ("Learning rate", "1e-4"), ("Seed", "7")] {
            assert_eq!(with(label, good), None, "{label} {good}");
        }
    }

    #[test]
    fn typing_replaces_then_adds() {
        let mut form = Form::default();
        form.type_char('1');
        form.type_char('2');
        assert_eq!(form.field().unwrap().value, "12");
        form.delete();
        assert_eq!(form.field().unwrap().value, "1");
        form.step(3);
        form.type_char('t');
        assert_eq!(form.field().unwrap().value, "t2s");
        form.nudge(true);
        assert_eq!(form.field().unwrap().value, "t2_ax");
    }

    #[test]
    fn rates_climb_the_ladder() {
        assert_eq!((next_rate(1e-3, true), next_rate(1e-3, false)), ("2e-3".to_owned(), "5e-4".to_owned()));
        assert_eq!(next_rate(1.0, true), "1");
    }

    #[test]
    fn empty_fields_give_no_option() {
        let arguments = Form::default().arguments();
        assert!(arguments.contains(&"--epochs".into()) && !arguments.contains(&"--fold".into()));
    }

    #[test]
    fn a_run_like_another_asks_only_for_what_differs() {
        let mut run = super::super::training::tests::run("20260101T000000Z-t2s", crate::runs::RunState::Done);
        run.network = "depth 3, base 12".to_owned();
        let known = [("epochs", "40"), ("batch", "2"), ("lr", "0.001"), ("device", "auto"), ("seed", "3")];
        run.settings = std::sync::Arc::new(known.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        let mut form = Form::like(&run);
        assert_eq!(form.first_problem(), None, "a described network is no problem");
        assert_eq!(form.arguments(), ["--like", "20260101T000000Z-t2s"]);
        form.step(2);
        form.nudge(false);
        assert_eq!(form.arguments()[2..], ["--lr", "5e-4"]);
        form.forget_like();
        assert_eq!(form, Form::default());
    }
}
