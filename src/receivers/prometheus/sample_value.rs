//! The value that says that a series has ended.

pub(super) use crate::prometheus::STALE;

/// Whether the value says that the series has ended.
pub(super) const fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE.to_bits()
}
