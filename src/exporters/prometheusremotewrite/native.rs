//! Native histograms as both versions of the protocol have them.

use super::protocol::Protocol;
use crate::otlp::wire::{WireType, put_key, put_message, put_varint};
use crate::prometheus::{NativeBuckets, NativeHistogram};

/// Appends the content of a `Histogram`.
pub(super) fn put_histogram(
    out: &mut Vec<u8>,
    protocol: Protocol,
    histogram: &NativeHistogram,
    time_ms: i64,
    start_time_ms: i64,
) {
    // One of the counts of each pair must be there: the integers, be they 0.
    put_number(out, 1, histogram.count);
    put_double(out, 3, histogram.sum);
    put_number(out, 4, zigzag(i64::from(histogram.schema)));
    put_double(out, 5, histogram.zero_threshold);
    put_number(out, 6, histogram.zero_count);
    put_buckets(out, 8, &histogram.negative);
    put_buckets(out, 11, &histogram.positive);
    put_number(out, 15, time_ms.cast_unsigned());
    if !histogram.custom_bounds.is_empty() {
        put_message(out, 16, |out| {
            histogram.custom_bounds.iter().for_each(|bound| out.extend_from_slice(&bound.to_le_bytes()));
        });
    }
    if protocol == Protocol::V2 && start_time_ms != 0 {
        put_number(out, 17, start_time_ms.cast_unsigned());
    }
}

/// Spans under `field`, and deltas under the next.
fn put_buckets(out: &mut Vec<u8>, field: u32, buckets: &NativeBuckets) {
    for (offset, length) in &buckets.spans {
        put_message(out, field, |out| {
            put_number(out, 1, zigzag(i64::from(*offset)));
            put_number(out, 2, u64::from(*length));
        });
    }
    if !buckets.deltas.is_empty() {
        put_message(out, field + 1, |out| {
            buckets.deltas.iter().for_each(|delta| put_varint(out, zigzag(*delta)))
        });
    }
}

/// Appends a varint field.
pub(super) fn put_number(out: &mut Vec<u8>, field: u32, number: u64) {
    put_key(out, field, WireType::Varint);
    put_varint(out, number);
}

/// Appends a double field.
pub(super) fn put_double(out: &mut Vec<u8>, field: u32, double: f64) {
    put_key(out, field, WireType::Fixed64);
    out.extend_from_slice(&double.to_le_bytes());
}

/// The encoding of a signed number whose amount is small.
const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}
