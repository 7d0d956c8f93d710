//! One data point, put together from the samples of a scrape.

use super::family::OtlpType;
use crate::metric_streams::wire::MessageList;
use crate::otlp::wire::{WireType, put_key, put_message, put_varint, varint_length};
use crate::receivers::prometheus::sample_value::is_stale;

/// The part of a data point that a sample is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::receivers::prometheus) enum Part {
    /// The number.
    Value,
    /// The sum of a distribution.
    Sum,
    /// The count of a distribution.
    Count,
    /// The bucket up to a bound, or the quantile.
    Boundary(f64),
    /// When counting began, in seconds.
    Created,
}

/// A data point. What it holds is of the scrape it was last begun for.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) family: usize,
    /// The attributes as fields of the data point.
    attributes: Box<[u8]>,
    pub(super) scrape: u64,
    pub(super) time_ms: i64,
    created_seconds: f64,
    value: Option<f64>,
    sum: Option<f64>,
    count: Option<f64>,
    /// Bounds or quantiles with their values, as they came.
    boundaries: Vec<(f64, f64)>,
    pub(super) exemplars: MessageList,
}

/// The samples of the data point contradict each other: it has a bucket that counts less than one below.
#[derive(Debug)]
pub(super) struct Contradictory;

/// The flag of a data point whose series has ended.
const NO_RECORDED_VALUE: u64 = 1;

impl Group {
    pub(super) fn new(family: usize, attributes: Box<[u8]>) -> Self {
        Self { family, attributes, ..Self::default() }
    }

    /// Empties it for a scrape.
    pub(super) fn begin(&mut self, scrape: u64, time_ms: i64) {
        self.scrape = scrape;
        self.time_ms = time_ms;
        self.created_seconds = 0.0;
        self.value = None;
        self.sum = None;
        self.count = None;
        self.boundaries.clear();
        self.exemplars.clear();
    }

    /// Fills in a sample.
    pub(super) fn add(&mut self, part: Part, value: f64) {
        match part {
            Part::Value => self.value = Some(value),
            Part::Sum => self.sum = Some(value),
            Part::Count => self.count = Some(value),
            Part::Boundary(boundary) => {
                let is_sorted = self.boundaries.last().is_none_or(|(last, _)| *last <= boundary);
                let place = if is_sorted {
                    self.boundaries.len()
                } else {
                    self.boundaries.partition_point(|(other, _)| *other <= boundary)
                };
                self.boundaries.insert(place, (boundary, value));
            }
            Part::Created => self.created_seconds = value,
        }
    }

    /// Appends the data point to its metric; false where there is none to append.
    pub(super) fn put(&self, out: &mut Vec<u8>, metric_type: OtlpType) -> Result<bool, Contradictory> {
        match metric_type {
            OtlpType::Gauge => Ok(self.put_number(out, false)),
            OtlpType::Counter | OtlpType::NonMonotonicSum => Ok(self.put_number(out, true)),
            OtlpType::Histogram => self.put_histogram(out),
            OtlpType::Summary => Ok(self.put_summary(out)),
        }
    }

    /// Written without a buffer in between: nearly all data points are numbers.
    fn put_number(&self, out: &mut Vec<u8>, has_start_time: bool) -> bool {
        let Some(value) = self.value else { return false };
        let start_time = if has_start_time { self.start_time_unix_nano() } else { 0 };
        let is_stale = is_stale(value);
        let value_length = if is_stale { 2 } else { 9 };
        let start_length = if start_time == 0 { 0 } else { 9 };
        let fixed_length = self.attributes.len() + start_length + 9 + value_length;
        if self.exemplars.is_empty() {
            out.reserve(fixed_length + varint_length(fixed_length as u64) + 1);
            put_key(out, 1, WireType::LengthDelimited);
            put_varint(out, fixed_length as u64);
            self.put_number_fields(out, start_time, value);
        } else {
            put_message(out, 1, |out| {
                self.put_number_fields(out, start_time, value);
                self.exemplars.put(out, 5);
            });
        }
        true
    }

