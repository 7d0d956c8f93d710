//! Points of histograms and summaries as columns: their numbers of eight bytes, each in a column over all points that
//! are otherwise the same bytes.

use std::collections::BTreeMap;

use super::columns::{Reader, put_doubles, put_integers, put_sized, read_doubles, read_integers};
use crate::otlp::wire::{Fields, Value, put_varint};

/// How a column is read: as whole numbers or as doubles, whichever took less.
const WHOLE: u8 = 0;
const DOUBLE: u8 = 1;

/// Points that differ in their words alone.
#[derive(Debug)]
pub struct AlikePoints {
    skeleton: Vec<u8>,
    /// The words of each point.
    words: Vec<Vec<u64>>,
    /// The places of the points among all.
    pub places: Vec<usize>,
}

/// Groups points of a metric's data under `data_field` by what they have alike; and the places of those left over.
pub fn alike<'a>(points: impl Iterator<Item = &'a [u8]>, data_field: u32) -> (Vec<AlikePoints>, Vec<usize>) {
    let mut by_skeleton = BTreeMap::<Vec<u8>, AlikePoints>::new();
    for (place, point) in points.enumerate() {
        let mut parts = Parts::default();
        parts.take(point, data_field);
        let (skeleton, words) = parts.finish();
        let alike = by_skeleton.entry(skeleton.clone()).or_insert_with(|| AlikePoints {
            skeleton,
            words: Vec::new(),
            places: Vec::new(),
        });
        alike.words.push(words);
        alike.places.push(place);
    }
    let (mut groups, mut rest) = (Vec::new(), Vec::new());
    for alike in by_skeleton.into_values() {
        // One point has no columns.
        if alike.places.len() > 1 { groups.push(alike) } else { rest.extend(alike.places) }
    }
    rest.sort_unstable();
    (groups, rest)
}

impl AlikePoints {
    /// Appends the points.
    pub fn put(&self, out: &mut Vec<u8>) {
        put_sized(out, &self.skeleton);
        for word in 0..self.words.first().map_or(0, Vec::len) {
            let column = self.words.iter().map(|words| words.get(word).copied().unwrap_or_default());
            let (mut whole, mut double) = (vec![WHOLE], vec![DOUBLE]);
            put_integers(&mut whole, column.clone().map(u64::cast_signed));
            put_doubles(&mut double, column);
            out.extend_from_slice(if double.len() < whole.len() { &double } else { &whole });
        }
    }
}

/// Reads `count` points that were written so.
pub fn read_alike(reader: &mut Reader<'_>, count: usize) -> Option<Vec<Vec<u8>>> {
    let skeleton = reader.sized()?;
    let mut points = vec![Vec::new(); count];
    let mut parts = Reader(skeleton);
    while !parts.0.is_empty() {
        let literal = parts.sized()?;
        points.iter_mut().for_each(|point| point.extend_from_slice(literal));
        for _ in 0..parts.size()? {
            let column = match reader.byte()? {
                WHOLE => read_integers(reader, count)?.into_iter().map(i64::cast_unsigned).collect(),
                DOUBLE => read_doubles(reader, count)?,
                _ => return None,
            };
            for (point, word) in points.iter_mut().zip(column) {
                point.extend_from_slice(&word.to_le_bytes());
            }
        }
    }
    Some(points)
}

/// A point taken apart: literal bytes with their length before and the number of words behind them, again and again.
#[derive(Default)]
struct Parts {
    skeleton: Vec<u8>,
    literal: Vec<u8>,
    /// Words since the literal began to be followed by some.
    pending: u64,
    words: Vec<u64>,
}

impl Parts {
    fn take(&mut self, message: &[u8], data_field: u32) {
        let mut fields = Fields::of(message);
        let mut rest = message;
        while let Some((number, value)) = fields.next() {
            let field = rest.get(..rest.len() - fields.rest().len()).unwrap_or_default();
            rest = fields.rest();
            match (data_field, number, value) {
                (_, _, Value::Fixed64(word)) => {
                    self.put_literal(field.get(..field.len() - 8).unwrap_or_default());
                    self.put_word(word);
                }
                // The bucket counts and bounds of a histogram.
                (9, 6 | 7, Value::Bytes(list)) if list.len() % 8 == 0 => {
                    self.put_literal(field.get(..field.len() - list.len()).unwrap_or_default());
                    for word in list.as_chunks::<8>().0 {
                        self.put_word(u64::from_le_bytes(*word));
                    }
                }
                // The quantiles of a summary.
                (11, 6, Value::Bytes(quantile)) => {
                    self.put_literal(field.get(..field.len() - quantile.len()).unwrap_or_default());
                    // Below it nothing is a list.
                    self.take(quantile, 0);
                }
                _ => self.put_literal(field),
            }
        }
        // Nothing, of a valid message.
        self.put_literal(rest);
    }

