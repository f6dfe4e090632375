//! Thin start: everything is in the library.

fn main() {}
