//! The operators that change or sort entries without reading a format.

pub(super) mod add;
pub(super) mod assign_keys;
pub(super) mod copy;
pub(super) mod filter;
pub(super) mod flatten;
pub(super) mod r#move;
pub(super) mod noop;
mod quoted;
pub(super) mod recombine;
pub(super) mod regex_replace;
pub(super) mod remove;
pub(super) mod retain;
pub(super) mod router;
pub(super) mod sanitize_utf8;
pub(super) mod unquote;

#[cfg(test)]
mod tests;

use super::field::Field;
use super::operator::InvalidOperator;

/// A field that must be written.
fn required(field: Option<&Field>, key: &str, message: &str) -> Result<Field, InvalidOperator> {
    field.cloned().ok_or_else(|| InvalidOperator::at(key, message))
}
