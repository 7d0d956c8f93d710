//! What is counted of one series.
//!
//! The state holds nothing that means something in this process alone: a cumulative flush is nearly all of
//! it, since fingerprints follow from resource and attributes. To keep it through a restart a storage needs
//! that request and, for each counter, whether it was written before ([`Counter::was_written`]).

use std::sync::Arc;

use super::config::HistogramConfig;
use super::dimensions::Measure;
use super::resources::Resource;
use crate::metric_streams::ExponentialHistogram;
use crate::metric_streams::wire::MessageList;
use crate::otlp::SpanView;
use crate::otlp::wire::{WireType, put_key, put_length_delimited};

/// One set of attributes of a resource, with all that is counted under it: mostly a span's calls and durations
/// have the same dimensions, so that they are found together.
#[derive(Debug)]
pub struct Series {
    /// Whose series it is.
    pub resource: Arc<Resource>,
    /// The attributes of its data points.
    pub attributes: MessageList,
    /// How many spans there were.
    pub calls: Option<Counter>,
    /// How long they took.
    pub duration: Option<Durations>,
    /// How many events there were. Boxed, since few have them.
    pub events: Option<Box<Counter>>,
    /// True for the series of everything above the limit, which takes no place of its own.
    pub is_overflow: bool,
}

/// What both kinds of state have.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When the first span was seen, in nanoseconds since 1970.
    pub start_time_unix_nano: u64,
    /// When the last one was.
    pub last_seen_unix_nano: u64,
    /// Spans since the last flush, as examples.
    pub exemplars: Vec<Exemplar>,
}

/// A count.
#[derive(Debug)]
pub struct Counter {
    /// When and examples.
    pub recorded: Recorded,
    /// How many.
    pub count: u64,
    /// False until a first point, which says 0, was made of it.
    pub was_written: bool,
}

/// A distribution of durations.
#[derive(Debug)]
pub struct Durations {
    /// When and examples.
    pub recorded: Recorded,
    /// The distribution.
    pub buckets: DurationBuckets,
}

/// How durations are distributed. Bounds are the same for all series and kept once, beside them.
#[derive(Debug)]
pub enum DurationBuckets {
    /// Over buckets with given bounds.
    Explicit {
        /// The sum of all durations.
        sum: f64,
        /// Spans per bucket, one more than there are bounds.
        counts: Box<[u64]>,
    },
    /// Over buckets that grow exponentially.
    Exponential(Box<ExponentialHistogram>),
}

/// What durations are recorded in.
#[derive(Debug, Clone)]
pub enum Layout {
    /// Buckets with these bounds.
    Explicit(Vec<f64>),
    /// At most so many exponential buckets.
    Exponential(usize),
}

/// A span as an example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar {
    /// The span's trace.
    pub trace_id: [u8; 16],
    /// The span.
    pub span_id: [u8; 8],
    /// How long it took.
    pub duration: f64,
}

/// One span, as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct Observation {
    /// How long it took, in the unit of the metric.
    pub duration: f64,
    /// How many spans it stands for.
    pub times: u64,
    /// The same as an example, where those are kept.
    pub exemplar: Option<Exemplar>,
    /// When it was seen, in nanoseconds since 1970.
    pub seen_unix_nano: u64,
}

impl Series {
    /// A series of which nothing was counted.
    pub const fn new(resource: Arc<Resource>, attributes: MessageList) -> Self {
        Self { resource, attributes, calls: None, duration: None, events: None, is_overflow: false }
    }

    /// True where something was counted under `measure`.
    pub const fn has(&self, measure: Measure) -> bool {
        match measure {
            Measure::Calls => self.calls.is_some(),
            Measure::Duration => self.duration.is_some(),
            Measure::Events => self.events.is_some(),
        }
    }

    /// True where nothing is counted any more.
    pub const fn is_empty(&self) -> bool {
        self.calls.is_none() && self.duration.is_none() && self.events.is_none()
    }

    /// Calls `visit` with what each measure recorded.
    pub fn for_each_recorded(&mut self, visit: impl FnMut(&mut Recorded)) {
        let calls = self.calls.as_mut().map(|counter| &mut counter.recorded);
        let duration = self.duration.as_mut().map(|durations| &mut durations.recorded);
        let events = self.events.as_mut().map(|counter| &mut counter.recorded);
        [calls, duration, events].into_iter().flatten().for_each(visit);
    }

    /// Forgets the measures whose record `is_over`.
    pub fn forget(&mut self, is_over: impl Fn(&Recorded) -> bool) {
        let had = Measure::ALL.map(|measure| self.has(measure));
        self.calls.take_if(|counter| is_over(&counter.recorded));
        self.duration.take_if(|durations| is_over(&durations.recorded));
        self.events.take_if(|counter| is_over(&counter.recorded));
        for (measure, had) in Measure::ALL.into_iter().zip(had) {
            if had && !self.has(measure) && !self.is_overflow {
                self.resource.give_place_back(measure);
            }
        }
    }

