//! Datasets as users bring them: listing, projects, checks and their fixes, and the two commands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod build;
mod checks;
mod commands;
mod layouts;
mod projects;
