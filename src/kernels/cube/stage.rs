//! Copies a box of voxels with its surroundings into shared memory, so that neighbours are read from global memory once.

use cubecl::prelude::*;

/// A box of voxels as it lies in shared memory, known when the kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cuboid {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) z: usize,
    /// Distance between two channels, at least the voxels of one.
    pub(super) pitch: usize,
}

impl Cuboid {
    /// Channels lie an odd distance apart, so that units that read one voxel of different channels use different banks.
    pub(super) fn odd(x: usize, y: usize, z: usize) -> Self {
        Self { x, y, z, pitch: (x * y * z) | 1 }
    }

    pub(super) fn packed(x: usize, y: usize, z: usize) -> Self {
        Self { x, y, z, pitch: x * y * z }
    }
}

/// Where a box starts: batch entry, first channel and how many, and the voxel of its corner plus `pad`.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Corner {
    pub(super) n: usize,
    pub(super) channel: usize,
    pub(super) channels: usize,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) z: usize,
}

/// Fills `room` with the box at `corner`, shifted back by `pad` along each axis; 0 outside the grid.
#[cube]
pub(super) fn stage<E: Numeric>(
    x: &Tensor<E>,
    room: &mut SharedMemory<f32>,
    corner: Corner,
    #[comptime] cuboid: Cuboid,
    #[comptime] pad: usize,
    #[comptime] units: usize,
) {
    let (channels, sx, sy, sz) = (x.shape(1), x.shape(2), x.shape(3), x.shape(4));
    let volume = comptime![cuboid.x * cuboid.y * cuboid.z];
    let mut i = UNIT_POS as usize;
    while i < corner.channels * volume {
        let c = i / volume;
        let voxel = i % volume;
        let row = voxel / cuboid.z;
        let iz = corner.z + voxel % cuboid.z;
        let iy = corner.y + row % cuboid.y;
        let ix = corner.x + row / cuboid.y;
        let mut value = 0.0f32;
        if ix >= pad && iy >= pad && iz >= pad && ix < sx + pad && iy < sy + pad && iz < sz + pad {
            let plane = (corner.n * channels + corner.channel + c) * sx + ix - pad;
            value = f32::cast_from(x[(plane * sy + iy - pad) * sz + iz - pad]);
        }
        room[c * cuboid.pitch + voxel] = value;
        i += units;
    }
}
