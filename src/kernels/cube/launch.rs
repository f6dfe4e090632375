//! What every launch needs: plain memory behind a tensor, room for a result, and how many cubes cover a count.

use burn::tensor::{DType, Shape};
use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::{cast, into_contiguous};
#[cfg(not(test))]
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Units of a cube where nothing else decides.
pub(super) const UNITS: usize = 256;

/// The tensor as contiguous f32.
pub(super) fn plain<R: CubeRuntime>(tensor: CubeTensor<R>) -> CubeTensor<R> {
    into_contiguous(if tensor.dtype == DType::F32 { tensor } else { cast(tensor, DType::F32) })
}

/// Uninitialised contiguous f32 on the device of `like`.
pub(super) fn empty_like<R: CubeRuntime>(like: &CubeTensor<R>, shape: Shape) -> CubeTensor<R> {
    empty_of(like, shape, DType::F32)
}

/// Uninitialised contiguous memory on the device of `like`; in tests full of NaN, so that nothing is left out unseen.
pub(super) fn empty_of<R: CubeRuntime>(like: &CubeTensor<R>, shape: Shape, dtype: DType) -> CubeTensor<R> {
    #[cfg(test)]
    return super::tests::poisoned(like, shape, dtype);
    #[cfg(not(test))]
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape, dtype)
}

/// Cubes of `units` for `count` items, in a row while that is allowed everywhere (65535).
pub(super) fn cubes(count: usize, units: usize) -> CubeCount {
    let needed = count.div_ceil(units).max(1);
    let rows = needed.div_ceil(65535);
    CubeCount::Static(needed.div_ceil(rows) as u32, rows as u32, 1)
}

/// Values a unit moves at once: the most of 4, 2 and 1 that divides a channel.
pub(super) fn lanes(space: usize) -> usize {
    [4, 2].into_iter().find(|lanes| space.is_multiple_of(*lanes)).unwrap_or(1)
}
