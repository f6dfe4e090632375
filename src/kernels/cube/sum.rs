//! Sums over all units of a cube, the same on every run: a fixed order of additions and no atomics.

use cubecl::prelude::*;

/// Four values that travel together.
pub(super) type Four = Vector<f32, Const<4>>;

/// The sum of `value` over the cube's `units` (a power of two), known to each of them. `room` has space for `units` values.
///
/// Every unit must take part; `room` may be used again at once.
#[cube]
pub(super) fn cube_sum<N: Size>(
    value: Vector<f32, N>,
    room: &mut SharedMemory<Vector<f32, N>>,
    #[comptime] units: usize,
) -> Vector<f32, N> {
    let unit = UNIT_POS as usize;
    room[unit] = value;
    sync_cube();
    let steps = comptime![units.ilog2() as usize];
    #[unroll]
    for step in 0..steps {
        let half = comptime![units >> (step + 1)];
        if unit < half {
            room[unit] = room[unit] + room[unit + half];
        }
        sync_cube();
    }
    let sum = room[0];
    sync_cube();
    sum
}

/// As [`cube_sum`], of single values.
#[cube]
pub(super) fn cube_sum_of_one(value: f32, room: &mut SharedMemory<f32>, #[comptime] units: usize) -> f32 {
    let unit = UNIT_POS as usize;
    room[unit] = value;
    sync_cube();
    let steps = comptime![units.ilog2() as usize];
    #[unroll]
    for step in 0..steps {
        let half = comptime![units >> (step + 1)];
        if unit < half {
            room[unit] = room[unit] + room[unit + half];
        }
        sync_cube();
    }
    let sum = room[0];
    sync_cube();
    sum
}
