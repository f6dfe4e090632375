//! Activations with a border of zeros, laid out so that a convolution is a sum of shifted copies of one line.
//!
//! A channel becomes `x + 2h` planes (h = half the kernel), each plane `(y + 2h) * (z + 2h)` values. Within a plane, output
//! voxel `(y, z)` has the position `q = y * (z + 2h) + z` and its neighbour at kernel tap `(dy, dz)` lies at
//! `q + dy * (z + 2h) + dz`: one offset for the whole plane. The `2h` positions at the end of each line hold no output
//! voxel; what is computed there is dropped, a few percent of work for full vectors everywhere.

use rayon::prelude::*;

use super::Dims;

/// Values that vectors may read past the last plane.
const SLACK: usize = 256;

/// How the padded planes of one activation lie in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planes {
    pub(super) dims: Dims,
    half: usize,
}

impl Planes {
    pub(super) fn new(dims: Dims, half: usize) -> Self {
        Self { dims, half }
    }

    /// Length of a padded line along z.
    pub(super) fn line(&self) -> usize {
        self.dims.z + 2 * self.half
    }

    /// Values of a padded plane.
    pub(super) fn plane(&self) -> usize {
        (self.dims.y + 2 * self.half) * self.line()
    }

    /// Values of a padded channel.
    fn channel(&self) -> usize {
        (self.dims.x + 2 * self.half) * self.plane()
    }

    /// Positions `q` of one plane's output, the dropped ones included.
    pub(super) fn positions(&self) -> usize {
        self.dims.y * self.line()
    }

    /// Where the padded plane `x` (0 = border) of a channel starts.
    pub(super) fn start(&self, n: usize, c: usize, x: usize) -> usize {
        (n * self.dims.c + c) * self.channel() + x * self.plane()
    }

    /// `values` with borders of zeros, and slack behind.
    pub(super) fn padded(&self, values: &[f32]) -> Vec<f32> {
        let Dims { n, c, y, z, .. } = self.dims;
        let (channel, plane, line, half) = (self.channel(), self.plane(), self.line(), self.half);
        let mut padded = vec![0.0; n * c * channel + SLACK];
        padded[..n * c * channel].par_chunks_mut(channel).zip(values.par_chunks(self.dims.space())).for_each(
            |(to, from)| {
                for (row, from) in from.chunks_exact(z).enumerate() {
                    let start = (row / y + half) * plane + (row % y + half) * line + half;
                    to[start..start + z].copy_from_slice(from);
                }
            },
        );
        padded
    }
}

/// The same positions as [`Planes`] but without borders above and below: a channel is `x` planes of `width` values, voxel
/// `(y, z)` at `q`, zeros wherever there is no voxel. Channels are filled up with zeros to a multiple of `group`.
pub(super) fn strips(
    values: &[f32],
    planes: Planes,
    channels: usize,
    group: usize,
    width: usize,
) -> Vec<f32> {
    let Dims { n, x, y, z, .. } = planes.dims;
    let filled = channels.next_multiple_of(group);
    let mut strips = vec![0.0; n * filled * x * width];
    strips.par_chunks_mut(x * width).enumerate().for_each(|(index, to)| {
        let (entry, channel) = (index / filled, index % filled);
        if channel < channels {
            let from = &values[(entry * channels + channel) * x * y * z..][..x * y * z];
            for (row, from) in from.chunks_exact(z).enumerate() {
                let start = row / y * width + row % y * planes.line();
                to[start..start + z].copy_from_slice(from);
            }
        }
    });
    strips
}
