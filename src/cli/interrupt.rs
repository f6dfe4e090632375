//! Ctrl-C and SIGTERM as a flag that long work looks at: the first ends it in good order, the second at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};

/// The exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

/// A flag that becomes true when the user interrupts.
pub(super) fn flag() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Asked first, so that it acts on the second signal only.
        register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&flag))?;
        register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}
