//! What is known of the series of a target, by the text they are written as: read, relabelled and placed
//! once, then found again by comparing bytes.

use std::collections::HashMap;
use std::sync::Arc;

use super::labels::LabelSet;
use super::streams::Place;
use crate::prometheus::Label;

/// The series of one target.
#[derive(Debug, Default)]
pub(super) struct SeriesCache {
    texts: Vec<Text>,
    free_texts: Vec<usize>,
    by_text: HashMap<Arc<[u8]>, usize>,
    series: Vec<Series>,
    free_series: Vec<usize>,
    by_labels: HashMap<Arc<[u8]>, usize>,
    /// The series that end with a marker once they are gone: of the scrape before, and of this one.
    tracked_before: Vec<usize>,
    tracked: Vec<usize>,
    /// The text found last in this scrape, whose follower is expected next.
    last: Option<usize>,
    /// The first text of a scrape.
    first: usize,
    /// How many texts this scrape has.
    seen: usize,
    /// How many texts there were after the last good scrape.
    known: usize,
}

/// One way in which a target writes a series.
#[derive(Debug)]
struct Text {
    text: Arc<[u8]>,
    meaning: TextMeaning,
    last_scrape: u64,
    /// The text that followed in the last scrape that had this one.
    next: usize,
}

/// What a text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextMeaning {
    /// A series that relabelling drops.
    Dropped,
    /// A series.
    Series(usize),
}

/// A series as relabelling left it.
#[derive(Debug)]
pub(super) struct Series {
    /// Names and values with a byte between that no text has.
    labels: Arc<[u8]>,
    pub(super) place: Place,
    /// The generation of the metadata by which it was placed.
    pub(super) placed_in: u64,
    /// The scrape that had it last, of those after which it ends with a marker.
    tracked_scrape: u64,
    texts: usize,
}

/// A text that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) meaning: TextMeaning,
    /// Whether this scrape had it before.
    pub(super) is_repeated: bool,
}

/// How many more texts than after the last good scrape are kept while scrapes fail.
const ROOM_FOR_FAILURES: usize = 1000;

const SEPARATOR: u8 = 0xff;

impl SeriesCache {
    /// Begins a scrape.
    pub(super) fn begin(&mut self) {
        self.last = None;
        self.seen = 0;
        self.tracked.clear();
    }

    /// The text that is likely to be next; empty where nothing is known.
    pub(super) fn expected(&self) -> &[u8] {
        self.texts.get(self.expected_place()).map_or(&[], |text| &text.text)
    }

    /// What is known of `text`, the expected one where `is_expected`.
    pub(super) fn find(&mut self, text: &[u8], is_expected: bool, scrape: u64) -> Option<Found> {
        let place = if is_expected { self.expected_place() } else { *self.by_text.get(text)? };
        self.follow(place);
        let known = self.texts.get_mut(place)?;
        let is_repeated = known.last_scrape == scrape;
        known.last_scrape = scrape;
        self.seen += usize::from(!is_repeated);
        Some(Found { meaning: known.meaning, is_repeated })
    }

    /// Remembers what a text stands for.
    pub(super) fn remember(&mut self, text: &[u8], meaning: TextMeaning, scrape: u64) {
        let text: Arc<[u8]> = text.into();
        if let TextMeaning::Series(place) = meaning
            && let Some(series) = self.series.get_mut(place)
        {
            series.texts += 1;
        }
        let known = Text { text: Arc::clone(&text), meaning, last_scrape: scrape, next: usize::MAX };
        let place = put(&mut self.texts, &mut self.free_texts, known);
        self.by_text.insert(text, place);
        self.follow(place);
        self.seen += 1;
    }

    /// The series with these labels, new where there was none; its place is then to be found.
    pub(super) fn series_of(&mut self, labels: &LabelSet) -> usize {
        let labels = packed(labels);
        if let Some(place) = self.by_labels.get(&labels) {
            return *place;
        }
        let series = Series {
            labels: Arc::clone(&labels),
            place: Place::Nowhere,
            placed_in: u64::MAX,
            tracked_scrape: 0,
            texts: 0,
        };
        let place = put(&mut self.series, &mut self.free_series, series);
        self.by_labels.insert(labels, place);
        place
    }

