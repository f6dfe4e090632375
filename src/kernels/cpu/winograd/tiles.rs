//! How a grid is cut: a tile is 2 x 2 output lines along z. A row of tiles shares its two x planes, and is what one task
//! computes. Within a strip (some tiles of a row, or several rows), line after line lies behind one zero, which is the border
//! along z of the line after it and of the line before.

use super::super::Dims;

/// Products of the transformed domain: 4 along x times 4 along y.
pub(super) const PRODUCTS: usize = 16;

/// Products of a coarse channel: of four values along an axis the two in the middle are the same, so one product in four is 0.
pub(super) const COARSE: [usize; 9] = [0, 1, 3, 4, 5, 7, 12, 13, 15];

/// Values between the channels of a strip beyond its lines: without them, all channels would meet in the same few sets of the
/// first-level cache.
const SKEW: usize = 16;

/// Values that vectors may read past the end of a line.
const SLACK: usize = 64;

/// The grid that is convolved. Joined inputs have even sizes.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Grid {
    pub(super) n: usize,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) z: usize,
}

/// Channels of the grid itself, and of the one half as fine.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Channels {
    pub(in super::super) fine: usize,
    pub(in super::super) coarse: usize,
}

/// Tiles that are computed together: some of one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) n: usize,
    /// The row: x planes `2 row` and `2 row + 1`.
    pub(super) row: usize,
    /// The tiles along y: tile j has the lines `2 j` and `2 j + 1`.
    pub(super) first: usize,
    pub(super) count: usize,
    /// Place of the first tile within the strip.
    pub(super) slot: usize,
}

/// A segment on its grid and in its strip.
pub(super) struct Place<'a> {
    pub(super) grid: &'a Grid,
    pub(super) segment: &'a Segment,
    pub(super) strip: &'a Strip,
}

/// How lines lie in a strip: `[channel][product][position]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strip {
    /// Values from one line to the next.
    pub(super) pitch: usize,
    /// Positions in use.
    pub(super) used: usize,
    /// Values of one product.
    pub(super) width: usize,
    /// Values of one channel.
    pub(super) channel: usize,
}

impl Grid {
    pub(in super::super) fn of(dims: Dims) -> Self {
        let Dims { n, x, y, z, .. } = dims;
        Self { n, x, y, z }
    }

    pub(super) fn rows(&self) -> usize {
        self.x.div_ceil(2)
    }

    pub(super) fn columns(&self) -> usize {
        self.y.div_ceil(2)
    }

    pub(super) fn space(&self) -> usize {
        self.x * self.y * self.z
    }

    /// The grid half as fine.
    pub(super) fn halved(&self) -> Self {
        Self { n: self.n, x: self.x / 2, y: self.y / 2, z: self.z / 2 }
    }

    /// A strip of so many tiles.
    pub(super) fn strip(&self, tiles: usize) -> Strip {
        let pitch = self.z + 1;
        let used = tiles * pitch;
        let width = (used + SLACK).next_multiple_of(SKEW);
        Strip { pitch, used, width, channel: PRODUCTS * width + SKEW }
    }
}

impl Channels {
    pub(super) fn only(fine: usize) -> Self {
        Self { fine, coarse: 0 }
    }

    pub(super) fn all(&self) -> usize {
        self.fine + self.coarse
    }

    /// Channels that take part in a product; the coarse ones come last.
    pub(super) fn of(&self, product: usize) -> usize {
        if COARSE.contains(&product) { self.all() } else { self.fine }
    }
}
