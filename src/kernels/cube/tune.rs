//! Picks the fastest layout of a kernel for each shape once per device, by timing; cubecl keeps the answers on disk.

use std::fmt::{self, Display, Formatter};

use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeRuntime, CubeTuneId};
use cubecl::tune::{AutotuneKey, AutotuneOutput, LocalTuner, Tunable, TunableSet, anchor, local_tuner};
use serde::{Deserialize, Serialize};

use super::conv::{LAYOUTS, Pass, Passed};
use super::share::{Sharing, TILES};

/// What a layout's speed depends on. Sizes are rounded up to powers of two, so that a last, smaller batch tunes nothing anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Key {
    kind: String,
    side: usize,
    inputs: usize,
    outputs: usize,
    grid: [usize; 4],
    step: usize,
    joined: bool,
    measured: bool,
    dtype: DType,
}

impl Display for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl AutotuneKey for Key {}

impl<R: CubeRuntime> AutotuneOutput for Passed<R> {}

fn grid(shape: &[usize]) -> [usize; 4] {
    [shape[0], shape[2], shape[3], shape[4]].map(|size| anchor(size, None, None, None))
}

/// Runs the pass with its fastest layout.
pub(super) fn pass<R: CubeRuntime>(pass: Pass<R>) -> Passed<R> {
    static TUNER: LocalTuner<Key, CubeTuneId> = local_tuner!("correlate");
    let tunables = TUNER.init(|| {
        let set = TunableSet::<Key, Pass<R>, Passed<R>>::new_cloning_inputs(|pass: &Pass<R>| Key {
            kind: format!("{:?}", pass.taps),
            side: pass.weight.meta.shape()[2],
            inputs: pass.source.inputs(),
            outputs: pass.shape[1],
            grid: grid(&pass.shape),
            step: pass.step,
            joined: pass.source.coarse.is_some(),
            measured: pass.measured(),
            dtype: pass.source.fine.dtype,
        });
        LAYOUTS.into_iter().fold(set, |set, (name, layout)| {
            set.with(Tunable::new(name, move |pass: Pass<R>| Ok::<_, String>(pass.run(layout))))
        })
    });
    let client = pass.source.fine.client.clone();
    let id = CubeTuneId::new(&client, &pass.source.fine.device);
    TUNER.execute(&id, &client, tunables, pass)
}

/// Computes shares of a weight gradient with their fastest layout.
pub(super) fn shares<R: CubeRuntime>(sharing: Sharing<R>) -> CubeTensor<R> {
    static TUNER: LocalTuner<Key, CubeTuneId> = local_tuner!("shares");
    let tunables = TUNER.init(|| {
        let set =
            TunableSet::<Key, Sharing<R>, CubeTensor<R>>::new_cloning_inputs(|sharing: &Sharing<R>| Key {
                kind: "shares".to_owned(),
                side: sharing.side,
                inputs: sharing.x.meta.shape()[1],
                outputs: sharing.grad.meta.shape()[1],
                grid: grid(&sharing.grad.meta.shape()[..]),
                step: sharing.step,
                joined: false,
                measured: false,
                dtype: sharing.x.dtype,
            });
        TILES.into_iter().fold(set, |set, (name, tile)| {
            set.with(Tunable::new(name, move |sharing: Sharing<R>| Ok::<_, String>(sharing.run(tile))))
        })
    });
    let client = sharing.grad.client.clone();
    let id = CubeTuneId::new(&client, &sharing.grad.device);
    TUNER.execute(&id, &client, tunables, sharing)
}