    pub(super) fn series_mut(&mut self, place: usize) -> Option<&mut Series> {
        self.series.get_mut(place)
    }

    /// Notes that a series is there; one that then is not ends with a marker.
    pub(super) fn track(&mut self, place: usize, scrape: u64) {
        let Some(series) = self.series.get_mut(place) else { return };
        if series.tracked_scrape != scrape {
            series.tracked_scrape = scrape;
            self.tracked.push(place);
        }
    }

    /// The series that were there in the scrape before and are not any more; all of them where `scrape`
    /// is none.
    pub(super) fn ended(&self, scrape: Option<u64>) -> impl Iterator<Item = &Series> {
        let before = self.tracked_before.iter().filter_map(|place| self.series.get(*place));
        before.filter(move |series| scrape != Some(series.tracked_scrape))
    }

    /// Ends a scrape that failed or was empty: nothing is there any more. True where every series was
    /// forgotten, since failing scrapes brought too many.
    pub(super) fn end_without_series(&mut self) -> bool {
        self.tracked_before.clear();
        let is_too_long = self.by_text.len() > 2 * self.known + ROOM_FOR_FAILURES;
        if is_too_long {
            *self = Self::default();
        }
        is_too_long
    }

    /// Ends a good scrape; texts that it did not have are forgotten. True where series were.
    pub(super) fn end(&mut self, scrape: u64) -> bool {
        std::mem::swap(&mut self.tracked_before, &mut self.tracked);
        let forgets = self.seen < self.by_text.len();
        if forgets {
            self.forget_texts(scrape);
        }
        self.known = self.by_text.len();
        forgets
    }

    /// The places of all series.
    pub(super) fn places(&self) -> Vec<usize> {
        self.by_labels.values().copied().collect()
    }

    /// How many series there are.
    pub(super) fn len(&self) -> usize {
        self.by_labels.len()
    }

    fn expected_place(&self) -> usize {
        match self.last {
            Some(last) => self.texts.get(last).map_or(usize::MAX, |text| text.next),
            None => self.first,
        }
    }

    fn follow(&mut self, place: usize) {
        match self.last.and_then(|last| self.texts.get_mut(last)) {
            Some(last) => last.next = place,
            None => self.first = place,
        }
        self.last = Some(place);
    }

    fn forget_texts(&mut self, scrape: u64) {
        let Self { texts, free_texts, by_text, series, free_series, by_labels, .. } = self;
        by_text.retain(|_, place| {
            let Some(text) = texts.get_mut(*place) else { return false };
            if text.last_scrape == scrape {
                return true;
            }
            if let TextMeaning::Series(place) = text.meaning
                && let Some(series) = series.get_mut(place)
            {
                series.texts = series.texts.saturating_sub(1);
            }
            text.text = Arc::from([]);
            free_texts.push(*place);
            false
        });
        by_labels.retain(|_, place| {
            let is_used = series.get(*place).is_some_and(|series| series.texts > 0);
            if !is_used {
                free_series.push(*place);
            }
            is_used
        });
    }
}

impl Series {
    /// The labels.
    pub(super) fn labels(&self) -> LabelSet {
        let mut texts = self.labels.split(|byte| *byte == SEPARATOR).map(String::from_utf8_lossy);
        std::iter::from_fn(|| Some((texts.next()?, texts.next()?))).collect()
    }
}

fn packed(labels: &LabelSet) -> Arc<[u8]> {
    let mut packed = Vec::new();
    for Label { name, value } in labels.iter() {
        if !packed.is_empty() {
            packed.push(SEPARATOR);
        }
        packed.extend_from_slice(name.as_bytes());
        packed.push(SEPARATOR);
        packed.extend_from_slice(value.as_bytes());
    }
    packed.into()
}

/// Puts an element where one was taken out, or at the end.
fn put<T>(list: &mut Vec<T>, free: &mut Vec<usize>, element: T) -> usize {
    let place = free.pop().unwrap_or(list.len());
    match list.get_mut(place) {
        Some(taken_out) => *taken_out = element,
        None => list.push(element),
    }
    place
}
