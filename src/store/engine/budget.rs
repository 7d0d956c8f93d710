//! How far a question may still go.

use std::cell::Cell;
use std::time::Instant;

use crate::store::{Cut, Limits};

/// What a question has read so far, held against its limits.
pub struct Budget<'a> {
    limits: &'a Limits,
    bytes: Cell<u64>,
    cut: Cell<Option<Cut>>,
}

impl<'a> Budget<'a> {
    /// Nothing is read yet.
    pub const fn new(limits: &'a Limits) -> Self {
        Self { limits, bytes: Cell::new(0), cut: Cell::new(None) }
    }

    /// Notes that so many bytes were read.
    pub fn spend(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_add(bytes as u64));
    }

    /// True while more may be read; else the answer is cut.
    pub fn may_go_on(&self) -> bool {
        if self.cut.get().is_none() {
            if self.bytes.get() > 0 && self.bytes.get() >= self.limits.bytes {
                self.cut.set(Some(Cut::Bytes));
            } else if self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.cut.set(Some(Cut::Time));
            }
        }
        self.cut.get().is_none()
    }

    /// True where an answer may have so many bytes; else it is cut.
    pub fn has_room(&self, answer_bytes: u64) -> bool {
        let has_room = answer_bytes <= self.limits.bytes;
        if !has_room && self.cut.get().is_none() {
            self.cut.set(Some(Cut::Bytes));
        }
        has_room
    }

    /// How many rows the answer may have.
    pub const fn rows(&self) -> usize {
        self.limits.rows
    }

    /// Which limit cut the answer; `has_more_rows` says whether its rows did.
    pub fn cut(&self, has_more_rows: bool) -> Option<Cut> {
        self.cut.get().or(has_more_rows.then_some(Cut::Rows))
    }
}
