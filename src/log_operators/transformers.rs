//! The operators that change or sort entries without reading a format.

pub(super) mod noop;
