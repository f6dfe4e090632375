//! Adds up the shares of weight gradients, in a fixed order: the gradient is the same on every run.

use cubecl::prelude::*;

/// Elements and shares that a cube works on side by side.
pub(super) const COLUMNS: usize = 32;
pub(super) const ROWS: usize = 8;

/// Where a sum of shares goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// To the weights and biases.
    Plain,
    /// To the weights of coarse inputs: computed with the roles of input and gradient swapped, so mirrored and transposed.
    Swapped,
}

/// Adds up the shares of `inputs` channels, which the filter counts from `first`.
#[cube(launch_unchecked)]
pub(super) fn add_shares(
    scratch: &Tensor<f32>,
    weight: &mut Tensor<f32>,
    bias: &mut Tensor<f32>,
    inputs: usize,
    first: usize,
    #[comptime] volume: usize,
    #[comptime] target: Target,
) {
    let mut room = SharedMemory::<f32>::new(comptime![COLUMNS * ROWS]);
    let column = UNIT_POS as usize % COLUMNS;
    let row = UNIT_POS as usize / COLUMNS;
    let element = CUBE_POS * COLUMNS + column;
    let (count, all) = (scratch.shape(0), scratch.shape(1));
    let mut sum = 0.0f32;
    if element < all {
        let mut share = row;
        while share < count {
            sum += scratch[share * all + element];
            share += ROWS;
        }
    }
    room[UNIT_POS as usize] = sum;
    sync_cube();
    if row == 0 && element < all {
        #[unroll]
        for other in 1..ROWS {
            sum += room[other * COLUMNS + column];
        }
        let tap = element % volume;
        let pair = element / volume;
        let input = pair % inputs;
        let output = pair / inputs;
        match target {
            Target::Plain => {
                let weights = weight.shape(0) * inputs * volume;
                if element < weights {
                    weight[(output * weight.shape(1) + first + input) * volume + tap] = sum;
                } else {
                    bias[element - weights] = sum;
                }
            }
            Target::Swapped => {
                if output < first {
                    weight[(input * weight.shape(1) + output) * volume + comptime![volume - 1] - tap] = sum;
                }
            }
        }
    }
}
