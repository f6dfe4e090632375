//! A GPU before its first use: where what was tuned is kept, and whether our kernels compute there what burn's do.

use std::collections::HashMap;
use std::panic::catch_unwind;
use std::sync::{Mutex, Once, PoisonError};

use burn_cubecl::CubeBackend;
use cubecl::config::cache::CacheConfig;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};
use cubecl::cuda::{CudaDevice, CudaRuntime};

use super::super::cube::{Use, choose, self_check};

/// The backend of an NVIDIA GPU, for which [`super::super::Kernels`] has kernels.
pub(crate) type Gpu = CubeBackend<CudaRuntime, f32, i32, u8>;

/// burn's name for the GPU `index`, which is checked when it is first asked for; a sentence where our kernels cannot be used.
pub(crate) fn device(index: usize) -> (CudaDevice, Option<String>) {
    static CHECKED: Mutex<Option<HashMap<usize, Option<String>>>> = Mutex::new(None);
    keep_tuning();
    let device = CudaDevice::new(index);
    let mut checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
    let note = checked.get_or_insert_default().entry(index).or_insert_with(|| check(&device));
    (device, note.clone())
}

fn check(device: &CudaDevice) -> Option<String> {
    let why = self_check::<CudaRuntime>(device).err()?;
    choose(Use::Stock);
    Some(format!("our GPU kernels are not used, burn's slower operations are: {why}"))
}

/// Has the fastest layouts and the compiled kernels kept in the user's cache directory, from one run to the next.
fn keep_tuning() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Some(dirs) = directories::ProjectDirs::from("", "", "deepseg") else { return };
        let place = dirs.cache_dir().join("gpu");
        let mut config = CubeClRuntimeConfig::default();
        config.autotune.cache = CacheConfig::File(place.clone());
        config.compilation.cache = Some(CacheConfig::File(place));
        // Refuses with a panic when somebody has read the configuration already, which then stays.
        catch_unwind(|| CubeClRuntimeConfig::set(config.override_from_env())).ok();
    });
}
