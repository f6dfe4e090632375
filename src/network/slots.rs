//! Every stored tensor of a described network: name, shape and use, in the order the forward pass takes them.

use super::architecture::Architecture;
use super::kinds::{Down, NormKind, Up};
use super::weights::{Role, Slot};

/// Side of a block's convolution, and of one that halves the resolution.
const KERNEL: usize = 3;

/// The tensors found so far.
struct Plan<'a> {
    architecture: &'a Architecture,
    slots: Vec<Slot>,
}

impl Architecture {
    /// Number of stored values, running moments included.
    pub fn value_count(&self) -> usize {
        self.slots().iter().map(Slot::len).sum()
    }

    /// Every stored tensor, in the order the forward pass uses them.
    ///
    /// Kernels are `[out, in, k, k, k]`, those of transposed convolutions `[in, out, 2, 2, 2]` (as in PyTorch and ONNX).
    /// Level `L` (0 = full resolution) has `enc.L.0`, `enc.L.1` (each `conv` and `norm`), `enc.L.shortcut`, `enc.L.down`; on
    /// the way up `dec.L.up`, `dec.L.0`, `dec.L.1`, `dec.L.shortcut`, and `aux.L.conv` for deep supervision; last `head.conv`.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let mut plan = Plan { architecture: self, slots: Vec::new() };
        let mut channels = 1;
        for level in 0..self.depth {
            channels = plan.level(&format!("enc.{level}"), channels, [self.base << level, self.width(level)]);
            if self.down == Down::Strided && level + 1 < self.depth {
                plan.convolution(&format!("enc.{level}.down"), channels, channels, KERNEL);
            }
        }
        for level in (0..self.depth - 1).rev() {
            let width = self.width(level);
            let upsampled = plan.up(level, channels);
            channels = plan.level(&format!("dec.{level}"), upsampled + width, [width, width]);
            if self.has_auxiliary_head(level) {
                plan.convolution(&format!("aux.{level}.conv"), channels, 1, 1);
            }
        }
        plan.convolution("head.conv", channels, 1, 1);
        plan.slots
    }
}

impl Plan<'_> {
    /// Two blocks named `prefix.0` and `prefix.1`, with their shortcut; returns the channels that leave the second.
    fn level(&mut self, prefix: &str, from: usize, widths: [usize; 2]) -> usize {
        let [first, second] = widths;
        for (index, (from, width)) in [(from, first), (first, second)].into_iter().enumerate() {
            self.convolution(&format!("{prefix}.{index}.conv"), from, width, KERNEL);
            self.norm(&format!("{prefix}.{index}.norm"), width);
        }
        if self.architecture.residual {
            self.convolution(&format!("{prefix}.shortcut"), from, second, 1);
        }
        second
    }

    fn norm(&mut self, prefix: &str, width: usize) {
        let slot = |name: &str, role| Slot::new(format!("{prefix}.{name}"), vec![width], role);
        self.slots.extend([slot("weight", Role::Scale), slot("bias", Role::Shift)]);
        if self.architecture.norm == NormKind::Batch {
            self.slots.extend([slot("running_mean", Role::Mean), slot("running_var", Role::Variance)]);
        }
    }

    /// The way from `channels` up to `level`; returns the channels that arrive there.
    fn up(&mut self, level: usize, channels: usize) -> usize {
        match self.architecture.up {
            Up::Nearest => channels,
            Up::Transposed => {
                let width = self.architecture.width(level);
                self.kernel(&format!("dec.{level}.up"), [channels, width], 2, width);
                width
            }
        }
    }

    fn convolution(&mut self, prefix: &str, from: usize, to: usize, side: usize) {
        self.kernel(prefix, [to, from], side, to);
    }

    fn kernel(&mut self, prefix: &str, channels: [usize; 2], side: usize, biases: usize) {
        let shape = vec![channels[0], channels[1], side, side, side];
        self.slots.push(Slot::new(format!("{prefix}.weight"), shape, Role::Kernel));
        self.slots.push(Slot::new(format!("{prefix}.bias"), vec![biases], Role::Shift));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernels(architecture: &Architecture) -> Vec<(String, Vec<usize>)> {
        let kernels = architecture.slots().into_iter().filter(|slot| slot.role == Role::Kernel);
        kernels.map(|slot| (slot.name.trim_end_matches(".weight").to_owned(), slot.shape)).collect()
    }

    #[test]
    fn published_networks_have_the_published_number_of_values() {
        assert_eq!(Architecture::t2s().value_count(), 246_929);
        assert_eq!(Architecture::t2_ax().value_count(), 208_865);
    }

    #[test]
    fn channels_follow_the_published_plan() {
        let plan: Vec<[usize; 2]> =
            kernels(&Architecture::t2s()).iter().map(|(_, shape)| [shape[1], shape[0]]).collect();
        let expected = [
            [1, 8],
            [8, 16],
            [16, 16],
            [16, 32],
            [32, 32],
            [32, 64],
            [96, 32],
            [32, 32],
            [48, 16],
            [16, 16],
            [16, 1],
        ];
        assert_eq!(plan, expected);
    }

    #[test]
    fn every_choice_has_its_tensors_where_the_data_meet_them() {
        let described = "depth = 3\nbase = 2\nnorm = 'instance'\nresidual = true\ndown = 'strided'\nup = 'transposed'\n\
                         deep_supervision = true";
        let kernels = kernels(&toml::from_str(described).unwrap());
        let cube = |out: usize, from: usize, side: usize| vec![out, from, side, side, side];
        let expected = [
            ("enc.0.0.conv", cube(2, 1, 3)),
            ("enc.0.1.conv", cube(4, 2, 3)),
            ("enc.0.shortcut", cube(4, 1, 1)),
            ("enc.0.down", cube(4, 4, 3)),
            ("enc.1.0.conv", cube(4, 4, 3)),
            ("enc.1.1.conv", cube(8, 4, 3)),
            ("enc.1.shortcut", cube(8, 4, 1)),
            ("enc.1.down", cube(8, 8, 3)),
            ("enc.2.0.conv", cube(8, 8, 3)),
            ("enc.2.1.conv", cube(16, 8, 3)),
            ("enc.2.shortcut", cube(16, 8, 1)),
            ("dec.1.up", cube(16, 8, 2)),
            ("dec.1.0.conv", cube(8, 16, 3)),
            ("dec.1.1.conv", cube(8, 8, 3)),
            ("dec.1.shortcut", cube(8, 16, 1)),
            ("aux.1.conv", cube(1, 8, 1)),
            ("dec.0.up", cube(8, 4, 2)),
            ("dec.0.0.conv", cube(4, 8, 3)),
            ("dec.0.1.conv", cube(4, 4, 3)),
            ("dec.0.shortcut", cube(4, 8, 1)),
            ("head.conv", cube(1, 4, 1)),
        ];
        assert_eq!(kernels, expected.map(|(name, shape)| (name.to_owned(), shape)));
    }

    #[test]
    fn only_batch_normalisation_keeps_moments() {
        let running = |architecture: &Architecture| {
            architecture.slots().iter().filter(|slot| slot.name.contains("running_")).count()
        };
        let instance: Architecture = toml::from_str("depth = 3\nbase = 8\nnorm = 'instance'").unwrap();
        assert_eq!((running(&Architecture::t2s()), running(&instance)), (20, 0));
        assert!(instance.slots().iter().all(Slot::is_learnt));
    }
}
