//! Gauges: of the latest values of the inputs one is made.

use super::{Arrival, HandedOn, Merged, Merging, Moment, Outcome, Progress, add_exemplars};
use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{Point, PointValue, StreamId, StreamMap, add_numbers};
use crate::otlp::{NumberDataPointView, NumberValue, View};
use crate::processors::dimensions::config::GaugeMerging;

/// A gauge.
#[derive(Debug)]
pub(super) struct GaugeStream {
    progress: Progress,
    /// The only input there has been, as long as there are not several.
    only_input: StreamId,
    /// The last that it said.
    only_latest: Option<Latest>,
    several: Option<Box<Several>>,
}

#[derive(Debug, Default)]
struct Several {
    inputs: StreamMap<Latest>,
    /// The time of the latest point that was taken.
    latest: u64,
    /// How many points were taken, to know of equally late ones which came last.
    arrivals: u64,
    /// True where a value was not handed on.
    is_unsent: bool,
    exemplars: MessageList,
}

/// The last value of an input.
#[derive(Debug, Clone, Copy)]
struct Latest {
    time: u64,
    arrival: u64,
    value: NumberValue,
    seen: u64,
}

impl GaugeStream {
    pub const fn new(input: StreamId) -> Self {
        Self { progress: Progress::NONE, only_input: input, only_latest: None, several: None }
    }

    pub fn merge_always(&mut self) {
        self.several();
    }

    pub fn has_input(&self, input: StreamId) -> bool {
        match &self.several {
            None => self.only_input == input,
            Some(several) => several.inputs.contains_key(&input),
        }
    }

    pub fn take<'a>(
        &mut self,
        arrivals: impl Iterator<Item = Arrival<'a>> + Clone,
        merging: Merging,
        moment: Moment,
    ) -> Outcome {
        let only_input = self.only_input;
        if self.several.is_none() && arrivals.clone().all(|arrival| arrival.input == only_input) {
            let latest = &mut self.only_latest;
            for arrival in arrivals {
                let point = NumberDataPointView::parse(arrival.bytes);
                self.progress.note(point.time_unix_nano, moment);
                match Latest::of(&point, moment) {
                    None => *latest = None,
                    Some(newer) if latest.is_none_or(|latest| latest.time <= newer.time) => {
                        *latest = Some(newer);
                    }
                    Some(_) => {}
                }
            }
            return Outcome::Verbatim;
        }
        let progress = self.progress;
        let several = self.several();
        let (mut outdated, mut ends_at) = (0, None);
        for arrival in arrivals {
            let point = NumberDataPointView::parse(arrival.bytes);
            match Latest::of(&point, moment) {
                Some(latest) => {
                    ends_at = None;
                    if several.add(arrival.input, latest) {
                        add_exemplars(&mut several.exemplars, &MessageList::of(point.exemplars));
                    } else {
                        outdated += 1;
                    }
                }
                None => {
                    several.inputs.remove(&arrival.input);
                    ends_at = Some(point.time_unix_nano);
                }
            }
        }
        let merged = Merged { outdated, ..Merged::default() };
        if several.inputs.is_empty() {
            several.is_unsent = false;
        }
        if !several.is_unsent {
            let is_over = several.inputs.is_empty();
            if let Some(time) = ends_at.filter(|time| is_over && *time > progress.time) {
                self.progress.note(time, moment);
                return Outcome::LastVerbatim;
            }
            return Outcome::Merged(merged);
        }
        if several.latest <= progress.time {
            return Outcome::Merged(Merged { waits: true, ..merged });
        }
        Outcome::Merged(Merged { point: self.flush(merging, moment), ..merged })
    }

    pub const fn take_back(&mut self, time: u64, before: Progress) {
        self.progress.undo(time, before);
        if let Some(several) = &mut self.several {
            several.is_unsent = true;
        }
    }

    pub fn waits(&self) -> bool {
        self.several.as_ref().is_some_and(|several| several.is_unsent)
    }

    pub fn flush(&mut self, merging: Merging, moment: Moment) -> Option<HandedOn> {
        let several = self.several.as_mut()?;
        let was_unsent = std::mem::take(&mut several.is_unsent);
        let value = several.value(merging.gauge).filter(|_| was_unsent)?;
        let before = self.progress;
        let point = Point {
            // A gauge has no use for it.
            start_time_unix_nano: 0,
            time_unix_nano: before.time_after(several.latest, moment),
            value: PointValue::Number(value),
            exemplars: std::mem::take(&mut several.exemplars),
        };
        self.progress.note(point.time_unix_nano, moment);
        Some(HandedOn { point, before, taken: None })
    }

    pub fn forget_inputs(&mut self, age: u64) {
        if let Some(several) = &mut self.several {
            several.inputs.retain(|_, latest| latest.seen >= age);
        }
    }

    /// The state of several inputs, made of that of the only one where it has to be.
    fn several(&mut self) -> &mut Several {
        let Self { only_input, only_latest, several, .. } = self;
        several.get_or_insert_with(|| {
            let inputs = only_latest.take().map(|latest| (*only_input, latest)).into_iter().collect();
            Box::new(Several { inputs, ..Several::default() })
        })
    }
}

impl Latest {
    fn of(point: &NumberDataPointView<'_>, moment: Moment) -> Option<Self> {
        let value = point.value.filter(|_| point.flags & 1 == 0)?;
        Some(Self { time: point.time_unix_nano, arrival: 0, value, seen: moment.age })
    }
}

impl Several {
    /// Takes the next value of an input; false where it is not newer.
    fn add(&mut self, input: StreamId, mut latest: Latest) -> bool {
        self.arrivals += 1;
        latest.arrival = self.arrivals;
        let known = self.inputs.entry(input).or_insert(latest);
        known.seen = latest.seen;
        if known.arrival != latest.arrival && known.time >= latest.time {
            return false;
        }
        *known = latest;
        self.latest = self.latest.max(latest.time);
        self.is_unsent = true;
        true
    }

    fn value(&self, merging: GaugeMerging) -> Option<NumberValue> {
        let values = self.inputs.values().map(|latest| latest.value);
        match merging {
            GaugeMerging::Last => {
                let last = self.inputs.values().max_by_key(|latest| (latest.time, latest.arrival));
                last.map(|latest| latest.value)
            }
            GaugeMerging::Min => values.min_by(|left, right| left.to_double().total_cmp(&right.to_double())),
            GaugeMerging::Max => values.max_by(|left, right| left.to_double().total_cmp(&right.to_double())),
            GaugeMerging::Sum => values.reduce(add_numbers),
            GaugeMerging::Mean => {
                let sum = values.reduce(add_numbers)?;
                Some(NumberValue::Double(sum.to_double() / self.inputs.len() as f64))
            }
        }
    }
}
