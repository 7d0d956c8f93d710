//! The value that says that a series has ended.

/// Not a number, with bits that no target can send.
pub(super) const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether the value says that the series has ended.
pub(super) const fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE.to_bits()
}
