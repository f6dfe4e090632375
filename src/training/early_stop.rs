//! When a run that no longer gets better may end before its last epoch. Its state is kept in the checkpoint.

use serde::{Deserialize, Serialize};

/// Ending early.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStopConfig {
    /// Epochs without a better monitored loss after which the run ends; 0: never.
    pub patience: u32,
    /// What counts as better: a loss this much lower.
    pub min_delta: f64,
}

/// How long nothing got better.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct EarlyStop {
    waited: u32,
    best: Option<f64>,
}

impl EarlyStop {
    /// Takes note of an epoch's monitored loss.
    pub(crate) fn after_epoch(&mut self, config: &EarlyStopConfig, loss: f64) {
        if self.best.is_none_or(|best| loss < best - config.min_delta) {
            self.best = Some(loss);
            self.waited = 0;
        } else {
            self.waited += 1;
        }
    }

    /// Why the run ends here, if it does.
    pub(crate) fn reason(&self, config: &EarlyStopConfig) -> Option<String> {
        let over = config.patience > 0 && self.waited >= config.patience;
        over.then(|| format!("no better loss for {} epochs, early_stop.patience", self.waited))
    }

    /// Gives a run that was made longer its patience back.
    pub(crate) fn wait_anew(&mut self) {
        self.waited = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many epochs a run with these losses takes.
    fn epochs(config: &EarlyStopConfig, losses: &[f64]) -> usize {
        let mut stop = EarlyStop::default();
        let mut is_over = |loss: &f64| {
            stop.after_epoch(config, *loss);
            stop.reason(config).is_some()
        };
        losses.iter().position(&mut is_over).map_or(losses.len(), |index| index + 1)
    }

    #[test]
    fn it_ends_after_its_patience_and_small_gains_do_not_count() {
        let losses = [0.9, 0.8, 0.81, 0.795, 0.79, 0.7, 0.7];
        let config = |patience, min_delta| EarlyStopConfig { patience, min_delta };
        assert_eq!(epochs(&config(0, 0.0), &losses), 7);
        assert_eq!(epochs(&config(1, 0.0), &losses), 3);
        assert_eq!(epochs(&config(3, 0.0), &losses), 7);
        assert_eq!(epochs(&config(3, 0.05), &losses), 5);
    }
}
