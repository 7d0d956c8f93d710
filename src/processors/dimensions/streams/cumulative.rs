//! Cumulative series: what each input adds is added to a total that outlives the inputs.

use super::{Arrival, HandedOn, Merged, Merging, Moment, Outcome, Progress, add_exemplars, earlier_start};
use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{CumulativeState, Point, PointValue, StreamId, StreamMap};

/// A cumulative series.
#[derive(Debug)]
pub(super) struct CumulativeStream {
    progress: Progress,
    /// The only input there has been, as long as there are not several.
    only_input: StreamId,
    /// The last that it said.
    only_state: Option<CumulativeState>,
    several: Option<Box<Several>>,
}

#[derive(Debug, Default)]
struct Several {
    start_time_unix_nano: u64,
    /// None until an input has a value.
    total: Option<PointValue>,
    /// The time of the latest point that was added.
    latest: u64,
    /// True where the total is not what was handed on last.
    is_unsent: bool,
    exemplars: MessageList,
    inputs: StreamMap<Input>,
    /// The time of the latest point of an input that was forgotten.
    forgotten_until: u64,
}

#[derive(Debug)]
struct Input {
    state: CumulativeState,
    seen: u64,
    has_ended: bool,
}

impl CumulativeStream {
    pub const fn new(input: StreamId) -> Self {
        Self { progress: Progress::NONE, only_input: input, only_state: None, several: None }
    }

    pub fn merge_always(&mut self) {
        self.several(0);
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
            let points = arrivals.filter_map(|arrival| Point::of_encoded(merging.kind, arrival.bytes));
            for Point { start_time_unix_nano, time_unix_nano, value, .. } in points {
                self.progress.note(time_unix_nano, moment);
                if self.only_state.as_ref().is_none_or(|state| state.time_unix_nano < time_unix_nano) {
                    self.only_state = Some(CumulativeState::new(start_time_unix_nano, time_unix_nano, value));
                }
            }
            return Outcome::Verbatim;
        }
        let progress = self.progress;
        let several = self.several(moment.age);
        let (mut outdated, mut ends_at) = (0, None);
        for arrival in arrivals {
            match Point::of_encoded(merging.kind, arrival.bytes) {
                Some(point) => {
                    ends_at = None;
                    outdated += usize::from(!several.add(arrival.input, point, merging, moment, progress));
                }
                None => {
                    several.inputs.entry(arrival.input).and_modify(|input| input.has_ended = true);
                    ends_at = Some(arrival.time_unix_nano());
                }
            }
        }
        let merged = Merged { outdated, ..Merged::default() };
        if !several.is_unsent {
            let is_over = several.inputs.values().all(|input| input.has_ended);
            if let Some(time) = ends_at.filter(|time| is_over && *time > progress.time) {
                self.progress.note(time, moment);
                return Outcome::LastVerbatim;
            }
            return Outcome::Merged(merged);
        }
        if several.latest <= progress.time {
            return Outcome::Merged(Merged { waits: true, ..merged });
        }
        Outcome::Merged(Merged { point: self.flush(moment), ..merged })
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

    pub fn flush(&mut self, moment: Moment) -> Option<HandedOn> {
        let several = self.several.as_mut()?;
        let value = several.total.clone().filter(|_| several.is_unsent)?;
        let before = self.progress;
        let point = Point {
            start_time_unix_nano: several.start_time_unix_nano,
            time_unix_nano: before.time_after(several.latest, moment),
            value,
            exemplars: std::mem::take(&mut several.exemplars),
        };
        several.is_unsent = false;
        self.progress.note(point.time_unix_nano, moment);
        Some(HandedOn { point, before, taken: None })
    }

    pub fn forget_inputs(&mut self, age: u64) {
        let Some(several) = &mut self.several else { return };
        let forgotten_until = &mut several.forgotten_until;
        several.inputs.retain(|_, input| {
            let stays = input.seen >= age;
            if !stays {
                *forgotten_until = (*forgotten_until).max(input.state.time_unix_nano);
            }
            stays
        });
    }

    /// The state of several inputs, made of that of the only one where it has to be.
    fn several(&mut self, seen: u64) -> &mut Several {
        let Self { only_input, only_state, several, .. } = self;
        several.get_or_insert_with(|| {
            let mut several = Box::<Several>::default();
            if let Some(state) = only_state.take() {
                several.start_time_unix_nano = state.start_time_unix_nano;
                several.total = Some(state.value.clone());
                several.inputs.insert(*only_input, Input { state, seen, has_ended: false });
            }
            several
        })
    }
}

impl Several {
    /// Adds what a point says more than the one before it of its input; false where it is not newer.
    fn add(
        &mut self,
        input: StreamId,
        point: Point,
        merging: Merging,
        moment: Moment,
        progress: Progress,
    ) -> bool {
        let Point { start_time_unix_nano: start, time_unix_nano: time, value, exemplars } = point;
        match (self.inputs.get_mut(&input), &mut self.total) {
            (Some(known), Some(total)) => {
                known.seen = moment.age;
                let is_monotonic = merging.kind.is_monotonic();
                if !known.state.advance_into(total, start, time, value, is_monotonic) {
                    return false;
                }
                known.has_ended = false;
            }
            (_, total) => {
                // An input that counted before one was forgotten may be that one, counted already.
                let may_be_known = self.forgotten_until > 0 && start <= self.forgotten_until;
                match total {
                    Some(_) if may_be_known => {}
                    Some(total) => total.add(&value),
                    None => *total = Some(value.clone()),
                }
                let state = CumulativeState::new(start, time, value);
                self.inputs.insert(input, Input { state, seen: moment.age, has_ended: false });
            }
        }
        // A start that was handed on stays: from then on the total grows without a break.
        if progress.time == 0 {
            self.start_time_unix_nano = earlier_start(self.start_time_unix_nano, start);
        }
        self.latest = self.latest.max(time);
        self.is_unsent = self.total.is_some();
        add_exemplars(&mut self.exemplars, &exemplars);
        true
    }
}
