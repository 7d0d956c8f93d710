//! The series of one batch, each once, and the requests they become.

use bytes::Bytes;

use super::protocol::{LabelWriter, Protocol};
use crate::metric_streams::{StreamHasher, StreamMap};
use crate::otlp::wire::{WireType, put_key, put_message, put_varint};

/// What is written, with the samples of each series together.
pub(super) struct SeriesTable {
    pub labels: LabelWriter,
    /// The encoded labels of all series.
    encoded_labels: Vec<u8>,
    series: Vec<Series>,
    samples: Vec<Sample>,
    known: StreamMap<usize>,
    hasher: StreamHasher,
}

/// One series: its labels and the chain of its samples.
struct Series {
    labels: (usize, usize),
    first_sample: usize,
    last_sample: usize,
}

/// One sample of a series.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    /// When it was measured, in milliseconds since 1970.
    pub time_ms: i64,
    /// When counting began, in milliseconds since 1970; 0 where unknown.
    pub start_time_ms: i64,
    /// What was measured.
    pub value: f64,
    /// How many data points it stands for: of several samples that one point became, one says 1.
    pub points: usize,
    next: usize,
}

/// No sample.
const NONE: usize = usize::MAX;

/// A request and the number of data points it is of.
pub(super) struct WriteRequest {
    pub body: Bytes,
    pub points: usize,
}

/// The requests of a batch, and how many data points are in none.
pub(super) struct WriteRequests {
    pub requests: Vec<WriteRequest>,
    /// Points of series that have another value at the same millisecond.
    pub overwritten: usize,
}

impl Sample {
    /// A sample of its own data point.
    pub const fn new(time_ms: i64, start_time_ms: i64, value: f64) -> Self {
        Self { time_ms, start_time_ms, value, points: 1, next: NONE }
    }

    /// The same as one of several of its data point.
    #[must_use]
    pub const fn as_part(mut self) -> Self {
        self.points = 0;
        self
    }

    /// The same with another value.
    #[must_use]
    pub const fn with_value(mut self, value: f64) -> Self {
        self.value = value;
        self
    }
}

impl SeriesTable {
    pub fn new(protocol: Protocol) -> Self {
        Self {
            labels: LabelWriter::new(protocol),
            encoded_labels: Vec::new(),
            series: Vec::new(),
            samples: Vec::new(),
            known: StreamMap::default(),
            hasher: StreamHasher::new(),
        }
    }

    /// Adds a sample to the series whose encoded labels are these parts, one behind the other.
    pub fn add(&mut self, labels: &[&[u8]], sample: Sample) {
        let start = self.encoded_labels.len();
        labels.iter().for_each(|part| self.encoded_labels.extend_from_slice(part));
        let end = self.encoded_labels.len();
        let id = self.hasher.own_key(self.encoded_labels.get(start..).unwrap_or_default());
        let sample_number = self.samples.len();
        self.samples.push(sample);
        let number = *self.known.entry(id).or_insert(self.series.len());
        let Some(series) = self.series.get_mut(number) else {
            let labels = (start, end);
            self.series.push(Series { labels, first_sample: sample_number, last_sample: sample_number });
            return;
        };
        self.encoded_labels.truncate(start);
        if let Some(last) = self.samples.get_mut(series.last_sample) {
            last.next = sample_number;
        }
        series.last_sample = sample_number;
    }

    /// Writes the requests, the series of each having about `size_limit` bytes at most.
    pub fn into_requests(self, size_limit: usize) -> WriteRequests {
        let symbols = self.labels.encoded_symbols();
        let mut written = WriteRequests { requests: Vec::new(), overwritten: 0 };
        let mut body = symbols.to_vec();
        let mut points = 0;
        let mut of_series = Vec::new();
        for series in &self.series {
            self.collect_samples(series, &mut of_series);
            let (kept, overwritten) = without_overwritten(&mut of_series);
            let start = body.len();
            self.put_series(&mut body, series, &of_series);
            if body.len() > size_limit && start > symbols.len() {
                let next = [symbols, body.get(start..).unwrap_or_default()].concat();
                body.truncate(start);
                let full = std::mem::replace(&mut body, next);
                written.requests.push(WriteRequest { body: full.into(), points });
                points = 0;
            }
            points += kept;
            written.overwritten += overwritten;
        }
        if !self.series.is_empty() {
            written.requests.push(WriteRequest { body: body.into(), points });
        }
        written
    }

    fn collect_samples(&self, series: &Series, samples: &mut Vec<Sample>) {
        samples.clear();
        let mut number = series.first_sample;
        while let Some(sample) = self.samples.get(number) {
            samples.push(*sample);
            number = sample.next;
        }
    }

    fn put_series(&self, out: &mut Vec<u8>, series: &Series, samples: &[Sample]) {
        let protocol = self.labels.protocol();
        let number = match protocol {
            Protocol::V1 => 1,
            Protocol::V2 => 5,
        };
        put_message(out, number, |out| {
            let (start, end) = series.labels;
            self.labels.put_list(out, self.encoded_labels.get(start..end).unwrap_or_default());
            samples.iter().for_each(|sample| put_sample(out, protocol, sample));
        });
    }
}

/// Brings the samples of a series into the order of time and leaves of those at one time the last. Returns
/// how many data points remain, and how many said something else at the same time.
fn without_overwritten(samples: &mut Vec<Sample>) -> (usize, usize) {
    let mut overwritten = 0;
    if samples.len() > 1 {
        samples.sort_by_key(|sample| sample.time_ms);
        samples.dedup_by(|next, kept| {
            if next.time_ms != kept.time_ms {
                return false;
            }
            if next.value.to_bits() != kept.value.to_bits() {
                overwritten += kept.points;
            } else {
                next.points += kept.points;
            }
            *kept = *next;
            true
        });
    }
    (samples.iter().map(|sample| sample.points).sum(), overwritten)
}

fn put_sample(out: &mut Vec<u8>, protocol: Protocol, sample: &Sample) {
    put_message(out, 2, |out| {
        put_key(out, 1, WireType::Fixed64);
        out.extend_from_slice(&sample.value.to_le_bytes());
        put_time(out, 2, sample.time_ms);
        if protocol == Protocol::V2 && sample.start_time_ms != 0 {
            put_time(out, 3, sample.start_time_ms);
        }
    });
}

fn put_time(out: &mut Vec<u8>, number: u32, time_ms: i64) {
    put_key(out, number, WireType::Varint);
    put_varint(out, time_ms.cast_unsigned());
}
