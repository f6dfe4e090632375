//! One field of the form: how it is typed and stepped, what its values may be.

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
    /// Empty, K/N, or all/N.
    Fold,
    /// Where the training is: here, or on a cluster. One value, no list.
    Where,
    /// What to start from: empty, a path, or a run.
    Start,
    /// One word that another program understands, or empty.
    Word,
}

/// One line of the form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) label: &'static str,
    pub(crate) help: &'static str,
    /// The command line's option; empty for a field that is none.
    pub(super) option: &'static str,
    pub(crate) kind: Kind,
    pub(crate) value: String,
    /// The value of the run this one is to be like.
    pub(crate) was: Option<String>,
}

/// On this machine.
pub(super) const HERE: &str = "here";
/// As a job of the cluster.
pub(super) const SLURM: &str = "slurm";

impl Field {
    /// What is wrong with the value, in a sentence.
    pub(crate) fn problem(&self) -> Option<String> {
        // What an earlier run was trained with can be, also where the form itself does not offer it.
        if !self.is_changed() {
            return None;
        }
        let values = self.values();
        let twice = values.iter().enumerate().find_map(|(i, v)| values[..i].contains(v).then_some(v));
        twice.map(|v| format!("{v} is listed twice")).or_else(|| values.iter().find_map(|v| self.wrong(v)))
    }

    /// The values of the list; one empty one where there is nothing.
    fn values(&self) -> Vec<&str> {
        self.value.split(',').map(str::trim).collect()
    }

    /// The first value.
    pub(super) fn first(&self) -> &str {
        self.values().first().copied().unwrap_or_default()
    }

    /// Whether the value is another one than that of the run this one is to be like.
    pub(crate) fn is_changed(&self) -> bool {
        self.was.as_deref() != Some(self.value.trim())
    }

    /// Whether this field sends the training to a cluster.
    pub(crate) fn is_cluster(&self) -> bool {
        self.kind == Kind::Where && self.value == SLURM
    }

    /// How many trainings the list stands for.
    pub(super) fn count(&self) -> usize {
        if !self.is_changed() {
            return 1;
        }
        let folds = |v: &&str| v.strip_prefix("all/").and_then(|n| n.parse().ok()).unwrap_or(1);
        self.values().iter().map(folds).sum()
    }

    fn wrong(&self, text: &str) -> Option<String> {
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
            Kind::Fold => {
                (!fold_is_fine(text)).then(|| "empty, K/N with 1 ≤ K ≤ N and N ≥ 2, or all/N".to_owned())
            }
            Kind::Where => (![HERE, SLURM].contains(&text)).then(|| format!("{HERE} or {SLURM}")),
            Kind::Start => None,
            Kind::Word => text.contains(char::is_whitespace).then(|| "one word".to_owned()),
        }
    }

    /// Steps the value: the next choice, a little more, the next fold.
    pub(super) fn nudge(&mut self, up: bool) {
        let text = self.values().last().copied().unwrap_or_default();
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
            Kind::Where => (if text == HERE { SLURM } else { HERE }).to_owned(),
            Kind::Word | Kind::Start => text.to_owned(),
        };
    }

    /// The choice that begins with a letter; a comma adds the next choice to the list.
    pub(super) fn choose(&mut self, choices: &[&str], c: char) {
        let mut listed: Vec<&str> = self.value.split(", ").collect();
        let new = choices.iter().find(|choice| !listed.contains(choice));
        let called = choices.iter().find(|choice| choice.starts_with(c.to_ascii_lowercase()));
        match (c, new, called) {
            (',', Some(new), _) if self.kind != Kind::Where => listed.push(new),
            (_, _, Some(called)) => {
                listed.pop();
                listed.push(called);
            }
            _ => return,
        }
        self.value = listed.join(", ");
    }
}

fn fold_is_fine(text: &str) -> bool {
    let parts = || {
        let (k, n) = text.split_once('/')?;
        Some((k.trim().parse::<usize>().ok()?, n.trim().parse::<usize>().ok()?))
    };
    let all = text.strip_prefix("all/").and_then(|n| n.parse::<usize>().ok());
    text.is_empty()
        || all.is_some_and(|n| n >= 2)
        || parts().is_some_and(|(k, n)| n >= 2 && (1..=n).contains(&k))
}

/// Rates in the steps people use: 1, 2, 5 times a power of ten.
fn next_rate(value: f64, up: bool) -> String {
    let ladder = (-7..=0).flat_map(|e| [1, 2, 5].map(|m| format!("{m}e{e}")));
    let rungs: Vec<(f64, String)> = ladder.filter_map(|t| Some((t.parse::<f64>().ok()?, t))).collect();
    let fits = |rung: &&(f64, String)| if up { rung.0 > value * 1.001 } else { rung.0 < value * 0.999 };
    let next = if up { rungs.iter().find(fits) } else { rungs.iter().rev().find(fits) };
    next.filter(|(v, _)| *v <= 1.0).map_or_else(|| value.to_string(), |(_, t)| t.clone())
}

/// No fold, 1/5, 2/5, … 5/5, all of them, no fold.
fn next_fold(text: &str, up: bool) -> String {
    let folds = ["", "1/5", "2/5", "3/5", "4/5", "5/5", "all/5"];
    let at = folds.iter().position(|f| *f == text).unwrap_or(0);
    folds[if up { (at + 1) % 7 } else { (at + 6) % 7 }].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_climb_the_ladder() {
        assert_eq!((next_rate(1e-3, true), next_rate(1e-3, false)), ("2e-3".to_owned(), "5e-4".to_owned()));
        assert_eq!(next_rate(1.0, true), "1");
    }
}
