//! Weights in the transformed domain: 3 x 3 x 3 taps become 16 products of 3 taps along z, and gradients of these go back.

use super::tiles::{Channels, PRODUCTS};

/// Taps of a kernel.
const TAPS: usize = 27;
/// Taps along z.
pub(super) const DEPTH: usize = 3;

/// Which way data go through a kernel `[out, in, 3, 3, 3]`, whose inputs are ordered coarse before fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Way {
    /// From input to output.
    Forward,
    /// From the gradient of the output to that of the input: channels swapped, taps reversed.
    Backward,
}

/// Output channels that are computed together.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// First channel, those of the grid itself counted before the coarse ones.
    pub(super) first: usize,
    pub(super) count: usize,
    /// Room for channels: what a register block holds.
    pub(super) group: usize,
    pub(super) coarse: bool,
    /// By product: `[input][tap along z][channel of the block]`, zeros where the block has no channel.
    pub(super) weights: [Vec<f32>; PRODUCTS],
}

/// A kernel and how its channels lie.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Kernel<'a> {
    pub(in super::super) weight: &'a [f32],
    pub(in super::super) out: usize,
    pub(in super::super) input: Channels,
}

impl Kernel<'_> {
    /// What goes in and what comes out on a way.
    pub(super) fn ends(&self, way: Way) -> (Channels, Channels) {
        match way {
            Way::Forward => (self.input, Channels::only(self.out)),
            Way::Backward => (Channels::only(self.out), self.input),
        }
    }

    /// Blocks of at most `group` channels; what is left over of each kind may take half of that.
    pub(super) fn blocks(&self, way: Way, group: usize) -> Vec<Block> {
        let (from, to) = self.ends(way);
        let kinds = [(0, to.fine, false), (to.fine, to.coarse, true)];
        let mut blocks = Vec::new();
        for (start, channels, coarse) in kinds {
            for first in (0..channels).step_by(group) {
                let count = group.min(channels - first);
                let group = if count * 2 <= group { group / 2 } else { group };
                blocks.push(self.block(way, from, start + first, count, group, coarse));
            }
        }
        blocks
    }

    fn block(
        &self,
        way: Way,
        from: Channels,
        first: usize,
        count: usize,
        group: usize,
        coarse: bool,
    ) -> Block {
        let mut weights: [Vec<f32>; PRODUCTS] =
            std::array::from_fn(|product| vec![0.0; from.of(product) * DEPTH * group]);
        for channel in 0..count {
            for input in 0..from.all() {
                let taps = self.taps(way, first + channel, input);
                for depth in 0..DEPTH {
                    let transformed = transformed(|x, y| taps[(x * 3 + y) * DEPTH + depth]);
                    for (weights, value) in weights.iter_mut().zip(transformed) {
                        if let Some(place) = weights.get_mut((input * DEPTH + depth) * group + channel) {
                            *place = value;
                        }
                    }
                }
            }
        }
        Block { first, count, group, coarse, weights }
    }

    /// The taps between two channels, in the order of the way.
    fn taps(&self, way: Way, to: usize, from: usize) -> [f32; TAPS] {
        let (out, input) = if way == Way::Forward { (to, from) } else { (from, to) };
        let start = self.place(out, input);
        let mut taps = [0.0; TAPS];
        taps.copy_from_slice(&self.weight[start..start + TAPS]);
        if way == Way::Backward {
            taps.reverse();
        }
        taps
    }

    /// Where the taps of a pair begin; input channels are counted fine before coarse.
    pub(super) fn place(&self, out: usize, input: usize) -> usize {
        let Channels { fine, coarse } = self.input;
        let stored = if input < fine { coarse + input } else { input - fine };
        (out * self.input.all() + stored) * TAPS
    }
}

/// `G g G'` with `G = [1, 0, 0; 1/2, 1/2, 1/2; 1/2, -1/2, 1/2; 0, 0, 1]`.
fn transformed(tap: impl Fn(usize, usize) -> f32) -> [f32; PRODUCTS] {
    let along = |[g0, g1, g2]: [f32; 3]| {
        let (ends, middle) = (0.5 * (g0 + g2), 0.5 * g1);
        [g0, ends + middle, ends - middle, g2]
    };
    let columns: [[f32; 4]; 3] = std::array::from_fn(|y| along([tap(0, y), tap(1, y), tap(2, y)]));
    let rows: [[f32; 4]; 4] = std::array::from_fn(|a| along(columns.map(|column| column[a])));
    std::array::from_fn(|product| rows[product / 4][product % 4])
}

/// The way back for gradients, `G' u G`: 9 taps `[x, y]` from 16 products.
pub(super) fn gathered(products: impl Fn(usize) -> f32) -> [f32; 9] {
    let along = |[u0, u1, u2, u3]: [f32; 4]| {
        let (sum, difference) = (0.5 * (u1 + u2), 0.5 * (u1 - u2));
        [u0 + sum, difference, sum + u3]
    };
    let rows: [[f32; 3]; 4] = std::array::from_fn(|a| along(std::array::from_fn(|b| products(4 * a + b))));
    let taps: [[f32; 3]; 3] = std::array::from_fn(|y| along(rows.map(|row| row[y])));
    std::array::from_fn(|tap| taps[tap % 3][tap / 3])
}