    fn put_literal(&mut self, bytes: &[u8]) {
        if self.pending > 0 && !bytes.is_empty() {
            self.close();
        }
        self.literal.extend_from_slice(bytes);
    }

    fn put_word(&mut self, word: u64) {
        self.pending += 1;
        self.words.push(word);
    }

    fn close(&mut self) {
        put_sized(&mut self.skeleton, &self.literal);
        put_varint(&mut self.skeleton, self.pending);
        self.literal.clear();
        self.pending = 0;
    }

    fn finish(mut self) -> (Vec<u8>, Vec<u64>) {
        if self.pending > 0 || !self.literal.is_empty() {
            self.close();
        }
        (self.skeleton, self.words)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
    use opentelemetry_proto::tonic::metrics::v1::{Exemplar, HistogramDataPoint, SummaryDataPoint};
    use prost::Message;

    use super::*;

    /// The bytes it took, and what was left over.
    fn there_and_back(points: &[Vec<u8>], data_field: u32) -> (usize, usize) {
        let (groups, rest) = alike(points.iter().map(Vec::as_slice), data_field);
        let mut bytes = 0;
        let mut found: Vec<(usize, Vec<u8>)> =
            rest.iter().map(|place| (*place, points[*place].clone())).collect();
        for group in &groups {
            let mut out = Vec::new();
            group.put(&mut out);
            bytes += out.len();
            let mut reader = Reader(&out);
            let read = read_alike(&mut reader, group.places.len()).unwrap();
            assert!(reader.0.is_empty());
            found.extend(group.places.iter().copied().zip(read));
        }
        found.sort();
        assert_eq!(found.into_iter().map(|(_, point)| point).collect::<Vec<_>>(), points);
        (bytes, rest.len())
    }

    fn histogram(at: u64) -> HistogramDataPoint {
        HistogramDataPoint {
            start_time_unix_nano: 1_700_000_000_000_000_000,
            time_unix_nano: 1_700_000_000_000_000_000 + at * 10_000_000_000,
            count: at * 10,
            sum: Some(at as f64 * 2.5),
            bucket_counts: (0..8).map(|bucket| at * bucket).collect(),
            explicit_bounds: (0..7).map(f64::from).collect(),
            min: Some(0.25),
            max: Some(9.5),
            ..HistogramDataPoint::default()
        }
    }

    #[test]
    fn histograms_of_a_series_are_columns() {
        let points: Vec<Vec<u8>> = (1..121).map(|at| histogram(at).encode_to_vec()).collect();
        let (bytes, rest) = there_and_back(&points, 9);
        // Bounds are written once, and what grows evenly takes a byte for each point.
        assert!(bytes < 120 * 14, "{bytes}");
        assert_eq!(rest, 0);
    }

    #[test]
    fn what_is_alike_goes_together_and_the_rest_apart() {
        let mut points: Vec<Vec<u8>> = (1..11).map(|at| histogram(at).encode_to_vec()).collect();
        let exemplars = vec![Exemplar { time_unix_nano: 7, ..Exemplar::default() }];
        points[4] = HistogramDataPoint { exemplars, ..histogram(5) }.encode_to_vec();
        points[5] = HistogramDataPoint { flags: 1, ..HistogramDataPoint::default() }.encode_to_vec();
        points[6] = Vec::new();
        assert_eq!(there_and_back(&points, 9).1, 3);
    }

    #[test]
    fn quantiles_of_summaries_are_columns() {
        let point = |at: u64| SummaryDataPoint {
            time_unix_nano: at,
            quantile_values: vec![
                ValueAtQuantile { quantile: 0.5, value: at as f64 + 0.5 },
                ValueAtQuantile { quantile: 0.99, value: 7.0 },
            ],
            ..SummaryDataPoint::default()
        };
        let points: Vec<Vec<u8>> = (1..100).map(|at| point(at).encode_to_vec()).collect();
        let (bytes, rest) = there_and_back(&points, 11);
        assert!(bytes < 99 * 4, "{bytes}");
        assert_eq!(rest, 0);
    }
}
