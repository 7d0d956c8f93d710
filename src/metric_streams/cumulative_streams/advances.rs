//! What the points of one batch did to their streams, to be undone where nobody takes the batch.

use std::collections::hash_map::Entry;

use super::{CumulativeStreams, FirstPoints, NotAdded, Overtaken, Tracked};
use crate::metric_streams::{CumulativeState, PointValue, StreamHasher, StreamId, WirePoint};

/// The points of one batch that added something. Unless they are accepted their streams are put back when
/// this is dropped, so that the batch adds the same when it comes again.
#[derive(Debug)]
pub struct Advances<'s> {
    streams: &'s CumulativeStreams,
    made: Vec<Advance>,
}

/// What one point did.
#[derive(Debug)]
struct Advance {
    stream: StreamId,
    time_unix_nano: u64,
    /// None where the point was the first.
    previous: Option<Tracked>,
    added: PointValue,
}

impl<'s> Advances<'s> {
    /// Of a batch whose points are still to come.
    pub const fn of(streams: &'s CumulativeStreams) -> Self {
        Self { streams, made: Vec::new() }
    }

    /// Tells since when, and how much, a point of a monotonic metric adds to the one before. Minimum and
    /// maximum of that time are not known.
    ///
    /// # Errors
    ///
    /// [`NotAdded`] where it adds nothing, or nothing that can be known.
    pub fn added<R>(
        &mut self,
        hasher: &StreamHasher,
        metric_id: StreamId,
        point: &mut WirePoint<'_>,
        tell: impl FnOnce(u64, &PointValue) -> R,
    ) -> Result<R, NotAdded> {
        let value = point.value.take().ok_or(NotAdded::NoRecordedValue)?;
        let (start, time) = (point.start_time_unix_nano, point.time_unix_nano);
        let stream = hasher.stream_started(metric_id, point.attributes, start);
        let (since, previous, mut added) = self.streams.advance(stream, start, time, value)?;
        added.forget_extremes();
        let told = tell(since, &added);
        self.made.push(Advance { stream, time_unix_nano: time, previous, added });
        Ok(told)
    }

    /// Lets the streams be as they are: the batch was taken.
    pub fn accept(mut self) {
        self.made.clear();
    }
}

impl Drop for Advances<'_> {
    fn drop(&mut self) {
        // A stream may have had several points.
        for advance in self.made.drain(..).rev() {
            self.streams.put_back(advance);
        }
    }
}

impl CumulativeStreams {
    /// Takes the next point of a stream. Returns since when and how much it adds, and what was before.
    fn advance(
        &self,
        stream: StreamId,
        start: u64,
        time: u64,
        value: PointValue,
    ) -> Result<(u64, Option<Tracked>, PointValue), NotAdded> {
        let mut states = self.states.of(stream);
        let mut occupied = match states.entry(stream) {
            Entry::Occupied(occupied) => occupied,
            Entry::Vacant(vacant) => {
                let state = CumulativeState::new(start, time, value.clone());
                vacant.insert(Tracked { state, owed: None });
                let is_added = match self.first_points {
                    FirstPoints::AddedIfNew => start >= self.created_unix_nano && start != time,
                    FirstPoints::Added => true,
                    FirstPoints::Remembered => false,
                };
                return if is_added { Ok((start, None, value)) } else { Err(NotAdded::Initial) };
            }
        };
        let tracked = occupied.get_mut();
        let has_same_bounds = value.has_bounds_of(&tracked.state.value);
        let next = tracked.state.followed_by(start, time, &value, true);
        let Some((state, since)) = next else { return Err(NotAdded::OutOfOrder) };
        if !has_same_bounds {
            tracked.state = state;
            return Err(NotAdded::BucketMismatch);
        }
        let previous = std::mem::replace(tracked, Tracked { state, owed: None });
        let last_time = previous.state.time_unix_nano;
        let (since, mut added) = match since {
            Some(added) => (last_time, added),
            None => (start.max(last_time), value),
        };
        if let Some(owed) = &previous.owed {
            added.add(owed);
        }
        Ok((since, Some(previous), added))
    }

    /// Undoes an advance whose amount nobody took.
    fn put_back(&self, advance: Advance) {
        let Advance { stream, time_unix_nano, previous, added } = advance;
        let mut states = self.states.of(stream);
        match (states.entry(stream), previous) {
            // It was forgotten meanwhile.
            (Entry::Vacant(_), None) => {}
            (Entry::Vacant(vacant), Some(previous)) => {
                vacant.insert(previous);
            }
            // A time that is not known (0) does not tell whose the state is.
            (Entry::Occupied(mut occupied), _)
                if time_unix_nano == 0 || occupied.get().state.time_unix_nano != time_unix_nano =>
            {
                if self.overtaken == Overtaken::Carried {
                    occupied.get_mut().owe(added);
                }
            }
            (Entry::Occupied(occupied), None) => {
                occupied.remove();
            }
            (Entry::Occupied(mut occupied), Some(previous)) => {
                let undone = std::mem::replace(occupied.get_mut(), previous);
                // This came to be owed while the batch was on its way, by batches before it.
                if let Some(owed) = undone.owed {
                    occupied.get_mut().owe(*owed);
                }
            }
        }
    }
}

impl Tracked {
    fn owe(&mut self, amount: PointValue) {
        match &mut self.owed {
            Some(owed) => owed.add(&amount),
            None => self.owed = Some(Box::new(amount)),
        }
    }
}