    /// Counts a span, or an event of it, under `measure`.
    pub fn record(&mut self, measure: Measure, observation: &Observation, recording: &Recording) {
        match measure {
            Measure::Calls => {
                self.calls.get_or_insert_with(|| Counter::new(observation)).add(observation, recording);
            }
            Measure::Duration => self
                .duration
                .get_or_insert_with(|| Durations::new(observation, &recording.layout))
                .add(observation, recording),
            Measure::Events => self
                .events
                .get_or_insert_with(|| Box::new(Counter::new(observation)))
                .add(observation, recording),
        }
    }
}

/// How spans are recorded, the same for all series.
#[derive(Debug, Clone)]
pub struct Recording {
    /// What durations are recorded in.
    pub layout: Layout,
    /// How many examples a data point has at most.
    pub most_exemplars: usize,
}

impl Layout {
    /// The one that is configured.
    pub fn of(config: &HistogramConfig) -> Self {
        config.exponential_size().map_or_else(|| Self::Explicit(config.bounds()), Self::Exponential)
    }
}

impl Counter {
    fn new(first: &Observation) -> Self {
        Self { recorded: Recorded::new(first), count: 0, was_written: false }
    }

    fn add(&mut self, observation: &Observation, recording: &Recording) {
        self.recorded.note(observation, recording);
        self.count = self.count.saturating_add(observation.times);
    }
}

impl Durations {
    fn new(first: &Observation, layout: &Layout) -> Self {
        let buckets = match layout {
            Layout::Explicit(bounds) => {
                DurationBuckets::Explicit { sum: 0.0, counts: vec![0; bounds.len() + 1].into() }
            }
            Layout::Exponential(_) => DurationBuckets::Exponential(Box::new(ExponentialHistogram::empty())),
        };
        Self { recorded: Recorded::new(first), buckets }
    }

    fn add(&mut self, observation: &Observation, recording: &Recording) {
        self.recorded.note(observation, recording);
        let Observation { duration, times, .. } = *observation;
        match (&mut self.buckets, &recording.layout) {
            (DurationBuckets::Explicit { sum, counts }, Layout::Explicit(bounds)) => {
                *sum += duration * times as f64;
                let bucket = bounds.partition_point(|bound| *bound < duration);
                if let Some(count) = counts.get_mut(bucket) {
                    *count = count.saturating_add(times);
                }
            }
            (DurationBuckets::Exponential(histogram), Layout::Exponential(most_buckets)) => {
                histogram.record(duration, times, *most_buckets);
            }
            (buckets, layout) => debug_assert!(false, "{buckets:?} are not {layout:?}"),
        }
    }
}

impl Recorded {
    const fn new(first: &Observation) -> Self {
        Self {
            start_time_unix_nano: first.seen_unix_nano,
            last_seen_unix_nano: first.seen_unix_nano,
            exemplars: Vec::new(),
        }
    }

    fn note(&mut self, observation: &Observation, recording: &Recording) {
        self.last_seen_unix_nano = self.last_seen_unix_nano.max(observation.seen_unix_nano);
        if let Some(exemplar) = observation.exemplar
            && self.exemplars.len() < recording.most_exemplars
        {
            self.exemplars.push(exemplar);
        }
    }

    /// The examples as `Exemplar` messages of that time.
    pub fn encoded_exemplars(&self, time_unix_nano: u64) -> MessageList {
        let mut encoded = MessageList::default();
        for exemplar in &self.exemplars {
            encoded.push_with(|out| exemplar.put(out, time_unix_nano));
        }
        encoded
    }
}

impl Exemplar {
    /// A span as an example; none where it has no valid trace id.
    pub fn of(span: &SpanView<'_>, duration: f64) -> Option<Self> {
        let trace_id: [u8; 16] = span.trace_id.try_into().ok().filter(|id| *id != [0; 16])?;
        Some(Self { trace_id, span_id: span.span_id.try_into().unwrap_or_default(), duration })
    }

    fn put(&self, out: &mut Vec<u8>, time_unix_nano: u64) {
        put_key(out, 2, WireType::Fixed64);
        out.extend_from_slice(&time_unix_nano.to_le_bytes());
        put_key(out, 3, WireType::Fixed64);
        out.extend_from_slice(&self.duration.to_le_bytes());
        if self.span_id != [0; 8] {
            put_length_delimited(out, 4, &self.span_id);
        }
        put_length_delimited(out, 5, &self.trace_id);
    }
}
