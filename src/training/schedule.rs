//! The learning rate over a run. Its whole state is one small value, kept in the checkpoint.

use serde::{Deserialize, Serialize};

use super::{ScheduleConfig, ScheduleKind, TrainConfig};

/// Where the schedule stands; `rate` is the rate of the coming epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Schedule {
    pub(crate) rate: f64,
    best: Option<f64>,
    waited: u32,
}

impl Schedule {
    /// Before the first epoch.
    pub(crate) fn new(config: &TrainConfig) -> Self {
        Self { rate: config.lr, best: None, waited: 0 }
    }

    /// Moves on after epoch `epoch` (from 1), whose monitored loss was `loss`.
    pub(crate) fn after_epoch(&mut self, config: &TrainConfig, epoch: u32, loss: f64) {
        match config.schedule.kind {
            ScheduleKind::Constant => {}
            ScheduleKind::Plateau => self.plateau(&config.schedule, loss),
            ScheduleKind::Cosine => {
                let done = f64::from(epoch) / f64::from(config.epochs.max(1));
                let height = 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos());
                let floor = config.schedule.min_lr.min(config.lr);
                self.rate = floor + (config.lr - floor) * height;
            }
        }
    }

    /// Keras' `ReduceLROnPlateau`: after `patience` epochs without a lower loss the rate is multiplied and the wait begins anew.
    fn plateau(&mut self, config: &ScheduleConfig, loss: f64) {
        if self.best.is_none_or(|best| loss < best) {
            self.best = Some(loss);
            self.waited = 0;
            return;
        }
        self.waited += 1;
        if self.waited >= config.patience.max(1) {
            self.waited = 0;
            self.rate = (self.rate * config.factor).max(config.min_lr.min(self.rate));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(config: &TrainConfig, losses: &[f64]) -> Vec<f64> {
        let mut schedule = Schedule::new(config);
        let mut after = |(index, loss): (usize, &f64)| {
            schedule.after_epoch(config, index as u32 + 1, *loss);
            schedule.rate
        };
        losses.iter().enumerate().map(&mut after).collect()
    }

    #[test]
    fn a_plateau_halves_the_rate_after_its_patience_and_waits_again() {
        let schedule = ScheduleConfig { patience: 2, min_lr: 0.3, ..Default::default() };
        let config = TrainConfig { lr: 1.0, schedule, ..Default::default() };
        let losses = [0.9, 0.9, 0.95, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8];
        assert_eq!(rates(&config, &losses), [1.0, 1.0, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3]);
    }

    #[test]
    fn a_cosine_ends_at_its_floor() {
        let schedule = ScheduleConfig { kind: ScheduleKind::Cosine, min_lr: 0.1, ..Default::default() };
        let config = TrainConfig { lr: 1.0, epochs: 4, schedule, ..Default::default() };
        let rates = rates(&config, &[0.5; 4]);
        assert!(rates.windows(2).all(|pair| pair[1] < pair[0]));
        assert!((rates[1] - 0.55).abs() < 1e-12 && (rates[3] - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_loss_that_is_not_a_number_never_counts_as_better() {
        let schedule = ScheduleConfig { patience: 1, ..Default::default() };
        let config = TrainConfig { lr: 1.0, schedule, ..Default::default() };
        assert_eq!(rates(&config, &[0.5, f64::NAN, 0.5]), [1.0, 0.5, 0.25]);
    }
}
