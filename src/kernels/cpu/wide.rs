//! The widest vectors this processor has, asked for at run time: AVX-512, AVX2 with FMA, or what every processor has.

use pulp::WithSimd;

/// Runs `op` compiled for this processor.
///
/// Not `pulp::Arch`: its choice leaves AVX2 out unless a feature is set that would have all of burn compiled anew.
pub(super) fn dispatch<Op: WithSimd>(op: Op) -> Op::Output {
    #[cfg(target_arch = "x86_64")]
    {
        use pulp::Simd;
        use pulp::x86::{V3, V4};
        match (V4::try_new(), V3::try_new()) {
            (Some(simd), _) if !narrowed::is_on() => return Simd::vectorize(simd, op),
            (_, Some(simd)) => return Simd::vectorize(simd, op),
            _ => {}
        }
    }
    pulp::Arch::new().dispatch(op)
}

/// Lets a test on a machine with AVX-512 take the AVX2 path.
#[cfg(test)]
pub(super) mod narrowed {
    use std::cell::Cell;

    thread_local!(static ON: Cell<bool> = const { Cell::new(false) });

    pub(super) fn is_on() -> bool {
        ON.get()
    }

    pub(in crate::kernels::cpu) fn run<T>(body: impl FnOnce() -> T) -> T {
        ON.set(true);
        let result = body();
        ON.set(false);
        result
    }
}

#[cfg(not(test))]
mod narrowed {
    pub(super) const fn is_on() -> bool {
        false
    }
}
