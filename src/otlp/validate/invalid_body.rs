//! What is wrong with a request body, and where.

use std::fmt;

use crate::otlp::Signal;
use crate::otlp::wire::{WireFault, WireType};

/// A request body that is not a valid OTLP message.
///
/// Displays as a sentence for the client that sent it, such as `invalid traces request at byte 123:
/// Span.name (field 5) has wire type 0 (varint), expected length-delimited`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {signal} request at byte {offset}: {problem}")]
pub struct InvalidBody {
    /// The signal whose request was expected.
    pub signal: Signal,
    /// Where in the body the offending key or value starts, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at one place of a request body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A message's next key cannot be read.
    Key {
        /// The message type.
        message: &'static str,
        /// Why not.
        fault: WireFault,
    },
    /// A field's value cannot be read.
    Value {
        /// The field.
        field: FieldName,
        /// Why not.
        fault: WireFault,
    },
    /// A field is encoded as another type than OTLP says.
    WireTypeMismatch {
        /// The field.
        field: FieldName,
        /// The wire type in the key.
        found: WireType,
        /// The wire type OTLP gives the field.
        expected: WireType,
    },
    /// Messages are nested in each other beyond the limit of 100.
    TooDeep {
        /// The field that would go deeper.
        field: FieldName,
    },
}

/// A field as a reader of the protocol's definition knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldName {
    /// The message type, such as `Span`.
    pub message: &'static str,
    /// The field's name, unless OTLP does not know the field.
    pub field: Option<&'static str>,
    /// The field's number.
    pub number: u32,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { message, fault: WireFault::WireType(wire_type @ 3..=4) } => write!(
                formatter,
                "{message} has a field of wire type {wire_type} (group), which OTLP does not use"
            ),
            Self::Key { message, fault: WireFault::WireType(wire_type) } => {
                write!(formatter, "{message} has a field of wire type {wire_type}, which does not exist")
            }
            Self::Key { message, fault: WireFault::FieldZero } => {
                write!(formatter, "{message} has a field with number 0, the lowest is 1")
            }
            Self::Key { message, fault: WireFault::Key } => {
                write!(formatter, "{message} has a field key above 32 bits")
            }
            Self::Key { message, .. } => {
                write!(
                    formatter,
                    "{message} has a field key that does not end within the message or 10 bytes"
                )
            }
            Self::Value { field, fault: WireFault::Truncated(wanted, left) } => {
                write!(formatter, "{field} takes {wanted} bytes, only {left} are left in the message")
            }
            Self::Value { field, .. } => {
                write!(formatter, "{field} has a varint that does not end within the message or 64 bits")
            }
            Self::WireTypeMismatch { field, found, expected } => write!(
                formatter,
                "{field} has wire type {} ({}), expected {}",
                found.number(),
                found.name(),
                expected.name()
            ),
            Self::TooDeep { field } => {
                write!(formatter, "{field} nests messages deeper than the limit of 100")
            }
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(formatter, "{}.{field} (field {})", self.message, self.number),
            None => write!(formatter, "{}'s unknown field {}", self.message, self.number),
        }
    }
}
