//! Thin start: install the panic message, run the command line.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        writeln!(
            std::io::stderr(),
            "deepseg: this is a fault in deepseg itself, please report it: {panic}\n\
             Nothing on disk is half-written; the same command can be run again."
        )
        .ok();
    }));
    deepseg::cli::run(std::env::args_os())
}
