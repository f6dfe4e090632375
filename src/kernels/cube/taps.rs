//! Brings a cube's weights into shared memory, in the order in which its units multiply with them.

use cubecl::prelude::*;

use super::fold::FOLDS;
use super::plan::{Plan, Taps};
use super::sum::Four;

/// The tap `tap` from input `input` to output `output`; outputs of gradients count from `first`.
#[cube]
fn tap_of<W: Numeric>(
    weight: &Tensor<W>,
    output: usize,
    input: usize,
    tap: usize,
    first: usize,
    #[comptime] plan: Plan,
) -> f32 {
    let inputs = weight.shape(1);
    let volume = comptime![plan.volume()];
    match comptime![plan.taps] {
        Taps::Forward => f32::cast_from(weight[(output * inputs + input) * volume + tap]),
        Taps::Mirrored => {
            let mirrored = volume - 1 - tap;
            f32::cast_from(weight[(input * inputs + first + output) * volume + mirrored])
        }
    }
}

/// Fills `room` with the taps of `count` inputs from `input` on: `[input][tap][output]`, outputs in fours.
#[cube]
pub(super) fn stage_taps<W: Numeric>(
    weight: &Tensor<W>,
    room: &mut SharedMemory<Four>,
    input: usize,
    count: usize,
    output: usize,
    outputs: usize,
    first: usize,
    #[comptime] plan: Plan,
) {
    let (fours, volume) = comptime![(plan.outputs / 4, plan.volume())];
    let mut i = UNIT_POS as usize;
    while i < count * comptime![volume * fours] {
        let tap = i % volume;
        let rest = i / volume;
        let c = rest % count;
        let four = rest / count;
        let mut taps = Four::new(0.0f32);
        #[unroll]
        for lane in 0..4usize {
            let o = output + four * 4 + lane;
            if o < outputs {
                taps[lane] = tap_of::<W>(weight, o, input + c, tap, first, plan);
            }
        }
        room[(c * volume + tap) * fours + four] = taps;
        i += comptime![plan.units()];
    }
}

/// Fills `room` with the folded taps of `count` coarse inputs from `channel` on, for the plan's fours from `four` of `all` on.
#[cube]
pub(super) fn stage_folds(
    folds: &Tensor<Four>,
    room: &mut SharedMemory<Four>,
    channel: usize,
    count: usize,
    four: usize,
    all: usize,
    #[comptime] plan: Plan,
) {
    let row = comptime![plan.outputs / 2];
    let mut i = UNIT_POS as usize;
    while i < count * comptime![FOLDS / 2 * plan.outputs / 4 * 2] {
        let at = i % row;
        let mut taps = Four::new(0.0f32);
        if four + at / 2 < all {
            taps = folds[((channel * comptime![FOLDS / 2] + i / row) * all + four) * 2 + at];
        }
        room[i] = taps;
        i += comptime![plan.units()];
    }
}
