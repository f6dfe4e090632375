//! The curves of one run as plain values, ready to be drawn.

/// One curve of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Train,
    Validation,
    Dice,
    Rate,
    Pace,
    Memory,
    Gpu,
    Cpu,
}

/// The curves of one run, each (epoch, value); not a number where there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Curves {
    pub(crate) train: Vec<(f64, f64)>,
    pub(crate) val: Vec<(f64, f64)>,
    pub(crate) dice: Vec<(f64, f64)>,
    pub(crate) rate: Vec<(f64, f64)>,
    /// Patches a second.
    pub(crate) pace: Vec<(f64, f64)>,
    /// GiB: of the process on the GPU, else of everybody there, else of the process in the machine's memory.
    pub(crate) memory: Vec<(f64, f64)>,
    /// Load of GPU and CPUs, percent.
    pub(crate) gpu: Vec<(f64, f64)>,
    pub(crate) cpu: Vec<(f64, f64)>,
    /// What the trainer warned of, newest last.
    pub(crate) warnings: Vec<String>,
    /// How far the current epoch is, 0..1.
    pub(crate) within_epoch: f64,
}

impl Curves {
    /// One of them.
    pub(crate) fn line(&self, line: Line) -> &[(f64, f64)] {
        match line {
            Line::Train => &self.train,
            Line::Validation => &self.val,
            Line::Dice => &self.dice,
            Line::Rate => &self.rate,
            Line::Pace => &self.pace,
            Line::Memory => &self.memory,
            Line::Gpu => &self.gpu,
            Line::Cpu => &self.cpu,
        }
    }

    /// True when the curve has a value anywhere.
    pub(crate) fn has(&self, line: Line) -> bool {
        self.line(line).iter().any(|p| p.1.is_finite())
    }

    /// The last epoch any curve has reached.
    pub(crate) fn reached(&self) -> f64 {
        [&self.train, &self.memory].into_iter().filter_map(|c| c.last()).map(|p| p.0).fold(0.0, f64::max)
    }

    /// Epochs whose loss was not a number: gaps in the curves.
    pub(crate) fn gaps(&self) -> usize {
        self.train.iter().filter(|p| !p.1.is_finite()).count()
    }

    /// Warnings to show, plus one when a loss was not a number.
    pub(crate) fn trouble(&self) -> Option<String> {
        let broken = self.gaps();
        let lost =
            (broken > 0).then(|| format!("the loss was not a number in {broken} epochs; try a lower rate"));
        lost.or_else(|| self.warnings.last().cloned())
    }
}
