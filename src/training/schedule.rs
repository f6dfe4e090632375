//! The learning rate of each epoch. What depends on the losses so far (the plateau) is one small value, kept in the checkpoint;
//! everything else follows from the number of the epoch and the length of the run, so that a run made longer is laid out anew.

use serde::{Deserialize, Serialize};

use super::{ScheduleConfig, ScheduleKind, TrainConfig};

/// Where the schedule stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Schedule {
    /// The plateau's rate; `lr` under any other schedule.
    rate: f64,
    best: Option<f64>,
    waited: u32,
}

impl Schedule {
    /// Before the first epoch.
    pub(crate) fn new(config: &TrainConfig) -> Self {
        Self { rate: config.lr, best: None, waited: 0 }
    }

    /// The rate of the epoch after `done` complete ones. The first `schedule.warmup` epochs climb in equal steps towards `lr`; a
    /// cosine (Loshchilov & Hutter 2017, without restarts) or polynomial (Chen et al. 2018; nnU-Net's, power 0.9) falls over
    /// the others, from `lr` towards `min_lr`.
    pub(crate) fn rate(&self, config: &TrainConfig, done: u32) -> f64 {
        let warmup = config.schedule.warmup;
        if done < warmup {
            return config.lr * f64::from(done + 1) / f64::from(warmup + 1);
        }
        let share = f64::from(done - warmup) / f64::from(config.epochs.saturating_sub(warmup).max(1));
        let share = share.min(1.0);
        let height = match config.schedule.kind {
            ScheduleKind::Constant => 1.0,
            ScheduleKind::Plateau => return self.rate,
            ScheduleKind::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * share).cos()),
            ScheduleKind::Poly => (1.0 - share).powf(config.schedule.power),
        };
        let floor = config.schedule.min_lr.min(config.lr);
        floor + (config.lr - floor) * height
    }

    /// Takes note of the monitored loss of epoch `epoch` (from 1).
    pub(crate) fn after_epoch(&mut self, config: &TrainConfig, epoch: u32, loss: f64) {
        if config.schedule.kind == ScheduleKind::Plateau && epoch > config.schedule.warmup {
            self.plateau(&config.schedule, loss);
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

    /// The rates of the epochs after each loss.
    fn rates(config: &TrainConfig, losses: &[f64]) -> Vec<f64> {
        let mut schedule = Schedule::new(config);
        let mut after = |(index, loss): (usize, &f64)| {
            let epoch = index as u32 + 1;
            schedule.after_epoch(config, epoch, *loss);
            schedule.rate(config, epoch)
        };
        losses.iter().enumerate().map(&mut after).collect()
    }

    /// The rates of a whole run at `lr` 1, whatever the losses.
    fn laid_out(epochs: u32, schedule: ScheduleConfig) -> Vec<f64> {
        let config = TrainConfig { lr: 1.0, epochs, schedule, ..Default::default() };
        let schedule = Schedule::new(&config);
        (0..epochs).map(|done| schedule.rate(&config, done)).collect()
    }

    fn near(got: &[f64], want: &[f64]) -> bool {
        got.len() == want.len() && got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn a_plateau_halves_the_rate_after_its_patience_and_waits_again() {
        let schedule = ScheduleConfig { patience: 2, min_lr: 0.3, ..Default::default() };
        let config = TrainConfig { lr: 1.0, schedule, ..Default::default() };
        let losses = [0.9, 0.9, 0.95, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8];
        assert_eq!(rates(&config, &losses), [1.0, 1.0, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3]);
    }

    #[test]
    fn a_plateau_does_not_wait_while_the_rate_climbs() {
        let schedule = ScheduleConfig { patience: 1, warmup: 2, ..Default::default() };
        let config = TrainConfig { lr: 1.0, schedule, ..Default::default() };
        assert!(near(&rates(&config, &[0.5, 0.9, 0.9, 0.9]), &[2.0 / 3.0, 1.0, 1.0, 0.5]));
    }

    #[test]
    fn a_cosine_falls_to_its_floor() {
        let schedule = ScheduleConfig { kind: ScheduleKind::Cosine, min_lr: 0.1, ..Default::default() };
        let config = TrainConfig { lr: 1.0, epochs: 4, schedule, ..Default::default() };
        let rates = rates(&config, &[0.5; 4]);
        assert!(rates.windows(2).all(|pair| pair[1] < pair[0]));
        assert!((rates[1] - 0.55).abs() < 1e-12 && (rates[3] - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_polynomial_is_nnu_nets_and_begins_after_the_warmup() {
        let poly = ScheduleConfig { kind: ScheduleKind::Poly, ..Default::default() };
        let power = |share: f64| share.powf(0.9);
        assert!(near(&laid_out(4, poly.clone()), &[1.0, power(0.75), power(0.5), power(0.25)]));
        let warm = ScheduleConfig { warmup: 1, ..poly };
        assert!(near(&laid_out(4, warm), &[0.5, 1.0, power(2.0 / 3.0), power(1.0 / 3.0)]));
    }

    #[test]
    fn a_longer_run_is_laid_out_anew() {
        let cosine = ScheduleConfig { kind: ScheduleKind::Cosine, ..Default::default() };
        let config = |epochs| TrainConfig { lr: 1.0, epochs, schedule: cosine.clone(), ..Default::default() };
        let schedule = Schedule::new(&config(4));
        assert_eq!(schedule.rate(&config(8), 4), laid_out(8, cosine.clone())[4]);
    }

    #[test]
    fn a_loss_that_is_not_a_number_never_counts_as_better() {
        let schedule = ScheduleConfig { patience: 1, ..Default::default() };
        let config = TrainConfig { lr: 1.0, schedule, ..Default::default() };
        assert_eq!(rates(&config, &[0.5, f64::NAN, 0.5]), [1.0, 0.5, 0.25]);
    }
}
