//! What the kernel of convolutions is compiled for, and the shared memory that this takes.

use super::fold::FOLDS;
use super::stage::Cuboid;

/// How the taps follow from a convolution's weights `[out, in, k, k, k]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Taps {
    /// As they are.
    Forward,
    /// Mirrored, inputs and outputs swapped: the gradient of the input.
    Mirrored,
}

/// What the moments in the epilogue are grouped by; see [`crate::kernels::Measure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Grouped {
    Nothing,
    Batch,
    Sample,
}

/// What the kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Plan {
    /// Units along x, voxels of each unit along y, units along z.
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) z: usize,
    /// Groups of such units that share the input channels; their sums meet at the end.
    pub(super) splits: usize,
    /// Output channels of a cube, a multiple of 4.
    pub(super) outputs: usize,
    /// Input channels in shared memory at a time.
    pub(super) inputs: usize,
    /// Taps along an axis.
    pub(super) side: usize,
    /// Input voxels from one output to the next.
    pub(super) step: usize,
    /// Input voxels before the first.
    pub(super) pad: usize,
    pub(super) taps: Taps,
    /// Coarse input channels in shared memory at a time, 0 without any; then x, y and z are even.
    pub(super) coarse: usize,
    pub(super) biased: bool,
    pub(super) grouped: Grouped,
}

impl Plan {
    pub(super) fn units(&self) -> usize {
        self.x * self.z * self.splits
    }

    pub(super) fn cuboid(&self) -> Cuboid {
        let reach = |voxels: usize| (voxels - 1) * self.step + self.side;
        Cuboid::packed(reach(self.x), reach(self.y), reach(self.z))
    }

    /// The coarse voxels around the box.
    pub(super) fn coarse_cuboid(&self) -> Cuboid {
        Cuboid::packed(self.x / 2 + 2, self.y / 2 + 2, self.z / 2 + 2)
    }

    /// Room for inputs, fine or coarse.
    pub(super) fn input_room(&self) -> usize {
        (self.inputs * self.cuboid().pitch).max(self.coarse * self.coarse_cuboid().pitch)
    }

    /// Room for taps, in fours, and for the sums of a group of units afterwards.
    pub(super) fn tap_room(&self) -> usize {
        let sums = if self.splits > 1 { self.x * self.y * self.z } else { 0 };
        (self.inputs * self.volume()).max(self.coarse * FOLDS).max(sums) * self.outputs / 4
    }

    pub(super) fn volume(&self) -> usize {
        self.side * self.side * self.side
    }

    /// Values in shared memory per input channel.
    pub(super) fn per_input(&self) -> usize {
        self.cuboid().pitch + self.volume() * self.outputs
    }
}
