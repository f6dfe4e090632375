//! Vector loads, stores and line-wise loops over slices. A vector is as long as the processor's registers; what is left at the
//! end of a line is done with a partial one, so that nothing outside a slice is touched.
//!
//! No iterator or array adapter of the standard library may see a vector: those are not always inlined, and outside the
//! function that asked for wide registers every operation on a vector is a call.

use pulp::Simd;

#[inline(always)]
pub(super) fn load<S: Simd>(values: &[f32], at: usize) -> S::f32s {
    let vectors: &[S::f32s] = bytemuck::cast_slice(&values[at..at + S::F32_LANES]);
    vectors[0]
}

#[inline(always)]
pub(super) fn store<S: Simd>(values: &mut [f32], at: usize, vector: S::f32s) {
    let vectors: &mut [S::f32s] = bytemuck::cast_slice_mut(&mut values[at..at + S::F32_LANES]);
    vectors[0] = vector;
}

/// Vectors that cover `length` values.
pub(super) fn vectors<S: Simd>(length: usize) -> usize {
    length.div_ceil(S::F32_LANES)
}

/// Computes `I` lines into `O` lines, all as long as the first of `to`, one vector of each at a time.
#[inline(always)]
pub(super) fn map<S: Simd, const I: usize, const O: usize>(
    simd: S,
    from: [&[f32]; I],
    to: [&mut [f32]; O],
    op: impl Fn([S::f32s; I]) -> [S::f32s; O],
) {
    let (length, lanes) = (to[0].len(), S::F32_LANES);
    let whole = length / lanes * lanes;
    for at in (0..whole).step_by(lanes) {
        let mut values = [simd.splat_f32s(0.0); I];
        for (value, line) in values.iter_mut().zip(from) {
            *value = load::<S>(line, at);
        }
        let results = op(values);
        for index in 0..O {
            store::<S>(to[index], at, results[index]);
        }
    }
    if whole < length {
        let mut values = [simd.splat_f32s(0.0); I];
        for (value, line) in values.iter_mut().zip(from) {
            *value = simd.partial_load_f32s(&line[whole..]);
        }
        let results = op(values);
        for index in 0..O {
            simd.partial_store_f32s(&mut to[index][whole..], results[index]);
        }
    }
}

/// The first `N` pieces of `length` values, each `stride` after the one before.
#[inline(always)]
pub(super) fn pieces<const N: usize>(values: &[f32], stride: usize, length: usize) -> [&[f32]; N] {
    let mut pieces = [&values[..0]; N];
    for (index, piece) in pieces.iter_mut().enumerate() {
        *piece = &values[index * stride..][..length];
    }
    pieces
}

/// [`pieces`] to write to; `length` is at most `stride`.
#[inline(always)]
pub(super) fn pieces_mut<const N: usize>(
    values: &mut [f32],
    stride: usize,
    length: usize,
) -> [&mut [f32]; N] {
    let mut pieces: [&mut [f32]; N] = std::array::from_fn(|_| Default::default());
    for (piece, values) in pieces.iter_mut().zip(values.chunks_mut(stride)) {
        *piece = &mut values[..length];
    }
    pieces
}
