//! Things that draw themselves into a buffer from plain values. They know the theme; they know no state and no screen.

pub(crate) mod chart;
pub(crate) mod gauge;
pub(crate) mod list;
pub(crate) mod picture;
pub(crate) mod text;
