//! Fast recognition of the messages that make up most of a request, in the encodings exporters write.
//!
//! Each function returns `true` only for a valid message whose singular messages stand once; `false`
//! means only that the table-driven walk has to decide. They match on whole key bytes and on fields in
//! their usual order, so that a span costs a few predictable branches per field.

use crate::otlp::wire::{read_length_delimited, read_varint};

/// `Span` without unknown fields.
pub(in crate::otlp) fn is_span(span: &[u8]) -> bool {
    let mut status_seen = false;
    every_field(span, |key, value| match key {
        // trace_id, span_id, trace_state, parent_span_id, name
        0x0a | 0x12 | 0x1a | 0x22 | 0x2a => after_length_delimited(value),
        // kind and the three dropped counts
        0x30 | 0x50 | 0x60 | 0x70 => after_varint(value),
        // start_time_unix_nano, end_time_unix_nano
        0x39 | 0x41 => value.get(8..),
        // attributes
        0x4a => after_message(value, is_key_value),
        // events, links
        0x5a => after_message(value, is_event),
        0x6a => after_message(value, is_link),
        // status, once
        0x7a if !status_seen => {
            status_seen = true;
            after_message(value, is_status)
        }
        // flags, whose key has two bytes
        0x85 => match value {
            [0x01, flags @ ..] => flags.get(4..),
            _ => None,
        },
        _ => None,
    })
}

/// `LogRecord` without unknown fields and with a scalar body.
pub(in crate::otlp) fn is_log_record(log_record: &[u8]) -> bool {
    let mut body_seen = false;
    every_field(log_record, |key, value| match key {
        // time_unix_nano, observed_time_unix_nano
        0x09 | 0x59 => value.get(8..),
        // severity_number, dropped_attributes_count
        0x10 | 0x38 => after_varint(value),
        // severity_text, trace_id, span_id, event_name
        0x1a | 0x4a | 0x52 | 0x62 => after_length_delimited(value),
        // body, once
        0x2a if !body_seen => {
            body_seen = true;
            after_message(value, is_scalar_value)
        }
        // attributes
        0x32 => after_message(value, is_key_value),
        // flags
        0x45 => value.get(4..),
        _ => None,
    })
}

/// `NumberDataPoint` without unknown fields or exemplars.
pub(in crate::otlp) fn is_number_data_point(data_point: &[u8]) -> bool {
    every_field(data_point, |key, value| match key {
        // start_time_unix_nano, time_unix_nano, as_double, as_int
        0x11 | 0x19 | 0x21 | 0x31 => value.get(8..),
        // attributes
        0x3a => after_message(value, is_key_value),
        // flags
        0x40 => after_varint(value),
        _ => None,
    })
}

/// `KeyValue` of a key and a scalar value, in that order.
#[inline]
pub(in crate::otlp) fn is_key_value(key_value: &[u8]) -> bool {
    let [0x0a, key_length, rest @ ..] = key_value else { return false };
    if *key_length >= 0x80 {
        return false;
    }
    let Some([0x12, value_length, value @ ..]) = rest.get(usize::from(*key_length)..) else { return false };
    if usize::from(*value_length) == value.len() && *value_length < 0x80 {
        return is_scalar_value(value);
    }
    matches!(read_length_delimited_rest(rest, *key_length), Some(value) if is_scalar_value(value))
}

/// The value of a `KeyValue` when its length takes more than one byte and ends the message.
#[inline(never)]
fn read_length_delimited_rest(after_key_length: &[u8], key_length: u8) -> Option<&[u8]> {
    let value = after_key_length.get(usize::from(key_length) + 1..)?;
    match read_length_delimited(value) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

/// `AnyValue` of exactly one field that is not a message, or of none.
#[inline]
pub(in crate::otlp) fn is_scalar_value(any_value: &[u8]) -> bool {
    match any_value {
        // string_value, bytes_value with a length of one byte
        [0x0a | 0x3a, length, rest @ ..] if *length < 0x80 => usize::from(*length) == rest.len(),
        // int_value, bool_value of one byte
        [0x10 | 0x18, number] => *number < 0x80,
        [0x10 | 0x18, number @ ..] => matches!(read_varint(number), Ok((_, []))),
        [0x21, number @ ..] => number.len() == 8,
        [0x0a | 0x3a, rest @ ..] => matches!(read_length_delimited(rest), Ok((_, []))),
        [] => true,
        _ => false,
    }
}

fn is_event(event: &[u8]) -> bool {
    every_field(event, |key, value| match key {
        // time_unix_nano
        0x09 => value.get(8..),
        // name
        0x12 => after_length_delimited(value),
        // attributes
        0x1a => after_message(value, is_key_value),
        // dropped_attributes_count
        0x20 => after_varint(value),
        _ => None,
    })
}

fn is_link(link: &[u8]) -> bool {
    every_field(link, |key, value| match key {
        // trace_id, span_id, trace_state
        0x0a | 0x12 | 0x1a => after_length_delimited(value),
        // attributes
        0x22 => after_message(value, is_key_value),
        // dropped_attributes_count
        0x28 => after_varint(value),
        // flags
        0x35 => value.get(4..),
        _ => None,
    })
}

fn is_status(status: &[u8]) -> bool {
    every_field(status, |key, value| match key {
        // message
        0x12 => after_length_delimited(value),
        // code
        0x18 => after_varint(value),
        _ => None,
    })
}

/// Runs `after_value` on each field's first key byte and the bytes behind it, until the end of the
/// message or until it gives up by returning `None`.
#[inline(always)]
fn every_field<'a>(message: &'a [u8], mut after_value: impl FnMut(u8, &'a [u8]) -> Option<&'a [u8]>) -> bool {
    let mut rest = message;
    while let [key, value @ ..] = rest {
        match after_value(*key, value) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    true
}

#[inline(always)]
fn after_varint(value: &[u8]) -> Option<&[u8]> {
    match value {
        [only, rest @ ..] if *only < 0x80 => Some(rest),
        _ => read_varint(value).ok().map(|(_, rest)| rest),
    }
}

#[inline(always)]
fn after_length_delimited(value: &[u8]) -> Option<&[u8]> {
    match value {
        [length, rest @ ..] if *length < 0x80 => rest.get(usize::from(*length)..),
        _ => read_length_delimited(value).ok().map(|(_, rest)| rest),
    }
}

#[inline(always)]
fn after_message(value: &[u8], is_message: impl Fn(&[u8]) -> bool) -> Option<&[u8]> {
    let (message, rest) = match value {
        [length, rest @ ..] if *length < 0x80 => rest.split_at_checked(usize::from(*length))?,
        _ => read_length_delimited(value).ok()?,
    };
    is_message(message).then_some(rest)
}
