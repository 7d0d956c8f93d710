//! What one target showed, scrape after scrape, turned into OTLP.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::client::{Answer, ScrapeFailure};
use super::exemplar::encoded_exemplar;
use super::job_settings::JobSettings;
use super::labels::{LabelSet, NAME};
use super::metadata::MetadataStore;
use super::sample_value::STALE;
use super::series_cache::{Found, SeriesCache, TextMeaning};
use super::streams::{Place, ResourceOrigin, Streams, Written};
use super::target::Target;
use crate::prometheus::exposition::{ExpositionLine, ExpositionReader, MetricType, SampleLine, read_series};

/// The state of one target.
#[derive(Debug)]
pub(super) struct TargetScrape {
    target: Arc<Target>,
    job: Arc<JobSettings>,
    cache: SeriesCache,
    metadata: MetadataStore,
    streams: Streams,
    /// Counts scrapes, from 1.
    scrape: u64,
    /// The series about the scrapes themselves.
    report: Vec<Place>,
}

/// What a scrape came to.
#[derive(Debug)]
pub(super) struct ScrapeOutcome {
    /// The metrics, those about the scrape among them.
    pub(super) written: Written,
    /// Why the scrape failed.
    pub(super) failure: Option<String>,
}

/// When a scrape was, and how long it took.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScrapeTime {
    pub(super) time_ms: i64,
    pub(super) duration: Duration,
    /// What is measured later than this is not taken.
    pub(super) latest_ms: i64,
}

/// What is counted of a scrape.
#[derive(Debug, Default)]
struct Counts {
    scraped: usize,
    kept: usize,
    added: usize,
    taken: u64,
    repeated: usize,
    too_late: usize,
    inconsistent: usize,
}

/// The metrics about a scrape.
const REPORT: [&str; 8] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes",
];

/// How many of them there are unless more are asked for.
const SHORT_REPORT: usize = 5;

/// How many more data points than series may be known before those of former series are forgotten.
const ROOM_FOR_FORMER_SERIES: usize = 1000;

impl TargetScrape {
    /// Of a target that was not scraped yet.
    pub(super) fn new(target: Arc<Target>, job: Arc<JobSettings>) -> Self {
        let streams = Streams::new(ResourceOrigin::of(&target), job.trims_suffixes);
        Self {
            target,
            job,
            cache: SeriesCache::default(),
            metadata: MetadataStore::default(),
            streams,
            scrape: 0,
            report: Vec::new(),
        }
    }

    /// Takes what the target answered.
    pub(super) fn take(&mut self, answer: Result<Answer, ScrapeFailure>, time: ScrapeTime) -> ScrapeOutcome {
        self.scrape += 1;
        self.streams.begin();
        self.cache.begin();
        let mut counts = Counts::default();
        let (body_size, failure) = match answer {
            Ok(answer) => {
                let taken = self.take_body(&answer.content_type, &answer.body, time, &mut counts);
                (answer.body.len() as f64, taken.err())
            }
            Err(ScrapeFailure::TooLong) => (-1.0, Some(ScrapeFailure::TooLong.to_string())),
            Err(ScrapeFailure::Other(problem)) => (0.0, Some(problem)),
        };
        let has_series = failure.is_none() && body_size > 0.0;
        if failure.is_some() {
            // What was taken before it failed is left out.
            self.streams.begin();
        }
        self.end_series(has_series.then_some(self.scrape), time.time_ms);
        counts.warn();
        let limit = self.job.limits.sample_limit as f64;
        let report = [
            if failure.is_none() { 1.0 } else { 0.0 },
            time.duration.as_secs_f64(),
            counts.scraped as f64,
            counts.kept as f64,
            counts.added as f64,
            self.target.timeout.as_secs_f64(),
            limit,
            body_size,
        ];
        self.add_report(time.time_ms, report);
        let written = self.streams.write();
        self.tidy(has_series);
        ScrapeOutcome { written, failure }
    }

    /// Ends every series, those about the scrapes too.
    pub(super) fn end(&mut self, time_ms: i64) -> Written {
        self.scrape += 1;
        self.streams.begin();
        self.cache.begin();
        self.end_series(None, time_ms);
        self.add_report(time_ms, [STALE; REPORT.len()]);
        let written = self.streams.write();
        self.tidy(false);
        written
    }

    #[cfg(test)]
    pub(super) const fn known_points(&self) -> usize {
        self.streams.len()
    }

    fn take_body(
        &mut self,
        content_type: &str,
        body: &Bytes,
        time: ScrapeTime,
        counts: &mut Counts,
    ) -> Result<(), String> {
        let mut reader = ExpositionReader::new(body, self.job.format_of(content_type)?);
        if body.is_empty() {
            return Ok(());
        }
        let mut metric_type = MetricType::Unknown;
        while let Some(line) = reader.next_line(self.cache.expected()).map_err(|error| error.to_string())? {
            match line {
                ExpositionLine::Type { family, metric_type: found } => {
                    metric_type = found;
                    self.metadata.set_type(family, found, self.scrape);
                }
                ExpositionLine::Help { family, text } => self.metadata.set_help(family, &text, self.scrape),
                ExpositionLine::Unit { family, unit } => self.metadata.set_unit(family, &unit, self.scrape),
                ExpositionLine::Sample(sample) => self.take_sample(&sample, metric_type, time, counts)?,
            }
        }
        let limit = self.job.limits.sample_limit;
        if limit > 0 && counts.taken > limit { Err("sample limit exceeded".to_owned()) } else { Ok(()) }
    }

