//! The plain engine and the one on disk, held against each other.

pub(super) mod lines;
