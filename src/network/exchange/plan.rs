//! The layers of a described network, in an order in which they can be run, without any values.

use crate::network::architecture::Architecture;
use crate::network::kinds::{Down, Up};

/// What a layer is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Input,
    /// A convolution with this stride.
    Conv(usize),
    /// A normalisation and an activation of the kinds the description says.
    Norm,
    Activation,
    /// Of 2x2x2 voxels, as are the next two.
    MaxPool,
    Repeat,
    Transposed,
    Concat,
    Add,
    Sigmoid,
}

/// A layer; one with values has those tensors whose names begin with its own.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub name: String,
    pub step: Step,
    /// The layers it takes from, by position.
    pub inputs: Vec<usize>,
}

/// The layers, the input first and the answer last. Heads that only training has are not among them.
pub(super) struct Plan<'a> {
    architecture: &'a Architecture,
    pub layers: Vec<Planned>,
}

impl<'a> Plan<'a> {
    /// The layers of the network, as `Architecture` tells them.
    pub fn of(architecture: &'a Architecture) -> Self {
        let input = Planned { name: "input".into(), step: Step::Input, inputs: Vec::new() };
        let mut plan = Self { architecture, layers: vec![input] };
        let (mut at, mut skips) = (0, Vec::new());
        for level in 0..architecture.depth {
            at = plan.level(&format!("enc.{level}"), at);
            if level + 1 < architecture.depth {
                skips.push(at);
                at = plan.down(level, at);
            }
        }
        for (level, skip) in skips.into_iter().enumerate().rev() {
            let upsampled = plan.up(level, at);
            let both = plan.push(format!("dec.{level}.concat"), Step::Concat, &[upsampled, skip]);
            at = plan.level(&format!("dec.{level}"), both);
        }
        let head = plan.push("head.conv", Step::Conv(1), &[at]);
        plan.push("head.sigmoid", Step::Sigmoid, &[head]);
        plan
    }

    /// Two blocks, and what is added to the second before its activation.
    fn level(&mut self, prefix: &str, from: usize) -> usize {
        let mut at = from;
        for index in 0..2 {
            at = self.push(format!("{prefix}.{index}.conv"), Step::Conv(1), &[at]);
            at = self.push(format!("{prefix}.{index}.norm"), Step::Norm, &[at]);
            if index == 1 && self.architecture.residual {
                let shortcut = self.push(format!("{prefix}.shortcut"), Step::Conv(1), &[from]);
                at = self.push(format!("{prefix}.sum"), Step::Add, &[at, shortcut]);
            }
            at = self.push(format!("{prefix}.{index}.activation"), Step::Activation, &[at]);
        }
        at
    }

    fn down(&mut self, level: usize, from: usize) -> usize {
        let step = match self.architecture.down {
            Down::MaxPool => Step::MaxPool,
            Down::Strided => Step::Conv(2),
        };
        self.push(format!("enc.{level}.down"), step, &[from])
    }

    fn up(&mut self, level: usize, from: usize) -> usize {
        let step = match self.architecture.up {
            Up::Nearest => Step::Repeat,
            Up::Transposed => Step::Transposed,
        };
        self.push(format!("dec.{level}.up"), step, &[from])
    }

    fn push(&mut self, name: impl Into<String>, step: Step, inputs: &[usize]) -> usize {
        self.layers.push(Planned { name: name.into(), step, inputs: inputs.to_vec() });
        self.layers.len() - 1
    }
}
