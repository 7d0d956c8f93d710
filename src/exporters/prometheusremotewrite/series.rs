//! The series of one batch, each once, with all that belongs to it.

use super::protocol::{LabelWriter, Protocol};
use crate::metric_streams::{StreamHasher, StreamId, StreamMap};

/// What is to be written, by series in the order they were first seen in.
pub(super) struct SeriesTable {
    pub labels: LabelWriter,
    /// Encoded labels and histograms, one behind the other.
    encoded: Vec<u8>,
    pub series: Vec<Series>,
    samples: Vec<Sample>,
    exemplars: Vec<SeriesExemplar>,
    /// Encoded `MetricMetadata`, where they are written apart.
    pub metadata: Vec<Vec<u8>>,
    known: StreamMap<usize>,
    pub hasher: StreamHasher,
}

/// A series: its labels, and the chains of its samples and exemplars.
pub(super) struct Series {
    pub labels: Piece,
    pub metadata: Metadata,
    samples: Chain,
    exemplars: Chain,
}

/// What a series' metric is, as the second version says it beside each series; texts by their number.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Metadata {
    /// A `MetricType`, whose numbers both versions share.
    pub kind: u8,
    pub help: u32,
    pub unit: u32,
}

/// One sample of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// When it was measured, in milliseconds since 1970.
    pub time_ms: i64,
    /// When counting began, in milliseconds since 1970; 0 where unknown.
    pub start_time_ms: i64,
    /// What was measured.
    pub value: SampleValue,
    /// How many data points it stands for: of several samples that one point became, one says 1.
    pub points: usize,
    next: usize,
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(super) enum SampleValue {
    Number(f64),
    /// An encoded `Histogram` with its times.
    Histogram(Piece),
}

/// One exemplar of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeriesExemplar {
    pub labels: Piece,
    pub value: f64,
    pub time_ms: i64,
    next: usize,
}

/// Where something encoded begins and ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    start: usize,
    end: usize,
}

/// The first and the last of those that each name the next.
#[derive(Debug, Clone, Copy)]
struct Chain {
    first: usize,
    last: usize,
}

/// No sample, no exemplar.
const NONE: usize = usize::MAX;

impl Sample {
    /// A sample of its own data point.
    pub const fn new(time_ms: i64, start_time_ms: i64, value: f64) -> Self {
        Self { time_ms, start_time_ms, value: SampleValue::Number(value), points: 1, next: NONE }
    }

    /// The same as one of several of its data point.
    #[must_use]
    pub const fn as_part(mut self) -> Self {
        self.points = 0;
        self
    }

    /// The same with another value.
    #[must_use]
    pub const fn with_value(mut self, value: SampleValue) -> Self {
        self.value = value;
        self
    }
}

impl SeriesTable {
    pub fn new(protocol: Protocol) -> Self {
        Self {
            labels: LabelWriter::new(protocol),
            encoded: Vec::new(),
            series: Vec::new(),
            samples: Vec::new(),
            exemplars: Vec::new(),
            metadata: Vec::new(),
            known: StreamMap::default(),
            hasher: StreamHasher::new(),
        }
    }

    /// Adds a sample to the series with this fingerprint and these encoded labels, which come in several
    /// parts. Returns the number of the series.
    pub fn add(&mut self, id: StreamId, labels: &[&[u8]], metadata: Metadata, sample: Sample) -> usize {
        let sample_number = self.samples.len();
        self.samples.push(sample);
        let number = *self.known.entry(id).or_insert(self.series.len());
        if let Some(series) = self.series.get_mut(number) {
            if let Some(last) = self.samples.get_mut(series.samples.last) {
                last.next = sample_number;
            }
            series.samples.last = sample_number;
            return number;
        }
        let start = self.encoded.len();
        labels.iter().for_each(|part| self.encoded.extend_from_slice(part));
        self.series.push(Series {
            labels: Piece { start, end: self.encoded.len() },
            metadata,
            samples: Chain { first: sample_number, last: sample_number },
            exemplars: Chain { first: NONE, last: NONE },
        });
        number
    }

    /// Adds an exemplar to a series; `put_labels` writes its labels.
    pub fn add_exemplar(
        &mut self,
        series: usize,
        value: f64,
        time_ms: i64,
        put_labels: impl FnOnce(&mut LabelWriter, &mut Vec<u8>),
    ) {
        let start = self.encoded.len();
        put_labels(&mut self.labels, &mut self.encoded);
        let labels = Piece { start, end: self.encoded.len() };
        let number = self.exemplars.len();
        self.exemplars.push(SeriesExemplar { labels, value, time_ms, next: NONE });
        let Some(series) = self.series.get_mut(series) else { return };
        match self.exemplars.get_mut(series.exemplars.last) {
            Some(last) => last.next = number,
            None => series.exemplars.first = number,
        }
        series.exemplars.last = number;
    }

    /// Keeps what `put` encodes.
    pub fn keep(&mut self, put: impl FnOnce(&mut Vec<u8>)) -> Piece {
        let start = self.encoded.len();
        put(&mut self.encoded);
        Piece { start, end: self.encoded.len() }
    }

    /// What was encoded there.
    pub fn encoded(&self, piece: Piece) -> &[u8] {
        self.encoded.get(piece.start..piece.end).unwrap_or_default()
    }

    /// Whether a series' values are native histograms.
    pub fn has_native_histograms(&self, series: &Series) -> bool {
        let first = self.samples.get(series.samples.first);
        first.is_some_and(|sample| matches!(sample.value, SampleValue::Histogram(_)))
    }

    /// Brings the samples of a series into the order of time and leaves of those at one time the last. Returns
    /// how many data points remain, and how many said something else at the same time.
    pub fn collect_samples(&self, series: &Series, samples: &mut Vec<Sample>) -> (usize, usize) {
        samples.clear();
        let mut number = series.samples.first;
        while let Some(sample) = self.samples.get(number) {
            samples.push(*sample);
            number = sample.next;
        }
        let mut overwritten = 0;
        if samples.len() > 1 {
            samples.sort_by_key(|sample| sample.time_ms);
            samples.dedup_by(|next, kept| {
                if next.time_ms != kept.time_ms {
                    return false;
                }
                if self.are_equal(next.value, kept.value) {
                    next.points += kept.points;
                } else {
                    overwritten += kept.points;
                }
                *kept = *next;
                true
            });
        }
        (samples.iter().map(|sample| sample.points).sum(), overwritten)
    }

    /// The exemplars of a series in the order of time.
    pub fn collect_exemplars(&self, series: &Series, exemplars: &mut Vec<SeriesExemplar>) {
        exemplars.clear();
        let mut number = series.exemplars.first;
        while let Some(exemplar) = self.exemplars.get(number) {
            exemplars.push(*exemplar);
            number = exemplar.next;
        }
        exemplars.sort_by_key(|exemplar| exemplar.time_ms);
    }

    fn are_equal(&self, left: SampleValue, right: SampleValue) -> bool {
        match (left, right) {
            (SampleValue::Number(left), SampleValue::Number(right)) => left.to_bits() == right.to_bits(),
            (SampleValue::Histogram(left), SampleValue::Histogram(right)) => {
                self.encoded(left) == self.encoded(right)
            }
            _ => false,
        }
    }
}
