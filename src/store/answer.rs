//! What every question has: a range of time and limits; and what every answer says: whether it was cut.

use std::time::Instant;

use super::StoreError;

/// From a time up to, and without, another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The first moment, in nanoseconds since 1970 UTC.
    pub from_unix_nano: u64,
    /// The first moment behind the range.
    pub to_unix_nano: u64,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self { from_unix_nano: 0, to_unix_nano: u64::MAX };

    /// True for moments within.
    pub const fn contains(self, unix_nano: u64) -> bool {
        unix_nano >= self.from_unix_nano && unix_nano < self.to_unix_nano
    }

    /// True where something from `first` to `last`, that moment included, may be within.
    pub const fn meets(self, first: u64, last: u64) -> bool {
        first < self.to_unix_nano && last >= self.from_unix_nano
    }

    /// How long it is, in nanoseconds.
    pub const fn duration_nano(self) -> u64 {
        self.to_unix_nano.saturating_sub(self.from_unix_nano)
    }
}

/// How many steps of time an answer has at most.
pub const MAX_STEPS: u64 = 100_000;

/// The beginnings of the steps of `range`, counted from its beginning.
pub fn steps_of(range: TimeRange, step_nano: u64) -> Result<impl Iterator<Item = u64>, StoreError> {
    if step_nano == 0 {
        return Err(StoreError::Question("A step of time must be longer than nothing.".to_owned()));
    }
    let steps = range.duration_nano().div_ceil(step_nano);
    if steps > MAX_STEPS {
        let sentence = format!("The range has {steps} steps, more than {MAX_STEPS}: ask for longer ones.");
        return Err(StoreError::Question(sentence));
    }
    Ok((0..steps).map(move |step| range.from_unix_nano + step * step_nano))
}

/// How far a question may go.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Rows of the answer: traces, spans of a trace, records, series.
    pub rows: usize,
    /// Bytes read from disk and unpacked.
    pub bytes: u64,
    /// When to stop and answer with what there is; never where none.
    pub deadline: Option<Instant>,
}

impl Limits {
    /// No limits, for tests and exports.
    pub const NONE: Self = Self { rows: usize::MAX, bytes: u64::MAX, deadline: None };
}

/// An answer, and whether it is the whole one.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// What was found.
    pub value: T,
    /// Why there is more than this; none for a whole answer.
    pub cut: Option<Cut>,
}

impl<T> Answer<T> {
    /// A whole answer.
    pub const fn whole(value: T) -> Self {
        Self { value, cut: None }
    }
}

/// Which limit cut an answer, or what else is missing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// There were more rows than asked for.
    Rows,
    /// More had to be read than allowed.
    Bytes,
    /// It took too long.
    Time,
    /// A file that may have some of it is damaged.
    Damage,
    /// There were more different values than are counted at once.
    Values,
}
