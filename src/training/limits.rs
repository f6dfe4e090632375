//! Which values of a [`TrainConfig`] make sense, each refusal naming the key and what is allowed.

use super::config::{ConfigError, TrainConfig};
use super::sections::SplitConfig;

impl TrainConfig {
    /// Checks every value's range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let whole = [
            ("epochs", u64::from(self.epochs)),
            ("batch", self.batch as u64),
            ("patch.size", self.patch.size as u64),
            ("crop.size", self.crop.size as u64),
            ("optimiser.accumulate", self.optimiser.accumulate as u64),
        ];
        for (key, value) in whole {
            ensure(value >= 1, key, "must be 1 or more")?;
        }
        // TOML's integers are signed.
        ensure(i64::try_from(self.seed).is_ok(), "seed", "must be below 2^63")?;
        ensure(self.patch.overlap < self.patch.size, "patch.overlap", "must be smaller than patch.size")?;
        self.validate_numbers()?;
        self.validate_loop()?;
        self.validate_device()?;
        self.augment.refusal().map_or(Ok(()), |(key, message)| ensure(false, key, message))?;
        self.split.validate()
    }

    fn validate_numbers(&self) -> Result<(), ConfigError> {
        let positive = [
            ("lr", self.lr),
            ("loss.smooth", self.loss.smooth),
            ("optimiser.epsilon", self.optimiser.epsilon),
            ("crop.spacing_mm", self.crop.spacing_mm),
        ];
        for (key, value) in positive {
            ensure(value.is_finite() && value > 0.0, key, "must be above 0")?;
        }
        let shares = [
            ("loss.focal_alpha", self.loss.focal_alpha),
            ("optimiser.beta1", self.optimiser.beta1),
            ("optimiser.beta2", self.optimiser.beta2),
            ("optimiser.weight_decay", self.optimiser.weight_decay),
            ("schedule.factor", self.schedule.factor),
            ("schedule.min_lr", self.schedule.min_lr),
            ("patch.foreground", self.patch.foreground),
            ("split.train", self.split.train),
            ("split.val", self.split.val),
            ("split.test", self.split.test),
        ];
        for (key, value) in shares {
            ensure((0.0..=1.0).contains(&value), key, "must be between 0 and 1")?;
        }
        Ok(())
    }

    fn validate_loop(&self) -> Result<(), ConfigError> {
        let zero_or_more = [
            ("loss.focal_gamma", self.loss.focal_gamma),
            ("loss.tversky_alpha", self.loss.tversky_alpha),
            ("loss.tversky_beta", self.loss.tversky_beta),
            ("optimiser.clip", self.optimiser.clip),
            ("schedule.power", self.schedule.power),
            ("early_stop.min_delta", self.early_stop.min_delta),
            ("fine_tune.encoder_rate", self.fine_tune.encoder_rate),
            ("checkpoint_minutes", self.checkpoint_minutes),
        ];
        for (key, value) in zero_or_more {
            ensure(value.is_finite() && value >= 0.0, key, "must be 0 or more")?;
        }
        for (key, value) in
            [("optimiser.ema", self.optimiser.ema), ("optimiser.momentum", self.optimiser.momentum)]
        {
            ensure((0.0..1.0).contains(&value), key, "must be from 0 to below 1")?;
        }
        Ok(())
    }

    fn validate_device(&self) -> Result<(), ConfigError> {
        let index = self.device.strip_prefix("cuda:");
        let known = matches!(self.device.as_str(), "auto" | "cpu" | "cuda")
            || index.is_some_and(|i| i.parse::<usize>().is_ok());
        ensure(known, "device", "is one of auto, cpu, cuda, cuda:0, cuda:1, ...")
    }
}

impl SplitConfig {
    /// `fold` as (K from 1, N), when set.
    pub fn parsed_fold(&self) -> Option<(usize, usize)> {
        let (k, n) = self.fold.as_ref()?.split_once('/')?;
        Some((k.trim().parse().ok()?, n.trim().parse().ok()?))
    }

    fn validate(&self) -> Result<(), ConfigError> {
        ensure(self.train > 0.0, "split.train", "must be above 0")?;
        let fold_makes_sense =
            self.fold.is_none() || self.parsed_fold().is_some_and(|(k, n)| n >= 2 && (1..=n).contains(&k));
        ensure(fold_makes_sense, "split.fold", "is K/N with N at least 2 and K from 1 to N, e.g. 1/5")
    }
}

fn ensure(holds: bool, key: &str, message: &str) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::Value { key: key.into(), message: message.into() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut TrainConfig)) -> String {
        let mut config = TrainConfig::default();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn the_default_is_valid_and_bad_values_name_their_key() {
        TrainConfig::default().validate().unwrap();
        assert!(refusal(|c| c.lr = f64::NAN).contains("`lr`"));
        assert!(refusal(|c| c.epochs = 0).contains("`epochs`"));
        assert!(refusal(|c| c.patch.overlap = 48).contains("`patch.overlap`"));
        assert!(refusal(|c| c.device = "gpu".into()).contains("cuda:0"));
        for fold in ["0/5", "6/5", "1/1", "x"] {
            assert!(refusal(|c| c.split.fold = Some(fold.into())).contains("`split.fold`"), "{fold}");
        }
    }
}
