//! Exemplars of OpenMetrics as OTLP has them.

use super::streams::encoded_attribute;
use crate::otlp::wire::{WireType, put_key, put_length_delimited};
use crate::prometheus::exposition::{ExemplarText, read_series};

/// An encoded `Exemplar`; `time_ms` is that of the sample, for those without one.
pub(super) fn encoded_exemplar(exemplar: &ExemplarText<'_>, time_ms: i64) -> Vec<u8> {
    let mut out = Vec::new();
    let time_ms = exemplar.timestamp_ms.unwrap_or(time_ms);
    put_fixed(&mut out, 2, time_ms.saturating_mul(1_000_000).cast_unsigned());
    put_fixed(&mut out, 3, exemplar.value.to_bits());
    let (mut trace_id, mut span_id) = (None, None);
    for label in read_series(exemplar.labels).labels {
        let id = match label.name.to_ascii_lowercase().as_str() {
            _ if label.value.is_empty() => continue,
            "trace_id" => identifier(&label.value, 16).map(|id| trace_id = Some(id)),
            "span_id" => identifier(&label.value, 8).map(|id| span_id = Some(id)),
            _ => None,
        };
        if id.is_none() {
            encoded_attribute(&mut out, 7, &label.name, &label.value);
        }
    }
    for (number, id) in [(4, span_id), (5, trace_id)] {
        if let Some(id) = id {
            put_length_delimited(&mut out, number, &id);
        }
    }
    out
}

/// The bytes of an identifier of exactly `length`, none of which is all zeros.
fn identifier(text: &str, length: usize) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 2 * length {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let bytes = digits.chunks_exact(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    });
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    bytes.iter().any(|byte| *byte != 0).then_some(bytes)
}

fn put_fixed(out: &mut Vec<u8>, number: u32, value: u64) {
    put_key(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}
