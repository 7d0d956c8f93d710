//! The requests that the series of a batch become.

use bytes::Bytes;

use super::native::{put_double, put_number};
use super::protocol::{Protocol, RequestSymbols};
use super::series::{Metadata, Sample, SampleValue, Series, SeriesExemplar, SeriesTable};
use crate::otlp::wire::{put_length_delimited, put_message};

/// One request, and what is in it.
#[derive(Debug, Default)]
pub(super) struct WriteRequest {
    /// The body in parts.
    pub parts: Vec<Bytes>,
    /// How many data points it is of.
    pub points: usize,
    /// How many samples that are numbers and that are histograms it has.
    pub samples: usize,
}

/// The requests of a batch, and how many data points are in none.
#[derive(Debug, Default)]
pub(super) struct WriteRequests {
    pub requests: Vec<WriteRequest>,
    /// How many series there are in all of them.
    pub series: usize,
    /// Points of series that have another value at the same millisecond.
    pub overwritten: usize,
}

/// A request that series are written to.
struct Writing<'t> {
    table: &'t SeriesTable,
    symbols: RequestSymbols,
    body: Vec<u8>,
    points: usize,
    samples: usize,
}

impl WriteRequests {
    /// The requests of the table's series, each of about `size_limit` bytes at most. Native histograms have
    /// requests of their own: a store that does not keep them refuses all that comes with them.
    pub fn of(table: &SeriesTable, size_limit: usize) -> Self {
        let mut written = Self { series: table.series.len(), ..Self::default() };
        let (native, plain): (Vec<_>, Vec<_>) =
            table.series.iter().partition(|series| table.has_native_histograms(series));
        written.put(table, &plain, size_limit);
        written.put(table, &native, size_limit);
        written.requests.extend(metadata_requests(&table.metadata, size_limit));
        written
    }

    fn put(&mut self, table: &SeriesTable, series: &[&Series], size_limit: usize) {
        let mut writing = Writing::new(table);
        let (mut samples, mut exemplars) = (Vec::new(), Vec::new());
        for series in series {
            let (points, overwritten) = table.collect_samples(series, &mut samples);
            table.collect_exemplars(series, &mut exemplars);
            self.overwritten += overwritten;
            let before = writing.body.len();
            writing.put_series(series, &samples, &exemplars);
            if writing.length() > size_limit && before > 0 {
                writing.body.truncate(before);
                self.requests.push(writing.into_request());
                writing = Writing::new(table);
                writing.put_series(series, &samples, &exemplars);
            }
            writing.points += points;
            writing.samples += samples.len();
        }
        if !writing.body.is_empty() {
            self.requests.push(writing.into_request());
        }
    }
}

impl<'t> Writing<'t> {
    fn new(table: &'t SeriesTable) -> Self {
        let symbols = RequestSymbols::new(&table.labels);
        Self { table, symbols, body: Vec::new(), points: 0, samples: 0 }
    }

    fn length(&self) -> usize {
        self.body.len() + self.symbols.encoded_length()
    }

    fn into_request(self) -> WriteRequest {
        let parts = [self.symbols.into_encoded(), self.body];
        let parts = parts.into_iter().filter(|part| !part.is_empty()).map(Bytes::from).collect();
        WriteRequest { parts, points: self.points, samples: self.samples }
    }

    fn put_series(&mut self, series: &Series, samples: &[Sample], exemplars: &[SeriesExemplar]) {
        let Self { table, symbols, body, .. } = self;
        let writer = &table.labels;
        let protocol = writer.protocol();
        let (series_field, exemplars_field, histograms_field) = match protocol {
            Protocol::V1 => (1, 3, 4),
            Protocol::V2 => (5, 4, 3),
        };
        put_message(body, series_field, |out| {
            writer.put_list(out, table.encoded(series.labels), symbols);
            for sample in samples {
                match sample.value {
                    SampleValue::Number(value) => put_sample(out, protocol, sample, value),
                    SampleValue::Histogram(piece) => {
                        put_length_delimited(out, histograms_field, table.encoded(piece));
                    }
                }
            }
            for exemplar in exemplars {
                put_message(out, exemplars_field, |out| {
                    writer.put_list(out, table.encoded(exemplar.labels), symbols);
                    put_double(out, 2, exemplar.value);
                    put_number(out, 3, exemplar.time_ms.cast_unsigned());
                });
            }
            if protocol == Protocol::V2 {
                let Metadata { kind, help, unit } = series.metadata;
                let (help, unit) = (writer.number_in(symbols, help), writer.number_in(symbols, unit));
                put_message(out, 5, |out| {
                    put_number(out, 1, u64::from(kind));
                    put_number(out, 3, u64::from(help));
                    put_number(out, 4, u64::from(unit));
                });
            }
        });
    }
}

fn put_sample(out: &mut Vec<u8>, protocol: Protocol, sample: &Sample, value: f64) {
    put_message(out, 2, |out| {
        put_double(out, 1, value);
        put_number(out, 2, sample.time_ms.cast_unsigned());
        if protocol == Protocol::V2 && sample.start_time_ms != 0 {
            put_number(out, 3, sample.start_time_ms.cast_unsigned());
        }
    });
}

/// What metrics are, in requests of its own as Prometheus sends it.
fn metadata_requests(metadata: &[Vec<u8>], size_limit: usize) -> Vec<WriteRequest> {
    let mut requests = Vec::new();
    let mut body = Vec::new();
    for message in metadata {
        if body.len() + message.len() > size_limit && !body.is_empty() {
            let parts = vec![std::mem::take(&mut body).into()];
            requests.push(WriteRequest { parts, ..WriteRequest::default() });
        }
        put_length_delimited(&mut body, 3, message);
    }
    if !body.is_empty() {
        requests.push(WriteRequest { parts: vec![body.into()], ..WriteRequest::default() });
    }
    requests
}