    fn take_sample(
        &mut self,
        sample: &SampleLine<'_>,
        metric_type: MetricType,
        time: ScrapeTime,
        counts: &mut Counts,
    ) -> Result<(), String> {
        counts.scraped += 1;
        let own_time = sample.timestamp_ms.filter(|_| self.job.honors_timestamps);
        let found = self.cache.find(sample.series, sample.is_expected, self.scrape);
        let series = match found {
            Some(Found { meaning: TextMeaning::Dropped, .. }) => return Ok(()),
            Some(Found { meaning: TextMeaning::Series(series), is_repeated }) => {
                if is_repeated && own_time.is_none() {
                    counts.kept += 1;
                    counts.repeated += 1;
                    return Ok(());
                }
                series
            }
            None => match self.read(sample.series, metric_type)? {
                Some(series) => series,
                None => return Ok(()),
            },
        };
        counts.kept += 1;
        counts.taken += 1;
        let limit = self.job.limits.sample_limit;
        if limit > 0 && counts.taken > limit {
            return Ok(());
        }
        let time_ms = own_time.unwrap_or(time.time_ms);
        if time_ms > time.latest_ms {
            counts.too_late += 1;
            return Ok(());
        }
        let place = self.place(series);
        counts.added += usize::from(found.is_none());
        if self.streams.add(place, time_ms, sample.value).is_err() {
            counts.inconsistent += 1;
            return Ok(());
        }
        if let Some(exemplar) = &sample.exemplar {
            self.streams.add_exemplar(place, &encoded_exemplar(exemplar, time_ms));
        }
        let is_point = matches!(place, Place::Point { .. });
        if is_point && (own_time.is_none() || self.job.tracks_timestamps) {
            self.cache.track(series, self.scrape);
        }
        Ok(())
    }

    /// The series of a text that was not seen before; none where relabelling drops it.
    fn read(&mut self, text: &[u8], metric_type: MetricType) -> Result<Option<usize>, String> {
        let labels = self.job.labels(read_series(text), metric_type, &self.target.labels)?;
        let Some(mut labels) = labels else {
            self.cache.remember(text, TextMeaning::Dropped, self.scrape);
            return Ok(None);
        };
        self.add_external_labels(&mut labels);
        let series = self.cache.series_of(&labels);
        self.cache.remember(text, TextMeaning::Series(series), self.scrape);
        Ok(Some(series))
    }

    /// The place of a series, found anew where something else is said of metrics than when it was found.
    fn place(&mut self, place: usize) -> Place {
        let generation = self.metadata.generation();
        let Some(series) = self.cache.series_mut(place) else { return Place::Nowhere };
        if series.placed_in != generation {
            series.placed_in = generation;
            series.place = placed(&mut self.streams, &series.labels(), &self.metadata);
        }
        series.place
    }

    /// Marks the end of each series that the scrape before had and this one has not.
    fn end_series(&mut self, scrape: Option<u64>, time_ms: i64) {
        for series in self.cache.ended(scrape) {
            // The mark of a part that is there with another time is left out.
            let _ = self.streams.add(series.place, time_ms, STALE);
        }
    }

    fn add_report(&mut self, time_ms: i64, values: [f64; REPORT.len()]) {
        let length = if self.job.reports_more { REPORT.len() } else { SHORT_REPORT };
        if self.report.is_empty() {
            self.report = REPORT.into_iter().take(length).map(|name| self.place_report(name)).collect();
        }
        for (place, value) in self.report.iter().zip(values) {
            // The same time for all: there is nothing to contradict.
            let _ = self.streams.add(*place, time_ms, value);
        }
    }

    fn place_report(&mut self, name: &str) -> Place {
        let mut labels = self.target.labels.clone();
        labels.set(NAME, name);
        self.add_external_labels(&mut labels);
        placed(&mut self.streams, &labels, &self.metadata)
    }

    fn add_external_labels(&self, labels: &mut LabelSet) {
        for label in self.job.external_labels.iter() {
            labels.set(&label.name, &label.value);
        }
    }

    /// Forgets what is not there any more.
    fn tidy(&mut self, has_series: bool) {
        if has_series {
            self.metadata.forget_old(self.scrape);
        }
        let has_forgotten =
            if has_series { self.cache.end(self.scrape) } else { self.cache.end_without_series() };
        if !has_forgotten || self.streams.len() <= 2 * self.cache.len() + ROOM_FOR_FORMER_SERIES {
            return;
        }
        self.streams.forget();
        self.report.clear();
        let generation = self.metadata.generation();
        for place in self.cache.places() {
            if let Some(series) = self.cache.series_mut(place) {
                series.placed_in = generation;
                series.place = placed(&mut self.streams, &series.labels(), &self.metadata);
            }
        }
    }
}

fn placed(streams: &mut Streams, labels: &LabelSet, metadata: &MetadataStore) -> Place {
    streams.place(labels, metadata).unwrap_or_else(|problem| {
        tracing::warn!(problem, "A series cannot be a part of its metric; its samples are left out");
        Place::Nowhere
    })
}

impl Counts {
    fn warn(&self) {
        let counts = [
            (self.repeated, "Samples were left out: the scrape has their series twice"),
            (self.too_late, "Samples were left out: they are from more than ten minutes ahead"),
            (
                self.inconsistent,
                "Samples were left out: another sample of the same data point has another time",
            ),
        ];
        for (dropped_samples, message) in counts.into_iter().filter(|(count, _)| *count > 0) {
            tracing::warn!(dropped_samples, "{message}");
        }
    }
}

#[cfg(test)]
mod tests;
