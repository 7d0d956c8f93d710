//! The OTLP messages as one table for both directions: field numbers, JSON names, kinds.
//!
//! A message lists its fields in the order of the `.proto` files, which is the order the Collector
//! writes them in; [`super::decode`] and [`super::encode`] interpret the table.

mod common;
mod logs;
mod metrics;
mod traces;

use crate::otlp::Signal;
use crate::otlp::wire::WireType;

/// The most fields a message of the table has; the encoder keeps one slot for each.
pub(super) const MOST_FIELDS: usize = 16;

/// One protobuf message.
pub(super) struct Message {
    pub(super) fields: &'static [Field],
}

/// One field of a message.
pub(super) struct Field {
    pub(super) number: u32,
    /// The lowerCamelCase name that JSON uses.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) presence: Presence,
}

/// The protobuf type of a field's values.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    String,
    Bytes,
    /// Bytes that JSON writes in hex; this many, or none.
    Id(usize),
    Bool,
    Int32,
    Uint32,
    Sint32,
    Fixed32,
    Int64,
    Uint64,
    Fixed64,
    Sfixed64,
    Double,
    /// An enumeration and the number of each of its names.
    Enum(&'static str, fn(&str) -> Option<i32>),
    Message(&'static Message),
}

impl Kind {
    /// True for what lists of packed values are made of.
    pub(super) const fn is_number(self) -> bool {
        !matches!(self.wire_type(), WireType::LengthDelimited)
    }

    /// How one value lies on the wire.
    pub(super) const fn wire_type(self) -> WireType {
        match self {
            Self::String | Self::Bytes | Self::Id(_) | Self::Message(_) => WireType::LengthDelimited,
            Self::Fixed32 => WireType::Fixed32,
            Self::Fixed64 | Self::Sfixed64 | Self::Double => WireType::Fixed64,
            Self::Bool
            | Self::Int32
            | Self::Uint32
            | Self::Sint32
            | Self::Int64
            | Self::Uint64
            | Self::Enum(..) => WireType::Varint,
        }
    }
}

/// How often a field occurs, and when the Collector writes it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Presence {
    /// A single value, left out when it is the default.
    Implicit,
    /// A single value that is written whenever it was set.
    Optional,
    /// The same, and setting one unsets the others of the message.
    OneOf,
    /// A message that is written even where it was not set.
    Always,
    /// A list.
    Repeated,
    /// The list of what the signal counts as its items.
    Items,
}

impl Message {
    /// The field called `key` and its place in the table. The names of the `.proto` files
    /// (`trace_id`) count too: the Collector takes them.
    pub(super) fn field_named(&self, key: &str) -> Option<(usize, &'static Field)> {
        let is_original_name = key.contains('_');
        self.fields
            .iter()
            .enumerate()
            .find(|(_, field)| field.name == key || (is_original_name && is_snake_case_of(key, field.name)))
    }

    /// The field with this number and its place in the table.
    pub(super) fn field_numbered(&self, number: u32) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.number == number)
    }
}

/// The `Export*ServiceRequest` of a signal.
pub(super) const fn export_request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &traces::EXPORT_REQUEST,
        Signal::Metrics => &metrics::EXPORT_REQUEST,
        Signal::Logs => &logs::EXPORT_REQUEST,
    }
}

/// The `Export*ServiceResponse` of a signal.
pub(super) const fn export_response(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &traces::EXPORT_RESPONSE,
        Signal::Metrics => &metrics::EXPORT_RESPONSE,
        Signal::Logs => &logs::EXPORT_RESPONSE,
    }
}

/// `google.rpc.Status` with its details as [`super::response`] takes them apart.
pub(super) static STATUS: Message = Message {
    fields: &[
        one(1, "code", Kind::Int32),
        one(2, "message", Kind::String),
        list(3, "details", &STATUS_DETAIL),
    ],
};

static STATUS_DETAIL: Message = Message {
    fields: &[
        one(1, "@type", Kind::String),
        one(2, "retryDelay", Kind::String),
        one(3, "value", Kind::Bytes),
    ],
};

const TRACE_ID: Kind = Kind::Id(16);
const SPAN_ID: Kind = Kind::Id(8);

const fn one(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, presence: Presence::Implicit }
}

const fn optional(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, presence: Presence::Optional }
}

const fn one_of(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, presence: Presence::OneOf }
}

const fn always(number: u32, name: &'static str, message: &'static Message) -> Field {
    Field { number, name, kind: Kind::Message(message), presence: Presence::Always }
}

const fn values(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, presence: Presence::Repeated }
}

const fn list(number: u32, name: &'static str, message: &'static Message) -> Field {
    Field { number, name, kind: Kind::Message(message), presence: Presence::Repeated }
}

const fn items(number: u32, name: &'static str, message: &'static Message) -> Field {
    Field { number, name, kind: Kind::Message(message), presence: Presence::Items }
}

/// True when `key` is `name` with `_x` for each `X`.
fn is_snake_case_of(key: &str, name: &str) -> bool {
    let mut rest = key.bytes();
    name.bytes().all(|byte| {
        if byte.is_ascii_uppercase() {
            rest.next() == Some(b'_') && rest.next() == Some(byte.to_ascii_lowercase())
        } else {
            rest.next() == Some(byte)
        }
    }) && rest.next().is_none()
}

#[cfg(test)]
mod tests;
