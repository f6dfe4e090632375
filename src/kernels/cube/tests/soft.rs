//! A runtime of its own around wgpu's: burn implements its device trait for wgpu's device only under a feature that would
//! rebuild burn for the tests, and it cannot be implemented here for a foreign type.

use burn::tensor::backend::DeviceOps;
use cubecl::Runtime;
use cubecl::client::ComputeClient;
use cubecl::device::{Device as CubeDevice, DeviceId};
use cubecl::ir::TargetProperties;
use cubecl::server::ComputeServer;
use cubecl::zspace::{Shape, Strides};
use cubecl_wgpu::{AutoCompiler, WgpuDevice, WgpuRuntime, WgpuServer};

/// The processor through Vulkan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Device(WgpuDevice);

impl Default for Device {
    fn default() -> Self {
        Self(WgpuDevice::Cpu)
    }
}

impl CubeDevice for Device {
    fn from_id(id: DeviceId) -> Self {
        Self(WgpuDevice::from_id(id))
    }

    fn to_id(&self) -> DeviceId {
        self.0.to_id()
    }
}

impl DeviceOps for Device {}

#[derive(Clone, Debug)]
pub(super) struct Soft;

impl Runtime for Soft {
    type Compiler = AutoCompiler;
    type Server = WgpuServer;
    type Device = Device;

    fn client(device: &Device) -> ComputeClient<Self> {
        ComputeClient::load(device)
    }

    fn name(_: &ComputeClient<Self>) -> &'static str {
        "wgpu<test>"
    }

    fn max_cube_count() -> (u32, u32, u32) {
        WgpuRuntime::max_cube_count()
    }

    fn can_read_tensor(shape: &Shape, strides: &Strides) -> bool {
        WgpuRuntime::can_read_tensor(shape, strides)
    }

    fn target_properties() -> TargetProperties {
        WgpuRuntime::target_properties()
    }

    fn enumerate_devices(kind: u16, info: &<WgpuServer as ComputeServer>::Info) -> Vec<DeviceId> {
        WgpuRuntime::enumerate_devices(kind, info)
    }
}
