//! Counts the items of a serialized export request by skipping over everything else.
//!
//! This is the sink's own small walk, on purpose not Weir's: what judges delivery shares no code with what delivers.

use crate::case::Signal;

/// The number of spans, data points or log records in a request body, or nothing where the body is not protobuf.
pub fn items(signal: Signal, body: &[u8]) -> Option<u64> {
    let mut total = 0;
    for_each_message(body, &mut |field, resource| {
        if field != 1 {
            return Some(());
        }
        for_each_message(resource, &mut |field, scope| {
            if field != 2 {
                return Some(());
            }
            for_each_message(scope, &mut |field, record| {
                if field == 2 {
                    total += if signal == Signal::Metrics { data_points(record)? } else { 1 };
                }
                Some(())
            })
        })
    })?;
    Some(total)
}

/// The samples in the body of a remote write request of version 1, those of `target_info` not counted, or nothing where
/// the body is none.
pub fn written_samples(body: &[u8]) -> Option<u64> {
    let body = snap::raw::Decoder::new().decompress_vec(body).ok()?;
    let mut total = 0;
    for_each_message(&body, &mut |field, series| {
        if field != 1 {
            return Some(());
        }
        let (mut samples, mut is_target_info) = (0, false);
        for_each_message(series, &mut |field, content| {
            match field {
                1 => is_target_info |= content.ends_with(b"target_info"),
                2 => samples += 1,
                _ => {}
            }
            Some(())
        })?;
        total += if is_target_info { 0 } else { samples };
        Some(())
    })?;
    Some(total)
}

/// Gauge, sum, histogram, exponential histogram and summary all hold their points in field 1.
fn data_points(metric: &[u8]) -> Option<u64> {
    let mut points = 0;
    for_each_message(metric, &mut |field, data| {
        if !matches!(field, 5 | 7 | 9 | 10 | 11) {
            return Some(());
        }
        for_each_message(data, &mut |field, _| {
            points += u64::from(field == 1);
            Some(())
        })
    })?;
    Some(points)
}

/// Calls `visit` with number and content of each length-delimited field.
fn for_each_message<'a>(
    mut bytes: &'a [u8],
    visit: &mut dyn FnMut(u64, &'a [u8]) -> Option<()>,
) -> Option<()> {
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let length = match tag & 7 {
            0 => {
                varint(&mut bytes)?;
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (content, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        if tag & 7 == 2 {
            visit(tag >> 3, content)?;
        }
    }
    Some(())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for position in 0..10 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * position);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}
