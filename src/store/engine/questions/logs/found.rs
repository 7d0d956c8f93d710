//! The records that a search has found, and where the next one goes on.

use std::cmp::Reverse;

use crate::store::{LogPosition, TimeRange};

/// A record that fits, by its place in the order of answers: the greatest is the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundRecord {
    /// Its time.
    pub unix_nano: u64,
    /// Partition and block: of equally old records, those written later are newer.
    pub block: (usize, i64),
    /// Its row there.
    pub row: usize,
}

/// The newest records found so far, one more than asked for.
pub struct FoundRecords {
    wanted: usize,
    before: Option<LogPosition>,
    /// All of exactly the time that is gone on from: which of them are the older ones shows when all are there.
    at_position: Vec<FoundRecord>,
    /// The others, newest first.
    older: Vec<FoundRecord>,
    /// How many of the time of the last of these stand behind it and were left out.
    left_out: u64,
}

/// The records to answer, newest first, and one more where there is one.
pub struct FirstRecords {
    /// The records.
    pub records: Vec<FoundRecord>,
    /// How many of the time of the last of these stand behind it.
    left_out: u64,
    /// The newest moment of what was not looked at, where the records are all there are behind it.
    unread_unix_nano: Option<u64>,
}

impl FoundRecords {
    /// None yet, of `rows` asked for that are older than a position.
    pub const fn new(before: Option<LogPosition>, rows: usize) -> Self {
        let wanted = rows.saturating_add(1);
        Self { wanted, before, at_position: Vec::new(), older: Vec::new(), left_out: 0 }
    }

    /// True where no record up to this moment can be among those asked for.
    pub fn needs_none_up_to(&self, unix_nano: u64) -> bool {
        if self.before.is_some_and(|before| before.unix_nano <= unix_nano) {
            return false;
        }
        match self.wanted.checked_sub(self.older_at_position() + 1) {
            None => true,
            Some(last) => self.older.get(last).is_some_and(|last| last.unix_nano > unix_nano),
        }
    }

    /// True where an answer that looks at nothing up to this moment has something to say about `range`: a record that
    /// is newer, or that there is none.
    pub fn can_end_behind(&self, unread_unix_nano: u64, range: TimeRange) -> bool {
        let at_position = self.before.filter(|_| self.older_at_position() > 0).map(|before| before.unix_nano);
        match at_position.or_else(|| self.older.first().map(|record| record.unix_nano)) {
            Some(newest) => newest > unread_unix_nano,
            None => unread_unix_nano.saturating_add(1) < range.to_unix_nano,
        }
    }

    /// Adds records, none of them newer than the position.
    pub fn add(&mut self, records: impl IntoIterator<Item = FoundRecord>) {
        let position = self.before.map(|before| before.unix_nano);
        let is_at_position = |record: &FoundRecord| Some(record.unix_nano) == position;
        let before = self.older.len();
        for record in records {
            if is_at_position(&record) { &mut self.at_position } else { &mut self.older }.push(record);
        }
        if self.older.len() > before {
            let last = before.checked_sub(1).and_then(|last| self.older.get(last)).copied();
            self.older.sort_unstable_by_key(|record| Reverse(*record));
            self.left_out = truncate(&mut self.older, self.wanted, last.map(|last| (last, self.left_out)));
        }
    }

    /// The records to answer. `unread_unix_nano` is the newest moment of what was not looked at because of limits:
    /// records up to it may be missing among those found, so they are left for the next answer, unless there are no
    /// others.
    pub fn into_first(mut self, unread_unix_nano: Option<u64>) -> FirstRecords {
        let newer = self.at_position.len() - self.older_at_position();
        let mut records = self.at_position;
        records.sort_unstable_by_key(|record| Reverse(*record));
        records.drain(..newer);
        let last = self.older.last().map(|last| (*last, self.left_out));
        records.append(&mut self.older);
        let left_out = truncate(&mut records, self.wanted, last);
        let whole = |unread: u64| records.iter().take_while(|record| record.unix_nano > unread).count();
        match unread_unix_nano.map(whole) {
            Some(0) if !records.is_empty() => FirstRecords { records, left_out, unread_unix_nano: None },
            Some(whole) if whole < records.len() => {
                records.truncate(whole);
                FirstRecords { records, left_out: 0, unread_unix_nano }
            }
            _ => FirstRecords { records, left_out, unread_unix_nano },
        }
    }

    fn older_at_position(&self) -> usize {
        let older = self.before.map_or(0, |before| before.older_at_that_time);
        self.at_position.len().min(usize::try_from(older).unwrap_or(usize::MAX))
    }
}

impl FirstRecords {
    /// Where the next answer goes on after the first `answered` of the records.
    pub fn position_after(&self, answered: usize) -> Option<LogPosition> {
        let rest = self.records.get(answered..).unwrap_or_default();
        if let (true, Some(unix_nano)) = (rest.is_empty(), self.unread_unix_nano) {
            return Some(LogPosition { unix_nano, older_at_that_time: u64::MAX });
        }
        let unix_nano = self.records.get(answered.checked_sub(1)?)?.unix_nano;
        let same = rest.iter().take_while(|record| record.unix_nano == unix_nano).count();
        let left_out = if same == rest.len() { self.left_out } else { 0 };
        Some(LogPosition { unix_nano, older_at_that_time: same as u64 + left_out })
    }
}

/// Leaves out what stands behind the first `wanted` of sorted records, and answers with how many records of the time of the
/// last one that is left were left out: now, or before behind the record `last`.
fn truncate(records: &mut Vec<FoundRecord>, wanted: usize, last: Option<(FoundRecord, u64)>) -> u64 {
    let (kept, rest) = records.split_at(wanted.min(records.len()));
    let Some(unix_nano) = kept.last().map(|record| record.unix_nano) else { return 0 };
    let now = rest.iter().take_while(|record| record.unix_nano == unix_nano).count() as u64;
    let before = last.filter(|(last, _)| last.unix_nano == unix_nano).map_or(0, |(_, left_out)| left_out);
    records.truncate(wanted);
    now + before
}
