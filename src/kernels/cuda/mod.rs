//! Asks whether an NVIDIA driver answers, before burn's CUDA code is touched (it panics where there is none).

mod start;

pub(crate) use start::{Gpu, device};

use std::panic::catch_unwind;

use cudarc::driver::CudaContext;

/// How many CUDA devices the driver offers, or in one sentence why there are none.
#[allow(unsafe_code)]
pub(crate) fn device_count() -> Result<usize, String> {
    // SAFETY: loads the system's own driver library and closes it again; nothing of it is called.
    let present = unsafe { cudarc::driver::sys::is_culib_present() };
    if !present {
        return Err("no NVIDIA driver found: libcuda.so.1 is not on this machine".to_owned());
    }
    match catch_unwind(CudaContext::device_count) {
        Ok(Ok(0)) => Err("the NVIDIA driver reports no GPU".to_owned()),
        Ok(Ok(count)) => Ok(usize::try_from(count).unwrap_or(0)),
        Ok(Err(error)) => Err(format!("the NVIDIA driver did not start: {error}")),
        Err(_) => Err("the NVIDIA driver library could not be used".to_owned()),
    }
}

/// Bytes that are free on the GPU of this index, which [`device_count`] has counted.
pub(crate) fn free_memory(index: usize) -> Result<u64, String> {
    let asked = catch_unwind(|| CudaContext::new(index).and_then(|context| context.mem_get_info()));
    match asked {
        Ok(Ok((free, _))) => Ok(free as u64),
        Ok(Err(error)) => Err(format!("the NVIDIA driver does not say how much memory is free: {error}")),
        Err(_) => Err("the NVIDIA driver library could not be used".to_owned()),
    }
}
