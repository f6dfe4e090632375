#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]
//! A training on a cluster as its user sees it, with the real program and a real Slurm that this test starts on the loopback
//! address and stops again. Without Slurm on the machine it says that it was skipped.

mod arrays;
mod cluster;
mod form;
mod site;
#[path = "../workbench_pty/mod.rs"]
mod workbench_pty;
