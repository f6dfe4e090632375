//! What a job asks of the cluster. Defaults of the site are in the project's section `[slurm]`; options given win over them.

use super::SlurmError;
use serde::Deserialize;

/// The script is told this many seconds before the time limit that it is near; Slurm may be a minute early.
pub(super) const WARNING_SECONDS: u64 = 120;
/// A shorter limit would leave no time to train between the start and that word.
const LEAST_MINUTES: u64 = 5;

/// The section `[slurm]`, and what the command line says over it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlurmOptions {
    /// Partition (queue); the cluster's default one when absent.
    pub partition: Option<String>,
    /// Account that is charged.
    pub account: Option<String>,
    /// GPUs: a number, or a kind and a number (`a100:1`). A training uses one.
    pub gpus: Option<String>,
    /// Processors per task.
    pub cpus: Option<u32>,
    /// Memory per node, as Slurm writes it: `16G`.
    pub mem: Option<String>,
    /// Time limit, as Slurm writes it: minutes, `hh:mm:ss`, `d-hh:mm:ss`.
    pub time: Option<String>,
    /// Machines to run on.
    pub nodelist: Option<String>,
    /// Further options of sbatch, each as on its command line: `--qos=long`.
    pub options: Vec<String>,
    /// Lines the script runs first: `module load cuda`.
    pub setup: Vec<String>,
}

impl SlurmOptions {
    /// These, where they say something, else what `site` says; further options and lines are added to the site's.
    #[must_use]
    pub fn over(self, site: Self) -> Self {
        Self {
            partition: self.partition.or(site.partition),
            account: self.account.or(site.account),
            gpus: self.gpus.or(site.gpus),
            cpus: self.cpus.or(site.cpus),
            mem: self.mem.or(site.mem),
            time: self.time.or(site.time),
            nodelist: self.nodelist.or(site.nodelist),
            options: site.options.into_iter().chain(self.options).collect(),
            setup: site.setup.into_iter().chain(self.setup).collect(),
        }
    }

    /// The lines after `#SBATCH`, one option each.
    ///
    /// # Errors
    /// A value that would break out of its line, or a time limit that cannot be or is too short.
    pub(super) fn directives(&self) -> Result<Vec<String>, SlurmError> {
        let cpus = self.cpus.map(|n| n.to_string());
        let gpus = self.gpus.as_ref().filter(|n| *n != "0").map(|n| format!("gpu:{n}"));
        let named = [
            ("partition", "--partition", &self.partition),
            ("account", "--account", &self.account),
            ("gpus", "--gres", &gpus),
            ("cpus", "--cpus-per-task", &cpus),
            ("mem", "--mem", &self.mem),
            ("time", "--time", &self.time),
            ("nodelist", "--nodelist", &self.nodelist),
        ];
        let mut lines = Vec::new();
        for (key, option, value) in named {
            let Some(value) = value else { continue };
            let is_word = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c.is_control());
            ensure(is_word, key, value, "must be one word")?;
            lines.push(format!("{option}={value}"));
        }
        for option in &self.options {
            let fine = option.starts_with('-') && !option.contains(char::is_control);
            ensure(fine, "sbatch-option", option, "is an option of sbatch on one line, e.g. --qos=long")?;
            lines.push(option.clone());
        }
        if let Some(time) = &self.time {
            let minutes = minutes(time);
            ensure(minutes.is_some(), "time", time, "is minutes, hh:mm:ss or days-hh:mm:ss, e.g. 12:00:00")?;
            let enough = minutes.is_some_and(|m| m >= LEAST_MINUTES);
            ensure(
                enough,
                "time",
                time,
                "is too short: the last two minutes are for the checkpoint, give at least 5",
            )?;
        }
        Ok(lines)
    }
}

fn ensure(holds: bool, key: &'static str, value: &str, message: &'static str) -> Result<(), SlurmError> {
    if holds { Ok(()) } else { Err(SlurmError::Setting { key, value: value.into(), message }) }
}

/// A time limit in whole minutes, by the formats of sbatch(1): `m`, `m:s`, `h:m:s`, `d-h`, `d-h:m`, `d-h:m:s`. 0 is no limit there.
fn minutes(text: &str) -> Option<u64> {
    if matches!(text, "0" | "infinite" | "unlimited" | "UNLIMITED") {
        return Some(u64::MAX);
    }
    let (days, clock) = match text.split_once('-') {
        Some((days, clock)) => (Some(days.parse::<u64>().ok()?), clock),
        None => (None, text),
    };
    let parts: Vec<u64> = clock.split(':').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let (hours, minutes) = match (days.is_some(), parts.as_slice()) {
        (true, [h]) => (*h, 0),
        (true, [h, m] | [h, m, _]) | (false, [h, m, _]) => (*h, *m),
        (false, [m] | [m, _]) => (0, *m),
        _ => return None,
    };
    days.unwrap_or(0).checked_mul(1440)?.checked_add(hours.checked_mul(60)?)?.checked_add(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_wins_over_the_site() {
        let site: SlurmOptions = toml::from_str(
            "partition = 'gpu'\ntime = '60'\nsetup = ['module load cuda']\noptions = ['--qos=a']",
        )
        .unwrap();
        let given = SlurmOptions {
            time: Some("2:00:00".into()),
            options: vec!["-x n1".into()],
            ..Default::default()
        };
        let both = given.over(site);
        assert_eq!((both.partition.as_deref(), both.time.as_deref()), (Some("gpu"), Some("2:00:00")));
        assert_eq!(both.options, ["--qos=a", "-x n1"]);
        let gpu = SlurmOptions { gpus: Some("a100:1".into()), ..both };
        let lines = gpu.directives().unwrap();
        assert_eq!(lines, ["--partition=gpu", "--gres=gpu:a100:1", "--time=2:00:00", "--qos=a", "-x n1"]);
        assert!(toml::from_str::<SlurmOptions>("partitoin = 'gpu'").is_err());
    }

    #[test]
    fn values_that_break_the_script_are_refused_with_their_key() {
        let refused = |options: SlurmOptions| options.directives().unwrap_err().to_string();
        let inject = SlurmOptions { partition: Some("a\nrm -rf".into()), ..Default::default() };
        assert!(refused(inject).contains("`partition`"));
        let option = SlurmOptions { options: vec!["qos=long".into()], ..Default::default() };
        assert!(refused(option).contains("sbatch-option"));
        for time in ["soon", "1:2:3:4", "4", "0:03:59"] {
            let short = SlurmOptions { time: Some(time.into()), ..Default::default() };
            assert!(refused(short).contains("`time`"), "{time}");
        }
    }

    #[test]
    fn time_limits_are_read_as_slurm_reads_them() {
        let cases = [
            ("90", 90),
            ("7:30", 7),
            ("12:00:00", 720),
            ("2-12", 3600),
            ("1-0:30", 1470),
            ("1-01:01:59", 1501),
        ];
        for (text, expected) in cases {
            assert_eq!(minutes(text), Some(expected), "{text}");
        }
        assert_eq!(minutes("0"), Some(u64::MAX));
    }
}