    fn put_number_fields(&self, out: &mut Vec<u8>, start_time: u64, value: f64) {
        out.extend_from_slice(&self.attributes);
        self.put_times(out, start_time);
        if is_stale(value) {
            put_number(out, 8, NO_RECORDED_VALUE);
        } else {
            put_double(out, 4, value);
        }
    }

    fn put_histogram(&self, out: &mut Vec<u8>) -> Result<bool, Contradictory> {
        let Some(count) = self.count else { return Ok(false) };
        let is_stale = is_stale(count) || self.sum.is_some_and(is_stale);
        let buckets = match self.boundaries.split_last() {
            Some(((f64::INFINITY, _), below)) => below,
            _ => &self.boundaries,
        };
        if !is_stale && !is_cumulative(buckets, count) {
            return Err(Contradictory);
        }
        put_message(out, 1, |out| {
            out.extend_from_slice(&self.attributes);
            self.put_times(out, self.start_time_unix_nano());
            if !is_stale {
                put_fixed(out, 4, count as u64);
                if let Some(sum) = self.sum {
                    put_double(out, 5, sum);
                }
            }
            put_message(out, 6, |out| {
                let mut below = 0.0;
                for total in buckets.iter().map(|(_, total)| *total).chain([count]) {
                    let in_bucket = if is_stale { 0 } else { (total - below) as u64 };
                    out.extend_from_slice(&in_bucket.to_le_bytes());
                    below = total;
                }
            });
            if !buckets.is_empty() {
                put_message(out, 7, |out| {
                    buckets.iter().for_each(|(bound, _)| out.extend_from_slice(&bound.to_le_bytes()));
                });
            }
            self.exemplars.put(out, 8);
            if is_stale {
                put_number(out, 10, NO_RECORDED_VALUE);
            }
        });
        Ok(true)
    }

    fn put_summary(&self, out: &mut Vec<u8>) -> bool {
        let Some(count) = self.count else { return false };
        let is_stale = is_stale(count) || self.sum.is_some_and(is_stale);
        put_message(out, 1, |out| {
            out.extend_from_slice(&self.attributes);
            self.put_times(out, self.start_time_unix_nano());
            if !is_stale {
                put_fixed(out, 4, count as u64);
                if let Some(sum) = self.sum {
                    put_double(out, 5, sum);
                }
            }
            for (quantile, value) in &self.boundaries {
                put_message(out, 6, |out| {
                    put_double(out, 1, *quantile);
                    put_double(out, 2, if is_stale { 0.0 } else { *value });
                });
            }
            if is_stale {
                put_number(out, 8, NO_RECORDED_VALUE);
            }
        });
        true
    }

    fn put_times(&self, out: &mut Vec<u8>, start_time: u64) {
        if start_time != 0 {
            put_fixed(out, 2, start_time);
        }
        put_fixed(out, 3, self.time_ms.saturating_mul(1_000_000).cast_unsigned());
    }

    /// When counting began; 0 where that is not known.
    fn start_time_unix_nano(&self) -> u64 {
        let seconds = self.created_seconds.trunc();
        let nanoseconds = ((self.created_seconds - seconds) * 1e9) as i64;
        (seconds as i64).saturating_mul(1_000_000_000).saturating_add(nanoseconds).cast_unsigned()
    }
}

/// Whether no bucket counts less than the one before, and all count at most `count`.
fn is_cumulative(buckets: &[(f64, f64)], count: f64) -> bool {
    let mut below = 0.0;
    buckets.iter().map(|(_, total)| *total).chain([count]).all(|total| {
        let is_more = total >= below;
        below = total;
        is_more
    })
}

fn put_double(out: &mut Vec<u8>, number: u32, value: f64) {
    put_fixed(out, number, value.to_bits());
}

fn put_fixed(out: &mut Vec<u8>, number: u32, value: u64) {
    put_key(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    put_key(out, number, WireType::Varint);
    put_varint(out, value);
}
